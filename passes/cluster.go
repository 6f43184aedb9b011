package passes

import (
	"github.com/girih-lang/girih/ir"
)

// clusterPass divides the iterations of a loop marked cluster(n) among the n blocks of a cluster, each of which walks along a
// stretch of its own; what the loop accumulates is added up over the cluster after it, in the order of the blocks. This is
// for few large tiles: n times as many blocks share them, and the parts never leave the chip.
func clusterPass(k *ir.Kernel, c *Context) error {
	if !c.Target.HasClusters() {
		return nil
	}
	old := k.Body.Ops
	k.Body.Ops = nil
	b := &ir.Builder{Block: k.Body}
	for _, o := range old {
		b.Span = o.Span
		n := o.Int("cluster")
		if o.Code != ir.OpFor || n < 2 {
			k.Body.Ops = append(k.Body.Ops, o)
			continue
		}
		if why := clusterable(k, append(k.Body.Ops[:len(k.Body.Ops):len(k.Body.Ops)], old...), o); why != "" {
			c.remark("cluster", o.Span, "the iterations are not divided among %d blocks: %s", n, why)
			k.Body.Ops = append(k.Body.Ops, o)
			continue
		}
		k.Cluster = n
		divide(b, o)
		c.remark("cluster", o.Span, "the iterations are divided among the %d blocks of a cluster, whose sums are added up after the loop", n)
	}
	return nil
}

// clusterable says why a loop cannot be divided; "" when it can.
func clusterable(k *ir.Kernel, ops []*ir.Op, loop *ir.Op) string {
	if k.Cluster > 1 {
		return "a loop before it is"
	}
	if len(loop.Results) == 0 {
		return "it accumulates nothing"
	}
	use := map[*ir.Value]int{}
	(&ir.Block{Ops: ops}).Walk(func(o *ir.Op) bool {
		for _, a := range o.Args {
			use[a]++
		}
		return true
	})
	body := loop.Regions[0]
	stores := false
	body.Walk(func(o *ir.Op) bool {
		stores = stores || o.Code.Info().Effect == ir.Writes
		return true
	})
	if stores {
		return "it stores"
	}
	for i, arg := range body.Args[1:] {
		y := body.Yield().Args[i]
		d := y.Def
		if d == nil || d.Code != ir.OpDot || d.Args[2] != arg || use[arg] != 1 || use[y] != 1 {
			return "a carried value is not the sum of a dot that nothing else uses"
		}
		if !arg.Type.Elem.IsFloat() || arg.Type.Elem.Bits() != 32 || arg.Type.IsScalar() {
			return "the sum is not a tile of f32"
		}
		if x, ok := floatConst(loop.Args[3+i]); !ok || x != 0 {
			return "the sum does not start at 0"
		}
	}
	return ""
}

// divide gives the block its stretch of the iterations: ceil(count/size) of them from rank times that on.
func divide(b *ir.Builder, loop *ir.Op) {
	rank := b.Op(ir.OpClusterRank, nil, ir.TileOf(ir.Index)).Result()
	size := b.Op(ir.OpClusterSize, nil, ir.TileOf(ir.Index)).Result()
	from, to, step := loop.Args[0], loop.Args[1], loop.Args[2]
	one := b.Index(1)
	ceil := func(x, y *ir.Value) *ir.Value {
		return b.Binary(ir.OpDiv, b.Binary(ir.OpAdd, x, b.Binary(ir.OpSub, y, one)), y)
	}
	stretch := b.Binary(ir.OpMul, ceil(ceil(b.Binary(ir.OpSub, to, from), step), size), step)
	start := b.Binary(ir.OpAdd, from, b.Binary(ir.OpMul, rank, stretch))
	end := b.Binary(ir.OpMin, to, b.Binary(ir.OpAdd, start, stretch))
	loop.Args[0], loop.Args[1] = start, end
	b.Block.Ops = append(b.Block.Ops, loop)
	for i, r := range loop.Results {
		part := &ir.Value{Type: r.Type, Def: loop, Name: r.Name, Layout: r.Layout}
		loop.Results[i] = part
		sum := b.Op(ir.OpClusterSum, []*ir.Value{part}, r.Type)
		sum.Results[0] = r
		r.Def = sum
	}
}
