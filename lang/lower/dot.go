package lower

import (
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// dotCall is the call if x calls the builtin dot.
func (l *lowerer) dotCall(x syntax.Expr) *call {
	c, ok := syntax.Unparen(x).(*syntax.CallExpr)
	if !ok {
		return nil
	}
	id, ok := c.Fun.(*syntax.Ident)
	if !ok || id.Name != "dot" || l.scope.find("dot") != nil || l.prog.decls["dot"] != nil {
		return nil
	}
	return &call{CallExpr: c, name: "dot"}
}

// dot lowers `dot(a, b)`, added to acc if that is given and of the right type.
func (l *lowerer) dot(c *call, acc *operand) operand {
	args, ok := l.positional(c, 2, 2)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	l.mark(c.Span())
	a, b := l.value(args[0]), l.value(args[1])
	if !a.ok() || !b.ok() {
		return nothing
	}
	for _, o := range []operand{a, b} {
		if len(o.shape()) != 2 {
			l.errorf(o.at, diag.BadRank, "dot multiplies tiles with 2 axes, found %s", o.describe()).
				WithHelp("expand(x, axis) adds an axis of extent 1; for vectors write sum(a * b)")
			return nothing
		}
	}
	if a.val.Type.Elem != b.val.Type.Elem {
		l.mixes(c.Span(), a, b)
		return nothing
	}
	at := ir.AccType(a.val.Type.Elem)
	if !at.IsValid() {
		l.errorf(c.Span(), diag.BadOperand, "dot does not multiply %s", a.val.Type.Elem).Note(a.at, "this is %s", a.val.Type)
		return nothing
	}
	s, t := a.shape(), b.shape()
	if s[1] != t[0] {
		d := l.errorf(c.Span(), diag.ShapeMismatch, "dot sums over axis 1 of the left, %d, and axis 0 of the right, %d", s[1], t[0]).
			Note(a.at, "this is %s", a.val.Type).Note(b.at, "this is %s", b.val.Type)
		if s[1] == t[1] {
			if text, transposed := strings.CutSuffix(l.text(b.at), ".T"); transposed {
				d.WithHelp("do not transpose the right side: %s", text)
			} else {
				d.WithHelp("transpose the right side: %s.T", text)
			}
		}
		return nothing
	}
	limits := union(a.axes[1].limits, b.axes[0].limits)
	x, y := l.dotOperand(a, 1, limits), l.dotOperand(b, 0, limits)
	rt := ir.TileOf(at, s[0], t[1])
	axes := []axis{{limits: a.axes[0].limits}, {limits: b.axes[1].limits}}
	if acc != nil && acc.kind == tileK && acc.val != nil && acc.val.Type.Equal(rt) {
		r := tile(l.dotOp(x, y, acc.val, rt), joinAxes(acc.axes, axes))
		r.at = c.Span()
		return r
	}
	zero := l.constant(neutral("sum", at), rt)
	r := tile(l.dotOp(x, y, zero, rt), axes)
	r.at = c.Span()
	if acc != nil {
		return l.binary("+", c.Span(), c.Span(), *acc, r)
	}
	return r
}

// dotOperand makes the elements 0 that the other side's limits or its own say are dead.
func (l *lowerer) dotOperand(o operand, at int, limits []limit) *ir.Value {
	if o.axes[at].zero && sameLimits(o.axes[at].limits, limits) {
		return o.val
	}
	return l.fill(o.val, limits, at, neutral("sum", o.val.Type.Elem))
}

// dotOp builds the operation; inside of a split loop it may sum the parts of K apart.
func (l *lowerer) dotOp(x, y, acc *ir.Value, t ir.Type) *ir.Value {
	o := l.b.Op(ir.OpDot, []*ir.Value{x, y, acc}, t)
	if l.split > 1 && int64(x.Type.Shape[1])%l.split == 0 {
		o.Set("split", l.split)
	}
	return o.Result()
}
