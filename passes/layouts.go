package passes

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
)

// layoutPass gives every tile of rank one or more a layout.
//
// Values that must agree (operands and results of elementwise operations, carried values) form a class. Classes get their
// layout from the strongest demand: an author's pin, then an accumulator of the matrix units, then an operand of them,
// then coalesced access to global memory. A layout spreads through broadcasts, reductions, reshapes and transpositions to
// classes that have none. Where a value does not have the layout that a user demands, a conversion is inserted, and a
// remark says so.
func layoutPass(k *ir.Kernel, c *Context) error {
	if !c.Target.GPU {
		return cpuLayouts(k)
	}
	if k.Warps == 0 {
		k.Warps = defaultWarps(k, c.Target)
	}
	widenDots(k)
	s := &solver{k: k, c: c, facts: NewFacts(k), threads: 32 * k.Warps, parent: map[*ir.Value]*ir.Value{}, of: map[*ir.Value]*layout.Layout{}, why: map[*ir.Value]string{}}
	if err := s.solve(); err != nil {
		return err
	}
	s.decisions()
	return s.convert()
}

// defaultWarps is the target's number of warps, or as many as keep 32 elements of the largest tile in a thread: whole rows in
// registers want large blocks.
func defaultWarps(k *ir.Kernel, t Target) int {
	most := 0
	each(k, func(v *ir.Value) { most = max(most, v.Type.Size()) })
	dots := !k.Body.Walk(func(o *ir.Op) bool { return o.Code != ir.OpDot })
	if dots {
		return t.Warps
	}
	return min(max(t.Warps, pow2(ceilDiv(most, 32*32))), 32)
}

// cpuLayouts keeps every tile in row-major order in the only thread of a block.
func cpuLayouts(k *ir.Kernel) error {
	each(k, func(v *ir.Value) {
		l := layout.Local(v.Type.Shape...)
		v.Layout = &l
	})
	return nil
}

// each visits every tile value of rank one or more.
func each(k *ir.Kernel, f func(*ir.Value)) {
	visit := func(v *ir.Value) {
		if v.Type.Kind == ir.Tile && !v.Type.IsScalar() {
			f(v)
		}
	}
	var block func(*ir.Block)
	block = func(b *ir.Block) {
		for _, a := range b.Args {
			visit(a)
		}
		for _, o := range b.Ops {
			for _, g := range o.Regions {
				block(g)
			}
			for _, r := range o.Results {
				visit(r)
			}
		}
	}
	block(k.Body)
}

// widenDots casts operands that the matrix units do not take to a type that holds them exactly: floats of at most 8 bits
// to f16.
func widenDots(k *ir.Kernel) {
	rewrite(k.Body, func(b *ir.Builder, o *ir.Op) bool {
		if o.Code == ir.OpDot {
			if t := o.Args[0].Type.Elem; t.IsFloat() && t.Bits() <= 8 && t.ExpBits() <= 5 && t.HasSign() {
				o.Args[0], o.Args[1] = b.Cast(o.Args[0], dtype.F16), b.Cast(o.Args[1], dtype.F16)
			}
		}
		return true
	})
}

type solver struct {
	k       *ir.Kernel
	c       *Context
	facts   *Facts
	threads int
	parent  map[*ir.Value]*ir.Value // union-find over values that share a layout
	of      map[*ir.Value]*layout.Layout
	why     map[*ir.Value]string
	ops     []*ir.Op
	mma     map[*ir.Op]*Mma
}

func (s *solver) class(v *ir.Value) *ir.Value {
	for {
		p, ok := s.parent[v]
		if !ok || p == v {
			return v
		}
		v = p
	}
}

func (s *solver) tie(vs ...*ir.Value) {
	for _, v := range vs[1:] {
		a, b := s.class(vs[0]), s.class(v)
		if a != b && !v.Type.IsScalar() {
			s.parent[b] = a
		}
	}
}

// elementwise reports operations whose operands and result hold the same element in the same place.
func elementwise(o *ir.Op) bool {
	switch o.Code {
	case ir.OpCast, ir.OpBitcast, ir.OpCmp, ir.OpSelect, ir.OpFma, ir.OpClusterSum:
		return true
	}
	return o.Code.Info().Class != ir.ClassOther
}

