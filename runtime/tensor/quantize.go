package tensor

import (
	"fmt"
	"math"

	"github.com/girih-lang/girih/ir/dtype"
)

// Quantize maps a float matrix w[K, N] to codes q[K, N] of the type `to` and scales s[K/group, N] of scaleType so that
// w ≈ q · s, with one scale per `group` rows of K and column, and no zero point. Absolute maximum quantisation:
//
//	s = maxabs(group) / largest code,   rounded to scaleType first;   q = w / s, rounded to nearest even, saturated
//
// The largest code is 2^(n−1)−1 for iN (so −2^(n−1) is used only by saturation; i1, whose codes are −1 and 0, takes 1),
// the largest finite value for a float, and 2^n−1 for uN. An unsigned type has no negative codes: its scale is
// max(group)/(2^n−1), what is below zero becomes 0, and the error of the pair is what it is — it is for data without
// a sign, or to measure with.
//
// A group of zeros (or one whose scale is too small for scaleType) gets the scale 0 and the codes 0. Errors: a w that
// is no float matrix, a group that does not divide K, a type without a zero, NaN or infinity in w, a scale that
// overflows scaleType.
func Quantize(w *Tensor, to dtype.Type, group int, scaleType dtype.Type) (q, s *Tensor, err error) {
	if err := w.Check(); err != nil {
		return nil, nil, err
	}
	switch {
	case len(w.Shape) != 2 || !w.DType.IsFloat():
		return nil, nil, fmt.Errorf("quantise: expected a float matrix [K, N], found %s", w)
	case group < 1:
		return nil, nil, fmt.Errorf("quantise: a group has at least one row, found %d", group)
	case w.Shape[0]%group != 0:
		return nil, nil, fmt.Errorf("quantise: the group of %d rows does not divide K = %d", group, w.Shape[0])
	case !to.IsValid() || to.IsBool() || to.IsFloat() && !to.HasSign():
		return nil, nil, fmt.Errorf("quantise: %s cannot hold weights: take an integer or a signed float", to)
	case !scaleType.IsFloat() || !scaleType.HasSign():
		return nil, nil, fmt.Errorf("quantise: the scale must be a float type with a zero, found %s", scaleType)
	}
	k, n := w.Shape[0], w.Shape[1]
	q, s = New(to, k, n), New(scaleType, k/group, n)
	largest := largestCode(to)
	values := w.Floats()
	top := make([]float64, n)
	for g := range k / group {
		clear(top)
		for i := g * group; i < (g+1)*group; i++ {
			for j, x := range values[i*n : (i+1)*n] {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return nil, nil, fmt.Errorf("quantise: the weight at [%d, %d] is %g", i, j, x)
				}
				if to.IsSigned() {
					x = math.Abs(x)
				}
				top[j] = max(top[j], x)
			}
		}
		for j := range top {
			code := scaleType.FromFloat(top[j]/largest, dtype.Mode{})
			scale := scaleType.Float(code)
			if math.IsInf(scale, 0) || math.IsNaN(scale) || top[j]/largest > scaleType.MaxFloat() {
				return nil, nil, fmt.Errorf("quantise: the scale %g of group %d, column %d overflows %s (largest %g)",
					top[j]/largest, g, j, scaleType, scaleType.MaxFloat())
			}
			s.SetCode(g*n+j, code)
			if scale == 0 {
				continue // the codes are already zero
			}
			for i := g * group; i < (g+1)*group; i++ {
				q.SetCode(i*n+j, to.FromFloat(values[i*n+j]/scale, dtype.Mode{Saturate: true}))
			}
		}
	}
	return q, s, nil
}

// largestCode is the value that the largest magnitude of a group is mapped to.
func largestCode(t dtype.Type) float64 {
	switch {
	case t.IsFloat():
		return t.MaxFloat()
	case t == dtype.U64:
		return math.MaxUint64
	case t.IsSigned():
		return max(1, float64(t.MaxInt()))
	}
	return float64(t.MaxInt())
}

// Dequantize is q[K, N] · s[K/group, N] in f64, exact for codes and scales of up to 26 bits: what a kernel that unpacks
// such weights should see.
func Dequantize(q, s *Tensor, group int) (*Tensor, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(q.Shape) != 2 || len(s.Shape) != 2 || group < 1 || q.Shape[0] != s.Shape[0]*group || q.Shape[1] != s.Shape[1] {
		return nil, fmt.Errorf("dequantise: codes %s and scales %s do not agree for a group of %d", q, s, group)
	}
	out, scales, n := q.Floats(), s.Floats(), q.Shape[1]
	for i := range out {
		out[i] *= scales[i/n/group*n+i%n]
	}
	return FromFloats(dtype.F64, q.Shape, out), nil
}
