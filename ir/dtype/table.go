package dtype

import (
	"fmt"
	"math"
)

// Type ids: one byte indexes one row of facts, so that a Type is one byte and every predicate is one load.
const (
	idBool = 1
	idI    = 1  // iN is idI+N
	idU    = 65 // uN is idU+N
)

const (
	idF64 = idU + 64 + 1 + iota
	idF32
	idTF32
	idBF16
	idF16
	idF8E4M3FN
	idF8E5M2
	idF8E4M3FNUZ
	idF8E5M2FNUZ
	idF8E8M0
	idFamily // the rest of fNeXmY, by N and then X
)

// info is what is known of a type. For floats an "ordinal" is the rank of a magnitude: 0 for zero, 1 for the smallest
// subnormal, and so on through the normals without a gap. For every format with a zero it is the code without its
// sign bit; for f8e8m0, which has none, it is the code plus one.
type info struct {
	name      string
	bits      uint8
	exp, man  uint8
	signed    bool
	hasInf    bool
	hasNaN    bool
	negZero   bool
	noZero    bool // f8e8m0
	saturates bool // the default overflow rule
	bias      int16
	emin      int16  // exponent of the smallest normal
	maxOrd    uint64 // ordinal of the largest finite magnitude
	inf, nan  uint64 // codes of +∞ and of the canonical NaN
	signBit   uint64
	mask      uint64 // the low bits

	max, normal, tiny float64

	// For the fast rounding in round.go, all in terms of the bits of a float64 magnitude.
	drop       uint8   // fraction bits that float64 has and the type has not
	odd        uint64  // 1 if ties always go up among normals (no fraction bits: every significand is odd)
	half       uint64  // 2^(drop−1) − 1
	rebias     uint64  // (bits>>drop) − rebias is the ordinal of a normal
	normalBits uint64  // bits of the smallest normal
	overBits   uint64  // bits of the smallest magnitude that rounds past the largest finite one
	magic      float64 // |x|+magic rounds x to a multiple of the smallest subnormal

	decode []float64 // values by code, for every type of at most 8 bits
}

var table, family = build()

func build() (*[256]info, *[8][7]uint8) {
	tab, fam := new([256]info), new([8][7]uint8)
	tab[idBool] = info{name: "bool", bits: 8, mask: 0xff}
	for n := 1; n <= 64; n++ {
		mask := ^uint64(0) >> (64 - n)
		tab[idI+n] = info{name: fmt.Sprintf("i%d", n), bits: uint8(n), signed: true, mask: mask, signBit: 1 << (n - 1)}
		tab[idU+n] = info{name: fmt.Sprintf("u%d", n), bits: uint8(n), mask: mask}
	}
	ieee := func(name string, bits, e, m int) info {
		return info{name: name, bits: uint8(bits), exp: uint8(e), man: uint8(m), signed: true, hasInf: true,
			hasNaN: true, negZero: true, bias: int16(1<<(e-1) - 1),
			maxOrd: (1<<e-1)<<m - 1, inf: (1<<e - 1) << m, nan: (1<<e-1)<<m | 1<<(m-1)}
	}
	tab[idF64] = ieee("f64", 64, 11, 52)
	tab[idF32] = ieee("f32", 32, 8, 23)
	tab[idTF32] = ieee("tf32", 32, 8, 10)
	tab[idBF16] = ieee("bf16", 16, 8, 7)
	tab[idF16] = ieee("f16", 16, 5, 10)
	tab[idF8E5M2] = ieee("f8e5m2", 8, 5, 2)
	finite := func(name string, e, m int) info {
		return info{name: name, bits: uint8(1 + e + m), exp: uint8(e), man: uint8(m), signed: true, negZero: true,
			bias: int16(1<<(e-1) - 1), maxOrd: 1<<(e+m) - 1}
	}
	fn := finite("f8e4m3fn", 4, 3)
	fn.hasNaN, fn.nan, fn.maxOrd = true, 0x7f, 0x7e
	tab[idF8E4M3FN] = fn
	fnuz := func(name string, e, m int) info {
		in := finite(name, e, m)
		in.hasNaN, in.nan, in.negZero = true, 0x80, false
		in.bias++
		return in
	}
	tab[idF8E4M3FNUZ] = fnuz("f8e4m3fnuz", 4, 3)
	tab[idF8E5M2FNUZ] = fnuz("f8e5m2fnuz", 5, 2)
	tab[idF8E8M0] = info{name: "f8e8m0", bits: 8, exp: 8, hasNaN: true, nan: 0xff, noZero: true, bias: 127, maxOrd: 255}

	id := idFamily
	for n := 3; n <= 8; n++ {
		for e := 1; e < n; e++ {
			m := n - 1 - e
			if e == 5 && m == 2 {
				fam[e][m] = idF8E5M2
				continue
			}
			tab[id] = finite(fmt.Sprintf("f%de%dm%d", n, e, m), e, m)
			fam[e][m] = uint8(id)
			id++
		}
	}
	for i := idF64; i < id; i++ {
		tab[i].derive(i)
	}
	for i := range tab[:idF64] {
		tab[i].tabulateInt(i == idBool)
	}
	return tab, fam
}

