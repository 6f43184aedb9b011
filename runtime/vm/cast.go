package vm

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

func init() {
	register(map[ir.Code]build{ir.OpCast: buildCast, ir.OpBitcast: buildBitcast})
}

// buildCast converts by the rules of ir/dtype; with Exact, floats stay as they are.
func buildCast(p *prep, o *ir.Op) (step, error) {
	from, to := o.Args[0].Type.Elem, o.Result().Type.Elem
	d, x := p.slot(o.Result()), p.slot(o.Args[0])
	if len(o.Attrs) > 0 && !(p.exact && to.IsFloat()) {
		return buildCastMode(p, o)
	}
	switch {
	case from.IsFloat() && to.IsFloat():
		round := p.rounder(to)
		if from == to { // it holds the value as it is, infinities of a type that saturates too
			round = nil
		}
		return func(f *frame) error {
			copy(f.F[d], f.F[x])
			if round != nil {
				round(f.F[d])
			}
			return nil
		}, nil
	case from.IsFloat():
		return func(f *frame) error {
			for i, v := range f.F[x] {
				f.I[d][i] = to.ToInt(v)
			}
			return nil
		}, nil
	case to.IsFloat():
		conv := p.intToFloat(from, to)
		return func(f *frame) error { conv(f.F[d], f.I[x]); return nil }, nil
	}
	return func(f *frame) error {
		for i, v := range f.I[x] {
			f.I[d][i] = to.Wrap(v)
		}
		return nil
	}, nil
}

// buildCastMode converts with a rounding or an overflow rule that is not the type's own.
func buildCastMode(p *prep, o *ir.Op) (step, error) {
	from, to, m := o.Args[0].Type.Elem, o.Result().Type.Elem, ir.CastMode(o)
	d, x := p.slot(o.Result()), p.slot(o.Args[0])
	random := m.Round == dtype.Stochastic
	bits := p.slot(o.Args[len(o.Args)-1])
	return func(f *frame) error {
		m := m
		for i := range max(len(f.F[d]), len(f.I[d])) {
			if random {
				m.Rand = uint64(f.I[bits][i]) << 32
			}
			var code uint64
			if from.IsFloat() {
				code = to.FromFloat(f.F[x][i], m)
			} else {
				code = to.FromIntMode(f.I[x][i], !from.IsSigned(), m)
			}
			if to.IsFloat() {
				f.F[d][i] = to.Float(code)
			} else {
				f.I[d][i] = to.Int(code)
			}
		}
		return nil
	}, nil
}

// intToFloat rounds once: integers of up to 53 bits are exact in float64, wider ones go from the exact integer.
func (p *prep) intToFloat(from, to dtype.Type) func(d []float64, x []int64) {
	unsigned := !from.IsSigned()
	if p.exact {
		to = dtype.F64
	}
	if from.Bits() <= 53 {
		return func(d []float64, x []int64) {
			for i, v := range x {
				d[i] = float64(v)
			}
			if to != dtype.F64 {
				to.RoundAll(d, d)
			}
		}
	}
	return func(d []float64, x []int64) {
		for i, v := range x {
			d[i] = to.Float(to.FromInt(v, unsigned))
		}
	}
}

func buildBitcast(p *prep, o *ir.Op) (step, error) {
	from, to := o.Args[0].Type.Elem, o.Result().Type.Elem
	d, x := p.slot(o.Result()), p.slot(o.Args[0])
	mask := ^uint64(0) >> (64 - from.Bits())
	return func(f *frame) error {
		for i := range max(len(f.F[d]), len(f.I[d])) {
			var code uint64
			if from.IsFloat() {
				code = from.FromFloat(f.F[x][i], dtype.Mode{}) // infinities stay
			} else {
				code = uint64(f.I[x][i]) & mask
			}
			if to.IsFloat() {
				f.F[d][i] = to.Float(code)
			} else {
				f.I[d][i] = to.Int(code)
			}
		}
		return nil
	}, nil
}
