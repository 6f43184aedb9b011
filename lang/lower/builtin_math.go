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

// reduction lowers sum, mean, max, min, any and all of one tile.
func (l *lowerer) reduction(c *call) operand {
	args, ok := l.positional(c, 1, 1)
	if !ok || !l.noNames(c, "axis", "keep") || !l.noTypes(c) {
		return nothing
	}
	x := l.value(args[0])
	if !x.ok() {
		return nothing
	}
	t := x.val.Type.Elem
	logical := c.name == "any" || c.name == "all"
	switch {
	case logical && !t.IsBool():
		l.errorf(x.at, diag.BadOperand, "%s takes bools, found %s", c.name, x.describe()).WithHelp("compare first: %s(%s != 0)", c.name, l.text(x.at))
		return nothing
	case !logical && t.IsBool():
		l.errorf(x.at, diag.BadOperand, "%s takes numbers, found %s", c.name, x.describe()).WithHelp("to count, write sum(i32(%s))", l.text(x.at))
		return nothing
	case c.name == "mean" && !t.IsFloat():
		l.errorf(x.at, diag.BadOperand, "mean takes floats, found %s", x.describe()).WithHelp("convert it: mean(f32(%s))", l.text(x.at))
		return nothing
	}
	axes, keep, ok := l.reducedAxes(c, x)
	if !ok {
		return nothing
	}
	op := map[string]string{"sum": "sum", "mean": "sum", "max": "max", "min": "min", "any": "or", "all": "and"}[c.name]
	r := x
	count := operand{}
	if c.name == "mean" {
		if count, ok = l.liveCount(c, x, axes); !ok {
			return nothing
		}
	}
	for i := len(axes) - 1; i >= 0; i-- {
		r = l.reduce(r, op, axes[i])
	}
	if c.name == "mean" {
		n := l.spread(count, r.shape())
		r = tile(l.b.Binary(ir.OpDiv, r.val, n.val), r.axes)
	}
	r.axes = notZero(r.axes)
	if keep {
		shape, ax := slices.Clone(r.shape()), slices.Clone(r.axes)
		for _, i := range axes {
			shape, ax = slices.Insert(shape, i, 1), slices.Insert(ax, i, axis{})
		}
		r = tile(l.b.Reshape(r.val, shape...), ax)
	}
	return r
}

// reduce combines along one axis; dead elements do not count.
func (l *lowerer) reduce(x operand, op string, at int) operand {
	a := x.axes[at]
	v := x.val
	if !(a.zero && op == "sum") {
		v = l.fill(v, a.limits, at, neutral(op, v.Type.Elem))
	}
	return tile(l.b.Reduce(op, at, v), slices.Delete(slices.Clone(x.axes), at, at+1))
}

// reducedAxes reads the named arguments: the axes to reduce, ascending.
func (l *lowerer) reducedAxes(c *call, x operand) (axes []int, keep, ok bool) {
	n := len(x.shape())
	for i := range n {
		axes = append(axes, i)
	}
	for _, a := range c.Args {
		if a.Name == nil {
			continue
		}
		op := l.expr(a.X)
		if a.Name.Name == "keep" {
			if op.kind != constK || !op.num.isBool() {
				if op.ok() {
					l.errorf(op.at, diag.TypeMismatch, "keep is true or false, found %s", op.describe())
				}
				return nil, false, false
			}
			keep = op.num.bits64() != 0
			continue
		}
		i, good := l.constInt(op, "an axis")
		if !good {
			return nil, false, false
		}
		if i < 0 || i >= int64(n) {
			d := l.errorf(op.at, diag.BadAxis, "axis %d: %s is %s", i, l.text(x.at), x.describe())
			if n > 0 {
				d.WithHelp("its axes are 0 to %d", n-1)
			}
			return nil, false, false
		}
		axes = []int{int(i)}
	}
	return axes, keep, true
}

// liveCount is the number of live elements along the axes, as a scalar of x's type.
func (l *lowerer) liveCount(c *call, x operand, axes []int) (operand, bool) {
	t := x.val.Type.Elem
	fixed := int64(1)
	var moving *ir.Value
	for _, i := range axes {
		w := x.shape()[i]
		fixed *= int64(w)
		if !x.axes[i].clipped() {
			continue
		}
		fixed /= int64(w)
		n := l.liveAlong(x.axes[i].limits, w)
		if moving == nil {
			moving = n
		} else {
			moving = l.b.Binary(ir.OpMul, moving, n)
		}
	}
	most := int64(1)
	for _, i := range axes {
		most *= int64(x.shape()[i])
	}
	if v, problem := represent(intNumber(most), t, true); problem != "" || v.float() != float64(most) || moving != nil && most > 2<<t.ManBits() {
		l.errorf(c.Span(), diag.BadOperand, "%s cannot count the %d elements of the mean exactly", t, most).
			WithHelp("convert first: mean(f32(%s))", l.text(x.at))
		return nothing, false
	}
	if moving == nil {
		return tile(l.constant(intNumber(fixed), ir.TileOf(t)), nil), true
	}
	if fixed > 1 {
		moving = l.b.Binary(ir.OpMul, moving, l.b.Index(int(fixed)))
	}
	return tile(l.b.Cast(moving, t), nil), true
}

// liveAlong counts the live elements along an axis.
func (l *lowerer) liveAlong(limits []limit, w int) *ir.Value {
	if len(limits) == 1 && !limits[0].low && !limits[0].flat {
		room := l.b.Binary(ir.OpSub, l.extentValue(limits[0].ext), l.position(limits[0]))
		return l.b.Binary(ir.OpMin, room, l.b.Index(w))
	}
	return l.b.Reduce("sum", 0, l.b.Cast(l.mask(limits, []int{w}, 0), ir.Index))
}
