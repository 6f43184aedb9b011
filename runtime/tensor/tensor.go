// Package tensor is the host's view of the data of a kernel: a numeric type, a shape and bytes.
//
// The model. A Tensor is row-major and dense; its bytes follow the one memory rule of the project (ir/dtype): element i
// of a b-bit type holds bits [i·b, (i+1)·b) of the byte stream, little-endian, whatever b is. Beside the type itself
// the package holds what a command line needs around a kernel: the .npy and safetensors files, quantisation to any
// type, reproducible made-up inputs, and the comparison of a result with an oracle.
//
// The boundary. Host memory only: nothing here knows of devices, kernels, layouts or packed storage orders. Readers
// treat every file as hostile: what a header claims is checked against the bytes that are there before memory is
// taken for it.
package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// Tensor is a dense row-major array. An empty Shape is a scalar: one element.
type Tensor struct {
	DType dtype.Type
	Shape []int
	Data  []byte // len = dtype.PackedLen(DType.Bits(), Len()); the spare bits of the last byte are zero
}

// New is a tensor of zero bits (for f8e8m0 that is 2^-127). It panics on a shape that Size refuses: use Make for a
// shape that comes from a user.
func New(dt dtype.Type, shape ...int) *Tensor {
	t, err := Make(dt, shape...)
	if err != nil {
		panic(err)
	}
	return t
}

// Make is New with an error for an invalid type, a negative dimension or a size that does not fit the address space.
func Make(dt dtype.Type, shape ...int) (*Tensor, error) {
	n, err := Size(dt, shape)
	if err != nil {
		return nil, err
	}
	return &Tensor{DType: dt, Shape: slices.Clone(shape), Data: make([]byte, n)}, nil
}

// FromFloats is a tensor of the values as a cast in the language takes them (dtype.Type.Encode): a float type rounds to
// nearest even by its default overflow rule, an integer type truncates and saturates. It panics when
// len(values) is not the product of the shape.
func FromFloats(dt dtype.Type, shape []int, values []float64) *Tensor {
	t := New(dt, shape...)
	t.mustHold(len(values))
	dt.Encode(t.Data, 0, values)
	return t
}

// FromInts is a tensor of integers, wrapped to the width of an integer type and rounded once into a float type. A u64
// is given as its bit pattern. It panics when len(values) is not the product of the shape.
func FromInts(dt dtype.Type, shape []int, values []int64) *Tensor {
	t := New(dt, shape...)
	t.mustHold(len(values))
	dt.EncodeInt(t.Data, 0, values)
	return t
}

// FromPacked is a tensor over the given packed bytes, which it keeps: raw memory as the bit-packing rule has it.
func FromPacked(dt dtype.Type, shape []int, data []byte) (*Tensor, error) {
	n, err := Size(dt, shape)
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, fmt.Errorf("%s%s takes %d packed bytes, but %d are given", dt, ShapeString(shape), n, len(data))
	}
	return &Tensor{DType: dt, Shape: slices.Clone(shape), Data: data}, nil
}

func (t *Tensor) mustHold(n int) {
	if n != t.Len() {
		panic(fmt.Sprintf("tensor: %d values for the shape %s", n, ShapeString(t.Shape)))
	}
}

// Len is the number of elements: the product of the shape, 1 for a scalar.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Floats are the values as float64: exact for every float type and for integers up to 2^53.
func (t *Tensor) Floats() []float64 {
	v := make([]float64, t.Len())
	t.DType.Decode(v, t.Data, 0)
	return v
}

// Ints are the values as int64; a u64 keeps its bit pattern, a float is truncated and saturated.
func (t *Tensor) Ints() []int64 {
	v := make([]int64, t.Len())
	t.DType.DecodeInt(v, t.Data, 0)
	return v
}

// Code is the bit pattern of element i in row-major order.
func (t *Tensor) Code(i int) uint64 { return dtype.Get(t.Data, t.DType.Bits(), i) }

// SetCode sets the bit pattern of element i in row-major order.
func (t *Tensor) SetCode(i int, code uint64) { dtype.Put(t.Data, t.DType.Bits(), i, code) }

// Clone is a copy that shares nothing.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{DType: t.DType, Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
}

// Reshape is the same data under another shape with as many elements.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	if n != t.Len() {
		return nil, fmt.Errorf("cannot reshape %s (%d elements) to %s (%d elements)",
			ShapeString(t.Shape), t.Len(), ShapeString(shape), n)
	}
	return &Tensor{DType: t.DType, Shape: slices.Clone(shape), Data: t.Data}, nil
}

// Check says what is wrong with a tensor that was put together by hand: its type, its shape or the length of its data.
func (t *Tensor) Check() error {
	n, err := Size(t.DType, t.Shape)
	if err != nil {
		return err
	}
	if n != len(t.Data) {
		return fmt.Errorf("%s%s needs %d bytes, but its data has %d", t.DType, ShapeString(t.Shape), n, len(t.Data))
	}
	return nil
}

// Index is the position of element i in row-major order, one number per dimension.
func (t *Tensor) Index(i int) []int {
	at := make([]int, len(t.Shape))
	for d := len(t.Shape) - 1; d >= 0; d-- {
		at[d] = i % t.Shape[d]
		i /= t.Shape[d]
	}
	return at
}

// String names the type and the shape, as in f16[64, 384]; it does not print the values.
func (t *Tensor) String() string { return t.DType.String() + ShapeString(t.Shape) }

// Size is the number of bytes that the packed elements of a shape take, or an error for an invalid type, a negative
// dimension, or a product that does not fit.
func Size(dt dtype.Type, shape []int) (int, error) {
	if !dt.IsValid() {
		return 0, fmt.Errorf("a tensor of an invalid type")
	}
	n, err := count(shape)
	if err != nil {
		return 0, err
	}
	hi, lo := bits.Mul64(uint64(n), uint64(dt.Bits()))
	if hi != 0 || lo > math.MaxInt64-7 {
		return 0, fmt.Errorf("%s%s is too large: its size in bits overflows 63 bits", dt, ShapeString(shape))
	}
	return dtype.PackedLen(dt.Bits(), n), nil
}

// count is the product of a shape. It overflows only when the non-zero dimensions do, so that a zero among huge
// dimensions cannot hide a header that lies.
func count(shape []int) (int, error) {
	n, zero := uint64(1), false
	for i, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("dimension %d of the shape %s is negative", i, ShapeString(shape))
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, fmt.Errorf("the shape %s is too large: its product overflows 63 bits", ShapeString(shape))
		}
		n = lo
	}
	if zero {
		return 0, nil
	}
	return int(n), nil
}

// ShapeString writes a shape as [64, 384]; long ones are cut, since a hostile file may have thousands of dimensions.
func ShapeString(shape []int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range shape {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 16 {
			fmt.Fprintf(&b, "… %d dimensions", len(shape))
			break
		}
		b.WriteString(strconv.Itoa(d))
	}
	b.WriteByte(']')
	return b.String()
}
