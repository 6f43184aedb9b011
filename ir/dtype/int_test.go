package dtype

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bigOf is the mathematical value of an int64 that stands for a number of type ty.
func bigOf(ty Type, x int64) *big.Int {
	if ty.IsSigned() {
		return big.NewInt(x)
	}
	return new(big.Int).SetUint64(uint64(x))
}

func eachInt(f func(ty Type)) {
	for n := 1; n <= 64; n++ {
		f(I(n))
		f(U(n))
	}
}

func TestIntRanges(t *testing.T) {
	eachInt(func(ty Type) {
		n := uint(ty.Bits())
		one := big.NewInt(1)
		lo, hi := big.NewInt(0), new(big.Int).Sub(new(big.Int).Lsh(one, n), one)
		if ty.IsSigned() {
			lo = new(big.Int).Neg(new(big.Int).Lsh(one, n-1))
			hi = new(big.Int).Sub(new(big.Int).Lsh(one, n-1), one)
		}
		require.Equal(t, lo.String(), bigOf(ty, ty.MinInt()).String(), "%v", ty)
		require.Equal(t, hi.String(), bigOf(ty, ty.MaxInt()).String(), "%v", ty)
		require.Equal(t, hi.String(), ty.Text(uint64(ty.MaxInt())))
		require.Equal(t, lo.String(), ty.Text(uint64(ty.MinInt())))
	})
	require.Equal(t, "-1", I(1).Text(1))
}

func TestIntFloat(t *testing.T) {
	eachInt(func(ty Type) {
		for c := range uint64(256) {
			want := float64(ty.Int(c))
			if got := ty.Float(c); got != want {
				t.Fatalf("%v %#x: %v, not %v", ty, c, got, want)
			}
		}
	})
	require.Equal(t, 0x1p64, U64.Float(math.MaxUint64))
}

func TestIntLaws(t *testing.T) {
	word := rapid.Custom(func(t *rapid.T) int64 { // all magnitudes alike, edges often
		s := rapid.IntRange(0, 63).Draw(t, "shift")
		return rapid.Int64().Draw(t, "word")>>s + int64(rapid.IntRange(-2, 2).Draw(t, "off"))
	})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 64).Draw(t, "n")
		ty := U(n)
		if rapid.Bool().Draw(t, "signed") {
			ty = I(n)
		}
		x, unsigned := word.Draw(t, "x"), rapid.Bool().Draw(t, "unsigned")
		exact := big.NewInt(x)
		if unsigned {
			exact = new(big.Int).SetUint64(uint64(x))
		}
		// Wrap: the one value of the range that is congruent modulo 2^n.
		w := bigOf(ty, ty.Wrap(x))
		mod := new(big.Int).Lsh(big.NewInt(1), uint(n))
		require.Zero(t, new(big.Int).Mod(new(big.Int).Sub(w, exact), mod).Sign())
		require.GreaterOrEqual(t, w.Cmp(bigOf(ty, ty.MinInt())), 0)
		require.LessOrEqual(t, w.Cmp(bigOf(ty, ty.MaxInt())), 0)
		require.Equal(t, ty.Wrap(x), ty.Int(ty.FromInt(x, unsigned)))
		// Saturation: the clamp.
		want := exact
		if c := bigOf(ty, ty.MaxInt()); want.Cmp(c) > 0 {
			want = c
		}
		if c := bigOf(ty, ty.MinInt()); want.Cmp(c) < 0 {
			want = c
		}
		require.Equal(t, want.String(), bigOf(ty, ty.FromIntSat(x, unsigned)).String())
		require.Equal(t, ty.FromIntSat(x, unsigned), ty.Int(ty.FromIntMode(x, unsigned, Mode{Saturate: true})))
	})
}

func TestFloatToInt(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	eachInt(func(ty Type) {
		xs := []float64{0, math.Copysign(0, -1), 0.5, -0.5, 0.999, -0.999, 1.5, 2.5, -1.5, -2.5, 5e-324, -5e-324,
			math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), 0x1p63, -0x1p63, 0x1p64, 0x1p63 - 1024, 0x1p64 - 2048, 0x1p75, 0x1p76}
		for e := -2; e < 70; e++ {
			p := math.Ldexp(1, e)
			xs = append(xs, p, -p, p-0.5, 0.5-p, p+0.5, math.Nextafter(p, 0), math.Nextafter(-p, 0), math.Ldexp(rng.Float64()-0.5, e+1))
		}
		for _, x := range xs {
			for _, round := range []Rounding{TowardZero, NearestEven} {
				want := new(big.Int)
				switch {
				case math.IsInf(x, 0):
					want = bigOf(ty, ty.MaxInt())
					if x < 0 {
						want = bigOf(ty, ty.MinInt())
					}
				default:
					y := math.Trunc(x)
					if round == NearestEven {
						y = math.RoundToEven(x)
					}
					new(big.Float).SetFloat64(y).Int(want)
					if c := bigOf(ty, ty.MaxInt()); want.Cmp(c) > 0 {
						want = c
					}
					if c := bigOf(ty, ty.MinInt()); want.Cmp(c) < 0 {
						want = c
					}
				}
				got := ty.Int(ty.FromFloat(x, Mode{Round: round}))
				if want.Cmp(bigOf(ty, got)) != 0 {
					t.Fatalf("%v of %v (%v): got %v, want %v", ty, x, round, bigOf(ty, got), want)
				}
				if round == TowardZero && got != ty.ToInt(x) {
					t.Fatalf("ToInt differs from FromFloat")
				}
			}
		}
		require.Zero(t, ty.ToInt(math.NaN()))
	})
}

