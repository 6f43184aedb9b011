package passes

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// Rows is a tile in shared memory in row-major order: rows at a pitch, their 16-byte chunks exchanged by an XOR with the
// row's number where a swizzle fits.
type Rows struct {
	Shape   []int
	Pitch   []int // bytes between neighbours along each axis
	Size    int   // bytes of an element
	Slot    int   // bytes of the tile
	Swizzle int   // bytes: 0, 32, 64 or 128
	Panels  bool  // rows are cut into pieces of 128 bytes: first those of all rows at the start, then the next
}

// RowsOf is how a tile lies in shared memory with a given swizzle.
func RowsOf(t ir.Type, swizzle int) Rows {
	r := Rows{Shape: t.Shape, Size: container(t.Elem.Bits()), Swizzle: swizzle}
	r.Pitch, r.Slot = Pitches(t.Shape, r.Size, swizzle)
	return r
}

// plainRows is a tile without a gap or a swizzle, so that a reshape of it lies at the same places.
func plainRows(t ir.Type) Rows {
	r := Rows{Shape: t.Shape, Size: container(t.Elem.Bits()), Pitch: make([]int, t.Rank())}
	r.Slot = r.Size
	for i := len(t.Shape) - 1; i >= 0; i-- {
		r.Pitch[i] = r.Slot
		r.Slot *= t.Shape[i]
	}
	return r
}

// Offset is the byte of an element.
func (r Rows) Offset(c []int) int {
	last := len(c) - 1
	off := c[last] * r.Size
	if r.Panels {
		return off/128*r.Shape[0]*128 + c[0]*128 + (off%128 ^ c[0]%8<<4)
	}
	if r.Swizzle > 0 {
		per := max(1, 128/(r.Shape[last]*r.Size)) // rows in 128 bytes
		off ^= c[last-1] / per & (r.Swizzle/16 - 1) << 4
	}
	for i := range last {
		off += c[i] * r.Pitch[i]
	}
	return off
}

// Vector is the number of neighbours along the last axis that one access of a thread covers.
func (r Rows) Vector(l *layout.Layout) int {
	last := len(r.Shape) - 1
	local := l.LocalDigits()
	v := 1
	if len(local) == 0 || local[0].Dim != last || local[0].Stride != 1 {
		return 1
	}
	for 2*v*r.Size <= 16 && local[0].Radix%(2*v) == 0 && r.Shape[last]%(2*v) == 0 && (last == 0 || r.Pitch[last-1]%(2*v*r.Size) == 0) {
		v *= 2
	}
	return v
}

// Matrices says that ldmatrix and stmatrix move a tile of this layout: the count of 8×8 matrices of one instruction, and
// whether they are transposed.
func (r Rows) Matrices(l *layout.Layout) (q layout.Layout, n int, trans, ok bool) {
	if r.Panels || r.Size != 2 || len(r.Shape) != 2 || r.Pitch[0]%16 != 0 || l.Shape()[0] > r.Shape[0] || l.Shape()[1] > r.Shape[1] {
		return q, 0, false, false
	}
	for t, m := range matrix8 {
		q, err := l.DivideRight(m)
		if err != nil {
			continue
		}
		if _, _, ok := q.Digits(); !ok {
			continue
		}
		n := 1
		for n < 4 && q.Locals()%(2*n) == 0 {
			n *= 2
		}
		return q, n, t == 1, true
	}
	return q, 0, false, false
}

// matrix8 is the share of 32 lanes in an 8×8 matrix of 16-bit elements as ldmatrix gives it (PTX ISA, ldmatrix), plain and
// transposed.
var matrix8 = [2]layout.Layout{layout.Spatial(8, 4).Local(1, 2), layout.ColumnSpatial(4, 8).Local(2, 1)}

// Traffic counts what it takes to move the tile between registers and memory, walking every access. Elements beyond the
// tile and threads with copies (when writing) take no part.
func (r Rows) Traffic(l *layout.Layout, write, matrices bool) layout.Access {
	repeats := l.Repeats()
	if q, n, trans, ok := r.Matrices(l); ok && matrices && (!write || !trans && len(repeats) == 0) {
		return r.matrixTraffic(l, q, n, trans)
	}
	v := r.Vector(l)
	a := layout.Access{Vector: v, VectorBits: 8 * v * r.Size}
	at := make([]int, l.Threads())
	c := make([]int, 0, 8)
	for i := 0; i < l.Locals(); i += v {
		for t := range at {
			c = l.AppendAt(c, t, i)
			at[t] = -1
			if inside(c, r.Shape) && !(write && layout.Repeated(repeats, t)) {
				at[t] = r.Offset(c)
			}
		}
		for w := 0; w < len(at); w += 32 {
			n, ideal := layout.Wavefronts(at[w:min(w+32, len(at))], v*r.Size)
			if ideal > 0 {
				a.Accesses++
			}
			a.Ideal, a.Wavefronts = a.Ideal+ideal, a.Wavefronts+n
		}
	}
	return a
}

func inside(c, shape []int) bool {
	for i, x := range c {
		if x >= shape[i] {
			return false
		}
	}
	return true
}

// matrixTraffic counts ldmatrix: each matrix is eight rows of 16 bytes in one wavefront.
func (r Rows) matrixTraffic(l *layout.Layout, q layout.Layout, n int, trans bool) layout.Access {
	a := layout.Access{Vector: 8, VectorBits: 128}
	at := make([]int, 8)
	for w := 0; w < l.Threads(); w += 32 {
		for m := range q.Locals() {
			for row := range at {
				t, i := 4*row, 2*m // the first lane of a row, its first element
				if trans {
					t, i = row/2, 2*m+row%2
				}
				at[row] = r.Offset(l.At(w+t, i))
			}
			k, ideal := layout.Wavefronts(at, 16)
			a.Wavefronts, a.Ideal = a.Wavefronts+k, a.Ideal+1
			_ = ideal
			if m%n == 0 {
				a.Accesses++
			}
		}
	}
	return a
}

// traffic says what an access takes, for a remark.
func traffic(verb string, a layout.Access) string {
	s := fmt.Sprintf("%s %d × %d bits in %d wavefronts", verb, a.Accesses, a.VectorBits, a.Wavefronts)
	if c := a.Conflicts(); c > 0 {
		s += fmt.Sprintf(" (%d bank conflicts)", c)
	}
	return s
}
