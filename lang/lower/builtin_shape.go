package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
)

func (l *lowerer) zeros(c *call) operand { return l.same(c, 0) }
func (l *lowerer) ones(c *call) operand  { return l.same(c, 1) }

func (l *lowerer) same(c *call, n int64) operand {
	t, ok := l.typeArgument(c, true)
	if !ok || !l.noNames(c) {
		return nothing
	}
	args, ok := l.positional(c, 0, -1)
	if !ok {
		return nothing
	}
	shape, ok := l.extents(c, args)
	if !ok {
		return nothing
	}
	v := intNumber(n)
	if t.IsBool() {
		v = boolNumber(n != 0)
	}
	v, problem := represent(v, t, true)
	if problem != "" {
		l.errorf(c.Span(), diag.LiteralRange, "%d is not a value of %s: %s", n, t, problem)
		return nothing
	}
	return tile(l.constant(v, ir.TileOf(t, shape...)), nil)
}

func (l *lowerer) filled(c *call) operand {
	t, ok := l.typeArgument(c, false)
	if !ok || !l.noNames(c) {
		return nothing
	}
	args, ok := l.positional(c, 1, -1)
	if !ok {
		return nothing
	}
	shape, ok := l.extents(c, args[1:])
	if !ok {
		return nothing
	}
	v := args[0]
	switch {
	case v.untyped():
		if !t.IsValid() {
			t = dtype.F32
			if v.num.isInt() {
				t = ir.Index
			} else if v.num.isBool() {
				t = dtype.Bool
			}
		}
		v = l.convert(v, t)
	case t.IsValid() && v.valueElem().IsValid() && v.valueElem() != t:
		l.errorf(v.at, diag.TypeMismatch, "full[%s] repeats a value of %s, found %s", t, t, v.describe()).WithHelp("convert it: %s(%s)", t, l.text(v.at))
		return nothing
	}
	if !v.ok() {
		return nothing
	}
	if len(v.shape()) > 0 {
		l.errorf(v.at, diag.BadRank, "full repeats a scalar, found %s", v.describe()).WithHelp("broadcast(x, …) repeats a tile")
		return nothing
	}
	r := l.shaped(v, shape)
	r.num = nil
	return r
}

func (l *lowerer) iota(c *call) operand {
	if !l.noNames(c) || !l.noTypes(c) {
		return nothing
	}
	args, ok := l.positional(c, 1, 1)
	if !ok {
		return nothing
	}
	shape, ok := l.extents(c, args)
	if !ok {
		return nothing
	}
	return tile(l.b.Op(ir.OpIota, nil, ir.TileOf(ir.Index, shape...)).Set("axis", 0).Result(), nil)
}

// tileArgs evaluates a tile and the constants after it.
func (l *lowerer) tileArgs(c *call, lo, hi int) (operand, []operand, bool) {
	args, ok := l.positional(c, lo, hi)
	if !ok || !l.noNames(c) || !l.noTypes(c) {
		return nothing, nil, false
	}
	x := l.value(args[0])
	return x, args[1:], x.ok()
}

func (l *lowerer) expand(c *call) operand {
	x, rest, ok := l.tileArgs(c, 2, 2)
	if !ok {
		return nothing
	}
	n := int64(len(x.shape()))
	at, ok := l.constInt(rest[0], "an axis")
	if ok && (at < 0 || at > n) {
		l.errorf(rest[0].at, diag.BadAxis, "axis %d cannot be inserted into %s", at, x.describe()).WithHelp("the axis is 0 to %d", n)
		return nothing
	}
	if !ok {
		return nothing
	}
	return tile(l.b.Reshape(x.val, slices.Insert(slices.Clone(x.shape()), int(at), 1)...), slices.Insert(slices.Clone(x.axes), int(at), axis{}))
}

