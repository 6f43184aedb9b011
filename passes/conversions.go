package passes

import (
	"fmt"
	"slices"

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
			case len(o.Args) > 0 && o.Args[0].Type.IsScalar(): // in every thread already
			case o.Code == ir.OpReduce, o.Code == ir.OpReshape, o.Code == ir.OpTranspose, o.Code == ir.OpBroadcast:
				_, l, ok := inPlace(o, o.Args[0].Layout, v.Layout, s.threads)
				switch {
				case ok:
					natural = l
				case o.Code == ir.OpReshape:
					s.c.remark("layout", o.Span, "reshape %s to %s: %s; it goes through shared memory", o.Args[0].Type, v.Type, refinement(o))
				default:
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
	l, t := o.Args[0].Layout, o.Args[0].Type
	if !slices.Equal(l.Shape(), t.Shape) {
		return sprintf("the layout is padded to %v", l.Shape())
	}
	if _, err := l.Reshape(o.Result().Type.Shape...); err != nil {
		return err.Error()
	}
	return "the layouts differ"
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
		case i > 2:
			return m.G
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
