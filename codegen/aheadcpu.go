package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// Reading ahead on a CPU. A loop that adds up dots of tiles has two kinds of work in turn: tiles are brought into order, which waits
// for memory and the third cache, and multiplied, which waits for arithmetic. The processor looks too few instructions ahead to do both
// at once, so the multiplication asks for the lines of the tiles that the next iteration loads, a few at each of its steps.

// lineBytes is the unit that caches hold.
const lineBytes = 64

// ahead is the part of a tensor that the next iteration of a loop loads. There may be no such part, or only one beyond the tensor: then
// nothing is read.
type ahead struct {
	first       node // address of its first line
	pitch       node // bytes from row to row, I64
	rows, lines int  // rows, and lines of a row
}

// ahead describes what the next iteration loads in place of the tile of a load, or gives nil: where the load is not in a loop along one of
// its offsets, or the tile has no rows of whole lines.
func (lo *lowerer) ahead(o *ir.Op, a *access, t *tile) *ahead {
	f := lo.owner[lo.home[o]]
	e, whole := memory(a.elem)
	if f == nil || f.Code != ir.OpFor || !whole || a.Index != nil || t.mixed || t.t.Rank() != 2 || len(a.Dims) != 2 {
		return nil
	}
	tensor := o.Args[0].Type
	row, col := a.Dims[0], a.Dims[1]
	if t.t.Shape[1]*e.Size()%lineBytes != 0 || row >= col || col != len(tensor.Dims)-1 {
		return nil
	}
	along := -1
	for d, off := range a.Offsets {
		if off != f.Regions[0].Args[0] {
			continue
		}
		if along >= 0 {
			return nil
		}
		along = d
	}
	if along < 0 {
		return nil
	}
	b := lo.b
	bytes := func(d int) node { return b.Bin(thread.Mul, lo.stride(tensor, d), b.Int(thread.I64, int64(e.Size()))) }
	step := b.Conv(lo.scalar(f.Args[2]), thread.I64, false)
	return &ahead{first: b.PtrAdd(a.first, b.Bin(thread.Mul, step, bytes(along))), pitch: bytes(row), rows: t.t.Shape[0], lines: t.t.Shape[1] * e.Size() / lineBytes}
}

// readAhead finds what comes next for an operand of a dot, below casts and transpositions.
func (lo *lowerer) readAhead(v *ir.Value) *ahead {
	for v.Def != nil && (v.Def.Code == ir.OpCast || v.Def.Code == ir.OpTranspose) {
		v = v.Def.Args[0]
	}
	if t := lo.tiles[v]; t != nil {
		return t.ahead
	}
	return nil
}

// most is the number of lines of one operand that a step asks for at most: with more to read than that, memory is what the loop waits for,
// and asking early does not help.
const most = 2

// spread shares lines among n steps: step at asks for share lines from at·mul/div on. All are asked for, and none beyond.
func spread(lines, n int) (mul, div, share int) {
	g := lines
	for r := n; r != 0; {
		g, r = r, g%r
	}
	return lines / g, n / g, (lines + n - 1) / n
}

// ask asks for the share of step at, of n, of the lines ahead.
func (lo *lowerer) ask(h *ahead, at node, n int) {
	b := lo.b
	mul, div, share := spread(h.rows*h.lines, n)
	if share > most || n*mul > math.MaxInt32 {
		return
	}
	first := b.BinU(thread.Div, b.Bin(thread.Mul, at, b.I32(mul)), b.I32(div))
	for i := range share {
		line := b.Bin(thread.Add, first, b.I32(i))
		row, col := b.BinU(thread.Div, line, b.I32(h.lines)), b.BinU(thread.Rem, line, b.I32(h.lines))
		off := b.Bin(thread.Add, b.Bin(thread.Mul, b.Conv(row, thread.I64, false), h.pitch), b.Conv(b.Bin(thread.Mul, col, b.I32(lineBytes)), thread.I64, false))
		b.Effect(thread.Prefetch, 0, b.PtrAdd(h.first, off))
	}
}
