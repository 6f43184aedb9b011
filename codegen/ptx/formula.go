package ptx

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
)

// Functions that the hardware lacks, or has only with a large relative error, as formulas in thread IR over f32. The test
// evaluates the very nodes on the host. Polynomials are minimax in the error named at each, found by the Remez exchange in
// 120-bit arithmetic and rounded to f32; where the comment says "refitted", coefficient by coefficient from the lowest, the
// others fitted again after each rounding. On Hopper, over every 37th f32, the worst errors in units in the last place were: log2
// 1.56, sin 1.58, cos 1.58, tanh 1.81, erf 1.39; exp and erfc have been evaluated on the host only.

// approx is a Kind that only formulas use. Div: div.approx.f32, 2 units in the last place for divisors in [2^-126, 2^126] and 0
// beyond (PTX ISA, "div"). Exp2: ex2.approx.ftz.f32, which makes subnormal results 0.
const approx = "approx"

type formula struct{ *thread.Builder }

var formulas = map[thread.Op]func(f formula, x *thread.Node) *thread.Node{
	thread.Exp:  formula.exp,
	thread.Log2: formula.log2,
	thread.Sin:  func(f formula, x *thread.Node) *thread.Node { return f.sine(x, 0) },
	thread.Cos:  func(f formula, x *thread.Node) *thread.Node { return f.sine(x, 1) },
	thread.Tanh: formula.tanh,
	thread.Erf:  formula.erf,
	thread.Erfc: formula.erfc,
}

// formula prints a node as its formula, lane by lane.
func (p *printer) formula(n *thread.Node) {
	switch n.Type.Elem {
	case thread.F32:
	case thread.F64:
		p.noDouble(n)
	default:
		p.fail("is not defined for %s", n.Type.Elem)
	}
	_, b := thread.NewFunc(p.f.Name, 1)
	f := formula{b}
	out := make([]*thread.Node, n.Type.Lanes)
	for i := range out {
		if x := b.Extract(n.Args[0], i); n.Op == thread.Exp && n.Kind == thread.Coarse {
			out[i] = f.exp2(f.mul(x, f.c(math.Log2E)))
		} else {
			out[i] = formulas[n.Op](f, x)
		}
	}
	r := b.Vec(out...)
	p.block(b.Block)
	p.vals[n] = p.value(r)
}

func (f formula) c(x float32) *thread.Node { return f.Float(thread.F32, float64(x)) }

func (f formula) add(x, y *thread.Node) *thread.Node { return f.Bin(thread.Add, x, y) }
func (f formula) mul(x, y *thread.Node) *thread.Node { return f.Bin(thread.Mul, x, y) }
func (f formula) neg(x *thread.Node) *thread.Node    { return f.Un(thread.Neg, x) }
func (f formula) abs(x *thread.Node) *thread.Node    { return f.Un(thread.Abs, x) }

func (f formula) bits(x *thread.Node) *thread.Node {
	return f.Bitcast(x, thread.Scalar(thread.I32))
}

func (f formula) float(x *thread.Node) *thread.Node {
	return f.Bitcast(x, thread.Scalar(thread.F32))
}

// sign gives y, which is not negative, the sign of x.
func (f formula) sign(y, x *thread.Node) *thread.Node {
	return f.float(f.Bin(thread.Or, f.bits(y), f.Bin(thread.And, f.bits(x), f.Int(thread.I32, math.MinInt32))))
}

// horner is c[0] + c[1] x + c[2] x² …
func (f formula) horner(x *thread.Node, c ...float32) *thread.Node {
	r := f.c(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		r = f.Fma(r, x, f.c(c[i]))
	}
	return r
}

