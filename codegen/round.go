package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// castMode converts with a rounding or an overflow rule that is not the conversion's own, in integers of 64 bits, as
// ir/dtype defines it. xs are the elements and, for stochastic rounding, their random words.
func (lo *lowerer) castMode(o *ir.Op, xs []node) node {
	b := lo.b
	from, to, m := o.Args[0].Type.Elem, o.Result().Type.Elem, ir.CastMode(o)
	one := func(x, bits node) node {
		switch {
		case !from.IsFloat() && !to.IsFloat():
			return lo.clamp(x, from, to)
		case !from.IsFloat():
			return lo.intToFloatMode(x, bits, from, to, m)
		}
		if e := x.Type.Elem; e == thread.F16 || e == thread.BF16 {
			x = b.Conv(x, thread.F32, false)
		}
		if to.IsFloat() {
			return lo.round(x, bits, to, m)
		}
		switch m.Round {
		case dtype.NearestEven:
			x = b.Un(thread.Round, x)
		case dtype.Stochastic:
			x = lo.roundWhole(x, bits)
		}
		return lo.floatToInt(x, to)
	}
	if len(xs) == 1 {
		return lo.scalarwise(xs[0], func(x node) node { return one(x, nil) })
	}
	if xs[0].Type.Lanes == 1 {
		return one(xs[0], xs[1])
	}
	out := make([]node, xs[0].Type.Lanes)
	for i := range out {
		out[i] = one(b.Extract(xs[0], i), b.Extract(xs[1], i))
	}
	return b.Vec(out...)
}

// clamp brings an integer into the range of another type.
func (lo *lowerer) clamp(x node, from, to dtype.Type) node {
	b := lo.b
	uns := unsigned(from)
	if !uns && from.MinInt() < to.MinInt() {
		x = b.Bin(thread.Max, x, b.Int(x.Type.Elem, to.MinInt()))
	}
	if uint64(to.MaxInt()) < uint64(from.MaxInt()) {
		n := b.Int(x.Type.Elem, to.MaxInt())
		if uns {
			x = b.BinU(thread.Min, x, n)
		} else {
			x = b.Bin(thread.Min, x, n)
		}
	}
	return lo.wrap(b.Conv(x, register(to), uns), to)
}

// rest is what lies below the last place of a number sig/2^s: the quotient, and whether to round up. s is at least 0; what
// is above 63 is taken as 63 for the quotient, which is 0 then.
func (lo *lowerer) rest(sig, s, bits node, m dtype.Mode) node {
	b := lo.b
	k := func(n int64) node { return b.Int(thread.I64, n) }
	small := b.Bin(thread.Min, s, k(63))
	q := b.BinU(thread.Shr, sig, small)
	rem := b.Bin(thread.Sub, sig, b.Bin(thread.Shl, q, small))
	var up node
	switch m.Round {
	case dtype.TowardZero:
		return q
	case dtype.NearestEven: // twice the rest against 2^s
		twice, gap := b.Bin(thread.Shl, rem, k(1)), b.Bin(thread.Shl, k(1), small)
		tie := b.And2(b.Cmp("eq", twice, gap, false), b.Cmp("eq", b.Bin(thread.And, q, k(1)), k(1), false))
		tie = b.And2(tie, b.Cmp("gt", s, k(0), false))
		up = b.And2(b.Cmp("lt", s, k(64), false), b.Bin(thread.Or, b.Cmp("gt", twice, gap, true), tie))
	default: // the first 32 bits of the rest, as a fraction, plus the random ones
		right := b.Bin(thread.Min, b.Bin(thread.Max, b.Bin(thread.Sub, s, k(32)), k(0)), k(63))
		left := b.Bin(thread.Max, b.Bin(thread.Sub, k(32), s), k(0))
		f := b.Bin(thread.Shl, b.BinU(thread.Shr, rem, right), left)
		f = b.Select(b.Cmp("gt", s, k(95), false), k(0), f)
		up = b.Cmp("ge", b.Bin(thread.Add, f, b.Conv(bits, thread.I64, true)), k(1<<32), false)
	}
	return b.Bin(thread.Add, q, b.Conv(up, thread.I64, true))
}

