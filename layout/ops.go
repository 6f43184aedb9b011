package layout

import (
	"fmt"
	"slices"
)

// postfix are the operations that an expression applies to the layout on their left.
var postfix = map[string]func(a Layout, args []int) (Layout, error){
	"reduce":      func(a Layout, dims []int) (Layout, error) { return a.Reduce(false, dims...) },
	"slice":       func(a Layout, dims []int) (Layout, error) { return a.Slice(dims...) },
	"permute":     func(a Layout, dims []int) (Layout, error) { return a.Permute(dims...) },
	"reshape":     func(a Layout, shape []int) (Layout, error) { return a.Reshape(shape...) },
	"expand_dims": func(a Layout, dims []int) (Layout, error) { return a.ExpandDims(dims...) },
	"swizzle": func(a Layout, args []int) (Layout, error) {
		if len(args) != 2 {
			return Layout{}, fmt.Errorf("swizzle takes the bytes of the pattern (0, 32, 64 or 128) and the bits of an element; found %v", args)
		}
		s, err := SwizzleOf(args[0])
		if err == nil {
			s, err = s.Elements(args[1])
		}
		if err != nil {
			return Layout{}, err
		}
		return a.Swizzle(s)
	},
	"flatten": func(a Layout, args []int) (Layout, error) {
		switch len(args) {
		case 0:
			return a.Flatten(), nil
		case 2:
			return a.FlattenDims(args[0], args[1])
		}
		return Layout{}, fmt.Errorf("flatten takes no numbers, or the first and the last dim; found %d", len(args))
	},
}

// dimSet checks a list of distinct dims.
func (l *lin) dimSet(op string, dims []int) ([]bool, error) {
	set := make([]bool, len(l.out))
	for _, d := range dims {
		if d < 0 || d >= len(l.out) {
			return nil, fmt.Errorf("%s: there is no dim %d in a layout of %d dims", op, d, len(l.out))
		}
		if set[d] {
			return nil, fmt.Errorf("%s: dim %d is given twice", op, d)
		}
		set[d] = true
	}
	return set, nil
}

// keepRows keeps the output digits of the dims that are not in drop; dropped dims stay with extent 1 when keepDims.
func (l *lin) keepRows(drop []bool, keepDims bool) *lin {
	var out []axis
	var rows []int
	for d, a := range l.out {
		if drop[d] {
			if keepDims {
				out = append(out, axis{name: a.name})
			}
			continue
		}
		b := base(l.out, d)
		for j := range a.rad {
			rows = append(rows, b+j)
		}
		out = append(out, axis{a.name, slices.Clone(a.rad)})
	}
	r := newLin(cloneAxes(l.in), out)
	for i := range l.ni {
		src, dst := l.col(i), r.col(i)
		for k, o := range rows {
			dst[k] = src[o]
		}
	}
	return r
}

// Reduce is the layout of a reduction over dims. Threads that held different elements along them now hold the same
// result, so their digits become replication; locals that fall together are kept once. The dims are removed, or stay
// with extent 1 when keepDims.
func (a Layout) Reduce(keepDims bool, dims ...int) (Layout, error) {
	l := a.lin()
	drop, err := l.dimSet("reduce", dims)
	if err != nil {
		return Layout{}, err
	}
	r := l.keepRows(drop, keepDims)
	var ids []int
	for k := range r.in {
		b, n := base(r.in, k), len(r.in[k].rad)
		axisIDs := upTo(b + n)[b:]
		if r.in[k].name == LocalAxis {
			_, axisIDs = r.image(axisIDs)
		}
		ids = append(ids, axisIDs...)
	}
	return wrap(r.keep(ids)), nil
}

// Slice is the layout of the elements with index 0 along dims, which are removed: the hardware digits that move along
// dims are removed too, so that only the points that hold the slice are left, renumbered. An error when a digit moves
// along a sliced dim and another one at the same time (a swizzle across the cut). Where all threads go on to see the
// slice, Reduce gives the layout.
func (a Layout) Slice(dims ...int) (Layout, error) {
	l := a.lin()
	drop, err := l.dimSet("slice", dims)
	if err != nil {
		return Layout{}, err
	}
	var ids []int
	for i := range l.ni {
		inside, outside := -1, -1
		for o, c := range l.col(i) {
			if c == 0 {
				continue
			}
			if d, _ := locate(l.out, o); drop[d] {
				inside = d
			} else {
				outside = d
			}
		}
		if inside >= 0 && outside >= 0 {
			k, at := locate(l.in, i)
			return Layout{}, fmt.Errorf("slice: digit %d of axis %s moves along dim %d, which is sliced, and dim %d, which stays", at, l.in[k].name, inside, outside)
		}
		if inside < 0 {
			ids = append(ids, i)
		}
	}
	return wrap(l.keep(ids).keepRows(drop, false)), nil
}

// Permute reorders the dims: dim k of the result is dim dims[k] of a.
func (a Layout) Permute(dims ...int) (Layout, error) {
	l := a.lin()
	if _, err := l.dimSet("permute", dims); err != nil {
		return Layout{}, err
	}
	if len(dims) != len(l.out) {
		return Layout{}, fmt.Errorf("permute: %d dims are listed, the layout has %d", len(dims), len(l.out))
	}
	out := make([]axis, len(dims))
	var rows []int
	for k, d := range dims {
		b := base(l.out, d)
		out[k] = axis{l.out[d].name, slices.Clone(l.out[d].rad)}
		for j := range out[k].rad {
			rows = append(rows, b+j)
		}
	}
	return wrap(l.withRows(out, rows)), nil
}

