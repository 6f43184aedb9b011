package passes

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// convert inserts a conversion wherever a value does not have the layout that its user demands, and after operations
// whose natural result layout is not the one of its class.
func (s *solver) convert() error {
	var err error
	r := replacer{}
	var block func(b *ir.Block)
	block = func(b *ir.Block) {
		old := b.Ops
		b.Ops = nil
		bld := &ir.Builder{Block: b}
		for _, o := range old {
			bld.Span = o.Span
			for i, a := range o.Args {
				o.Args[i] = r.of(a)
			}
			for _, g := range o.Regions {
				block(g)
			}
			for i, a := range o.Args {
				if want := s.demand(o, i); want != nil && !a.Type.IsScalar() && !a.Layout.Equal(*want) {
					o.Args[i] = s.convertTo(bld, a, want)
				}
			}
			if len(o.Results) != 1 || o.Result().Type.IsScalar() || o.Result().Type.Kind != ir.Tile {
				b.Ops = append(b.Ops, o)
				continue
			}
			v, natural := o.Result(), o.Result().Layout
			switch {
			case o.Code == ir.OpDot:
				natural = s.accumulator(o)
			case o.Code == ir.OpBroadcast && o.Args[0].Type.IsScalar():
			case o.Code == ir.OpReduce, o.Code == ir.OpReshape, o.Code == ir.OpTranspose, o.Code == ir.OpBroadcast:
				_, l, ok := inPlace(o, o.Args[0].Layout, v.Layout, s.threads)
				if natural = l; !ok {
					natural = s.moved(bld, o)
				}
				if natural == nil && o.Code == ir.OpReshape {
					s.c.remark("layout", o.Span, "reshape %s to %s: %s; it goes through shared memory", o.Args[0].Type, v.Type, refinement(o))
					b.Ops = append(b.Ops, o)
					continue
				}
				if natural == nil {
					err = &Error{Code: "G0408", Span: o.Span, Text: sprintf("no layout for %s of %s to %s", o.Code, o.Args[0].Type, v.Type)}
					return
				}
			}
			b.Ops = append(b.Ops, o)
			if want := v.Layout; !natural.Equal(*want) {
				v.Layout = natural
				r[v] = s.convertTo(bld, v, want)
			}
		}
	}
	block(s.k.Body)
	if err != nil {
		return err
	}
	// Values replaced after their definition are used in later operations only; those were updated on the way, except in
	// yields of enclosing regions, which apply handles.
	convs := map[*ir.Value]bool{}
	for _, w := range r {
		convs[w] = true
	}
	s.k.Body.Walk(func(o *ir.Op) bool {
		for i, a := range o.Args {
			if w, ok := r[a]; ok && !(o.Code == ir.OpConvert && convs[o.Results[0]] && o.Results[0] == w) {
				o.Args[i] = w
			}
		}
		return true
	})
	return nil
}

// moved gives the operand of a reshape whose elements cannot stay in place a layout in which they can, and returns that of
// the result; nil where there is none.
func (s *solver) moved(b *ir.Builder, o *ir.Op) *layout.Layout {
	l := blocked(o.Result().Type.Shape, o.Result().Type.Rank()-1, 1, s.threads)
	if want := backward(o, l); want != nil && layoutCovers(want, o.Args[0].Type.Shape) {
		o.Args[0] = s.convertTo(b, o.Args[0], want)
		return l
	}
	// Padding in the way: hold the whole tile in every thread's reach without padding.
	flat := unpadded(o.Args[0].Type.Shape, s.threads)
	o.Args[0] = s.convertTo(b, o.Args[0], flat)
	return forward(o, flat)
}

// accumulator is the layout in which a dot adds up: that of the matrix instruction, or any digit permutation.
func (s *solver) accumulator(o *ir.Op) *layout.Layout {
	v := o.Result()
	if m := s.mma(o); m != nil {
		return m.C
	}
	c := s.class(v)
	return digitwise(c.labels[c.choice].l, v.Type.Shape, s.threads)
}

// InPlace reports that every element of a reshape stays in its thread and local index.
func InPlace(o *ir.Op) bool {
	l := forward(o, o.Args[0].Layout)
	return l != nil && l.Equal(*o.Result().Layout)
}

// refinement says why the elements of a reshape cannot stay where they are.
func refinement(o *ir.Op) string {
	if _, err := o.Args[0].Layout.Reshape(o.Result().Type.Shape...); err != nil {
		return err.Error()
	}
	return "the layout is padded"
}

func layoutCovers(l *layout.Layout, shape []int) bool {
	ls := l.Shape()
	if len(ls) != len(shape) {
		return false
	}
	for i := range ls {
		if ls[i] < shape[i] {
			return false
		}
	}
	return true
}

// unpadded spreads a tile without padding: power-of-two parts of the extents go to threads, the rest repeats.
func unpadded(shape []int, threads int) *layout.Layout {
	left := threads
	sp, lo := ones(len(shape)), ones(len(shape))
	for a := len(shape) - 1; a >= 0; a-- {
		lo[a] = shape[a]
		for lo[a]%2 == 0 && left > 1 {
			lo[a] /= 2
			sp[a] *= 2
			left /= 2
		}
	}
	l := layout.Local(lo...).Spatial(sp...)
	if left > 1 {
		l = mul(layout.Replicate(left), l)
	}
	return &l
}

// demand is the layout that operand i of an operation must have, or nil when any will do.
func (s *solver) demand(o *ir.Op, i int) *layout.Layout {
	switch {
	case o.Args[i].Type.Kind != ir.Tile || o.Args[i].Type.IsScalar():
		return nil
	case elementwise(o), o.Code == ir.OpGather:
		return o.Result().Layout
	case o.Code == ir.OpDot:
		m := s.mma(o)
		switch {
		case i == 2:
			return s.accumulator(o)
		case m == nil:
			return nil
		case i == 0:
			return m.A
		default:
			return m.B
		}
	case o.Code == ir.OpBroadcast, o.Code == ir.OpReduce:
		want, _, _ := inPlace(o, o.Args[0].Layout, o.Result().Layout, s.threads)
		return want
	case o.Code == ir.OpStore && i == 0:
		return s.coalesced(o, o.Args[0].Layout)
	}
	return nil
}

// coalesced is the layout to which a stored value is converted first where that is cheaper than storing it as it lies (the
// result of a transposition that is used otherwise too, say). Nil leaves the value where it is.
func (s *solver) coalesced(o *ir.Op, l *layout.Layout) *layout.Layout {
	if s.matrix { // accumulators lie in pieces that the caches put together
		return nil
	}
	t := o.Args[0].Type
	fast, n := s.coalescing(o, t)
	to := s.intern(blocked(t.Shape, fast, n, s.threads))
	if to.Equal(*l) || s.move(l, to, t)+s.global(o, to, true) >= s.global(o, l, true) {
		return nil
	}
	return to
}

// convertTo inserts a conversion and says what it takes.
func (s *solver) convertTo(b *ir.Builder, v *ir.Value, to *layout.Layout) *ir.Value {
	if v.Layout.Equal(*to) {
		return v
	}
	w := b.Op(ir.OpConvert, []*ir.Value{v}, v.Type).Result()
	w.Layout = to
	plan := PlanConversion(v.Layout, to, v.Type, s.c.Target.HasMatrixStores())
	s.c.remark("layout", b.Span, "convert %s from %s to %s: %s", v.Type, v.Layout, to, plan)
	s.c.Remarks[len(s.c.Remarks)-1].Conflicts = plan.Store.Conflicts() + plan.Load.Conflicts()
	return w
}