// round rounds an F32 or F64 to a float type.
func (lo *lowerer) round(x, bits node, t dtype.Type, m dtype.Mode) node {
	b := lo.b
	if t == dtype.F64 || t == dtype.F8E8M0 { // the latter has numbers that are subnormal in F32
		x = b.Conv(x, thread.F64, false)
	}
	man, xbias, width := 23, 127, 32
	raw := b.Bitcast(x, thread.Scalar(map[thread.Elem]thread.Elem{thread.F32: thread.I32, thread.F64: thread.I64}[x.Type.Elem]))
	if x.Type.Elem == thread.F64 {
		man, xbias, width = 52, 1023, 64
	}
	k := func(n int64) node { return b.Int(thread.I64, n) }
	raw = b.Conv(raw, thread.I64, true)
	mag := b.Bin(thread.And, raw, k(int64(uint64(1)<<uint(width-1)-1)))
	neg := b.Cmp("ne", b.BinU(thread.Shr, raw, k(int64(width-1))), k(0), false)
	field, frac := b.BinU(thread.Shr, mag, k(int64(man))), b.Bin(thread.And, mag, k(1<<man-1))
	normal := b.Cmp("ne", field, k(0), false)
	sig := b.Select(normal, b.Bin(thread.Or, frac, k(1<<man)), frac)

	// The ordinal of the magnitude: the quotient by the gap between neighbours, and one binade for each step above the least.
	tm, emin := t.ManBits(), 1-t.Bias()
	if !t.HasSign() {
		emin = -127
	}
	e := b.Bin(thread.Add, b.Select(normal, field, k(1)), k(int64(1-xbias-emin)))
	s := b.Bin(thread.Add, b.Bin(thread.Max, b.Bin(thread.Sub, k(1), e), k(0)), k(int64(man-tm)))
	ord := b.Bin(thread.Add, lo.rest(sig, s, bits, m), b.Bin(thread.Shl, b.Bin(thread.Sub, b.Bin(thread.Max, e, k(1)), k(1)), k(int64(tm))))

	code := func(v float64, m dtype.Mode) int64 { return int64(t.FromFloat(v, m)) }
	unit, first := int64(1), int64(0) // between codes of neighbours, and the ordinal of code 0
	switch {
	case t == dtype.TF32:
		unit = code(math.SmallestNonzeroFloat32*(1<<13), dtype.Mode{})
	case !t.HasSign():
		first = 1
		ord = b.Bin(thread.Max, ord, k(1))
	}
	c := b.Bin(thread.Mul, b.Bin(thread.Sub, ord, k(first)), k(unit))
	largest := code(t.MaxFloat(), dtype.Mode{Saturate: true})
	inf := code(math.Inf(1), m)
	over := inf
	if m.Round == dtype.TowardZero {
		over = largest
	}
	c = b.Select(b.Cmp("gt", c, k(largest), true), k(over), c)
	infinite := int64(uint64(1)<<uint(width-1)-1) &^ (1<<man - 1)
	c = b.Select(b.Cmp("eq", mag, k(infinite), false), k(inf), c)
	if t.HasSign() {
		signed := b.Bin(thread.Or, c, k(int64(uint64(1)<<uint(t.ManBits()+t.ExpBits()+map[bool]int{true: 13}[t == dtype.TF32]))))
		if !t.HasNegZero() {
			neg = b.And2(neg, b.Cmp("ne", c, k(0), false))
		}
		c = b.Select(neg, signed, c)
	} else {
		c = b.Select(b.And2(neg, b.Cmp("ne", mag, k(0), false)), k(code(-1, dtype.Mode{})), c)
	}
	c = b.Select(b.Cmp("gt", mag, k(infinite), false), k(code(math.NaN(), m)), c)
	if register(t) != thread.F64 {
		c = b.Conv(c, thread.I32, false)
	}
	return lo.fromBits(c, t)
}

// roundWhole rounds an F32 or F64 to a whole number, stochastically.
func (lo *lowerer) roundWhole(x, bits node) node {
	b := lo.b
	a := b.Un(thread.Abs, x)
	whole := b.Un(thread.Floor, a)
	f := b.Bin(thread.Mul, b.Bin(thread.Sub, a, whole), lo.like(x, 0x1p32))
	finite := b.Cmp("lt", a, lo.like(x, 0x1p62), false) // beyond there is no fraction; NaN stays
	n := b.Conv(b.Select(finite, f, lo.like(x, 0)), thread.I64, false)
	up := b.Cmp("ge", b.Bin(thread.Add, n, b.Conv(bits, thread.I64, true)), b.Int(thread.I64, 1<<32), false)
	r := b.Bin(thread.Add, whole, b.Select(up, lo.like(x, 1), lo.like(x, 0)))
	return b.Select(finite, b.Select(b.Cmp("lt", x, lo.like(x, 0), false), b.Un(thread.Neg, r), r), x)
}

// intToFloatMode rounds an integer. One that F64 does not hold is rounded to the precision of the type first, which F64 does
// hold.
func (lo *lowerer) intToFloatMode(x, bits node, from, to dtype.Type, m dtype.Mode) node {
	b := lo.b
	uns := unsigned(from)
	if from.Bits() <= 53 {
		return lo.round(b.Conv(x, thread.F64, uns), bits, to, m)
	}
	k := func(n int64) node { return b.Int(thread.I64, n) }
	mag, neg := x, b.Cmp("lt", x, k(0), false)
	if !uns {
		mag = b.Select(neg, b.Bin(thread.Sub, k(0), x), x)
	}
	s := b.Bin(thread.Max, b.Bin(thread.Sub, k(int64(63-to.ManBits())), b.Un(thread.Clz, mag)), k(0))
	y := b.Conv(lo.rest(mag, s, bits, m), thread.F64, true)
	y = b.Bin(thread.Mul, y, b.Bitcast(b.Bin(thread.Shl, b.Bin(thread.Add, s, k(1023)), k(52)), thread.Scalar(thread.F64)))
	if !uns {
		y = b.Select(neg, b.Un(thread.Neg, y), y)
	}
	return lo.round(y, nil, to, dtype.Mode{Saturate: m.Saturate || m.Round == dtype.TowardZero})
}
