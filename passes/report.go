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
// are left out: their order is made for these accesses, and they have no conflicts.
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
		if buf.Def == nil || buf.Def.Str("pack") != "" || buf.Def.Flag("private") || tile.Layout == nil || tile.Type.Rank() == 0 {
			return true
		}
		if _, _, ok := tile.Layout.Digits(); !ok {
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
		if _, local, ok := v.Layout.Digits(); ok && len(local) > 0 && local[0].Dim == fast && local[0].Stride == 1 {
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

// decisions tells, once for each group of values that share a layout, which layout it got and what decided it.
func (s *solver) decisions() {
	said := map[*ir.Value]bool{}
	for _, o := range s.ops {
		for _, r := range o.Results {
			c := s.class(r)
			l := s.of[c]
			if l == nil || said[c] || r.Type.IsScalar() || o.Code == ir.OpConst {
				continue
			}
			said[c] = true
			s.c.remark("layout", o.Span, "%s @ %s: %s%s", r.Type, l, s.why[c], padding(l, r.Type.Shape))
		}
	}
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
