package dtype

import "math"

// Int is the value of an integer code, sign-extended (iN) or zero-extended (uN) to 64 bits; a u64 keeps its bit
// pattern in the int64. For bool it is 0 or 1 (any non-zero code is true). For a float it is the value truncated and
// saturated to i64, NaN to 0.
func (t Type) Int(code uint64) int64 {
	in := &table[t.id]
	switch {
	case t.id == idBool:
		if code&0xff != 0 {
			return 1
		}
		return 0
	case t.id >= idF64:
		return I64.ToInt(t.Float(code))
	case t.id == 0:
		return 0
	case in.signed:
		s := 64 - in.bits
		return int64(code<<s) >> s
	}
	return int64(code & in.mask)
}

// Wrap reduces x modulo 2^Bits() to the range of an integer type: the rule of integer arithmetic and of casts between
// integers. A u64 keeps its bit pattern in the int64. Bool is x ≠ 0. x is returned as it is for other types.
func (t Type) Wrap(x int64) int64 {
	if t.id >= idF64 || t.id == 0 {
		return x
	}
	if t.id == idBool {
		if x != 0 {
			return 1
		}
		return 0
	}
	return t.Int(uint64(x))
}

// MaxInt is the largest value of an integer type; for u64 it is the bit pattern of 2^64−1, that is −1. 1 for bool, 0
// for floats.
func (t Type) MaxInt() int64 {
	in := &table[t.id]
	switch {
	case t.id == idBool:
		return 1
	case !t.IsInt():
		return 0
	case in.signed:
		return int64(in.mask >> 1)
	}
	return int64(in.mask)
}

// MinInt is the smallest value of an integer type: −2^(N−1) for iN, 0 for the rest.
func (t Type) MinInt() int64 {
	if !t.IsInt() || !table[t.id].signed {
		return 0
	}
	return -1 << (table[t.id].bits - 1)
}

// FromIntSat is x clamped to the range of an integer type. x is a uint64 bit pattern when unsigned is set, as the
// result is when t is u64. Bool is x ≠ 0.
func (t Type) FromIntSat(x int64, unsigned bool) int64 {
	if t.id == idBool {
		return t.Wrap(x)
	}
	if unsigned || x >= 0 {
		if uint64(x) > uint64(t.MaxInt()) {
			return t.MaxInt()
		}
		return x
	}
	return max(x, t.MinInt())
}

// ToInt is the cast of a float to an integer type: truncated toward zero, then clamped to the range; NaN is 0. A u64
// comes back as its bit pattern. Bool is x ≠ 0 (NaN is true).
func (t Type) ToInt(x float64) int64 {
	return t.Int(t.fromFloatInt(x, Mode{Round: TowardZero}))
}

// fromFloatInt is FromFloat for bool and integers.
func (t Type) fromFloatInt(x float64, m Mode) uint64 {
	in := &table[t.id]
	if t.id == idBool {
		if x != 0 {
			return 1
		}
		return 0
	}
	if x != x || t.id == 0 {
		return 0
	}
	b := math.Float64bits(x)
	field, mag := int(b>>52&0x7ff), b&(1<<52-1)
	if field != 0 {
		mag |= 1 << 52
	} else {
		field = 1
	}
	shift := 1075 - field // x = ±mag·2^−shift
	neg := b>>63 != 0
	limit := uint64(t.MaxInt())
	if neg {
		limit = uint64(-t.MinInt())
	}
	if shift < -11 {
		mag = limit // at least 2^64: also the infinities
	} else {
		mag = min(roundShift(mag, shift, m), limit)
	}
	if neg {
		mag = -mag
	}
	return mag & in.mask
}

// FromInt is the code in t of the integer x, a uint64 bit pattern when unsigned is set. Floats: rounded once, to
// nearest even, from the exact integer (going through float64 would round twice), with the type's own overflow rule.
// Integers wrap. Bool is x ≠ 0.
func (t Type) FromInt(x int64, unsigned bool) uint64 {
	return t.FromIntMode(x, unsigned, table[t.id].mode())
}

// FromIntMode is FromInt with a rounding and overflow rule of one's own; for integers m.Saturate clamps instead of
// wrapping.
func (t Type) FromIntMode(x int64, unsigned bool, m Mode) uint64 {
	in := &table[t.id]
	if !t.IsFloat() {
		if m.Saturate {
			x = t.FromIntSat(x, unsigned)
		}
		return uint64(t.Wrap(x)) & in.mask
	}
	neg := !unsigned && x < 0
	mag := uint64(x)
	if neg {
		mag = -mag
	}
	return in.encode(neg, mag, 0, m, t.id)
}
