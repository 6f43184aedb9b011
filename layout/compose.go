package layout

import (
	"fmt"
	"slices"
)

// Compose is g after f: the hardware axes of f, the dims of g. The dims of f are matched with the hardware axes of g by
// position; both must have the same number and sizes, and their digits a common refinement, else the error is a
// *RefineError ("dim 1 factors as 3×4 here and 4×3 there"), which is CuTe's divisibility condition.
func Compose(f, g Layout) (Layout, error) {
	x, y := f.lin(), g.lin()
	if len(x.out) != len(y.in) {
		return Layout{}, fmt.Errorf("compose: the inner layout has %d dims, the outer one %d hardware axes", len(x.out), len(y.in))
	}
	for k := range x.out {
		if p, q := x.out[k].size(), y.in[k].size(); p != q {
			return Layout{}, fmt.Errorf("compose: dim %d of the inner layout has %d elements, axis %s of the outer one %d", k, p, y.in[k].name, q)
		}
	}
	if !slices.EqualFunc(x.out, y.in, func(a, b axis) bool { return slices.Equal(a.rad, b.rad) }) {
		x, y = x.clone(), y.clone()
		for k := range x.out {
			if err := align(x, outSide, k, y, inSide, k, fmt.Sprintf("dim %d", k)); err != nil {
				err.(*RefineError).Op = "compose"
				return Layout{}, err
			}
		}
		// A digit that runs along two dims at once ties their orders together, so that a later axis may undo an earlier one.
		for k := range x.out {
			if !slices.Equal(x.out[k].rad, y.in[k].rad) {
				return Layout{}, &RefineError{Op: "compose", Axis: fmt.Sprintf("dim %d", k), A: x.segments(outSide, k), B: y.segments(inSide, k)}
			}
		}
	}
	l := newLin(cloneAxes(x.in), cloneAxes(y.out))
	ro := radices(y.out)
	for i := range x.ni {
		dst := l.col(i)
		for k, c := range x.col(i) {
			if c == 0 {
				continue
			}
			for o, e := range y.col(k) {
				if e != 0 {
					dst[o] = int32((int64(dst[o]) + int64(c)*int64(e)) % int64(ro[o]))
				}
			}
		}
	}
	return wrap(l), nil
}

// Identity maps each of the named axes to the dim at the same place.
func Identity(names []string, sizes ...int) Layout {
	if err := checkShape("identity", sizes); err != nil {
		panic("layout: " + err.Error())
	}
	in := make([]axis, len(sizes))
	for k, n := range sizes {
		in[k] = axis{names[k], factor(n)}
	}
	out := cloneAxes(in)
	for k := range out {
		out[k].name = ""
	}
	l := newLin(in, out)
	for i := range l.ni {
		l.m[i*l.no+i] = 1
	}
	return wrap(l)
}

// invertedAxes names the axes of an inverse: hardware axes become dims with their names kept, so that inverting twice
// restores them; dims become axes called d0, d1, ….
func invertedAxes(l *lin) (in, out []axis) {
	in, out = cloneAxes(l.out), cloneAxes(l.in)
	for k := range in {
		if in[k].name == "" {
			in[k].name = dimName(k)
		}
	}
	for k := range out {
		if out[k].name == dimName(k) {
			out[k].name = ""
		}
	}
	return in, out
}

func dimName(k int) string { return fmt.Sprintf("d%d", k) }

func (l *lin) inverse() Layout {
	in, out := invertedAxes(l)
	r := newLin(in, out)
	e, _ := l.image(upTo(l.ni))
	unit := make([]int32, l.no)
	for o := range l.no {
		unit[o] = 1
		x, _ := e.solve(unit)
		copy(r.col(o), x)
		unit[o] = 0
	}
	return wrap(r)
}

