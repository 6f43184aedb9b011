package llx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// Append puts an instruction at the end of a block and gives it back: v := llx.Append(b, llx.Load(t, p, 16)).
func Append[I ir.Instruction](b *ir.Block, inst I) I {
	b.Insts = append(b.Insts, inst)
	return inst
}

// Attr is a function, parameter, return or call attribute in LLVM's spelling, for those newer than llir.
type Attr string

func (a Attr) String() string { return string(a) }

// IsFuncAttribute marks a for llir.
func (Attr) IsFuncAttribute() {}

// IsParamAttribute marks a for llir.
func (Attr) IsParamAttribute() {}

// IsReturnAttribute marks a for llir.
func (Attr) IsReturnAttribute() {}

// Ref gives one of llir's pointer-typed values (a global, an alloca) as an operand of opaque pointer type t. The name stays
// lazy, because llir numbers unnamed values only when it prints.
func Ref(v value.Named, t *PtrType) constant.Constant { return ref{v, t} }

type ref struct {
	value.Named
	t *PtrType
}

func (r ref) Type() types.Type { return r.t }
func (r ref) String() string   { return r.t.String() + " " + r.Ident() }
func (r ref) IsConstant()      {}

// RawInst is an instruction printed from parts. It embeds llir's freeze instruction because llir closes its set of
// instructions by an unexported method, which embedding promotes.
type RawInst struct {
	*ir.InstFreeze
	parts []any
}

// bare is an operand printed without its type.
type bare struct{ value.Value }

// Bare makes Raw print an operand without its type, as the second operand of a binary instruction is.
func Bare(v value.Value) any { return bare{v} }

// Raw is an instruction with a result of type t (types.Void for none), printed as the concatenation of its parts: strings as
// they are, values as "type name", Bare(v) as "name", types and numbers by their own spelling.
//
//	llx.Raw(llx.Float, "atomicrmw fmin ", p, ", ", x, ` syncscope("agent") monotonic, align 4`)
func Raw(t types.Type, parts ...any) *RawInst {
	return &RawInst{&ir.InstFreeze{Typ: t}, parts}
}

// LLString is the instruction's text.
func (r *RawInst) LLString() string {
	var b strings.Builder
	if !r.Typ.Equal(types.Void) {
		b.WriteString(r.Ident())
		b.WriteString(" = ")
	}
	for _, p := range r.parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case bare:
			b.WriteString(p.Ident())
		default:
			fmt.Fprint(&b, p)
		}
	}
	for _, md := range r.Metadata {
		fmt.Fprintf(&b, ", %s", md)
	}
	return b.String()
}

// Operands are the values among the parts. They are copies: replacing one does not change the instruction.
func (r *RawInst) Operands() []*value.Value {
	var ops []*value.Value
	for _, p := range r.parts {
		switch p := p.(type) {
		case bare:
			ops = append(ops, &p.Value)
		case value.Value:
			ops = append(ops, &p)
		}
	}
	return ops
}

// Load reads a value of type t at p, which is aligned to align bytes.
func Load(t types.Type, p value.Value, align int) *ir.InstLoad {
	return &ir.InstLoad{ElemType: t, Src: p, Align: ir.Align(align)}
}

// Store writes v at p, which is aligned to align bytes.
func Store(v, p value.Value, align int) *ir.InstStore {
	return &ir.InstStore{Src: v, Dst: p, Align: ir.Align(align)}
}

// GEP is base plus the indices in steps of elem, with flags such as "inbounds nuw" or "". The result stays in the address
// space of base.
func GEP(flags string, elem types.Type, base value.Value, index ...value.Value) *RawInst {
	if flags != "" {
		flags += " "
	}
	parts := []any{"getelementptr " + flags, elem, ", ", base}
	for _, i := range index {
		parts = append(parts, ", ", i)
	}
	return Raw(base.Type(), parts...)
}

// AddrSpaceCast moves a pointer to another address space.
func AddrSpaceCast(p value.Value, to *PtrType) *ir.InstAddrSpaceCast {
	return ir.NewAddrSpaceCast(p, to)
}

// AtomicRMW applies op ("add", "fadd", "umax", …) at p. Scope is LLVM's sync scope: "" is the system, "agent" the device,
// "workgroup" the block. Order is "monotonic", "acquire", "release" or "acq_rel".
func AtomicRMW(op string, p, x value.Value, scope, order string, align int) *RawInst {
	return Raw(x.Type(), "atomicrmw ", op, " ", p, ", ", x, syncScope(scope), " ", order, ", align ", fmt.Sprint(align))
}

// CmpXchg writes v at p where *p == old. The result is the struct {old value, i1 success}.
func CmpXchg(p, old, v value.Value, scope, success, failure string, align int) *RawInst {
	return Raw(types.NewStruct(v.Type(), types.I1), "cmpxchg ", p, ", ", old, ", ", v, syncScope(scope),
		" ", success, " ", failure, ", align ", fmt.Sprint(align))
}

func syncScope(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" syncscope(%q)", s)
}

// ICmp compares integers, pointers or vectors of them.
func ICmp(pred enum.IPred, x, y value.Value) *ir.InstICmp {
	return &ir.InstICmp{Pred: pred, X: x, Y: y, Typ: boolLike(x.Type())}
}

// FCmp compares floating-point numbers, bfloat included, or vectors of them.
func FCmp(pred enum.FPred, x, y value.Value) *ir.InstFCmp {
	return &ir.InstFCmp{Pred: pred, X: x, Y: y, Typ: boolLike(x.Type())}
}

// Phi is a phi of type t with no incoming values yet: a loop's header is printed before its latch is known. Give it its
// edges with [AddIncoming].
func Phi(t types.Type) *ir.InstPhi { return &ir.InstPhi{Typ: t} }

// AddIncoming gives a phi the value that it has when control comes from a block.
func AddIncoming(p *ir.InstPhi, v value.Value, from *ir.Block) {
	p.Incs = append(p.Incs, ir.NewIncoming(v, from))
}

// Call calls a function, usually an intrinsic of [Module.Declare].
func Call(f *ir.Func, args ...value.Value) *ir.InstCall {
	if len(args) != len(f.Sig.Params) {
		panic(fmt.Sprintf("llx: %s takes %d operands, got %d", f.Name(), len(f.Sig.Params), len(args)))
	}
	return ir.NewCall(f, slices.Clone(args)...) // the caller may use its slice again
}
