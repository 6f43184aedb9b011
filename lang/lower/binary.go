package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

var binaryCodes = map[string]ir.Code{"+": ir.OpAdd, "-": ir.OpSub, "*": ir.OpMul, "/": ir.OpDiv, "%": ir.OpRem,
	"&": ir.OpAnd, "|": ir.OpOr, "^": ir.OpXor, "<<": ir.OpShl, ">>": ir.OpShr, "&&": ir.OpAnd, "||": ir.OpOr}

var predicates = map[string]string{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}

// binary lowers `a op b` at the span; opAt is the operator's place.
func (l *lowerer) binary(op string, at, opAt diag.Span, a, b operand) operand {
	if !a.ok() || !b.ok() {
		return nothing
	}
	if a.kind == typeK && b.kind == typeK && (op == "==" || op == "!=") {
		return konst(boolNumber((a.elem == b.elem) == (op == "==")), dtype.Invalid)
	}
	if r, done := l.rangeArithmetic(op, a, b); done {
		return r
	}
	if a.kind == constK && b.kind == constK {
		if r, done := l.constArithmetic(op, opAt, a, b); done {
			return r
		}
	}
	if r, done := l.dimArithmetic(op, a, b); done {
		return r
	}
	for _, o := range []operand{a, b} {
		if o.kind != constK && o.kind != tileK && o.kind != rangeK {
			l.value(o) // reports
			return nothing
		}
	}
	a, b, ok := l.agree(opAt, a, b)
	if !ok {
		return nothing
	}
	if pred := predicates[op]; pred != "" {
		if a.val.Type.Elem.IsBool() && pred != "eq" && pred != "ne" {
			l.errorf(opAt, diag.BadOperand, "bools have no order")
			return nothing
		}
		return tile(l.b.Cmp(pred, a.val, b.val), notZero(joinAxes(a.axes, b.axes)))
	}
	code := binaryCodes[op]
	t := a.val.Type.Elem
	if bad := refuses(op, code, t); bad != "" {
		l.errorf(opAt, diag.BadOperand, "%s %s", op, bad).Note(a.at, "this is %s", a.val.Type)
		return nothing
	}
	return tile(l.b.Binary(code, a.val, b.val), l.resultAxes(code, a, b))
}

// refuses says why an operator does not take a type, or "".
func refuses(op string, code ir.Code, t dtype.Type) string {
	switch {
	case (op == "&&" || op == "||") && !t.IsBool():
		return "takes bools, found " + t.String()
	case code == ir.OpAnd || code == ir.OpOr || code == ir.OpXor:
		if t.IsFloat() {
			return "takes integers and bools, found " + t.String()
		}
	case code == ir.OpRem || code == ir.OpShl || code == ir.OpShr:
		if !t.IsInt() {
			return "takes integers, found " + t.String()
		}
	case t.IsBool():
		return "takes numbers, found bool"
	}
	return ""
}

// agree brings two operands to one element type (constants follow the other side) and one shape.
func (l *lowerer) agree(at diag.Span, a, b operand) (operand, operand, bool) {
	if a.untyped() && !b.untyped() {
		a = l.convert(a, b.valueElem())
	} else if b.untyped() && !a.untyped() {
		b = l.convert(b, a.valueElem())
	}
	if !a.ok() || !b.ok() {
		return a, b, false
	}
	if s, t := a.valueElem(), b.valueElem(); s != t {
		l.mixes(at, a, b)
		return a, b, false
	}
	shape, ok := meet(a.shape(), b.shape())
	if !ok {
		l.errorf(at, diag.ShapeMismatch, "shapes %v and %v neither agree nor broadcast", a.shape(), b.shape()).
			Note(a.at, "this is %s", a.describe()).Note(b.at, "this is %s", b.describe()).
			WithHelp("axes are matched from the right; expand(x, axis) adds one of extent 1")
		return a, b, false
	}
	if n := ir.TileOf(ir.Index, shape...).Size(); n > maxTile || n < 0 {
		l.errorf(at, diag.ShapeMismatch, "a tile %v has more than %d elements", shape, maxTile)
		return a, b, false
	}
	a, b = l.shaped(a, shape), l.shaped(b, shape)
	return a, b, a.ok() && b.ok()
}

