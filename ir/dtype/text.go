package dtype

import (
	"math"
	"math/bits"
	"strconv"
)

// Text is the exact value of a code as a decimal string without exponent, as short as exactness allows: "28", "-0.0625",
// "-0", "inf", "-inf", "nan". Integers print as integers, bool as "0" or "1". Codes of wide floats can be long: the
// smallest f64 has 1074 places.
func (t Type) Text(code uint64) string {
	switch {
	case t.IsFloat():
		return ExactText(t.Float(code))
	case t.id == 0:
		return "invalid"
	case table[t.id].signed:
		return strconv.FormatInt(t.Int(code), 10)
	}
	return strconv.FormatUint(uint64(t.Int(code)), 10)
}

// ExactText is the exact value of a float64 as Text prints it.
func ExactText(x float64) string {
	switch {
	case x != x:
		return "nan"
	case math.IsInf(x, 0):
		if x < 0 {
			return "-inf"
		}
		return "inf"
	}
	// A number whose lowest set bit is 2^−k has exactly k decimal places, the last one a 5.
	b := math.Float64bits(x)
	field, frac := int(b>>52&0x7ff), b&(1<<52-1)
	if field == 0 {
		field = 1
	} else {
		frac |= 1 << 52
	}
	places := 0
	if frac != 0 {
		places = max(0, 1075-field-bits.TrailingZeros64(frac))
	}
	return strconv.FormatFloat(x, 'f', places, 64)
}
