package tensor

import (
	"fmt"
	"math"

	"github.com/girih-lang/girih/ir/dtype"
)

// QuantizeZero maps a float matrix w[K, N] to unsigned codes q[K, N], scales s[K/group, N] and zero points z[K/group, N] so
// that w ≈ (q − z) · s, with one scale and one zero point per `group` rows of K and column:
//
//	s = (max(group, 0) − min(group, 0)) / (2^n − 1),  rounded to scaleType first
//	z = −min(group, 0) / s,  q = w / s + z,  rounded to nearest even and clamped to the codes
//
// Zero is always among the values, so that padding and pruned weights stay exact. z has the type of the codes. A group of
// zeros gets the scale 0. Errors: as Quantize; a type that is not unsigned of at most 16 bits.
func QuantizeZero(w *Tensor, to dtype.Type, group int, scaleType dtype.Type) (q, s, z *Tensor, err error) {
	if err := w.Check(); err != nil {
		return nil, nil, nil, err
	}
	switch {
	case len(w.Shape) != 2 || !w.DType.IsFloat():
		return nil, nil, nil, fmt.Errorf("quantise: expected a float matrix [K, N], found %s", w)
	case group < 1:
		return nil, nil, nil, fmt.Errorf("quantise: a group has at least one row, found %d", group)
	case w.Shape[0]%group != 0:
		return nil, nil, nil, fmt.Errorf("quantise: the group of %d rows does not divide K = %d", group, w.Shape[0])
	case !to.IsInt() || to.IsSigned() || to.Bits() > 16:
		return nil, nil, nil, fmt.Errorf("quantise: zero points need an unsigned type of at most 16 bits, found %s", to)
	case !scaleType.IsFloat() || !scaleType.HasSign():
		return nil, nil, nil, fmt.Errorf("quantise: the scale must be a float type with a zero, found %s", scaleType)
	}
	k, n := w.Shape[0], w.Shape[1]
	q, s, z = New(to, k, n), New(scaleType, k/group, n), New(to, k/group, n)
	values, most := w.Floats(), float64(to.MaxInt())
	clamp := func(x float64) uint64 { return uint64(min(max(math.RoundToEven(x), 0), most)) }
	for g := range k / group {
		for j := range n {
			lo, hi := 0.0, 0.0
			for i := g * group; i < (g+1)*group; i++ {
				x := values[i*n+j]
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return nil, nil, nil, fmt.Errorf("quantise: the weight at [%d, %d] is %g", i, j, x)
				}
				lo, hi = min(lo, x), max(hi, x)
			}
			code := scaleType.FromFloat((hi-lo)/most, dtype.Mode{})
			scale := scaleType.Float(code)
			if math.IsInf(scale, 0) || math.IsNaN(scale) || (hi-lo)/most > scaleType.MaxFloat() {
				return nil, nil, nil, fmt.Errorf("quantise: the scale %g of group %d, column %d overflows %s (largest %g)",
					(hi-lo)/most, g, j, scaleType, scaleType.MaxFloat())
			}
			s.SetCode(g*n+j, code)
			if scale == 0 {
				continue
			}
			zero := clamp(-lo / scale)
			z.SetCode(g*n+j, zero)
			for i := g * group; i < (g+1)*group; i++ {
				q.SetCode(i*n+j, clamp(values[i*n+j]/scale+float64(zero)))
			}
		}
	}
	return q, s, z, nil
}

// DequantizeZero is (q[K, N] − z[K/group, N]) · s[K/group, N] in f64.
func DequantizeZero(q, s, z *Tensor, group int) (*Tensor, error) {
	for _, t := range []*Tensor{q, s, z} {
		if err := t.Check(); err != nil {
			return nil, err
		}
	}
	if len(q.Shape) != 2 || len(s.Shape) != 2 || group < 1 || q.Shape[0] != s.Shape[0]*group || q.Shape[1] != s.Shape[1] || ShapeString(s.Shape) != ShapeString(z.Shape) {
		return nil, fmt.Errorf("dequantise: codes %s, scales %s and zero points %s do not agree for a group of %d", q, s, z, group)
	}
	out, scales, zeros, n := q.Floats(), s.Floats(), z.Floats(), q.Shape[1]
	for i := range out {
		g := i/n/group*n + i%n
		out[i] = (out[i] - zeros[g]) * scales[g]
	}
	return FromFloats(dtype.F64, q.Shape, out), nil
}
