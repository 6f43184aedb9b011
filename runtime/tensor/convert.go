package tensor

import (
	"fmt"
	"math"

	"github.com/girih-lang/girih/ir/dtype"
)

// Convert is the tensor with its values rounded into another type: to nearest even into floats by the type's overflow
// rule; into integers the value is rounded to nearest even too and saturates, NaN becomes 0. It is the conversion that an
// author asks for; As is the one that files get, which never changes a value.
func (t *Tensor) Convert(to dtype.Type) *Tensor {
	if to == t.DType {
		return t.Clone()
	}
	out := New(to, t.Shape...)
	n := t.Len()
	for i := range n {
		out.SetCode(i, convertCode(t.DType, to, t.Code(i), to.Mode()))
	}
	return out
}

func convertCode(from, to dtype.Type, code uint64, m dtype.Mode) uint64 {
	if from.IsFloat() {
		return to.FromFloat(from.Float(code), m)
	}
	// Not through float64: a 64-bit integer would round twice.
	m.Saturate = m.Saturate || to.IsInt()
	return to.FromIntMode(from.Int(code), !from.IsSigned(), m)
}

// As is the tensor in another type when every value is the same there, else an error that names the first one that is
// not. A file's i8 becomes an i4 argument this way, an f32 an f4e2m1, and nothing is rounded behind the user's back.
// NaN is kept where the target has one (its payload is not); −0 counts as equal to 0.
func (t *Tensor) As(to dtype.Type) (*Tensor, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if to == t.DType {
		return t, nil
	}
	out, err := Make(to, t.Shape...)
	if err != nil {
		return nil, err
	}
	n := t.Len()
	for i := range n {
		from := t.Code(i)
		code := convertCode(t.DType, to, from, dtype.Mode{}) // not saturating: infinities must survive
		if !sameValue(t.DType, from, to, code) {
			return nil, fmt.Errorf("the value %s at %s does not exist in %s (%s): convert or quantise the tensor first",
				t.DType.Text(from), ShapeString(t.Index(i)), to, rangeOf(to))
		}
		out.SetCode(i, code)
	}
	return out, nil
}

func sameValue(a dtype.Type, x uint64, b dtype.Type, y uint64) bool {
	if a.IsFloat() || b.IsFloat() {
		fx, fy := a.Float(x), b.Float(y)
		if fx != fy {
			return math.IsNaN(fx) && math.IsNaN(fy)
		}
		if a.IsFloat() && b.IsFloat() {
			return true
		}
		// One side is an integer, which Float rounds to 53 bits: compare as integers too.
		return intBack(a, x) == intBack(b, y)
	}
	if a.IsSigned() != b.IsSigned() && (a.IsSigned() && a.Int(x) < 0 || b.IsSigned() && b.Int(y) < 0) {
		return false
	}
	return a.Int(x) == b.Int(y)
}

// intBack is the value as an integer when it is one that 64 bits hold, to tell neighbours above 2^53 apart.
func intBack(t dtype.Type, code uint64) int64 {
	if t.IsFloat() {
		f := t.Float(code)
		if f >= 1<<63 && f < 1<<64 {
			return int64(uint64(f))
		}
	}
	return t.Int(code)
}

func rangeOf(t dtype.Type) string {
	switch {
	case t.IsBool():
		return "0 or 1"
	case t.IsInt() && t.IsSigned():
		return fmt.Sprintf("%d … %d", t.MinInt(), t.MaxInt())
	case t.IsInt():
		return fmt.Sprintf("0 … %d", uint64(t.MaxInt()))
	}
	return fmt.Sprintf("%d fraction bits, largest %g", t.ManBits(), t.MaxFloat())
}

// NumPyType is the nearest type that NumPy has and that holds every value: itself for bool, f16, f32, f64 and the
// integers of 8, 16, 32 and 64 bits, the next wider integer for the others, f32 for the other floats.
func NumPyType(t dtype.Type) dtype.Type {
	switch {
	case t.IsBool() || t == dtype.F16 || t == dtype.F64:
		return t
	case t.IsFloat():
		return dtype.F32
	}
	width := 8
	for width < t.Bits() {
		width *= 2
	}
	if t.IsSigned() {
		return dtype.I(width)
	}
	return dtype.U(width)
}