// withRows is l with its output digits listed anew: digit k of out is digit rows[k] of l.
func (l *lin) withRows(out []axis, rows []int) *lin {
	r := newLin(cloneAxes(l.in), out)
	for i := range l.ni {
		src, dst := l.col(i), r.col(i)
		for k, o := range rows {
			dst[k] = src[o]
		}
	}
	return r
}

// flat is l with one dim, the row-major flattening of all.
func (l *lin) flat() *lin {
	var rad, rows []int
	for d := len(l.out) - 1; d >= 0; d-- {
		b := base(l.out, d)
		for j, r := range l.out[d].rad {
			rad = append(rad, r)
			rows = append(rows, b+j)
		}
	}
	return l.withRows([]axis{{rad: rad}}, rows)
}

// Reshape gives the same elements in row-major order another shape. The new boundaries must be boundaries of the digits,
// or fall inside a run that can be cut there; else the error is a *RefineError.
func (a Layout) Reshape(shape ...int) (Layout, error) {
	if err := checkShape("reshape", shape); err != nil {
		return Layout{}, err
	}
	if n := product(shape); n != a.Size() {
		return Layout{}, fmt.Errorf("reshape: %s has %d elements, %s has %d", shapeText(a.Shape()), a.Size(), shapeText(shape), n)
	}
	l := a.lin().flat()
	seg := l.segments(outSide, 0)
	u, points := chain(seg), chain(reversed(shape))
	for _, p := range points {
		if _, ok := common(u, []int{p}); !ok {
			return Layout{}, &RefineError{Op: "reshape", Axis: shapeText(a.Shape()) + " flattened", A: seg, Cut: p}
		}
	}
	u, ok := common(u, points)
	if !ok || !l.order(outSide, 0, primesOfChain(u)) {
		return Layout{}, &RefineError{Op: "reshape", Axis: shapeText(a.Shape()) + " flattened", A: seg, B: reversed(shape)}
	}
	out := make([]axis, len(shape))
	var rows []int
	at := 0
	starts := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		starts[d] = at
		for n := 1; n < shape[d]; at++ {
			out[d].rad = append(out[d].rad, l.out[0].rad[at])
			n *= l.out[0].rad[at]
		}
	}
	for d := range out {
		for j := range out[d].rad {
			rows = append(rows, starts[d]+j)
		}
	}
	return wrap(l.withRows(out, rows)), nil
}

func reversed(x []int) []int {
	x = slices.Clone(x)
	slices.Reverse(x)
	return x
}

// Flatten is the layout of the row-major flattening of all dims.
func (a Layout) Flatten() Layout { return wrap(a.lin().flat()) }

// FlattenDims flattens the dims from first to last, both included, into one.
func (a Layout) FlattenDims(first, last int) (Layout, error) {
	s := a.Shape()
	if first < 0 || last >= len(s) || first > last {
		return Layout{}, fmt.Errorf("flatten: dims %d to %d are not a range of the %d dims", first, last, len(s))
	}
	return a.Reshape(slices.Concat(s[:first], []int{product(s[first : last+1])}, s[last+1:])...)
}

// ExpandDims inserts dims of extent 1 so that they are at the given places of the result.
func (a Layout) ExpandDims(dims ...int) (Layout, error) {
	s := a.Shape()
	dims = slices.Clone(dims)
	slices.Sort(dims)
	for i, d := range dims {
		if d < 0 || d > len(s) || i > 0 && dims[i-1] == d {
			return Layout{}, fmt.Errorf("expand dims: %d is not a free place among %d dims", d, len(s))
		}
		s = slices.Insert(s, d, 1)
	}
	return a.Reshape(s...)
}

// Squeeze removes dims of extent 1.
func (a Layout) Squeeze(dims ...int) (Layout, error) {
	l := a.lin()
	drop, err := l.dimSet("squeeze", dims)
	if err != nil {
		return Layout{}, err
	}
	for d := range drop {
		if drop[d] && l.out[d].size() != 1 {
			return Layout{}, fmt.Errorf("squeeze: dim %d has %d elements, not 1", d, l.out[d].size())
		}
	}
	return wrap(l.keepRows(drop, false)), nil
}

// Concat joins disjoint dims: those of a first, then those of b. On every hardware axis a's digits are the major ones.
func (a Layout) Concat(b Layout) (Layout, error) {
	l := a.lin().clone()
	if len(l.out)+b.Rank() > MaxRank {
		return Layout{}, fmt.Errorf("concat: %d dims; layouts have at most %d", len(l.out)+b.Rank(), MaxRank)
	}
	l.out = append(l.out, make([]axis, b.Rank())...)
	return wrap(l).Mul(b)
}

// SplitAxis cuts a hardware axis in two at size: a minor axis of that many points and a major one with the rest, as in
// thread -> lane (32) and warp. The text of such a layout reads back with the parts of thread joined again.
func (a Layout) SplitAxis(name string, size int, minor, major string) (Layout, error) {
	l := a.lin().clone()
	for k := range l.in {
		if l.in[k].name != name {
			continue
		}
		n := l.in[k].size()
		if size < 1 || n%size != 0 {
			return Layout{}, fmt.Errorf("split: axis %s has %d points, not a multiple of %d", name, n, size)
		}
		seg := l.segments(inSide, k)
		at := l.cut(inSide, k, size)
		if at < 0 {
			return Layout{}, &RefineError{Op: "split", Axis: "axis " + name, A: seg, Cut: size}
		}
		rad := l.in[k].rad
		l.in = slices.Concat(l.in[:k], []axis{{minor, slices.Clone(rad[:at])}, {major, slices.Clone(rad[at:])}}, l.in[k+1:])
		return wrap(l), nil
	}
	return Layout{}, fmt.Errorf("split: the layout has no axis %s, only %v", name, axisNames(l.in))
}
