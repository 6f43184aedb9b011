package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// sumGroups lets packed weights of a CPU be widened on the way into a dot, a vector at a time, whatever is done with them that is
// constant in groups along K: a factor of several groups, a zero that is subtracted first. acc + dot(a, (b - z)*s) becomes
// acc + sum((dot(a, b) - z*sum(a))*s, axis: 0) with a sum for each group. As with other factors (scalePass), the product is never
// rounded to the narrow type. It reports whether it did.
func sumGroups(k *ir.Kernel, c *Context, b *ir.Builder, o *ir.Op) bool {
	acc, depth := o.Result().Type, o.Args[1].Type.Shape[0]
	if acc.Rank() != 2 || acc.Shape[1]%simdLanes != 0 || !packedOperand(k, o.Args[1]) {
		return false
	}
	w, n := o.Args[1], 1
	var factor, zero func(b *ir.Builder) *ir.Value
	if d := w.Def; d.Code == ir.OpMul {
		for i := range 2 {
			if rows, m := rowsOf(d.Args[i]); m > 0 {
				factor, n, w = rows, m, d.Args[1-i]
				break
			}
		}
	}
	if d := w.Def; d != nil && d.Code == ir.OpSub {
		if rows, m := rowsOf(d.Args[1]); m == n || m > 0 && factor == nil {
			zero, n, w = rows, m, d.Args[0]
		}
	}
	t := acc.WithShape(n, acc.Shape[0], acc.Shape[1])
	if zero == nil && n == 1 || depth%n != 0 || t.Size() > 1<<16 {
		return false
	}
	if !quartered(w) {
		c.remark("scale", o.Span, "%d groups of %d rows meet the weights one by one, which is slow on a CPU: only of elements of 4 and 8 bits the groups of a tile are summed apart; tiles of one group along K are not slow", n, depth/n)
		return false
	}
	b.Span = o.Span
	x := o.Args[0]
	v := b.Op(ir.OpDot, []*ir.Value{x, w, b.Number(t, 0)}, t).Result()
	if zero != nil {
		all := b.Reduce("sum", 2, b.Reshape(b.Cast(x, dtype.F32), acc.Shape[0], n, depth/n)) // of each row and group
		all = b.Op(ir.OpTranspose, []*ir.Value{all}, all.Type.WithShape(n, acc.Shape[0])).Set("perm", []int{1, 0}).Result()
		all = b.Broadcast(b.Reshape(all, n, acc.Shape[0], 1), t.Shape...)
		v = b.Binary(ir.OpSub, v, b.Binary(ir.OpMul, spread(b, zero, n, t), all))
	}
	if factor != nil {
		v = b.Binary(ir.OpMul, v, spread(b, factor, n, t))
	}
	o.Code, o.Attrs = ir.OpAdd, nil
	o.Args = []*ir.Value{o.Args[2], b.Reduce("sum", 0, v)}
	c.remark("scale", o.Span, "what is constant along K in each of %d groups meets their sums instead of the weights", n)
	return true
}

// quartered reports elements of 4 or 8 bits, below casts. Others come 16 or 32 at a time, and where there is no AVX-512 a C compiler takes half a
// minute for what that makes of a dot.
func quartered(v *ir.Value) bool {
	for v.Def != nil && v.Def.Code == ir.OpCast {
		v = v.Def.Args[0]
	}
	return v.Type.Elem.Bits()%4 == 0
}
