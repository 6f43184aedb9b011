package ptx

import (
	"fmt"
	"strings"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// Fields of the descriptor of a matrix in shared memory (PTX ISA, "Matrix Descriptor Format" of wgmma): the address and the
// strides count 16 bytes. K-major with 128-byte swizzling the leading stride is not used; eight rows of 128 bytes lie
// 1024 bytes from the next eight.
const (
	descriptorLead    = 1 << 16
	descriptorStride  = 1024 >> 4 << 32
	descriptorSwizzle = 1 << 62
)

// wgmma prints the matrix products of a warpgroup as one piece of inline PTX that begins with the fence and ends with the wait:
// nothing can come between, so that the registers of the operands and sums are nobody else's while the products run. What
// keeps the tensor cores busy meanwhile are other warpgroups.
func (p *printer) wgmma(n *thread.Node) {
	if p.t.CPU != "sm_90a" {
		p.fail("%s has no wgmma", p.t.CPU)
	}
	form, cols, steps := thread.MmaForms[n.Kind], int(n.Imm), len(n.Args)-2
	if cols%8 != 0 || cols < 8 || cols > 256 || form.In != thread.F16 && form.In != thread.BF16 {
		p.fail("of %d columns of kind %q", cols, n.Kind)
	}
	acc := n.Vars[1]
	per := cols / 2 // sums of a lane for 64 rows
	at := p.index(acc, n.Args[1], n.Rows*per)
	sums := p.partsOf(p.get(acc, at, n.Rows*per), thread.Type{Elem: thread.F32, Lanes: n.Rows * per})
	a := p.words(n.Vars[0], n.Args[0], n.Rows*steps*8)
	outs := make([]types.Type, len(sums))
	for i := range outs {
		outs[i] = types.Float
	}
	call := llx.Asm{Outs: outs, Tied: sums, Ins: append([]value.Value{}, a...), Memory: true, Convergent: true}
	first := call.In()
	for _, x := range n.Args[2:] {
		call.Ins = append(call.Ins, p.descriptor(x))
	}
	var text strings.Builder
	text.WriteString("wgmma.fence.sync.aligned;\n")
	name := strings.TrimPrefix(form.Name[strings.Index(form.Name, ".f32"):], ".")
	name = name[:strings.LastIndex(name, ".")]
	for s := range steps {
		for r := range n.Rows {
			fmt.Fprintf(&text, "wgmma.mma_async.sync.aligned.m64n%dk16.%s %s, %s, $%d, 1, 1, 1, 0;\n",
				cols, name, list(r*per, per), list(first+(r*steps+s)*4, 4), first+len(a)+s)
		}
	}
	text.WriteString("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;")
	call.Text = text.String()
	p.set(acc, at, val{parts: call.Emit(p.m, p.cur.ll)}, n.Rows*per)
}

// descriptor is the matrix descriptor for an address in shared memory.
func (p *printer) descriptor(n *thread.Node) value.Value {
	a := p.addr(n)
	if a.space != "shared" {
		p.fail("of a matrix in %s memory", a.space)
	}
	x := p.emit(ir.NewPtrToInt(p.pointer(a), types.I32))
	x = p.emit(ir.NewLShr(x, llx.I32(4)))
	x = p.emit(ir.NewAnd(x, llx.I32(0x3fff)))
	y := p.emit(ir.NewZExt(x, types.I64))
	return p.emit(ir.NewOr(y, llx.I64(descriptorLead|descriptorStride|descriptorSwizzle)))
}
