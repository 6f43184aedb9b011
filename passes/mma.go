package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
)

// Mma says how a dot runs on the matrix units: the form of the instruction and the layouts of its operands. They follow
// from the accumulator's layout C = Q·c for the fragment c of one instruction: A repeats along N, B along M.
type Mma struct {
	Kind    string // thread.MmaForms
	A, B, C *layout.Layout
	K       int // depth of one instruction
}

// mmaKind is the instruction form for an element type, with the depth of one instruction, or "".
func mmaKind(t dtype.Type) (kind string, depth int) {
	switch t {
	case dtype.F16:
		return "f16", 16
	case dtype.BF16:
		return "bf16", 16
	case dtype.I8:
		return "s8", 32
	case dtype.U8:
		return "u8", 32
	}
	return "", 0
}

// Fragments of one instruction for 32 lanes (PTX ISA, matrix fragments for mma.m16n8k16 and m16n8k32). bytes is the size
// of an element: a lane holds four bytes of neighbours along K.
func fragments(bytes int) (a, b, c layout.Layout) {
	v := 4 / bytes
	a = layout.ColumnLocal(2, 2).Spatial(8, 4).Local(1, v)
	b = layout.Local(2, 1).ColumnSpatial(4, 8).Local(v, 1)
	c = layout.Local(2, 1).Spatial(8, 4).Local(1, 2)
	return a, b, c
}

// MmaOf gives the form and layouts of a dot whose accumulator has layout c (nil lets it choose), or nil when the matrix
// units cannot run it: then the dot runs as multiply-adds.
func MmaOf(o *ir.Op, warps int, c *layout.Layout) *Mma {
	a, b := o.Args[0].Type, o.Args[1].Type
	kind, depth := mmaKind(a.Elem)
	m, n, k := a.Shape[0], b.Shape[1], a.Shape[1]
	if kind == "" || m%16 != 0 || n%8 != 0 || k%depth != 0 {
		return nil
	}
	fa, fb, fc := fragments(a.Elem.Bits() / 8)
	var q layout.Layout
	if c == nil {
		q = warpGrid(m, n, warps)
	} else {
		var err error
		if q, err = c.DivideRight(fc); err != nil {
			return nil
		}
	}
	rk := k / depth
	qa, err := q.Reduce(true, 1)
	if err != nil {
		return nil
	}
	qb, err := q.Reduce(true, 0)
	if err != nil {
		return nil
	}
	la, lb, lc := mul(qa.Local(1, rk), fa), mul(qb.Local(rk, 1), fb), mul(q, fc)
	return &Mma{Kind: kind, K: depth, A: &la, B: &lb, C: &lc}
}

// warpGrid arranges warps over an m×n accumulator of 16×8 fragments so that they load the fewest operand elements; warps
// that find nothing to do hold copies.
func warpGrid(m, n, warps int) layout.Layout {
	bestM, bestN, cost := 1, 1, 1<<30
	for wm := 1; wm <= warps; wm *= 2 {
		for wn := 1; wm*wn <= warps; wn *= 2 {
			if (m/16)%wm != 0 || (n/8)%wn != 0 {
				continue
			}
			c := (m/wm+n/wn)*64 + 1024*(warps/(wm*wn)) // idle warps cost more than any imbalance
			if c < cost || c == cost && wn > bestN {
				bestM, bestN, cost = wm, wn, c
			}
		}
	}
	q := layout.Spatial(bestM, bestN).Local(m/16/bestM, n/8/bestN)
	if idle := warps / (bestM * bestN); idle > 1 {
		q = mul(layout.Replicate(idle), q)
	}
	return q
}
