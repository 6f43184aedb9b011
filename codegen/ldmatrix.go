package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
)

// matrices reads a tile of 16-bit elements with ldmatrix when its layout consists of 8×8 matrices: four, two or one at a
// time, each lane giving the address of one row.
func (lo *lowerer) matrices(buf *buffer, base node, t *tile) bool {
	if _, ok := memory(buf.elem); !ok || !lo.t.GPU {
		return false
	}
	q, n, trans, ok := buf.rows().Matrices(t.l)
	if !ok {
		return false
	}
	lo.ldmatrix(buf, base, t, q, n, trans)
	return true
}

// rows is the buffer's geometry.
func (buf *buffer) rows() passes.Rows {
	return passes.Rows{Shape: buf.shape, Pitch: buf.pitch, Size: buf.size, Slot: buf.slot, Swizzle: buf.swizzle, Panels: buf.panels}
}

// stored is the inverse for a tile that is held in an array, where the target has stmatrix.
func (lo *lowerer) stored(buf *buffer, base node, t *tile) bool {
	if _, ok := memory(buf.elem); !ok || !lo.t.HasMatrixStores() || lo.first(t.l) != nil {
		return false
	}
	q, n, trans, ok := buf.rows().Matrices(t.l)
	if !ok || trans {
		return false
	}
	v := lo.hold(t)
	lo.eachMatrices(buf, base, t, q, n, func(args []node) {
		lo.b.Emit(&thread.Node{Op: thread.Stmatrix, Imm: int64(n), Args: args, Var: v})
	})
	return true
}

func (lo *lowerer) ldmatrix(buf *buffer, base node, t *tile, q layout.Layout, n int, trans bool) {
	v := lo.b.NewVar("m", register(buf.elem), t.locals())
	kind := ""
	if trans {
		kind = "trans"
	}
	lo.eachMatrices(buf, base, t, q, n, func(args []node) {
		lo.b.Emit(&thread.Node{Op: thread.Ldmatrix, Imm: int64(n), Kind: kind, Args: args, Var: v})
	})
	t.v = v
}

// eachMatrices calls f for every n matrices: the address of the row that this lane gives, and the index of each matrix in
// the tile's array.
func (lo *lowerer) eachMatrices(buf *buffer, base node, t *tile, q layout.Layout, n int, f func(args []node)) {
	b := lo.b
	_, qd, _ := q.Digits()
	lane := b.Bin(thread.And, lo.threadDigit(1, lo.f.Threads, lo.f.Threads), b.I32(31))
	row := b.Bin(thread.And, lane, b.I32(7))
	which := b.BinU(thread.Shr, lane, b.I32(3)) // the matrix whose row this lane addresses
	if n < 4 {
		which = b.Bin(thread.And, which, b.I32(n-1))
	}
	b.Local(q.Locals()/n, func(g node) {
		m := b.Bin(thread.Add, b.Bin(thread.Mul, g, b.I32(n)), which)
		ix := lo.split(m, qd)
		c := [2]node{lo.warpCoord(q, 0), lo.warpCoord(q, 1)}
		for i, d := range qd {
			if d.Dim >= 0 {
				c[d.Dim] = b.Bin(thread.Add, c[d.Dim], b.Bin(thread.Mul, ix[i].x, b.I32(8*d.Stride)))
			}
		}
		// A row of a matrix in memory is 8 elements along the last axis; lane r of the eight addresses row r.
		c[0] = b.Bin(thread.Add, c[0], row)
		args := []node{lo.locate(buf, base, c[:])}
		for i := range n {
			args = append(args, b.Bin(thread.Mul, b.Bin(thread.Add, b.Bin(thread.Mul, g, b.I32(n)), b.I32(i)), b.I32(2)))
		}
		f(args)
	})
}

// warpCoord is the coordinate along dim of a warp's first matrix; q has the warps as its threads and matrices as elements.
func (lo *lowerer) warpCoord(q layout.Layout, dim int) node {
	digits, _, _ := q.Digits()
	sum, weight := lo.b.I32(0), 32
	for _, d := range digits {
		if d.Dim == dim {
			sum = lo.b.Bin(thread.Add, sum, lo.b.Bin(thread.Mul, lo.threadDigit(weight, d.Radix, 32*q.Threads()), lo.b.I32(8*d.Stride)))
		}
		weight *= d.Radix
	}
	return sum
}
