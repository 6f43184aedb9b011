package girih

import (
	"github.com/girih-lang/girih/ir/dtype"
)

// DType is the numeric type of a tensor's elements: an integer or a float of any format that the language has. It is
// comparable; the zero value is no type. What each format means stands in docs/types.md.
//
// Elements lie bit-packed, little-endian: element i of a type of b bits holds the bits [i·b, (i+1)·b) of the memory.
type DType struct{ t dtype.Type }

// The types with a name of their own. [I], [U] and [ParseDType] give the others. Treat them as constants.
var (
	Bool = DType{dtype.Bool} // a byte, 0 or 1

	I4, I8, I16, I32, I64 = I(4), I(8), I(16), I(32), I(64)
	U1, U2, U3, U4        = U(1), U(2), U(3), U(4)
	U8, U16, U32, U64     = U(8), U(16), U(32), U(64)

	F16  = DType{dtype.F16}  // IEEE 754 binary16
	BF16 = DType{dtype.BF16} // the high half of binary32
	F32  = DType{dtype.F32}  // IEEE 754 binary32
	F64  = DType{dtype.F64}  // IEEE 754 binary64

	F8E4M3FN = DType{dtype.F8E4M3FN} // OCP OFP8 E4M3: largest 448, no infinity
	F8E5M2   = DType{dtype.F8E5M2}   // OCP OFP8 E5M2: largest 57344
	F8E8M0   = DType{dtype.F8E8M0}   // OCP MX scale: 2^(code−127)
	F6E3M2   = DType{dtype.F6E3M2}   // OCP MX FP6, largest 28
	F6E2M3   = DType{dtype.F6E2M3}   // OCP MX FP6, largest 7.5
	F4E2M1   = DType{dtype.F4E2M1}   // OCP MX FP4, largest 6
)

// I is the signed integer of n bits, 1 ≤ n ≤ 64; no type for any other n.
func I(n int) DType { return DType{dtype.I(n)} }

// U is the unsigned integer of n bits, 1 ≤ n ≤ 64; no type for any other n.
func U(n int) DType { return DType{dtype.U(n)} }

// ParseDType finds a type by its name in the language: "u4", "f16", "f8e4m3fn", "f6e3m2". The error is ErrDType and says
// what exists.
func ParseDType(name string) (DType, error) {
	t, err := dtype.Parse(name)
	return DType{t}, because(ErrDType, err)
}

// String is the name in the language.
func (d DType) String() string { return d.t.String() }

// Bits is the width of an element; 0 for the zero DType.
func (d DType) Bits() int { return d.t.Bits() }

// IsFloat says whether it is a float format; what is neither a float nor Bool is an integer.
func (d DType) IsFloat() bool { return d.t.IsFloat() }

// IsSigned says whether it has negative values.
func (d DType) IsSigned() bool { return d.t.IsSigned() }

// MarshalText is the name.
func (d DType) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDType.
func (d *DType) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDType(string(text))
	return err
}

// Element is a Go type that tensors can be made of and read into: each stands for the DType of the same kind and width.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// dtypeOf is the type of a Go element.
func dtypeOf[E Element]() dtype.Type {
	var e E
	switch any(e).(type) {
	case bool:
		return dtype.Bool
	case int8:
		return dtype.I8
	case int16:
		return dtype.I16
	case int32:
		return dtype.I32
	case int64:
		return dtype.I64
	case uint8:
		return dtype.U8
	case uint16:
		return dtype.U16
	case uint32:
		return dtype.U32
	case uint64:
		return dtype.U64
	case float32:
		return dtype.F32
	}
	return dtype.F64
}
