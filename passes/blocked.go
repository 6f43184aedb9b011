package passes

import (
	"slices"

	"github.com/girih-lang/girih/layout"
)

// blocked spreads a tile over threads: vec neighbours along axis fast stay in one thread, then threads run along fast,
// then along the other axes from the last to the first; what is left repeats in each thread. Extents that do not divide
// are padded (the layout's shape is then larger than the tile's), threads that find nothing to do hold copies.
func blocked(shape []int, fast, vec, threads int) *layout.Layout {
	rank := len(shape)
	axes := []int{fast}
	for a := rank - 1; a >= 0; a-- {
		if a != fast {
			axes = append(axes, a)
		}
	}
	for vec > 1 && size(shape)/vec < threads {
		vec /= 2
	}
	spatial, local, inner := ones(rank), ones(rank), ones(rank)
	inner[fast] = vec
	left := threads
	for _, a := range axes {
		units := ceilDiv(shape[a], inner[a])
		spatial[a] = min(left, pow2(units))
		local[a] = ceilDiv(units, spatial[a])
		left /= spatial[a]
	}
	l := layout.Local(local...)
	if left > 1 {
		l = mul(layout.Replicate(left), l)
	}
	for _, a := range slices.Backward(axes) {
		s := ones(rank)
		s[a] = spatial[a]
		l = l.Spatial(s...)
	}
	l = l.Local(inner...)
	return &l
}

// mul is the product of two layouts whose ranks are known to fit.
func mul(a, b layout.Layout) layout.Layout {
	c, err := a.Mul(b)
	if err != nil {
		panic("passes: " + err.Error())
	}
	return c
}

func ones(n int) []int { return slices.Repeat([]int{1}, n) }

func size(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// pow2 is the least power of two that is at least n.
func pow2(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}

// CopyLayout spreads a tile over threads for a copy: every thread moves whole vectors.
func CopyLayout(shape []int, fast, vec, threads int) *layout.Layout {
	rank := len(shape)
	inner := ones(rank)
	inner[fast] = vec
	units := make([]int, rank)
	for i := range units {
		units[i] = shape[i] / inner[i]
	}
	l := blocked(units, fast, 1, threads).Local(inner...)
	return &l
}
