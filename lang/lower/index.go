package lower

import (
	"math"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// A view is a place in a tensor: an offset for each dimension, and an axis for each index that is a range.
type view struct {
	param   *param
	offsets []*ir.Value
	dims    []int // the tensor dimension of each axis
	shape   []int
	axes    []axis
	ranges  []*rng // of each axis; nil for `:` and for axes of a tile
	repeat  []int  // each element along the axis stands for this many positions (1: itself; 0: all share one)

	index *ir.Value // the tile that stands for one of the dimensions, or nil
	along int       // that dimension
}

// view evaluates the indices of `x[m, k/G, :]`.
func (l *lowerer) view(x *syntax.IndexExpr, p *param) (*view, bool) {
	t := p.ir.Value.Type
	if len(x.Indices) != t.Rank() {
		l.errorf(x.Span(), diag.BadRank, "%s has %s, found %s", p.name, plural(t.Rank(), "dimension"), plural(len(x.Indices), "index")).
			Note(p.at, "%s is %s", p.name, p.typeText())
		return nil, false
	}
	v := &view{param: p}
	ok := true
	for d, i := range x.Indices {
		ok = l.index(v, d, i) && ok
	}
	if ok && ir.TileOf(ir.Index, v.shape...).Size() > maxTile {
		l.errorf(x.Span(), diag.ShapeMismatch, "a tile %v has more than %d elements", v.shape, maxTile)
		return nil, false
	}
	return v, ok
}

// index adds dimension d's index to the view.
func (l *lowerer) index(v *view, d int, x syntax.Expr) bool {
	dim := l.subst(v.param.ir.Value.Type.Dims[d])
	switch x := syntax.Unparen(x).(type) {
	case *syntax.AllExpr:
		if dim.Op != ir.EConst {
			help := "declare the dimension static (`%s static`), or walk it with a range"
			l.errorf(x.Span(), diag.NotStatic, "`:` needs an extent that is known when compiling; dimension %d of %s is %s", d, v.param.name, dim).
				Note(v.param.at, "%s is %s", v.param.name, v.param.typeText()).WithHelp(help, dim)
			return false
		}
		v.add(d, l.b.Index(0), int(dim.N), axis{}, nil, 1)
		return true
	case *syntax.TileExpr:
		return l.tileIndex(v, d, dim, x)
	}
	op := l.expr(x)
	switch op.kind {
	case rangeK:
		return l.rangeIndex(v, d, dim, op)
	case constK:
		n, ok := l.constInt(op, "an index")
		if ok && (n < 0 || dim.Op == ir.EConst && n >= dim.N) {
			l.errorf(x.Span(), diag.OutOfBounds, "index %d is outside of dimension %d of %s, which is %s", n, d, v.param.name, dim).
				Note(v.param.at, "%s is %s", v.param.name, v.param.typeText())
			return false
		}
		if ok && n > 1<<31-1 {
			l.errorf(x.Span(), diag.OutOfBounds, "index %d does not fit i32", n)
			return false
		}
		v.offsets = append(v.offsets, l.b.Index(int(n)))
		return ok
	case tileK:
		op = l.value(op)
		switch t := op.val.Type; {
		case t.Equal(ir.TileOf(ir.Index)):
			v.offsets = append(v.offsets, op.val)
			return true
		case t.Elem == ir.Index:
			return l.tileOfPositions(v, d, x, op)
		case t.Elem.IsInt():
			l.errorf(x.Span(), diag.TypeMismatch, "an index is i32, found %s", t).WithHelp("convert it with i32(%s)", l.text(x.Span()))
		default:
			l.errorf(x.Span(), diag.TypeMismatch, "an index is i32, found %s", t)
		}
		return false
	case bad:
		return false
	}
	l.errorf(x.Span(), diag.TypeMismatch, "an index is a range, an i32 or `:`, found %s", op.describe())
	return false
}

func (v *view) add(d int, base *ir.Value, width int, a axis, r *rng, repeat int) {
	v.offsets = append(v.offsets, base)
	v.dims = append(v.dims, d)
	v.shape = append(v.shape, width)
	v.axes = append(v.axes, a)
	v.ranges = append(v.ranges, r)
	v.repeat = append(v.repeat, repeat)
}

// tileOfPositions is a tile as an index: its axes stand where the dimension stands. What is dead of it by a range reads
// position 0, which exists, and stays dead.
func (l *lowerer) tileOfPositions(v *view, d int, x syntax.Expr, op operand) bool {
	switch p := v.param; {
	case v.index != nil:
		l.errorf(x.Span(), diag.NotYet, "two tiles as indices of one view are not in this version of the language").
			WithHelp("make one index of them: reshape the tensor to one dimension for both")
		return false
	case p.ir.Packed:
		l.errorf(x.Span(), diag.PackedRead, "packed %s is read in whole tiles, not at the positions of a tile", p.name).
			Note(p.at, "%s is %s", p.name, p.typeText()).WithHelp("drop the word packed")
		return false
	}
	index := op.val
	for i, a := range op.axes {
		if !a.zero {
			index = l.fill(index, a.limits, i, intNumber(0))
		}
	}
	v.index, v.along = index, d
	v.offsets = append(v.offsets, l.b.Index(0))
	for i, n := range index.Type.Shape {
		v.dims, v.shape, v.axes = append(v.dims, d), append(v.shape, n), append(v.axes, axis{limits: op.axes[i].limits})
		v.ranges, v.repeat = append(v.ranges, nil), append(v.repeat, 1)
	}
	return true
}

// tileIndex is `s by BK`: the tile that starts at s*BK.
func (l *lowerer) tileIndex(v *view, d int, dim ir.Expr, x *syntax.TileExpr) bool {
	w, ok := l.width(x.By)
	number := l.expr(x.X)
	if number.kind == constK && ok {
		// A position that wraps would read another part of the tensor, where it should read zeros.
		if n, good := l.constInt(number, "the number of a tile"); good && (n > math.MaxInt32/w || n < math.MinInt32/w) {
			l.errorf(x.X.Span(), diag.OutOfBounds, "tile %d by %d starts at a position that does not fit i32", n, w)
			return false
		}
	}
	op := l.value(number)
	if !ok || !op.ok() {
		return false
	}
	if !op.val.Type.Equal(ir.TileOf(ir.Index)) {
		l.errorf(x.X.Span(), diag.TypeMismatch, "the number of a tile is i32, found %s", op.describe())
		return false
	}
	base := l.b.Binary(ir.OpMul, l.tileNumber(op.val, w), l.b.Index(int(w)))
	r := &rng{name: "tile", root: base, width: int(w), ext: extent{expr: &dim}, step: w, div: 1, level: l.level}
	v.add(d, base, int(w), axis{limits: l.limits(r), zero: hasZero(v.param.ir.Value.Type.Elem)}, r, 1)
	return true
}

// tileNumber is the number of a tile of width w such that its position fits i32: one that would wrap, and read another part of the
// tensor, becomes that of a tile before the tensor, where there are zeros too.
func (l *lowerer) tileNumber(n *ir.Value, w int64) *ir.Value {
	if e, ok := l.below[n]; ok {
		switch e = l.subst(e); {
		case e.Op == ir.EConst && e.N <= math.MaxInt32/w:
			return n
		case (e.Op == ir.EDiv || e.Op == ir.ECeil) && e.Args[1].Op == ir.EConst && e.Args[1].N >= w: // the tiles of an extent
			return n
		}
	}
	low := l.b.Index(int(math.MinInt32 / w))
	n = l.b.Binary(ir.OpMax, n, low)
	return l.b.Select(l.b.Cmp("gt", n, l.b.Index(int(math.MaxInt32/w))), low, n)
}

// rangeIndex is a range, moved or divided or neither, on a dimension of the given extent.
func (l *lowerer) rangeIndex(v *view, d int, dim ir.Expr, op operand) bool {
	r := op.rng
	if r.div > 1 {
		return l.dividedIndex(v, d, dim, op)
	}
	own := r.ext.expr != nil && l.subst(*r.ext.expr).String() == dim.String()
	if !own && r.origin == nil && r.plain && r.ext.expr != nil {
		l.errorf(op.at, diag.DimMismatch, "range %s runs over %s, but dimension %d of %s is %s", r.name, r.ext, d, v.param.name, dim).
			Note(v.param.at, "%s is %s", v.param.name, v.param.typeText()).
			WithHelp("run the range over %s, or give both dimensions one name if they are always equal", dim)
		return false
	}
	a := axis{limits: l.origins(r)}
	if own {
		// Outside the tensor there are zeros. Moved downwards, though, what the range itself clips lies inside.
		a.limits = l.limits(r)
		a.outside(v.param.ir.Value.Type.Elem, r)
	}
	v.add(d, l.position(limit{root: r.root, shift: r.shift}), r.width, a, r, 1)
	return true
}

// dividedIndex is `k/G` for a range k: every G neighbours share an element.
func (l *lowerer) dividedIndex(v *view, d int, dim ir.Expr, op operand) bool {
	r, g := op.rng, op.rng.div
	w := int64(r.width)
	step := r.step
	if r.shift != 0 {
		step = gcd(step, r.shift)
	}
	var width, repeat int
	switch {
	case !r.floor || r.shift < 0:
		l.errorf(op.at, diag.NotDivisible, "a divided range must not start below 0")
		return false
	case g%w == 0 && step%w == 0:
		width, repeat = 1, 0
	case w%g == 0 && step%g == 0:
		width, repeat = int(w/g), int(g)
	default:
		l.errorf(op.at, diag.NotDivisible, "%s: the width %d of range %s and the divisor %d do not divide one another", l.text(op.at), w, r.name, g).
			WithHelp("choose a width that is a multiple or a divisor of %d, on which the range starts", g)
		return false
	}
	base := l.b.Binary(ir.OpDiv, l.position(limit{root: r.root, shift: r.shift}), l.b.Index(int(g)))
	own, exact := false, false
	if r.ext.expr != nil {
		e := l.subst(*r.ext.expr)
		exact = l.divisor(r.ext)%g == 0
		own = l.subst(ir.Bin(ir.EDiv, e, ir.Int(g))).String() == dim.String()
		ceil := l.subst(ir.Bin(ir.ECeil, e, ir.Int(g))).String() == dim.String()
		if !own && !ceil && r.origin == nil {
			l.errorf(op.at, diag.DimMismatch, "%s runs over %s, but dimension %d of %s is %s", l.text(op.at),
				ir.Bin(ir.EDiv, *r.ext.expr, ir.Int(g)), d, v.param.name, dim).Note(v.param.at, "%s is %s", v.param.name, v.param.typeText())
			return false
		}
	}
	a := axis{limits: l.origins(r)}
	if own && exact {
		a.limits = l.limits(r)
		a.outside(v.param.ir.Value.Type.Elem, r)
	}
	v.add(d, base, width, a, r, repeat)
	return true
}

// subst puts the dimensions that are known when compiling into an extent.
func (l *lowerer) subst(e ir.Expr) ir.Expr {
	known := map[string]int64{}
	for _, d := range l.k.Dims {
		if d.Static >= 0 {
			known[d.Name] = d.Static
		}
	}
	return e.Subst(known)
}
