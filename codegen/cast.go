package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// cast converts between numeric types as the op table defines.
func (lo *lowerer) cast(x node, from, to dtype.Type) node {
	b := lo.b
	switch {
	case from == to:
		return x
	case to.IsBool():
		return b.Cmp("ne", x, lo.like(x, 0), false)
	case from.IsBool() && to.IsFloat():
		return lo.narrow(b.Conv(b.Conv(x, thread.I32, true), wide(to), false), to)
	case from.IsBool():
		return lo.wrap(b.Conv(x, register(to), true), to) // 0 or 1; 1 wraps to -1 in i1
	case from.IsFloat() && to.IsFloat():
		if small(to) {
			if register(from) != thread.F64 {
				x = b.Conv(x, thread.F32, false)
			}
			y := lo.scalarwise(x, func(x node) node { return lo.nearest(x, to) })
			return y
		}
		if from == dtype.F8E8M0 && to == dtype.BF16 { // all of its numbers have zeros where BF16 ends
			return lo.scalarwise(x, func(x node) node {
				bits := b.BinU(thread.Shr, b.Bitcast(x, thread.Scalar(thread.I32)), b.I32(16))
				return b.Bitcast(b.Conv(bits, thread.I16, true), thread.Scalar(thread.BF16))
			})
		}
		return b.Conv(x, register(to), false)
	case from.IsFloat():
		return lo.floatToInt(x, to)
	case to.IsFloat():
		return lo.intToFloat(x, from, to)
	default:
		return lo.wrap(b.Conv(x, register(to), unsigned(from)), to)
	}
}

// wide is a kind that holds small integers exactly and narrows to t by one rounding.
func wide(t dtype.Type) thread.Elem {
	if register(t) == thread.F64 {
		return thread.F64
	}
	return thread.F32
}

func (lo *lowerer) intToFloat(x node, from, to dtype.Type) node {
	uns := unsigned(from)
	if from.Bits() > 53 && to != dtype.F32 && to != dtype.F64 { // F64 would round a first time
		return lo.scalarwise(x, func(x node) node { return lo.intToFloatMode(x, nil, from, to, to.Mode()) })
	}
	if from.Bits() > 24 && small(to) {
		return lo.narrow(lo.b.Conv(x, thread.F64, uns), to)
	}
	if small(to) {
		return lo.narrow(lo.b.Conv(x, thread.F32, uns), to)
	}
	if register(to) == thread.F16 || register(to) == thread.BF16 {
		if from.Bits() <= 24 {
			return lo.b.Conv(lo.b.Conv(x, thread.F32, uns), register(to), false)
		}
		return lo.b.Conv(lo.b.Conv(x, thread.F64, uns), register(to), false)
	}
	return lo.b.Conv(x, register(to), uns)
}

// floatToInt truncates toward zero and saturates; NaN gives 0.
func (lo *lowerer) floatToInt(x node, to dtype.Type) node {
	b := lo.b
	if e := x.Type.Elem; e == thread.F16 || e == thread.BF16 {
		x = b.Conv(x, thread.F32, false)
	}
	uns := !to.IsSigned()
	high := math.Ldexp(1, to.Bits())
	low := 0.0
	if !uns {
		high = math.Ldexp(1, to.Bits()-1)
		low = -high
	}
	var top, bottom int64 = int64(uint64(math.MaxUint64) >> uint(64-to.Bits())), 0
	if !uns {
		top = int64(uint64(math.MaxInt64) >> uint(64-to.Bits()))
		bottom = -top - 1
	}
	if exact := map[thread.Elem]int{thread.F32: 24, thread.F64: 53}[x.Type.Elem]; to.Bits() <= exact { // the float holds both bounds
		y := b.Bin(thread.Max, b.Bin(thread.Min, x, lo.like(x, float64(top))), lo.like(x, float64(bottom)))
		n := b.Emit(&thread.Node{Op: thread.Conv, Type: thread.Type{Elem: register(to), Lanes: x.Type.Lanes}, Args: []node{y}, Uns: uns})
		return b.Select(b.Cmp("eq", x, x, false), n, lo.likeInt(n, 0))
	}
	over := b.Cmp("ge", x, lo.like(x, high), false)
	under := b.Cmp("le", x, lo.like(x, low), false)
	number := b.Cmp("eq", x, x, false)
	safe := b.Bin(thread.And, number, b.Un(thread.Not, b.Bin(thread.Or, over, under)))
	n := &thread.Node{Op: thread.Conv, Type: thread.Type{Elem: register(to), Lanes: x.Type.Lanes}, Args: []node{b.Select(safe, x, lo.like(x, 0))}, Uns: uns}
	b.Emit(n)
	r := b.Select(over, lo.likeInt(n, top), b.Select(under, lo.likeInt(n, bottom), n))
	return b.Select(number, r, lo.likeInt(n, 0))
}

// bitcast reads the bits of an element as another type of its width. Small floats are encoded to their codes first.
func (lo *lowerer) bitcast(x node, from, to dtype.Type) node {
	return lo.scalarwise(x, func(x node) node { return lo.fromBits(lo.toBits(x, from), to) })
}

// toBits is the code of an element, as I32 or I64 with zeros above its width.
func (lo *lowerer) toBits(x node, t dtype.Type) node {
	b := lo.b
	switch {
	case t.IsInt():
		if t.IsSigned() && t.Bits() < 64 && t.Bits() != 32 {
			return b.Bin(thread.And, x, lo.likeInt(x, int64(uint64(1)<<uint(t.Bits())-1)))
		}
		return x
	case t.IsBool():
		return b.Conv(x, thread.I32, true)
	case t == dtype.F16 || t == dtype.BF16:
		return b.Conv(b.Bitcast(x, thread.Scalar(thread.I16)), thread.I32, true)
	case t == dtype.F32:
		return b.Bitcast(x, thread.Scalar(thread.I32))
	case t == dtype.F64:
		return b.Bitcast(x, thread.Scalar(thread.I64))
	}
	return lo.codeOf(x, t)
}

// fromBits is the element with a code.
func (lo *lowerer) fromBits(x node, t dtype.Type) node {
	b := lo.b
	switch {
	case t.IsInt():
		return lo.wrap(b.Conv(x, register(t), true), t)
	case t.IsBool():
		return b.Cmp("ne", x, lo.likeInt(x, 0), false)
	case t == dtype.F16 || t == dtype.BF16:
		return b.Bitcast(b.Conv(x, thread.I16, true), thread.Scalar(register(t)))
	case t == dtype.F32:
		return b.Bitcast(x, thread.Scalar(thread.F32))
	case t == dtype.F64:
		return b.Bitcast(x, thread.Scalar(thread.F64))
	}
	return lo.decode(x, t)
}
