package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

func (lo *lowerer) block(b *ir.Block) {
	lo.ops(b.Ops)
}

func (lo *lowerer) ops(ops []*ir.Op) {
	for i, o := range ops {
		lo.at = o
		lo.op(o)
		lo.inUse -= lo.last[o]
		if lo.f.Persistent && lo.looping == 0 && o.Code == ir.OpFor { // what only the end of a place needs is not held through its loop
			lo.anew(func() { lo.ops(ops[i+1:]) })
			return
		}
	}
}

func (lo *lowerer) op(o *ir.Op) {
	lo.reload(o)
	switch o.Code {
	case ir.OpConst:
		lo.constant(o)
	case ir.OpIota:
		t := lo.newTile(o.Result())
		axis := o.Int("axis")
		t.at = func(ix index, lanes int) node {
			return lo.each(ix, lanes, func(ix index) node { return lo.position(t, axis, ix) })
		}
		lo.define(o.Result(), t)
	case ir.OpDim:
		e, err := ir.ParseExpr(o.Str("expr"))
		if err != nil {
			lo.fail("G0506", "", "%v", err)
		}
		lo.scalars[o.Result()] = lo.expr(e)
	case ir.OpProgramID:
		at := &lo.program
		if o.Flag("ahead") {
			at = &lo.programAhead
		}
		lo.scalars[o.Result()] = at[o.Int("axis")]()
	case ir.OpTurn:
		lo.scalars[o.Result()] = lo.turn()
	case ir.OpTurnsLeft:
		lo.scalars[o.Result()] = lo.turnsLeft()
	case ir.OpBroadcast:
		lo.broadcast(o)
	case ir.OpReshape, ir.OpTranspose:
		lo.moveless(o)
	case ir.OpDot:
		lo.dot(o)
	case ir.OpReduce:
		lo.reduce(o)
	case ir.OpLoad, ir.OpGather:
		lo.load(o)
	case ir.OpStore:
		lo.store(o)
	case ir.OpFor:
		lo.loop(o)
	case ir.OpIf:
		lo.branch(o)
	case ir.OpYield:
	case ir.OpConvert:
		lo.convert(o)
	case ir.OpAllocShared:
		lo.alloc(o)
	case ir.OpLoadShared:
		lo.loadShared(o)
	case ir.OpStoreShared:
		lo.storeShared(o)
	case ir.OpCopyAsync:
		lo.copyAsync(o)
	case ir.OpCommit:
		lo.b.Effect(thread.CpCommit, 0)
	case ir.OpWait:
		lo.b.Effect(thread.CpWait, int64(o.Int("groups")))
		if o.Flag("proxy") {
			lo.b.Effect(thread.FenceAsync, 0)
		}
	case ir.OpBarrier:
		lo.b.Effect(thread.Barrier, 0)
	case ir.OpLaunchDependents:
		lo.b.Effect(thread.LaunchDependents, 0)
	case ir.OpWaitGrid:
		lo.b.Effect(thread.WaitGrid, 0)
	case ir.OpClusterRank:
		lo.scalars[o.Result()] = lo.clusterRank()
	case ir.OpClusterSize:
		lo.scalars[o.Result()] = lo.b.I32(max(lo.k.Cluster, 1))
	case ir.OpClusterSum:
		lo.clusterSum(o)
	default:
		lo.elementwise(o)
	}
}

// carried is the storage of a value that a region changes: an array for a tile, one element for a scalar.
type carried struct {
	v *thread.Var
	t *tile // nil for a scalar
}

func (lo *lowerer) carry(v *ir.Value) carried {
	if v.Type.IsScalar() {
		return carried{v: lo.b.NewVar("s", register(v.Type.Elem), 1)}
	}
	t := lo.newTile(v)
	t.v = lo.b.NewVar("c", register(v.Type.Elem), t.locals())
	return carried{t.v, t}
}

// bind makes a value stand for the storage's present content.
func (lo *lowerer) bind(v *ir.Value, c carried) {
	if c.t == nil {
		lo.scalars[v] = lo.b.Get(c.v, lo.b.I32(0), 1)
	} else {
		lo.tiles[v] = &tile{t: v.Type, l: c.t.l, digits: c.t.digits, mixed: c.t.mixed, v: c.v}
	}
}

// assign stores several values at once: all are evaluated before the first is stored.
func (lo *lowerer) assign(cs []carried, vs []*ir.Value) {
	type move struct {
		c carried
		n node
		t *tile
	}
	var moves []move
	held := map[*thread.Var]bool{}
	for _, c := range cs {
		held[c.v] = true
	}
	for i, v := range vs {
		c := cs[i]
		if c.t == nil {
			moves = append(moves, move{c: c, n: lo.scalar(v)})
			continue
		}
		t := lo.tiles[v]
		if t.v == c.v && t.v != nil {
			continue // accumulated in place
		}
		if len(vs) > 1 || t.words != nil {
			lo.hold(t)
		}
		if held[t.v] && t.v != nil { // another carried tile, which may be overwritten before this one is stored
			kept := lo.b.NewVar("k", t.v.Elem, t.v.Len)
			lo.b.Local(t.v.Len, func(i node) { lo.b.Set(kept, i, lo.b.Get(t.v, i, 1)) })
			t = &tile{t: t.t, l: t.l, digits: t.digits, mixed: t.mixed, v: kept}
		}
		moves = append(moves, move{c: c, t: t})
	}
	for _, m := range moves {
		if m.t == nil {
			lo.b.Set(m.c.v, lo.b.I32(0), m.n)
			continue
		}
		lanes := lo.lanes(m.t)
		lo.loops(m.t.digits, lanes, func(ix index) { lo.b.Set(m.c.v, lo.flat(ix), lo.get(m.t, ix, lanes)) })
	}
}

func (lo *lowerer) scalar(v *ir.Value) node {
	if n, ok := lo.scalars[v]; ok {
		return n
	}
	panic("codegen: scalar " + v.String() + " is not lowered")
}

func (lo *lowerer) loop(o *ir.Op) {
	body := o.Regions[0]
	var cs []carried
	for _, a := range body.Args[1:] {
		cs = append(cs, lo.carry(a))
	}
	lo.assign(cs, o.Args[3:])
	lo.b.For(lo.scalar(o.Args[0]), lo.scalar(o.Args[1]), lo.scalar(o.Args[2]), func(i node) {
		lo.scalars[body.Args[0]] = i
		for j, a := range body.Args[1:] {
			lo.bind(a, cs[j])
		}
		lo.looping++
		lo.block(body)
		lo.assign(cs, body.Yield().Args)
		lo.looping--
	})
	for i, r := range o.Results {
		lo.bind(r, cs[i])
	}
}

func (lo *lowerer) branch(o *ir.Op) {
	var cs []carried
	for _, r := range o.Results {
		cs = append(cs, lo.carry(r))
	}
	arm := func(b *ir.Block) func() {
		lower := func() { lo.block(b); lo.assign(cs, b.Yield().Args) }
		if o.Flag("rare") && len(b.Ops) > 1 {
			return func() { lo.anew(lower) }
		}
		return lower
	}
	lo.b.If(lo.scalar(o.Args[0]), arm(o.Regions[0]), arm(o.Regions[1]))
	for i, r := range o.Results {
		lo.bind(r, cs[i])
	}
}

// each evaluates f for lanes neighbours and joins the results.
func (lo *lowerer) each(ix index, lanes int, f func(ix index) node) node {
	xs := make([]node, lanes)
	for i := range xs {
		xs[i] = f(lo.step(ix, i))
	}
	return lo.b.Vec(xs...)
}
