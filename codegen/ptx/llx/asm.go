package llx

import (
	"fmt"
	"strings"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// Asm is one piece of inline PTX. Operands are numbered as LLVM does: results $0…, then the tied inputs, then the others
// ([Asm.In] gives the number of the first of these). In the text "$$" is a dollar and "${:uid}" a number unique to the
// place, for labels.
//
// Constraint letters follow from the types (NVPTX: b i1, h 16 bits, r 32, l 64 and pointers, q 128, f float, d double);
// constants of integer type may be given as immediates by [Imm].
type Asm struct {
	Text string
	Outs []types.Type  // result types, one or more struct fields
	Tied []value.Value // initial values of the first len(Tied) results, in the same registers
	Ins  []value.Value // the other operands

	SideEffect bool // may not be removed, duplicated or reordered with other side effects
	Memory     bool // reads or writes memory that LLVM sees: implies SideEffect
	Convergent bool // all threads of a warp must run it together (mma, ldmatrix, barriers): no pass may make it conditional
	Pure       bool // the result depends on the operands alone: LLVM may merge and hoist. Excludes the three above
}

// Imm makes an integer constant an immediate operand of an [Asm] ("n" in LLVM's constraints).
func Imm(t types.Type, v int64) value.Value { return imm{NewLit(t, Int(t, v).Ident())} }

type imm struct{ *Lit }

// In is the operand number of the first input that is not tied.
func (a *Asm) In() int { return len(a.Outs) + len(a.Tied) }

// Constraints is LLVM's constraint string.
func (a *Asm) Constraints() string {
	var c []string
	for _, t := range a.Outs {
		c = append(c, "="+letter(t))
	}
	for i := range a.Tied {
		c = append(c, fmt.Sprint(i))
	}
	for _, v := range a.Ins {
		if _, ok := v.(imm); ok {
			c = append(c, "n")
			continue
		}
		c = append(c, letter(v.Type()))
	}
	if a.Memory {
		c = append(c, "~{memory}")
	}
	return strings.Join(c, ",")
}

// letter is the register class of a type in NVPTX inline assembly.
func letter(t types.Type) string {
	switch {
	case t.Equal(Float):
		return "f"
	case t.Equal(Double):
		return "d"
	}
	switch n := Bits(t); n {
	case 1:
		return "b"
	case 16:
		return "h"
	case 32:
		return "r"
	case 64:
		return "l"
	case 128:
		return "q"
	default:
		panic(fmt.Sprintf("llx: inline assembly has no register class of %d bits (%s)", n, t))
	}
}

// Emit puts the call at the end of a block and gives its results, one value per field of Outs. Several results come as a
// struct, named in the module so that the text does not repeat its fields at every extractvalue.
func (a *Asm) Emit(m *Module, b *ir.Block) []value.Value {
	if len(a.Tied) > len(a.Outs) {
		panic(fmt.Sprintf("llx: %d tied operands for %d results of %q", len(a.Tied), len(a.Outs), a.Text))
	}
	var ret types.Type = types.Void
	switch len(a.Outs) {
	case 0:
	case 1:
		ret = a.Outs[0]
	default:
		ret = m.Struct(a.Outs...)
	}
	args := make([]value.Value, 0, len(a.Tied)+len(a.Ins))
	args = append(append(args, a.Tied...), a.Ins...)
	params := make([]types.Type, len(args))
	for i, v := range args {
		params[i] = v.Type()
	}
	// llir finds a callee's signature through a typed pointer; only the result type is printed, so none leaks.
	callee := ir.NewInlineAsm(types.NewPointer(types.NewFunc(ret, params...)), a.Text, a.Constraints())
	callee.SideEffect = a.SideEffect || a.Memory
	call := Append(b, ir.NewCall(callee, args...))
	call.FuncAttrs = []ir.FuncAttribute{enum.FuncAttrNoUnwind}
	if a.Convergent {
		call.FuncAttrs = append(call.FuncAttrs, enum.FuncAttrConvergent)
	}
	if a.Pure {
		call.FuncAttrs = append(call.FuncAttrs, Attr("memory(none)"))
	}
	switch len(a.Outs) {
	case 0:
		return nil
	case 1:
		return []value.Value{call}
	}
	outs := make([]value.Value, len(a.Outs))
	for i := range outs {
		outs[i] = Append(b, ir.NewExtractValue(call, uint64(i)))
	}
	return outs
}
