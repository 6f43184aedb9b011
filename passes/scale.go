package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// scalePass takes a factor that is constant along K out of a dot: dot(a, b*s) becomes dot(a, b)*s, one multiplication for
// each element of the sum instead of one for each element of b. For weights with one scale per group of rows this applies
// when the part of K that is summed together lies in one group. The product b*s is then never rounded to the narrow type:
// the result is nearer to the exact one, and differs from the VM's by that rounding. Where a GPU has more sums for each column than
// weights to sum, the factor stays with the weights, two of which take one multiplication.
func scalePass(k *ir.Kernel, c *Context) error {
	rewrite(k.Body, func(b *ir.Builder, o *ir.Op) bool {
		if o.Code != ir.OpDot || o.Flag("limbs") || !o.Args[1].Type.Elem.IsFloat() || o.Result().Type.Elem != dtype.F32 {
			return true
		}
		if !c.Target.GPU && sumGroups(k, c, b, o) {
			return true
		}
		mul := o.Args[1].Def
		if mul == nil || mul.Code != ir.OpMul {
			return true
		}
		for i := range 2 {
			rows, n := rowsOf(mul.Args[i])
			if n == 0 {
				continue
			}
			acc := o.Result().Type
			parts := 1
			if acc.Rank() == 3 {
				parts = acc.Shape[0]
			}
			if parts%n != 0 {
				continue
			}
			if k, m := o.Args[1].Type.Shape[0]/parts, acc.Shape[acc.Rank()-2]; c.Target.GPU && 2*m >= k {
				c.remark("scale", mul.Span, "the factor stays with the %d weights of a column: each column has %d sums", k, m)
				return true
			}
			b.Span = mul.Span
			zero := b.Number(acc, 0)
			d := b.Op(ir.OpDot, []*ir.Value{o.Args[0], mul.Args[1-i], zero}, acc)
			d.Attrs, d.Span = o.Attrs, o.Span
			s := spread(b, rows, n, acc)
			o.Code, o.Attrs = ir.OpFma, nil
			o.Args = []*ir.Value{d.Result(), s, o.Args[2]}
			c.remark("scale", mul.Span, "the factor is constant along K in each of the %d parts and multiplies the sum instead", parts)
			return true
		}
		return true
	})
	return dcePass(k, c)
}

// spread gives n rows, as rowsOf makes them, the shape of sums [M, N], or [P, M, N] of parts that have a row each or share them.
func spread(b *ir.Builder, rows func(b *ir.Builder) *ir.Value, n int, t ir.Type) *ir.Value {
	f := b.Cast(unrounded(rows(b)), dtype.F32)
	cols := t.Shape[t.Rank()-1]
	if t.Rank() == 2 {
		f = b.Reshape(f, 1, cols)
	} else if parts := t.Shape[0]; n > 1 && n < parts {
		f = b.Reshape(b.Broadcast(f, n, parts/n, cols), parts, 1, cols)
	}
	return b.Op(ir.OpBroadcast, []*ir.Value{f}, t).Result() // also of one row, which the layout of the sums pads
}

// unrounded is a value before casts to types that hold it exactly.
func unrounded(v *ir.Value) *ir.Value {
	for v.Def != nil && v.Def.Code == ir.OpCast && len(v.Def.Attrs) == 0 && exactly(v.Def.Args[0].Type.Elem, v.Type.Elem) {
		v = v.Def.Args[0]
	}
	return v
}

// exactly reports whether a float of up to 8 bits is every time the same number as another type.
func exactly(from, to dtype.Type) bool {
	if !from.IsFloat() || !to.IsFloat() || from.Bits() > 8 {
		return false
	}
	for c := range uint64(1) << from.Bits() {
		x := from.Float(c)
		if y := to.Float(to.FromFloat(x, to.Mode())); y != x && (x == x || y == y) { // NaN stays NaN
			return false
		}
	}
	return true
}

// rowsOf recognises a tile [K, N] whose rows are n rows repeated K/n times each, or what elementwise operations make of such tiles and
// constants; n is 0 for others. rows makes the n rows as [n, 1, N].
func rowsOf(v *ir.Value) (rows func(b *ir.Builder) *ir.Value, n int) {
	o := v.Def
	if o == nil || v.Type.Rank() != 2 {
		return nil, 0
	}
	cols := v.Type.Shape[1]
	switch {
	case o.Code == ir.OpBroadcast: // [1, N] to [K, N]
		if a := o.Args[0].Type; a.Rank() == 2 && a.Shape[0] == 1 {
			return func(b *ir.Builder) *ir.Value { return b.Reshape(o.Args[0], 1, 1, cols) }, 1
		}
	case o.Code == ir.OpReshape: // [n, K/n, N] to [K, N]
		r := o.Args[0].Def
		if r == nil || r.Code != ir.OpBroadcast || r.Result().Type.Rank() != 3 || r.Result().Type.Shape[2] != cols {
			return nil, 0
		}
		if a := r.Args[0].Type; a.Rank() == 3 && a.Shape[1] == 1 && a.Shape[2] == cols && a.Shape[0] == r.Result().Type.Shape[0] {
			return func(*ir.Builder) *ir.Value { return r.Args[0] }, a.Shape[0]
		}
	case elementwise(o) && len(o.Results) == 1:
		args := make([]func(b *ir.Builder) *ir.Value, len(o.Args))
		for i, a := range o.Args {
			if d := a.Def; d != nil && d.Code == ir.OpConst {
				args[i] = func(b *ir.Builder) *ir.Value { return like(b, d, nil, n, cols) }
				continue
			}
			m := 0
			if args[i], m = rowsOf(a); m == 0 || n != 0 && m != n {
				return nil, 0
			}
			n = m
		}
		return func(b *ir.Builder) *ir.Value {
			vs := make([]*ir.Value, len(args))
			for i, f := range args {
				vs[i] = f(b)
			}
			return like(b, o, vs, n, cols)
		}, n
	}
	return nil, 0
}

// like is an operation on other arguments, with a result [n, 1, cols].
func like(b *ir.Builder, o *ir.Op, args []*ir.Value, n, cols int) *ir.Value {
	c := b.Op(o.Code, args, o.Result().Type.WithShape(n, 1, cols))
	c.Attrs = o.Attrs
	return c.Result()
}