// Integers become floats with one rounding. The reference is big.Float at the precision of the type, which rounds the
// exact integer to nearest even; going through float64 would fail on the second case below.
func TestIntToFloat(t *testing.T) {
	require.Equal(t, uint64(math.Float32bits(0x1.000002p60)), F32.FromInt(1<<60|1<<36|1, false))
	require.NotEqual(t, float64(math.Float32frombits(math.Float32bits(0x1.000002p60))), F32.Round(float64(1<<60|1<<36|1)))
	require.Equal(t, uint64(0x7c00), F16.FromInt(65520, false))
	require.Equal(t, uint64(0x7bff), F16.FromInt(65519, false))
	require.Equal(t, uint64(0x3f), F6E3M2.FromInt(-1<<63, false), "saturates")
	require.Equal(t, 0x1p64, F32.Float(F32.FromInt(-1, true)))
	require.Equal(t, -1.0, F32.Float(F32.FromInt(-1, false)))

	rng := rand.New(rand.NewPCG(5, 6))
	floats := smallFloats(64)
	for range 200_000 {
		x := int64(rng.Uint64()) >> rng.IntN(64)
		if rng.IntN(2) == 0 { // near a tie of some precision
			s := rng.IntN(60)
			x = x>>s<<s + int64(rng.IntN(3)-1)
		}
		unsigned := rng.IntN(2) == 0
		ty := floats[rng.IntN(len(floats))]
		if ty.ManBits() == 0 || ty.ExpBits() < 5 {
			continue // subnormal or tiny range: big.Float has no such formats; covered by the rationals
		}
		exact := big.NewInt(x)
		if unsigned {
			exact.SetUint64(uint64(x))
		}
		f := new(big.Float).SetPrec(uint(ty.ManBits() + 1)).SetMode(big.ToNearestEven).SetInt(exact)
		want, _ := f.Float64()
		if math.Abs(want) > ty.MaxFloat() {
			want = math.Copysign(math.Inf(1), want)
			if ty.Saturates() {
				want = math.Copysign(ty.MaxFloat(), want)
			}
		}
		if ty == F8E4M3FN || ty == F8E4M3FNUZ {
			continue
		}
		if got := ty.Float(ty.FromInt(x, unsigned)); got != want {
			t.Fatalf("%v of %v (unsigned %v): got %v, want %v", ty, exact, unsigned, got, want)
		}
	}
	// Integers that are exact as float64 must convert as that float64 does, in every format and mode.
	for _, ty := range floats {
		for x := int64(-5000); x <= 5000; x += 7 {
			for _, m := range []Mode{{}, {Saturate: true}, {Round: TowardZero}, {Round: Stochastic, Rand: 0x9e3779b97f4a7c15}} {
				require.Equal(t, ty.FromFloat(float64(x), m), ty.FromIntMode(x, false, m), "%v of %d", ty, x)
			}
		}
	}
}

func TestBoolAndInvalid(t *testing.T) {
	require.Equal(t, 8, Bool.Bits())
	require.Equal(t, []int64{0, 1, 1}, []int64{Bool.Int(0), Bool.Int(1), Bool.Int(0x80)})
	require.Equal(t, []uint64{0, 1, 1, 1}, []uint64{Bool.FromInt(0, false), Bool.FromInt(-7, false), Bool.FromFloat(0.25, Mode{}), Bool.FromFloat(math.NaN(), Mode{})})
	require.Equal(t, []int64{0, 1}, []int64{Bool.MinInt(), Bool.MaxInt()})
	require.Equal(t, "1", Bool.Text(2))
	require.Equal(t, 1.0, Bool.Round(3.5))

	// Nothing panics on the zero Type.
	z := Invalid
	require.False(t, z.IsValid() || z.IsFloat() || z.IsInt() || z.IsBool() || z.IsSigned())
	require.Zero(t, z.FromFloat(1, Mode{}))
	require.Zero(t, z.FromInt(5, false)|uint64(z.Int(5))|uint64(z.ToInt(5)))
	require.True(t, math.IsNaN(z.Float(1)) && math.IsNaN(z.Round(1)))
	require.Equal(t, "invalid", z.String()+z.Text(0)[7:])
	z.Decode(make([]float64, 3), nil, 0)
	z.Encode(nil, 0, make([]float64, 3))
	z.DecodeInt(make([]int64, 3), nil, 0)
	z.EncodeInt(nil, 0, make([]int64, 3))
}
