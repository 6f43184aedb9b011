package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// decode turns a code of a small float (I32, other bits zero) into the F32 of the same value: the magnitude is moved to
// the place of F32's exponent and mantissa and scaled by the difference of the biases, which is exact for subnormals too.
func (lo *lowerer) decode(code node, t dtype.Type) node {
	b := lo.b
	e, m := t.ExpBits(), t.ManBits()
	if t == dtype.TF32 {
		return b.Bitcast(b.Bin(thread.And, code, b.Int(thread.I32, ^int64(0x1fff))), thread.Scalar(thread.F32)) // the rest of the word is no part of it
	}
	if !t.HasSign() { // f8e8m0: 2^(code-127), the exponent of F32; only code 0 is a subnormal one, and 255 is NaN
		// code<<23 + (code+1)<<14, of which bit 22 is set for 255 only
		x := b.Bin(thread.Add, b.Bin(thread.Mul, code, b.I32(1<<23|1<<14)), b.I32(1<<14))
		x = b.BinU(thread.Max, b.Bin(thread.And, x, b.I32(0x7fc00000)), b.I32(1<<22))
		return b.Bitcast(x, thread.Scalar(thread.F32))
	}
	mask := int64(1)<<uint(e+m) - 1
	mag := b.Bin(thread.And, code, b.Int(thread.I32, mask))
	sign := b.Bin(thread.Shl, b.BinU(thread.Shr, code, b.I32(e+m)), b.I32(31))
	x := b.Bitcast(b.Bin(thread.Shl, mag, b.I32(23-m)), thread.Scalar(thread.F32))
	x = b.Bin(thread.Mul, x, b.Float(thread.F32, math.Ldexp(1, 127-t.Bias())))
	x = b.Bitcast(b.Bin(thread.Or, b.Bitcast(x, thread.Scalar(thread.I32)), sign), thread.Scalar(thread.F32))
	for _, s := range specials(t) {
		x = b.Select(b.Cmp("eq", code, b.Int(thread.I32, s.code), false), b.Float(thread.F32, s.value), x)
	}
	if t.HasInf() { // IEEE-like: every code with a full exponent and a mantissa is NaN
		x = b.Select(b.Cmp("gt", mag, b.Int(thread.I32, (mask>>uint(m))<<uint(m)), false), b.Float(thread.F32, math.NaN()), x)
	}
	return x
}

type special struct {
	code  int64
	value float64
}

// specials lists the codes of a format whose value is not the number that their fields say, except NaNs of IEEE-like
// formats, which decode finds by comparison.
func specials(t dtype.Type) []special {
	var s []special
	for c := range uint64(1) << uint(t.Bits()) {
		v := t.Float(c)
		if math.IsInf(v, 0) || math.IsNaN(v) && !t.HasInf() {
			s = append(s, special{int64(c), v})
		}
	}
	return s
}

// codeOf is the code of a value that is already one of the type: as encode, but the infinities of a type that saturates when it
// rounds stay what they are.
func (lo *lowerer) codeOf(x node, t dtype.Type) node {
	if c := lo.rounded[x]; c != nil {
		return c
	}
	return lo.encoded(x, t, t.HasInf())
}

func (lo *lowerer) encode(x node, t dtype.Type) node {
	if n := lo.toFP8(x, t); n != nil {
		return n
	}
	return lo.encoded(x, t, false)
}

