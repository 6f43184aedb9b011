package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

func unsigned(t dtype.Type) bool { return t.IsInt() && !t.IsSigned() || t.IsBool() }

// small reports float types that registers hold as the F32 of the same value.
func small(t dtype.Type) bool {
	return t.IsFloat() && t != dtype.F16 && t != dtype.BF16 && t != dtype.F32 && t != dtype.F64
}

// like is a constant with the kind and lanes of x.
func (lo *lowerer) like(x node, v float64) node {
	n := &thread.Node{Op: thread.Const, Type: x.Type}
	if x.Type.Elem.IsFloat() {
		n.F = v
	} else {
		n.Imm = int64(v)
	}
	return lo.b.Emit(n)
}

func (lo *lowerer) likeInt(x node, v int64) node {
	if x.Type.Lanes == 1 {
		return lo.b.Int(x.Type.Elem, v)
	}
	return lo.b.Emit(&thread.Node{Op: thread.Const, Type: x.Type, Imm: v})
}

// scalarwise applies f to each lane of x.
func (lo *lowerer) scalarwise(x node, f func(node) node) node {
	if x.Type.Lanes == 1 {
		return f(x)
	}
	out := make([]node, x.Type.Lanes)
	for i := range out {
		out[i] = f(lo.b.Extract(x, i))
	}
	return lo.b.Vec(out...)
}

// wrap brings an integer result back to the width of its type.
func (lo *lowerer) wrap(x node, t dtype.Type) node {
	w := 32
	if x.Type.Elem == thread.I64 {
		w = 64
	}
	n := w - t.Bits()
	switch {
	case n <= 0 || t.IsBool():
		return x
	case t.IsSigned():
		return lo.b.Bin(thread.Shr, lo.b.Bin(thread.Shl, x, lo.likeInt(x, int64(n))), lo.likeInt(x, int64(n)))
	default:
		return lo.b.Bin(thread.And, x, lo.likeInt(x, int64(uint64(1)<<uint(t.Bits())-1)))
	}
}

var intOps = map[ir.Code]thread.Op{ir.OpAdd: thread.Add, ir.OpSub: thread.Sub, ir.OpMul: thread.Mul, ir.OpMin: thread.Min, ir.OpMax: thread.Max, ir.OpAnd: thread.And, ir.OpOr: thread.Or, ir.OpXor: thread.Xor}

// intOp makes every case of an integer operation explicit: division by zero, the one quotient that overflows, counts of
// shifts beyond the width.
func (lo *lowerer) intOp(c ir.Code, t dtype.Type, xs []node) node {
	b := lo.b
	x := xs[0]
	uns := unsigned(t)
	switch c {
	case ir.OpNeg:
		return lo.wrap(b.Bin(thread.Sub, lo.likeInt(x, 0), x), t)
	case ir.OpNot:
		return lo.wrap(b.Un(thread.Not, x), t)
	case ir.OpAbs:
		if uns {
			return x
		}
		return lo.wrap(b.Bin(thread.Max, x, b.Bin(thread.Sub, lo.likeInt(x, 0), x)), t)
	}
	y := xs[1]
	if op, ok := intOps[c]; ok {
		if uns {
			return lo.wrap(b.BinU(op, x, y), t)
		}
		return lo.wrap(b.Bin(op, x, y), t)
	}
	zero, one := lo.likeInt(x, 0), lo.likeInt(x, 1)
	switch c {
	case ir.OpDiv, ir.OpRem:
		op := thread.Div
		if c == ir.OpRem {
			op = thread.Rem
		}
		if n, ok := thread.IsConst(y); ok && n > 0 {
			if uns {
				return b.BinU(op, x, y)
			}
			return b.Bin(op, x, y)
		}
		byZero, byMinus := zero, b.Bin(thread.Sub, zero, x)
		if c == ir.OpRem {
			byZero, byMinus = x, zero
		}
		isZero := b.Cmp("eq", y, zero, false)
		if uns {
			q := b.BinU(op, x, b.Select(isZero, one, y))
			return b.Select(isZero, byZero, q)
		}
		isMinus := b.Cmp("eq", y, lo.likeInt(x, -1), false)
		q := b.Bin(op, x, b.Select(b.Bin(thread.Or, isZero, isMinus), one, y))
		return lo.wrap(b.Select(isZero, byZero, b.Select(isMinus, byMinus, q)), t)
	case ir.OpShl:
		in := b.Cmp("lt", y, lo.likeInt(y, int64(t.Bits())), true)
		return lo.wrap(b.Select(in, b.Bin(thread.Shl, x, lo.shiftCount(in, y)), zero), t)
	case ir.OpShr:
		in := b.Cmp("lt", y, lo.likeInt(y, int64(t.Bits())), true)
		if uns {
			return b.Select(in, b.BinU(thread.Shr, x, lo.shiftCount(in, y)), zero)
		}
		return b.Bin(thread.Shr, x, b.Select(in, lo.shiftCount(in, y), lo.likeInt(y, int64(t.Bits()-1))))
	}
	panic("codegen: no integer " + c.String())
}