// exp is 2^n · 2^f with x·log2(e) = n + f: n is the nearest integer, held within [-126, 126] by the saturation of x·log2(e)/252 + 1/2
// to [0, 1]; f takes what is beyond and makes the result infinite or round it as a subnormal. The product with log2(e) in two floats
// leaves f with an error of 2^-25. NaN saturates to 0 and stays in f.
func (f formula) exp(x *thread.Node) *thread.Node {
	const magic = 0x1.8p23 + 127 // adding it rounds to an integer, biased as an exponent in the low bits
	u := f.Fma(x, f.c(1.44269502/252), f.c(0.5))
	u = f.Bin(thread.Min, f.Bin(thread.Max, u, f.c(0)), f.c(1))
	t := f.Fma(u, f.c(252), f.c(magic-126))
	n := f.add(t, f.c(-magic))
	r := f.Fma(x, f.c(1.44269502), f.neg(n))
	r = f.exp2(f.Fma(x, f.c(1.92596303e-08), r))
	return f.mul(r, f.float(f.Bin(thread.Shl, f.bits(t), f.I32(23))))
}

// exp2 is for results that are not subnormal, or may then be 0.
func (f formula) exp2(x *thread.Node) *thread.Node {
	r := f.Un(thread.Exp2, x)
	r.Kind = approx
	return r
}

// log2 splits x = 2^e·(1+m) with 1+m in [2/3, 4/3) and gives e + m·Q(m). Q has degree 9 and the relative error 2^-27.9 (2^-25
// after rounding its coefficients). Near x = 1, where e = 0, nothing cancels.
func (f formula) log2(x *thread.Node) *thread.Node {
	tiny := f.Cmp("lt", x, f.c(0x1p-126), false) // subnormal, also 0 and below
	y := f.Select(tiny, f.mul(x, f.c(0x1p23)), x)
	b := f.bits(y)
	e := f.Bin(thread.Shr, f.Bin(thread.Sub, b, f.I32(0x3f2aaaab)), f.I32(23)) // bits of 2/3
	m := f.add(f.float(f.Bin(thread.Sub, b, f.Bin(thread.Shl, e, f.I32(23)))), f.c(-1))
	q := f.horner(m, 1.44269502, -0.72134757, 0.480895817, -0.360668778, 0.288718313, -0.240699843, 0.201698586, -0.175262004, 0.203239098, -0.187834635)
	e = f.Bin(thread.Sub, e, f.Select(tiny, f.I32(23), f.I32(0)))
	r := f.Fma(m, q, f.Conv(e, thread.F32, false))
	inf := f.c(float32(math.Inf(1)))
	r = f.Select(f.Cmp("lt", x, inf, false), r, f.add(x, inf)) // inf and NaN
	r = f.Select(f.Cmp("eq", x, f.c(0), false), f.neg(inf), r)
	return f.Select(f.Cmp("lt", x, f.c(0), false), f.c(float32(math.NaN())), r)
}

// twoOverPi are the first bits of 2/π, most significant word first.
var twoOverPi = [...]uint32{0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab}