func (s *solver) solve() error {
	pins := map[*ir.Value]*layout.Layout{}
	each(s.k, func(v *ir.Value) {
		if v.Layout != nil {
			pins[v] = v.Layout
		}
	})
	s.k.Body.Walk(func(o *ir.Op) bool {
		s.ops = append(s.ops, o)
		switch {
		case elementwise(o):
			s.tie(append([]*ir.Value{o.Result()}, o.Args...)...)
		case o.Code == ir.OpGather: // each element has its index beside it
			s.tie(o.Result(), o.Args[1])
		case o.Code == ir.OpDot:
			s.tie(o.Result(), o.Args[2])
		case o.Code == ir.OpFor:
			for i, r := range o.Results {
				s.tie(r, o.Args[3+i], o.Regions[0].Args[1+i], o.Regions[0].Yield().Args[i])
			}
		case o.Code == ir.OpIf:
			for i, r := range o.Results {
				s.tie(r, o.Regions[0].Yield().Args[i], o.Regions[1].Yield().Args[i])
			}
		}
		return true
	})
	for _, o := range s.ops {
		for _, r := range o.Results {
			if p := pins[r]; p != nil {
				if err := s.pin(r, p, o); err != nil {
					return err
				}
			}
		}
	}
	s.spread()
	s.mma = map[*ir.Op]*Mma{}
	for _, o := range s.ops {
		if o.Code != ir.OpDot {
			continue
		}
		if packedOperand(s.k, o.Args[1]) {
			o.Set("swap", true)
		}
		m := MmaOf(o, s.k.Warps, s.of[s.class(o.Result())])
		if m == nil {
			s.c.remark("layout", o.Span, "dot %s · %s runs as multiply-adds: the matrix units take f16, bf16, i8 and u8 tiles of multiples of 16×8×16", o.Args[0].Type, o.Args[1].Type)
			continue
		}
		s.mma[o] = m
		s.give(o.Result(), m.C, "accumulator of the matrix units")
	}
	s.spread()
	for _, o := range s.ops {
		if m := s.mma[o]; m != nil {
			s.give(o.Args[0], m.A, "left operand of the matrix units")
			s.give(o.Args[1], m.B, "right operand of the matrix units")
		}
	}
	s.spread()
	s.rest()
	each(s.k, func(v *ir.Value) { v.Layout = s.of[s.class(v)] })
	return nil
}

func (s *solver) pin(v *ir.Value, l *layout.Layout, o *ir.Op) error {
	if l.Threads() != s.threads {
		return &Error{Code: "G0405", Span: o.Span, Text: sprintf("the layout %s is for %d threads, the block has %d (%d warps)", l, l.Threads(), s.threads, s.k.Warps),
			Help: "write warps(n) after the grid, or replicate the layout"}
	}
	if q := s.of[s.class(v)]; q != nil && !q.Equal(*l) {
		return &Error{Code: "G0406", Span: o.Span, Text: sprintf("the layout %s contradicts %s, which an earlier annotation gives to a value that must agree with this one", l, q),
			Help: "annotate one of them only; a conversion is inserted where layouts differ"}
	}
	s.give(v, l, "annotation")
	return nil
}

// give sets the layout of a class that has none.
func (s *solver) give(v *ir.Value, l *layout.Layout, why string) bool {
	c := s.class(v)
	if v.Type.IsScalar() || s.of[c] != nil {
		return false
	}
	s.of[c], s.why[c] = l, why
	return true
}

// spread carries layouts through operations that move or repeat elements in place, until nothing changes.
func (s *solver) spread() {
	for changed := true; changed; {
		changed = false
		for _, o := range s.ops {
			if len(o.Args) == 0 || len(o.Results) != 1 || o.Args[0].Type.IsScalar() || o.Result().Type.IsScalar() {
				continue
			}
			a, r := o.Args[0], o.Result()
			if l := s.of[s.class(a)]; l != nil && s.of[s.class(r)] == nil && o.Code != ir.OpBroadcast {
				if n := forward(o, l); n != nil {
					changed = s.give(r, n, "follows its operand") || changed
				}
			}
			if l := s.of[s.class(r)]; l != nil && s.of[s.class(a)] == nil && o.Code != ir.OpReduce {
				if n := backward(o, l); n != nil {
					changed = s.give(a, n, "follows its user") || changed
				}
			}
		}
	}
}

