package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
)

// viewBits is view: it reads the bits of each row as elements of another width. The bits of an element are an axis like
// any other, the lowest bit first: a view splits or joins it, and needs no operation of its own on any executor.
func (l *lowerer) viewBits(c *call) operand {
	x, t, ok := l.typedArgument(c)
	if !ok {
		return nothing
	}
	s, shape := x.val.Type.Elem, x.shape()
	last := len(shape) - 1
	a, b := s.Bits(), t.Bits()
	switch {
	case s.IsBool() || t.IsBool():
		l.errorf(c.Span(), diag.BadConversion, "view reads the bits of numbers, found %s to %s", s, t).Note(x.at, "this is %s", x.describe())
		return nothing
	case last < 0 && a != b:
		l.errorf(c.Span(), diag.BadConversion, "%s is a scalar of %d bits: it cannot be viewed as %s of %d", l.text(x.at), a, t, b).
			WithHelp("the elements that become one lie along the last axis of a tile: expand(%s, 0)", l.text(x.at))
		return nothing
	case last >= 0 && shape[last]*a%b != 0:
		l.errorf(c.Span(), diag.BadConversion, "a row of %s has %d × %d = %d bits, no multiple of the %d bits of %s", x.describe(), shape[last], a, shape[last]*a, b, t).
			Note(x.at, "this is %s", x.describe())
		return nothing
	case last >= 0 && a != b && x.axes[last].clipped():
		l.errorf(c.Span(), diag.BadRange, "view would lose the clipping of axis %d of %s", last, l.text(x.at)).
			WithHelp("view only rows whose range divides its extent (`% n == 0`)")
		return nothing
	}
	v := l.retyped(x.val, dtype.U(a))
	g := int(gcd(int64(a), int64(b)))
	return l.reread(x, l.joined(l.divided(v, g), b), t)
}

// divided cuts unsigned elements into fields of g bits, which divides their width; the lowest field comes first.
func (l *lowerer) divided(v *ir.Value, g int) *ir.Value {
	n := v.Type.Elem.Bits() / g
	if n == 1 {
		return v
	}
	shape := v.Type.Shape
	last := len(shape) - 1
	wide := append(slices.Clone(shape), n)
	v = l.b.Broadcast(l.b.Reshape(v, append(slices.Clone(shape), 1)...), wide...)
	v = l.b.Cast(l.b.Binary(ir.OpShr, v, l.fields(v.Type, g)), dtype.U(g))
	wide = slices.Clone(shape)
	wide[last] *= n
	return l.b.Reshape(v, wide...)
}

// joined puts unsigned neighbours into elements of b bits, the first into the lowest ones. A sum of disjoint fields is
// their union.
func (l *lowerer) joined(v *ir.Value, b int) *ir.Value {
	g := v.Type.Elem.Bits()
	n := b / g
	if n == 1 {
		return v
	}
	wide := slices.Clone(v.Type.Shape)
	last := len(wide) - 1
	wide[last] /= n
	v = l.b.Reshape(l.b.Cast(v, dtype.U(b)), append(wide, n)...)
	return l.b.Reduce("sum", last+1, l.b.Binary(ir.OpShl, v, l.fields(v.Type, g)))
}

// fields is 0, g, 2g, … along the last axis of t.
func (l *lowerer) fields(t ir.Type, g int) *ir.Value {
	n := t.Shape[len(t.Shape)-1]
	i := l.b.Op(ir.OpIota, nil, ir.TileOf(ir.Index, n)).Set("axis", 0).Result()
	i = l.b.Binary(ir.OpMul, i, l.b.Int(i.Type, int64(g)))
	thin := slices.Repeat([]int{1}, len(t.Shape))
	thin[len(thin)-1] = n
	return l.b.Broadcast(l.b.Reshape(l.b.Cast(i, t.Elem), thin...), t.Shape...)
}
