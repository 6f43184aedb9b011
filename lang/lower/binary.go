package lower

import (
	"math"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
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
			WithHelp("axes are matched from the right; expand(x, axis) adds one of extent 1, and with keep: true a reduction keeps its own")
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

// atMostOne reports a constant between -1 and 1.
func (o operand) atMostOne() bool {
	return o.num != nil && o.num.isFinite() && math.Abs(o.num.float()) <= 1
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
			switch same := sameLimits(x.limits, y.limits); {
			case same && (x.zero && y.small || x.small && y.zero):
				out[i].zero = true
			case same && x.small && y.small, x.small && b.atMostOne(), y.small && a.atMostOne():
				out[i].small = true
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
