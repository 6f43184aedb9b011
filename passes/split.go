package passes

import (
	"github.com/girih-lang/girih/ir"
)

// splitPass gives a dot that may be summed in parts one partial sum for each part: the accumulator that a loop carries
// becomes a stack of accumulators, added up once after the loop. Each part belongs to warps of its own, which then walk
// along K without ever waiting for each other.
func splitPass(k *ir.Kernel, c *Context) error {
	warps := k.Warps
	if warps == 0 {
		warps = c.Target.Warps
	}
	splitBlock(k, c, k.Body, warps)
	return nil
}

func splitBlock(k *ir.Kernel, c *Context, b *ir.Block, warps int) {
	old := b.Ops
	b.Ops = nil
	for _, o := range old {
		for _, g := range o.Regions {
			splitBlock(k, c, g, warps)
		}
		b.Ops = append(b.Ops, o) // in its place already: its uses are counted
		if o.Code == ir.OpFor {
			before, after := &ir.Builder{Block: &ir.Block{}, Span: o.Span}, &ir.Builder{Block: &ir.Block{}, Span: o.Span}
			for i := range o.Results {
				splitCarried(k, c, before, after, o, i, warps)
			}
			b.Ops = append(append(append(b.Ops[:len(b.Ops)-1], before.Block.Ops...), o), after.Block.Ops...)
		}
	}
}

// splitCarried rewrites carried value i of a loop when all it does is to accumulate one dot; before and after take operations that stand
// around the loop.
func splitCarried(k *ir.Kernel, c *Context, before, after *ir.Builder, loop *ir.Op, i, warps int) {
	body := loop.Regions[0]
	arg, y := body.Args[i+1], body.Yield()
	d := y.Args[i].Def
	if d == nil || d.Code != ir.OpDot || d.Args[2] != arg || d.Int("split") < 2 {
		return
	}
	use := uses(k)
	parts := d.Int("split")
	if len(use[arg]) != 1 || len(use[d.Result()]) != 1 {
		c.remark("split", d.Span, "the sum is used inside of the loop and is not split")
		return
	}
	if warps%parts != 0 || !swappable(d, warps, parts) {
		c.remark("split", d.Span, "the sum is not split in %d parts: that needs a multiple of %d warps (the block has %d) and f16 or bf16 tiles of multiples of 8×16×%d", parts, parts, warps, 16*parts)
		return
	}
	for _, v := range []*ir.Value{arg, d.Result(), loop.Args[3+i], loop.Results[i]} {
		if v.Layout != nil {
			c.remark("split", d.Span, "the sum has an annotated layout and is not split")
			return
		}
	}
	t := arg.Type.WithShape(append([]int{parts}, arg.Type.Shape...)...)
	init := loop.Args[3+i]
	loop.Args[3+i] = before.Number(t, 0)
	arg.Type, d.Results[0].Type = t, t

	// The loop's own result becomes the stack; everybody else sees the sum.
	stack := &ir.Value{Type: t, Def: loop, Name: loop.Results[i].Name}
	sum := loop.Results[i]
	loop.Results[i] = stack
	red := after.Reduce("sum", 0, stack)
	last := red.Def
	if n, ok := floatConst(init); !ok || n != 0 {
		last = after.Op(ir.OpAdd, []*ir.Value{init, red}, sum.Type)
	}
	sum.Def = last
	last.Results[0] = sum
	c.remark("split", d.Span, "summed in %d parts, each by %d of %d warps, and added up after the loop", parts, warps/parts, warps)
}

func floatConst(v *ir.Value) (float64, bool) {
	if v.Def == nil || v.Def.Code != ir.OpConst {
		return 0, false
	}
	x, ok := v.Def.Attr("value").(float64)
	return x, ok
}

// swappable reports that a dot can run on the matrix units with its right operand as the wide one.
func swappable(d *ir.Op, warps, parts int) bool {
	a, b := d.Args[0].Type, d.Args[1].Type
	kind, depth := mmaKind(a.Elem)
	rows := warps / parts * 16
	return (kind == "f16" || kind == "bf16") && (a.Shape[0]%8 == 0 || a.Shape[0] < 8) && b.Shape[1]%rows == 0 && a.Shape[1]%(depth*parts) == 0
}
