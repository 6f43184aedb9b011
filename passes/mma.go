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

	// Swap makes the right operand the wide one of the instruction (its 16 rows are columns of b) and the left operand the
	// narrow one (its 8 columns are rows of a), so that few rows of a are not padded to 16. A thread then holds Wide
	// fragments of b for each of Steps steps along K, and Narrow fragments of a, ordered by fragment, then step.
	Swap                bool
	Wide, Narrow, Steps int

	// Groups is not 0 where the columns of the narrow operand are the digits of one row (pass limbs): the parts of the steps that are
	// summed by themselves. What each has of its own lies as G says.
	Groups int
	G      *layout.Layout
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
	if o.Flag("limbs") {
		return limbed(o, warps)
	}
	if o.Flag("swap") || o.Result().Type.Rank() == 3 {
		parts := 1
		if o.Result().Type.Rank() == 3 {
			parts = o.Result().Type.Shape[0]
		}
		if warps%parts == 0 && swappable(o, warps, parts) {
			// A stack of parts has this layout only; a plain accumulator may have been given another one.
			if m := swapped(o, kind, warps, parts); c == nil || c.Equal(*m.C) || o.Result().Type.Rank() == 3 {
				return m
			}
		}
	}
	if o.Result().Type.Rank() != 2 || kind == "" || m%16 != 0 || n%8 != 0 || k%depth != 0 {
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

// packedOperand reports a tile that comes elementwise from a load whose storage order is ours to choose.
func packedOperand(k *ir.Kernel, v *ir.Value) bool {
	for v.Def != nil {
		o := v.Def
		switch {
		case o.Code == ir.OpLoad:
			p := k.ParamOf(o.Args[0])
			return p != nil && p.Packed
		case o.Code == ir.OpConvert:
			v = o.Args[0]
		case elementwise(o):
			for _, a := range o.Args[1:] {
				if packedOperand(k, a) {
					return true
				}
			}
			v = o.Args[0]
		default:
			return false
		}
	}
	return false
}

// Warpgroups reports that groups of four warps that share a part of K may run a dot as wgmma, and gain by it: an m64nNk16 with n
// below 32 takes no less time than the instructions of single warps (docs/performance-log.md).
func (m *Mma) Warpgroups(o *ir.Op, warps int) bool {
	parts := 1
	if o.Result().Type.Rank() == 3 {
		parts = o.Result().Type.Shape[0]
	}
	rows := o.Args[0].Type.Shape[0]
	return m.Swap && warps/parts%4 == 0 && rows%8 == 0 && rows >= 32 && rows <= 256 && m.Steps%4 == 0
}

// swapped lays a dot out with its right operand as the wide one. Since K is summed, both operands may count it in any
// order: with lane = 4g+c, lane c takes eight consecutive elements (two steps of 16 along K), then the next lane the next
// eight, so that the four lanes of a row of a read 64 consecutive bytes of 16-bit elements. Lane group g holds 2*Wide
// consecutive columns of b. Loads of a, and of anything with one row or column of b, are then vectors, and so are stores of
// the result. Parts of K belong to warps of their own; the accumulator has one slice for each. Where several warps share a
// part, each with columns of its own, a goes through shared memory once for all of them, and lies there for ldmatrix.
func swapped(o *ir.Op, kind string, warps, parts int) *Mma {
	m, n, k := o.Args[0].Type.Shape[0], o.Args[1].Type.Shape[1], o.Args[0].Type.Shape[1]
	wn := warps / parts
	r, j, steps := n/16/wn, ceilDiv(m, 8), k/16/parts // fewer than 8 rows of a are padded
	// From the outermost to the innermost digit; see the fragments of mma.m16n8k16 in the PTX ISA.
	b := layout.Spatial(parts, 1).Spatial(1, wn).Spatial(1, 8).Local(1, r)
	a := layout.Spatial(1, parts).Replicate(wn).Local(j, 1).Spatial(8, 1)
	switch {
	case wn > 1: // several warps read the same part of a, from shared memory: 8×8 matrices as ldmatrix gives them
		b = b.Local(steps, 1).Local(2, 1).Spatial(4, 1).Local(1, 2).Local(2, 1)
		a = a.Local(1, steps).Local(1, 2).Spatial(1, 4).Local(1, 2)
	case steps%2 == 0:
		b = b.Local(steps/2, 1).Spatial(4, 1).Local(2, 1).Local(2, 1).Local(1, 2).Local(2, 1)
		a = a.Local(1, steps/2).Spatial(1, 4).Local(1, 2).Local(1, 2).Local(1, 2)
	default:
		b = b.Local(steps, 1).Spatial(4, 1).Local(2, 1).Local(1, 2).Local(2, 1)
		a = a.Local(1, steps).Spatial(1, 4).Local(1, 2).Local(1, 2)
	}
	var c layout.Layout
	if o.Result().Type.Rank() == 3 {
		c = layout.Spatial(parts, 1, 1).Spatial(1, 1, wn).Spatial(1, 1, 8).Local(1, 1, r).Local(1, j, 1).Spatial(1, 4, 1).Local(1, 1, 2).Local(1, 2, 1)
	} else {
		c = layout.Spatial(1, wn).Spatial(1, 8).Local(1, r).Local(j, 1).Spatial(4, 1).Local(1, 2).Local(2, 1)
	}
	return &Mma{Kind: kind, K: 16, A: &a, B: &b, C: &c, Swap: true, Wide: r, Narrow: j, Steps: steps}
}

// limbed lays out a dot of one row whose digits are the columns of integer matrix instructions (pass limbs): as swapped does, with
// 32 elements along K to a step, in the order of the instruction. Of the 128 elements of the row a lane holds four, which it cuts into
// digits for the whole warp.
func limbed(o *ir.Op, warps int) *Mma {
	n, parts := o.Args[1].Type.Shape[1], o.Args[1].Type.Shape[0]/LimbDepth
	groups := 1
	if len(o.Args) > 3 {
		groups = o.Args[3].Type.Shape[0] / parts
	}
	wn := warps / parts
	r, steps := n/16/wn, LimbDepth/32
	a := layout.Spatial(1, parts).Replicate(wn).Spatial(1, 32).Local(1, 4)
	b := layout.Spatial(parts, 1).Spatial(1, wn).Spatial(1, 8).Local(1, r).Local(steps, 1).Local(2, 1).Spatial(4, 1).Local(1, 2).Local(4, 1)
	sums := func(n int) layout.Layout {
		return layout.Spatial(parts, 1, 1).Local(n, 1, 1).Spatial(1, 1, wn).Spatial(1, 1, 8).Local(1, 1, r).Spatial(1, 4, 1).Local(1, 1, 2)
	}
	c, each := sums(1), sums(groups)
	kind := "s8"
	if w := o.Args[1].Type.Elem; w.IsInt() && !w.IsSigned() {
		kind = "u8s8"
	}
	return &Mma{Kind: kind, K: 32, A: &a, B: &b, C: &c, Swap: true, Wide: r, Narrow: 1, Steps: steps, Groups: groups, G: &each}
}
