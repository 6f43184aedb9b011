package llx

import (
	"fmt"
	"strings"

	"github.com/llir/llvm/ir/types"
)

// AddrSpace is an NVPTX address space (LLVM's NVPTXUsage, "Address Spaces").
type AddrSpace int

// The address spaces of NVPTX.
const (
	GenericSpace AddrSpace = 0
	GlobalSpace  AddrSpace = 1
	SharedSpace  AddrSpace = 3
	ConstSpace   AddrSpace = 4
	LocalSpace   AddrSpace = 5
	ClusterSpace AddrSpace = 7 // shared::cluster
	ParamSpace   AddrSpace = 101
)

// spelled is a type that is known by its spelling alone: two are equal when they are spelled alike.
type spelled struct{ text string }

func (t *spelled) String() string   { return t.text }
func (t *spelled) LLString() string { return t.text }
func (t *spelled) Name() string     { return "" }

// SetName is part of types.Type. A spelled type has no other name, so this does nothing.
func (t *spelled) SetName(string) {}

func (t *spelled) Equal(u types.Type) bool {
	v, ok := u.(*spelled)
	return ok && v.text == t.text
}

// PtrType is an opaque pointer into one address space.
type PtrType struct {
	spelled
	Space AddrSpace
}

// Equal reports whether u is an opaque pointer into the same address space.
func (t *PtrType) Equal(u types.Type) bool {
	v, ok := u.(*PtrType)
	return ok && v.Space == t.Space
}

// PtrTo gives the opaque pointer type of an address space.
func PtrTo(s AddrSpace) *PtrType {
	if s == GenericSpace {
		return &PtrType{spelled{"ptr"}, s}
	}
	return &PtrType{spelled{fmt.Sprintf("ptr addrspace(%d)", int(s))}, s}
}

// The types in daily use. Half, Float, Double and the integers are llir's own.
var (
	Ptr     = PtrTo(GenericSpace)
	Global  = PtrTo(GlobalSpace)
	Shared  = PtrTo(SharedSpace)
	Const   = PtrTo(ConstSpace)
	Local   = PtrTo(LocalSpace)
	Cluster = PtrTo(ClusterSpace)

	BFloat types.Type = &spelled{"bfloat"}
	Half   types.Type = types.Half
	Float  types.Type = types.Float
	Double types.Type = types.Double
)

// Vec is the type of a vector of n elements.
func Vec(n int, elem types.Type) *types.VectorType { return types.NewVector(uint64(n), elem) }

// Bits is the size of a first-class type in bits; pointers count 64 (32-bit shared pointers are not used).
func Bits(t types.Type) int {
	switch t := t.(type) {
	case *types.IntType:
		return int(t.BitSize)
	case *types.VectorType:
		return int(t.Len) * Bits(t.ElemType)
	case *PtrType, *types.PointerType:
		return 64
	}
	switch {
	case t.Equal(BFloat), t.Equal(Half):
		return 16
	case t.Equal(Float):
		return 32
	case t.Equal(Double):
		return 64
	}
	panic(fmt.Sprintf("llx: type %s has no size known here", t))
}

// IsFloat reports whether t is a floating-point scalar or a vector of them.
func IsFloat(t types.Type) bool {
	if v, ok := t.(*types.VectorType); ok {
		t = v.ElemType
	}
	if _, ok := t.(*types.FloatType); ok {
		return true
	}
	return t.Equal(BFloat)
}

// boolLike is i1, or the vector of i1 that a comparison of t gives.
func boolLike(t types.Type) types.Type {
	if v, ok := t.(*types.VectorType); ok {
		return types.NewVector(v.Len, types.I1)
	}
	return types.I1
}

// mangle spells a type in letters that may stand in an identifier: <2 x half> is v2f16, ptr addrspace(3) is p3.
// LLVM mangles overloaded intrinsics the same way (LangRef, "Intrinsic Functions").
func mangle(t types.Type) string {
	switch t := t.(type) {
	case *types.IntType:
		return fmt.Sprintf("i%d", t.BitSize)
	case *types.VectorType:
		return fmt.Sprintf("v%d%s", t.Len, mangle(t.ElemType))
	case *PtrType:
		return fmt.Sprintf("p%d", int(t.Space))
	case *types.StructType:
		return t.TypeName
	case *types.ArrayType:
		return fmt.Sprintf("a%d%s", t.Len, mangle(t.ElemType))
	}
	switch {
	case t.Equal(BFloat):
		return "bf16"
	case t.Equal(Half):
		return "f16"
	case t.Equal(Float):
		return "f32"
	case t.Equal(Double):
		return "f64"
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, t.String())
}

// Intrinsic is the name of an overloaded intrinsic: Intrinsic("llvm.fma", Vec(2, Half)) is "llvm.fma.v2f16".
func Intrinsic(base string, overloads ...types.Type) string {
	for _, t := range overloads {
		base += "." + mangle(t)
	}
	return base
}
