package tensor

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// BlockFormat is a block-scaled format: a pair of tensors, elements and one scale per Group rows of K and column, and for
// NVFP4 a factor of the whole tensor. The value of an element is Unit · code · scale · factor.
type BlockFormat struct {
	Name   string
	Elem   dtype.Type
	Scale  dtype.Type
	Group  int
	Unit   float64 // 1, but 1/64 for mxint8, whose elements are fixed-point
	Factor bool    // one f32 per tensor
}

// BlockFormats lists the formats of OCP Microscaling Formats (MX) v1.0, table 1, and NVFP4.
var BlockFormats = []BlockFormat{
	{"mxfp8e4m3", dtype.F8E4M3FN, dtype.F8E8M0, 32, 1, false},
	{"mxfp8e5m2", dtype.F8E5M2, dtype.F8E8M0, 32, 1, false},
	{"mxfp6e3m2", dtype.F6E3M2, dtype.F8E8M0, 32, 1, false},
	{"mxfp6e2m3", dtype.F6E2M3, dtype.F8E8M0, 32, 1, false},
	{"mxfp4", dtype.F4E2M1, dtype.F8E8M0, 32, 1, false},
	{"mxint8", dtype.I8, dtype.F8E8M0, 32, 1.0 / 64, false},
	{"nvfp4", dtype.F4E2M1, dtype.F8E4M3FN, 16, 1, true},
}

// ParseBlockFormat finds a format by name; the error lists the names.
func ParseBlockFormat(name string) (BlockFormat, error) {
	i := slices.IndexFunc(BlockFormats, func(f BlockFormat) bool { return f.Name == name })
	if i < 0 {
		var names []string
		for _, f := range BlockFormats {
			names = append(names, f.Name)
		}
		return BlockFormat{}, fmt.Errorf("no block-scaled format is called %q: expected one of %s", name, strings.Join(names, ", "))
	}
	return BlockFormats[i], nil
}

// QuantizeBlocks maps a float matrix w[K, N] to codes q[K, N] and scales s[K/Group, N], and the factor of the tensor (1 for
// formats without one).
//
// MX: the scale is 2^(⌊log2 max|w|⌋ − e), e being the exponent of the largest element (MX v1.0 §6.3), the codes are
// rounded to nearest even and saturated. A block of zeros has the smallest scale. NVFP4: the factor is
// max|w| / (6 · 448), a block's scale max|block| / 6 / factor, rounded to nearest even.
//
// Errors: no float matrix, a K that is no multiple of Group, NaN or infinity in w.
func QuantizeBlocks(w *Tensor, f BlockFormat) (q, s *Tensor, factor float64, err error) {
	if err := w.Check(); err != nil {
		return nil, nil, 0, err
	}
	if len(w.Shape) != 2 || !w.DType.IsFloat() {
		return nil, nil, 0, fmt.Errorf("quantise: expected a float matrix [K, N], found %s", w)
	}
	k, n := w.Shape[0], w.Shape[1]
	if k%f.Group != 0 {
		return nil, nil, 0, fmt.Errorf("quantise: %s has blocks of %d rows, which do not divide K = %d", f.Name, f.Group, k)
	}
	values := w.Floats()
	top := 0.0
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, nil, 0, fmt.Errorf("quantise: the weight at [%d, %d] is %g", i/n, i%n, x)
		}
		top = max(top, math.Abs(x))
	}
	factor = 1
	if f.Factor && top > 0 {
		factor = dtype.F32.Round(top / (f.Elem.MaxFloat() * f.Scale.MaxFloat()))
		if factor == 0 || math.IsInf(factor, 0) {
			return nil, nil, 0, fmt.Errorf("quantise: the factor %g of the tensor does not fit f32", top/(f.Elem.MaxFloat()*f.Scale.MaxFloat()))
		}
	}
	q, s = New(f.Elem, k, n), New(f.Scale, k/f.Group, n)
	largest := f.Unit * largestCode(f.Elem)
	_, e := math.Frexp(largest)
	for g := range k / f.Group {
		for j := range n {
			most := 0.0
			for i := g * f.Group; i < (g+1)*f.Group; i++ {
				most = max(most, math.Abs(values[i*n+j]))
			}
			code := uint64(0)
			switch {
			case f.Scale == dtype.F8E8M0 && most > 0:
				_, x := math.Frexp(most)
				code = f.Scale.FromFloat(math.Ldexp(1, x-e), dtype.Mode{Saturate: true})
			case f.Scale != dtype.F8E8M0:
				code = f.Scale.FromFloat(most/f.Elem.MaxFloat()/factor, dtype.Mode{Saturate: true})
			}
			s.SetCode(g*n+j, code)
			scale := f.Scale.Float(code) * f.Unit * factor
			if scale == 0 {
				continue // the codes are already zero
			}
			for i := g * f.Group; i < (g+1)*f.Group; i++ {
				x := values[i*n+j] / scale
				if f.Elem.IsInt() {
					q.SetCode(i*n+j, f.Elem.FromFloat(max(x, -largestCode(f.Elem)), dtype.Mode{Saturate: true})) // symmetric
				} else {
					q.SetCode(i*n+j, f.Elem.FromFloat(x, dtype.Mode{Saturate: true}))
				}
			}
		}
	}
	return q, s, factor, nil
}

// DequantizeBlocks gives the values of a block-scaled pair in f64, exactly (up to the rounding of the tensor's factor).
func DequantizeBlocks(q, s *Tensor, factor float64, f BlockFormat) (*Tensor, error) {
	out, err := Dequantize(q, s, f.Group)
	if err != nil {
		return nil, err
	}
	v := out.Floats()
	for i := range v {
		v[i] *= f.Unit * factor
	}
	return FromFloats(dtype.F64, out.Shape, v), nil
}
