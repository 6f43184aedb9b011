package passes

import (
	"maps"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// asyncPass keeps copies in flight for loops marked pipeline(n). Loads whose place depends only on the counter move to a
// ring of n slots in shared memory: before the loop the copies of the first n-1 iterations start; each iteration waits
// for its own slot, starts the copy that is n-1 iterations ahead into the slot that the previous iteration has finished
// with, and reads its tile from shared memory. One barrier an iteration serves both: it makes the waited-for copies of
// all threads visible, and says that all threads have left the slot that is overwritten next.
//
// A copy ahead of the last iteration reads beyond the loop's range: it is clipped at the tensor's edge like any access,
// and nobody reads it.
func asyncPass(k *ir.Kernel, c *Context) error {
	rings := 0
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpFor && o.Int("pipeline") > 1 {
			rings++
		}
		return true
	})
	return asyncBlock(k, c, NewFacts(k), k.Body, false, rings == 1)
}

func asyncBlock(k *ir.Kernel, c *Context, facts *Facts, b *ir.Block, nested, only bool) error {
	old := b.Ops
	b.Ops = nil
	bld := &ir.Builder{Block: b}
	for _, o := range old {
		bld.Span = o.Span
		for _, g := range o.Regions {
			if err := asyncBlock(k, c, facts, g, nested || o.Code == ir.OpFor, only); err != nil {
				return err
			}
		}
		if n := o.Int("pipeline"); o.Code == ir.OpFor && n > 1 {
			if a := newRing(k, c, facts, o, n); a != nil {
				if nested {
					bld.Op(ir.OpBarrier, nil)
				}
				a.emit(bld, only && b == k.Body)
				continue
			}
		}
		b.Ops = append(b.Ops, o)
	}
	return nil
}

type ring struct {
	k      *ir.Kernel
	c      *Context
	facts  *Facts
	loop   *ir.Op
	stages int
	loads  []*ir.Op
	bufs   []*ir.Value
	slice  []*ir.Op // scalar operations of the body that the loads' offsets need, in order
}

func newRing(k *ir.Kernel, c *Context, facts *Facts, loop *ir.Op, stages int) *ring {
	a := &ring{k: k, c: c, facts: facts, loop: loop, stages: stages}
	body := loop.Regions[0]
	inBody := map[*ir.Value]*ir.Op{}
	carried := map[*ir.Value]bool{}
	for _, v := range body.Args[1:] {
		carried[v] = true
	}
	for _, o := range body.Ops {
		for _, r := range o.Results {
			inBody[r] = o
		}
	}
	need := map[*ir.Op]bool{}
	var movable func(v *ir.Value, set map[*ir.Op]bool) bool
	movable = func(v *ir.Value, set map[*ir.Op]bool) bool {
		if carried[v] {
			return false
		}
		o := inBody[v]
		if o == nil {
			return true
		}
		if !v.Type.IsScalar() || o.Code.Info().Effect != ir.Pure || len(o.Regions) > 0 {
			return false
		}
		for _, x := range o.Args {
			if !movable(x, set) {
				return false
			}
		}
		set[o] = true
		return true
	}
	for _, o := range body.Ops {
		if o.Code != ir.OpLoad || o.Result().Type.IsScalar() {
			continue
		}
		set := map[*ir.Op]bool{}
		ok := true
		for _, x := range o.Args[1:] {
			ok = ok && movable(x, set)
		}
		if !ok {
			c.remark("async", o.Span, "the load of %s depends on a carried value and is not started early", o.Result().Type)
			continue
		}
		p := k.ParamOf(o.Args[0])
		if p.Pack == nil {
			acc := AccessOf(o)
			if n := facts.Vector(acc, 16) * acc.Tensor.Elem.Bits() / 8; n < 4 {
				c.remark("async", o.Span, "the load of %s is not started early: its rows are known to be aligned to %d bytes only, a copy needs 4 (declare a divisible dimension)", o.Result().Type, n)
				continue
			}
		}
		for s := range set {
			need[s] = true
		}
		a.loads = append(a.loads, o)
	}
	if len(a.loads) == 0 {
		return nil
	}
	for _, o := range body.Ops {
		if need[o] {
			a.slice = append(a.slice, o)
		}
	}
	return a
}

