package layout

import (
	"fmt"
	"slices"
)

// padded returns the output axes of l with leading extents of 1 up to rank.
func padded(out []axis, rank int) []axis {
	if len(out) >= rank {
		return out
	}
	return append(make([]axis, rank-len(out), rank), out...)
}

func axisNames(in []axis) []string {
	s := make([]string, len(in))
	for i := range in {
		s[i] = in[i].name
	}
	return s
}

// Mul is the product a·b: every element of a is replaced by a tile laid out as b. Along each tensor dimension and along
// each hardware axis the digits of a are the major ones and those of b the minor ones:
//
//	(a·b)(ta·Tb + tb, la·Lb + lb) = a(ta, la) ⊙ shape(b) + b(tb, lb)
//
// It is associative, has the zero Layout as its unit, and is not commutative. The lower rank is padded with extents of 1
// on the left. Errors: different kinds of hardware axes (register and memory), or more than MaxSize points.
func (a Layout) Mul(b Layout) (Layout, error) {
	x, y := a.lin(), b.lin()
	if a.l == nil {
		return b, nil
	}
	if b.l == nil {
		return a, nil
	}
	if len(x.in) != len(y.in) || !slices.EqualFunc(x.in, y.in, func(p, q axis) bool { return p.name == q.name }) {
		return Layout{}, fmt.Errorf("product: the left layout has the hardware axes %v, the right one %v", axisNames(x.in), axisNames(y.in))
	}
	rank := max(len(x.out), len(y.out))
	xo, yo := padded(x.out, rank), padded(y.out, rank)
	if a.Size() > MaxSize/b.Size() {
		return Layout{}, fmt.Errorf("product: %s by %s has more than 2^31 elements", shapeText(a.Shape()), shapeText(b.Shape()))
	}
	ni, no := x.ni+y.ni, x.no+y.no
	back := make([]int, 0, ni+no)
	join := func(p, q axis) axis { // digits of q minor
		n := len(back)
		back = append(append(back, q.rad...), p.rad...)
		return axis{p.name, back[n:len(back):len(back)]}
	}
	in, out := make([]axis, len(x.in)), make([]axis, rank)
	hw := 1
	for k := range in {
		in[k] = join(x.in[k], y.in[k])
		s := in[k].size()
		if s > MaxSize/hw {
			return Layout{}, fmt.Errorf("product: more than 2^31 threads times locals")
		}
		hw *= s
	}
	for d := range out {
		out[d] = join(xo[d], yo[d])
	}
	l := newLin(in, out)
	l.place(y, yo, nil, nil)
	l.place(x, xo, y.in, yo)
	return wrap(l), nil
}

// place copies the matrix of src into l, whose axes hold src's digits above those of belowIn and belowOut (nil for none).
// out are the outputs of src padded to the rank of l.
func (l *lin) place(src *lin, out, belowIn, belowOut []axis) {
	cols := positions(l.in, src.in, belowIn)
	rows := positions(l.out, out, belowOut)
	for i, li := range cols {
		for o, c := range src.col(i) {
			if c != 0 {
				l.m[li*l.no+rows[o]] = c
			}
		}
	}
}

// positions numbers, within the space big, the digits of the space small that sit above below.
func positions(big, small, below []axis) []int {
	pos := make([]int, 0, digits(small))
	b := 0
	for k := range big {
		at := b
		if below != nil {
			at += len(below[k].rad)
		}
		for j := range small[k].rad {
			pos = append(pos, at+j)
		}
		b += len(big[k].rad)
	}
	return pos
}
