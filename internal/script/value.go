package script

import (
	"fmt"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/runtime/tensor"
)

// A Value is what an expression gives: exactly one of the fields is set, or Tuple for several results; a tensor may have a layout
// beside it, which changes no result.
type Value struct {
	Tensor *tensor.Tensor // without extents: a scalar
	Const  *lower.Const
	Type   dtype.Type
	Layout *layout.Layout
	Claim  *Claim // of close(…) and equal(…)
	Tuple  []Value
}

// String names the value as messages do; it does not print elements.
func (v Value) String() string {
	switch {
	case v.Tensor != nil && len(v.Tensor.Shape) == 0:
		return "a scalar " + v.Tensor.DType.String()
	case v.Tensor != nil:
		return "a tensor " + v.Tensor.String()
	case v.Const != nil:
		return "the constant " + v.Const.String()
	case v.Type.IsValid():
		return "the type " + v.Type.String()
	case v.Layout != nil:
		return "a layout"
	case v.Claim != nil:
		return "a comparison"
	}
	return fmt.Sprintf("%d values", len(v.Tuple))
}

// name is what the value is to the compiler, if it is anything.
func (v Value) name() (lower.Name, bool) {
	switch {
	case v.Tensor != nil:
		return lower.Name{Elem: v.Tensor.DType, Shape: v.Tensor.Shape}, true
	case v.Const != nil:
		return lower.Name{Const: v.Const}, true
	case v.Type.IsValid():
		return lower.Name{Type: v.Type}, true
	}
	return lower.Name{}, false
}

func intValue(n int64) Value { c := lower.IntConst(n); return Value{Const: &c} }

// number is the value of a constant or a scalar.
func (v Value) number() (x float64, whole, ok bool) {
	switch {
	case v.Const != nil:
		if _, text := v.Const.Text(); text {
			return 0, false, false
		}
		if b, isBool := v.Const.Bool(); isBool {
			if b {
				return 1, true, true
			}
			return 0, true, true
		}
		return v.Const.Float(), v.Const.IsInt(), true
	case v.Tensor != nil && v.Tensor.Len() == 1 && len(v.Tensor.Shape) == 0:
		return v.Tensor.Floats()[0], !v.Tensor.DType.IsFloat(), true
	}
	return 0, false, false
}

// truth is the value of a condition: a bool that is a constant or a scalar.
func (v Value) truth() (b, ok bool) {
	if v.Const != nil {
		return v.Const.Bool()
	}
	if v.Tensor != nil && v.Tensor.DType.IsBool() && len(v.Tensor.Shape) == 0 {
		return v.Tensor.Ints()[0] != 0, true
	}
	return false, false
}
