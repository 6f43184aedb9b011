package passes

import "github.com/girih-lang/girih/ir"

// chain lets the ring of a persistent kernel run on from one place of the grid to the next: the last stages-1 iterations of a loop start the
// copies of the first ones of the next place, which find them under way. So copies are in flight all the time, also while sums are
// put together and stored, and a ring is filled once in the life of a block.
//
// Iterations count on over all places, since the ring has no beginning: the first slot of a place is the number of iterations before it, modulo the
// stages. A range of fewer iterations than copies that are started ahead would need the place after the next one; then each place fills its ring
// itself.
type chain struct {
	ring  *ring
	kinds map[*ir.Value]dependence
	on    *ir.Value // whether the range is long enough
	more  *ir.Value // whether the last iterations start copies of a next place
	fresh *ir.Value // whether the ring is empty
	span  *ir.Value // of the counter over the range, in whole steps
	slot  *ir.Value // the first one
}

// newChain is nil where a ring cannot run on; alone is one at the top of a kernel that has no other.
func (a *ring) newChain(b *ir.Builder, alone bool) *chain {
	if !a.k.Persistent {
		return nil
	}
	loop := a.loop
	kinds := map[*ir.Value]dependence{}
	fixed := alone
	for _, v := range loop.Args[:3] {
		fixed = fixed && dependenceOf(v, kinds) == onNothing
	}
	for _, v := range a.outside() {
		fixed = fixed && dependenceOf(v, kinds) != onMemory
	}
	if !fixed {
		a.c.remark("async", loop.Span, "the ring is filled anew at each place of the persistent grid: the loop stands inside of another statement or is not the only one with pipeline, or its range or what it loads depends on values that are loaded")
		return nil
	}
	a.c.remark("async", loop.Span, "the ring runs on: the last %d iterations start the first copies of the next place of the persistent grid", a.stages-1)
	c := &chain{ring: a, kinds: kinds}
	from, to, step := loop.Args[0], loop.Args[1], loop.Args[2]
	index := ir.TileOf(ir.Index)
	zero, one, n := b.Index(0), b.Index(1), b.Index(a.stages)
	trips := b.Binary(ir.OpDiv, b.Binary(ir.OpAdd, b.Binary(ir.OpSub, to, from), b.Binary(ir.OpSub, step, one)), step)
	c.span = b.Binary(ir.OpMul, trips, step)
	c.on = b.Cmp("ge", trips, b.Index(a.stages-1))
	turn := b.Op(ir.OpTurn, nil, index).Result()
	c.more = b.Binary(ir.OpAnd, c.on, b.Cmp("gt", b.Op(ir.OpTurnsLeft, nil, index).Result(), zero))
	c.fresh = b.Binary(ir.OpOr, b.Cmp("eq", turn, zero), b.Unary(ir.OpNot, c.on))
	c.slot = b.Select(c.fresh, zero, b.Binary(ir.OpRem, b.Binary(ir.OpMul, b.Binary(ir.OpRem, turn, n), b.Binary(ir.OpRem, trips, n)), n))
	return c
}

// outside are the values from outside of the loop that the loads' places need.
func (a *ring) outside() (vs []*ir.Value) {
	inside := map[*ir.Value]bool{a.loop.Regions[0].Args[0]: true}
	for _, o := range a.slice {
		for _, r := range o.Results {
			inside[r] = true
		}
	}
	for _, o := range append(a.slice[:len(a.slice):len(a.slice)], a.loads...) {
		for _, v := range o.Args {
			if !inside[v] && v.Type.IsScalar() {
				vs = append(vs, v)
			}
		}
	}
	return vs
}

// dependence is what a scalar outside of all loops depends on.
type dependence int

const (
	onNothing dependence = iota + 1 // that changes while a block runs
	onPlace                         // the place on the grid, by arithmetic alone
	onMemory                        // or on anything else
)

func dependenceOf(v *ir.Value, seen map[*ir.Value]dependence) dependence {
	if d := seen[v]; d != 0 {
		return d
	}
	o, d := v.Def, onNothing
	switch {
	case o == nil: // an argument
	case o.Code == ir.OpProgramID:
		d = onPlace
	case o.Code.Info().Effect != ir.Pure || len(o.Regions) > 0 || !v.Type.IsScalar():
		d = onMemory
	default:
		for _, x := range o.Args {
			d = max(d, dependenceOf(x, seen))
		}
	}
	seen[v] = d
	return d
}

// next puts a value for the place that the block takes next into ahead, after all that it is computed of.
func (c *chain) next(b *ir.Builder, v *ir.Value, ahead map[*ir.Value]*ir.Value) {
	if ahead[v] != nil || c.kinds[v] != onPlace {
		return
	}
	for _, x := range v.Def.Args {
		c.next(b, x, ahead)
	}
	o := ir.CloneOp(v.Def, ahead)
	if o.Code == ir.OpProgramID {
		o.Set("ahead", true)
	}
	b.Block.Ops = append(b.Block.Ops, o)
}

// copies starts those that an iteration starts ahead: of the iteration at iv, or, beyond the end of the range, of the next place. What that
// takes is computed where it is needed, which is seldom: held through the loop it would cost a third more registers.
func (c *chain) copies(b *ir.Builder, iv, slot *ir.Value) {
	over := b.Cmp("ge", iv, c.ring.loop.Args[1])
	when(b, over, func(b *ir.Builder) {
		when(b, c.more, func(b *ir.Builder) {
			ahead := map[*ir.Value]*ir.Value{}
			for _, v := range c.ring.outside() {
				c.next(b, v, ahead)
			}
			c.ring.copies(b, ahead, b.Binary(ir.OpSub, iv, c.span), slot)
		}, nil).Set("rare", true)
	}, func(b *ir.Builder) { c.ring.copies(b, nil, iv, slot) })
}

// when builds an if without results; no may be nil.
func when(b *ir.Builder, cond *ir.Value, yes, no func(b *ir.Builder)) *ir.Op {
	o := b.Op(ir.OpIf, []*ir.Value{cond})
	for _, f := range [2]func(b *ir.Builder){yes, no} {
		r := &ir.Builder{Block: &ir.Block{}, Span: b.Span}
		if f != nil {
			f(r)
		}
		r.Op(ir.OpYield, nil)
		o.Regions = append(o.Regions, r.Block)
	}
	return o
}
