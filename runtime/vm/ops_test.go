package vm

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const lanes = 32

// apply runs one operation on whole tensors; each operand has its own element type.
func apply(t require.TestingT, op, attrs string, out dtype.Type, in ...*tensor.Tensor) *tensor.Tensor {
	params, body, args := "", "", ""
	named := map[string]any{}
	for i, x := range in {
		sep := ""
		if i > 0 {
			sep = ", "
		}
		params += fmt.Sprintf("%s%%%d a%d: tensor %s[%d]", sep, i, i, x.DType, lanes)
		body += fmt.Sprintf("%%1%d = load %%%d, %%9 {dims = [0]} : %s[%d]\n", i, i, x.DType, lanes)
		args += fmt.Sprintf("%s%%1%d", sep, i)
		named[fmt.Sprintf("a%d", i)] = x
	}
	text := fmt.Sprintf("kernel @k(%s) -> (%%8 y: tensor %s[%d]) grid(1) {\n%%9 = const {value = 0} : i32\n%s%%20 = %s %s %s : %s[%d]\nstore %%20, %%8, %%9 {dims = [0]}\n}",
		params, out, lanes, body, op, args, attrs, out, lanes)
	res, err := launch(t, parse(t, text), Options{}, named)
	require.NoError(t, err, text)
	return res["y"]
}

// codes draws a tensor of bit patterns, many of them near the ends of the range.
func codes(t *rapid.T, dt dtype.Type, name string, finite bool) *tensor.Tensor {
	x := tensor.New(dt, lanes)
	for i := range lanes {
		c := rapid.Uint64().Draw(t, name) & (^uint64(0) >> (64 - dt.Bits()))
		if dt.IsBool() {
			c &= 1
		}
		if v := dt.Float(c); dt.IsFloat() && finite && (math.IsInf(v, 0) || math.IsNaN(v)) {
			c = 0
		}
		x.SetCode(i, c)
	}
	return x
}

// roundBig rounds to nearest even by the format's parameters alone.
func roundBig(dt dtype.Type, x *big.Float) float64 {
	if x.Sign() == 0 {
		return 0
	}
	e := x.MantExp(nil) - 1
	e = max(e, 1-dt.Bias()) - dt.ManBits() // exponent of one unit in the last place
	scaled := new(big.Float).SetMantExp(new(big.Float).Copy(x), -e)
	n, _ := scaled.Int(nil)
	rest := new(big.Float).Sub(scaled, new(big.Float).SetPrec(4000).SetInt(n))
	half := new(big.Float).Abs(rest).Cmp(big.NewFloat(0.5))
	if half > 0 || half == 0 && n.Bit(0) == 1 {
		n.Add(n, big.NewInt(int64(x.Sign())))
	}
	v, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(n), e).Float64()
	if math.Abs(v) > dt.MaxFloat() {
		return dt.Round(math.Copysign(math.Inf(1), v) /* every type treats what is beyond its range alike */)
	}
	return v
}

func floatTypes() (ts []dtype.Type) {
	for _, t := range dtype.All() {
		if t.IsFloat() && t.HasSign() {
			ts = append(ts, t)
		}
	}
	return ts
}

func newBig(x float64) *big.Float { return new(big.Float).SetPrec(4500).SetFloat64(x) }

func sameFloat(a, b float64) bool { return a == b || a != a && b != b }

// The correctly rounded operations against arbitrary precision, every float type.
func TestFloatOpsAreRoundedOnce(t *testing.T) {
	ops := map[string]func(z, a, b, c *big.Float) *big.Float{
		"add":  func(z, a, b, c *big.Float) *big.Float { return z.Add(a, b) },
		"sub":  func(z, a, b, c *big.Float) *big.Float { return z.Sub(a, b) },
		"mul":  func(z, a, b, c *big.Float) *big.Float { return z.Mul(a, b) },
		"div":  func(z, a, b, c *big.Float) *big.Float { return z.SetPrec(400).Quo(a, b) },
		"fma":  func(z, a, b, c *big.Float) *big.Float { return z.Add(z.Mul(a, b), c) },
		"sqrt": func(z, a, b, c *big.Float) *big.Float { return z.SetPrec(400).Sqrt(a) },
	}
	operands := map[string]int{"fma": 3, "sqrt": 1}
	for name, op := range ops {
		rapid.Check(t, func(t *rapid.T) {
			dt := rapid.SampledFrom(floatTypes()).Draw(t, "type")
			var in []*tensor.Tensor
			var v [3][]float64
			for i := range 3 {
				x := codes(t, dt, "x", true)
				v[i] = x.Floats()
				if n := operands[name]; i < n || n == 0 && i < 2 {
					in = append(in, x)
				}
			}
			got := apply(t, name, "", dt, in...).Floats()
			for i, g := range got {
				a, b, c := v[0][i], v[1][i], v[2][i]
				if name == "div" && b == 0 || name == "sqrt" && a < 0 {
					continue
				}
				want := roundBig(dt, op(new(big.Float).SetPrec(4500), newBig(a), newBig(b), newBig(c)))
				require.True(t, sameFloat(want, g), "%s %s(%v, %v, %v) = %v, expected %v", dt, name, a, b, c, g, want)
			}
		})
	}
}

