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
	switch {
	case from.IsFloat() && to.IsFloat():
		round := p.rounder(to)
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
