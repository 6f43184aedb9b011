package dtype

import (
	"math"
	"math/bits"
)

// Rounding is a direction of rounding.
type Rounding uint8

const (
	// NearestEven is IEEE 754-2019 roundTiesToEven. In a format without fraction bits a tie between two normals goes
	// to the larger magnitude, as §4.3.1 says for one-digit precision.
	NearestEven Rounding = iota
	// TowardZero is roundTowardZero. A finite number never becomes infinite or NaN by it.
	TowardZero
	// Stochastic rounds the magnitude up when fraction + Rand/2^64 ≥ 1, where fraction in [0, 1) is the exact distance
	// to the next value below in units of the gap. With uniform Rand the expectation is the exact value; a value that
	// the type holds never changes.
	Stochastic
)

// Mode says how FromFloat and FromIntMode fit a number into a type. The zero Mode is NearestEven, not saturating.
type Mode struct {
	Round Rounding
	// Saturate turns what is too large, infinities included, into the finite value of the largest magnitude. Without
	// it they become infinity if the type has one, else NaN if it has one, else it saturates all the same.
	Saturate bool
	// Rand is the random word of Stochastic.
	Rand uint64
}

// mode is the default conversion into t: to nearest even, with the type's own overflow rule.
func (in *info) mode() Mode { return Mode{Saturate: in.saturates} }

// Mode is the conversion that Round, Encode and a plain cast use: NearestEven, saturating as Saturates says.
func (t Type) Mode() Mode { return table[t.id].mode() }

// FromFloat is the code of x in t, rounded once from the exact x.
//
// Floats: NaN becomes the canonical NaN (payload and sign are dropped), or the largest positive value if t has none. A
// negative number into f8e8m0 is NaN and zero is 2^−127. −0 and negative numbers that round to zero keep their sign if
// t has a −0.
//
// Integers: x is rounded by m.Round and then saturates, whatever m.Saturate says; NaN becomes 0. (A cast in the
// language truncates: ToInt.) Bool is 0 for ±0 and 1 for anything else, NaN included.
func (t Type) FromFloat(x float64, m Mode) uint64 {
	in := &table[t.id]
	if !t.IsFloat() {
		return t.fromFloatInt(x, m)
	}
	if m.Round == NearestEven {
		return in.fromFloatRNE(x, m.Saturate, t.id)
	}
	return in.fromFloatExact(x, m, t.id)
}

// fromFloatExact is FromFloat for floats by integer arithmetic alone: the definition.
func (in *info) fromFloatExact(x float64, m Mode, id uint8) uint64 {
	b := math.Float64bits(x)
	neg := b>>63 != 0
	field, frac := int(b>>52&0x7ff), b&(1<<52-1)
	switch {
	case field == 0x7ff && frac != 0:
		return in.nanCode()
	case field == 0x7ff:
		return in.infCode(neg, m.Saturate)
	case field == 0:
		return in.encode(neg, frac, -1074, m, id)
	}
	return in.encode(neg, frac|1<<52, field-1075, m, id)
}

// encode is the code of ±mag·2^exp: the definition of rounding. Everything is an integer.
func (in *info) encode(neg bool, mag uint64, exp int, m Mode, id uint8) uint64 {
	man, emin := int(in.man), int(in.emin)
	var ord uint64
	if mag != 0 {
		if in.noZero && neg {
			return in.nan // a scale cannot be negative; taking the magnitude would hide the mistake
		}
		// The gap between neighbours at this magnitude is 2^gap; below the smallest normal it stays that of the subnormals.
		gap := max(exp+bits.Len64(mag)-1, emin) - man
		sig := roundShift(mag, gap-exp, m)
		// A carry out of the significand lands in the exponent: ordinals have no gaps.
		ord = uint64(gap+man-emin)<<man + sig
	}
	return in.finish(neg, ord, m.Saturate || m.Round == TowardZero, id)
}

// roundShift is mag·2^−shift rounded to an integer by m.
func roundShift(mag uint64, shift int, m Mode) uint64 {
	if shift <= 0 {
		return mag << -shift
	}
	var sig, rem uint64 // quotient and remainder; Go shifts of 64 and more give 0
	sig = mag >> shift
	rem = mag - sig<<shift
	up := false
	switch m.Round {
	case NearestEven:
		// 2·rem against 2^shift. mag < 2^64, so that nothing reaches half when shift > 64.
		if shift <= 64 {
			half := uint64(1) << (shift - 1)
			up = rem > half || rem == half && sig&1 == 1
		}
	case Stochastic:
		// rem/2^shift + Rand/2^64 ≥ 1. Rand is an integer, so that flooring rem·2^(64−shift) changes nothing.
		var f uint64
		if shift <= 64 {
			f = rem << (64 - shift)
		} else {
			f = rem >> (shift - 64)
		}
		_, carry := bits.Add64(f, m.Rand, 0)
		up = carry != 0
	}
	if up {
		sig++
	}
	return sig
}

// finish makes a code of a sign and a rounded ordinal.
func (in *info) finish(neg bool, ord uint64, saturate bool, id uint8) uint64 {
	if in.noZero {
		ord = max(ord, 1)
	}
	if ord > in.maxOrd {
		if !saturate && (in.hasInf || in.hasNaN) {
			return in.infCode(neg, false)
		}
		ord = in.maxOrd
	}
	if in.noZero {
		return ord - 1
	}
	if id == idTF32 {
		ord <<= tf32Pad
	}
	if neg && (ord != 0 || in.negZero) {
		ord |= in.signBit
	}
	return ord
}

// nanCode is what NaN becomes. A format without NaN takes its largest value, as the PTX conversions to e2m1, e2m3 and
// e3m2 do: it cannot pass for a small harmless number, and no executor needs a special case.
func (in *info) nanCode() uint64 {
	if in.hasNaN {
		return in.nan
	}
	return in.maxOrd
}

// infCode is what an infinity, or an overflow that must not saturate, becomes.
func (in *info) infCode(neg, saturate bool) uint64 {
	var c uint64
	switch {
	case in.noZero && neg:
		return in.nan
	case in.noZero && saturate:
		return in.maxOrd - 1
	case !saturate && in.hasInf:
		c = in.inf
	case !saturate && in.hasNaN:
		return in.nan
	default:
		c = in.maxOrd
		if in.bits == 32 && in.man == 10 {
			c <<= tf32Pad
		}
	}
	if neg {
		c |= in.signBit
	}
	return c
}
