package dtype

import (
	"math"
	"math/big"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The reference knows nothing of exponents and shifts: it lists every finite value of a type as a rational, in order,
// and finds the neighbours of a number by search. Evenness is that of the significand, read off the list too.

type refEntry struct {
	val  *big.Rat
	code uint64
}

// reference is the non-negative finite values of a type of at most 16 bits, ascending, and one more: the value that
// would follow the largest if the exponent had no bound.
type reference struct {
	t    Type
	vals []refEntry
}

func newReference(ty Type) *reference {
	r := &reference{t: ty}
	for c := uint64(0); c < 1<<ty.Bits(); c++ {
		v := refValue(ty, c)
		if v == nil || ty.HasSign() && c>>(ty.Bits()-1) == 1 {
			continue
		}
		r.vals = append(r.vals, refEntry{v, c})
	}
	sort.Slice(r.vals, func(i, j int) bool { return r.vals[i].val.Cmp(r.vals[j].val) < 0 })
	return r
}

// refValue is the textbook formula, in rationals; nil for infinities and NaN.
func refValue(ty Type, c uint64) *big.Rat {
	e, m := ty.ExpBits(), ty.ManBits()
	if ty == F8E8M0 {
		if c == 255 {
			return nil
		}
		return pow2(int(c) - 127)
	}
	frac, field, sign := c&(1<<m-1), c>>m&(1<<e-1), c>>(m+e)
	switch {
	case ty.HasInf() && field == 1<<e-1:
		return nil
	case ty == F8E4M3FN && c&0x7f == 0x7f:
		return nil
	case (ty == F8E4M3FNUZ || ty == F8E5M2FNUZ) && c == 0x80:
		return nil
	}
	v := new(big.Rat).SetFrac64(int64(frac), 1<<m)
	if field > 0 {
		v.Add(v, big.NewRat(1, 1))
		v.Mul(v, pow2(int(field)-ty.Bias()))
	} else {
		v.Mul(v, pow2(1-ty.Bias()))
	}
	if sign == 1 {
		v.Neg(v)
	}
	return v
}

func pow2(n int) *big.Rat {
	v := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(max(n, -n))))
	if n < 0 {
		v.Inv(v)
	}
	return v
}

// next is the value after the largest.
func (r *reference) next() *big.Rat {
	n := len(r.vals)
	if r.t.ManBits() == 0 {
		return new(big.Rat).Mul(r.vals[n-1].val, big.NewRat(2, 1))
	}
	// Either still in the top binade, or the next power of two: the gap is the same.
	gap := new(big.Rat).Sub(r.vals[n-1].val, r.vals[n-2].val)
	return gap.Add(gap, r.vals[n-1].val)
}

func (r *reference) special(neg, saturate bool) uint64 {
	var s uint64
	if neg {
		s = 1 << (r.t.Bits() - 1)
	}
	switch {
	case !saturate && r.t.HasInf():
		return s | (1<<r.t.ExpBits()-1)<<r.t.ManBits()
	case !saturate && r.t.HasNaN():
		return refNaN(r.t)
	}
	return s | r.vals[len(r.vals)-1].code
}

func refNaN(ty Type) uint64 {
	switch ty {
	case F8E4M3FN:
		return 0x7f
	case F8E4M3FNUZ, F8E5M2FNUZ:
		return 0x80
	case F8E8M0:
		return 0xff
	case F8E5M2:
		return 0x7e
	case F16:
		return 0x7e00
	case BF16:
		return 0x7fc0
	}
	return 1<<(ty.Bits()-1) - 1 // none: the largest value
}

