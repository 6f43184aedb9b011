package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// maxLabels bounds the candidates of a class.
const maxLabels = 8

// add gives the class of a value one more candidate, unless it is pinned or has it already.
func (s *solver) add(v *ir.Value, l *layout.Layout, why string) {
	if v.Type.IsScalar() || l == nil {
		return
	}
	c := s.class(v)
	if c.pinned || len(c.labels) == maxLabels {
		return
	}
	l = s.intern(l)
	for _, x := range c.labels {
		if x.l == l {
			return
		}
	}
	c.labels = append(c.labels, label{l, why})
}

// candidates collects them, the strongest demands first: among equally cheap ones the earliest is taken.
func (s *solver) candidates() error {
	for _, o := range s.ops {
		for _, r := range o.Results {
			if r.Layout != nil && r.Type.Kind == ir.Tile && !r.Type.IsScalar() {
				if err := s.pin(r, o); err != nil {
					return err
				}
			}
		}
	}
	s.spread()
	for _, o := range s.ops {
		if o.Code != ir.OpDot {
			continue
		}
		if m := s.mmaFor(o, nil); m != nil {
			s.add(o.Result(), m.C, "accumulator of the matrix units")
			s.matrix = true
		}
	}
	s.spread()
	for _, o := range s.ops {
		if o.Code != ir.OpDot {
			continue
		}
		for _, c := range s.class(o.Result()).labels {
			if m := s.mmaFor(o, c.l); m != nil {
				s.add(o.Args[0], m.A, "left operand of the matrix units")
				s.add(o.Args[1], m.B, "right operand of the matrix units")
				for _, v := range o.Args[3:] {
					s.add(v, m.G, "what groups of products have of their own")
				}
			}
		}
	}
	s.spread()
	for _, o := range s.ops { // before the reads of their indices, which are small and follow
		if o.Code == ir.OpGather {
			v := o.Result()
			fast, n := s.coalescing(o, v.Type)
			s.add(v, blocked(v.Type.Shape, fast, n, s.threads), "coalesced access to the rows that an index names")
		}
	}
	s.spread()
	for _, o := range s.ops {
		v := accessed(o)
		if v == nil || o.Code == ir.OpStore && s.matrix && len(s.class(v).labels) > 0 {
			continue // accumulators are stored as they lie: the caches put their pieces together
		}
		fast, n := s.coalescing(o, v.Type)
		s.add(v, blocked(v.Type.Shape, fast, n, s.threads), "coalesced access to global memory")
	}
	s.spread()
	for _, c := range s.classes {
		if t := c.v.Type; len(c.labels) == 0 {
			s.add(c.v, blocked(t.Shape, len(t.Shape)-1, 1, s.threads), "spread over the block")
			if n := t.Shape[len(t.Shape)-1]; len(t.Shape) > 1 && n <= 64 { // as a view's fields, which are joined again
				s.add(c.v, blocked(t.Shape, len(t.Shape)-1, n, s.threads), "whole rows in a thread")
			}
			s.spread()
		}
	}
	return nil
}

// accessed is the tile that a load or store moves, or nil.
func accessed(o *ir.Op) *ir.Value {
	var v *ir.Value
	switch o.Code {
	case ir.OpLoad:
		v = o.Result()
	case ir.OpStore:
		v = o.Args[0]
	}
	if v == nil || v.Type.IsScalar() {
		return nil
	}
	return v
}

// coalescing is the axis along which neighbours lie in memory, and how many of them a thread should hold.
func (s *solver) coalescing(o *ir.Op, t ir.Type) (fast, n int) {
	a := AccessOf(o)
	n = s.facts.Vector(a, 16)
	if bits := a.Tensor.Elem.Bits(); bits&(bits-1) != 0 || bits < 8 {
		n = s.runOf(a, t)
	}
	if p := s.k.ParamOf(tensorOf(o)); p != nil && p.Packed {
		n = min(pow2(max(1, 128/a.Tensor.Elem.Bits())), a.Shape[a.Fast()])
	}
	return a.Fast(), n
}

// spread carries candidates through operations that move or repeat elements in place, until there are no new ones.
func (s *solver) spread() {
	for changed := true; changed; {
		changed = false
		for _, o := range s.ops {
			if len(o.Args) == 0 || len(o.Results) != 1 || o.Args[0].Type.IsScalar() || o.Result().Type.IsScalar() {
				continue
			}
			switch o.Code {
			case ir.OpReduce, ir.OpBroadcast, ir.OpReshape, ir.OpTranspose:
			default:
				continue
			}
			a, r := s.class(o.Args[0]), s.class(o.Result())
			n := len(a.labels) + len(r.labels)
			if o.Code != ir.OpBroadcast {
				for _, x := range a.labels {
					l := x.l
					if o.Code == ir.OpReduce { // as inPlace has it
						l = digitwise(l, o.Args[0].Type.Shape, s.threads)
					}
					s.add(o.Result(), forward(o, l), "follows its operand")
				}
			}
			if o.Code != ir.OpReduce {
				for _, x := range r.labels {
					l := x.l
					if o.Code == ir.OpBroadcast {
						l = digitwise(l, o.Result().Type.Shape, s.threads)
					}
					s.add(o.Args[0], backward(o, l), "follows its user")
				}
			}
			changed = changed || len(a.labels)+len(r.labels) > n
		}
	}
}
