package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
)

// convert moves a tile to another layout, in the way that the plan for the two layouts says: nothing, a renaming of
// registers, shuffles within warps, or shared memory.
func (lo *lowerer) convert(o *ir.Op) {
	src := lo.tiles[o.Args[0]]
	t := lo.newTile(o.Result())
	if !lo.t.GPU {
		t.at = func(ix index, lanes int) node { return lo.get(src, ix, lanes) }
		lo.define(o.Result(), t)
		return
	}
	if src.words != nil {
		lo.unpack(src)
	}
	plan := passes.PlanConversion(src.l, t.l, src.t, lo.t.HasMatrixStores())
	switch plan.Class {
	case layout.None:
		t.v = lo.hold(src)
		t.alias = true
	case layout.Register:
		from := lo.hold(src)
		t.v = lo.b.NewVar("n", from.Elem, len(plan.Rename))
		for i, j := range plan.Rename {
			lo.b.Set(t.v, lo.b.I32(i), lo.b.Get(from, lo.b.I32(j), 1))
		}
	case layout.Shuffle:
		lo.shuffled(src, t, plan.Shuffle)
	default:
		if plan.Exchange != nil {
			lo.exchanged(src, t, plan.Exchange)
		} else {
			lo.through(src, t)
		}
	}
	lo.tiles[o.Result()] = t
}

// words is a value as it goes through a shuffle: one word, or two of 64 bits.
type words struct{ low, high node }

// shuffled carries a tile out by rounds of selects, shuffles and selects.
func (lo *lowerer) shuffled(src, dst *tile, p *layout.ShufflePlan) {
	b := lo.b
	from := lo.hold(src)
	e := from.Elem
	dst.v = b.NewVar("x", e, dst.locals())
	srcPair, dstPair, pairs := p.Pairs()
	// spread puts a zero bit into a register's number where pairs are carried.
	spread := func(r, bit int) int { return r&(1<<bit-1) | r>>bit<<(bit+1) }
	read := map[int]words{}
	get := func(r int) words {
		if w, ok := read[r]; ok {
			return w
		}
		var w words
		if pairs {
			at := spread(r, srcPair)
			x := b.Vec(b.Get(from, b.I32(at), 1), b.Get(from, b.I32(at|1<<srcPair), 1))
			w.low = b.Bitcast(x, thread.Scalar(thread.I32))
		} else {
			w = lo.toWords(b.Get(from, b.I32(r), 1))
		}
		read[r] = w
		return w
	}
	choose := func(mask int, x, y words) words {
		c := lo.parity(mask)
		w := words{low: b.Select(c, x.low, y.low)}
		if x.high != nil {
			w.high = b.Select(c, x.high, y.high)
		}
		return w
	}
	take := func(w words, by int) words {
		one := func(x node) node {
			if x == nil {
				return nil
			}
			n := &thread.Node{Op: thread.Shfl, Type: thread.Scalar(thread.I32), Args: []node{x}, Imm: int64(by)}
			if !p.Butterfly() {
				n.Args, n.Imm = append(n.Args, b.Bin(thread.Xor, lo.linear(p.Lane()), b.I32(by))), 0
			}
			return b.Emit(n)
		}
		return words{one(w.low), one(w.high)}
	}
	for l, w := range layout.RunShuffle(p, get, choose, take) {
		if !pairs {
			b.Set(dst.v, b.I32(l), lo.fromWords(w, e))
			continue
		}
		at := spread(l, dstPair)
		x := b.Bitcast(w.low, thread.Type{Elem: e, Lanes: 2})
		b.Set(dst.v, b.I32(at), b.Extract(x, 0))
		b.Set(dst.v, b.I32(at|1<<dstPair), b.Extract(x, 1))
	}
}

// toWords spells a register's element as words of 32 bits.
func (lo *lowerer) toWords(x node) words {
	b := lo.b
	switch e := x.Type.Elem; e {
	case thread.I32:
		return words{low: x}
	case thread.F32:
		return words{low: b.Bitcast(x, thread.Scalar(thread.I32))}
	case thread.Bool:
		return words{low: b.Conv(x, thread.I32, true)}
	case thread.F16, thread.BF16:
		return words{low: b.Conv(b.Bitcast(x, thread.Scalar(thread.I16)), thread.I32, true)}
	}
	y := b.Bitcast(x, thread.Type{Elem: thread.I32, Lanes: 2})
	return words{b.Extract(y, 0), b.Extract(y, 1)}
}

// fromWords is the inverse of toWords for elements of kind e.
func (lo *lowerer) fromWords(w words, e thread.Elem) node {
	b := lo.b
	switch e {
	case thread.I32:
		return w.low
	case thread.F32:
		return b.Bitcast(w.low, thread.Scalar(e))
	case thread.Bool:
		return b.Cmp("ne", w.low, b.I32(0), false)
	case thread.F16, thread.BF16:
		return b.Bitcast(b.Conv(w.low, thread.I16, true), thread.Scalar(e))
	}
	return b.Bitcast(b.Vec(w.low, w.high), thread.Scalar(e))
}
