package passes

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// forward is the layout of a result whose elements stay where the operand has them, or nil.
func forward(o *ir.Op, l *layout.Layout) *layout.Layout {
	var r layout.Layout
	var err error
	switch o.Code {
	case ir.OpReduce:
		if stacked(o, l) {
			return nil
		}
		r, err = l.Reduce(false, o.Int("axis"))
	case ir.OpReshape:
		shape := reshaped(l, o.Args[0].Type.Shape, o.Result().Type.Shape)
		if shape == nil {
			return nil // padded
		}
		r, err = l.Reshape(shape...)
	case ir.OpTranspose:
		r, err = l.Permute(o.Ints("perm")...)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return &r
}

// backward is the layout of an operand whose elements lie where the result wants them, or nil.
func backward(o *ir.Op, l *layout.Layout) *layout.Layout {
	a, r := o.Args[0].Type, o.Result().Type
	var q layout.Layout
	var err error
	switch o.Code {
	case ir.OpBroadcast:
		var dims []int
		for i, n := range a.Shape {
			if n != r.Shape[i] || n == 1 && l.Shape()[i] > 1 { // along padding too the one element is enough
				dims = append(dims, i)
			}
		}
		q, err = l.Reduce(true, dims...)
	case ir.OpReshape:
		shape := reshaped(l, r.Shape, a.Shape)
		if shape == nil {
			return nil
		}
		q, err = l.Reshape(shape...)
	case ir.OpTranspose:
		perm := o.Ints("perm")
		inv := make([]int, len(perm))
		for i, p := range perm {
			inv[p] = i
		}
		q, err = l.Permute(inv...)
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return &q
}

// reshaped is the shape of a layout of one tile shape when it is seen as one of another: the other one, or where the layout
// is padded and the shapes differ in extents of 1 only, the other one with the same padding. Nil when there is none.
func reshaped(l *layout.Layout, from, to []int) []int {
	padded := l.Shape()
	if slices.Equal(padded, from) {
		return to
	}
	var out, left []int
	for i, n := range from {
		switch {
		case n > 1:
			left = append(left, i)
		case padded[i] > 1:
			return nil
		}
	}
	for _, n := range to {
		if n == 1 {
			out = append(out, 1)
			continue
		}
		if len(left) == 0 || from[left[0]] != n {
			return nil
		}
		out = append(out, padded[left[0]])
		left = left[1:]
	}
	if len(left) > 0 {
		return nil
	}
	return out
}

// digitwise is a layout if it is a digit permutation, else another one of the shape that is.
func digitwise(l *layout.Layout, shape []int, threads int) *layout.Layout {
	if l.IsPermutation() {
		return l
	}
	return blocked(shape, len(shape)-1, 1, threads)
}

// stacked reports the sum of a stack of tiles of which each lies in warps of its own (pass split). All parts must go
// through shared memory anyway, so that the sum can come out in any layout: in the one in which it is used next.
func stacked(o *ir.Op, l *layout.Layout) bool {
	if o.Code != ir.OpReduce || o.Int("axis") != 0 || l.Rank() != 3 {
		return false
	}
	digits, _, ok := l.Digits()
	weight, parts := 1, 1
	for _, d := range digits {
		if d.Dim == 0 {
			if weight%32 != 0 {
				return false
			}
			parts *= d.Radix
		}
		weight *= d.Radix
	}
	return ok && parts > 1 && parts == l.Shape()[0]
}

// stackOn is the layout in which each thread holds all n parts of the elements that it has in l.
func stackOn(l *layout.Layout, n int) *layout.Layout {
	r, err := l.Reshape(append([]int{1}, l.Shape()...)...)
	if err != nil {
		panic("passes: " + err.Error()) // an axis of extent 1 fits everywhere
	}
	r = mul(layout.Local(n, 1, 1), r)
	return &r
}

// inPlace gives the layouts between which an operation moves nothing: what its operand must have, near have, and what its
// result has then, for a result that shall have want. Operations that compute with single digits of their operand take
// digit permutations only. ok is false where there are none: the elements do not stay in their threads.
func inPlace(o *ir.Op, have, want *layout.Layout, threads int) (operand, result *layout.Layout, ok bool) {
	switch o.Code {
	case ir.OpBroadcast:
		result = digitwise(want, o.Result().Type.Shape, threads)
		operand = backward(o, result)
	case ir.OpReduce:
		if stacked(o, have) {
			result = digitwise(want, o.Result().Type.Shape, threads)
			return stackOn(result, o.Args[0].Type.Shape[0]), result, true
		}
		operand = digitwise(have, o.Args[0].Type.Shape, threads)
		result = forward(o, operand)
	default:
		operand, result = have, forward(o, have)
	}
	return operand, result, operand != nil && result != nil
}

func tensorOf(o *ir.Op) *ir.Value {
	switch o.Code {
	case ir.OpLoad, ir.OpGather:
		return o.Args[0]
	case ir.OpStore:
		return o.Args[1]
	}
	return nil
}