// encoded rounds an F32 or F64 to a small float, to nearest even with the type's own overflow rule (docs/types.md), and
// gives the code as I32. Normal results round in the integer; subnormal ones by adding a power of two whose last place is
// the format's last place.
func (lo *lowerer) encoded(x node, t dtype.Type, keep bool) node {
	b := lo.b
	e, m, bias := t.ExpBits(), t.ManBits(), t.Bias()
	f, i, man, xbias := thread.F32, thread.I32, 23, 127
	if x.Type.Elem == thread.F64 {
		f, i, man, xbias = thread.F64, thread.I64, 52, 1023
	}
	ity, fty := thread.Scalar(i), thread.Scalar(f)
	bits := b.Bitcast(x, ity)
	width := man + 1 + map[thread.Elem]int{thread.F32: 8, thread.F64: 11}[f]
	mag := b.Bin(thread.And, bits, b.Int(i, int64(uint64(1)<<uint(width-1)-1)))
	sign := b.BinU(thread.Shr, bits, b.Int(i, int64(width-1)))
	infBits := int64((uint64(1)<<uint(width-1-man) - 1) << uint(man))
	if t == dtype.TF32 && f == thread.F64 {
		return b.Bitcast(lo.round(x, nil, t, dtype.Mode{Saturate: !keep && t.Saturates()}), thread.Scalar(thread.I32))
	}
	if t == dtype.TF32 {
		r := b.Bin(thread.Add, mag, b.Bin(thread.Add, b.Int(i, 0xfff), b.Bin(thread.And, b.BinU(thread.Shr, mag, b.Int(i, 13)), b.Int(i, 1))))
		r = b.Bin(thread.And, r, b.Int(i, ^int64(0x1fff)))
		r = b.Select(b.Cmp("gt", mag, b.Int(i, infBits), false), b.Int(i, 0x7fc00000), r)
		return b.Bin(thread.Or, r, b.Bin(thread.Shl, sign, b.Int(i, 31)))
	}
	shift := man - m
	half := b.Int(i, int64(1)<<uint(shift-1)-1)
	odd := b.Bin(thread.And, b.BinU(thread.Shr, mag, b.Int(i, int64(shift))), b.Int(i, 1))
	if m == 0 { // every significand is odd: a tie goes to the larger magnitude
		odd = b.Int(i, 1)
	}
	normal := b.BinU(thread.Shr, b.Bin(thread.Add, mag, b.Bin(thread.Add, half, odd)), b.Int(i, int64(shift)))
	normal = b.Bin(thread.Sub, normal, b.Int(i, int64(xbias-bias)<<uint(m)))
	code := normal
	minNormal := math.Ldexp(1, 1-bias)
	if t.HasSign() && 1-bias-m+man < 1023 && 1-bias > 1-xbias {
		c := math.Ldexp(1, 1-bias-m+man)
		a := b.Bitcast(mag, fty)
		sub := b.Bin(thread.Sub, b.Bitcast(b.Bin(thread.Add, a, b.Float(f, c)), ity), b.Bitcast(b.Float(f, c), ity))
		code = b.Select(b.Cmp("lt", a, b.Float(f, minNormal), false), sub, normal)
	}
	if !t.HasSign() {
		return lo.encodeE8M0(x, mag, sign, i, man, infBits)
	}
	maxCode := int64(t.FromFloat(t.MaxFloat(), dtype.Mode{Saturate: true}))
	over := int64(t.FromFloat(math.Inf(1), t.Mode()))
	code = b.Select(b.Cmp("gt", code, b.Int(i, maxCode), false), b.Int(i, over), code)
	inf := over
	if keep {
		inf = int64(t.FromFloat(math.Inf(1), dtype.Mode{}))
	}
	code = b.Select(b.Cmp("ge", mag, b.Int(i, infBits), false), b.Int(i, inf), code)
	signed := b.Bin(thread.Or, code, b.Bin(thread.Shl, sign, b.Int(i, int64(e+m))))
	if !t.HasNegZero() {
		signed = b.Select(b.Cmp("eq", code, b.Int(i, 0), false), b.Int(i, 0), signed)
	}
	nan := int64(t.FromFloat(math.NaN(), t.Mode()))
	return b.Conv(b.Select(b.Cmp("gt", mag, b.Int(i, infBits), false), b.Int(i, nan), signed), thread.I32, false)
}

// encodeE8M0 rounds to the nearest power of two (ties up), as docs/types.md defines.
func (lo *lowerer) encodeE8M0(x, mag, sign node, i thread.Elem, man int, infBits int64) node {
	b := lo.b
	t := dtype.F8E8M0
	up := b.Bin(thread.Add, mag, b.Int(i, int64(1)<<uint(man-1)))
	code := b.BinU(thread.Shr, up, b.Int(i, int64(man)))
	if man == 52 {
		code = b.Bin(thread.Sub, code, b.Int(i, 1023-127))
	}
	over := int64(t.FromFloat(math.Inf(1), t.Mode()))
	code = b.Bin(thread.Max, code, b.Int(i, 0))
	if man == 23 {
		// Below 2^-127 everything is the smallest scale; F32 subnormals between 2^-127 and 2^-126 round by value.
		code = b.Select(b.Cmp("lt", mag, b.Int(i, 0x600000), false), b.Int(i, 0), b.Bin(thread.Max, code, b.Int(i, 1)))
	}
	code = b.Select(b.Cmp("gt", code, b.Int(i, 254), false), b.Int(i, over), code)
	code = b.Select(b.Cmp("ge", mag, b.Int(i, infBits), false), b.Int(i, over), code)
	neg := b.Bin(thread.And, sign, b.Conv(b.Cmp("ne", mag, b.Int(i, 0), false), i, true))
	code = b.Select(b.Cmp("ne", neg, b.Int(i, 0), false), b.Int(i, 255), code)
	return b.Conv(b.Select(b.Cmp("gt", mag, b.Int(i, infBits), false), b.Int(i, 255), code), thread.I32, false)
}
