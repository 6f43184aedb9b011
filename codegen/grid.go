package codegen

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/codegen/thread"
)

// grid runs body for the place of a block on the grid, or, in a persistent kernel, for one place after the other: as many further on
// each time as blocks were launched, which may be any number.
func (lo *lowerer) grid(body func()) {
	b := lo.b
	for axis := range lo.program {
		lo.program[axis] = func() node { return lo.blockID(axis) }
	}
	switch {
	case !lo.t.GPU: // threads take blocks as they become free, in their order
	case lo.k.Persistent:
		lo.persistent(body)
		return
	case lo.k.Band > 0:
		b.In(lo.entry, func() {
			x, y := lo.banded(b.Bin(thread.Add, lo.blockID(0), b.Bin(thread.Mul, lo.blockID(1), lo.extent(0))))
			lo.program[0], lo.program[1] = func() node { return x }, func() node { return y }
		})
	}
	body()
}

func (lo *lowerer) persistent(body func()) {
	b := lo.b
	lo.f.Persistent = true
	var first, blocks, plane, places node
	b.In(lo.entry, func() {
		first, blocks = lo.blockID(2), lo.blocks(2) // wherever the blocks lie
		for axis := 1; axis >= 0; axis-- {
			n := lo.blocks(axis)
			first, blocks = b.Bin(thread.Add, lo.blockID(axis), b.Bin(thread.Mul, first, n)), b.Bin(thread.Mul, blocks, n)
		}
		plane = b.Bin(thread.Mul, lo.extent(0), lo.extent(1))
		places = b.Bin(thread.Mul, plane, lo.extent(2))
	})
	b.For(first, places, blocks, func(i node) {
		for axis, n := range lo.placeOf(i, plane) {
			lo.program[axis] = func() node { return n }
			lo.programAhead[axis] = func() node {
				// Compilers take nothing out of a loop that depends on a shuffle: it would be held in registers there.
				next := lo.once("next place", func() node {
					return b.Emit(&thread.Node{Op: thread.Shfl, Type: thread.Scalar(thread.I32), Args: []node{b.Bin(thread.Add, i, blocks), b.I32(0)}})
				})
				return lo.placeOf(next, plane)[axis]
			}
		}
		lo.turn = func() node { return b.BinU(thread.Div, b.Bin(thread.Sub, i, first), blocks) }
		lo.turnsLeft = func() node {
			return b.BinU(thread.Div, b.Bin(thread.Sub, b.Bin(thread.Sub, places, b.I32(1)), i), blocks)
		}
		lo.anew(body)
		if !lo.summed { // the next place uses the same shared memory
			b.Effect(thread.Barrier, 0)
		}
	})
}

// anew lets what f lowers find the coordinates of its tiles for itself: what follows a loop of a persistent kernel, and what runs seldom. On entry
// they would be computed once for all places, and held in registers through the loop. The thread's number comes out of a shuffle, so that
// compilers do not see that it is the same.
func (lo *lowerer) anew(f func()) {
	b := lo.b
	entry, coords, at, n := lo.entry, lo.coords, b.Block, len(b.Block.Nodes)
	lo.entry, lo.coords = &thread.Block{}, map[string]node{}
	b.In(lo.entry, func() {
		tid := b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)})
		lane := b.BinU(thread.Rem, tid, b.I32(32))
		lo.coords["tid"] = b.Emit(&thread.Node{Op: thread.Shfl, Type: thread.Scalar(thread.I32), Args: []node{tid, lane}})
	})
	f()
	at.Nodes = slices.Insert(at.Nodes, n, lo.entry.Nodes...)
	lo.entry, lo.coords = entry, coords
}

// placeOf is place number i of the grid, along each axis.
func (lo *lowerer) placeOf(i, plane node) [3]node {
	b := lo.b
	x, y, z := i, b.I32(0), b.I32(0)
	if len(lo.k.Grid) > 2 {
		z = b.BinU(thread.Div, i, plane)
		x = b.Bin(thread.Sub, i, b.Bin(thread.Mul, z, plane))
	}
	switch {
	case lo.k.Band > 0:
		x, y = lo.banded(x)
	case len(lo.k.Grid) > 1:
		i := x
		y = b.BinU(thread.Div, i, lo.extent(0))
		x = b.Bin(thread.Sub, i, b.Bin(thread.Mul, y, lo.extent(0)))
	}
	return [3]node{x, y, z}
}

// banded is place number i along axes 0 and 1, where Band tiles of axis 1 are covered before axis 0 goes on.
func (lo *lowerer) banded(i node) (x, y node) {
	b := lo.b
	width := b.Bin(thread.Min, b.I32(lo.k.Band), lo.extent(1)) // so that no product is larger than the number of places
	band := b.BinU(thread.Div, i, b.Bin(thread.Mul, width, lo.extent(0)))
	first := b.Bin(thread.Mul, band, width)
	rows := b.Bin(thread.Min, width, b.Bin(thread.Sub, lo.extent(1), first)) // of the last band
	i = b.Bin(thread.Sub, i, b.Bin(thread.Mul, first, lo.extent(0)))
	x = b.BinU(thread.Div, i, rows)
	return x, b.Bin(thread.Add, first, b.Bin(thread.Sub, i, b.Bin(thread.Mul, x, rows)))
}

// extent is the number of places along an axis of the grid.
func (lo *lowerer) extent(axis int) node {
	if axis >= len(lo.k.Grid) {
		return lo.b.I32(1)
	}
	return lo.expr(lo.k.Grid[axis])
}

// blockID is the number of the block, or of its cluster, along an axis.
func (lo *lowerer) blockID(axis int) node { return lo.launched(thread.BlockID, axis) }

// blocks is the number of blocks, or of clusters, that were launched along an axis.
func (lo *lowerer) blocks(axis int) node { return lo.launched(thread.Blocks, axis) }

func (lo *lowerer) launched(op thread.Op, axis int) node {
	return lo.once(fmt.Sprint(op, axis), func() node {
		n := lo.b.Emit(&thread.Node{Op: op, Type: thread.Scalar(thread.I32), Imm: int64(axis)})
		if axis == 0 {
			n = lo.b.BinU(thread.Div, n, lo.b.I32(max(lo.k.Cluster, 1)))
		}
		return n
	})
}
