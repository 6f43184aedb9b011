package girih

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
)

// New is a tensor of zero bits on a device. Errors: ErrDType, ErrShape, and those of a device without enough memory.
func (d *Device) New(dt DType, shape ...int) (*Tensor, error) {
	t, err := d.empty(dt.t, shape)
	if err != nil || d.gpu == nil {
		return t, err
	}
	if err := t.use(); err != nil {
		return nil, err
	}
	defer d.leave()
	return t, d.gpu.Memset(t.mem.ptr, 0, t.mem.size)
}

// empty is a tensor without a value on a GPU, of zero bits elsewhere.
func (d *Device) empty(dt dtype.Type, shape []int) (*Tensor, error) {
	n, err := checkShape(dt, shape)
	if err != nil {
		return nil, err
	}
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	m, err := d.alloc(n)
	if err != nil {
		return nil, fmt.Errorf("a tensor %s%s on %s: %w", dt, tensor.ShapeString(shape), d.name, err)
	}
	return newTensor(d, dt, shape, m), nil
}

// upload is a tensor with a copy of h.
func (d *Device) upload(h *tensor.Tensor) (*Tensor, error) {
	t, err := d.empty(h.DType, h.Shape)
	if err != nil {
		return nil, err
	}
	if err := t.use(); err != nil {
		return nil, err
	}
	defer d.leave()
	return t, t.mem.write(h.Data)
}

// FromSlice copies a Go slice to a tensor of the same type: []float32 to f32, []int8 to i8. Without a shape it is a vector
// of the slice's length; otherwise the extents, outermost first, must multiply to it (ErrShape).
func FromSlice[E Element](d *Device, data []E, shape ...int) (*Tensor, error) {
	dt := dtypeOf[E]()
	if shape == nil {
		shape = []int{len(data)}
	}
	n, err := checkShape(dt, shape)
	if err != nil {
		return nil, err
	}
	if b := sliceBytes(data); len(b) == n {
		return d.upload(&tensor.Tensor{DType: dt, Shape: shape, Data: b})
	}
	return nil, shapeError(dt, shape, len(data))
}

// FromFloats is a tensor of the values rounded to a type: once, to nearest even, into a float by its rule for what is too
// large; truncated and saturated into an integer, as casts of the language do.
func (d *Device) FromFloats(dt DType, values []float64, shape ...int) (*Tensor, error) {
	return encode(d, dt.t, values, shape, func(data []byte) { dt.t.Encode(data, 0, values) })
}

// FromInts is a tensor of integers, wrapped to the width of an integer type and rounded once into a float.
func (d *Device) FromInts(dt DType, values []int64, shape ...int) (*Tensor, error) {
	return encode(d, dt.t, values, shape, func(data []byte) { dt.t.EncodeInt(data, 0, values) })
}

// FromCodes is a tensor of the given bit patterns, of which the low Bits count.
func (d *Device) FromCodes(dt DType, codes []uint64, shape ...int) (*Tensor, error) {
	return encode(d, dt.t, codes, shape, func(data []byte) {
		for i, c := range codes {
			dtype.Put(data, dt.t.Bits(), i, c)
		}
	})
}

func encode[E any](d *Device, dt dtype.Type, values []E, shape []int, fill func([]byte)) (*Tensor, error) {
	if shape == nil {
		shape = []int{len(values)}
	}
	n, err := checkShape(dt, shape)
	if err != nil {
		return nil, err
	}
	h := &tensor.Tensor{DType: dt, Shape: shape}
	if h.Len() != len(values) {
		return nil, shapeError(dt, shape, len(values))
	}
	h.Data = make([]byte, n)
	fill(h.Data)
	return d.upload(h)
}

// FromBytes copies memory to a tensor: ⌈elements·Bits/8⌉ bytes, bit-packed as DType says.
func (d *Device) FromBytes(dt DType, data []byte, shape ...int) (*Tensor, error) {
	n, err := checkShape(dt.t, shape)
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, errorf(ErrShape, "%d bytes for a tensor %s%s, expected %d", len(data), dt, tensor.ShapeString(shape), n)
	}
	return d.upload(&tensor.Tensor{DType: dt.t, Shape: shape, Data: data})
}

// Random is a tensor of made-up values, the same on every machine for one seed: normal values of deviation 1 for floats,
// every code with equal chance for integers.
func (d *Device) Random(dt DType, seed uint64, shape ...int) (*Tensor, error) {
	if _, err := checkShape(dt.t, shape); err != nil {
		return nil, err
	}
	h, err := tensor.Random(dt.t, seed, shape...)
	if err != nil {
		return nil, err
	}
	return d.upload(h)
}

// Quantize maps a float matrix w[K, N] to codes q[K, N] of the type to and scales s[K/group, N] of the type scale, so that
// w ≈ q·s, with one scale for every group rows of K and column and no zero point (absolute maximum quantisation). The codes
// are rounded to nearest even and saturate. Errors: a w that is no float matrix, a group that does not divide K, NaN or
// infinity in w, a scale that overflows.
func Quantize(w *Tensor, to DType, group int, scale DType) (q, s *Tensor, err error) {
	h, err := w.read()
	if err != nil {
		return nil, nil, err
	}
	hq, hs, err := tensor.Quantize(h, to.t, group, scale.t)
	if err != nil {
		return nil, nil, because(ErrArgument, err)
	}
	if q, err = w.dev.upload(hq); err != nil {
		return nil, nil, err
	}
	if s, err = w.dev.upload(hs); err != nil {
		return nil, nil, err
	}
	return q, s, nil
}

// FromPointer is a tensor over memory of somebody else, row-major and dense: device memory for a GPU, else host memory. It
// must stay in place until release is called, which happens once: at Free, at Close, or when the tensor is collected; release
// may be nil. Alignment: 16 bytes on a GPU, elsewhere that of an element (4 bytes where elements share bytes, and the
// memory then reaches to the next whole 4 bytes). Errors are ErrDevice for an address that is not the device's, ErrLayout
// for its alignment; release is not called then.
func (d *Device) FromPointer(p uintptr, dt DType, shape []int, release func()) (*Tensor, error) {
	n, err := checkShape(dt.t, shape)
	if err != nil {
		return nil, err
	}
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	m := &memory{dev: d, size: n, give: func() error {
		if release != nil {
			release()
		}
		return nil
	}}
	what := fmt.Sprintf("%s%s at %#x", dt, tensor.ShapeString(shape), p)
	switch align := d.alignment(dt.t); {
	case p == 0 && n > 0:
		return nil, errorf(ErrDevice, "%s: no address", what)
	case p%align != 0:
		return nil, errorf(ErrLayout, "%s: an alignment of %d bytes is expected on %s", what, align, d.name)
	case d.gpu != nil:
		if n > 0 {
			if err := d.gpu.CheckPtr(cuda.Ptr(p), n); err != nil {
				return nil, errorf(ErrDevice, "%s: %w", what, err)
			}
		}
		m.ptr = cuda.Ptr(p)
	case n > 0:
		m.host = unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), n) // an address of C's, which no collector moves
	}
	if err := d.adopt(m); err != nil {
		return nil, err
	}
	return newTensor(d, dt.t, slices.Clone(shape), m), nil
}

// alignment is what code for the device takes for granted of a tensor's address.
func (d *Device) alignment(dt dtype.Type) uintptr {
	if d.gpu != nil {
		return 16
	}
	switch b := dt.Bits(); b {
	case 8, 16, 32, 64:
		return uintptr(b / 8)
	}
	return 4
}