// sine is sin(x + turn·π/2). With j = round(x·2/π), r = x - j·π/2 lies in about [-π/4, π/4], and j mod 4 selects ±sin r or ±cos r.
//
// Up to 2^16 the reduction is Cody and Waite's with π/2 in three floats: the first fma is exact (j·c1 and x are multiples of
// 2^-23 or x is below 1, and r is below 1), the second rounds once, the third adds what two floats miss. Beyond, it is Payne
// and Hanek's: the product of the 24-bit significand and the 96 bits of 2/π that matter, in integers.
//
// sin r = r + r³P(r²) with an error of 2^-32.5 relative to r, cos r = 1 - r²/2 + r⁴Q(r²) with 2^-32.9, refitted.
func (f formula) sine(x *thread.Node, turn int) *thread.Node {
	const limit = 0x1p16
	v := f.NewVar("r", thread.F32, 1)
	q := f.NewVar("q", thread.I32, 1)
	zero := f.I32(0)
	a := f.abs(x)
	huge := f.Cmp("gt", a, f.c(limit), false)
	f.If(huge, func() {
		r, j := f.payneHanek(x, a)
		f.Set(v, zero, r)
		f.Set(q, zero, j)
	}, func() {
		const magic = 0x1.8p23 // adding it rounds to an integer, in the low bits
		t := f.Fma(x, f.c(0.636619747), f.c(magic))
		j := f.add(t, f.c(-magic))
		r := f.Fma(j, f.c(-1.57079637), x)
		r = f.Fma(j, f.c(4.37113883e-08), r)
		r = f.Fma(j, f.c(1.71512451e-15), r)
		f.Set(v, zero, r)
		f.Set(q, zero, f.bits(t))
	})
	r, j := f.Get(v, zero, 1), f.Bin(thread.Add, f.Get(q, zero, 1), f.I32(turn))
	s := f.mul(r, r)
	sin := f.Fma(f.mul(r, s), f.horner(s, -0.166666672, 0.00833337847, -0.000198524838, 2.82472024e-06), r)
	cos := f.Fma(f.mul(s, s), f.horner(s, 0.0416666456, -0.00138872908, 2.44286439e-05), f.Fma(s, f.c(-0.5), f.c(1)))
	odd := f.Cmp("ne", f.Bin(thread.And, j, f.I32(1)), zero, false)
	y := f.Select(odd, cos, sin)
	flip := f.Bin(thread.Shl, f.Bin(thread.And, j, f.I32(2)), f.I32(30))
	y = f.float(f.Bin(thread.Xor, f.bits(y), flip))
	if turn == 0 { // every fma above turns -0 into +0
		y = f.Select(f.Cmp("eq", x, f.c(0), false), x, y)
	}
	return y
}

// payneHanek reduces |x| > 2^16; a is |x|. It gives r and j; infinities and NaN give NaN.
func (f formula) payneHanek(x, a *thread.Node) (r, j *thread.Node) {
	b := f.bits(a)
	e := f.Bin(thread.Sub, f.BinU(thread.Shr, b, f.I32(23)), f.I32(127)) // a = m·2^(e-23)
	m := f.Bin(thread.Or, f.Bin(thread.And, b, f.I32(1<<23-1)), f.I32(1<<23))
	// a·2/π modulo 4 needs the bits of 2/π from position e-25 on (position 1 is worth 1/2): three words from bit e-25 of the string
	// that starts with one zero word, that is from bit e+7 = 32·w + s on.
	at := f.Bin(thread.Add, e, f.I32(32-25))
	w := f.BinU(thread.Shr, at, f.I32(5))
	s := f.Bin(thread.And, at, f.I32(31))
	word := func(i int) *thread.Node {
		r := f.Int(thread.I32, int64(int32(twoOverPi[i])))
		for k := 1; k <= 4 && i+k < len(twoOverPi); k++ { // e is 16 to 127, so w is 0 to 4
			r = f.Select(f.Cmp("eq", w, f.I32(k), false), f.Int(thread.I32, int64(int32(twoOverPi[i+k]))), r)
		}
		return r
	}
	funnel := func(hi, lo *thread.Node) *thread.Node { // 32 bits of hi:lo from bit s
		n := f.Bin(thread.Sub, f.I32(31), s)
		return f.Bin(thread.Or, f.Bin(thread.Shl, hi, s), f.BinU(thread.Shr, f.BinU(thread.Shr, lo, f.I32(1)), n))
	}
	w0, w1, w2, w3 := word(0), word(1), word(2), word(3)
	hi, mid, lo := funnel(w0, w1), funnel(w1, w2), funnel(w2, w3)
	// The product modulo 2^96 / 2^32: its top two bits are the quadrant, the rest the fraction.
	wide := func(x *thread.Node) *thread.Node { return f.Conv(x, thread.I64, true) }
	m64 := wide(m)
	p := f.BinU(thread.Shr, f.mul(m64, wide(lo)), f.Int(thread.I64, 32))
	p = f.add(p, f.mul(m64, wide(mid)))
	p = f.add(p, f.Bin(thread.Shl, f.mul(m64, wide(hi)), f.Int(thread.I64, 32)))
	// Round to the nearest quadrant: what is left is signed.
	j = f.Conv(f.BinU(thread.Shr, f.add(p, f.Int(thread.I64, 1<<61)), f.Int(thread.I64, 62)), thread.I32, false)
	left := f.Bin(thread.Sub, p, f.Bin(thread.Shl, f.Conv(j, thread.I64, false), f.Int(thread.I64, 62)))
	d := f.mul(f.Conv(left, thread.F64, false), f.Float(thread.F64, math.Pi/2*0x1p-62))
	r = f.Conv(d, thread.F32, false)
	negative := f.Cmp("lt", f.bits(x), f.I32(0), false)
	r = f.Select(negative, f.neg(r), r)
	j = f.Select(negative, f.Bin(thread.Sub, f.I32(0), j), j)
	r = f.Select(f.Cmp("lt", a, f.c(float32(math.Inf(1))), false), r, f.c(float32(math.NaN())))
	return r, j
}