// round is FromFloat for a finite x.
func (r *reference) round(x float64, m Mode) uint64 {
	neg := math.Signbit(x)
	mag := new(big.Rat).SetFloat64(math.Abs(x))
	if !r.t.HasSign() && neg && x != 0 {
		return refNaN(r.t)
	}
	i := sort.Search(len(r.vals), func(i int) bool { return r.vals[i].val.Cmp(mag) > 0 }) - 1 // last value ≤ mag
	if i < 0 {
		return r.vals[0].code // only a type without zero
	}
	low := r.vals[i]
	hi := r.next()
	if i+1 < len(r.vals) {
		hi = r.vals[i+1].val
	}
	d := new(big.Rat).Sub(mag, low.val)
	gap := new(big.Rat).Sub(hi, low.val)
	frac := d.Quo(d, gap)
	up := false
	if frac.Cmp(big.NewRat(1, 1)) >= 0 { // above next: not a neighbour any more
		up = m.Round != TowardZero
	} else {
		switch m.Round {
		case NearestEven:
			c := frac.Cmp(big.NewRat(1, 2))
			// The significand of low is even if the lowest fraction bit is 0; without fraction bits only zero is even.
			odd := low.code&1 == 1
			if r.t.ManBits() == 0 {
				odd = low.val.Sign() != 0
			}
			up = c > 0 || c == 0 && odd
		case Stochastic:
			rnd := new(big.Rat).SetFrac(new(big.Int).SetUint64(m.Rand), new(big.Int).Lsh(big.NewInt(1), 64))
			up = frac.Add(frac, rnd).Cmp(big.NewRat(1, 1)) >= 0
		}
	}
	if up {
		i++
	}
	if i == len(r.vals) {
		return r.special(neg, m.Saturate)
	}
	c := r.vals[i].code
	if neg && (c != 0 || r.t != F8E4M3FNUZ && r.t != F8E5M2FNUZ) && r.t != F8E8M0 {
		c |= 1 << (r.t.Bits() - 1)
	}
	return c
}

func smallFloats(maxBits int) []Type {
	var out []Type
	for _, ty := range All() {
		if ty.IsFloat() && ty.Bits() <= maxBits {
			out = append(out, ty)
		}
	}
	return out
}

// probes are the numbers at which rounding into ty can go wrong: every value, every midpoint, and the float64
// neighbours of both, on both sides of zero, and what lies beyond the largest.
func probes(r *reference) []float64 {
	var xs []float64
	add := func(v *big.Rat) {
		x, exact := v.Float64()
		if !exact {
			panic("a value or midpoint that is no float64")
		}
		for _, y := range []float64{x, math.Nextafter(x, math.Inf(1)), math.Nextafter(x, 0)} {
			xs = append(xs, y, -y)
		}
	}
	half := big.NewRat(1, 2)
	for i, e := range r.vals {
		add(e.val)
		hi := r.next()
		if i+1 < len(r.vals) {
			hi = r.vals[i+1].val
		}
		mid := new(big.Rat).Add(e.val, hi)
		add(mid.Mul(mid, half))
	}
	add(r.next())
	return append(xs, 0, math.Copysign(0, -1), 5e-324, -5e-324, math.MaxFloat64, -math.MaxFloat64, 1e300, 1e-300, 3, -3)
}

func TestValuesAreTheFormula(t *testing.T) {
	for _, ty := range smallFloats(16) {
		for c := uint64(0); c < 1<<ty.Bits(); c++ {
			v, got := refValue(ty, c), ty.Float(c)
			if v == nil {
				require.True(t, math.IsNaN(got) || math.IsInf(got, 0), "%v %#x", ty, c)
				continue
			}
			want, exact := v.Float64()
			require.True(t, exact)
			if want != got || table[ty.id].value(c) != got {
				t.Fatalf("%v %#x is %v, not %v", ty, c, want, got)
			}
		}
	}
}

// Every code, every midpoint and their neighbours, for every type of at most 16 bits: the fast path, the exact path
// and the rational reference give the same code. For the 16-bit types the reference checks a part; the fast and the
// exact path meet on all.
func TestRoundingAgainstRationals(t *testing.T) {
	for _, ty := range smallFloats(16) {
		r := newReference(ty)
		in := &table[ty.id]
		rng := rand.New(rand.NewPCG(1, uint64(ty.id)))
		xs := probes(r)
		for _, sat := range []bool{false, true} {
			for i, x := range xs {
				modes := []Mode{{Saturate: sat}, {Round: TowardZero, Saturate: sat}, {Round: Stochastic, Saturate: sat, Rand: rng.Uint64()}}
				for _, m := range modes {
					got := ty.FromFloat(x, m)
					if m.Round == NearestEven {
						if e := in.fromFloatExact(x, m, ty.id); e != got {
							t.Fatalf("%v of %b %+v: fast %#x exact %#x", ty, x, m, got, e)
						}
						if sat == ty.Saturates() && !same(ty.Round(x), ty.Float(got)) {
							t.Fatalf("%v.Round(%b) is %v, code %#x is %v", ty, x, ty.Round(x), got, ty.Float(got))
						}
					}
					if ty.Bits() == 16 && (i+int(ty.id))%61 != 0 && i > 400 && i < len(xs)-400 {
						continue
					}
					if want := r.round(x, m); want != got {
						t.Fatalf("%v of %b %+v: got %#x, want %#x", ty, x, m, got, want)
					}
				}
			}
		}
	}
}

