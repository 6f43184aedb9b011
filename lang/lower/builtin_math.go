package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
)

func (l *lowerer) where(c *call) operand {
	args, ok := l.positional(c, 3, 3)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	if cond := args[0]; cond.valueElem() != dtype.Bool && !(cond.kind == constK && cond.num.isBool()) {
		l.errorf(cond.at, diag.TypeMismatch, "the condition of where is bool, found %s", cond.describe())
		return nothing
	}
	if args[0].untyped() {
		args[0] = l.convert(args[0], dtype.Bool)
	}
	if args[1].untyped() && args[2].untyped() {
		args[1] = l.materialise(args[1])
	}
	a, b, ok := l.agree(c.Span(), args[1], args[2])
	if !ok {
		return nothing
	}
	shape, ok := meet(args[0].shape(), a.shape())
	if !ok {
		l.errorf(c.Span(), diag.ShapeMismatch, "the condition has shape %v, the values %v", args[0].shape(), a.shape()).
			Note(args[0].at, "this is %s", args[0].describe())
		return nothing
	}
	cond := l.shaped(args[0], shape)
	a, b = l.spread(a, shape), l.spread(b, shape)
	axes := joinAxes(a.axes, b.axes)
	for i := range axes {
		axes[i].limits = union(axes[i].limits, cond.axes[i].limits)
		axes[i].zero = axes[i].zero && sameLimits(axes[i].limits, a.axes[i].limits)
	}
	return tile(l.b.Select(cond.val, a.val, b.val), axes)
}

func (l *lowerer) fma(c *call) operand {
	args, ok := l.positional(c, 3, 3)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	if args[0].untyped() && args[1].untyped() {
		if args[2].untyped() {
			args[2] = l.materialise(args[2])
		}
		if args[0] = l.convert(args[0], args[2].valueElem()); !args[0].ok() {
			return nothing
		}
	}
	a, b, ok := l.agree(c.Span(), args[0], args[1])
	if !ok {
		return nothing
	}
	a, d, ok := l.agree(c.Span(), a, args[2])
	if !ok {
		return nothing
	}
	b = l.spread(b, a.shape())
	if a = l.floatArg(c, ir.OpFma, a); !a.ok() {
		return nothing
	}
	axes := notZero(joinAxes(joinAxes(a.axes, b.axes), d.axes))
	return tile(l.b.Op(ir.OpFma, []*ir.Value{a.val, b.val, d.val}, a.val.Type).Result(), axes)
}

// bitCount is popcount or clz.
func (l *lowerer) bitCount(c *call) operand {
	args, ok := l.positional(c, 1, 1)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	x := l.value(args[0])
	if !x.ok() {
		return nothing
	}
	if t := x.val.Type.Elem; !t.IsInt() {
		d := l.errorf(x.at, diag.BadOperand, "%s takes integers, found %s", c.name, x.describe())
		if t.IsFloat() {
			d.WithHelp("bitcast[u%d](%s) reads the bits", t.Bits(), l.text(x.at))
		}
		return nothing
	}
	code, axes := ir.OpPopcount, x.axes
	if c.name == "clz" {
		code, axes = ir.OpClz, notZero(axes)
	}
	return tile(l.b.Op(code, []*ir.Value{x.val}, x.val.Type.WithElem(ir.Index)).Result(), slices.Clone(axes))
}

func (l *lowerer) ceil(c *call) operand {
	if len(c.Args) == 2 {
		return l.cdiv(c)
	}
	return elementwise(ir.OpCeil, true)(l, c)
}

// cdiv keeps constants constants and extents extents.
func (l *lowerer) cdiv(c *call) operand {
	args, ok := l.positional(c, 2, 2)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	a, b := args[0], args[1]
	x, ok1 := extentOf(a)
	y, ok2 := extentOf(b)
	switch {
	case b.kind == constK && b.num.isFinite() && b.num.float() <= 0:
		l.errorf(b.at, diag.BadOperand, "%s divides by %s; the divisor is positive", c.name, b.num)
		return nothing
	case ok1 && ok2 && !mayBeNegative(x) && !mayBeNegative(y):
		e := ir.Bin(ir.ECeil, x, y)
		if e.Op != ir.EConst {
			return operand{kind: tileK, expr: &e}
		}
		if a.untyped() && b.untyped() {
			return konst(intNumber(e.N), dtype.Invalid)
		}
		r := konst(intNumber(e.N), ir.Index)
		r.expr = &e
		return r
	case a.untyped() && b.untyped():
		l.errorf(c.Span(), diag.BadOperand, "%s takes integers that are not negative, found %s and %s", c.name, a.num, b.num)
		return nothing
	}
	p, q, ok := l.agree(c.Span(), a, b)
	if !ok {
		return nothing
	}
	if !p.val.Type.Elem.IsInt() {
		l.errorf(c.Span(), diag.BadOperand, "%s of two operands takes integers, found %s", c.name, p.val.Type)
		return nothing
	}
	one := l.constant(intNumber(1), p.val.Type)
	up := l.b.Binary(ir.OpAdd, p.val, l.b.Binary(ir.OpSub, q.val, one))
	return tile(l.b.Binary(ir.OpDiv, up, q.val), notZero(joinAxes(p.axes, q.axes)))
}

// minMax is elementwise with two operands and a reduction with one.
func (l *lowerer) minMax(c *call) operand {
	n := 0
	for _, a := range c.Args {
		if a.Name == nil {
			n++
		}
	}
	if n < 2 {
		return l.reduction(c)
	}
	args, ok := l.positional(c, 1, 2)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	code, op := ir.OpMin, "<"
	if c.name == "max" {
		code, op = ir.OpMax, ">"
	}
	a, b := args[0], args[1]
	if a.kind == constK && b.kind == constK && a.elem == b.elem && (a.untyped() || a.elem == ir.Index) {
		r, problem := fold(op, a.num, b.num)
		if problem != "" {
			l.errorf(c.Span(), diag.BadOperand, "%s %s", c.name, problem)
			return nothing
		}
		if r.bits64() != 0 {
			return a
		}
		return b
	}
	a, b, ok = l.agree(c.Span(), a, b)
	if !ok {
		return nothing
	}
	if a.val.Type.Elem.IsBool() {
		l.errorf(c.Span(), diag.BadOperand, "%s takes numbers, found bool", c.name)
		return nothing
	}
	axes := l.resultAxes(code, a, b)
	for i, x := range b.axes { // relu: max of zeros with the constant 0
		if a.num == nil && b.num != nil && b.num.float() == 0 && a.axes[i].zero && !x.clipped() {
			axes[i] = a.axes[i]
		}
	}
	return tile(l.b.Binary(code, a.val, b.val), axes)
}