// derive fills what follows from the fields of a float.
func (in *info) derive(id int) {
	in.mask = ^uint64(0) >> (64 - in.bits)
	in.emin = 1 - in.bias
	if in.noZero {
		in.emin = -in.bias
	}
	if in.signed {
		in.signBit = 1 << (in.bits - 1)
	}
	in.saturates = in.bits <= 8
	man, emin := int(in.man), int(in.emin)
	in.normal = math.Ldexp(1, emin)
	in.tiny = math.Ldexp(1, emin-man)
	in.max = in.ordValue(in.maxOrd)
	if id == idTF32 {
		// The fields of tf32 sit at the top of a 32-bit word: its codes are the ordinals shifted up by 13.
		in.inf, in.nan = in.inf<<tf32Pad, in.nan<<tf32Pad
	}
	if in.man == 52 {
		return // f64 needs no rounding
	}
	in.drop = uint8(52 - man)
	in.half = 1<<(in.drop-1) - 1
	if man == 0 {
		in.odd = 1
	}
	in.rebias = uint64(1023+emin-1) << man
	in.normalBits = math.Float64bits(in.normal)
	in.magic = math.Ldexp(1, 52+emin-man)
	// Half a quantum past the largest value; the tie itself stays below if that value is even.
	top := (in.maxOrd+in.rebias)<<in.drop + in.half + 1
	if in.maxOrd&1 == 0 && man > 0 {
		top++
	}
	in.overBits = top
	if in.bits <= 8 {
		in.decode = make([]float64, 1<<in.bits)
		for c := range in.decode {
			in.decode[c] = in.value(uint64(c))
		}
	}
}

// tabulateInt fills decode for bool and the integers of at most 8 bits.
func (in *info) tabulateInt(isBool bool) {
	if in.bits == 0 || in.bits > 8 {
		return
	}
	in.decode = make([]float64, 1<<in.bits)
	for c := range in.decode {
		switch {
		case isBool:
			in.decode[c] = float64(min(c, 1))
		case in.signed && uint64(c)&in.signBit != 0:
			in.decode[c] = float64(c - len(in.decode))
		default:
			in.decode[c] = float64(c)
		}
	}
}

// ordValue is the exact value of an ordinal: fraction·2^(emin−man) for a subnormal, 2^(field−bias)·1.fraction otherwise.
func (in *info) ordValue(ord uint64) float64 {
	man, emin := int(in.man), int(in.emin)
	field, frac := int(ord>>man), ord&(1<<man-1)
	if field == 0 {
		return math.Ldexp(float64(frac), emin-man)
	}
	return math.Ldexp(float64(frac|1<<man), emin-man+field-1)
}

// value is the definition of a float code's value.
func (in *info) value(code uint64) float64 {
	code &= in.mask
	if in.man == 10 && in.bits == 32 {
		code >>= tf32Pad
		return in.signedValue(code&(1<<18-1), code>>18 != 0)
	}
	if in.noZero {
		if code == in.nan {
			return math.NaN()
		}
		return in.ordValue(code + 1)
	}
	return in.signedValue(code&^in.signBit, code&in.signBit != 0)
}

func (in *info) signedValue(ord uint64, neg bool) float64 {
	v := 0.0
	switch {
	case neg && ord == 0 && !in.negZero:
		return math.NaN() // fnuz: the code that would be −0 is the NaN
	case ord <= in.maxOrd:
		v = in.ordValue(ord)
	case in.hasInf && ord == in.maxOrd+1:
		v = math.Inf(1)
	default:
		return math.NaN()
	}
	if neg {
		v = math.Copysign(v, -1)
	}
	return v
}

// tf32Pad is the number of unused low bits of a tf32 word.
const tf32Pad = 13