// copies starts the copies of the iteration whose counter is iv into a slot, at a place for which some values from outside of the loop
// are others.
func (a *ring) copies(b *ir.Builder, outside map[*ir.Value]*ir.Value, iv, slot *ir.Value) {
	m := map[*ir.Value]*ir.Value{a.loop.Regions[0].Args[0]: iv}
	maps.Copy(m, outside)
	for _, o := range a.slice {
		b.Block.Ops = append(b.Block.Ops, ir.CloneOp(o, m))
	}
	for i, l := range a.loads {
		b.Span = l.Span
		args := []*ir.Value{a.bufs[i], slot}
		for _, x := range l.Args {
			if y, ok := m[x]; ok {
				x = y
			}
			args = append(args, x)
		}
		b.Op(ir.OpCopyAsync, args).Set("dims", l.Ints("dims"))
	}
}

// fill starts the copies of the first iterations, a group for each.
func (a *ring) fill(b *ir.Builder) {
	for s := range a.stages - 1 {
		b.Span = a.loop.Span
		iv := a.loop.Args[0]
		if s > 0 {
			iv = b.Binary(ir.OpAdd, iv, b.Binary(ir.OpMul, b.Index(s), a.loop.Args[2]))
		}
		a.copies(b, nil, iv, b.Index(s))
		b.Op(ir.OpCommit, nil)
	}
}

func (a *ring) emit(b *ir.Builder, alone bool) {
	loop := a.loop
	chain := a.newChain(b, alone)
	shared := false // some thread reads what another has copied
	proxy := false
	for _, l := range a.loads {
		t := l.Result().Type
		b.Span = l.Span
		o := b.Op(ir.OpAllocShared, nil, ir.SharedOf(t.Elem, append([]int{a.stages}, t.Shape...)...))
		if p := a.k.ParamOf(l.Args[0]); p.Pack != nil {
			o.Set("pack", p.Name)
			if p.Pack.Threads == 32*a.k.Warps {
				o.Set("private", true)
			}
		} else if d := a.warpgroups(l); d != nil {
			o.Set("panels", true).Set("swizzle", 128)
			d.Set("wgmma", true)
			proxy = true
			a.c.remark("async", d.Span, "runs as wgmma.m64n%dk16, which reads %s from shared memory", t.Shape[0], t)
		} else if PrivateVector(a.facts, AccessOf(l), l.Result()) > 0 {
			o.Set("private", true)
		} else {
			o.Set("swizzle", SwizzleFor(t))
		}
		if chain != nil {
			o.Set("kept", true)
		}
		shared = shared || !o.Flag("private")
		a.bufs = append(a.bufs, o.Result())
	}
	b.Span = loop.Span
	if chain != nil {
		when(b, chain.fresh, a.fill, nil).Set("rare", true)
	} else {
		a.fill(b)
	}
	b.Span = loop.Span

	body := loop.Regions[0]
	old := body.Ops
	body.Ops = nil
	in := &ir.Builder{Block: body, Span: loop.Span}
	slot := &ir.Value{Type: ir.TileOf(ir.Index), Name: "slot"}
	zero, one, last := in.Index(0), in.Index(1), in.Index(a.stages-1)
	ahead := in.Select(in.Cmp("eq", slot, zero), last, in.Binary(ir.OpSub, slot, one))
	next := in.Select(in.Cmp("eq", slot, last), zero, in.Binary(ir.OpAdd, slot, one))
	wait := in.Op(ir.OpWait, nil).Set("groups", a.stages-2)
	if proxy {
		wait.Set("proxy", true)
	}
	if shared {
		in.Op(ir.OpBarrier, nil)
	}
	iv := in.Binary(ir.OpAdd, body.Args[0], in.Binary(ir.OpMul, last, loop.Args[2]))
	if chain != nil {
		chain.copies(in, iv, ahead)
	} else {
		a.copies(in, nil, iv, ahead)
	}
	in.Op(ir.OpCommit, nil)
	for _, o := range old {
		for i, l := range a.loads {
			if o == l {
				o.Code, o.Args, o.Attrs = ir.OpLoadShared, []*ir.Value{a.bufs[i], slot}, nil
			}
		}
	}
	body.Ops = append(body.Ops, old...)
	body.Args = append(body.Args, slot)
	if chain != nil {
		loop.Args = append(loop.Args, chain.slot)
	} else {
		loop.Args = append(loop.Args, b.Index(0))
	}
	y := body.Yield()
	y.Args = append(y.Args, next)
	loop.Results = append(loop.Results, &ir.Value{Type: ir.TileOf(ir.Index), Def: loop})
	b.Block.Ops = append(b.Block.Ops, loop)
	drain := func(b *ir.Builder) { b.Op(ir.OpWait, nil).Set("groups", 0) }
	if chain != nil {
		when(b, chain.on, nil, drain)
	} else {
		drain(b)
	}
}

