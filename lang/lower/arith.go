package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

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