func intTypes() (ts []dtype.Type) {
	for _, t := range dtype.All() {
		if t.IsInt() {
			ts = append(ts, t)
		}
	}
	return ts
}

// bigInt is the mathematical value of an element.
func bigInt(dt dtype.Type, x int64) *big.Int {
	if dt.IsSigned() {
		return big.NewInt(x)
	}
	return new(big.Int).SetUint64(uint64(x))
}

// wrapBig reduces modulo 2^bits, as the int64 that holds the result.
func wrapBig(dt dtype.Type, x *big.Int) int64 {
	m := new(big.Int).Lsh(big.NewInt(1), uint(dt.Bits()))
	r := new(big.Int).Mod(x, m)
	if dt.IsSigned() && r.Bit(dt.Bits()-1) == 1 {
		r.Sub(r, m)
	}
	if dt.IsSigned() {
		return r.Int64()
	}
	return int64(r.Uint64())
}

func TestIntegerOps(t *testing.T) {
	ops := map[string]func(dt dtype.Type, a, b *big.Int) *big.Int{
		"add": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Add(a, b) },
		"sub": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Sub(a, b) },
		"mul": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Mul(a, b) },
		"div": func(_ dtype.Type, a, b *big.Int) *big.Int {
			if b.Sign() == 0 {
				return b
			}
			return a.Quo(a, b)
		},
		"rem": func(_ dtype.Type, a, b *big.Int) *big.Int {
			if b.Sign() == 0 {
				return a
			}
			return a.Rem(a, b)
		},
		"min": func(_ dtype.Type, a, b *big.Int) *big.Int { return map[bool]*big.Int{true: a, false: b}[a.Cmp(b) < 0] },
		"max": func(_ dtype.Type, a, b *big.Int) *big.Int { return map[bool]*big.Int{true: a, false: b}[a.Cmp(b) > 0] },
		"and": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.And(a, b) },
		"or":  func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Or(a, b) },
		"xor": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Xor(a, b) },
		"shl": func(dt dtype.Type, a, b *big.Int) *big.Int { return a.Lsh(a, shiftCount(dt, b)) },
		"shr": func(dt dtype.Type, a, b *big.Int) *big.Int { return a.Rsh(a, shiftCount(dt, b)) },
		"neg": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Neg(a) },
		"not": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Not(a) },
		"abs": func(_ dtype.Type, a, b *big.Int) *big.Int { return a.Abs(a) },
	}
	unary := map[string]bool{"neg": true, "not": true, "abs": true}
	for name, op := range ops {
		rapid.Check(t, func(t *rapid.T) {
			dt := rapid.SampledFrom(intTypes()).Draw(t, "type")
			a, b := codes(t, dt, "a", true), codes(t, dt, "b", true)
			in := []*tensor.Tensor{a, b}
			if unary[name] {
				in = in[:1]
			}
			got := apply(t, name, "", dt, in...).Ints()
			for i, g := range got {
				x, y := a.Ints()[i], b.Ints()[i]
				want := wrapBig(dt, op(dt, bigInt(dt, x), bigInt(dt, y)))
				require.Equal(t, want, g, "%s %s(%d, %d)", dt, name, x, y)
			}
		})
	}
}

// shiftCount reads the count as unsigned; more than the width is as good as the width.
func shiftCount(dt dtype.Type, b *big.Int) uint {
	if b.Sign() < 0 {
		b = new(big.Int).Add(b, new(big.Int).Lsh(big.NewInt(1), uint(dt.Bits())))
	}
	if b.Cmp(big.NewInt(int64(dt.Bits()))) > 0 {
		return uint(dt.Bits())
	}
	return uint(b.Uint64())
}

func TestCompareAndSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dt := rapid.SampledFrom(dtype.All()).Draw(t, "type")
		pred := rapid.SampledFrom(ir.Predicates).Draw(t, "pred")
		a, b := codes(t, dt, "a", false), codes(t, dt, "b", false)
		c := apply(t, "cmp", fmt.Sprintf("{pred = %q}", pred), dtype.Bool, a, b)
		s := apply(t, "select", "", dt, c, a, b)
		for i, g := range c.Ints() {
			var order int // of the operands, 2 when there is none
			if dt.IsFloat() {
				x, y := a.Floats()[i], b.Floats()[i]
				order = map[bool]int{x < y: -1, x > y: 1, x == y: 0, x != x || y != y: 2}[true]
			} else {
				order = bigInt(dt, a.Ints()[i]).Cmp(bigInt(dt, b.Ints()[i]))
			}
			want := map[string]bool{"eq": order == 0, "ne": order != 0, "lt": order == -1, "le": order == -1 || order == 0, "gt": order == 1, "ge": order == 1 || order == 0}[pred]
			require.Equal(t, want, g == 1, "%s %s %v %v", dt, pred, a.Floats()[i], b.Floats()[i])
			chosen := b
			if want {
				chosen = a
			}
			require.True(t, sameFloat(chosen.Floats()[i], s.Floats()[i]))
		}
	})
}

// min and max follow IEEE 754-2019 minimumNumber and maximumNumber; and they do not round.
func TestMinMax(t *testing.T) {
	nan, zero := math.NaN(), math.Copysign(0, -1)
	for _, c := range [][4]float64{{1, 2, 1, 2}, {nan, 3, 3, 3}, {3, nan, 3, 3}, {0, zero, zero, 0}, {zero, 0, zero, 0}, {math.Inf(-1), 5, math.Inf(-1), 5}, {nan, nan, nan, nan}, {zero, zero, zero, zero}} {
		low, high := minFloat(c[0], c[1]), maxFloat(c[0], c[1])
		require.True(t, sameFloat(c[2], low) && math.Signbit(c[2]) == math.Signbit(low), c)
		require.True(t, sameFloat(c[3], high) && math.Signbit(c[3]) == math.Signbit(high), c)
	}
}

// Sign changes and choices give back the bits of infinities also where arithmetic saturates.
func TestInfinitiesPass(t *testing.T) {
	dt, err := dtype.Parse("f8e5m2")
	require.NoError(t, err)
	require.True(t, dt.HasInf() && dt.Saturates())
	x := tensor.New(dt, lanes)
	for i := range lanes {
		x.SetCode(i, uint64(0x7c+0x80*(i%2)))
	}
	neg, most := apply(t, "neg", "", dt, x), apply(t, "max", "", dt, x, x)
	for i := range lanes {
		require.Equal(t, x.Code(i)^0x80, neg.Code(i))
		require.Equal(t, x.Code(i), most.Code(i))
	}
}

// Casts are the conversions of ir/dtype, bit for bit; a bitcast and its inverse give back what is not a NaN.
func TestCasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.SampledFrom(dtype.All()).Draw(t, "from"), rapid.SampledFrom(dtype.All()).Draw(t, "to")
		x := codes(t, from, "x", false)
		y := apply(t, "cast", "", to, x)
		for i := range lanes {
			c := x.Code(i)
			var want uint64
			if from.IsFloat() {
				want = to.FromFloat(from.Float(c), to.Mode())
				if !to.IsFloat() {
					want = to.FromFloat(from.Float(c), dtype.Mode{Round: dtype.TowardZero, Saturate: true})
				}
			} else {
				want = to.FromInt(from.Int(c), !from.IsSigned())
			}
			require.Equal(t, to.Text(want), to.Text(y.Code(i)), "%s %s to %s", from, from.Text(c), to)
		}
		if from.IsFloat() {
			u := dtype.U(from.Bits())
			back := apply(t, "bitcast", "", from, apply(t, "bitcast", "", u, x))
			for i := range lanes {
				require.Equal(t, from.Text(x.Code(i)), from.Text(back.Code(i)))
			}
		}
	})
}
