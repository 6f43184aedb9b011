package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

func (lo *lowerer) clusterRank() node {
	return lo.once("cluster rank", func() node {
		if lo.k.Cluster <= 1 {
			return lo.b.I32(0)
		}
		return lo.b.Emit(&thread.Node{Op: thread.ClusterRank, Type: thread.Scalar(thread.I32)})
	})
}

// clusterSum adds a tile up over the blocks of a cluster. Every block leaves its part in shared memory; whoever wants an element
// reads all parts of it in the order of the ranks. What follows evaluates only what it stores, and the blocks share the
// stores (byTurn), so that each part is read once.
func (lo *lowerer) clusterSum(o *ir.Op) {
	b := lo.b
	src := lo.tiles[o.Args[0]]
	t := lo.newTile(o.Result())
	if lo.k.Cluster <= 1 {
		t.at = func(ix index, lanes int) node { return lo.get(src, ix, lanes) }
		lo.define(o.Result(), t)
		return
	}
	if lo.looping > 0 || src.t.Elem.Bits() != 32 || !src.t.Elem.IsFloat() {
		lo.fail("G0506", "", "a sum over the cluster of %s inside of a loop or of another type than f32", src.t)
	}
	v := lo.hold(src)
	tid := lo.threadDigit(1, lo.f.Threads, lo.f.Threads)
	lo.beside = lo.beside || lo.inUse > 0
	lo.exchange = max(lo.exchange, 4*v.Len*lo.f.Threads)
	base := b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr)})
	lo.inExchange = append(lo.inExchange, base)
	mine := b.PtrAdd(base, b.Bin(thread.Mul, tid, b.I32(4)))
	at := func(i node) node { return b.PtrAdd(mine, b.Bin(thread.Mul, i, b.I32(4*lo.f.Threads))) }
	b.Effect(thread.Barrier, 0) // the space is that of the buffers
	b.Local(v.Len, func(i node) { b.Store(at(i), b.Get(v, i, 1), nil, 4) })
	b.Effect(thread.ClusterBarrier, 0)
	lo.summed = true
	t.at = func(ix index, lanes int) node {
		return lo.each(ix, lanes, func(ix index) node {
			p := at(lo.flat(ix))
			sum := b.Emit(&thread.Node{Op: thread.LoadCluster, Type: thread.Scalar(thread.F32), Args: []node{p, b.I32(0)}})
			for r := 1; r < lo.k.Cluster; r++ {
				sum = b.Bin(thread.Add, sum, b.Emit(&thread.Node{Op: thread.LoadCluster, Type: thread.Scalar(thread.F32), Args: []node{p, b.I32(r)}}))
			}
			return sum
		})
	}
	lo.define(o.Result(), t)
}

// byTurn runs f for piece number n of what a thread stores: where the blocks of a cluster hold the same, in one of them, the
// next piece and the next warp in the next one.
func (lo *lowerer) byTurn(n node, f func()) {
	c := lo.k.Cluster
	if !lo.summed || c <= 1 {
		f()
		return
	}
	b := lo.b
	turn := lo.once("cluster turn", func() node {
		warp := b.BinU(thread.Div, lo.threadDigit(1, lo.f.Threads, lo.f.Threads), b.I32(32))
		return b.BinU(thread.Rem, b.Bin(thread.Add, lo.clusterRank(), warp), b.I32(c))
	})
	b.If(b.Cmp("eq", turn, b.BinU(thread.Rem, n, b.I32(c)), false), f, nil)
}