// shaped emits an operand with a shape; a constant is emitted as a whole tile.
func (l *lowerer) shaped(op operand, shape []int) operand {
	if op.kind == constK && op.elem.IsValid() {
		axes := make([]axis, len(shape))
		r := tile(l.constant(op.num, ir.TileOf(op.elem, shape...)), axes)
		r.at, r.num = op.at, op.num
		return r
	}
	return l.spread(l.value(op), shape)
}

func (l *lowerer) mixes(at diag.Span, a, b operand) {
	s, t := a.valueElem(), b.valueElem()
	if s == t {
		return
	}
	l.errorf(at, diag.TypeMismatch, "%s and %s do not mix", s, t).
		Note(a.at, "this is %s", s).Note(b.at, "this is %s", t).
		WithHelp("convert one side: %s(%s) or %s(%s)", t, l.text(a.at), s, l.text(b.at))
}

// resultAxes are the axes of a op b, both of one shape.
func (l *lowerer) resultAxes(code ir.Code, a, b operand) []axis {
	out := joinAxes(a.axes, b.axes)
	for i := range out {
		x, y := a.axes[i], b.axes[i]
		switch code {
		case ir.OpAdd, ir.OpSub, ir.OpMin, ir.OpMax, ir.OpAnd, ir.OpOr, ir.OpXor:
		case ir.OpMul:
			if b.num != nil && b.num.isFinite() && x.zero { // times a finite constant
				out[i] = x
			}
			if a.num != nil && a.num.isFinite() && y.zero {
				out[i] = y
			}
		case ir.OpDiv, ir.OpShl, ir.OpShr:
			out[i].zero = false
			if b.num != nil && b.num.isFinite() && b.num.float() != 0 && x.zero {
				out[i] = x
			}
		default:
			out[i].zero = false
		}
	}
	return out
}

// rangeArithmetic keeps a range a range: moved by a scalar, or divided by a constant.
func (l *lowerer) rangeArithmetic(op string, a, b operand) (operand, bool) {
	if b.kind == rangeK && a.kind != rangeK && op == "+" {
		a, b = b, a
	}
	if a.kind != rangeK || a.rng.div > 1 {
		return nothing, false
	}
	switch {
	case b.kind == constK && (!b.elem.IsValid() || b.elem == ir.Index) && b.num.isInt():
		n, ok := b.num.int64()
		if !ok || n > maxTile*64 || n < -maxTile*64 {
			return nothing, false
		}
		switch op {
		case "+":
			return operand{kind: rangeK, rng: l.shifted(a.rng, n, nil)}, true
		case "-":
			return operand{kind: rangeK, rng: l.shifted(a.rng, -n, nil)}, true
		case "/":
			if n > 0 {
				r := *a.rng
				r.div = n
				return operand{kind: rangeK, rng: &r}, true
			}
		}
	case b.kind == tileK && len(b.shape()) == 0 && b.valueElem() == ir.Index && (op == "+" || op == "-"):
		v := l.value(b).val
		if op == "-" {
			v = l.b.Unary(ir.OpNeg, v)
		}
		return operand{kind: rangeK, rng: l.shifted(a.rng, 0, v)}, true
	}
	return nothing, false
}

// constArithmetic folds untyped constants, and typed ones of type i32, which extents are.
func (l *lowerer) constArithmetic(op string, at diag.Span, a, b operand) (operand, bool) {
	var elem dtype.Type
	switch {
	case a.untyped() && b.untyped():
	case a.untyped() && b.elem == ir.Index || b.untyped() && a.elem == ir.Index:
		elem = ir.Index
		if a.untyped() {
			a = l.convert(a, elem)
		} else {
			b = l.convert(b, elem)
		}
		if !a.ok() || !b.ok() {
			return nothing, true
		}
	case a.elem == ir.Index && b.elem == ir.Index:
		elem = ir.Index
	default:
		return nothing, false
	}
	n, problem := fold(op, a.num, b.num)
	if problem != "" {
		l.errorf(at, diag.BadOperand, "%s %s", op, problem)
		return nothing, true
	}
	if n.isBool() {
		return konst(n, dtype.Invalid), true
	}
	if elem.IsValid() {
		if _, problem = represent(n, elem, true); problem != "" {
			l.errorf(at, diag.LiteralRange, "%s is not a value of %s: %s", n, elem, problem)
			return nothing, true
		}
	}
	r := konst(n, elem)
	if elem == ir.Index {
		v, _ := n.int64()
		e := ir.Int(v)
		r.expr = &e
	}
	return r, true
}