// tanh is x + x³P(x²) below 0.6 (P has degree 4; the error is 2^-28.5 relative to x, refitted), else 1 - 2/(e^2x + 1), where the
// errors of exp2 and of the division shrink with the subtracted term.
func (f formula) tanh(x *thread.Node) *thread.Node {
	a := f.abs(x)
	s := f.mul(x, x)
	small := f.Fma(f.mul(a, s), f.horner(s, -0.333332986, 0.133319363, -0.0537846349, 0.0207980517, -0.00589699857), a)
	e := f.exp2(f.mul(a, f.c(2*math.Log2E)))
	d := f.Bin(thread.Div, f.c(-2), f.add(e, f.c(1)))
	d.Kind = approx
	return f.sign(f.Select(f.Cmp("lt", a, f.c(0.6), false), small, f.add(d, f.c(1))), x)
}

// erf is x + x·P(x²) below 0.9 (degree 6, relative error 2^-30.1, refitted), else 1 - 2^R(|x|) with R the minimax polynomial of degree
// 7 for log2(erfc) weighted by erfc, absolute error 2^-33.6, refitted. From 4 on the result is 1.
func (f formula) erf(x *thread.Node) *thread.Node {
	a := f.abs(x)
	s := f.mul(x, x)
	small := f.Fma(x, f.horner(s, 0.128379166, -0.376126289, 0.112836242, -0.02685556, 0.00519175315, -0.000803975272, 7.94310035e-05), x)
	t := f.Select(f.Cmp("gt", a, f.c(4), false), f.c(4), a) // NaN stays
	r := f.horner(t, 0.000246052252, -1.62951708, -0.913783669, -0.156152666, 0.0361996256, -0.00600251183, 0.000623721862, -3.01708606e-05)
	big := f.sign(f.Bin(thread.Sub, f.c(1), f.exp2(r)), x)
	return f.Select(f.Cmp("lt", a, f.c(0.9), false), small, big)
}

// erfc is 2^R(|x|), from 2 for a negative x. R(x) = x·P(x), P of degree 9, is the minimax polynomial for log2(erfc) on [0, 4.6] weighted by
// erfc or 2^-16, whatever is more; the error of 2^R is 2^-28.5 of the weight, refitted. Beyond, R falls ever faster.
func (f formula) erfc(x *thread.Node) *thread.Node {
	a := f.abs(x)
	p := f.horner(a, -1.62790728, -0.918443084, -0.148303539, 0.0276979897, 0.000158155162, -0.0023837008, 0.000939970836, -0.000196618945, 2.24808809e-05, -1.09674102e-06)
	e := f.exp2(f.mul(p, a))
	return f.Select(f.Cmp("lt", x, f.c(0), false), f.Bin(thread.Sub, f.c(2), e), e)
}
