package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
)

// deferred widens packed weights for a dot that starts from zero and leaves constant factors and offsets to it: the sums
// then take one multiplication each, and the offsets one more chain of matrix instructions for all columns together, where
// an exact widening takes a subtraction for every pair of weights.
func (lo *lowerer) deferred(o *ir.Op, src, t *tile) bool {
	r := o.Result()
	users := lo.users[r]
	if len(users) != 1 || users[0].Code != ir.OpDot || users[0].Args[1] != r || users[0].Args[0] == r || lo.home[users[0]] != lo.home[o] {
		return false
	}
	d := users[0]
	if z := d.Args[2].Def; z == nil || z.Code != ir.OpConst || z.Attr("value") != 0.0 {
		return false
	}
	m := passes.MmaOf(d, lo.k.Warps, d.Result().Layout)
	if m == nil || !m.Swap || m.Wide < 4 || m.Narrow > 2 || // the chain of offsets must be short beside the others (docs/performance-log.md)
		!r.Layout.Equal(*m.B) || !d.Args[0].Layout.Equal(*m.A) {
		return false
	}
	w := lo.widened(src, r.Type.Elem, o.Args[0].Type.Elem, true)
	if w == nil {
		return false
	}
	if !uniform(w.Terms, m) {
		return false
	}
	t.v, t.wide = w.V, w
	return true
}

// uniform reports that the factor is one for the whole tile, that every row of fragments has the same offsets, and that the
// offsets of a fragment are the same in pairs, as one constant fragment for each step needs them.
func uniform(terms []Term, m *passes.Mma) bool {
	row := m.Steps * 8
	for i, t := range terms {
		if t.Scale != terms[0].Scale || t.Scale != 1 && t.Offset != 0 || t.Offset != terms[i%row].Offset || t.Offset != terms[i&^1].Offset {
			return false
		}
	}
	return len(terms) == m.Wide*row
}

// offsets computes what the offsets of the weights add to each sum, for all rows of fragments at once: a fragment for each
// column of fragments of the narrow operand.
func (lo *lowerer) offsets(w *Widened, m *passes.Mma, narrow *thread.Var) *thread.Var {
	b := lo.b
	sum := b.NewVar("offset", thread.F32, 4*m.Narrow)
	for i := range sum.Len {
		b.Set(sum, b.I32(i), b.Float(thread.F32, 0))
	}
	for s := range m.Steps {
		c := b.NewVar("bias", w.V.Elem, 8)
		any := false
		for i := range 8 {
			x := w.Terms[s*8+i].Offset
			any = any || x != 0
			b.Set(c, b.I32(i), b.Float(w.V.Elem, x))
		}
		for j := range m.Narrow {
			if any {
				b.Emit(&thread.Node{Op: thread.Mma, Kind: m.Kind, Vars: []*thread.Var{c, narrow, sum},
					Args: []node{b.I32(0), b.I32((j*m.Steps + s) * 4), b.I32(j * 4)}})
			}
		}
	}
	return sum
}
