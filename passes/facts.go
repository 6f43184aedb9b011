package passes

import (
	"github.com/girih-lang/girih/ir"
)

// Facts answers questions about scalar index expressions: what divides them, and whether they stay inside an extent.
// They follow from the declarations of the kernel (static and divisible dimensions), which every launch checks, and from
// the structure of loops and of the grid.
type Facts struct {
	k    *ir.Kernel
	loop map[*ir.Value]*ir.Op // counter of a loop -> the loop
	div  map[*ir.Value]int64
}

// NewFacts analyses a kernel. It stays valid while the scalars of the kernel are not rewritten.
func NewFacts(k *ir.Kernel) *Facts {
	f := &Facts{k: k, loop: map[*ir.Value]*ir.Op{}, div: map[*ir.Value]int64{}}
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpFor {
			f.loop[o.Regions[0].Args[0]] = o
		}
		return true
	})
	return f
}

// maxDiv stands for "divisible by everything" (the value 0).
const maxDiv = 1 << 30

func gcd(a, b int64) int64 {
	switch {
	case a == maxDiv: // 0 and n
		return b
	case b == maxDiv:
		return a
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// product is a divisor of what has two divisors as factors.
func product(a, b int64) int64 {
	switch n := a * b; {
	case a == maxDiv || b == maxDiv:
		return maxDiv
	case n < maxDiv:
		return n
	default: // too large to go on with: the powers of two in it
		return min(n&-n, maxDiv/2)
	}
}

// ExprDiv is a known divisor of an extent, at least 1.
func (f *Facts) ExprDiv(e ir.Expr) int64 {
	switch e.Op {
	case ir.EConst:
		if e.N == 0 {
			return maxDiv
		}
		return abs(e.N)
	case ir.EDim:
		if d := f.k.Dim(e.Name); d != nil {
			if d.Static > 0 {
				return d.Static
			}
			return max(1, d.Div)
		}
	case ir.EMul:
		return product(f.ExprDiv(e.Args[0]), f.ExprDiv(e.Args[1]))
	case ir.EAdd, ir.ESub:
		return gcd(f.ExprDiv(e.Args[0]), f.ExprDiv(e.Args[1]))
	case ir.EDiv:
		if n := e.Args[1]; n.Op == ir.EConst && n.N > 0 {
			if d := f.ExprDiv(e.Args[0]); d%n.N == 0 {
				return d / n.N
			}
		}
	}
	return 1
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// Div is a known divisor of a scalar, at least 1.
func (f *Facts) Div(v *ir.Value) int64 {
	if d, ok := f.div[v]; ok {
		return d
	}
	f.div[v] = 1 // a value that depends on itself gets no fact
	d := f.divisor(v)
	f.div[v] = d
	return d
}

func (f *Facts) divisor(v *ir.Value) int64 {
	if l := f.loop[v]; l != nil {
		return gcd(f.Div(l.Args[0]), f.Div(l.Args[2]))
	}
	o := v.Def
	if o == nil || !v.Type.Equal(ir.TileOf(ir.Index)) {
		return 1
	}
	switch o.Code {
	case ir.OpConst:
		if n := int64(o.Int("value")); n != 0 {
			return abs(n)
		}
		return maxDiv
	case ir.OpDim:
		if e, err := ir.ParseExpr(o.Str("expr")); err == nil {
			return f.ExprDiv(e)
		}
	case ir.OpMul:
		return product(f.Div(o.Args[0]), f.Div(o.Args[1]))
	case ir.OpAdd, ir.OpSub:
		return gcd(f.Div(o.Args[0]), f.Div(o.Args[1]))
	case ir.OpDiv:
		if n, ok := constant(o.Args[1]); ok && n > 0 && f.Div(o.Args[0])%n == 0 {
			return f.Div(o.Args[0]) / n
		}
	}
	return 1
}

// constant is the value of an integer constant.
func constant(v *ir.Value) (int64, bool) {
	if v.Def == nil || v.Def.Code != ir.OpConst || v.Type.Elem.IsFloat() {
		return 0, false
	}
	n, ok := v.Def.Attr("value").(int64)
	return n, ok
}

// Below proves 0 <= v < e, or v+width <= e when v and e are both multiples of width (then the whole range is inside).
func (f *Facts) Below(v *ir.Value, e ir.Expr) bool {
	if n, ok := constant(v); ok && e.Op == ir.EConst {
		return n >= 0 && n < e.N
	}
	if l := f.loop[v]; l != nil {
		return f.natural(l.Args[0]) && f.atMost(l.Args[1], e)
	}
	o := v.Def
	if o == nil {
		return false
	}
	switch o.Code {
	case ir.OpProgramID:
		return f.k.Grid[o.Int("axis")].String() == e.String()
	case ir.OpMul:
		// program_id * c below E when the grid has ceil(E, c) blocks along that axis.
		for i := range 2 {
			p, c := o.Args[i], o.Args[1-i]
			n, ok := constant(c)
			if ok && p.Def != nil && p.Def.Code == ir.OpProgramID && f.k.Grid[p.Def.Int("axis")].String() == ir.Bin(ir.ECeil, e, ir.Int(n)).String() {
				return true
			}
		}
	case ir.OpDiv:
		// v/c below E/c when v is below E and c divides E.
		n, ok := constant(o.Args[1])
		if ok && n > 0 && e.Op == ir.EDiv && e.Args[1].Op == ir.EConst && e.Args[1].N == n {
			return f.ExprDiv(e.Args[0])%n == 0 && f.Below(o.Args[0], e.Args[0])
		}
	}
	return false
}

// natural proves v >= 0.
func (f *Facts) natural(v *ir.Value) bool {
	if n, ok := constant(v); ok {
		return n >= 0
	}
	if v.Def == nil {
		return false
	}
	switch o := v.Def; o.Code {
	case ir.OpClusterRank, ir.OpClusterSize, ir.OpProgramID, ir.OpDim:
		return true
	case ir.OpAdd, ir.OpMul, ir.OpDiv:
		return f.natural(o.Args[0]) && f.natural(o.Args[1])
	case ir.OpSub: // an extent or a constant less a smaller constant
		a, ok := constant(o.Args[0])
		n, small := constant(o.Args[1])
		return ok && small && a >= n || small && n <= 0 && f.natural(o.Args[0]) || o.Args[0].Def != nil && o.Args[0].Def.Code == ir.OpClusterSize && small && n <= 1
	}
	return false
}

// atMost proves v <= e.
func (f *Facts) atMost(v *ir.Value, e ir.Expr) bool {
	if f.isExpr(v, e) {
		return true
	}
	o := v.Def
	return o != nil && o.Code == ir.OpMin && (f.atMost(o.Args[0], e) || f.atMost(o.Args[1], e))
}

func (f *Facts) isExpr(v *ir.Value, e ir.Expr) bool {
	if n, ok := constant(v); ok {
		return e.Op == ir.EConst && e.N == n
	}
	return v.Def != nil && v.Def.Code == ir.OpDim && v.Def.Str("expr") == e.String()
}

// Inside proves that width elements from offset v lie inside extent e, so that no clipping is needed. When it cannot,
// whole reports that the width elements are all inside or all outside.
func (f *Facts) Inside(v *ir.Value, width int, e ir.Expr) (inside, whole bool) {
	w := int64(width)
	whole = width == 1 || f.Div(v)%w == 0 && f.ExprDiv(e)%w == 0
	return whole && f.Below(v, e), whole
}
