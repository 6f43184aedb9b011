package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// through moves a tile through shared memory.
func (lo *lowerer) through(src, dst *tile) {
	buf := lo.temporary(src.t.Shape, src.t.Elem)
	base := lo.slotBase(buf, nil)
	lo.b.Effect(thread.Barrier, 0)
	lo.write(buf, base, src)
	lo.b.Effect(thread.Barrier, 0)
	lo.read(buf, base, dst)
}

// reshaped moves a tile to another shape and layout through shared memory, where both shapes lie in the same row-major order.
func (lo *lowerer) reshaped(src, dst *tile) {
	from, to := plainBuffer(src.t), plainBuffer(dst.t)
	lo.reserve(from.slot)
	base := lo.slotBase(from, nil)
	lo.b.Effect(thread.Barrier, 0)
	lo.write(from, base, src)
	lo.b.Effect(thread.Barrier, 0)
	lo.read(to, base, dst)
}

// plainBuffer is a tile in the scratch space without a gap or a swizzle.
func plainBuffer(t ir.Type) *buffer {
	b := &buffer{shape: t.Shape, elem: t.Elem, size: container(t.Elem).Size(), pitch: make([]int, len(t.Shape)), scratch: true}
	b.slot = b.size
	for i := len(t.Shape) - 1; i >= 0; i-- {
		b.pitch[i] = b.slot
		b.slot *= t.Shape[i]
	}
	return b
}

// exchanged moves a tile through a buffer made for the two layouts, a part at a time where it goes in rounds. The address
// of an access is the XOR of what the thread's number and the local index contribute; where they have no bits in common,
// the local part is a constant offset.
func (lo *lowerer) exchanged(src, dst *tile, x *layout.Exchange) {
	b := lo.b
	e := container(src.t.Elem)
	size := e.Size()
	from := lo.hold(src)
	dst.v = b.NewVar("x", from.Elem, dst.locals())
	lo.reserve(x.Elements * size)
	base := lo.scratchAt(0)
	first := lo.first(src.l)
	side := func(o *layout.ExchangeSide) func(offset int) node {
		mask := 0
		col := make([]int, len(o.Thread))
		for i, c := range o.Thread {
			col[i] = c * size
			mask |= col[i]
		}
		mine := b.PtrAdd(base, lo.linear(col))
		return func(offset int) node {
			if offset *= size; offset&mask == 0 {
				return b.PtrAdd(mine, b.I32(offset))
			}
			return b.PtrAdd(base, b.Bin(thread.Xor, lo.linear(col), b.I32(offset)))
		}
	}
	to, back := side(&x.Src), side(&x.Dst)
	for round := range x.Rounds {
		b.Effect(thread.Barrier, 0)
		offsets, locals := x.Src.Groups(round)
		for g, off := range offsets {
			var xs []node
			for _, l := range locals[g] {
				xs = append(xs, lo.contain(b.Get(from, b.I32(l), 1), src.t.Elem))
			}
			b.Store(to(off), b.Vec(xs...), first, len(xs)*size)
		}
		b.Effect(thread.Barrier, 0)
		offsets, locals = x.Dst.Groups(round)
		for g, off := range offsets {
			y := b.Load(thread.Type{Elem: e, Lanes: x.Dst.Vector}, back(off), nil, x.Dst.Vector*size)
			for k, l := range locals[g] {
				b.Set(dst.v, b.I32(l), lo.uncontain(b.Extract(y, k), src.t.Elem))
			}
		}
	}
}
