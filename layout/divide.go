package layout

import "fmt"

// DivideRight returns the c with c·b = a: it strips the tile b off the minor end of a. The error says why there is none.
func (a Layout) DivideRight(b Layout) (Layout, error) { return divide(a, b, false) }

// DivideLeft returns the c with b·c = a: it strips b off the major end of a.
func (a Layout) DivideLeft(b Layout) (Layout, error) { return divide(a, b, true) }

func divide(a, b Layout, left bool) (Layout, error) {
	op := "divide right"
	if left {
		op = "divide left"
	}
	x, y := a.lin().clone(), b.lin()
	fail := func(format string, args ...any) (Layout, error) {
		return Layout{}, fmt.Errorf("%s: %s by %s: %s", op, a, b, fmt.Sprintf(format, args...))
	}
	if len(y.out) > len(x.out) {
		return fail("the divisor has %d dims, the dividend only %d", len(y.out), len(x.out))
	}
	if len(x.in) != len(y.in) {
		return fail("the hardware axes are %v and %v", axisNames(x.in), axisNames(y.in))
	}
	yo := padded(y.out, len(x.out))
	// Sizes of the minor part along every axis, and the cuts that make it a part.
	minorIn, minorOut := make([]int, len(x.in)), make([]int, len(x.out))
	for pass, s := range []side{inSide, outSide} {
		axes, by, minor := x.in, y.in, minorIn
		if pass == 1 {
			axes, by, minor = x.out, yo, minorOut
		}
		for k := range axes {
			name := fmt.Sprintf("dim %d", k)
			if s == inSide {
				name = "axis " + axes[k].name
				if axes[k].name != by[k].name {
					return fail("the hardware axes are %v and %v", axisNames(x.in), axisNames(y.in))
				}
			}
			n, d := axes[k].size(), by[k].size()
			if n%d != 0 {
				return fail("%s has %d points, not a multiple of %d", name, n, d)
			}
			minor[k] = d
			if left {
				minor[k] = n / d
			}
			seg := x.segments(s, k)
			if x.cut(s, k, minor[k]) < 0 {
				return Layout{}, &RefineError{Op: op, Axis: name, A: seg, Cut: minor[k]}
			}
		}
	}
	lo, hi, ok := x.blocks(minorIn, minorOut)
	if !ok {
		return fail("the digits of the two parts are mixed, so the layout is not such a product")
	}
	part, rest := lo, hi
	if left {
		part, rest = hi, lo
	}
	want := newLin(cloneAxes(y.in), cloneAxes(yo))
	copy(want.m, y.m)
	if p, w := wrap(part), wrap(want); !p.Equal(w) {
		return fail("the part of that size is %s", p)
	}
	return wrap(rest), nil
}

// blocks cuts l into its minor and major diagonal blocks; ok is false when an axis has no boundary at the given size or
// when the blocks do not separate.
func (l *lin) blocks(minorIn, minorOut []int) (lo, hi *lin, ok bool) {
	cutAxes := func(axes []axis, minor []int) (isLo []bool, a, b []axis, ok bool) {
		a, b = make([]axis, len(axes)), make([]axis, len(axes))
		for k, x := range axes {
			a[k].name, b[k].name = x.name, x.name
			n := 1
			for _, r := range x.rad {
				if n < minor[k] {
					a[k].rad = append(a[k].rad, r)
					isLo = append(isLo, true)
				} else {
					b[k].rad = append(b[k].rad, r)
					isLo = append(isLo, false)
				}
				n *= r
			}
			if a[k].size() != minor[k] {
				return nil, nil, nil, false
			}
		}
		return isLo, a, b, true
	}
	inLo, ia, ib, ok1 := cutAxes(l.in, minorIn)
	outLo, oa, ob, ok2 := cutAxes(l.out, minorOut)
	if !ok1 || !ok2 {
		return nil, nil, false
	}
	lo, hi = newLin(ia, oa), newLin(ib, ob)
	ai, bi := 0, 0
	for i := range l.ni {
		dst, at := lo, &ai
		if !inLo[i] {
			dst, at = hi, &bi
		}
		o := 0
		for k, c := range l.col(i) {
			if outLo[k] != inLo[i] {
				if c != 0 {
					return nil, nil, false
				}
				continue
			}
			dst.m[*at*dst.no+o] = c
			o++
		}
		*at++
	}
	return lo, hi, true
}
