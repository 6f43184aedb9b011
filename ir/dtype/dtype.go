// Package dtype defines the meaning of every numeric type of the language: the integers i1…i64 and u1…u64, bool, the
// floats f16 bf16 tf32 f32 f64, every small float fNeXmY of 3 to 8 bits, and the named 8-bit variants.
//
// The model. A type is a set of codes (bit patterns of Bits() bits, held in the low bits of a uint64) and the exact
// value of each code. Every float value of every type here is a float64, so float64 carries values between types and
// a conversion rounds exactly once. The definition of a conversion is exact integer arithmetic (encode in exact.go);
// everything faster is tested against it for every code of every type of at most 16 bits.
//
// Memory is bit-packed and little-endian: element i of a b-bit type holds bits [i·b, (i+1)·b) of the byte stream,
// whatever b is. bool takes 8 bits (0 or 1), tf32 takes 32 (an f32 whose low 13 bits are ignored).
//
// The boundary. This package knows numbers and bytes; it knows nothing of tensors, tiles, layouts or instructions.
// The rules in prose, with their sources (IEEE 754-2019, OCP OFP8 v1.0, OCP MX v1.0), are in docs/types.md.
package dtype

// Type is one numeric type. It is a small comparable value: use == and map keys freely. The zero Type is Invalid;
// its methods return zeros and NaN and never panic.
type Type struct{ id uint8 }

// Invalid is the zero Type.
var Invalid Type

// The types with a name of their own. Treat them as constants.
var (
	Bool = Type{idBool}

	I8, I16, I32, I64 = I(8), I(16), I(32), I(64)
	U8, U16, U32, U64 = U(8), U(16), U(32), U(64)

	F16  = Type{idF16}  // IEEE binary16
	BF16 = Type{idBF16} // the high half of binary32
	TF32 = Type{idTF32} // 8 exponent and 10 fraction bits, stored as a 32-bit word
	F32  = Type{idF32}  // IEEE binary32
	F64  = Type{idF64}  // IEEE binary64

	F8E4M3FN   = Type{idF8E4M3FN}   // OCP OFP8 E4M3: no infinity, NaN at S.1111.111, max 448
	F8E5M2     = Type{idF8E5M2}     // OCP OFP8 E5M2: infinities and NaNs as in IEEE, max 57344
	F8E4M3FNUZ = Type{idF8E4M3FNUZ} // bias 8, one NaN (0x80), no infinity, no −0, max 240
	F8E5M2FNUZ = Type{idF8E5M2FNUZ} // bias 16, one NaN (0x80), no infinity, no −0, max 57344
	F8E8M0     = Type{idF8E8M0}     // OCP MX scale: unsigned, 2^(code−127), NaN at 255, no zero

	F6E3M2 = F(3, 2) // OCP MX FP6, finite only, max 28
	F6E2M3 = F(2, 3) // OCP MX FP6, finite only, max 7.5
	F4E2M1 = F(2, 1) // OCP MX FP4, finite only, max 6
)

// I is the signed two's complement integer of n bits, 1 ≤ n ≤ 64; Invalid for any other n.
func I(n int) Type {
	if n < 1 || n > 64 {
		return Invalid
	}
	return Type{uint8(idI + n)}
}

// U is the unsigned integer of n bits, 1 ≤ n ≤ 64; Invalid for any other n.
func U(n int) Type {
	if n < 1 || n > 64 {
		return Invalid
	}
	return Type{uint8(idU + n)}
}

// F is the small float with e exponent and m fraction bits, 3 ≤ 1+e+m ≤ 8 and e ≥ 1, m ≥ 0; Invalid otherwise. It is
// finite only (every code is a number), except F(5, 2), which is the IEEE-like f8e5m2 that the name stands for.
func F(e, m int) Type {
	if e < 1 || e > 7 || m < 0 || m > 6 {
		return Invalid
	}
	return Type{family[e][m]}
}

// All returns every type there is, in a fixed order: bool, integers by width, floats.
func All() []Type {
	ts := make([]Type, 0, 256)
	for id := idBool; id < len(table); id++ {
		if table[id].bits > 0 {
			ts = append(ts, Type{uint8(id)})
		}
	}
	return ts
}

// String is the name, such as "u4" or "f6e3m2"; Parse reads it back. Invalid is "invalid".
func (t Type) String() string {
	if t.id == 0 {
		return "invalid"
	}
	return table[t.id].name
}

// MarshalText writes the name, so that a Type is a string in JSON.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a name as Parse does.
func (t *Type) UnmarshalText(b []byte) error {
	u, err := Parse(string(b))
	if err == nil {
		*t = u
	}
	return err
}

// Bits is the width of a code in memory, in bits: 1 to 64, 0 for Invalid.
func (t Type) Bits() int { return int(table[t.id].bits) }

// IsValid says that t is not Invalid (nor a value out of thin air).
func (t Type) IsValid() bool { return table[t.id].bits > 0 }

// IsFloat says that t is a floating-point type, f8e8m0 included.
func (t Type) IsFloat() bool { return t.id >= idF64 && table[t.id].bits > 0 }

// IsInt says that t is one of i1…i64, u1…u64. Bool is not.
func (t Type) IsInt() bool { return t.id > idI && t.id < idF64 }

// IsSigned says that t has negative values: i1…i64 and every float but f8e8m0.
func (t Type) IsSigned() bool { return table[t.id].signed }

// IsBool says that t is Bool.
func (t Type) IsBool() bool { return t.id == idBool }

// ExpBits is the width of the exponent field of a float, 0 for other types.
func (t Type) ExpBits() int { return int(table[t.id].exp) }

// ManBits is the width of the stored fraction field of a float, without the implicit bit; 0 for other types.
func (t Type) ManBits() int { return int(table[t.id].man) }

// Bias is the exponent bias of a float: the value of a normal code is ±2^(field−Bias)·1.fraction.
func (t Type) Bias() int { return int(table[t.id].bias) }

// HasInf says that t has codes for the infinities.
func (t Type) HasInf() bool { return table[t.id].hasInf }

// HasNaN says that t has at least one code for NaN.
func (t Type) HasNaN() bool { return table[t.id].hasNaN }

// HasSign says that a float has a sign bit (its highest): all but f8e8m0. False for integers; see IsSigned.
func (t Type) HasSign() bool { return t.IsFloat() && table[t.id].signed }

// HasNegZero says that a float has a code for −0: false for fnuz and f8e8m0.
func (t Type) HasNegZero() bool { return table[t.id].negZero }

// Saturates says what Round, Encode and a plain cast do with a float too large for t: true, the nearest finite value;
// false, infinity. Floats of at most 8 bits saturate — as the PTX conversions to them do, which know nothing else —
// and the wider ones follow IEEE 754.
func (t Type) Saturates() bool { return t.IsFloat() && table[t.id].saturates }

// MaxFloat is the largest finite value of a float type.
func (t Type) MaxFloat() float64 { return table[t.id].max }

// MinFloat is the lowest finite value of a float type: −MaxFloat(), and 2^−127 for f8e8m0.
func (t Type) MinFloat() float64 {
	if t.id == idF8E8M0 {
		return table[t.id].tiny
	}
	return -table[t.id].max
}

// MinNormal is the smallest positive normal value of a float type, 2^(1−Bias) (2^−127 for f8e8m0).
func (t Type) MinNormal() float64 { return table[t.id].normal }

// MinPositive is the smallest positive value of a float type, subnormals included.
func (t Type) MinPositive() float64 { return table[t.id].tiny }