// shiftCount is y where it is in range, else any count that is. LLVM 22 takes a choice of 0 beyond 63 for what PTX's 64-bit
// shifts do themselves, but those read 32 bits of the count: 2^32 and more would shift by the rest. It does not see through the mask.
func (lo *lowerer) shiftCount(in, y node) node {
	if y.Type.Elem.Size() == 8 {
		return lo.b.Bin(thread.And, y, lo.likeInt(y, 63))
	}
	return lo.b.Select(in, y, lo.likeInt(y, 0))
}

// count is popcount or clz of an integer, as I32.
func (lo *lowerer) count(c ir.Code, x node, t dtype.Type) node {
	b := lo.b
	x = lo.toBits(x, t)
	if c == ir.OpPopcount {
		return b.Conv(b.Un(thread.Popc, x), thread.I32, true)
	}
	n := b.Conv(b.Un(thread.Clz, x), thread.I32, true)
	return b.Bin(thread.Sub, n, lo.likeInt(n, int64(8*x.Type.Elem.Size()-t.Bits())))
}

var floatOps = map[ir.Code]thread.Op{ir.OpAdd: thread.Add, ir.OpSub: thread.Sub, ir.OpMul: thread.Mul, ir.OpDiv: thread.Div, ir.OpMin: thread.Min, ir.OpMax: thread.Max, ir.OpNeg: thread.Neg,
	ir.OpAbs: thread.Abs, ir.OpSqrt: thread.Sqrt, ir.OpFloor: thread.Floor, ir.OpCeil: thread.Ceil, ir.OpRound: thread.Round}

// floatOp computes in the register kind and rounds to the type. Functions of 16-bit types are computed in F32; the same
// holds for fma, whose product and sum F32 cannot hold exactly, in F64.
func (lo *lowerer) floatOp(c ir.Code, t dtype.Type, xs []node) node {
	b := lo.b
	if c == ir.OpFma {
		if !small(t) { // every other kind has a fused form of its own, rounded once
			return b.Fma(xs[0], xs[1], xs[2])
		}
		var ds []node
		for _, x := range xs {
			ds = append(ds, b.Conv(x, thread.F64, false))
		}
		return lo.narrow(b.Fma(ds[0], ds[1], ds[2]), t)
	}
	if op, ok := floatOps[c]; ok {
		var n node
		if len(xs) == 2 {
			n = b.Bin(op, xs[0], xs[1])
		} else {
			n = b.Un(op, xs[0])
		}
		switch c {
		case ir.OpMin, ir.OpMax, ir.OpNeg, ir.OpAbs: // one of the operands, or its mirror image: infinities stay
			if small(t) && t.HasInf() {
				return lo.scalarwise(n, func(x node) node { return lo.decode(lo.codeOf(x, t), t) })
			}
		}
		return lo.roundTo(n, t)
	}
	x := xs[0]
	if register(t) == thread.F64 {
		return lo.function(c, x)
	}
	return lo.narrow(lo.function(c, b.Conv(x, thread.F32, false)), t)
}

// roundTo rounds a result held in the register kind of t to t.
func (lo *lowerer) roundTo(x node, t dtype.Type) node {
	if !small(t) {
		return x
	}
	return lo.scalarwise(x, func(x node) node { return lo.nearest(x, t) })
}

// narrow converts an F32 or F64 to the register kind of t, rounded to t once.
func (lo *lowerer) narrow(x node, t dtype.Type) node {
	if !small(t) {
		return lo.b.Conv(x, register(t), false)
	}
	return lo.roundTo(x, t)
}

// function evaluates a transcendental function of an F32 or F64.
func (lo *lowerer) function(c ir.Code, x node) node {
	b := lo.b
	switch c {
	case ir.OpExp:
		return b.Un(thread.Exp, x)
	case ir.OpExp2:
		return b.Un(thread.Exp2, x)
	case ir.OpLog:
		return b.Bin(thread.Mul, b.Un(thread.Log2, x), lo.like(x, math.Ln2))
	case ir.OpLog2:
		return b.Un(thread.Log2, x)
	case ir.OpSin:
		return b.Un(thread.Sin, x)
	case ir.OpCos:
		return b.Un(thread.Cos, x)
	case ir.OpTanh:
		return b.Un(thread.Tanh, x)
	case ir.OpErf:
		return b.Un(thread.Erf, x)
	case ir.OpRsqrt:
		return b.Un(thread.Rsqrt, x)
	}
	panic("codegen: no function " + c.String())
}
