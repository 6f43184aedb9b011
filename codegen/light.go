package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// Rows in registers. A kernel that holds a whole row looks at it several times, with a reduction over the block in between: to
// keep the row as the 16-bit floats that were loaded, or that a sum was rounded to, takes half the registers of the F32 that
// are computed with, and widening costs one instruction or less. So values that are widened 16-bit floats, or one sum or
// product of such a value and a scalar, are evaluated wherever they are used. Compilers would find the evaluations equal and
// keep the first; that is why a reduction refreshes the words, or has them loaded again.

// light reports such a value: the local arrays it comes from, and how many operations lead there. Where even the F32 of one such
// value would fill the registers, sums and products of two of them are light too.
func (lo *lowerer) light(v *ir.Value) (srcs []*tile, ops int) {
	if !lo.t.GPU || v.Def == nil || v.Type.IsScalar() {
		return nil, 0
	}
	switch o := v.Def; o.Code {
	case ir.OpCast:
		x := o.Args[0]
		t := lo.tiles[x]
		if x.Def == nil || !kept(x.Def) || t == nil || t.v == nil || t.v.Len < 8 || register(v.Type.Elem) != thread.F32 {
			return nil, 0
		}
		if e := t.v.Elem; e == thread.F16 || e == thread.BF16 {
			return []*tile{t}, 1
		}
	case ir.OpAdd, ir.OpSub, ir.OpMul:
		x, n := lo.light(o.Args[0])
		y, m := lo.light(o.Args[1])
		switch {
		case n == 1 && uniformOf(o.Args[1]):
			return x, 2
		case m == 1 && uniformOf(o.Args[0]):
			return y, 2
		case lean(v.Layout) && n > 0 && m > 0 && n+m <= 3:
			return append(x, y...), n + m + 1
		}
	}
	return nil, 0
}

// lean reports layouts of which the F32 alone would fill the registers of a thread of a large block.
func lean(l *layout.Layout) bool { return l.Locals() >= 64 }

// uniformOf reports tiles of one number.
func uniformOf(v *ir.Value) bool {
	d := v.Def
	return d != nil && (d.Code == ir.OpConst || d.Code == ir.OpBroadcast && d.Args[0].Type.IsScalar())
}

// kept reports values that are 16-bit floats in registers: loaded ones, and those that were rounded and are kept for several users.
func kept(o *ir.Op) bool {
	return o.Code == ir.OpLoad || o.Code == ir.OpLoadShared || o.Code == ir.OpCast && o.Args[0].Type.Elem.Bits() > 16
}

// refresh replaces the words of kept tiles by words of the same bits that compilers cannot know to be the same, where light
// values have users behind a reduction: what was widened before need not be kept in registers meanwhile. Words that all blocks
// load need not be kept either, where registers are short: they are stale until reload.
func (lo *lowerer) refresh(o *ir.Op) {
	b := lo.b
	after := false
	again := map[*tile]bool{}
	var order []*tile
	for _, p := range lo.home[o].Ops {
		if p == o {
			after = true
			continue
		}
		if !after {
			continue
		}
		for _, a := range p.Args {
			ts, _ := lo.light(a)
			for _, t := range ts {
				if lo.home[a.Def] == lo.home[o] && !again[t] {
					again[t] = true
					order = append(order, t)
				}
			}
		}
	}
	if len(order) == 0 {
		return
	}
	warp := lo.threadDigit(32, max(1, lo.f.Threads/32), lo.f.Threads) // the same in all lanes, which neither LLVM nor ptxas knows
	zero := b.Bin(thread.Xor, warp, lo.shuffle(warp, 1))
	for _, t := range order {
		switch {
		case t.again != nil && lean(t.l): // all blocks read it: it is in the cache
			lo.stale[t] = zero
			continue
		case t.v.Len%2 != 0:
			continue
		}
		b.Local(t.v.Len/2, func(i node) {
			i = b.Bin(thread.Mul, i, b.I32(2))
			x := b.Get(t.v, i, 2)
			w := b.Bin(thread.Xor, b.Bitcast(x, thread.Scalar(thread.I32)), zero)
			b.Set(t.v, i, b.Bitcast(w, x.Type))
		})
	}
}

// reload loads again what the operands of an operation come from and a reduction made stale: as late as that, so that scalars between
// them have the registers.
func (lo *lowerer) reload(o *ir.Op) {
	if len(lo.stale) == 0 {
		return
	}
	if len(o.Results) == 1 {
		if _, n := lo.light(o.Result()); n > 0 {
			return // nothing is evaluated yet
		}
	}
	for _, a := range o.Args {
		ts, _ := lo.light(a)
		for _, t := range ts {
			if zero := lo.stale[t]; zero != nil {
				delete(lo.stale, t)
				t.again(zero)
			}
		}
	}
}
