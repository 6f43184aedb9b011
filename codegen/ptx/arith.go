package ptx

import (
	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// binary prints an operation of two operands of one type.
func (p *printer) binary(n *thread.Node) {
	x, y := p.value(n.Args[0]), p.value(n.Args[1])
	e := n.Type.Elem
	if !e.IsFloat() && n.Type.Lanes == 1 {
		if x.konst && y.konst {
			if k, ok := fold(n.Op, e, n.Uns, x.k, y.k); ok {
				p.vals[n] = konst(k)
				return
			}
		}
		if v, ok := identity(n.Op, e, x, y); ok {
			p.vals[n] = v
			return
		}
	}
	p.vals[n] = p.elementwise(n)
}

// elementwise applies a node to the parts of its operands.
func (p *printer) elementwise(n *thread.Node) val {
	t := n.Type
	args := make([]value.Value, len(n.Args))
	if t.Lanes == 1 {
		for i, a := range n.Args {
			args[i] = p.arg(a)
		}
		return val{v: p.apply(n, args)}
	}
	ops := make([][]value.Value, len(n.Args))
	for i, a := range n.Args {
		if a.Type != t {
			p.fail("operand %d is %s, the result %s", i, a.Type, t)
		}
		ops[i] = p.partsOf(p.value(a), t)
	}
	parts := make([]value.Value, len(ops[0]))
	for j := range parts {
		for i := range ops {
			args[i] = ops[i][j]
		}
		parts[j] = p.apply(n, args)
	}
	return val{parts: parts}
}

// apply prints an arithmetic node on operands of one LLVM type, a scalar or a part of a vector.
func (p *printer) apply(n *thread.Node, a []value.Value) value.Value {
	e, t := n.Type.Elem, a[0].Type()
	if e.IsFloat() {
		return p.float(n, e, t, a)
	}
	switch n.Op {
	case thread.Add:
		return p.emit(ir.NewAdd(a[0], a[1]))
	case thread.Sub:
		return p.emit(ir.NewSub(a[0], a[1]))
	case thread.Mul:
		return p.emit(ir.NewMul(a[0], a[1]))
	case thread.Div:
		if n.Uns {
			return p.emit(ir.NewUDiv(a[0], a[1]))
		}
		return p.emit(ir.NewSDiv(a[0], a[1]))
	case thread.Rem:
		if n.Uns {
			return p.emit(ir.NewURem(a[0], a[1]))
		}
		return p.emit(ir.NewSRem(a[0], a[1]))
	case thread.Min, thread.Max:
		name := "llvm.smin"
		switch {
		case n.Op == thread.Max && n.Uns:
			name = "llvm.umax"
		case n.Op == thread.Max:
			name = "llvm.smax"
		case n.Uns:
			name = "llvm.umin"
		}
		return p.intrinsic(llx.Intrinsic(name, t), t, a...)
	case thread.And:
		return p.emit(ir.NewAnd(a[0], a[1]))
	case thread.Or:
		return p.emit(ir.NewOr(a[0], a[1]))
	case thread.Xor:
		return p.emit(ir.NewXor(a[0], a[1]))
	case thread.Shl:
		return p.emit(ir.NewShl(a[0], a[1]))
	case thread.Shr:
		if n.Uns {
			return p.emit(ir.NewLShr(a[0], a[1]))
		}
		return p.emit(ir.NewAShr(a[0], a[1]))
	case thread.Neg:
		return p.emit(ir.NewSub(llx.Zero(t), a[0]))
	case thread.Not:
		return p.emit(ir.NewXor(a[0], llx.Int(t, -1)))
	case thread.Abs:
		return p.intrinsic(llx.Intrinsic("llvm.abs", t), t, a[0], llx.Int(types.I1, 0))
	case thread.Popc:
		return p.intrinsic(llx.Intrinsic("llvm.ctpop", t), t, a[0])
	case thread.Clz:
		return p.intrinsic(llx.Intrinsic("llvm.ctlz", t), t, a[0], llx.Int(types.I1, 0))
	}
	p.fail("is not defined for %s", e)
	return nil
}

// float prints float arithmetic. Division and square roots of 16-bit floats go through f32, which is exact after rounding again:
// 24 bits are at least twice 11 and two more (Figueroa, "When is double rounding innocuous?", 1995). LLVM itself writes bf16
// addition and multiplication as fma where the target lacks them, with the same result.
func (p *printer) float(n *thread.Node, e thread.Elem, t types.Type, a []value.Value) value.Value {
	small := e == thread.F16 || e == thread.BF16
	call := func(name string) value.Value { return p.intrinsic(llx.Intrinsic(name, t), t, a...) }
	switch n.Op {
	case thread.Add:
		return p.emit(ir.NewFAdd(a[0], a[1]))
	case thread.Sub:
		return p.emit(ir.NewFSub(a[0], a[1]))
	case thread.Mul:
		return p.emit(ir.NewFMul(a[0], a[1]))
	case thread.Div:
		switch n.Kind {
		case approx:
			return p.pure("div.approx.f32 $0, $1, $2;", t, a...)
		case thread.Coarse: // scales operands so that it covers the whole range; ptxas does a common divisor's part once
			return p.pure("div.full.f32 $0, $1, $2;", t, a...)
		}
		if small {
			return p.through(t, a, func(w types.Type, a []value.Value) value.Value { return p.emit(ir.NewFDiv(a[0], a[1])) })
		}
		return p.emit(ir.NewFDiv(a[0], a[1]))
	case thread.Min:
		return call("llvm.minimumnum")
	case thread.Max:
		return call("llvm.maximumnum")
	case thread.Neg:
		return p.emit(ir.NewFNeg(a[0]))
	case thread.Abs:
		return call("llvm.fabs")
	case thread.Fma:
		return call("llvm.fma")
	case thread.Sqrt:
		if small {
			return p.through(t, a, func(w types.Type, a []value.Value) value.Value {
				return p.intrinsic(llx.Intrinsic("llvm.sqrt", w), w, a...)
			})
		}
		return call("llvm.sqrt")
	case thread.Floor, thread.Ceil, thread.Round:
		name := map[thread.Op]string{thread.Floor: "llvm.floor", thread.Ceil: "llvm.ceil", thread.Round: "llvm.roundeven"}[n.Op]
		if e == thread.BF16 {
			return p.through(t, a, func(w types.Type, a []value.Value) value.Value {
				return p.intrinsic(llx.Intrinsic(name, w), w, a...)
			})
		}
		return call(name)
	case thread.Rsqrt: // rsqrt.approx.f32: 1.52 units in the last place measured on Hopper; 1/sqrt of f64: two roundings
		switch e {
		case thread.F32:
			return p.pure("rsqrt.approx.f32 $0, $1;", t, a...)
		case thread.F64:
			s := p.intrinsic(llx.Intrinsic("llvm.sqrt", t), t, a...)
			return p.emit(ir.NewFDiv(llx.FloatConst(t, 1), s))
		}
	case thread.Exp2: // ex2.approx.f32 without ftz: 2 units in the last place, 2.1 measured where results become subnormal
		switch e {
		case thread.F32:
			if n.Kind == approx {
				return p.pure("ex2.approx.ftz.f32 $0, $1;", t, a...)
			}
			return p.pure("ex2.approx.f32 $0, $1;", t, a...)
		case thread.F64:
			p.noDouble(n)
		}
	}
	p.fail("is not defined for %s", e)
	return nil
}

func (p *printer) noDouble(n *thread.Node) {
	p.refuse("%s of f64 has no GPU form yet; cast to f32", n.Op)
}

// through computes 16-bit floats in f32 and rounds the result.
func (p *printer) through(t types.Type, a []value.Value, f func(w types.Type, a []value.Value) value.Value) value.Value {
	w := types.Type(llx.Float)
	if v, ok := t.(*types.VectorType); ok {
		w = vec(llx.Float, int(v.Len))
	}
	wide := make([]value.Value, len(a))
	for i, x := range a {
		wide[i] = p.emit(ir.NewFPExt(x, w))
	}
	return p.emit(ir.NewFPTrunc(f(w, wide), t))
}

var (
	signedPreds   = map[string]enum.IPred{"eq": enum.IPredEQ, "ne": enum.IPredNE, "lt": enum.IPredSLT, "le": enum.IPredSLE, "gt": enum.IPredSGT, "ge": enum.IPredSGE}
	unsignedPreds = map[string]enum.IPred{"eq": enum.IPredEQ, "ne": enum.IPredNE, "lt": enum.IPredULT, "le": enum.IPredULE, "gt": enum.IPredUGT, "ge": enum.IPredUGE}
	floatPreds    = map[string]enum.FPred{"eq": enum.FPredOEQ, "ne": enum.FPredUNE, "lt": enum.FPredOLT, "le": enum.FPredOLE, "gt": enum.FPredOGT, "ge": enum.FPredOGE}
)

// compare prints a Cmp. Its result has one i1 for each lane.
func (p *printer) compare(n *thread.Node) {
	a := n.Args[0].Type
	if _, ok := floatPreds[n.Kind]; !ok {
		p.fail("predicate %q: expected eq ne lt le gt ge", n.Kind)
	}
	x, y := p.value(n.Args[0]), p.value(n.Args[1])
	if x.konst && y.konst && a.Lanes == 1 {
		k := int64(0)
		if compare(n.Kind, a.Elem, n.Uns || a.Elem == thread.Bool, x.k, y.k) {
			k = 1
		}
		p.vals[n] = konst(k)
		return
	}
	xs, ys := p.partsOf(x, a), p.partsOf(y, a)
	bits := make([]value.Value, 0, a.Lanes)
	for i := range xs {
		var c value.Value
		switch {
		case a.Elem.IsFloat():
			c = p.emit(llx.FCmp(floatPreds[n.Kind], xs[i], ys[i]))
		case n.Uns || a.Elem == thread.Bool:
			c = p.emit(llx.ICmp(unsignedPreds[n.Kind], xs[i], ys[i]))
		default:
			c = p.emit(llx.ICmp(signedPreds[n.Kind], xs[i], ys[i]))
		}
		for j := range a.Lanes / len(xs) {
			bits = append(bits, p.extract(c, j))
		}
	}
	p.vals[n] = p.join(bits, n.Type)
}

// choose prints a Select; the condition is one Bool or one for each lane.
func (p *printer) choose(n *thread.Node) {
	c, x, y := p.value(n.Args[0]), p.value(n.Args[1]), p.value(n.Args[2])
	t := n.Type
	if c.konst {
		if p.vals[n] = y; c.k != 0 {
			p.vals[n] = x
		}
		return
	}
	if t.Lanes == 1 {
		v := p.emit(ir.NewSelect(c.v, p.scalarOf(x, t.Elem), p.scalarOf(y, t.Elem)))
		p.vals[n] = val{v: v, ro: x.ro && y.ro}
		return
	}
	xs, ys := p.partsOf(x, t), p.partsOf(y, t)
	u := t.Lanes / len(xs)
	parts := make([]value.Value, len(xs))
	for i := range parts {
		bit := c.v
		if n.Args[0].Type.Lanes > 1 {
			bit = p.build(c.parts[i*u:(i+1)*u], types.I1)
		}
		parts[i] = p.emit(ir.NewSelect(bit, xs[i], ys[i]))
	}
	p.vals[n] = val{parts: parts}
}
