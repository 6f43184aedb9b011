package main

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// madeUp is a random tensor of the right shape. What the kernel reads positions from are positions.
func (j *job) madeUp(p *ir.Param, seed uint64) (runtime.Arg, error) {
	t := p.Value.Type
	if t.Kind != ir.Tensor {
		return runtime.Arg{}, usagef("the scalar %s %s has no value", p.Name, t).with("give it one with --in %s=…, or in an input declaration", p.Name)
	}
	shape, err := j.shape(p, "")
	if err != nil {
		return runtime.Arg{}, err
	}
	var x *tensor.Tensor
	if n := j.positions(p); n > 0 {
		x, err = tensor.Uniform(t.Elem, seed, 0, float64(n), shape...)
	} else {
		x, err = tensor.Random(t.Elem, seed, shape...)
	}
	if err != nil {
		return runtime.Arg{}, runtimef("argument %q: %w", p.Name, err)
	}
	return runtime.Tensor(x), nil
}

// positions is the least extent that elements of a parameter are positions in, as they stand: those of an index tile, and scalars
// that say where a view starts. It is 0 where there is none, or where it is not known yet.
func (j *job) positions(p *ir.Param) (least int64) {
	if p.Value.Type.Elem != ir.Index {
		return 0
	}
	dims := j.extents()
	see := func(v *ir.Value, e ir.Expr) {
		for v.Def != nil && (v.Def.Code == ir.OpReshape || v.Def.Code == ir.OpBroadcast) {
			v = v.Def.Args[0]
		}
		if v.Def == nil || v.Def.Code != ir.OpLoad || v.Def.Args[0] != p.Value {
			return
		}
		if n, err := e.Eval(dims); err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	j.k.Body.Walk(func(o *ir.Op) bool {
		switch o.Code {
		case ir.OpLoad:
			for d, off := range o.Args[1:] {
				see(off, o.Args[0].Type.Dims[d])
			}
		case ir.OpGather:
			see(o.Args[1], o.Args[0].Type.Dims[o.Int("along")])
			for d, off := range o.Args[2:] {
				see(off, o.Args[0].Type.Dims[d])
			}
		case ir.OpStore:
			for d, off := range o.Args[2:] {
				see(off, o.Args[1].Type.Dims[d])
			}
		}
		return true
	})
	return least
}
