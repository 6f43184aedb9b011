package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// Rows in registers. A kernel that holds a whole row looks at it several times, with a reduction over the block in between: to
// keep the row as the 16-bit floats that were loaded takes half the registers of the F32 that are computed with, and widening
// costs one instruction or less. So values that are a widened load, or one sum or product of it and a scalar, are evaluated
// wherever they are used. Compilers would find the evaluations equal and keep the first; that is why a reduction refreshes the
// loaded words.

// light reports such a value: the local array it comes from, and how many operations lead there.
func (lo *lowerer) light(v *ir.Value) (src *tile, ops int) {
	if !lo.t.GPU || v.Def == nil || v.Type.IsScalar() {
		return nil, 0
	}
	switch o := v.Def; o.Code {
	case ir.OpCast:
		x := o.Args[0]
		t := lo.tiles[x]
		if x.Def == nil || x.Def.Code != ir.OpLoad && x.Def.Code != ir.OpLoadShared || t == nil || t.v == nil || t.v.Len < 8 || register(v.Type.Elem) != thread.F32 {
			return nil, 0
		}
		if e := t.v.Elem; e == thread.F16 || e == thread.BF16 {
			return t, 1
		}
	case ir.OpAdd, ir.OpSub, ir.OpMul:
		for i, a := range o.Args {
			b := o.Args[1-i].Def
			if t, n := lo.light(a); n == 1 && b != nil && (b.Code == ir.OpConst || b.Code == ir.OpBroadcast && b.Args[0].Type.IsScalar()) {
				return t, 2
			}
		}
	}
	return nil, 0
}

// refresh replaces the words of loaded tiles by words of the same bits that compilers cannot know to be the same, where light
// values have users behind a reduction: what was widened before need not be kept in registers meanwhile.
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
			if t, n := lo.light(a); n > 0 && lo.home[a.Def] == lo.home[o] && !again[t] {
				again[t] = true
				order = append(order, t)
			}
		}
	}
	if len(order) == 0 {
		return
	}
	warp := lo.threadDigit(32, max(1, lo.f.Threads/32), lo.f.Threads) // the same in all lanes, which neither LLVM nor ptxas knows
	zero := b.Bin(thread.Xor, warp, lo.shuffle(warp, 1))
	for _, t := range order {
		if t.v.Len%2 != 0 {
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
