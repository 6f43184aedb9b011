package lower

import (
	"math"

	"github.com/girih-lang/girih/ir"
)

// An extent is where a range ends: an expression over dimensions, or a scalar of the block.
type extent struct {
	expr *ir.Expr
	val  *ir.Value
}

func constExtent(n int64) extent { e := ir.Int(n); return extent{expr: &e} }

func (e extent) same(f extent) bool {
	if e.expr != nil && f.expr != nil {
		return e.expr.String() == f.expr.String()
	}
	return e.expr == nil && f.expr == nil && e.val == f.val
}

// known is the value of an extent that is a constant.
func (e extent) known() (int64, bool) {
	if e.expr != nil && e.expr.Op == ir.EConst {
		return e.expr.N, true
	}
	return 0, false
}

func (e extent) String() string {
	if e.expr != nil {
		return e.expr.String()
	}
	return "a scalar"
}

func (l *lowerer) extentValue(e extent) *ir.Value {
	if e.expr != nil {
		return l.b.Dim(*e.expr)
	}
	return e.val
}

// divisor is a number that is known to divide the extent.
func (l *lowerer) divisor(e extent) int64 {
	if e.expr == nil {
		return 1
	}
	return l.divides(*e.expr)
}

// divides is a known divisor of an expression, at least 1; 0 stands for the constant 0, which everything divides.
func (l *lowerer) divides(e ir.Expr) int64 {
	switch e.Op {
	case ir.EConst:
		return abs(e.N)
	case ir.EDim:
		if d := l.k.Dim(e.Name); d != nil {
			if d.Static >= 0 {
				return d.Static
			}
			return max(d.Div, 1)
		}
		return 1
	}
	a, b := l.divides(e.Args[0]), l.divides(e.Args[1])
	switch e.Op {
	case ir.EAdd, ir.ESub:
		return gcd(a, b)
	case ir.EMul:
		if a != 0 && b > math.MaxInt32/a {
			return max(a, b)
		}
		return a * b
	case ir.EDiv:
		if n := e.Args[1]; n.Op == ir.EConst && n.N > 0 && a%n.N == 0 {
			return a / n.N
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

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return abs(a)
}

// lcm of two divisors, or the larger one where it would be absurd.
func lcm(a, b int64) int64 {
	if a < 1 || b < 1 {
		return max(a, b, 1)
	}
	if n := a / gcd(a, b); n <= math.MaxInt32/b {
		return n * b
	}
	return max(a, b)
}

// A rng is a range: width positions from root+shift, of which those before the extent are live. Division by div makes
// every div neighbours share a position.
type rng struct {
	name  string
	root  *ir.Value // i32 scalar
	shift int64
	width int
	ext   extent
	step  int64 // root is a multiple of it
	div   int64 // 1 without division
	level int
	floor bool // root is never negative
	// plain: 0 <= root < extent whenever the range's block or loop body runs, and shift is 0.
	plain bool
	live  bool // moved, from a range without dead elements
	// origin is the limit of the range that a shifted one was made from; nil for an unshifted one.
	origin *limit
}

// limit is the range's own limit.
func (r *rng) limit() limit {
	return limit{root: r.root, shift: r.shift, ext: r.ext, low: !r.floor || r.shift < 0, level: r.level}
}

// full says that no element of the range is ever dead.
func (l *lowerer) full(r *rng) bool {
	if !r.plain {
		return false
	}
	w := int64(r.width)
	return w == 1 || r.step%w == 0 && l.divisor(r.ext)%w == 0
}

// origins are the limits of an axis that counts along the range but reads nothing at its positions.
func (l *lowerer) origins(r *rng) []limit {
	switch {
	case r.origin != nil:
		return []limit{*r.origin}
	case r.plain && r.width > 1 && !l.full(r):
		return []limit{r.limit()}
	}
	return nil
}

// limits are those of an axis that reads along the range's own extent: a position outside it is dead too.
func (l *lowerer) limits(r *rng) []limit {
	var out []limit
	if r.origin != nil {
		out = append(out, *r.origin)
	}
	switch {
	case r.origin == nil && l.full(r):
		return out
	case r.origin == nil:
		return []limit{r.limit()}
	}
	own := r.limit()
	if o := r.origin; o.root == own.root && o.ext.same(own.ext) && own.shift >= o.shift {
		return []limit{own} // a shift upwards: the own limit implies the origin's
	}
	return append(out, own)
}

// shifted is the range moved by a constant (by nil) or by a scalar.
func (l *lowerer) shifted(r *rng, n int64, by *ir.Value) *rng {
	s := *r
	s.plain, s.live = false, r.live || l.full(r)
	if s.origin == nil && !l.full(r) {
		o := r.limit()
		s.origin = &o
	}
	if by == nil {
		s.shift += n
		return &s
	}
	s.root = l.b.Binary(ir.OpAdd, l.position(limit{root: r.root, shift: r.shift}), by)
	s.shift, s.step, s.level, s.floor = 0, 1, l.level, false
	return &s
}

// positions is the i32 tile of the range's positions, divided if the range is.
func (l *lowerer) positions(r *rng) *ir.Value {
	base := l.position(limit{root: r.root, shift: r.shift})
	t := ir.TileOf(ir.Index, r.width)
	v := l.b.Binary(ir.OpAdd, l.b.Op(ir.OpIota, nil, t).Set("axis", 0).Result(), l.b.Broadcast(base, r.width))
	if r.div > 1 {
		v = l.b.Binary(ir.OpDiv, v, l.b.Int(t, r.div))
	}
	return v
}
