package codegen

import (
	"fmt"

	"github.com/girih-lang/girih/codegen/thread"
)

// grid runs body for the place of a block on the grid, or, in a persistent kernel, for one place after the other: as many further on
// each time as blocks were launched, which may be any number.
func (lo *lowerer) grid(body func()) {
	b := lo.b
	if !lo.t.GPU { // threads take blocks as they become free, in their order
		for axis := range lo.program {
			lo.program[axis] = func() node { return lo.blockID(axis) }
		}
		body()
		return
	}
	if !lo.k.Persistent {
		for axis := range lo.program {
			lo.program[axis] = func() node { return lo.blockID(axis) }
		}
		if lo.k.Band > 0 {
			var x, y node
			b.In(lo.entry, func() {
				x, y = lo.banded(b.Bin(thread.Add, lo.blockID(0), b.Bin(thread.Mul, lo.blockID(1), lo.extent(0))))
			})
			lo.program[0], lo.program[1] = func() node { return x }, func() node { return y }
		}
		body()
		return
	}
	lo.f.Persistent = true
	var first, blocks node // wherever they lie
	b.In(lo.entry, func() {
		first, blocks = lo.blockID(2), lo.blocks(2)
		for axis := 1; axis >= 0; axis-- {
			n := lo.blocks(axis)
			first, blocks = b.Bin(thread.Add, lo.blockID(axis), b.Bin(thread.Mul, first, n)), b.Bin(thread.Mul, blocks, n)
		}
	})
	plane := lo.once(lo.coords, "plane", func() node { return b.Bin(thread.Mul, lo.extent(0), lo.extent(1)) })
	places := lo.once(lo.coords, "places", func() node { return b.Bin(thread.Mul, plane, lo.extent(2)) })
	b.For(first, places, blocks, func(i node) {
		z := b.I32(0)
		if len(lo.k.Grid) > 2 {
			z = b.BinU(thread.Div, i, plane)
			i = b.Bin(thread.Sub, i, b.Bin(thread.Mul, z, plane))
		}
		var x, y node
		switch {
		case lo.k.Band > 0:
			x, y = lo.banded(i)
		case len(lo.k.Grid) > 1:
			y = b.BinU(thread.Div, i, lo.extent(0))
			x = b.Bin(thread.Sub, i, b.Bin(thread.Mul, y, lo.extent(0)))
		default:
			x, y = i, b.I32(0)
		}
		for axis, n := range []node{x, y, z} {
			lo.program[axis] = func() node { return n }
		}
		body()
		if !lo.summed { // the next place uses the same shared memory
			b.Effect(thread.Barrier, 0)
		}
	})
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
	return lo.once(lo.coords, fmt.Sprint(op, axis), func() node {
		n := lo.b.Emit(&thread.Node{Op: op, Type: thread.Scalar(thread.I32), Imm: int64(axis)})
		if axis == 0 {
			n = lo.b.BinU(thread.Div, n, lo.b.I32(max(lo.k.Cluster, 1)))
		}
		return n
	})
}

// banded is place number i along axes 0 and 1, where Band tiles of axis 1 are covered before axis 0 goes on.
func (lo *lowerer) banded(i node) (x, y node) {
	b, width := lo.b, lo.b.I32(lo.k.Band)
	band := b.BinU(thread.Div, i, b.Bin(thread.Mul, width, lo.extent(0)))
	first := b.Bin(thread.Mul, band, width)
	rows := b.Bin(thread.Min, width, b.Bin(thread.Sub, lo.extent(1), first)) // of the last band
	i = b.Bin(thread.Sub, i, b.Bin(thread.Mul, first, lo.extent(0)))
	x = b.BinU(thread.Div, i, rows)
	return x, b.Bin(thread.Add, first, b.Bin(thread.Sub, i, b.Bin(thread.Mul, x, rows)))
}
