package layout

import "slices"

// Canonical form.
//
// A digit of composite radix that is copied unchanged may be split into primes in any order: 0..5 is 3·hi+lo with lo < 3,
// or 2·hi+lo with lo < 2, and copying both digits copies the number either way. So prime digits alone are not unique. Two
// neighbouring input digits are *linked* when swapping their order (together with the output digits that they feed) does
// not change the map. Maximal runs of linked digits are what CuTe calls the coalesced modes. The canonical form sorts the
// primes of every run in ascending order, minor first, so that powers of two (lanes) come first; digits never hit and
// replication digits are runs of their own. Then equal maps have equal representations, and comparing is structural.

// owner returns the only input digit with a non-zero coefficient in output digit o, -1 for none and -2 for several.
func (l *lin) owner(o int) int {
	own := -1
	for i := range l.ni {
		if l.m[i*l.no+o] != 0 {
			if own >= 0 {
				return -2
			}
			own = i
		}
	}
	return own
}

// adjacent reports whether digits d and d+1 lie on the same axis.
func adjacent(axes []axis, d int) bool {
	for i := range axes {
		n := len(axes[i].rad)
		if d < n {
			return d+1 < n
		}
		d -= n
	}
	return false
}

// linkedIn reports whether input digits i and i+1 act as one digit of radix r_i·r_{i+1}: same axis, coefficients 1, the
// outputs of i+1 are those of i moved up by one place, and nothing else enters these outputs. Two replication digits
// are linked.
func (l *lin) linkedIn(i int) bool {
	if i < 0 || i+1 >= l.ni || !adjacent(l.in, i) {
		return false
	}
	a, b := l.col(i), l.col(i+1)
	for o := range l.no {
		if a[o] != 0 {
			if a[o] != 1 || o+1 >= l.no || b[o+1] != 1 || !adjacent(l.out, o) || l.owner(o) != i || l.owner(o+1) != i+1 {
				return false
			}
		}
		if b[o] != 0 && (o == 0 || a[o-1] == 0) {
			return false
		}
	}
	return true
}

// linkedOut is linkedIn seen from the output side; two outputs that nothing enters are linked too.
func (l *lin) linkedOut(o int) bool {
	if o < 0 || o+1 >= l.no || !adjacent(l.out, o) {
		return false
	}
	p, q := l.owner(o), l.owner(o+1)
	if p == -1 && q == -1 {
		return true
	}
	return p >= 0 && q == p+1 && l.m[p*l.no+o] == 1 && l.linkedIn(p)
}

func swapRad(axes []axis, d int) {
	k, at := locate(axes, d)
	r := axes[k].rad
	r[at], r[at+1] = r[at+1], r[at]
}

// swapOutRows exchanges output digits o and o+1.
func (l *lin) swapOutRows(o int) {
	swapRad(l.out, o)
	for i := range l.ni {
		c := l.col(i)
		c[o], c[o+1] = c[o+1], c[o]
	}
}

// swapIn exchanges the linked input digits i and i+1 together with the outputs they feed.
func (l *lin) swapIn(i int) {
	a, b := l.col(i), l.col(i+1)
	for o := range l.no {
		if a[o] != 0 {
			l.swapOutRows(o)
			// The columns now hold a[o+1], b[o]; exchanging the digits puts them right below.
			a[o+1], b[o] = 0, 0
			a[o], b[o+1] = 1, 1
		}
	}
	swapRad(l.in, i)
}

// swapOut exchanges linked output digits.
func (l *lin) swapOut(o int) {
	if p := l.owner(o); p >= 0 {
		l.swapIn(p)
	} else {
		l.swapOutRows(o)
	}
}

// sortRuns brings every run of linked digits into ascending order.
func (l *lin) sortRuns() {
	if binary(l.in) && binary(l.out) {
		return
	}
	ri, ro := radices(l.in), radices(l.out)
	for changed := true; changed; {
		changed = false
		for i := 0; i+1 < l.ni; i++ {
			if ri[i] > ri[i+1] && l.linkedIn(i) {
				l.swapIn(i)
				changed = true
				ri, ro = radices(l.in), radices(l.out)
			}
		}
		for o := 0; o+1 < l.no; o++ {
			if ro[o] > ro[o+1] && l.linkedOut(o) {
				l.swapOut(o)
				changed = true
				ri, ro = radices(l.in), radices(l.out)
			}
		}
	}
}

func binary(axes []axis) bool {
	for i := range axes {
		for _, r := range axes[i].rad {
			if r != 2 {
				return false
			}
		}
	}
	return true
}

