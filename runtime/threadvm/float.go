package threadvm

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// halves are the values of all codes of F16.
var halves = func() (t [1 << 16]float32) {
	for i := range t {
		t[i] = float32(dtype.F16.Float(uint64(i)))
	}
	return t
}()

// float is the value of the bits of a float kind.
func float(e thread.Elem, x uint64) float64 {
	switch e {
	case thread.F16:
		return float64(halves[uint16(x)])
	case thread.BF16:
		return float64(math.Float32frombits(uint32(x) << 16))
	case thread.F32:
		return float64(math.Float32frombits(uint32(x)))
	}
	return math.Float64frombits(x)
}

// toFloat rounds to a float kind, to nearest even.
func toFloat(e thread.Elem, x float64) uint64 {
	switch e {
	case thread.F16:
		return half(x)
	case thread.BF16:
		if x != x {
			return 0x7fff
		}
		return uint64(math.Float32bits(float32(dtype.BF16.Round(x))) >> 16)
	case thread.F32:
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

func half(x float64) uint64 {
	if x != x {
		return 0x7fff
	}
	x = dtype.F16.Round(x)
	b := math.Float32bits(float32(x))
	sign := uint64(b>>16) & 0x8000
	b &= 0x7fffffff
	switch a := math.Abs(x); {
	case math.IsInf(a, 0):
		return sign | 0x7c00
	case a >= 0x1p-14:
		return sign | (uint64(b>>13) - 112<<10)
	default:
		return sign | uint64(a*0x1p24)
	}
}

// floatBinary are operations rounded once: float64 holds 16- and 32-bit operands with more than twice their precision, so
// that rounding its result is as good.
func floatBinary(op thread.Op, e thread.Elem) func(d, x, y []uint64) {
	if e == thread.F32 {
		if f := singles[op]; f != nil {
			return f
		}
	}
	var f func(x, y float64) float64
	switch op {
	case thread.Add:
		f = func(x, y float64) float64 { return x + y }
	case thread.Sub:
		f = func(x, y float64) float64 { return x - y }
	case thread.Mul:
		f = func(x, y float64) float64 { return x * y }
	case thread.Div:
		f = func(x, y float64) float64 { return x / y }
	case thread.Min:
		f = lesser
	case thread.Max:
		f = func(x, y float64) float64 { return -lesser(-x, -y) }
	default:
		return nil
	}
	return func(d, x, y []uint64) {
		for i := range d {
			d[i] = toFloat(e, f(float(e, x[i]), float(e, y[i])))
		}
	}
}

// lesser is the smaller operand: the other one of a NaN, -0 below +0.
func lesser(x, y float64) float64 {
	switch {
	case x != x:
		return y
	case y != y:
		return x
	case x == y && math.Signbit(y):
		return y
	case y < x:
		return y
	}
	return x
}

var singles = map[thread.Op]func(d, x, y []uint64){
	thread.Add: func(d, x, y []uint64) {
		for i := range d {
			d[i] = uint64(math.Float32bits(math.Float32frombits(uint32(x[i])) + math.Float32frombits(uint32(y[i]))))
		}
	},
	thread.Sub: func(d, x, y []uint64) {
		for i := range d {
			d[i] = uint64(math.Float32bits(math.Float32frombits(uint32(x[i])) - math.Float32frombits(uint32(y[i]))))
		}
	},
	thread.Mul: func(d, x, y []uint64) {
		for i := range d {
			d[i] = uint64(math.Float32bits(math.Float32frombits(uint32(x[i])) * math.Float32frombits(uint32(y[i]))))
		}
	},
}

// fma multiplies and adds with one rounding. For narrow kinds the product is exact in float64 and the sum is rounded to odd,
// which a second rounding cannot see.
func fma(e thread.Elem) func(d, x, y, z []uint64) {
	if e == thread.F64 {
		return func(d, x, y, z []uint64) {
			for i := range d {
				d[i] = math.Float64bits(math.FMA(math.Float64frombits(x[i]), math.Float64frombits(y[i]), math.Float64frombits(z[i])))
			}
		}
	}
	return func(d, x, y, z []uint64) {
		for i := range d {
			d[i] = toFloat(e, odd(float(e, x[i])*float(e, y[i]), float(e, z[i])))
		}
	}
}

// odd is a+b rounded to odd: where the sum is not exact, its last bit is set.
func odd(a, b float64) float64 {
	s := a + b
	t := s - a
	err := (a - (s - t)) + (b - t)
	if err == 0 || math.IsInf(s, 0) || s != s || math.Float64bits(s)&1 == 1 {
		return s
	}
	return math.Nextafter(s, math.Copysign(math.Inf(1), err))
}

func floatUnary(op thread.Op, e thread.Elem) func(d, x []uint64) {
	top := uint64(1) << (8*e.Size() - 1)
	switch op {
	case thread.Neg:
		return func(d, x []uint64) {
			for i := range d {
				d[i] = x[i] ^ top
			}
		}
	case thread.Abs:
		return func(d, x []uint64) {
			for i := range d {
				d[i] = x[i] &^ top
			}
		}
	}
	f := map[thread.Op]func(float64) float64{
		thread.Sqrt: math.Sqrt, thread.Rsqrt: func(x float64) float64 { return 1 / math.Sqrt(x) }, thread.Exp: math.Exp, thread.Exp2: math.Exp2, thread.Log2: math.Log2, thread.Sin: math.Sin, thread.Cos: math.Cos,
		thread.Tanh: math.Tanh, thread.Erf: math.Erf, thread.Erfc: math.Erfc, thread.Floor: math.Floor, thread.Ceil: math.Ceil, thread.Round: math.RoundToEven,
	}[op]
	if f == nil {
		return nil
	}
	return func(d, x []uint64) {
		for i := range d {
			d[i] = toFloat(e, f(float(e, x[i])))
		}
	}
}

// converter is Conv.
func converter(from, to thread.Elem, uns bool) func(d, x []uint64) {
	mask := maskOf(to)
	integer := func(x uint64) int64 {
		if uns || from == thread.Bool {
			return int64(x)
		}
		return signed(from, x)
	}
	var f func(x uint64) uint64
	switch {
	case from.IsFloat() && to.IsFloat():
		f = func(x uint64) uint64 { return toFloat(to, float(from, x)) }
	case from.IsFloat() && uns && to == thread.I64:
		f = func(x uint64) uint64 { return uint64(float(from, x)) }
	case from.IsFloat():
		f = func(x uint64) uint64 { return uint64(int64(float(from, x))) & mask }
	case to.IsFloat():
		t := map[thread.Elem]dtype.Type{thread.F16: dtype.F16, thread.BF16: dtype.BF16, thread.F32: dtype.F32, thread.F64: dtype.F64}[to]
		f = func(x uint64) uint64 {
			n := integer(x)
			if -1<<53 <= n && n <= 1<<53 && (n >= 0 || !uns) {
				return toFloat(to, float64(n))
			}
			return t.FromInt(n, uns)
		}
	default:
		f = func(x uint64) uint64 { return uint64(integer(x)) & mask }
	}
	return func(d, x []uint64) {
		for i := range d {
			d[i] = f(x[i])
		}
	}
}
