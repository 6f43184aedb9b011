package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// axis is one side's named coordinate: a hardware axis (thread, local, offset) or a tensor dimension. Its index is the
// mixed-radix value of its digits, the first digit being the most minor.
type axis struct {
	name string
	rad  []int // prime radices, minor first
}

func (a axis) size() int {
	n := 1
	for _, r := range a.rad {
		n *= r
	}
	return n
}

// Names of the hardware axes. A register layout has exactly the axes Thread and LocalAxis, in this order; a memory layout
// has exactly Offset, counted in elements.
const (
	ThreadAxis = "thread"
	LocalAxis  = "local"
	OffsetAxis = "offset"
	// RestAxis is the axis of a complement.
	RestAxis = "rest"
)

// MaxSize bounds the number of points on either side of a layout (2^31); larger ones are refused when they are built.
const MaxSize = 1 << 31

// MaxRank bounds the number of tensor dimensions.
const MaxRank = 32

// factor returns the prime factors of n >= 1 in ascending order.
func factor(n int) []int {
	var out []int
	for n&1 == 0 && n > 0 {
		out = append(out, 2)
		n >>= 1
	}
	for p := 3; p*p <= n; p += 2 {
		for n%p == 0 {
			out = append(out, p)
			n /= p
		}
	}
	if n > 1 {
		out = append(out, n)
	}
	return out
}

// factorInto appends the primes of n, ascending, to rad.
func factorInto(rad []int, n int) []int {
	if n > 0 && n&(n-1) == 0 {
		for ; n > 1; n >>= 1 {
			rad = append(rad, 2)
		}
		return rad
	}
	return append(rad, factor(n)...)
}

// checkShape refuses extents below 1, products above MaxSize and more than MaxRank extents.
func checkShape(what string, shape []int) error {
	if len(shape) > MaxRank {
		return fmt.Errorf("%s: %d dims; layouts have at most %d", what, len(shape), MaxRank)
	}
	n := 1
	for i, s := range shape {
		if s < 1 {
			return fmt.Errorf("%s: extent %d of dim %d is not positive", what, s, i)
		}
		if s > MaxSize/n {
			return fmt.Errorf("%s: %s has more than 2^31 elements", what, shapeText(shape))
		}
		n *= s
	}
	return nil
}

func product(xs []int) int {
	n := 1
	for _, x := range xs {
		n *= x
	}
	return n
}

// shapeText prints a shape as "(16, 8)".
func shapeText(shape []int) string {
	s := make([]string, len(shape))
	for i, x := range shape {
		s[i] = strconv.Itoa(x)
	}
	return "(" + strings.Join(s, ", ") + ")"
}

// factorText prints minor-first factors the way people read them, major first: "3×4".
func factorText(minorFirst []int) string {
	if len(minorFirst) == 0 {
		return "1"
	}
	s := make([]string, len(minorFirst))
	for i, x := range minorFirst {
		s[len(s)-1-i] = strconv.Itoa(x)
	}
	return strings.Join(s, "×")
}

// RefineError says that two layouts cut the same axis in ways that have no common refinement: the union of the two chains
// of partial products is not a chain of divisors. 12 = 3×4 and 12 = 4×3 is the smallest case: no list of digits has a
// boundary at 3 and another at 4.
type RefineError struct {
	Op   string // the operation that wanted it: "compose"
	Axis string // "dim 1", "axis thread"
	A, B []int  // the factors of either layout, minor first
	Cut  int    // when positive: a boundary at this size was wanted, and B is empty
}

func (e *RefineError) Error() string {
	s := fmt.Sprintf("%s: %s factors as %s here and ", e.Op, e.Axis, factorText(e.A))
	if e.Cut > 0 {
		return s + fmt.Sprintf("has no boundary at %d", e.Cut)
	}
	return s + factorText(e.B) + " there"
}

// chain returns the sorted partial products of minor-first factors, from 1 to the product.
func chain(factors []int) []int {
	p := make([]int, 1, len(factors)+1)
	p[0] = 1
	for _, f := range factors {
		p = append(p, p[len(p)-1]*f)
	}
	return p
}

// common merges two chains of divisors of the same number into one chain, or reports that they do not refine each other.
func common(a, b []int) ([]int, bool) {
	u := append(slices.Clone(a), b...)
	slices.Sort(u)
	u = slices.Compact(u)
	for i := 1; i < len(u); i++ {
		if u[i]%u[i-1] != 0 {
			return nil, false
		}
	}
	return u, true
}

// primesOfChain lists the primes of each step of a chain, ascending within a step: the canonical digits that have all the
// chain's boundaries.
func primesOfChain(points []int) []int {
	var rad []int
	for i := 1; i < len(points); i++ {
		rad = factorInto(rad, points[i]/points[i-1])
	}
	return rad
}
