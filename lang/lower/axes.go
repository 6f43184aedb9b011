package lower

import (
	"math"
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// A limit says which elements along an axis are dead: element i stands at position root+shift+i and is dead when that is
// at or beyond the extent, or when low is set and it is negative.
type limit struct {
	root  *ir.Value // i32 scalar
	shift int64
	ext   extent
	low   bool
	flat  bool // every element stands at position root+shift: the axis was repeated
	level int  // nesting of the region that defines root and the extent
}

func (a limit) same(b limit) bool {
	return a.root == b.root && a.shift == b.shift && a.low == b.low && a.flat == b.flat && a.ext.same(b.ext)
}

// An axis of a tile: the limits of the ranges that made it (none: every element is live), and whether every element that
// is dead by any of them is known to be 0, or at least to be finite and at most 1: what a load of a type without a zero gives outside its
// tensor, which times 0 is 0.
type axis struct {
	limits []limit
	zero   bool
	small  bool
}

func (a axis) clipped() bool { return len(a.limits) > 0 }

// stretched is the axis after its single element has been repeated.
func (a axis) stretched() axis {
	out := axis{zero: a.zero, small: a.small}
	for _, l := range a.limits {
		l.flat = true
		out.limits = append(out.limits, l)
	}
	return out
}

func sameLimits(a, b []limit) bool {
	return len(a) == len(b) && slices.EqualFunc(a, b, limit.same)
}

// union joins two lists of limits, keeping order and dropping repetitions.
func union(a, b []limit) []limit {
	out := a
	for _, l := range b {
		if !slices.ContainsFunc(out, l.same) {
			out = append(slices.Clip(out), l)
		}
	}
	return out
}

// join is the axis of a tile that is one of two others, element by element or as a whole: dead if either says so.
func join(a, b axis) axis {
	return axis{limits: union(a.limits, b.limits), zero: a.zero && b.zero && sameLimits(a.limits, b.limits)}
}

func joinAxes(a, b []axis) []axis {
	out := make([]axis, len(a))
	for i := range a {
		out[i] = join(a[i], b[i])
	}
	return out
}

func sameAxes(a, b []axis) bool {
	return slices.EqualFunc(a, b, func(x, y axis) bool { return x.zero == y.zero && x.small == y.small && sameLimits(x.limits, y.limits) })
}

// notZero forgets what is known of dead elements.
func notZero(axes []axis) []axis {
	out := make([]axis, len(axes))
	for i, a := range axes {
		out[i] = axis{limits: a.limits}
	}
	return out
}

// notSmall forgets that they are small; zeros stay.
func notSmall(axes []axis) []axis {
	out := slices.Clone(axes)
	for i := range out {
		out[i].small = false
	}
	return out
}

// castAxes are the axes of a cast where one of the two types has no zero: to floats, what is small stays so.
func castAxes(axes []axis, to dtype.Type) []axis {
	out := notZero(axes)
	for i, a := range axes {
		out[i].small = a.small && to.IsFloat()
	}
	return out
}

// mask is a bool tile of the shape: true where the element is live by the limits of the axis.
func (l *lowerer) mask(limits []limit, shape []int, at int) *ir.Value {
	var all *ir.Value
	w := shape[at]
	t := ir.TileOf(ir.Index, w)
	i := l.b.Op(ir.OpIota, nil, t).Set("axis", 0).Result()
	for _, lim := range limits {
		base, along := l.position(lim), i
		if lim.flat {
			along = l.b.Int(t, 0)
		}
		room := l.b.Binary(ir.OpSub, l.extentValue(lim.ext), base)
		all = l.and(all, l.b.Cmp("lt", along, l.b.Broadcast(room, w)))
		if lim.low {
			all = l.and(all, l.b.Cmp("ge", along, l.b.Broadcast(l.b.Unary(ir.OpNeg, base), w)))
		}
	}
	thin := make([]int, len(shape))
	for j := range thin {
		thin[j] = 1
	}
	thin[at] = w
	return l.b.Broadcast(l.b.Reshape(all, thin...), shape...)
}

func (l *lowerer) and(a, b *ir.Value) *ir.Value {
	if a == nil {
		return b
	}
	return l.b.Binary(ir.OpAnd, a, b)
}

func (l *lowerer) position(lim limit) *ir.Value {
	if lim.shift == 0 {
		return lim.root
	}
	return l.b.Binary(ir.OpAdd, lim.root, l.b.Index(int(lim.shift)))
}

// fill replaces the elements of v that are dead along an axis by a constant of v's element type.
func (l *lowerer) fill(v *ir.Value, limits []limit, at int, neutral *number) *ir.Value {
	if len(limits) == 0 {
		return v
	}
	return l.b.Select(l.mask(limits, v.Type.Shape, at), v, l.constant(neutral, v.Type))
}

// constant emits a constant tile; n must be a value of the element type.
func (l *lowerer) constant(n *number, t ir.Type) *ir.Value {
	if t.Elem.IsFloat() {
		return l.b.Float(t, n.float())
	}
	return l.b.Int(t, n.bits64())
}

// neutral is the value that a reduction ignores.
func neutral(op string, t dtype.Type) *number {
	switch op {
	case "max":
		switch {
		case t.IsInt():
			return intNumber(t.MinInt())
		case t.HasInf():
			return floatNumber(negInf)
		}
		return floatNumber(t.MinFloat())
	case "min":
		switch {
		case t.IsInt() && !t.IsSigned():
			return uintNumber(uint64(t.MaxInt()))
		case t.IsInt():
			return intNumber(t.MaxInt())
		case t.HasInf():
			return floatNumber(-negInf)
		}
		return floatNumber(t.MaxFloat())
	case "and":
		if t.IsBool() {
			return boolNumber(true)
		}
		return intNumber(-1)
	case "or":
		if t.IsBool() {
			return boolNumber(false)
		}
	}
	if t.IsFloat() {
		return floatNumber(0)
	}
	return intNumber(0)
}

// outside records what a load of a type gives where its range alone says that elements are dead: they lie outside of the tensor.
func (a *axis) outside(t dtype.Type, r *rng) {
	if len(a.limits) == 1 && a.limits[0].same(r.limit()) {
		a.zero = hasZero(t)
		a.small = !a.zero && math.Abs(t.Float(0)) <= 1
	}
}

// hasZero says that code 0 of the type means 0, so that what a load gives outside its tensor is zero.
func hasZero(t dtype.Type) bool { return !t.IsFloat() || t.Float(0) == 0 }
