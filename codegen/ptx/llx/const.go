package llx

import (
	"fmt"
	"math"
	"strings"

	"github.com/llir/llvm/ir/constant"
	"github.com/llir/llvm/ir/types"
)

// Lit is a constant with a fixed spelling. llir keeps its set of constants open (IsConstant is exported).
type Lit struct {
	typ  types.Type
	text string
}

var _ constant.Constant = (*Lit)(nil)

// NewLit is the constant of type t that LLVM spells as text.
func NewLit(t types.Type, text string) *Lit { return &Lit{t, text} }

// String is the constant with its type, as an operand is printed.
func (c *Lit) String() string { return c.typ.String() + " " + c.text }

// Type is the constant's type.
func (c *Lit) Type() types.Type { return c.typ }

// Ident is the constant without its type.
func (c *Lit) Ident() string { return c.text }

// IsConstant marks c as a constant for llir.
func (c *Lit) IsConstant() {}

// HalfBits is the half with these bits.
func HalfBits(b uint16) *Lit { return &Lit{Half, fmt.Sprintf("0xH%04X", b)} }

// BFloatBits is the bfloat with these bits.
func BFloatBits(b uint16) *Lit { return &Lit{BFloat, fmt.Sprintf("0xR%04X", b)} }

// FloatBits is the float with these bits. LLVM spells a float as the double of the same value (LangRef, "Simple
// Constants"), so the bits are widened here in integers: going through Go's float64 would quieten a signalling NaN.
func FloatBits(b uint32) *Lit {
	return &Lit{Float, fmt.Sprintf("0x%016X", widen(b))}
}

// DoubleBits is the double with these bits.
func DoubleBits(b uint64) *Lit { return &Lit{Double, fmt.Sprintf("0x%016X", b)} }

// widen gives the double bits of a float: exact, with the NaN payload in the top bits.
func widen(b uint32) uint64 {
	if b>>23&0xff == 0xff {
		return uint64(b>>31)<<63 | 0x7ff<<52 | uint64(b&(1<<23-1))<<29
	}
	return math.Float64bits(float64(math.Float32frombits(b)))
}

// FloatConst is x rounded once, to nearest even, to the floating-point type t; too large becomes infinity, and a vector
// type gets x in every element.
func FloatConst(t types.Type, x float64) constant.Constant {
	if v, ok := t.(*types.VectorType); ok {
		return Splat(v, FloatConst(v.ElemType, x))
	}
	switch {
	case t.Equal(Half):
		return HalfBits(uint16(roundBits(x, 5, 10)))
	case t.Equal(BFloat):
		return BFloatBits(uint16(roundBits(x, 8, 7)))
	case t.Equal(Float):
		return FloatBits(uint32(roundBits(x, 8, 23)))
	case t.Equal(Double):
		return DoubleBits(math.Float64bits(x))
	}
	panic(fmt.Sprintf("llx: %s is no floating-point type", t))
}

// roundBits rounds a double to an IEEE format of e exponent and m fraction bits, to nearest even, in integers. This is
// not ir/dtype's rounding on purpose: llx stands below the IR, and the test holds the two against each other.
func roundBits(x float64, e, m int) uint64 {
	b := math.Float64bits(x)
	sign := b >> 63 << (e + m)
	inf := uint64(1<<e-1) << m
	switch {
	case math.IsNaN(x):
		return sign | inf | 1<<(m-1)
	case math.IsInf(x, 0):
		return sign | inf
	case x == 0:
		return sign
	}
	frac, exp := b&(1<<52-1), int(b>>52&0x7ff)-1023
	if exp == -1023 { // a double subnormal is far below half of every smaller format's least value, and not needed for double
		return sign
	}
	frac |= 1 << 52
	bias := 1<<(e-1) - 1
	drop, field := 52-m, exp+bias // bits to drop; the exponent field
	if field < 1 {                // subnormal in the target: drop more, with exponent field 0
		drop, field = drop+1-field, 0
		if drop > 54 {
			return sign
		}
	} else {
		frac &^= 1 << 52 // the leading one is implied by the field
	}
	q := uint64(field)<<m + frac>>drop
	rest, half := frac&(1<<drop-1), uint64(1)<<(drop-1)
	if rest > half || rest == half && q&1 == 1 {
		q++ // carries into the exponent, and from the greatest value into infinity: both are right
	}
	return sign | min(q, inf)
}

// Int is the integer constant v of type t; a vector type gets v in every element. v is taken modulo 2^bits.
func Int(t types.Type, v int64) constant.Constant {
	switch t := t.(type) {
	case *types.VectorType:
		return Splat(t, Int(t.ElemType, v))
	case *types.IntType:
		if t.BitSize == 1 {
			return NewLit(t, map[bool]string{true: "true", false: "false"}[v&1 == 1])
		}
		if t.BitSize < 64 { // LLVM 22 refuses a literal that does not fit
			s := 64 - t.BitSize
			v = v << s >> s
		}
		return NewLit(t, fmt.Sprint(v))
	}
	panic(fmt.Sprintf("llx: %s is no integer type", t))
}

// I32 is an i32 constant.
func I32(v int) constant.Constant { return Int(types.I32, int64(v)) }

// I64 is an i64 constant.
func I64(v int64) constant.Constant { return Int(types.I64, v) }

// Zero is the zero of any type: 0, +0.0, null, zeroinitializer.
func Zero(t types.Type) constant.Constant {
	switch t := t.(type) {
	case *types.IntType:
		return Int(t, 0)
	case *PtrType:
		return NewLit(t, "null")
	}
	if _, vec := t.(*types.VectorType); !vec && IsFloat(t) {
		return FloatConst(t, 0)
	}
	return NewLit(t, "zeroinitializer")
}

// Poison is the value that may be anything (LangRef, "Poison Values"), for vectors about to be filled.
func Poison(t types.Type) constant.Constant { return NewLit(t, "poison") }

// VecConst is the vector of these elements, which must be of one type and at least one.
func VecConst(elems ...constant.Constant) constant.Constant {
	s := make([]string, len(elems))
	for i, e := range elems {
		s[i] = e.String()
	}
	return NewLit(Vec(len(elems), elems[0].Type()), "<"+strings.Join(s, ", ")+">")
}

// Splat is the vector of type v whose elements are all c.
func Splat(v *types.VectorType, c constant.Constant) constant.Constant {
	e := make([]constant.Constant, v.Len)
	for i := range e {
		e[i] = c
	}
	return VecConst(e...)
}
