package tensor

import (
	"fmt"
	"math"
)

// Diff says how far a result is from its oracle.
type Diff struct {
	RelFro float64 // ‖got − want‖F / ‖want‖F; +Inf when want is all zero and got is not, or on any NaN
	MaxAbs float64 // largest |got − want|; +Inf on any NaN
	At     []int   // where MaxAbs is, or the first NaN; nil when all elements are equal
	Got    float64 // the values there
	Want   float64
	NaNs   int // elements that are NaN on either side, without those of Both
	Both   int // elements that are NaN on both sides and count as equal: see Match
	Len    int
}

// Compare measures got against want. Types may differ, shapes must not. A NaN on either side is an error of infinite
// size, so that it never passes a bar, not even where both sides have one. Equal infinities are equal and take no part
// in the norms; an infinity against anything else is an infinite error.
func Compare(got, want *Tensor) (Diff, error) { return compare(got, want, false) }

// Match is Compare for two runs of one program: a NaN that both have computed is no difference. A NaN that is poison, an element
// that the oracle's run has not written, still is: in types of 16 bits and more no operation gives all bits set. Smaller
// types have no NaN to spare, and there Match is Compare.
func Match(got, want *Tensor) (Diff, error) { return compare(got, want, true) }

func compare(got, want *Tensor, match bool) (Diff, error) {
	if err := got.Check(); err != nil {
		return Diff{}, fmt.Errorf("the result: %w", err)
	}
	if err := want.Check(); err != nil {
		return Diff{}, fmt.Errorf("the oracle: %w", err)
	}
	if ShapeString(got.Shape) != ShapeString(want.Shape) || got.Len() != want.Len() {
		return Diff{}, fmt.Errorf("the shapes differ: the result is %s, the oracle is %s",
			ShapeString(got.Shape), ShapeString(want.Shape))
	}
	const chunk = 4096
	var bufG, bufW [chunk]float64
	d := Diff{Len: got.Len()}
	at := -1
	var num, den sumSquares
	for start := 0; start < d.Len; start += chunk {
		n := min(chunk, d.Len-start)
		g, w := bufG[:n], bufW[:n]
		got.DType.Decode(g, got.Data, start)
		want.DType.Decode(w, want.Data, start)
		for i := range n {
			if math.IsNaN(g[i]) || math.IsNaN(w[i]) {
				if match && math.IsNaN(g[i]) && math.IsNaN(w[i]) && computed(want, start+i) {
					d.Both++
					continue
				}
				if d.NaNs == 0 {
					at, d.Got, d.Want = start+i, g[i], w[i]
				}
				d.NaNs++
				continue
			}
			if g[i] == w[i] {
				if !math.IsInf(w[i], 0) {
					den.add(w[i])
				}
				continue
			}
			e := math.Abs(g[i] - w[i])
			num.add(e)
			den.add(w[i])
			if e > d.MaxAbs && d.NaNs == 0 {
				d.MaxAbs, at, d.Got, d.Want = e, start+i, g[i], w[i]
			}
		}
	}
	if at >= 0 {
		d.At = got.Index(at)
	}
	switch n, m := num.root(), den.root(); {
	case d.NaNs > 0:
		d.RelFro, d.MaxAbs = math.Inf(1), math.Inf(1)
	case num.scale == 0:
		d.RelFro = 0
	case math.IsInf(num.scale, 0) || den.scale == 0:
		d.RelFro = math.Inf(1)
	default:
		d.RelFro = n / m
		if math.IsInf(n, 0) || math.IsInf(m, 0) || m == 0 {
			d.RelFro = num.scale / den.scale * math.Sqrt(num.sum/den.sum)
		}
	}
	return d, nil
}

// computed says that a NaN is not what a result holds before it is written: see Match.
func computed(t *Tensor, i int) bool {
	n := t.DType.Bits()
	return n >= 16 && t.Code(i) != ^uint64(0)>>(64-n)
}

// Within says that the relative Frobenius error is at most the bar. NaN never is.
func (d Diff) Within(bar float64) bool { return d.NaNs == 0 && d.RelFro <= bar }

// String is one line for a report.
func (d Diff) String() string {
	switch {
	case d.NaNs > 0:
		return fmt.Sprintf("%d of %d elements are NaN, the first at %s (got %g, want %g)",
			d.NaNs, d.Len, ShapeString(d.At), d.Got, d.Want)
	case d.At == nil && d.Both > 0:
		return fmt.Sprintf("equal, %d of %d elements NaN on both sides", d.Both, d.Len)
	case d.At == nil:
		return "equal"
	}
	return fmt.Sprintf("relative error %.3g, largest difference %.3g at %s (got %g, want %g)",
		d.RelFro, d.MaxAbs, ShapeString(d.At), d.Got, d.Want)
}

// sumSquares is a sum of squares as scale²·sum, which neither overflows nor underflows on the way (LAPACK's dlassq).
type sumSquares struct{ scale, sum float64 }

func (s *sumSquares) add(x float64) {
	x = math.Abs(x)
	switch {
	case x == 0 || math.IsInf(s.scale, 0):
	case math.IsInf(x, 0):
		s.scale, s.sum = x, 1
	case x > s.scale:
		r := s.scale / x
		s.sum = 1 + s.sum*r*r
		s.scale = x
	default:
		r := x / s.scale
		s.sum += r * r
	}
}

func (s *sumSquares) root() float64 { return s.scale * math.Sqrt(s.sum) }
