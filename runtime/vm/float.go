package vm

import (
	"math"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

func init() {
	for c := range unaryFloat {
		table[c] = buildUnary
	}
	for c := range binaryFloat {
		table[c] = buildBinary
	}
	register(map[ir.Code]build{ir.OpFma: buildFma})
}

// unaryFloat are the float operations of one operand, before rounding to the element type.
var unaryFloat = map[ir.Code]func(float64) float64{
	ir.OpNeg: func(x float64) float64 { return -x },
	ir.OpAbs: math.Abs, ir.OpExp: math.Exp, ir.OpExp2: math.Exp2, ir.OpLog: math.Log, ir.OpLog2: math.Log2,
	ir.OpSin: math.Sin, ir.OpCos: math.Cos, ir.OpTanh: math.Tanh, ir.OpErf: math.Erf, ir.OpSqrt: math.Sqrt,
	ir.OpRsqrt: func(x float64) float64 { return 1 / math.Sqrt(x) },
	ir.OpFloor: math.Floor, ir.OpCeil: math.Ceil, ir.OpRound: math.RoundToEven,
}

// binaryFloat are the float operations of two operands, on whole tiles of one length.
var binaryFloat = map[ir.Code]func(d, x, y []float64){
	ir.OpAdd: func(d, x, y []float64) {
		for i := range d {
			d[i] = x[i] + y[i]
		}
	},
	ir.OpSub: func(d, x, y []float64) {
		for i := range d {
			d[i] = x[i] - y[i]
		}
	},
	ir.OpMul: func(d, x, y []float64) {
		for i := range d {
			d[i] = x[i] * y[i]
		}
	},
	ir.OpDiv: func(d, x, y []float64) {
		for i := range d {
			d[i] = x[i] / y[i]
		}
	},
	ir.OpMin: func(d, x, y []float64) {
		for i := range d {
			d[i] = minFloat(x[i], y[i])
		}
	},
	ir.OpMax: func(d, x, y []float64) {
		for i := range d {
			d[i] = maxFloat(x[i], y[i])
		}
	},
}

// minFloat is the minimumNumber of IEEE 754-2019: NaN yields the other operand, -0 is below +0.
func minFloat(x, y float64) float64 {
	switch {
	case x < y || y != y:
		return x
	case y < x || x != x || math.Signbit(y):
		return y
	}
	return x
}

// maxFloat is the maximumNumber of IEEE 754-2019.
func maxFloat(x, y float64) float64 {
	switch {
	case x > y || y != y:
		return x
	case y > x || x != x || math.Signbit(x):
		return y
	}
	return x
}

// keepsInf are the operations that pass an infinite operand on; rounding would bring it into the range of a type whose
// overflow saturates.
var keepsInf = map[ir.Code]bool{ir.OpNeg: true, ir.OpAbs: true, ir.OpMin: true, ir.OpMax: true, ir.OpFloor: true, ir.OpCeil: true, ir.OpRound: true}

// rounderOf rounds the results of an operation.
func (p *prep) rounderOf(c ir.Code, t dtype.Type) func([]float64) {
	round := p.rounder(t)
	if round == nil || !keepsInf[c] || !t.Saturates() {
		return round
	}
	return func(d []float64) {
		for i, x := range d {
			if !math.IsInf(x, 0) {
				d[i] = t.Round(x)
			}
		}
	}
}

func buildUnary(p *prep, o *ir.Op) (step, error) {
	t := o.Result().Type.Elem
	if !t.IsFloat() {
		return buildUnaryInt(p, o)
	}
	fn, round := unaryFloat[o.Code], p.rounderOf(o.Code, t)
	d, x := p.slot(o.Result()), p.slot(o.Args[0])
	return func(f *frame) error {
		dst := f.F[d]
		src := f.F[x][:len(dst)]
		for i := range dst {
			dst[i] = fn(src[i])
		}
		if round != nil {
			round(dst)
		}
		return nil
	}, nil
}

func buildBinary(p *prep, o *ir.Op) (step, error) {
	t := o.Result().Type.Elem
	if !t.IsFloat() {
		return buildBinaryInt(p, o)
	}
	fn, round := binaryFloat[o.Code], p.rounderOf(o.Code, t)
	d, x, y := p.slot(o.Result()), p.slot(o.Args[0]), p.slot(o.Args[1])
	return func(f *frame) error {
		dst := f.F[d]
		fn(dst, f.F[x][:len(dst)], f.F[y][:len(dst)])
		if round != nil {
			round(dst)
		}
		return nil
	}, nil
}

// buildFma rounds a*b + c once: directly for f64, through rounding to odd for narrower types, whose products are exact
// in float64.
func buildFma(p *prep, o *ir.Op) (step, error) {
	round := p.rounder(o.Result().Type.Elem)
	d, s := p.slot(o.Result()), p.args(o.Args...)
	fma := math.FMA
	if round != nil {
		fma = fmaOdd
	}
	return func(f *frame) error {
		dst := f.F[d]
		x, y, z := f.F[s[0]][:len(dst)], f.F[s[1]][:len(dst)], f.F[s[2]][:len(dst)]
		for i := range dst {
			dst[i] = fma(x[i], y[i], z[i])
		}
		if round != nil {
			round(dst)
		}
		return nil
	}, nil
}

// fmaOdd is a*b + c rounded to odd, for a*b that is exact: the sum itself when it is exact, else the one of its two
// neighbours in float64 whose last bit is 1. Rounding that to any type of at most 51 bits is rounding the exact sum
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
func fmaOdd(a, b, c float64) float64 {
	x := float64(a * b)
	s := x + c
	if math.IsInf(s, 0) || s != s {
		return s
	}
	// TwoSum: s + e is exactly x + c.
	t := s - x
	e := (x - (s - t)) + (c - t)
	if e == 0 || math.Float64bits(s)&1 == 1 {
		return s
	}
	if (e > 0) == (s > 0) {
		return math.Float64frombits(math.Float64bits(s) + 1)
	}
	return math.Float64frombits(math.Float64bits(s) - 1)
}
