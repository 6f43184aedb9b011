package dtype

import "math"

const signMask = 1 << 63

// ordRNE is the ordinal of a finite magnitude given as float64 bits, rounded to nearest even with an unbounded
// exponent above. Not for f64.
func (in *info) ordRNE(ab uint64) uint64 {
	if ab >= in.normalBits {
		return (ab+in.half+(ab>>in.drop|in.odd)&1)>>in.drop - in.rebias
	}
	// The unit in the last place of magic is the smallest subnormal, so that the adder does the rounding.
	return math.Float64bits(math.Float64frombits(ab)+in.magic) - math.Float64bits(in.magic)
}

// fromFloatRNE is FromFloat to nearest even.
func (in *info) fromFloatRNE(x float64, saturate bool, id uint8) uint64 {
	b := math.Float64bits(x)
	ab := b &^ signMask
	if ab >= 0x7ff<<52 {
		if x != x {
			return in.nanCode()
		}
		return in.infCode(b != ab, saturate)
	}
	if id == idF64 {
		return b
	}
	neg := b != ab
	if in.noZero && neg && ab != 0 {
		return in.nan
	}
	return in.finish(neg, in.ordRNE(ab), saturate, id)
}

// Round is the value in t nearest to x, ties to even, with the type's own overflow rule (see Saturates): the same as
// t.Float(t.FromFloat(x, t.Mode())), without making the code. For an integer type it is the value of ToInt, as the
// nearest float64.
func (t Type) Round(x float64) float64 {
	switch t.id {
	case idF32:
		return float64(float32(x))
	case idF64:
		return x
	}
	in := &table[t.id]
	b := math.Float64bits(x)
	ab := b &^ signMask
	if ab-in.normalBits < in.overBits-in.normalBits {
		ab += in.half + (ab>>in.drop|in.odd)&1
		ab = ab >> in.drop << in.drop
		if in.signed {
			return math.Float64frombits(ab | b&signMask)
		}
	}
	return t.roundRare(x)
}

// roundRare is Round for subnormals, overflow, infinities, NaN, f8e8m0 and types that are not floats.
func (t Type) roundRare(x float64) float64 {
	in := &table[t.id]
	ab := math.Float64bits(x) &^ signMask
	if ab < in.normalBits && in.negZero {
		y := math.Float64frombits(ab) + in.magic - in.magic
		return math.Copysign(y, x)
	}
	if !t.IsFloat() {
		return t.Float(t.FromFloat(x, Mode{Round: TowardZero}))
	}
	return t.Float(in.fromFloatRNE(x, in.saturates, t.id))
}

// RoundAll sets dst[i] = t.Round(src[i]); dst and src may be the same slice. It stops at the shorter one.
func (t Type) RoundAll(dst, src []float64) {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	switch t.id {
	case idF64:
		copy(dst, src)
		return
	case idF32:
		for i, x := range src {
			dst[i] = float64(float32(x))
		}
		return
	}
	for i, x := range src {
		dst[i] = t.Round(x)
	}
}

// Float is the exact value of a code: the low Bits() bits of code count, the rest are ignored. For an integer it is
// the nearest float64 (exact to 53 bits), for bool 0 or 1.
func (t Type) Float(code uint64) float64 {
	in := &table[t.id]
	if in.decode != nil {
		return in.decode[code&in.mask]
	}
	switch t.id {
	case idF64:
		return math.Float64frombits(code)
	case idF32:
		return float64(math.Float32frombits(uint32(code)))
	case idTF32:
		return float64(math.Float32frombits(uint32(code) &^ (1<<tf32Pad - 1)))
	case idBF16:
		return float64(math.Float32frombits(uint32(code) << 16))
	case idF16:
		return f16(uint16(code))
	case 0:
		return math.NaN()
	}
	v := t.Int(code)
	if in.signed {
		return float64(v)
	}
	return float64(uint64(v))
}

func f16(c uint16) float64 {
	ab, sign := uint64(c&0x7fff), uint64(c>>15)<<63
	switch {
	case ab-0x400 < 0x7c00-0x400: // normal
		return math.Float64frombits(sign | (ab<<42 + (1023-15)<<52))
	case ab < 0x400:
		return math.Float64frombits(sign | math.Float64bits(float64(int64(ab))*0x1p-24))
	case ab == 0x7c00:
		return math.Float64frombits(sign | 0x7ff<<52)
	}
	return math.NaN()
}
