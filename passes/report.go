package passes

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// reportPass changes nothing. It tells what every access of memory takes: the width of global ones and what limits it, the
// instructions, wavefronts and bank conflicts of shared ones, counted access by access.
func reportPass(k *ir.Kernel, c *Context) error {
	facts := NewFacts(k)
	for _, a := range SharedAccesses(k, c.Target) {
		c.remark("report", a.Op.Span, "%s", traffic(a.Verb+" shared memory,", a.Access))
		c.Remarks[len(c.Remarks)-1].Conflicts = a.Access.Conflicts()
	}
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpLoad || o.Code == ir.OpGather || o.Code == ir.OpStore || o.Code == ir.OpCopyAsync {
			if s := globalAccess(k, facts, o); s != "" {
				c.remark("report", o.Span, "%s", s)
			}
		}
		return true
	})
	return nil
}

// SharedAccess is one access of a buffer of rows in shared memory by the whole block.
type SharedAccess struct {
	Op     *ir.Op
	Verb   string // "reads" or "writes"
	Access layout.Access
}

// SharedAccesses counts the accesses of a kernel after the pass shared. Buffers in which every thread keeps its own words
// are left out: their order is made for these accesses, and they have no conflicts. So are panels, which wgmma reads itself.
func SharedAccesses(k *ir.Kernel, t Target) []SharedAccess {
	var out []SharedAccess
	k.Body.Walk(func(o *ir.Op) bool {
		var buf, tile *ir.Value
		switch o.Code {
		case ir.OpLoadShared:
			buf, tile = o.Args[0], o.Result()
		case ir.OpStoreShared:
			buf, tile = o.Args[1], o.Args[0]
		default:
			return true
		}
		if buf.Def == nil || buf.Def.Str("pack") != "" || buf.Def.Flag("private") || buf.Def.Flag("panels") || tile.Layout == nil || tile.Type.Rank() == 0 {
			return true
		}
		rows := RowsOf(tile.Type, buf.Def.Int("swizzle"))
		if o.Code == ir.OpLoadShared {
			out = append(out, SharedAccess{o, "reads", rows.Traffic(tile.Layout, false, true)})
		} else {
			out = append(out, SharedAccess{o, "writes", rows.Traffic(tile.Layout, true, t.HasMatrixStores())})
		}
		return true
	})
	return out
}

// globalAccess says how wide an access of a tensor is, and what keeps it from 16 bytes.
func globalAccess(k *ir.Kernel, facts *Facts, o *ir.Op) string {
	a := AccessOf(o)
	fast, bits := a.Fast(), a.Tensor.Elem.Bits()
	if p := k.ParamOf(tensorOf(o)); fast < 0 || p != nil && p.Packed || bits%8 != 0 || o.Code == ir.OpCopyAsync && k.ParamOf(o.Args[2]).Packed {
		return ""
	}
	known := facts.Vector(a, 16)
	n, verb := known, "copies"
	var v *ir.Value
	switch o.Code {
	case ir.OpLoad:
		v, verb = o.Result(), "reads"
	case ir.OpGather:
		v, verb = o.Result(), "gathers"
	case ir.OpStore:
		v, verb = o.Args[0], "writes"
	}
	held := n
	if v != nil {
		if v.Layout == nil {
			return ""
		}
		held = 1
		if local := v.Layout.LocalDigits(); len(local) > 0 && local[0].Dim == fast && local[0].Stride == 1 {
			for 2*held <= known && local[0].Radix%(2*held) == 0 {
				held *= 2
			}
		}
		n = min(n, held)
	}
	s := fmt.Sprintf("%s %s %d bytes at a time", verb, a.Tensor.Elem, n*bits/8)
	switch {
	case n*bits >= 128:
	case a.scattered(fast):
		s += ": neighbours of the tile lie where the index says"
	case v != nil && held < known:
		s += fmt.Sprintf(": the layout keeps %d neighbours in a thread, %d could be", held, known)
	case a.Dims[fast] != a.Tensor.Rank()-1:
		s += ": the tile does not run along the tensor's rows"
	case a.Shape[fast]%(2*n) != 0:
		s += fmt.Sprintf(": a row of the tile has %d elements", a.Shape[fast])
	default:
		s += fmt.Sprintf(": rows and offsets are known to be multiples of %d only (declare a divisible dimension)", n)
	}
	return s
}

// decisions tells, once for each group of values that share a layout, which layout it got, what decided it, and what the
// next best would cost.
func (s *solver) decisions() {
	if n := (s.strongest - s.total) / tick; n > 0 && n < tooMuch/tick && s.total < tooMuch {
		s.c.remark("layout", ir.Span{}, "about %d cycles a block by the model; if each tile followed the strongest demand on it alone, %d more", s.total/tick, n)
	}
	said := map[*class]bool{}
	for _, o := range s.ops {
		for _, r := range o.Results {
			if r.Type.Kind != ir.Tile || r.Type.IsScalar() || o.Code == ir.OpConst {
				continue
			}
			c := s.class(r)
			if said[c] {
				continue
			}
			said[c] = true
			l := c.labels[c.choice]
			v := fmt.Sprintf("%s @ %s", r.Type, l.l)
			s.c.remark("layout", o.Span, "%s: %s%s%s", v, l.why, padding(l.l, r.Type.Shape), c.instead())
			s.c.Remarks[len(s.c.Remarks)-1].Value = v
		}
	}
}

// instead says what the best of the other candidates would have cost, when all other classes keep theirs.
func (c *class) instead() string {
	best := -1
	for i, n := range c.rest {
		if i != c.choice && (best < 0 || n < c.rest[best]) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	n := c.rest[best] / order / tick
	switch {
	case n == 0:
		return ""
	case n >= tooMuch/tick:
		return fmt.Sprintf("; as %s (%s) it would not fit into shared memory", c.labels[best].l, c.labels[best].why)
	}
	return fmt.Sprintf("; as %s (%s) it would take about %d cycles more", c.labels[best].l, c.labels[best].why, n)
}

// padding says where a layout reaches beyond its tile, or holds elements more than once.
func padding(l *layout.Layout, shape []int) string {
	text := ""
	for i, n := range l.Shape() {
		if n > shape[i] {
			text += fmt.Sprintf(", padded from %d to %d along axis %d", shape[i], n, i)
		}
	}
	if n := l.Copies(); n > 1 {
		text += fmt.Sprintf(", every element %d times", n)
	}
	return text
}
