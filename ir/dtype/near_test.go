package dtype

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNext(t *testing.T) {
	for _, ty := range All() {
		if ty.Bits() > 16 || ty == Bool {
			continue
		}
		// Walking up from the lowest value meets every value once, in order.
		lowest := uint64(ty.MinInt())
		switch {
		case ty.HasInf():
			lowest = ty.FromFloat(math.Inf(-1), Mode{})
		case ty.IsFloat():
			lowest = ty.FromFloat(ty.MinFloat(), Mode{})
		}
		c, steps := lowest&table[ty.id].mask, 1
		_, ok := ty.Next(c, false)
		require.False(t, ok, "%v below %v", ty, ty.Text(c))
		for {
			d, ok := ty.Next(c, true)
			if !ok {
				break
			}
			if !(ty.Float(d) > ty.Float(c)) {
				t.Fatalf("%v: %v then %v", ty, ty.Text(c), ty.Text(d))
			}
			if back, ok := ty.Next(d, false); !ok || ty.Float(back) != ty.Float(c) {
				t.Fatalf("%v: down from %v is %v, not %v", ty, ty.Text(d), ty.Text(back), ty.Text(c))
			}
			if v := ty.Float(c); ty.IsFloat() && v >= 0 && ty.Float(d)-v != ty.ULP(c) && !math.IsInf(ty.Float(d), 0) {
				t.Fatalf("%v: gap above %v is not %v", ty, v, ty.ULP(c))
			}
			c, steps = d, steps+1
		}
		distinct := map[float64]bool{}
		for c := range uint64(1) << ty.Bits() {
			if v := ty.Float(c); v == v {
				distinct[v] = true
			}
		}
		require.Len(t, distinct, steps, "%v", ty)
	}
	for _, ty := range []Type{F16, F8E4M3FN, F8E8M0, F8E4M3FNUZ, TF32, F64} {
		_, ok := ty.Next(ty.FromFloat(math.NaN(), Mode{}), true)
		require.False(t, ok, "%v", ty)
	}
	c, ok := TF32.Next(TF32.FromFloat(1, Mode{}), true)
	require.True(t, ok)
	require.Equal(t, 1+0x1p-10, TF32.Float(c))
	c, _ = F64.Next(0, false)
	require.Equal(t, -5e-324, F64.Float(c))
	require.Equal(t, 0x1p971, F64.ULP(F64.FromFloat(math.MaxFloat64, Mode{})))
}

func TestFromRat(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	modes := []Mode{{}, {Saturate: true}, {Round: TowardZero}}
	for _, ty := range All() {
		for range 400 {
			x := math.Ldexp(rng.NormFloat64(), rng.IntN(60)-30)
			if rng.IntN(8) == 0 {
				if x = math.Float64frombits(rng.Uint64()); x-x != 0 {
					continue
				}
			}
			if rng.IntN(4) == 0 && math.Abs(x) < 1e300 {
				x = math.Round(x*4) / 4
			}
			r := new(big.Rat).SetFloat64(x)
			for _, m := range append(modes, Mode{Round: Stochastic, Rand: rng.Uint64()}) {
				want := ty.FromFloat(x, m)
				if x == 0 {
					want = 0
				}
				if got := ty.FromRat(r, m); got != want {
					t.Fatalf("%v of %v %+v: %#x, not %#x", ty, x, m, got, want)
				}
			}
		}
	}
	// A decimal just above a tie of f16, nearer to it than float64 can tell: one rounding goes up, two go to even.
	r, _ := new(big.Rat).SetString("1.00048828125000000000000000000000001")
	require.Equal(t, uint64(0x3c01), F16.FromRat(r, Mode{}))
	f, _ := r.Float64()
	require.Equal(t, uint64(0x3c00), F16.FromFloat(f, Mode{}))
	huge, _ := new(big.Rat).SetString("-1e400")
	require.Equal(t, math.Inf(-1), F32.Float(F32.FromRat(huge, Mode{})))
	require.Equal(t, int64(math.MinInt64), I64.Int(I64.FromRat(huge, Mode{})))
	tiny, _ := new(big.Rat).SetString("1e-400")
	require.Zero(t, F64.FromRat(tiny, Mode{}))
	big64, _ := new(big.Rat).SetString("18446744073709551614.9")
	require.Equal(t, uint64(math.MaxUint64-1), U64.FromRat(big64, Mode{Round: TowardZero}))
}
