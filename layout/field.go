package layout

// echelon is a set of independent vectors over a digit space, kept in echelon form. One instance serves all primes at
// once: a vector lives in the digits of one prime, so vectors of different primes never meet in a pivot.
type echelon struct {
	rad  []int // radix of every coordinate
	nc   int   // length of combinations
	vecs [][]int32
	comb [][]int32 // vecs[k] as a combination of the vectors added, by their number
	piv  []int     // coordinate -> index into vecs, or -1
}

func newEchelon(rad []int, nc int) *echelon {
	e := &echelon{rad: rad, nc: nc, piv: make([]int, len(rad))}
	for i := range e.piv {
		e.piv[i] = -1
	}
	return e
}

// axpy sets dst = dst - c·src modulo p.
func axpy(dst, src []int32, c int32, p int) {
	for i, s := range src {
		if s != 0 {
			dst[i] = int32(((int64(dst[i])-int64(c)*int64(s))%int64(p) + int64(p)) % int64(p))
		}
	}
}

// inverse is 1/c modulo the prime p, by Fermat.
func inverse(c int32, p int) int32 {
	r, b := int64(1), int64(c)
	for e := p - 2; e > 0; e >>= 1 {
		if e&1 == 1 {
			r = r * b % int64(p)
		}
		b = b * b % int64(p)
	}
	return int32(r)
}

// reduce eliminates the pivots of e from v and books the same operations in comb (nil to skip). Afterwards v is zero at
// every pivot, and v = v_before + (what comb changed by, applied to the added vectors).
func (e *echelon) reduce(v, comb []int32) {
	for o := range v {
		if v[o] == 0 || e.piv[o] < 0 {
			continue
		}
		k, c := e.piv[o], v[o]
		axpy(v, e.vecs[k], c, e.rad[o])
		if comb != nil {
			axpy(comb, e.comb[k], c, e.rad[o])
		}
	}
}

// add takes the vector v, number id among those added, and reports whether it was independent of the ones before. When
// it was not, the combination returned vanishes on the vectors added and has a 1 at id.
func (e *echelon) add(v []int32, id int) (independent bool, relation []int32) {
	v = append([]int32(nil), v...)
	comb := make([]int32, e.nc)
	if id >= 0 {
		comb[id] = 1
	}
	e.reduce(v, comb)
	for o, c := range v {
		if c == 0 {
			continue
		}
		if c != 1 {
			inv := inverse(c, e.rad[o])
			scale(v, inv, e.rad[o])
			scale(comb, inv, e.rad[o])
		}
		e.piv[o] = len(e.vecs)
		e.vecs = append(e.vecs, v)
		e.comb = append(e.comb, comb)
		return true, nil
	}
	return false, comb
}

func scale(v []int32, c int32, p int) {
	for i := range v {
		v[i] = int32(int64(v[i]) * int64(c) % int64(p))
	}
}

// contains reports whether v is in the span.
func (e *echelon) contains(v []int32) bool {
	v = append([]int32(nil), v...)
	e.reduce(v, nil)
	return isZero(v)
}

// solve returns coefficients x with sum x_id·added_id = v. When v is outside the span, ok is false and x solves for v less
// its components at the coordinates without pivot.
func (e *echelon) solve(v []int32) (x []int32, ok bool) {
	v = append([]int32(nil), v...)
	p := 0
	for o, c := range v {
		if c != 0 {
			p = e.rad[o]
			break
		}
	}
	x = make([]int32, e.nc)
	e.reduce(v, x)
	if p != 0 {
		for i, c := range x {
			if c != 0 {
				x[i] = int32(p) - c
			}
		}
	}
	return x, isZero(v)
}

func isZero(v []int32) bool {
	for _, c := range v {
		if c != 0 {
			return false
		}
	}
	return true
}

// image puts the columns of the given input digits into echelon form; which lists those that were independent.
func (l *lin) image(ids []int) (e *echelon, which []int) {
	e = newEchelon(radices(l.out), l.ni)
	for _, i := range ids {
		if ok, _ := e.add(l.col(i), i); ok {
			which = append(which, i)
		}
	}
	return e, which
}

func upTo(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// Injective reports whether no element is held twice.
func (a Layout) Injective() bool {
	l := a.lin()
	if l.ni > l.no {
		return false
	}
	_, w := l.image(upTo(l.ni))
	return len(w) == l.ni
}

// Surjective reports whether every element is held.
func (a Layout) Surjective() bool {
	l := a.lin()
	if l.ni < l.no {
		return false
	}
	_, w := l.image(upTo(l.ni))
	return len(w) == l.no
}

// Bijective reports whether every element is held exactly once.
func (a Layout) Bijective() bool { return a.lin().ni == a.lin().no && a.Injective() }

// Copies is how many times each held element is held: the size of the kernel.
func (a Layout) Copies() int {
	l := a.lin()
	_, w := l.image(upTo(l.ni))
	n := 1
	for _, r := range radices(l.in) {
		n *= r
	}
	r := radices(l.in)
	for _, i := range w {
		n /= r[i]
	}
	return n
}
