package compile

import "github.com/girih-lang/girih/ir"

// Operations is the number of multiplications and additions of all dots of a kernel for given extents: 2·M·N·K for a matrix
// product, padding and clipped edges not counted where the extents of tensors tell them. Other arithmetic is not counted; 0
// means that there are no dots.
func Operations(k *ir.Kernel, dims map[string]int64) (float64, error) {
	grid, err := k.GridSize(dims)
	if err != nil {
		return 0, err
	}
	m := &measure{k: k, dims: dims, w: &work{grid: grid}, owner: map[*ir.Value]*ir.Op{}}
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpFor {
			m.owner[o.Regions[0].Args[0]] = o
		}
		return true
	})
	var sum float64
	var walk func(b *ir.Block, times float64)
	walk = func(b *ir.Block, times float64) {
		for _, o := range b.Ops {
			switch o.Code {
			case ir.OpFor:
				walk(o.Regions[0], times*m.exact(o))
			case ir.OpIf:
				for _, g := range o.Regions {
					walk(g, times)
				}
			case ir.OpDot:
				a, b := o.Args[0].Type, o.Args[1].Type
				sum += times * 2 * float64(a.Shape[0]) * float64(a.Shape[1]) * float64(b.Shape[1])
			}
		}
	}
	walk(k.Body, 1)
	// Blocks at the edges: the grid covers more than the extents by the same factor in every dot.
	for i, e := range k.Grid {
		sum *= float64(grid[i])
		if e.Op == ir.ECeil {
			n, err1 := e.Args[0].Eval(dims)
			t, err2 := e.Args[1].Eval(dims)
			if err1 == nil && err2 == nil && grid[i] > 0 {
				sum *= float64(n) / float64(grid[i]*t)
			}
		}
	}
	return sum, nil
}

// exact is the trips of a loop, with a fraction for the last one where it goes beyond the bound.
func (m *measure) exact(o *ir.Op) float64 {
	from, ok1 := m.eval(o.Args[0])
	to, ok2 := m.eval(o.Args[1])
	step, ok3 := m.eval(o.Args[2])
	if !ok1 || !ok2 || !ok3 || step <= 0 || to < from {
		return 0
	}
	return float64(to-from) / float64(step)
}
