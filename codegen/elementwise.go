package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
)

func (lo *lowerer) constant(o *ir.Op) {
	r := o.Result()
	e := register(r.Type.Elem)
	mk := func(lanes int) node {
		n := &thread.Node{Op: thread.Const, Type: thread.Type{Elem: e, Lanes: lanes}}
		switch v := o.Attr("value").(type) {
		case float64:
			n.F = v
		case int64:
			n.Imm = v
			if e == thread.I32 {
				n.Imm = int64(int32(v))
			}
		}
		return lo.b.Emit(n)
	}
	if r.Type.IsScalar() {
		lo.scalars[r] = mk(1)
		return
	}
	t := lo.newTile(r)
	t.at = func(_ index, lanes int) node { return mk(lanes) }
	lo.define(r, t)
}

// elementwise lowers operations that act on each element alone.
func (lo *lowerer) elementwise(o *ir.Op) {
	r := o.Result()
	if r.Type.IsScalar() {
		var xs []node
		for _, a := range o.Args {
			xs = append(xs, lo.scalar(a))
		}
		lo.scalars[r] = lo.compute(o, xs)
		return
	}
	t := lo.newTile(r)
	if o.Code == ir.OpCast && len(o.Attrs) == 0 {
		if src := lo.tiles[o.Args[0]]; src.words != nil && lo.deferred(o, src, t) {
			lo.tiles[r] = t
			return
		}
		if src := lo.tiles[o.Args[0]]; src.words != nil && lo.widen(o, src, t, o.Args[0].Type.Elem) {
			lo.tiles[r] = t
			return
		}
	}
	if x := lo.onePlusErf(o); x != nil {
		src := lo.tiles[x]
		t.at = func(ix index, lanes int) node {
			return lo.b.Un(thread.Erfc, lo.b.Un(thread.Neg, lo.get(src, ix, lanes)))
		}
		lo.define(r, t)
		return
	}
	srcs := make([]*tile, len(o.Args))
	for i, a := range o.Args {
		srcs[i] = lo.tiles[a]
		if srcs[i].words != nil {
			lo.unpack(srcs[i])
		}
	}
	at := o
	t.at = func(ix index, lanes int) node {
		saved := lo.at
		lo.at = at
		xs := make([]node, len(srcs))
		for i, s := range srcs {
			xs[i] = lo.get(s, ix, lanes)
		}
		n := lo.compute(o, xs)
		lo.at = saved
		return n
	}
	lo.define(r, t)
}

// onePlusErf is the x of erf(x) + 1 in F32 where nobody else wants erf(x): erfc(-x), of fewer operations, and exact where the sum cancels.
func (lo *lowerer) onePlusErf(o *ir.Op) *ir.Value {
	if o.Code != ir.OpAdd || o.Result().Type.Elem != dtype.F32 {
		return nil
	}
	for i, a := range o.Args {
		one := o.Args[1-i].Def
		if d := a.Def; d != nil && d.Code == ir.OpErf && len(lo.users[a]) == 1 && lo.home[d] == lo.home[o] && one != nil && one.Code == ir.OpConst && one.Attr("value") == 1.0 && lo.tiles[d.Args[0]].words == nil {
			return d.Args[0]
		}
	}
	return nil
}

func (lo *lowerer) broadcast(o *ir.Op) {
	r := o.Result()
	t := lo.newTile(r)
	a := o.Args[0]
	if a.Type.IsScalar() {
		x := lo.scalar(a)
		t.at = func(_ index, lanes int) node { return lo.splat(x, lanes) }
		lo.define(r, t)
		return
	}
	src := lo.tiles[a]
	if src.words != nil {
		lo.unpack(src)
	}
	if src.v == nil {
		lo.hold(src) // each element is used many times
	}
	t.at = func(ix index, lanes int) node {
		var kept index
		for i, d := range t.digits {
			if d.Dim >= 0 && src.l.Shape()[d.Dim] != 1 {
				kept = append(kept, ix[i])
			}
		}
		if lanes > 1 && src.l.Shape()[t.digits[0].Dim] == 1 {
			return lo.splat(lo.get(src, kept, 1), lanes)
		}
		return lo.get(src, kept, lanes)
	}
	lo.define(r, t)
}

