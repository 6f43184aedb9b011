package dtype

import (
	"math"
	"math/big"
	"math/bits"
)

// Next is the code of the neighbour of a value: the smallest value above it (up) or the largest below. ok is false
// where there is none: past the largest or the lowest value, and at NaN. Infinity is the neighbour of the largest
// finite value where the type has it; −0 and 0 are one value, and going up from the negative side meets −0.
func (t Type) Next(code uint64, up bool) (next uint64, ok bool) {
	in := &table[t.id]
	code &= in.mask
	step := int64(-1)
	if up {
		step = 1
	}
	if !t.IsFloat() {
		v := t.Int(code)
		if t.id == 0 || up && v == t.MaxInt() || !up && v == t.MinInt() {
			return 0, false
		}
		return uint64(v+step) & in.mask, true
	}
	if in.noZero {
		next = code + uint64(step)
		return next, code < in.nan && next < in.nan
	}
	pad := 0
	if t.id == idTF32 {
		pad = tf32Pad
	}
	limit := int64(in.maxOrd)
	if in.hasInf {
		limit++
	}
	neg := code&in.signBit != 0
	ord := int64(code &^ in.signBit >> pad)
	if ord > limit || neg && ord == 0 && !in.negZero {
		return 0, false // NaN
	}
	if neg {
		ord = -ord
	}
	ord += step
	switch {
	case ord > limit || ord < -limit:
		return 0, false
	case ord < 0 || ord == 0 && neg && in.negZero:
		return uint64(-ord)<<pad | in.signBit, true
	}
	return uint64(ord) << pad, true
}

// ULP is the unit in the last place at a code: the gap between neighbours in its binade, 2^(max(e, 1−Bias)−ManBits)
// for a value in [2^e, 2^(e+1)). NaN for infinities and NaN, 1 for integers.
func (t Type) ULP(code uint64) float64 {
	if !t.IsFloat() {
		return 1
	}
	in := &table[t.id]
	v := t.Float(code)
	if v-v != 0 {
		return math.NaN()
	}
	e := int(in.emin)
	if v != 0 {
		_, f := math.Frexp(v)
		e = max(e, f-1)
	}
	return math.Ldexp(1, e-int(in.man))
}

// FromRat is FromFloat for an exact rational: one rounding, so that a decimal literal does not pass through float64 on
// its way to a narrower type. Zero is +0. (Stochastic sees at least the first 62 bits of the number.)
func (t Type) FromRat(x *big.Rat, m Mode) uint64 {
	if x.Sign() == 0 {
		return t.FromFloat(0, m)
	}
	if t.id == idBool || t.id == 0 {
		return t.FromFloat(1, m)
	}
	neg := x.Sign() < 0
	num, den := new(big.Int).Abs(x.Num()), new(big.Int).Set(x.Denom())
	if !t.IsFloat() {
		return t.intFromRatio(neg, num, den, m)
	}
	// mag·2^−k with 62 or 63 bits, the last of them sticky: at least two more than any significand here, so that
	// rounding it is rounding x.
	k := 62 - num.BitLen() + den.BitLen()
	if k >= 0 {
		num.Lsh(num, uint(k))
	} else {
		den.Lsh(den, uint(-k))
	}
	q, r := num.QuoRem(num, den, new(big.Int))
	mag := q.Uint64()
	if r.Sign() != 0 {
		mag |= 1
	}
	return table[t.id].encode(neg, mag, -k, m, t.id)
}

// intFromRatio rounds ±num/den by m and clamps it to an integer type.
func (t Type) intFromRatio(neg bool, num, den *big.Int, m Mode) uint64 {
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	up := false
	switch m.Round {
	case NearestEven:
		c := new(big.Int).Lsh(r, 1).Cmp(den)
		up = c > 0 || c == 0 && q.Bit(0) == 1
	case Stochastic:
		f := new(big.Int).Lsh(r, 64)
		_, carry := bits.Add64(f.Quo(f, den).Uint64(), m.Rand, 0)
		up = carry != 0
	}
	if up {
		q.Add(q, big.NewInt(1))
	}
	limit := uint64(t.MaxInt())
	if neg {
		limit = uint64(-t.MinInt())
	}
	mag := limit
	if q.IsUint64() {
		mag = min(limit, q.Uint64())
	}
	if neg {
		mag = -mag
	}
	return mag & table[t.id].mask
}
