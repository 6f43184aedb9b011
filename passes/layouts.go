package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
)

// layoutPass gives every tile of rank one or more a layout.
//
// Values that must agree (operands and results of elementwise operations, carried values) form a class. A class has
// candidates: an author's pin, which is then the only one; accumulators and operands of the matrix units; coalesced accesses
// of global memory; and what the candidates of other classes become when they are carried through broadcasts, reductions,
// reshapes and transpositions. Of all ways to give each class one of its candidates the cheapest is taken, by a model of
// the accesses, conversions, instructions and registers of the whole kernel (layoutcost.go), and of equally cheap ones the
// first in the order above. Where a value does not have the layout that a user demands, a conversion is inserted, and a
// remark says so. Nothing fails on an odd extent: layouts are padded, elements replicated, and the remarks say that too.
func layoutPass(k *ir.Kernel, c *Context) error {
	if !c.Target.GPU {
		return cpuLayouts(k)
	}
	if k.Warps == 0 {
		k.Warps = defaultWarps(k, c.Target)
	}
	widenDots(k)
	s := newSolver(k, c)
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

// solver holds what is known while layouts are chosen.
type solver struct {
	k       *ir.Kernel
	c       *Context
	facts   *Facts
	threads int

	ops    []*ir.Op
	weight map[*ir.Op]int64 // how often an operation runs
	ring   map[*ir.Op]bool  // loads that will go through shared memory, started early

	parent  map[*ir.Value]*ir.Value // union-find over values that share a layout
	classes []*class
	index   map[*ir.Value]*class // by the root of parent
	known   map[[3]int][]*layout.Layout
	moves   map[moveKey]int64
	mmas    map[mmaKey]*Mma
	matrix  bool // some dot can run on the matrix units
	room    int  // bytes of shared memory beside the rings

	total, strongest int64 // what the choice costs, and what the first candidate of each class would
}

// class is a set of values that have one layout.
type class struct {
	id     int
	v      *ir.Value
	pinned bool
	pin    ir.Span // of the annotation
	labels []label
	choice int
	rest   []int64 // what each label costs more than the choice when all else stays
}

// label is a candidate: a layout and the constraint that it comes from.
type label struct {
	l   *layout.Layout
	why string
}

func newSolver(k *ir.Kernel, c *Context) *solver {
	s := &solver{k: k, c: c, facts: NewFacts(k), threads: 32 * k.Warps, weight: map[*ir.Op]int64{}, ring: map[*ir.Op]bool{}, parent: map[*ir.Value]*ir.Value{},
		index: map[*ir.Value]*class{}, known: map[[3]int][]*layout.Layout{}, moves: map[moveKey]int64{}, mmas: map[mmaKey]*Mma{}}
	s.walk(k.Body, 1, false)
	return s
}

// rings is what the loads that are started early take of shared memory.
func (s *solver) rings() int {
	n := 0
	var block func(b *ir.Block, stages int)
	block = func(b *ir.Block, stages int) {
		for _, o := range b.Ops {
			if s.ring[o] && len(o.Results) == 1 && !o.Result().Type.IsScalar() {
				t := o.Result().Type
				bits := 8 * container(t.Elem.Bits())
				if p := s.k.ParamOf(o.Args[0]); p != nil && p.Packed {
					bits = t.Elem.Bits()
				}
				n += stages * (t.Size()*bits/8 + 1024)
			}
			for _, r := range o.Regions {
				block(r, o.Int("pipeline"))
			}
		}
	}
	block(s.k.Body, 0)
	return n
}

// assumedTrips is the number of iterations that a loop counts for; extents are not known here.
const assumedTrips = 8

func (s *solver) walk(b *ir.Block, weight int64, pipelined bool) {
	for _, o := range b.Ops {
		s.ops = append(s.ops, o)
		s.weight[o] = weight
		s.ring[o] = pipelined && o.Code == ir.OpLoad
		inner := weight
		if o.Code == ir.OpFor {
			inner = min(weight*assumedTrips, 1<<12)
		}
		for _, r := range o.Regions {
			s.walk(r, inner, o.Code == ir.OpFor && o.Int("pipeline") > 1 && !s.c.Off["async"])
		}
	}
}

func (s *solver) root(v *ir.Value) *ir.Value {
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
		a, b := s.root(vs[0]), s.root(v)
		if a != b && !v.Type.IsScalar() {
			s.parent[b] = a
		}
	}
}