// finish makes l canonical and derives what At and Digits read. It must be the last step of every construction.
func (l *lin) finish() *lin {
	l.normalise()
	l.sortRuns()
	l.perm = true
	var cols, rows [64]int8
	if l.no > 64 || l.ni > 64 { // cannot happen below MaxSize per side (2^31 has 31 digits)
		l.perm = false
		return l
	}
	for i := range l.ni {
		for o, c := range l.col(i) {
			if c == 0 {
				continue
			}
			cols[i]++
			rows[o]++
			if c != 1 || cols[i] > 1 || rows[o] > 1 {
				l.perm = false
				l.steps = nil
				return l
			}
		}
	}
	l.steps = make([][]Digit, len(l.in))
	back := make([]Digit, 0, l.ni)
	i := 0
	for k := range l.in {
		from := len(back)
		for _, r := range l.in[k].rad {
			d := Digit{Radix: r, Dim: -1}
			if cols[i] > 0 {
				o := slices.Index(l.col(i), 1)
				dim, at := locate(l.out, o)
				s := 1
				for _, r := range l.out[dim].rad[:at] {
					s *= r
				}
				d.Dim, d.Stride = dim, s
			}
			i++
			if n := len(back); n > from && back[n-1].Dim == d.Dim && back[n-1].Stride*back[n-1].Radix == d.Stride {
				back[n-1].Radix *= r
				continue
			}
			back = append(back, d)
		}
		if len(back) > from {
			l.steps[k] = back[from:len(back):len(back)]
		}
	}
	return l
}

// normalise makes empty slices nil, so that reflect.DeepEqual sees only the map.
func (l *lin) normalise() {
	for _, axes := range [2][]axis{l.in, l.out} {
		for k := range axes {
			if len(axes[k].rad) == 0 {
				axes[k].rad = nil
			}
		}
	}
	if len(l.m) == 0 {
		l.m = nil
	}
	if len(l.out) == 0 {
		l.out = nil
	}
	if len(l.in) == 0 {
		l.in = nil
	}
}

// side selects the input or the output space of a lin in the routines that treat both alike.
type side bool

const (
	inSide  side = false
	outSide side = true
)

func (l *lin) axes(s side) []axis {
	if s == inSide {
		return l.in
	}
	return l.out
}

func (l *lin) linked(s side, d int) bool {
	if s == inSide {
		return l.linkedIn(d)
	}
	return l.linkedOut(d)
}

// segments lists the coalesced factors of axis k, minor first: neighbouring linked digits multiplied together.
func (l *lin) segments(s side, k int) []int {
	ax := l.axes(s)
	b := base(ax, k)
	var out []int
	for j, r := range ax[k].rad {
		if j > 0 && l.linked(s, b+j-1) {
			out[len(out)-1] *= r
		} else {
			out = append(out, r)
		}
	}
	return out
}

// order rearranges axis k by swaps of linked digits until its radices are want, and reports whether it could.
func (l *lin) order(s side, k int, want []int) bool {
	ax := l.axes(s)
	b := base(ax, k)
	rad := ax[k].rad
	if len(rad) != len(want) {
		return false
	}
	for i, w := range want {
		j := i
		for j < len(rad) && rad[j] != w {
			j++
		}
		if j == len(rad) {
			return false
		}
		for ; j > i; j-- {
			if !l.linked(s, b+j-1) {
				return false
			}
			if s == inSide {
				l.swapIn(b + j - 1)
			} else {
				l.swapOut(b + j - 1)
			}
		}
	}
	return true
}

// cut rearranges axis k so that its minor digits multiply to each of the given points, which must be a chain together
// with the axis' own boundaries. It returns the index of the first digit beyond the last point, or -1.
func (l *lin) cut(s side, k int, points ...int) int {
	seg := chain(l.segments(s, k))
	u, ok := common(seg, points)
	if !ok || u[len(u)-1] != seg[len(seg)-1] || !l.order(s, k, primesOfChain(u)) {
		return -1
	}
	last := points[len(points)-1]
	n, at := 1, 0
	for n < last {
		n *= l.axes(s)[k].rad[at]
		at++
	}
	return at
}

// align rearranges axis ka of a and axis kb of b, which have the same size, until both have the same digits.
func align(a *lin, sa side, ka int, b *lin, sb side, kb int, name string) error {
	if slices.Equal(a.axes(sa)[ka].rad, b.axes(sb)[kb].rad) {
		return nil
	}
	fa, fb := a.segments(sa, ka), b.segments(sb, kb)
	u, ok := common(chain(fa), chain(fb))
	if ok {
		want := primesOfChain(u)
		ok = a.order(sa, ka, want) && b.order(sb, kb, want)
	}
	if !ok {
		return &RefineError{Axis: name, A: fa, B: fb}
	}
	return nil
}
