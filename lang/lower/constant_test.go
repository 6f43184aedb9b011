package lower

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
)

// A decimal fraction is rounded once: the result is the nearest value of the type to the exact decimal, which rounding
// through float64 would miss near ties.
func TestDecimalsRoundOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dt := rapid.SampledFrom([]dtype.Type{dtype.F16, dtype.BF16, dtype.F32, dtype.F8E4M3FN, dtype.F6E3M2}).Draw(r, "type")
		a := dt.Round(rapid.Float64Range(1, 6).Draw(r, "near"))
		ulp := math.Ldexp(1, int(math.Floor(math.Log2(a)))-dt.ManBits())
		if a+ulp > dt.MaxFloat() {
			return
		}
		// The middle between two neighbours, or a hair (2^-70) to either side of it.
		mid := new(big.Rat).Add(new(big.Rat).SetFloat64(a), new(big.Rat).SetFloat64(ulp/2))
		hair := new(big.Rat).SetFrac(big.NewInt(int64(rapid.IntRange(-1, 1).Draw(r, "side"))), new(big.Int).Lsh(big.NewInt(1), 70))
		x := new(big.Rat).Add(mid, hair)
		v, problem := represent(decimal(x.FloatString(90)), dt, true)
		require.Empty(r, problem)
		want := a
		if hair.Sign() > 0 || hair.Sign() == 0 && dt.Round(a+ulp/2) != a {
			want = a + ulp
		}
		require.Equal(r, want, v.float(), "%s as %s", x.FloatString(30), dt)
	})
}

func TestRepresent(t *testing.T) {
	for _, c := range []struct {
		n       *number
		to      dtype.Type
		want    float64
		problem string
	}{
		{intNumber(15), dtype.U(4), 15, ""},
		{intNumber(16), dtype.U(4), 0, "u4 holds 0 to 15"},
		{intNumber(-8), dtype.I(4), -8, ""},
		{intNumber(-9), dtype.I(4), 0, "i4 holds -8 to 7"},
		{uintNumber(math.MaxUint64), dtype.U64, math.MaxUint64, ""},
		{intNumber(2048), dtype.F16, 2048, ""},
		{intNumber(2049), dtype.F16, 0, "the nearest f16 is 2048"},
		{intNumber(65504), dtype.F16, 65504, ""},
		{intNumber(65536), dtype.F16, 0, "beyond the largest f16, 65504"},
		{decimal("0.1"), dtype.F32, float64(float32(0.1)), ""},
		{decimal("2.0"), dtype.I32, 2, ""},
		{decimal("2.5"), dtype.I32, 0, "not an integer"},
		{decimal("1e-400000000"), dtype.F32, 0, ""},
		{decimal("1e-40"), dtype.F16, 0, "rounds to 0"},
		{decimal("6.1"), dtype.F4E2M1, 6, ""},
		{decimal("7.5"), dtype.F4E2M1, 0, "beyond the largest f4e2m1, 6"},
		{floatNumber(math.Inf(1)), dtype.F16, math.Inf(1), ""},
		{floatNumber(math.Inf(-1)), dtype.F8E4M3FN, 0, "has no -inf"},
		{floatNumber(math.NaN()), dtype.F6E3M2, 0, "has no nan"},
		{floatNumber(math.Inf(1)), dtype.I32, 0, "not an integer"},
		{decimal("-1.0"), dtype.F8E8M0, 0, "no negative"},
		{boolNumber(true), dtype.I32, 0, "a bool is not a number"},
		{intNumber(1), dtype.Bool, 0, "a number is not a bool"},
	} {
		name := fmt.Sprintf("%s as %s", c.n, c.to)
		v, problem := represent(c.n, c.to, true)
		if c.problem != "" {
			require.Contains(t, problem, c.problem, name)
			continue
		}
		require.Empty(t, problem, name)
		require.Equal(t, c.want, v.float(), name)
	}
}

// Folding of untyped constants is exact, and truncates integers as the language does.
func TestFold(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a, b := rapid.Int64Range(-1<<40, 1<<40).Draw(r, "a"), rapid.Int64Range(-1<<20, 1<<20).Draw(r, "b")
		for op, want := range map[string]func() int64{"+": func() int64 { return a + b }, "-": func() int64 { return a - b },
			"*": func() int64 { return a * b }, "/": func() int64 { return a / b }, "%": func() int64 { return a % b },
			"&": func() int64 { return a & b }, "|": func() int64 { return a | b }, "^": func() int64 { return a ^ b }} {
			n, problem := fold(op, intNumber(a), intNumber(b))
			if b == 0 && (op == "/" || op == "%") {
				require.Equal(r, "divides by zero", problem)
				continue
			}
			require.Empty(r, problem)
			got, ok := n.int64()
			require.True(r, ok)
			require.Equal(r, want(), got, "%d %s %d", a, op, b)
		}
	})
	n, _ := fold("/", intNumber(1), decimal("3.0"))
	require.Equal(t, 1.0/3, n.float())
	n, _ = fold("-", floatNumber(math.Inf(1)), intNumber(1))
	require.Equal(t, "inf", n.String())
}