// class is the class of a tile.
func (s *solver) class(v *ir.Value) *class { return s.index[s.root(v)] }

// elementwise reports operations whose operands and result hold the same element in the same place.
func elementwise(o *ir.Op) bool {
	switch o.Code {
	case ir.OpCast, ir.OpBitcast, ir.OpCmp, ir.OpSelect, ir.OpFma, ir.OpClusterSum:
		return true
	}
	return o.Code.Info().Class != ir.ClassOther
}

func (s *solver) solve() error {
	for _, o := range s.ops {
		switch {
		case elementwise(o):
			s.tie(append([]*ir.Value{o.Result()}, o.Args...)...)
		case o.Code == ir.OpGather: // each element has its index beside it
			s.tie(o.Result(), o.Args[1])
		case o.Code == ir.OpDot:
			s.tie(o.Result(), o.Args[2])
			if len(o.Args) > 3 {
				s.tie(o.Args[3:]...)
			}
			if packedOperand(s.k, o.Args[1]) {
				o.Set("swap", true)
			}
		case o.Code == ir.OpFor:
			for i, r := range o.Results {
				s.tie(r, o.Args[3+i], o.Regions[0].Args[1+i], o.Regions[0].Yield().Args[i])
			}
		case o.Code == ir.OpIf:
			for i, r := range o.Results {
				s.tie(r, o.Regions[0].Yield().Args[i], o.Regions[1].Yield().Args[i])
			}
		}
	}
	each(s.k, func(v *ir.Value) {
		if r := s.root(v); s.index[r] == nil {
			c := &class{id: len(s.classes), v: v}
			s.classes = append(s.classes, c)
			s.index[r] = c
		}
	})
	s.room = s.c.Target.MaxShared - s.rings()
	if err := s.candidates(); err != nil {
		return err
	}
	s.choose()
	each(s.k, func(v *ir.Value) {
		c := s.class(v)
		v.Layout = c.labels[c.choice].l
	})
	for _, o := range s.ops {
		if o.Code != ir.OpDot || s.mma(o) != nil {
			continue
		}
		if m := s.mmaFor(o, nil); m != nil {
			s.c.remark("layout", o.Span, "dot %s · %s runs as multiply-adds: the matrix units would sum it as %s, and converting to that and back costs more", o.Args[0].Type, o.Args[1].Type, m.C)
			continue
		}
		s.c.remark("layout", o.Span, "dot %s · %s runs as multiply-adds: the matrix units take f16, bf16, i8 and u8 tiles of multiples of 16×8×16", o.Args[0].Type, o.Args[1].Type)
	}
	return nil
}

type mmaKey struct {
	o *ir.Op
	c *layout.Layout
}

// mmaFor is how a dot runs whose accumulator has layout c (nil lets it choose): as MmaOf says; where c is no layout of
// accumulators, in one that is, if the conversions before and after it are cheaper than multiply-adds.
func (s *solver) mmaFor(o *ir.Op, c *layout.Layout) *Mma {
	key := mmaKey{o, c}
	m, ok := s.mmas[key]
	if ok {
		return m
	}
	if c == nil || c.IsPermutation() {
		if m = MmaOf(o, s.k.Warps, c); m != nil {
			m.A, m.B, m.C = s.intern(m.A), s.intern(m.B), s.intern(m.C)
			if m.G != nil {
				m.G = s.intern(m.G)
			}
		}
	}
	if m == nil && c != nil {
		if own := s.mmaFor(o, nil); own != nil && s.matrixCost(o, own, c) < s.multiplyAdds(o, c) {
			m = own
		}
	}
	s.mmas[key] = m
	return m
}

// mma is how a dot runs under the chosen layouts.
func (s *solver) mma(o *ir.Op) *Mma {
	c := s.class(o.Result())
	return s.mmaFor(o, c.labels[c.choice].l)
}

// intern gives equal layouts one address.
func (s *solver) intern(l *layout.Layout) *layout.Layout {
	key := [3]int{l.Rank(), l.Locals(), l.Size()}
	for _, x := range s.known[key] {
		if x == l || x.Equal(*l) {
			return x
		}
	}
	s.known[key] = append(s.known[key], l)
	return l
}
