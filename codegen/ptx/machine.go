package ptx

import (
	"fmt"
	"strings"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// effect is one PTX statement that orders memory.
func (p *printer) effect(text string, ins ...value.Value) {
	a := llx.Asm{Text: text, Ins: ins, Memory: true}
	a.Emit(p.m, p.cur.ll)
}

// barrier is bar.sync 0: every thread of the block waits, and shared memory is ordered.
func (p *printer) barrier() {
	c := p.intrinsic("llvm.nvvm.barrier.cta.sync.aligned.all", types.Void, llx.I32(0))
	c.FuncAttrs = append(c.FuncAttrs, enum.FuncAttrConvergent)
}

// shuffle prints an exchange among the 32 lanes of a warp, all of which take part: a butterfly, or from a given lane.
func (p *printer) shuffle(n *thread.Node) {
	a := n.Args[0]
	if w := a.Type.Lanes * int(width(a.Type.Elem)); w != 32 || n.Imm < 0 || n.Imm > 31 {
		p.fail("of %s by lane bits %d: expected 32 bits and 0 to 31", a.Type, n.Imm)
	}
	x := p.bitcast(p.partsOf(p.value(a), a.Type)[0], types.I32)
	name, by := "llvm.nvvm.shfl.sync.bfly.i32", value.Value(llx.I32(int(n.Imm)))
	if len(n.Args) > 1 {
		name, by = "llvm.nvvm.shfl.sync.idx.i32", p.arg(n.Args[1])
	}
	r := p.intrinsic(name, types.I32, llx.I32(-1), x, by, llx.I32(31))
	p.vals[n] = p.fromWhole(r, n.Type)
}

// copyAsync prints cp.async: 16 bytes bypass L1 (.cg), 4 and 8 go through it (.ca is their only form). The L2 prefetch size makes
// the memory controller fetch whole lines of what is usually a row.
func (p *printer) copyAsync(n *thread.Node) {
	dst, src := p.addr(n.Args[0]), p.addr(n.Args[1])
	if dst.space != "shared" || src.space != "global" {
		p.fail("from %s to %s: expected from global to shared", src.space, dst.space)
	}
	op := "cp.async.ca.shared.global.L2::128B"
	switch n.Imm {
	case 4, 8:
	case 16:
		op = "cp.async.cg.shared.global.L2::128B"
	default:
		p.fail("of %d bytes: expected 4, 8 or 16", n.Imm)
	}
	text := fmt.Sprintf("%s %s, %s, %d", op, dst.at(0), src.at(1), n.Imm)
	ins := []value.Value{dst.base, src.base}
	if bytes := p.value(n.Args[2]); !bytes.konst || bytes.k != n.Imm {
		text += ", $2"
		ins = append(ins, p.scalarOf(bytes, thread.I32))
	}
	p.effect(text+";", ins...)
}

func (p *printer) waitGroups(n int64) {
	if n == 0 {
		p.effect("cp.async.wait_all;")
		return
	}
	p.effect(fmt.Sprintf("cp.async.wait_group %d;", n))
}

// loadCluster reads a float from the shared memory of another block of the cluster (PTX ISA, mapa and ld.shared::cluster).
func (p *printer) loadCluster(n *thread.Node) value.Value {
	a := p.addr(n.Args[0])
	if a.space != "shared" || n.Type != thread.Scalar(thread.F32) {
		p.fail("of %s from %s memory", n.Type, a.space)
	}
	at := p.emit(ir.NewPtrToInt(p.pointer(a), types.I32))
	call := llx.Asm{Outs: []types.Type{types.Float}, Ins: []value.Value{at, p.arg(n.Args[1])}, Memory: true}
	call.Text = "{ .reg .b32 at;\nmapa.shared::cluster.u32 at, $1, $2;\nld.shared::cluster.f32 $0, [at]; }"
	return call.Emit(p.m, p.cur.ll)[0]
}

// ldmatrix prints ldmatrix.m8n8: LLVM's intrinsic, because LLVM knows that it only reads and what it reads.
func (p *printer) ldmatrix(n *thread.Node) {
	if n.Imm != 1 && n.Imm != 2 && n.Imm != 4 {
		p.fail("of %d matrices: expected 1, 2 or 4", n.Imm)
	}
	a := p.addr(n.Args[0])
	if a.space != "shared" {
		p.fail("from %s memory", a.space)
	}
	name := fmt.Sprintf("llvm.nvvm.ldmatrix.sync.aligned.m8n8.x%d", n.Imm)
	switch n.Kind {
	case "":
	case "trans":
		name += ".trans"
	default:
		p.fail("of kind %q: expected none or trans", n.Kind)
	}
	words := make([]types.Type, n.Imm)
	for i := range words {
		words[i] = types.I32
	}
	var ret types.Type = types.I32
	if n.Imm > 1 {
		ret = types.NewStruct(words...)
	}
	call := p.intrinsic(name+".b16.p3", ret, p.pointer(a))
	lanes := 4 / n.Var.Elem.Size() // of a 32-bit word; a Var of I32 holds it whole
	t := thread.Type{Elem: n.Var.Elem, Lanes: lanes}
	for i := range int(n.Imm) {
		var w value.Value = call
		if n.Imm > 1 {
			w = p.emit(ir.NewExtractValue(call, uint64(i)))
		}
		p.set(n.Var, p.index(n.Var, n.Args[1+i], lanes), p.fromWhole(w, t), lanes)
	}
}

// stmatrix prints stmatrix.m8n8 of sm_90.
func (p *printer) stmatrix(n *thread.Node) {
	if n.Imm != 1 && n.Imm != 2 && n.Imm != 4 {
		p.fail("of %d matrices: expected 1, 2 or 4", n.Imm)
	}
	a := p.addr(n.Args[0])
	if a.space != "shared" {
		p.fail("to %s memory", a.space)
	}
	ins := []value.Value{a.base}
	for i := range int(n.Imm) {
		ins = append(ins, p.words(n.Var, n.Args[1+i], 4/n.Var.Elem.Size())...)
	}
	call := llx.Asm{Ins: ins, Memory: true, Convergent: true}
	call.Text = fmt.Sprintf("stmatrix.sync.aligned.m8n8.x%d.shared.b16 %s, %s;", n.Imm, a.at(0), braces(1, int(n.Imm)))
	call.Emit(p.m, p.cur.ll)
}

// mma prints a warp-wide matrix product: inline PTX without side effects, so that LLVM may schedule it, and convergent, so that no
// pass makes it conditional.
func (p *printer) mma(n *thread.Node) {
	form, ok := thread.MmaForms[n.Kind]
	if !ok {
		p.fail("form %q is not in the table of forms", n.Kind)
	}
	a := p.words(n.Vars[0], n.Args[0], form.A)
	b := p.words(n.Vars[1], n.Args[1], form.B)
	acc := n.Vars[2]
	at := p.index(acc, n.Args[2], form.C)
	c := p.get(acc, at, form.C)
	t := thread.Type{Elem: form.Acc, Lanes: form.C}
	if acc.Elem != form.Acc {
		p.fail("array %s holds %s, the form %q accumulates %s", acc, acc.Elem, n.Kind, form.Acc)
	}
	outs := make([]types.Type, form.C)
	for i := range outs {
		outs[i] = scalar(form.Acc)
	}
	ins := append(append(append([]value.Value{}, a...), b...), p.partsOf(c, t)...)
	i := form.C
	text := []string{list(0, i), braces(i, len(a)), braces(i+len(a), len(b)), braces(i+len(a)+len(b), form.C)}
	call := llx.Asm{Text: form.Name + " " + strings.Join(text, ", ") + ";", Outs: outs, Ins: ins, Pure: true, Convergent: true}
	p.set(acc, at, val{parts: call.Emit(p.m, p.cur.ll)}, form.C)
}

// braces is list, with braces for a single register too, as mma wants its operands.
func braces(i, n int) string {
	if n == 1 {
		return "{" + list(i, 1) + "}"
	}
	return list(i, n)
}

// words reads n elements of a fragment as 32-bit registers.
func (p *printer) words(v *thread.Var, index *thread.Node, n int) []value.Value {
	parts := p.partsOf(p.get(v, p.index(v, index, n), n), thread.Type{Elem: v.Elem, Lanes: n})
	w := make([]value.Value, len(parts))
	for i, x := range parts {
		if llx.Bits(x.Type()) != 32 {
			p.fail("fragment %s: %d elements of %s do not fill registers of 32 bits", v, n, v.Elem)
		}
		w[i] = p.bitcast(x, types.I32)
	}
	return w
}
