package layout

import (
	"fmt"
	"slices"
)

// asMemory renames the local axis of a layout of one thread: memory walks a shape the way a single thread does.
func asMemory(a Layout) Layout {
	l := a.lin().clone()
	b := len(l.in[0].rad)
	if b != 0 {
		panic("layout: asMemory of a layout with threads")
	}
	l.in = []axis{{name: OffsetAxis, rad: l.in[1].rad}}
	return wrap(l)
}

// RowMajor is the memory layout in which the last dimension is contiguous.
func RowMajor(shape ...int) Layout { return asMemory(Local(shape...)) }

// ColumnMajor is the memory layout in which dim 0 is contiguous.
func ColumnMajor(shape ...int) Layout { return asMemory(ColumnLocal(shape...)) }

// Bits views a memory layout of elements as one of bits: a new last dim of the given extent, whose digits are the minor
// ones of the offset. Element i of width b holds bits i·b to (i+1)·b - 1, so a view as another type of memory is a reshape
// of this layout.
func (a Layout) Bits(bits int) (Layout, error) {
	if !a.IsMemory() {
		return Layout{}, fmt.Errorf("bits: the hardware axes are %v, a memory layout has the axis offset", a.Axes())
	}
	return a.Concat(RowMajor(bits))
}

// Offset is the map from index to offset of a memory layout that covers its shape.
func (a Layout) Offset() (Layout, error) {
	if !a.IsMemory() || !a.Bijective() {
		return Layout{}, fmt.Errorf("offset: %s is not a memory layout with one place for each element", a)
	}
	return a.LeftInverse()
}

// FromStrides is a compact CuTe layout as a memory map from the axis name into one dim of n elements: mode k takes the
// digits next to those of mode k-1 and steps by steps[k]; a stride of 0 replicates. An error when the strides do not
// nest (each must be a multiple of extent times stride of the next smaller one) or leave n.
func FromStrides(name string, n int, shape, steps []int) (Layout, error) {
	for _, s := range [][]int{{n}, shape} {
		if err := checkShape("strides", s); err != nil {
			return Layout{}, err
		}
	}
	if len(shape) != len(steps) {
		return Layout{}, fmt.Errorf("strides: %d extents and %d strides", len(shape), len(steps))
	}
	points := []int{1, n}
	for k, s := range steps {
		if s < 0 || s > n {
			return Layout{}, fmt.Errorf("strides: stride %d of mode %d is outside the %d elements", s, k, n)
		}
		if s > 0 && shape[k] > 1 {
			points = append(points, s, s*shape[k])
		}
	}
	u, ok := common(points, nil)
	if !ok || u[len(u)-1] != n {
		return Layout{}, fmt.Errorf("strides: %v:%v does not nest in %d elements; each boundary must divide the next, and here they are %v", shape, steps, n, u)
	}
	out := axis{rad: primesOfChain(u)}
	st := strides([]axis{out})
	var in axis
	in.name = name
	var to []int
	for k, s := range steps {
		for left := shape[k]; left > 1; {
			if s == 0 {
				f := factor(left)
				for _, r := range f {
					in.rad = append(in.rad, r)
					to = append(to, -1)
				}
				break
			}
			o := slices.Index(st, s)
			r := out.rad[o]
			if left%r != 0 || slices.Contains(to, o) {
				return Layout{}, fmt.Errorf("strides: mode %d of %v:%v overlaps another", k, shape, steps)
			}
			in.rad = append(in.rad, r)
			to = append(to, o)
			left /= r
			s *= r
		}
	}
	l := newLin([]axis{in}, []axis{out})
	for i, o := range to {
		if o >= 0 {
			l.m[i*l.no+o] = 1
		}
	}
	return wrap(l), nil
}