// RightInverse is a section of a surjective layout: a map s from elements to hardware with a(s(i)) = i. Among the
// holders of an element it takes the one whose redundant digits (those that depend on more minor ones, in the order of
// Axes) are zero, so for a replicated layout the first copy. Its hardware axes are d0, d1, …; its dims are a's axes.
func (a Layout) RightInverse() (Layout, error) {
	if !a.Surjective() {
		return Layout{}, fmt.Errorf("right inverse: the layout does not cover its shape %s", shapeText(a.Shape()))
	}
	return a.lin().inverse(), nil
}

// LeftInverse is a map r from elements to hardware with r(a(h)) = h, for an injective layout. Elements outside the image
// go where their component in the image says, the complement (see Complement) counting as zero.
func (a Layout) LeftInverse() (Layout, error) {
	if !a.Injective() {
		return Layout{}, fmt.Errorf("left inverse: the layout holds elements %d times", a.Copies())
	}
	return a.lin().inverse(), nil
}

// Complement is the canonical map from the axis RestAxis that fills what a leaves out: its digits are the unit vectors at
// the non-pivot digits of a's image, minor first with the last dim the most minor. Image and complement together give
// every element exactly once.
func (a Layout) Complement() Layout { return wrap(a.lin().complement()) }

func (l *lin) complement() *lin {
	e, _ := l.image(upTo(l.ni))
	var rad, at []int
	for k := len(l.out) - 1; k >= 0; k-- {
		b := base(l.out, k)
		for j, r := range l.out[k].rad {
			if e.piv[b+j] < 0 {
				rad = append(rad, r)
				at = append(at, b+j)
			}
		}
	}
	c := newLin([]axis{{RestAxis, rad}}, cloneAxes(l.out))
	for i, o := range at {
		c.m[i*c.no+o] = 1
	}
	return c
}

// LogicalDivide groups the domain of a by b: compose((b, complement of b), a). Its hardware axes are those of b, which
// walk one tile, and RestAxis, which walks the tiles. The dims of b must match the hardware axes of a, and b must be
// injective.
func LogicalDivide(a, b Layout) (Layout, error) {
	if !b.Injective() {
		return Layout{}, fmt.Errorf("logical divide: the divisor holds elements %d times", b.Copies())
	}
	y := b.lin()
	c := y.complement()
	j := newLin(append(cloneAxes(y.in), c.in...), cloneAxes(y.out))
	copy(j.m, y.m)
	copy(j.m[len(y.m):], c.m)
	return Compose(wrap(j), a)
}

// Kernel is the replication of a: an injective map from the axis "free" onto the hardware points that hold the same
// element as point 0. Its dims are the hardware axes of a.
func (a Layout) Kernel() Layout {
	l := a.lin()
	e := newEchelon(radices(l.out), l.ni)
	ri := radices(l.in)
	var rad []int
	var m []int32
	for i := range l.ni {
		if ok, rel := e.add(l.col(i), i); !ok {
			rad = append(rad, ri[i])
			m = append(m, rel...)
		}
	}
	_, out := invertedAxes(l)
	k := newLin([]axis{{"free", rad}}, out)
	copy(k.m, m)
	return wrap(k)
}

// DropKernel keeps one representative of each set of hardware points that hold the same element: the digits that depend
// on more minor ones are removed from their axes. The result is injective with the same image.
func (a Layout) DropKernel() Layout {
	l := a.lin()
	_, which := l.image(upTo(l.ni))
	return wrap(l.keep(which))
}

// keep restricts l to some of its input digits, given in ascending order.
func (l *lin) keep(ids []int) *lin {
	in := make([]axis, len(l.in))
	m := make([]int32, 0, len(ids)*l.no)
	k := 0
	b := 0
	for x, a := range l.in {
		in[x].name = a.name
		for k < len(ids) && ids[k] < b+len(a.rad) {
			in[x].rad = append(in[x].rad, a.rad[ids[k]-b])
			m = append(m, l.col(ids[k])...)
			k++
		}
		b += len(a.rad)
	}
	r := newLin(in, cloneAxes(l.out))
	copy(r.m, m)
	return r
}