// forward is the layout of a result whose elements stay where the operand has them, or nil.
func forward(o *ir.Op, l *layout.Layout) *layout.Layout {
	var r layout.Layout
	var err error
	switch o.Code {
	case ir.OpReduce:
		if stacked(o, l) {
			return nil
		}
		r, err = l.Reduce(false, o.Int("axis"))
	case ir.OpReshape:
		if !slices.Equal(l.Shape(), o.Args[0].Type.Shape) {
			return nil // padded
		}
		r, err = l.Reshape(o.Result().Type.Shape...)
	case ir.OpTranspose:
		r, err = l.Permute(o.Ints("perm")...)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return &r
}

// backward is the layout of an operand whose elements lie where the result wants them, or nil.
func backward(o *ir.Op, l *layout.Layout) *layout.Layout {
	a, r := o.Args[0].Type, o.Result().Type
	var q layout.Layout
	var err error
	switch o.Code {
	case ir.OpBroadcast:
		var dims []int
		for i, n := range a.Shape {
			if n != r.Shape[i] || n == 1 && l.Shape()[i] > 1 { // along padding too the one element is enough
				dims = append(dims, i)
			}
		}
		q, err = l.Reduce(true, dims...)
	case ir.OpReshape:
		if !slices.Equal(l.Shape(), r.Shape) {
			return nil
		}
		q, err = l.Reshape(a.Shape...)
	case ir.OpTranspose:
		perm := o.Ints("perm")
		inv := make([]int, len(perm))
		for i, p := range perm {
			inv[p] = i
		}
		q, err = l.Permute(inv...)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return &q
}

// rest gives classes without a demand a coalesced layout, those with global accesses first, in program order.
func (s *solver) rest() {
	vec := map[*ir.Value][2]int{} // class -> fast axis, elements
	for _, o := range s.ops {
		var v *ir.Value
		switch o.Code {
		case ir.OpLoad, ir.OpGather:
			v = o.Result()
		case ir.OpStore:
			v = o.Args[0]
		default:
			continue
		}
		if v.Type.IsScalar() || s.of[s.class(v)] != nil {
			continue
		}
		a := AccessOf(o)
		n := s.facts.Vector(a, 16)
		if bits := a.Tensor.Elem.Bits(); bits&(bits-1) != 0 || bits < 8 {
			n = s.runOf(a, v.Type)
		}
		if p := s.k.ParamOf(tensorOf(o)); p != nil && p.Packed {
			n = max(1, 128/a.Tensor.Elem.Bits())
			n = min(pow2(n), a.Shape[a.Fast()])
		}
		if old, ok := vec[s.class(v)]; !ok || n > old[1] {
			vec[s.class(v)] = [2]int{a.Fast(), n}
		}
	}
	for _, o := range s.ops { // before the reads of their indices, which are small and follow
		if o.Code == ir.OpGather {
			if e, ok := vec[s.class(o.Result())]; ok && s.give(o.Result(), blocked(o.Result().Type.Shape, e[0], e[1], s.threads), "coalesced access to the rows that an index names") {
				s.spread()
			}
		}
	}
	for _, o := range s.ops {
		var v *ir.Value
		if o.Code == ir.OpLoad {
			v = o.Result()
		} else if o.Code == ir.OpStore {
			v = o.Args[0]
		}
		if v != nil {
			if e, ok := vec[s.class(v)]; ok && s.give(v, blocked(v.Type.Shape, e[0], e[1], s.threads), "coalesced access to global memory") {
				s.spread()
			}
		}
	}
	each(s.k, func(v *ir.Value) {
		if s.give(v, blocked(v.Type.Shape, len(v.Type.Shape)-1, 1, s.threads), "spread over the block") {
			s.spread()
		}
	})
}

func tensorOf(o *ir.Op) *ir.Value {
	switch o.Code {
	case ir.OpLoad, ir.OpGather:
		return o.Args[0]
	case ir.OpStore:
		return o.Args[1]
	}
	return nil
}
