package girih

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Tensor is a dense row-major array on a device: a type, a shape and memory. An empty shape is one element. Reading and
// writing from Go waits for all work of the device first.
type Tensor struct {
	dev   *Device
	dt    dtype.Type
	shape []int
	mem   *memory
	ref   *reference
}

// reference is a tensor's share of its memory. It is an object of its own so that it outlives a tensor that is collected.
type reference struct {
	mem   *memory
	freed atomic.Bool
}

func (r *reference) drop() error {
	if r.freed.Swap(true) {
		return nil
	}
	return r.mem.drop()
}

// newTensor puts a tensor over memory, whose reference it takes.
func newTensor(d *Device, dt dtype.Type, shape []int, m *memory) *Tensor {
	t := &Tensor{dev: d, dt: dt, shape: slices.Clone(shape), mem: m, ref: &reference{mem: m}}
	runtime.AddCleanup(t, func(r *reference) { _ = r.drop() }, t.ref)
	return t
}

// DType is the type of the elements.
func (t *Tensor) DType() DType { return DType{t.dt} }

// Shape is a copy of the extents, outermost first.
func (t *Tensor) Shape() []int { return slices.Clone(t.shape) }

// Len is the number of elements.
func (t *Tensor) Len() int { return (&tensor.Tensor{Shape: t.shape}).Len() }

// Size is the number of bytes of the elements, ⌈Len·Bits/8⌉.
func (t *Tensor) Size() int { return t.mem.size }

// Device is where the tensor lives.
func (t *Tensor) Device() *Device { return t.dev }

// String is type, shape and device, as in "f16[64, 384] on cuda:0"; it does not print the values.
func (t *Tensor) String() string {
	s := t.dt.String() + tensor.ShapeString(t.shape) + " on " + t.dev.name
	if t.ref.freed.Load() {
		s += " (freed)"
	}
	return s
}

// Free gives the memory back: at once, or when the runs and views that use it are done. Uses of the tensor are ErrFreed
// from then on. A second Free does nothing.
func (t *Tensor) Free() error { return t.ref.drop() }

// Pointer is the address of the first byte, for programs that share memory with this one: of device memory on a GPU, else
// of host memory, which the garbage collector does not move. It is good until Free or until the tensor is collected.
func (t *Tensor) Pointer() (uintptr, error) {
	if err := t.use(); err != nil {
		return 0, err
	}
	defer t.dev.leave()
	return t.address(), nil
}

func (t *Tensor) address() uintptr {
	if t.dev.gpu != nil {
		return uintptr(t.mem.ptr)
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(t.mem.host)))
}

// use enters the device for something that needs the tensor's memory; leave it.
func (t *Tensor) use() error {
	if err := t.dev.enter(); err != nil {
		return err
	}
	if t.ref.freed.Load() {
		t.dev.leave()
		return t.errFreed()
	}
	return nil
}

func (t *Tensor) errFreed() error { return errorf(ErrFreed, "the tensor %s is freed", t) }

// Reshape is the same memory under another shape with as many elements. The memory lives until both are freed.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	if err := t.use(); err != nil {
		return nil, err
	}
	defer t.dev.leave()
	if _, err := t.view().Reshape(shape...); err != nil {
		return nil, because(ErrShape, err)
	}
	if !t.mem.retain() {
		return nil, t.errFreed()
	}
	return newTensor(t.dev, t.dt, shape, t.mem), nil
}

// view is a host tensor over the memory; on a GPU only its type and shape count.
func (t *Tensor) view() *tensor.Tensor {
	return &tensor.Tensor{DType: t.dt, Shape: t.shape, Data: t.mem.host}
}

// Bytes is a copy of the memory, bit-packed as DType says.
func (t *Tensor) Bytes() ([]byte, error) {
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	return h.Data, nil
}

// read copies the tensor to host memory of Go's.
func (t *Tensor) read() (*tensor.Tensor, error) {
	if err := t.use(); err != nil {
		return nil, err
	}
	defer t.dev.leave()
	h := &tensor.Tensor{DType: t.dt, Shape: t.shape}
	if t.dev.gpu == nil {
		h.Data = slices.Clone(t.mem.host)
		return h, nil
	}
	if err := t.dev.sync(); err != nil {
		return nil, err
	}
	h.Data = make([]byte, t.mem.size)
	return h, t.dev.gpu.CopyOut(h.Data, t.mem.ptr)
}

// SetBytes overwrites the memory; data has Size bytes, bit-packed as DType says.
func (t *Tensor) SetBytes(data []byte) error {
	if err := t.use(); err != nil {
		return err
	}
	defer t.dev.leave()
	if len(data) != t.mem.size {
		return errorf(ErrShape, "%d bytes for the tensor %s, expected %d", len(data), t, t.mem.size)
	}
	if err := t.dev.sync(); err != nil {
		return err
	}
	return t.mem.write(data)
}

func (m *memory) write(data []byte) error {
	if m.dev.gpu != nil {
		return m.dev.gpu.CopyIn(m.ptr, data)
	}
	copy(m.host, data)
	return nil
}

// Floats are the values as float64, row-major: exact for every float type and for integers up to 2^53.
func (t *Tensor) Floats() ([]float64, error) {
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	return h.Floats(), nil
}

// Ints are the values as int64, row-major; a u64 keeps its bit pattern, a float is truncated and saturated.
func (t *Tensor) Ints() ([]int64, error) {
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	return h.Ints(), nil
}

// Codes are the bit patterns of the elements, row-major.
func (t *Tensor) Codes() ([]uint64, error) {
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	codes := make([]uint64, h.Len())
	for i := range codes {
		codes[i] = h.Code(i)
	}
	return codes, nil
}

// Slice copies a tensor to a Go slice of the same type, row-major; ErrDType for any other.
func Slice[E Element](t *Tensor) ([]E, error) {
	if dt := dtypeOf[E](); dt != t.dt {
		return nil, errorf(ErrDType, "a slice of %s from the tensor %s: use Floats or Ints, which convert", dt, t)
	}
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	s := make([]E, h.Len())
	copy(sliceBytes(s), h.Data)
	return s, nil
}

// sliceBytes is the memory of a slice. Every machine that this builds for is little-endian.
func sliceBytes[E Element](s []E) []byte {
	var e E
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(e)))
}

// To is a copy on a device.
func (t *Tensor) To(d *Device) (*Tensor, error) {
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	return d.upload(h)
}

func shapeError(dt dtype.Type, shape []int, n int) error {
	return errorf(ErrShape, "%d values for a tensor %s%s", n, dt, tensor.ShapeString(shape))
}

// checkShape finds what is wrong with a shape from a caller.
func checkShape(dt dtype.Type, shape []int) (bytes int, err error) {
	if !dt.IsValid() {
		return 0, because(ErrDType, fmt.Errorf("a tensor of no type: the DType is zero"))
	}
	n, err := tensor.Size(dt, shape)
	return n, because(ErrShape, err)
}