func (l *lowerer) reshape(c *call) operand {
	x, rest, ok := l.tileArgs(c, 1, -1)
	if !ok {
		return nothing
	}
	shape, ok := l.extents(c, rest)
	if !ok {
		return nothing
	}
	if n, m := x.val.Type.Size(), ir.TileOf(ir.Index, shape...).Size(); n != m {
		l.errorf(c.Span(), diag.ShapeMismatch, "%s has %d elements, shape %v has %d", x.describe(), n, shape, m)
		return nothing
	}
	axes := make([]axis, len(shape))
	from := x.shape()
	for i, a := range x.axes {
		if !a.clipped() {
			continue
		}
		j := kept(from, shape, i)
		if j < 0 {
			l.errorf(c.Span(), diag.BadRange, "reshape would lose the clipping of axis %d of %s", i, l.text(x.at)).
				WithHelp("reshape only axes whose ranges divide their extents (`% n == 0`), or reduce first")
			return nothing
		}
		axes[j] = a
	}
	return tile(l.b.Reshape(x.val, shape...), axes)
}

// kept is the axis of the new shape that is axis i of the old one, or -1: the extents match and so do the numbers of
// elements before and after.
func kept(from, to []int, i int) int {
	before := 1
	for _, n := range from[:i] {
		before *= n
	}
	p := 1
	for j, n := range to {
		if p == before && n == from[i] {
			return j
		}
		p *= n
	}
	return -1
}

func (l *lowerer) broadcast(c *call) operand {
	x, rest, ok := l.tileArgs(c, 1, -1)
	if !ok {
		return nothing
	}
	shape, ok := l.extents(c, rest)
	if !ok {
		return nothing
	}
	if !fits(x.shape(), shape) {
		l.errorf(c.Span(), diag.ShapeMismatch, "%s does not broadcast to %v", x.describe(), shape).Note(x.at, "this is %s", x.describe())
		return nothing
	}
	return l.spread(x, shape)
}

func (l *lowerer) transpose(c *call) operand {
	x, rest, ok := l.tileArgs(c, 1, -1)
	if !ok {
		return nothing
	}
	n := len(x.shape())
	var perm []int
	for _, r := range rest {
		p, ok := l.constInt(r, "an axis")
		if !ok {
			return nothing
		}
		if p < 0 || p >= int64(n) || slices.Contains(perm, int(p)) {
			l.errorf(r.at, diag.BadAxis, "axis %d: the axes of %s are named once each, 0 to %d", p, x.describe(), n-1)
			return nothing
		}
		perm = append(perm, int(p))
	}
	if len(rest) == 0 {
		for i := n - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	if len(perm) != n {
		l.errorf(c.Span(), diag.BadAxis, "%s has %d axes, found %d", x.describe(), n, len(perm))
		return nothing
	}
	if n < 2 {
		return x
	}
	shape, axes := make([]int, n), make([]axis, n)
	for i, p := range perm {
		shape[i], axes[i] = x.shape()[p], x.axes[p]
	}
	return tile(l.b.Op(ir.OpTranspose, []*ir.Value{x.val}, x.val.Type.WithShape(shape...)).Set("perm", perm).Result(), axes)
}

func (l *lowerer) bitcast(c *call) operand {
	x, t, ok := l.typedArgument(c)
	if !ok {
		return nothing
	}
	s := x.val.Type.Elem
	if s.Bits() != t.Bits() || s.IsBool() || t.IsBool() {
		l.errorf(c.Span(), diag.BadConversion, "bitcast needs types of one width: %s has %d bits, %s has %d", s, s.Bits(), t, t.Bits()).
			Note(x.at, "this is %s", x.val.Type)
		return nothing
	}
	return l.reread(x, x.val, t)
}

// typedArgument is the operand of a function f[T](x), and T.
func (l *lowerer) typedArgument(c *call) (operand, dtype.Type, bool) {
	t, ok := l.typeArgument(c, true)
	args, ok2 := l.positional(c, 1, 1)
	if !ok || !ok2 || !l.noNames(c) {
		return nothing, t, false
	}
	x := l.value(args[0])
	return x, t, x.ok()
}

// reread is v, which holds the bits of x, with its elements read as t.
func (l *lowerer) reread(x operand, v *ir.Value, t dtype.Type) operand {
	axes := notSmall(x.axes)
	if !hasZero(x.val.Type.Elem) || !hasZero(t) {
		axes = notZero(axes)
	}
	return tile(l.retyped(v, t), axes)
}

// retyped is a bitcast where one is needed.
func (l *lowerer) retyped(v *ir.Value, t dtype.Type) *ir.Value {
	if v.Type.Elem == t {
		return v
	}
	return l.b.Op(ir.OpBitcast, []*ir.Value{v}, v.Type.WithElem(t)).Result()
}
