package layout

import "slices"

// lin is the representation of every layout: a block matrix between two digit spaces. Entry (i, o) is the coefficient
// with which input digit i enters output digit o; it is zero unless both digits have the same prime radix, so lin is one
// matrix over F_p for each prime p, stored together. Digits are numbered through the axes in order, minor first within
// an axis.
//
// A finished lin is canonical (see canon.go) and never changes. Methods with a pointer receiver that change it are used
// only on a private copy before finish.
type lin struct {
	in, out []axis
	ni, no  int     // number of digits on either side
	m       []int32 // m[i*no+o]

	perm  bool      // every column and row has at most one entry, which is 1
	steps [][]Digit // per input axis, coalesced; only when perm
}

func digits(axes []axis) int {
	n := 0
	for i := range axes {
		n += len(axes[i].rad)
	}
	return n
}

// newLin makes the zero map between two spaces. The axes are taken over, not copied.
func newLin(in, out []axis) *lin {
	l := &lin{in: in, out: out, ni: digits(in), no: digits(out)}
	l.m = make([]int32, l.ni*l.no)
	return l
}

func cloneAxes(axes []axis) []axis {
	out := make([]axis, len(axes))
	n := digits(axes)
	back := make([]int, 0, n)
	for i, a := range axes {
		k := len(back)
		back = append(back, a.rad...)
		out[i] = axis{a.name, back[k:len(back):len(back)]}
	}
	return out
}

func (l *lin) clone() *lin {
	return &lin{in: cloneAxes(l.in), out: cloneAxes(l.out), ni: l.ni, no: l.no, m: slices.Clone(l.m)}
}

func (l *lin) col(i int) []int32 { return l.m[i*l.no : (i+1)*l.no] }

// columns lists the images of the digits of input axis k.
func (l *lin) columns(k int) [][]int32 {
	var out [][]int32
	b := base(l.in, k)
	for i := range l.in[k].rad {
		out = append(out, l.col(b+i))
	}
	return out
}

// radices lists all digits of a space in numbering order.
func radices(axes []axis) []int {
	out := make([]int, 0, digits(axes))
	for _, a := range axes {
		out = append(out, a.rad...)
	}
	return out
}

// base is the number of the first digit of axis k.
func base(axes []axis, k int) int {
	n := 0
	for i := range k {
		n += len(axes[i].rad)
	}
	return n
}

// locate finds the axis of a digit and the digit's place within it.
func locate(axes []axis, d int) (ax, at int) {
	for i := range axes {
		if d < len(axes[i].rad) {
			return i, d
		}
		d -= len(axes[i].rad)
	}
	return -1, -1
}

// strides lists for every digit its stride within its axis.
func strides(axes []axis) []int {
	out := make([]int, 0, digits(axes))
	for _, a := range axes {
		s := 1
		for _, r := range a.rad {
			out = append(out, s)
			s *= r
		}
	}
	return out
}

// split writes the digits of the coordinates x (one per axis) into dst; coordinates wrap at the size of their axis.
func split(axes []axis, x []int, dst []int) []int {
	dst = dst[:0]
	for k, a := range axes {
		v := 0
		if k < len(x) {
			v = x[k]
		}
		for _, r := range a.rad {
			q := v / r
			dst = append(dst, v-q*r)
			v = q
		}
	}
	return dst
}

// apply evaluates the map at a point given by one coordinate per input axis.
func (l *lin) apply(x []int, dst []int) []int {
	dst = dst[:0]
	if l.perm {
		for range l.out {
			dst = append(dst, 0)
		}
		for k, ds := range l.steps {
			v := 0
			if k < len(x) {
				v = x[k]
			}
			for _, d := range ds {
				if v == 0 {
					break
				}
				q := v / d.Radix
				if d.Dim >= 0 {
					dst[d.Dim] += (v - q*d.Radix) * d.Stride
				}
				v = q
			}
		}
		return dst
	}
	var inBuf, outBuf [32]int
	v := split(l.in, x, inBuf[:0])
	acc := outBuf[:0]
	for range l.no {
		acc = append(acc, 0)
	}
	for i, vi := range v {
		if vi == 0 {
			continue
		}
		for o, c := range l.col(i) {
			if c != 0 {
				acc[o] += vi * int(c)
			}
		}
	}
	o := 0
	for _, a := range l.out {
		idx, s := 0, 1
		for _, r := range a.rad {
			idx += acc[o] % r * s
			s *= r
			o++
		}
		dst = append(dst, idx)
	}
	return dst
}

// same reports structural identity: axes, names of input axes, digits and coefficients.
func (l *lin) same(r *lin) bool {
	if len(l.in) != len(r.in) || len(l.out) != len(r.out) || l.ni != r.ni || l.no != r.no {
		return false
	}
	for i := range l.in {
		if l.in[i].name != r.in[i].name || !slices.Equal(l.in[i].rad, r.in[i].rad) {
			return false
		}
	}
	for i := range l.out {
		if !slices.Equal(l.out[i].rad, r.out[i].rad) {
			return false
		}
	}
	return slices.Equal(l.m, r.m)
}
