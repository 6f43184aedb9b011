package ptx

import (
	"fmt"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// conv prints a Conv. Lanes are converted in the wider of the two packings, so that a pair of floats becomes a pair of halves
// by one cvt.
func (p *printer) conv(n *thread.Node) {
	a := n.Args[0]
	from, to := a.Type, n.Type
	x := p.value(a)
	if x.konst && !to.Elem.IsFloat() {
		k := x.k
		switch {
		case to.Elem == thread.Bool && k != 0:
			k = 1
		case n.Uns:
			k = int64(unsigned(from.Elem, k))
		}
		p.vals[n] = konst(wrap(to.Elem, k))
		return
	}
	if to.Lanes == 1 {
		p.vals[n] = val{v: p.convert(p.scalarOf(x, from.Elem), from.Elem, to.Elem, 1, n.Uns)}
		return
	}
	u := max(unit(from.Elem, from.Lanes), unit(to.Elem, to.Lanes))
	in := p.partsOf(x, from)
	if from.Lanes/len(in) != u {
		s := p.lanesOf(x, from)
		in = make([]value.Value, from.Lanes/u)
		for i := range in {
			in[i] = p.build(s[i*u:(i+1)*u], scalar(from.Elem))
		}
	}
	out := make([]value.Value, len(in))
	for i := range in {
		out[i] = p.convert(in[i], from.Elem, to.Elem, u, n.Uns)
	}
	p.vals[n] = p.regroup(out, u, to)
}

// convert converts u elements at once.
func (p *printer) convert(x value.Value, from, to thread.Elem, u int, uns bool) value.Value {
	t := vec(scalar(to), u)
	switch {
	case from == to:
		return x
	case to == thread.Bool && from.IsFloat():
		return p.emit(llx.FCmp(enum.FPredUNE, x, llx.Zero(x.Type())))
	case to == thread.Bool:
		return p.emit(llx.ICmp(enum.IPredNE, x, llx.Zero(x.Type())))

	case from.IsFloat() && to.IsFloat():
		switch {
		case from == thread.F16 && to == thread.BF16, from == thread.BF16 && to == thread.F16:
			return p.convert(p.convert(x, from, thread.F32, u, false), thread.F32, to, u, false) // to f32 is exact
		case from == thread.BF16 && to == thread.F32 && u == 2:
			return p.build([]value.Value{p.widenBF16(x, false), p.widenBF16(x, true)}, llx.Float)
		case from == thread.BF16 && to == thread.F32:
			if e, ok := x.(*ir.InstExtractElement); ok && llx.Bits(e.X.Type()) == 32 {
				if i := e.Index.Ident(); i == "0" || i == "1" {
					return p.widenBF16(e.X, i == "1")
				}
			}
			return p.emit(ir.NewFPExt(x, t))
		case from.Size() < to.Size():
			return p.emit(ir.NewFPExt(x, t))
		}
		return p.emit(ir.NewFPTrunc(x, t))
	case from.IsFloat() && uns:
		return p.emit(ir.NewFPToUI(x, t))
	case from.IsFloat():
		return p.emit(ir.NewFPToSI(x, t))

	case to == thread.BF16 && !p.t.BF16 && from == thread.I32, to == thread.BF16 && !p.t.BF16 && from == thread.I64:
		return p.intToBF16(x, from, t, u, uns)
	case to.IsFloat() && (uns || from == thread.Bool):
		return p.emit(ir.NewUIToFP(x, t))
	case to.IsFloat():
		return p.emit(ir.NewSIToFP(x, t))

	case width(from) > width(to):
		return p.emit(ir.NewTrunc(x, t))
	case width(from) == width(to):
		return x
	case uns || from == thread.Bool:
		return p.emit(ir.NewZExt(x, t))
	}
	return p.emit(ir.NewSExt(x, t))
}

// widenBF16 is an element of a pair of bf16 as f32: one instruction, where LLVM takes three for the two of a pair.
func (p *printer) widenBF16(pair value.Value, high bool) value.Value {
	w := p.bitcast(pair, types.I32)
	if !high {
		return p.bitcast(p.emit(ir.NewShl(w, llx.I32(16))), llx.Float)
	}
	return p.bitcast(p.emit(ir.NewAnd(w, llx.Int(types.I32, -1<<16))), llx.Float)
}

// intToBF16 rounds integers of 32 and 64 bits to bf16 once, where the target has no such conversion. LLVM alone would round twice,
// through f32 (seen with LLVM 22: 0x2c20002 becomes 0x1.6p25 for 0x1.62p25), and it folds a detour over f64 back into that; so
// the integer becomes f64 by inline PTX, and LLVM rounds f64 to bf16 by way of odd. f64 holds an i32 exactly. Of an i64 beyond 2^52
// the bits below bit 11 are folded into bit 11 as "not zero": what is left fits f64, and bf16 keeps so few bits that the result is
// the same.
func (p *printer) intToBF16(x value.Value, from thread.Elem, t types.Type, u int, uns bool) value.Value {
	sign := "s"
	if uns {
		sign = "u"
	}
	if from == thread.I64 {
		i64 := x.Type()
		low := p.emit(ir.NewAnd(x, llx.Int(i64, 1<<11-1)))
		sticky := p.emit(ir.NewZExt(p.emit(llx.ICmp(enum.IPredNE, low, llx.Zero(i64))), i64))
		rest := p.emit(ir.NewAnd(x, llx.Int(i64, -1<<11)))
		odd := p.emit(ir.NewOr(rest, p.emit(ir.NewShl(sticky, llx.Int(i64, 11)))))
		small := p.emit(llx.ICmp(enum.IPredULT, p.emit(ir.NewAdd(x, llx.Int(i64, 1<<52))), llx.Int(i64, 1<<53)))
		x = p.emit(ir.NewSelect(small, x, odd))
	}
	wide := make([]value.Value, u)
	for i := range wide {
		wide[i] = p.pure(fmt.Sprintf("cvt.rn.f64.%s%d $0, $1;", sign, width(from)), llx.Double, p.extract(x, i))
	}
	return p.emit(ir.NewFPTrunc(p.build(wide, llx.Double), t))
}

// reinterpret prints a Bitcast.
func (p *printer) reinterpret(n *thread.Node) {
	a := n.Args[0]
	x := p.value(a)
	if a.Type.Lanes == 1 && n.Type.Lanes == 1 {
		e, to := a.Type.Elem, n.Type.Elem
		switch {
		case e == thread.SharedPtr && to == thread.I32 && x.v == nil:
			p.vals[n] = konst(x.k)
		case to == thread.SharedPtr && x.konst:
			p.vals[n] = val{k: x.k}
		case x.konst && !to.IsFloat() && to != thread.Ptr:
			p.vals[n] = konst(x.k)
		case e == thread.SharedPtr && to == thread.I32, e == thread.I32 && to == thread.SharedPtr:
			p.vals[n] = val{v: p.scalarOf(x, e)}
		case e == thread.Ptr:
			p.vals[n] = val{v: p.emit(ir.NewPtrToInt(p.scalarOf(x, e), types.I64))}
		case to == thread.Ptr:
			p.vals[n] = val{v: p.emit(ir.NewIntToPtr(p.scalarOf(x, e), llx.Global))}
		default:
			p.vals[n] = val{v: p.bitcast(p.scalarOf(x, e), scalar(to))}
		}
		return
	}
	if w, v := a.Type.Lanes*int(width(a.Type.Elem)), n.Type.Lanes*int(width(n.Type.Elem)); w != v {
		p.fail("%s to %s: %d bits are no %d bits", a.Type, n.Type, w, v)
	}
	parts := p.partsOf(x, a.Type)
	if pt := partType(n.Type); llx.Bits(parts[0].Type()) == llx.Bits(pt) { // register by register
		out := make([]value.Value, len(parts))
		for i, q := range parts {
			out[i] = p.bitcast(q, pt)
		}
		if p.vals[n] = (val{parts: out}); n.Type.Lanes == 1 {
			p.vals[n] = val{v: out[0]}
		}
		return
	}
	p.vals[n] = p.fromWhole(p.whole(x, a.Type), n.Type)
}