// same is equality of value and sign, NaN equal to NaN.
func same(a, b float64) bool {
	return a != a && b != b || a == b && math.Signbit(a) == math.Signbit(b)
}

func TestSpecials(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, ty := range smallFloats(16) {
		r := newReference(ty)
		for _, round := range []Rounding{NearestEven, TowardZero, Stochastic} {
			for _, sat := range []bool{false, true} {
				m := Mode{Round: round, Saturate: sat}
				require.Equal(t, refNaN(ty), ty.FromFloat(nan, m), "%v nan", ty)
				require.Equal(t, refNaN(ty), ty.FromFloat(math.Copysign(nan, -1), m), "%v -nan", ty)
				require.Equal(t, r.special(false, sat), ty.FromFloat(inf, m), "%v inf %+v", ty, m)
				if ty.HasSign() {
					require.Equal(t, r.special(true, sat), ty.FromFloat(-inf, m), "%v -inf %+v", ty, m)
				} else {
					require.Equal(t, refNaN(ty), ty.FromFloat(-inf, m))
				}
			}
		}
		require.True(t, same(ty.Round(inf), ty.Float(ty.FromFloat(inf, ty.Mode()))))
		require.True(t, same(ty.Round(-inf), ty.Float(ty.FromFloat(-inf, ty.Mode()))))
		require.True(t, same(ty.Round(nan), ty.Float(ty.FromFloat(nan, ty.Mode()))))
	}
	for want, got := range map[float64]float64{
		448: F8E4M3FN.MaxFloat(), 57344: F8E5M2.MaxFloat(), 240: F8E4M3FNUZ.MaxFloat(), 28: F6E3M2.MaxFloat(),
		7.5: F6E2M3.MaxFloat(), 6: F4E2M1.MaxFloat(), 65504: F16.MaxFloat(), 0x1p127: F8E8M0.MaxFloat(), 480: F(4, 3).MaxFloat(),
		math.MaxFloat32: F32.MaxFloat(), math.MaxFloat64: F64.MaxFloat(), 0x1p-149: F32.MinPositive(), 5e-324: F64.MinPositive(),
		0x1p-127: F8E8M0.MinFloat(), -28: F6E3M2.MinFloat(), 0x1p-126: TF32.MinNormal(),
	} {
		require.Equal(t, want, got)
	}
}

// Wide types have too many codes to list; f32 has the hardware as a second opinion and tf32 is f32 with fewer bits.
func TestWideFloats(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	random := func() float64 {
		switch rng.IntN(4) {
		case 0: // any float64
			return math.Float64frombits(rng.Uint64())
		case 1: // near an f32, near a tie of one
			x := float64(math.Float32frombits(rng.Uint32()))
			return math.Float64frombits(math.Float64bits(x) + uint64(rng.IntN(5)-2) + uint64(rng.IntN(2))<<28)
		case 2: // small exponents: subnormals of f32
			return math.Ldexp(rng.Float64()-0.5, -120-rng.IntN(40))
		}
		return math.Ldexp(rng.Float64()-0.5, rng.IntN(280)-140)
	}
	for range 1_000_000 {
		x := random()
		b := F32.FromFloat(x, Mode{})
		if x == x && uint32(b) != math.Float32bits(float32(x)) {
			t.Fatalf("f32 of %b: %#x", x, b)
		}
		for _, ty := range []Type{F32, TF32, F64, BF16} {
			in := &table[ty.id]
			for _, sat := range []bool{false, true} {
				fast, exact := ty.FromFloat(x, Mode{Saturate: sat}), in.fromFloatExact(x, Mode{Saturate: sat}, ty.id)
				if fast != exact {
					t.Fatalf("%v of %b: fast %#x exact %#x", ty, x, fast, exact)
				}
			}
			c := ty.FromFloat(x, Mode{})
			if !same(ty.Round(x), ty.Float(c)) || !same(ty.Float(c), in.value(c)) {
				t.Fatalf("%v.Round(%b): %v, code %#x", ty, x, ty.Round(x), c)
			}
		}
	}
	require.Equal(t, uint64(0x3f802000), TF32.FromFloat(1+0x1p-10, Mode{}))
	require.Equal(t, 1.0, TF32.Float(0x3f801fff), "the low 13 bits are ignored")
	require.Equal(t, uint64(0x7ff0000000000001-1), F64.FromFloat(math.Inf(1), Mode{}))
	require.Equal(t, math.Inf(1), TF32.Round(math.MaxFloat64))
	require.Equal(t, uint64(0x7f7fe000), TF32.FromFloat(math.Inf(1), Mode{Saturate: true}))
}