// warpgroups is the dot that may read what a load brings as the narrow operand of wgmma, or nil: nobody else uses it, groups
// of four warps have the same part of it, and the sums are many enough (Mma.Warpgroups).
func (a *ring) warpgroups(l *ir.Op) *ir.Op {
	if !a.c.Target.HasWgmma() {
		return nil
	}
	var use []*ir.Op
	a.loop.Regions[0].Walk(func(o *ir.Op) bool {
		for _, x := range o.Args {
			if x == l.Result() {
				use = append(use, o)
			}
		}
		return true
	})
	if len(use) != 1 || use[0].Code != ir.OpDot || use[0].Args[0] != l.Result() || use[0].Args[1] == l.Result() {
		return nil
	}
	d := use[0]
	m := MmaOf(d, a.k.Warps, d.Result().Layout)
	if m == nil || !m.Swap || !l.Result().Layout.Equal(*m.A) || !d.Args[1].Layout.Equal(*m.B) {
		return nil
	}
	if !m.Warpgroups(d, a.k.Warps) {
		return nil
	}
	return d
}

// SwizzleFor is the XOR swizzle for rows of a tile in shared memory, in bytes: the widest of 128, 64 and 32 that divides
// a row; 0 for tiles without rows.
func SwizzleFor(t ir.Type) int {
	if t.Rank() != 2 || t.Elem.Bits()%8 != 0 {
		return 0
	}
	row := t.Shape[1] * t.Elem.Bits() / 8
	for _, s := range []int{128, 64, 32} {
		if row%s == 0 && row&(row-1) == 0 {
			return s
		}
	}
	return 0
}

// PrivateVector is the number of elements of one copy when every thread of a tile's layout holds pieces of at least eight
// consecutive bytes that no other warp needs, so that it can copy them for itself; else 0.
func PrivateVector(f *Facts, a Access, v *ir.Value) int { return privateVector(f, a, v.Layout) }

func privateVector(f *Facts, a Access, l *layout.Layout) int {
	threads, local, ok := l.Digits()
	fast := a.Fast()
	weight := 1
	for _, d := range threads {
		if d.Dim < 0 && d.Radix > 1 && weight%32 == 0 {
			return 0 // warps that hold the same would each fetch it
		}
		weight *= d.Radix
	}
	if !ok || fast < 0 || len(local) == 0 || local[0].Dim != fast || local[0].Stride != 1 {
		return 0
	}
	n := f.Vector(a, 16)
	for n > 1 && local[0].Radix%n != 0 {
		n /= 2
	}
	if n*a.Tensor.Elem.Bits() < 64 {
		return 0
	}
	return n
}
