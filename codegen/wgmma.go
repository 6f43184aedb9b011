package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
)

// dotWgmma multiplies the wide operand, which lies in registers, by the narrow one, which lies in panels in shared memory: the
// fragments and sums of four warps lie in registers as those of four times the instruction of one warp do.
func (lo *lowerer) dotWgmma(o *ir.Op, t *tile, m *passes.Mma) {
	b := lo.b
	wide, x := lo.hold(lo.tiles[o.Args[1]]), lo.tiles[o.Args[0]]
	sum := lo.sum(o, t)
	parts := 1
	if t.t.Rank() == 3 {
		parts = t.t.Shape[0]
	}
	panel := x.shared.shape[0] * 128 // bytes
	base := x.base
	if parts > 1 { // the panels of the part that this warp sums
		wn := lo.k.Warps / parts
		part := lo.threadDigit(32*wn, parts, lo.f.Threads)
		base = b.PtrAdd(base, b.Bin(thread.Mul, part, b.I32(m.Steps/4*panel)))
	}
	n := &thread.Node{Op: thread.Wgmma, Kind: m.Kind, Vars: []*thread.Var{wide, sum}, Rows: m.Wide, Imm: int64(8 * m.Narrow), Args: []node{b.I32(0), b.I32(0)}}
	for s := range m.Steps {
		n.Args = append(n.Args, b.PtrAdd(base, b.I32(s/4*panel+s%4*32)))
	}
	b.Emit(n)
	lo.tiles[o.Result()] = t
}
