package ptx

import (
	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// val is the value of a node while printing.
//
// A scalar is v. A vector is its parts: runs of unit(elem, lanes) elements that fill one register (two 16-bit elements, four
// bytes, else one element), so that taking a vector apart and putting it together costs no instructions.
//
// An integer or Bool constant has konst set, the value k and no v. An address is v plus k bytes: the constant goes into the
// instruction's offset. For SharedPtr v is the variable part of the offset, nil for none.
type val struct {
	v     value.Value
	parts []value.Value
	k     int64
	konst bool
	ro    bool // Ptr: into a tensor that nobody writes while the kernel runs
}

var scalars = [...]types.Type{types.Void, types.I1, types.I8, types.I16, types.I32, types.I64, llx.Half, llx.BFloat, llx.Float, llx.Double, llx.Global, types.I32}

// scalar is the register type of an element.
func scalar(e thread.Elem) types.Type { return scalars[e] }

// unit is the number of elements in each part of a vector.
func unit(e thread.Elem, lanes int) int {
	n := 1
	switch e {
	case thread.I8:
		n = 4
	case thread.I16, thread.F16, thread.BF16:
		n = 2
	}
	if lanes%n != 0 {
		return 1
	}
	return n
}

type vecKey struct {
	elem types.Type
	n    int
}

var vecTypes = map[vecKey]types.Type{}

func init() { // filled once: the table is read by concurrent printers
	for _, e := range scalars[1:] {
		vecTypes[vecKey{e, 1}] = e
		for _, n := range []int{2, 4, 8, 16} {
			vecTypes[vecKey{e, n}] = llx.Vec(n, e)
		}
	}
}

func vec(e types.Type, n int) types.Type {
	if t, ok := vecTypes[vecKey{e, n}]; ok {
		return t
	}
	return llx.Vec(n, e)
}

// partType is the type of the parts of t.
func partType(t thread.Type) types.Type { return vec(scalar(t.Elem), unit(t.Elem, t.Lanes)) }

func konst(k int64) val { return val{k: k, konst: true} }

// value gives what a node was last printed as.
func (p *printer) value(n *thread.Node) val {
	if n.Op == thread.Const {
		return p.constant(n)
	}
	v, ok := p.vals[n]
	if !ok {
		p.fail("uses the value of %s before it is defined", n.Op)
	}
	return v
}

func (p *printer) constant(n *thread.Node) val {
	if n.Type.Lanes == 1 && !n.Type.Elem.IsFloat() {
		return konst(wrap(n.Type.Elem, n.Imm))
	}
	u := unit(n.Type.Elem, n.Type.Lanes)
	pt := partType(n.Type)
	var c value.Value
	if n.Type.Elem.IsFloat() {
		c = llx.FloatConst(pt, n.F)
	} else {
		c = llx.Int(pt, n.Imm)
	}
	if n.Type.Lanes == 1 {
		return val{v: c}
	}
	parts := make([]value.Value, n.Type.Lanes/u)
	for i := range parts {
		parts[i] = c
	}
	return val{parts: parts}
}

// scalarOf is the LLVM value of a scalar of kind e.
func (p *printer) scalarOf(v val, e thread.Elem) value.Value {
	switch {
	case v.konst:
		return llx.Int(scalar(e), v.k)
	case e == thread.SharedPtr:
		switch {
		case v.v == nil:
			return llx.I32(int(v.k))
		case v.k != 0:
			return p.emit(ir.NewAdd(v.v, llx.I32(int(v.k))))
		}
	case e == thread.Ptr && v.k != 0:
		return p.emit(llx.GEP("", types.I8, v.v, llx.I64(v.k)))
	}
	return v.v
}

// arg is the LLVM value of a scalar operand.
func (p *printer) arg(n *thread.Node) value.Value { return p.scalarOf(p.value(n), n.Type.Elem) }

// partsOf gives a value of type t as its parts; a scalar is one.
func (p *printer) partsOf(v val, t thread.Type) []value.Value {
	if v.parts != nil {
		return v.parts
	}
	return []value.Value{p.scalarOf(v, t.Elem)}
}

// lanesOf gives the elements of a value as scalars.
func (p *printer) lanesOf(v val, t thread.Type) []value.Value {
	parts := p.partsOf(v, t)
	if len(parts) == t.Lanes {
		return parts
	}
	u := t.Lanes / len(parts)
	s := make([]value.Value, 0, t.Lanes)
	for _, x := range parts {
		for i := range u {
			s = append(s, p.extract(x, i))
		}
	}
	return s
}

// join makes a value of type t from its elements.
func (p *printer) join(s []value.Value, t thread.Type) val {
	if t.Lanes == 1 {
		return val{v: s[0]}
	}
	u := unit(t.Elem, t.Lanes)
	if u == 1 {
		return val{parts: s}
	}
	parts := make([]value.Value, t.Lanes/u)
	for i := range parts {
		parts[i] = p.build(s[i*u:(i+1)*u], scalar(t.Elem))
	}
	return val{parts: parts}
}

// regroup makes a value of type t from parts of u elements each.
func (p *printer) regroup(parts []value.Value, u int, t thread.Type) val {
	if len(parts) == 1 && t.Lanes == 1 {
		return val{v: parts[0]}
	}
	if u == unit(t.Elem, t.Lanes) {
		return val{parts: parts}
	}
	if u == 1 {
		return p.join(parts, t)
	}
	s := make([]value.Value, 0, t.Lanes)
	for _, x := range parts {
		for i := range u {
			s = append(s, p.extract(x, i))
		}
	}
	return p.join(s, t)
}

// build makes an LLVM vector of scalars.
func (p *printer) build(s []value.Value, e types.Type) value.Value {
	if len(s) == 1 {
		return s[0]
	}
	var v value.Value = llx.Poison(vec(e, len(s)))
	for i, x := range s {
		v = p.emit(ir.NewInsertElement(v, x, llx.I32(i)))
	}
	return v
}

// extract is element i of an LLVM vector; of a scalar, itself.
func (p *printer) extract(x value.Value, i int) value.Value {
	if _, ok := x.Type().(*types.VectorType); !ok {
		return x
	}
	return p.emit(ir.NewExtractElement(x, llx.I32(i)))
}

// bitcast reads a value's bits as another type of its width.
func (p *printer) bitcast(x value.Value, t types.Type) value.Value {
	if x.Type().Equal(t) {
		return x
	}
	return p.emit(ir.NewBitCast(x, t))
}

// whole is a value as one LLVM value: a vector of 32-bit words where its parts are packed.
func (p *printer) whole(v val, t thread.Type) value.Value {
	parts := p.partsOf(v, t)
	if len(parts) == 1 {
		return parts[0]
	}
	if len(parts) == t.Lanes {
		return p.build(parts, scalar(t.Elem))
	}
	w := make([]value.Value, len(parts))
	for i, x := range parts {
		w[i] = p.bitcast(x, types.I32)
	}
	return p.build(w, types.I32)
}

// fromWhole is the value of type t with the bits of one LLVM value.
func (p *printer) fromWhole(x value.Value, t thread.Type) val {
	n := t.Lanes / unit(t.Elem, t.Lanes)
	pt := partType(t)
	if n == 1 {
		x = p.bitcast(x, pt)
		if t.Lanes == 1 {
			return val{v: x}
		}
		return val{parts: []value.Value{x}}
	}
	word := pt
	if len := t.Lanes / n; len > 1 {
		word = types.I32
	}
	x = p.bitcast(x, vec(word, n))
	parts := make([]value.Value, n)
	for i := range parts {
		parts[i] = p.bitcast(p.extract(x, i), pt)
	}
	return val{parts: parts}
}

// emit appends an instruction to the current block.
func (p *printer) emit(i interface {
	ir.Instruction
	value.Value
}) value.Value {
	p.cur.ll.Insts = append(p.cur.ll.Insts, i)
	return i
}

// run appends an instruction without a result.
func (p *printer) run(i ir.Instruction) { p.cur.ll.Insts = append(p.cur.ll.Insts, i) }

// intrinsic calls one of LLVM's functions with a result of type t.
func (p *printer) intrinsic(name string, t types.Type, args ...value.Value) *ir.InstCall {
	params := make([]types.Type, len(args))
	for i, a := range args {
		params[i] = a.Type()
	}
	c := llx.Call(p.m.Declare(name, t, params...), args...)
	p.run(c)
	return c
}

// pure is one PTX instruction that depends on its operands alone.
func (p *printer) pure(text string, t types.Type, ins ...value.Value) value.Value {
	a := llx.Asm{Text: text, Outs: []types.Type{t}, Ins: ins, Pure: true}
	return a.Emit(p.m, p.cur.ll)[0]
}
