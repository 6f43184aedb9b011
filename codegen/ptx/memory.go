package ptx

import (
	"fmt"
	"strings"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/metadata"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// ptrAdd moves an address. Constants are kept apart and end up in the offset field of the instruction. Offsets in shared memory
// stay far below 2^31, so their addition carries nsw.
func (p *printer) ptrAdd(n *thread.Node) {
	a, by := p.value(n.Args[0]), p.value(n.Args[1])
	e := n.Args[1].Type.Elem
	switch {
	case by.konst:
		a.k += by.k
	case n.Type.Elem == thread.Ptr:
		a.v = p.emit(llx.GEP("", types.I8, a.v, by.v))
	default:
		off := by.v
		if e == thread.I64 {
			off = p.emit(ir.NewTrunc(off, types.I32))
		}
		if a.v != nil {
			add := ir.NewAdd(a.v, off)
			add.OverflowFlags = []enum.OverflowFlag{enum.OverflowFlagNSW}
			off = p.emit(add)
		}
		a.v = off
	}
	p.vals[n] = a
}

// addr is an address as LLVM's pointer and a constant number of bytes to add.
type addr struct {
	base  value.Value
	k     int64
	space string // of PTX: global, shared
	ro    bool
}

func (p *printer) addr(n *thread.Node) addr {
	a := p.value(n)
	switch n.Type.Elem {
	case thread.Ptr:
		if a.k != int64(int32(a.k)) { // more than an instruction's offset holds
			a.v, a.k = p.scalarOf(a, thread.Ptr), 0
		}
		return addr{a.v, a.k, "global", a.ro}
	case thread.SharedPtr:
		return addr{p.sharedBase(a.v), a.k, "shared", false}
	}
	p.fail("%s is no address", n.Type)
	return addr{}
}

func (p *printer) sharedBase(off value.Value) value.Value {
	if p.shared == nil {
		p.shared = p.m.SharedVar("girih_shared", 0, 1024)
	}
	if off == nil {
		return p.shared
	}
	if b := p.bases[off]; b != nil {
		return b
	}
	b := p.emit(llx.GEP("", types.I8, p.shared, off))
	p.bases[off] = b
	return b
}

// pointer is the address with its constant added.
func (p *printer) pointer(a addr) value.Value {
	if a.k == 0 {
		return a.base
	}
	return p.emit(llx.GEP("", types.I8, a.base, llx.I64(a.k)))
}

// at spells operand i as an address of inline PTX.
func (a addr) at(i int) string {
	if a.k == 0 {
		return fmt.Sprintf("[$%d]", i)
	}
	return fmt.Sprintf("[$%d+%d]", i, a.k) // ptxas reads "+-16" and no "-16"
}

// memType is how a value lies in memory: Bool as a byte.
func memType(t thread.Type) thread.Type {
	if t.Elem == thread.Bool {
		t.Elem = thread.I8
	}
	return t
}

// predicate classifies an optional predicate: none or true, false, or a value.
func (p *printer) predicate(n *thread.Node, i int) (pred value.Value, never bool) {
	if len(n.Args) <= i {
		return nil, false
	}
	v := p.value(n.Args[i])
	if v.konst {
		return nil, v.k == 0
	}
	return v.v, false
}

func (p *printer) alignment(n *thread.Node) int {
	if n.Imm < 1 || n.Imm&(n.Imm-1) != 0 {
		p.fail("an alignment of %d: expected a power of two", n.Imm)
	}
	return int(n.Imm)
}

// load prints a Load. A plain one is LLVM's, so that LLVM merges and reorders it. One with a predicate or a cache policy is inline
// PTX: a predicated instruction into registers that hold zero before. From tensors that are never written both are free of side
// effects (ld.global.nc) and may move past barriers and stores. What is read ahead of WaitGrid is there to
// be on its way meanwhile: inline PTX with a side effect and without .nc, for both LLVM and ptxas take the others to their users.
func (p *printer) load(n *thread.Node) val {
	t := memType(n.Type)
	align := p.alignment(n)
	pred, never := p.predicate(n, 1)
	a := p.addr(n.Args[0])
	var v val
	switch {
	case never:
		zero := llx.Zero(partType(t))
		if v.v = zero; t.Lanes > 1 {
			v.v = nil
			for range t.Lanes / unit(t.Elem, t.Lanes) {
				v.parts = append(v.parts, zero)
			}
		}
	case pred == nil && (n.Kind != "stream" && !p.ahead || a.space != "global"):
		v = p.plainLoad(t, a, align)
	default:
		v = p.asmLoad(t, a, align, pred, n.Kind == "stream")
	}
	if n.Type.Elem != thread.Bool {
		return v
	}
	s := p.lanesOf(v, t)
	bits := make([]value.Value, len(s))
	for i, x := range s {
		bits[i] = p.emit(llx.ICmp(enum.IPredNE, x, llx.Int(types.I8, 0)))
	}
	return p.join(bits, n.Type)
}

func (p *printer) plainLoad(t thread.Type, a addr, align int) val {
	u := unit(t.Elem, t.Lanes)
	word, n := scalar(t.Elem), t.Lanes
	if u > 1 {
		word, n = types.I32, t.Lanes/u
	}
	l := llx.Load(vec(word, n), p.pointer(a), align)
	if a.ro {
		l.Metadata = append(l.Metadata, p.invariant())
	}
	return p.fromWhole(p.emit(l), t)
}

func (p *printer) invariant() *metadata.Attachment {
	if p.empty == nil {
		p.empty = &metadata.Tuple{MetadataID: -1}
		p.m.MetadataDefs = append(p.m.MetadataDefs, p.empty)
	}
	return &metadata.Attachment{Name: "invariant.load", Node: p.empty}
}

// chunk is one instruction's share of an access: n registers of size bytes at byte off.
type chunk struct{ off, size, n int }

// chunks cuts total bytes into accesses. Each moves at most 16 bytes to registers that hold at most slot bytes.
func chunks(total, slot, align int) []chunk {
	var s []chunk
	size := min(slot, align)
	for off := 0; off < total; {
		n := 1
		for 2*n <= 4 && 2*n*size <= min(16, align) && off+2*n*size <= total && off%(2*n*size) == 0 {
			n *= 2
		}
		s = append(s, chunk{off, size, n})
		off += n * size
	}
	return s
}

func intType(bytes int) types.Type { return types.NewInt(uint64(8 * bytes)) }

// list spells operands i to i+n-1, in braces when there are several.
func list(i, n int) string {
	if n == 1 {
		return fmt.Sprintf("$%d", i)
	}
	s := make([]string, n)
	for j := range s {
		s[j] = fmt.Sprintf("$%d", i+j)
	}
	return "{" + strings.Join(s, ", ") + "}"
}

// width spells the type of an access in PTX: .v4.b32.
func (c chunk) width() string {
	if c.n == 1 {
		return fmt.Sprintf(".b%d", 8*c.size)
	}
	return fmt.Sprintf(".v%d.b%d", c.n, 8*c.size)
}

func (p *printer) asmLoad(t thread.Type, a addr, align int, pred value.Value, stream bool) val {
	pt := partType(t)
	slot := llx.Bits(pt) / 8
	total := t.Lanes * t.Elem.Size()
	slots := make([][]value.Value, total/slot) // integers of each slot's bytes, low first
	for _, c := range chunks(total, slot, align) {
		op := "ld." + a.space
		if a.ro && !p.ahead {
			op += ".nc"
		}
		if stream {
			op += ".L1::no_allocate.L2::256B"
		}
		reg := intType(max(c.size, 2)) // PTX has no 8-bit registers
		outs := make([]types.Type, c.n)
		zeros := make([]value.Value, c.n)
		for i := range outs {
			outs[i], zeros[i] = reg, llx.Zero(reg)
		}
		at := addr{k: a.k + int64(c.off)}
		call := llx.Asm{Outs: outs, Ins: []value.Value{a.base}, Pure: a.ro && !p.ahead, SideEffect: !a.ro || p.ahead}
		if pred == nil {
			call.Text = op + c.width() + " " + list(0, c.n) + ", " + at.at(c.n) + ";"
		} else {
			call.Tied, call.Ins = zeros, append(call.Ins, pred)
			call.Text = fmt.Sprintf("@$%d %s%s %s, %s;", 2*c.n+1, op, c.width(), list(0, c.n), at.at(2*c.n))
		}
		for i, r := range call.Emit(p.m, p.cur.ll) {
			if c.size == 1 {
				r = p.emit(ir.NewTrunc(r, types.I8))
			}
			j := (c.off + i*c.size) / slot
			slots[j] = append(slots[j], r)
		}
	}
	parts := make([]value.Value, len(slots))
	for i, s := range slots {
		parts[i] = p.bitcast(p.concat(s, slot), pt)
	}
	if t.Lanes == 1 {
		return val{v: parts[0]}
	}
	return val{parts: parts}
}

// concat makes an integer of the given bytes from equal pieces, low first.
func (p *printer) concat(s []value.Value, bytes int) value.Value {
	if len(s) == 1 {
		return s[0]
	}
	t := intType(bytes)
	var v value.Value
	for i, x := range s {
		x = p.emit(ir.NewZExt(x, t))
		if i == 0 {
			v = x
			continue
		}
		v = p.emit(ir.NewOr(v, p.emit(ir.NewShl(x, llx.Int(t, int64(i*8*bytes/len(s)))))))
	}
	return v
}

// store prints a Store: LLVM's when there is no predicate, else predicated instructions.
func (p *printer) store(n *thread.Node) {
	align := p.alignment(n)
	x := n.Args[1]
	pred, never := p.predicate(n, 2)
	if never {
		return
	}
	a := p.addr(n.Args[0])
	if a.ro {
		p.fail("writes to a tensor that is declared as input only")
	}
	v, t := p.value(x), x.Type
	if t.Elem == thread.Bool {
		s := p.lanesOf(v, t)
		t = memType(t)
		bytes := make([]value.Value, len(s))
		for i, b := range s {
			bytes[i] = p.emit(ir.NewZExt(b, types.I8))
		}
		v = p.join(bytes, t)
	}
	if pred == nil {
		p.run(llx.Store(p.whole(v, t), p.pointer(a), align))
		return
	}
	parts := p.partsOf(v, t)
	slot := llx.Bits(parts[0].Type()) / 8
	for _, c := range chunks(t.Lanes*t.Elem.Size(), slot, align) {
		regs := make([]value.Value, c.n)
		for i := range regs {
			off := c.off + i*c.size
			r := p.bitcast(parts[off/slot], intType(slot))
			if shift := off % slot; shift > 0 {
				r = p.emit(ir.NewLShr(r, llx.Int(r.Type(), int64(8*shift))))
			}
			if c.size < slot {
				r = p.emit(ir.NewTrunc(r, intType(c.size)))
			}
			if c.size == 1 {
				r = p.emit(ir.NewZExt(r, types.I16))
			}
			regs[i] = r
		}
		at := addr{k: a.k + int64(c.off)}
		call := llx.Asm{Ins: append(regs, a.base, pred), Memory: true}
		call.Text = fmt.Sprintf("@$%d st.%s%s %s, %s;", c.n+1, a.space, c.width(), at.at(c.n), list(0, c.n))
		call.Emit(p.m, p.cur.ll)
	}
}

// atomic prints an atomic without a result (PTX red), device-wide and relaxed.
func (p *printer) atomic(n *thread.Node) {
	pred, never := p.predicate(n, 2)
	if never {
		return
	}
	a := p.addr(n.Args[0])
	if a.ro {
		p.fail("writes to a tensor that is declared as input only")
	}
	op := "or"
	if n.Op == thread.AtomicAnd {
		op = "and"
	}
	call := llx.Asm{Ins: []value.Value{a.base, p.arg(n.Args[1])}, Memory: true}
	if pred != nil {
		call.Ins = append(call.Ins, pred)
		call.Text = "@$2 "
	}
	call.Text += fmt.Sprintf("red.relaxed.gpu.%s.%s.b32 %s, $1;", a.space, op, a.at(0))
	call.Emit(p.m, p.cur.ll)
}