func (lo *lowerer) splat(x node, lanes int) node {
	xs := make([]node, lanes)
	for i := range xs {
		xs[i] = x
	}
	return lo.b.Vec(xs...)
}

// moveless lowers reshapes and transpositions: the layouts were chosen so that every element keeps its local index.
func (lo *lowerer) moveless(o *ir.Op) {
	r := o.Result()
	if r.Type.IsScalar() {
		lo.scalars[r] = lo.element(o.Args[0])
		return
	}
	t := lo.newTile(r)
	if o.Args[0].Type.IsScalar() {
		x := lo.scalar(o.Args[0])
		t.at = func(_ index, lanes int) node { return lo.splat(x, lanes) }
		lo.define(r, t)
		return
	}
	src := lo.tiles[o.Args[0]]
	if !lo.t.GPU && o.Code == ir.OpTranspose {
		lo.transposeCPU(o, t, src)
		return
	}
	if src.words != nil {
		lo.unpack(src)
	}
	if lo.t.GPU && o.Code == ir.OpReshape && !passes.InPlace(o) {
		lo.reshaped(src, t)
		lo.tiles[r] = t
		return
	}
	if src.v != nil {
		t.v, t.alias = src.v, true
		lo.tiles[r] = t
		return
	}
	t.at = func(ix index, lanes int) node { return lo.get(src, ix, lanes) }
	lo.define(r, t)
}

// element is the only element of a tile of size one that every thread holds.
func (lo *lowerer) element(v *ir.Value) node {
	if v.Type.IsScalar() {
		return lo.scalar(v)
	}
	t := lo.tiles[v]
	ix := make(index, len(t.digits))
	for i, d := range t.digits {
		ix[i] = part{lo.b.I32(0), d.Radix}
	}
	return lo.get(t, ix, 1)
}

// transposeCPU permutes the axes of a row-major tile: a CPU keeps every tile row-major.
func (lo *lowerer) transposeCPU(o *ir.Op, t, src *tile) {
	perm := o.Ints("perm")
	t.at = func(ix index, _ int) node {
		coords := make([]node, len(perm))
		for a := range perm {
			coords[perm[a]] = lo.position(t, a, ix)
		}
		return lo.get(src, lo.find(src, coords), 1)
	}
	lo.define(o.Result(), t)
}

// find is the local index of logical coordinates when one thread holds the whole tile.
func (lo *lowerer) find(t *tile, coords []node) index {
	ix := make(index, len(t.digits))
	for i, d := range t.digits {
		x := lo.b.BinU(thread.Div, coords[d.Dim], lo.b.I32(d.Stride))
		if d.Stride*d.Radix < t.l.Shape()[d.Dim] {
			x = lo.b.BinU(thread.Rem, x, lo.b.I32(d.Radix))
		}
		ix[i] = part{x, d.Radix}
	}
	return ix
}

// compute applies an operation to elements; vectors are handled lane by lane where an operation has no vector form.
func (lo *lowerer) compute(o *ir.Op, xs []node) node {
	r := o.Result().Type.Elem
	switch o.Code {
	case ir.OpCast:
		if len(o.Attrs) > 0 {
			return lo.castMode(o, xs)
		}
		return lo.cast(xs[0], o.Args[0].Type.Elem, r)
	case ir.OpBitcast:
		return lo.bitcast(xs[0], o.Args[0].Type.Elem, r)
	case ir.OpCmp:
		return lo.b.Cmp(o.Str("pred"), xs[0], xs[1], unsigned(o.Args[0].Type.Elem))
	case ir.OpPopcount, ir.OpClz:
		return lo.count(o.Code, xs[0], o.Args[0].Type.Elem)
	case ir.OpSelect:
		return lo.b.Select(xs[0], xs[1], xs[2])
	}
	if r.IsFloat() {
		n := lo.floatOp(o.Code, r, xs)
		if n.Type.Elem == thread.F32 && (n.Op == thread.Div || n.Op == thread.Exp) && lo.coarse(o.Result()) {
			n.Kind = thread.Coarse
		}
		return n
	}
	return lo.intOp(o.Code, r, xs)
}
