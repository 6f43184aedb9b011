package ir

import (
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// Kind tells what a value is.
type Kind uint8

const (
	Tile   Kind = iota // immutable elements; rank 0 is a scalar
	Tensor             // global memory, extents known at launch
	Shared             // memory of one block, static extents
)

// Index is the element type of extents, offsets and loop counters. Extents are checked at launch to fit it; addresses
// are computed in 64 bits.
var Index = dtype.I32

// Type is the type of a value.
type Type struct {
	Kind  Kind
	Elem  dtype.Type
	Shape []int  // Tile, Shared
	Dims  []Expr // Tensor
}

// TileOf is the type of a tile; no extents make a scalar.
func TileOf(elem dtype.Type, shape ...int) Type { return Type{Kind: Tile, Elem: elem, Shape: shape} }

// TensorOf is the type of a tensor in global memory.
func TensorOf(elem dtype.Type, dims ...Expr) Type { return Type{Kind: Tensor, Elem: elem, Dims: dims} }

// SharedOf is the type of a buffer in the memory of one block.
func SharedOf(elem dtype.Type, shape ...int) Type {
	return Type{Kind: Shared, Elem: elem, Shape: shape}
}

// Rank is the number of dimensions.
func (t Type) Rank() int {
	if t.Kind == Tensor {
		return len(t.Dims)
	}
	return len(t.Shape)
}

// Size is the number of elements of a tile or shared buffer.
func (t Type) Size() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// IsScalar reports whether t is a tile of rank 0.
func (t Type) IsScalar() bool { return t.Kind == Tile && len(t.Shape) == 0 }

// WithElem is t with another element type.
func (t Type) WithElem(e dtype.Type) Type { t.Elem = e; return t }

// WithShape is t with another shape.
func (t Type) WithShape(s ...int) Type { t.Shape = s; return t }

// Equal reports structural equality.
func (t Type) Equal(u Type) bool {
	return t.Kind == u.Kind && t.Elem == u.Elem && slices.Equal(t.Shape, u.Shape) &&
		slices.EqualFunc(t.Dims, u.Dims, func(a, b Expr) bool { return a.String() == b.String() })
}

// String prints `f16[16, 64]`, `i32`, `tensor f16[M, K]`, `shared f16[3, 64]`.
func (t Type) String() string {
	var b strings.Builder
	switch t.Kind {
	case Tensor:
		b.WriteString("tensor ")
	case Shared:
		b.WriteString("shared ")
	}
	b.WriteString(t.Elem.String())
	if t.Rank() == 0 && t.Kind == Tile {
		return b.String()
	}
	b.WriteByte('[')
	for i := range t.Rank() {
		if i > 0 {
			b.WriteString(", ")
		}
		if t.Kind == Tensor {
			b.WriteString(t.Dims[i].String())
		} else {
			b.WriteString(strconv.Itoa(t.Shape[i]))
		}
	}
	b.WriteByte(']')
	return b.String()
}