func TestLaws(t *testing.T) {
	types := smallFloats(64)
	rapid.Check(t, func(t *rapid.T) {
		ty := rapid.SampledFrom(types).Draw(t, "type")
		x := rapid.Float64().Draw(t, "x")
		y := rapid.Float64().Draw(t, "y")
		m := Mode{Rounding(rapid.IntRange(0, 2).Draw(t, "round")), rapid.Bool().Draw(t, "sat"), rapid.Uint64().Draw(t, "rand")}
		rx := ty.Float(ty.FromFloat(x, m))
		if !ty.HasSign() && x < 0 {
			require.True(t, rx != rx)
			return
		}
		// Idempotence: what the type holds stays as it is.
		require.True(t, same(rx, ty.Float(ty.FromFloat(rx, m))), "%v -> %v", x, rx)
		// Symmetry, −0 included where there is one.
		if ty.HasSign() {
			rn := ty.Float(ty.FromFloat(-x, m))
			require.True(t, same(-rx, rn) || !ty.HasNegZero() && rx == 0 && rn == 0, "%v -> %v, %v", x, rx, rn)
		}
		// Monotonicity, for one direction and one random word.
		ry := ty.Float(ty.FromFloat(y, m))
		if x <= y && rx == rx && ry == ry {
			require.LessOrEqual(t, rx, ry)
		}
		// Toward zero never grows, and saturation never leaves the finite values.
		if m.Round == TowardZero && math.Abs(x) >= ty.MinPositive() {
			require.LessOrEqual(t, math.Abs(rx), math.Abs(x))
		}
		if m.Saturate {
			require.False(t, math.IsInf(rx, 0) || rx != rx)
		}
	})
}

// Every code of every type of at most 16 bits survives a trip through every type that holds its values.
func TestRoundTrips(t *testing.T) {
	for _, src := range smallFloats(16) {
		for c := uint64(0); c < 1<<src.Bits(); c++ {
			x := src.Float(c)
			got := src.FromFloat(x, Mode{})
			if x == x {
				require.Equal(t, c, got, "%v", src)
				for _, wide := range []Type{F32, F64} {
					if !same(wide.Float(wide.FromFloat(x, Mode{})), x) {
						t.Fatalf("%v %#x through %v", src, c, wide)
					}
				}
			} else {
				require.Equal(t, refNaN(src), got, "%v", src)
			}
		}
	}
}

// Stochastic rounding hits its expectation exactly when Rand runs over a grid finer than the fraction.
func TestStochasticExpectation(t *testing.T) {
	for _, x := range []float64{0.3125 / 4, 1.0625, 5.3125, 0.01171875, 27.75} {
		var up, n int
		lo := F6E3M2.Float(F6E3M2.FromFloat(x, Mode{Round: TowardZero}))
		hi := F6E3M2.Float(F6E3M2.FromFloat(lo, Mode{}) + 1)
		for r := range uint64(1 << 10) {
			v := F6E3M2.Float(F6E3M2.FromFloat(x, Mode{Round: Stochastic, Rand: r << 54}))
			require.Contains(t, []float64{lo, hi}, v)
			if v == hi {
				up++
			}
			n++
		}
		require.Equal(t, x, lo+(hi-lo)*float64(up)/float64(n))
	}
}
