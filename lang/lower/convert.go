package lower

import (
	"go/constant"
	"go/token"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
)

var negInf = math.Inf(-1)

// decimal is the exact value of a float literal.
func decimal(text string) *number {
	text = strings.ReplaceAll(text, "_", "")
	if v := constant.MakeFromLiteral(text, token.FLOAT, 0); v.Kind() != constant.Unknown {
		return exactNumber(v)
	}
	f, _ := strconv.ParseFloat(text, 64) // an exponent beyond go/constant; the scanner has checked the form
	return floatNumber(f)
}

// convert gives an untyped constant a type, as an operand beside one of that type would: no value may change but by the
// rounding of a fraction.
func (l *lowerer) convert(op operand, to dtype.Type) operand {
	n, problem := represent(op.num, to, true)
	if problem != "" {
		l.errorf(op.at, diag.LiteralRange, "%s is not a value of %s: %s", op.num, to, problem).
			WithHelp("%s", convertHelp(op.num, to))
		return nothing
	}
	r := konst(n, to)
	r.at = op.at
	return r
}

func convertHelp(n *number, to dtype.Type) string {
	switch {
	case n.isBool() || n.isText() || to.IsBool():
		return "constants keep their kind: bool or number"
	case to.IsInt() && n.isFinite() && !n.isInt():
		return "convert the other operand to a float type, or write an integer"
	}
	return "choose a value that the type holds, or a wider type"
}

// value emits an operand as a tile. Untyped constants must have been converted before.
func (l *lowerer) value(op operand) operand {
	var r operand
	switch op.kind {
	case tileK:
		if op.val != nil {
			return op
		}
		r = tile(l.b.Dim(*op.expr), nil)
		r.expr = op.expr
	case constK:
		if !op.elem.IsValid() {
			return l.materialise(op)
		}
		r = tile(l.constant(op.num, ir.TileOf(op.elem)), nil)
	case rangeK:
		r = tile(l.positions(op.rng), []axis{{limits: l.origins(op.rng)}})
	case bad:
		return nothing
	default:
		d := l.errorf(op.at, diag.BadOperand, "a value is needed here, found %s", op.describe())
		if op.kind == tensorK {
			d.WithHelp("read a view of it, such as %s[…]", op.param.name)
		}
		return nothing
	}
	r.at = op.at
	return r
}

// spread broadcasts a tile to a shape that it fits (right-aligned, extents 1 or equal).
func (l *lowerer) spread(op operand, shape []int) operand {
	if !op.ok() || slices.Equal(op.shape(), shape) {
		return op
	}
	v, from := op.val, op.shape()
	lead := len(shape) - len(from)
	axes := make([]axis, len(shape))
	for i, a := range op.axes {
		if axes[i+lead] = a; from[i] != shape[i+lead] {
			axes[i+lead] = a.stretched()
		}
	}
	if lead > 0 && len(from) > 0 {
		wide := make([]int, lead, len(shape))
		for i := range wide {
			wide[i] = 1
		}
		v = l.b.Reshape(v, append(wide, from...)...)
	}
	r := tile(l.b.Broadcast(v, shape...), axes)
	r.at = op.at
	return r
}

// fits reports whether a shape broadcasts to another.
func fits(from, to []int) bool {
	lead := len(to) - len(from)
	if lead < 0 {
		return false
	}
	for i, n := range from {
		if n != 1 && n != to[i+lead] {
			return false
		}
	}
	return true
}

// meet is the shape to which two shapes broadcast.
func meet(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	lead := len(a) - len(b)
	for i, n := range b {
		switch m := a[i+lead]; {
		case m == n, n == 1:
		case m == 1:
			out[i+lead] = n
		default:
			return nil, false
		}
	}
	return out, true
}

// constInt is the value of an operand that must be an integer constant.
func (l *lowerer) constInt(op operand, what string) (int64, bool) {
	switch op.kind {
	case bad:
		return 0, false
	case constK:
		if n, ok := op.num.int64(); ok && !op.num.isBool() && !(op.elem.IsValid() && op.elem.IsFloat()) {
			return n, true
		}
		l.errorf(op.at, diag.TypeMismatch, "%s is an integer, found %s", what, op.describe())
	default:
		d := l.errorf(op.at, diag.NotConstant, "%s must be known when compiling, found %s", what, op.describe())
		if op.expr != nil {
			d.WithHelp("declare the dimension static (`%s static`), or walk it with a range", op.expr)
		} else {
			d.WithHelp("declare it with const or tune")
		}
	}
	return 0, false
}

// cast is `f16(x)`: a written conversion.
func (l *lowerer) cast(op operand, to dtype.Type) operand {
	if !op.ok() {
		return nothing
	}
	if op.kind == constK {
		n, problem := represent(op.num, to, false)
		if problem != "" && op.elem.IsValid() && op.kind == constK { // typed: the conversion of a value
			v := l.value(op)
			return tile(l.b.Cast(v.val, to), nil)
		}
		if problem != "" {
			l.errorf(op.at, diag.LiteralRange, "%s is not a value of %s: %s", op.num, to, problem)
			return nothing
		}
		return konst(n, to)
	}
	op = l.value(op)
	if !op.ok() {
		return nothing
	}
	r := tile(l.b.Cast(op.val, to), op.axes)
	if !hasZero(to) || !hasZero(op.val.Type.Elem) {
		r.axes = castAxes(op.axes, to)
	}
	return r
}
