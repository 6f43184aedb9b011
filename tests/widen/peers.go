package main

import "github.com/girih-lang/girih/ir/dtype"

// peer is what Tilus takes for each element to give the exact value, counted in the sources of its version 0.2
// (backends/emitters/cast.py); "-" where it goes element by element.
func peer(from, to dtype.Type) string {
	f16 := to == dtype.F16
	switch {
	case f16 && from == dtype.U8:
		return "1.00" // a word: 2 PRMT and 2 subtractions
	case f16 && from == dtype.I8:
		return "1.25" // one XOR more
	case f16 && from == dtype.U(4):
		return "1.62" // a word: a shift, 4 LOP3, 2 subtractions, 2 FMA, 4 PRMT that restore the order
	case f16 && from == dtype.I(4):
		return "1.75" // one XOR more
	case f16 && from.IsInt() && !from.IsSigned() && from.Bits() < 8:
		return "3.00" // a pair: shift and LOP3 for each field, LOP3 with the exponent, a subtraction
	case from == dtype.F8E4M3FN:
		return "2.50" // a pair: PRMT, a shift, AND, LOP3, a multiplication; NaN becomes 480
	case !f16 && from == dtype.F6E3M2:
		return "wrong" // 22 of 32 pairs
	}
	return "-"
}
