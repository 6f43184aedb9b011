package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
)

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
