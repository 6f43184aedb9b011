package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/layout"
)

// matrix8 is the share of 32 lanes in an 8×8 matrix of 16-bit elements as ldmatrix gives it (PTX ISA, ldmatrix), plain and
// transposed.
var matrix8 = [2]layout.Layout{layout.Spatial(8, 4).Local(1, 2), layout.ColumnSpatial(4, 8).Local(2, 1)}

// matrices reads a tile of 16-bit elements with ldmatrix when its layout consists of 8×8 matrices: four, two or one at a
// time, each lane giving the address of one row.
func (lo *lowerer) matrices(buf *buffer, base node, t *tile) bool {
	if !lo.t.GPU || buf.size != 2 || len(buf.shape) != 2 || buf.pitch[0]%16 != 0 {
		return false
	}
	if _, ok := memory(buf.elem); !ok || (t.padded(0) || t.padded(1)) {
		return false
	}
	for trans := range 2 {
		q, err := t.l.DivideRight(matrix8[trans])
		if err != nil {
			continue
		}
		_, qd, ok := q.Digits()
		if !ok {
			continue
		}
		n := 1
		for n < 4 && q.Locals()%(2*n) == 0 {
			n *= 2
		}
		lo.ldmatrix(buf, base, t, q, qd, n, trans == 1)
		return true
	}
	return false
}

func (lo *lowerer) ldmatrix(buf *buffer, base node, t *tile, q layout.Layout, qd []layout.Digit, n int, trans bool) {
	b := lo.b
	v := b.NewVar("m", register(buf.elem), t.locals())
	lane := b.Bin(thread.And, lo.threadDigit(1, lo.f.Threads, lo.f.Threads), b.I32(31))
	row := b.Bin(thread.And, lane, b.I32(7))
	which := b.BinU(thread.Shr, lane, b.I32(3)) // the matrix whose row this lane addresses
	if n < 4 {
		which = b.Bin(thread.And, which, b.I32(n-1))
	}
	// Thread digits of q are the warps: those of the whole layout above the 32 lanes.
	warp := func(dim int) node { return lo.warpCoord(t.l, dim, buf, trans) }
	lo.b.Local(q.Locals()/n, func(g node) {
		m := b.Bin(thread.Add, b.Bin(thread.Mul, g, b.I32(n)), which)
		ix := lo.split(m, qd)
		c := [2]node{warp(0), warp(1)}
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
		kind := ""
		if trans {
			kind = "trans"
		}
		b.Emit(&thread.Node{Op: thread.Ldmatrix, Imm: int64(n), Kind: kind, Args: args, Var: v})
	})
	t.v = v
}

// warpCoord is the coordinate that the digits of the thread number above the lane contribute.
func (lo *lowerer) warpCoord(l *layout.Layout, dim int, _ *buffer, _ bool) node {
	digits, _, _ := l.Digits()
	sum, weight := lo.b.I32(0), 1
	for _, d := range digits {
		if weight >= 32 && d.Dim == dim {
			sum = lo.b.Bin(thread.Add, sum, lo.b.Bin(thread.Mul, lo.threadDigit(weight, d.Radix, l.Threads()), lo.b.I32(d.Stride)))
		}
		weight *= d.Radix
	}
	return sum
}