var exprOps = map[string]ir.ExprOp{"+": ir.EAdd, "-": ir.ESub, "*": ir.EMul, "/": ir.EDiv, "%": ir.EMod}

// dimArithmetic keeps an extent an expression over dimensions, so that it can bound a range or the grid.
func (l *lowerer) dimArithmetic(op string, a, b operand) (operand, bool) {
	code, known := exprOps[op]
	x, ok1 := extentOf(a)
	y, ok2 := extentOf(b)
	if !known || !ok1 || !ok2 {
		return nothing, false
	}
	if code == ir.EDiv || code == ir.EMod { // floor and truncation differ below 0
		if mayBeNegative(x) || mayBeNegative(y) || y.Op == ir.EConst && y.N <= 0 {
			return nothing, false
		}
	}
	e := ir.Bin(code, x, y)
	return operand{kind: tileK, expr: &e}, true
}

func mayBeNegative(e ir.Expr) bool {
	if e.Op == ir.ESub || e.Op == ir.EConst && e.N < 0 {
		return true
	}
	for _, a := range e.Args {
		if mayBeNegative(a) {
			return true
		}
	}
	return false
}

// extentOf is an operand as an expression over dimensions.
func extentOf(o operand) (ir.Expr, bool) {
	if o.expr != nil {
		return *o.expr, true
	}
	if o.untyped() && o.num.isInt() {
		if n, ok := o.num.int64(); ok && n == int64(int32(n)) {
			return ir.Int(n), true
		}
	}
	return ir.Expr{}, false
}

// unary lowers -x, !x and ^x.
func (l *lowerer) unary(x *syntax.UnaryExpr) operand {
	op := l.expr(x.X)
	if !op.ok() {
		return nothing
	}
	if op.kind == constK && !(op.elem.IsValid() && op.elem.IsFloat()) {
		return l.constUnary(x, op)
	}
	op = l.value(op)
	if !op.ok() {
		return nothing
	}
	t := op.val.Type.Elem
	switch {
	case x.Op == "-" && !t.IsBool():
		return tile(l.b.Unary(ir.OpNeg, op.val), slices.Clone(op.axes))
	case x.Op == "!" && t.IsBool(), x.Op == "^" && t.IsInt():
		return tile(l.b.Unary(ir.OpNot, op.val), notZero(op.axes))
	}
	want := map[string]string{"-": "numbers", "!": "bools", "^": "integers"}[x.Op]
	l.errorf(x.Span(), diag.BadOperand, "%s takes %s, found %s", x.Op, want, t)
	return nothing
}

func (l *lowerer) constUnary(x *syntax.UnaryExpr, op operand) operand {
	var n *number
	switch {
	case x.Op == "!" && op.num.isBool():
		n = boolNumber(op.num.bits64() == 0)
	case x.Op == "-" && !op.num.isBool() && !op.num.isText():
		n = negate(op.num)
	case x.Op == "^" && op.num.isInt():
		n, _ = fold("-", intNumber(-1), op.num)
	default:
		l.errorf(x.Span(), diag.BadOperand, "%s does not take %s", x.Op, op.describe())
		return nothing
	}
	if op.elem.IsValid() {
		if _, problem := represent(n, op.elem, true); problem != "" {
			l.errorf(x.Span(), diag.LiteralRange, "%s is not a value of %s: %s", n, op.elem, problem)
			return nothing
		}
	}
	r := konst(n, op.elem)
	if op.expr != nil {
		v, _ := n.int64()
		e := ir.Int(v)
		r.expr = &e
	}
	return r
}
