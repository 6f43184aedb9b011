package girih

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// The structures of dlpack.h (DLPack 1.1, dmlc/dlpack), as C lays them out on 64-bit machines.
type (
	dlDevice struct{ kind, id int32 }

	dlDataType struct {
		code, bits uint8
		lanes      uint16
	}

	dlTensor struct {
		data       unsafe.Pointer
		device     dlDevice
		ndim       int32
		dtype      dlDataType
		shape      *int64
		strides    *int64 // in elements; nil is row-major and dense
		byteOffset uint64
	}

	dlManagedTensor struct {
		tensor  dlTensor
		manager uintptr // of who made it
		deleter uintptr // void (*)(DLManagedTensor *); may be 0
	}
)

// Device types of DLPack.
const (
	dlCPU     = 1
	dlCUDA    = 2
	dlManaged = 13 // CUDA memory that host and devices share
)

// dlCodes are the type codes of DLPack for formats that its kind and width alone do not tell.
var dlCodes = map[dtype.Type]uint8{
	dtype.BF16: 4, dtype.Bool: 6, dtype.F8E4M3FN: 10, dtype.F8E4M3FNUZ: 11, dtype.F8E5M2: 12, dtype.F8E5M2FNUZ: 13,
	dtype.F8E8M0: 14, dtype.F6E2M3: 15, dtype.F6E3M2: 16, dtype.F4E2M1: 17,
}

func toDL(t dtype.Type) (dlDataType, error) {
	d := dlDataType{bits: uint8(t.Bits()), lanes: 1}
	code, ok := dlCodes[t]
	switch {
	case ok:
		d.code = code
	case t.IsInt() && t.IsSigned():
		d.code = 0
	case t.IsInt():
		d.code = 1
	case t == dtype.F16 || t == dtype.F32 || t == dtype.F64:
		d.code = 2
	default:
		return d, errorf(ErrDType, "DLPack has no type for %s", t)
	}
	return d, nil
}

func fromDL(d dlDataType) (dtype.Type, error) {
	bad := errorf(ErrDType, "the DLPack type of code %d, %d bits and %d lanes is not known", d.code, d.bits, d.lanes)
	if d.lanes != 1 {
		return dtype.Invalid, bad
	}
	switch d.code {
	case 0:
		if t := dtype.I(int(d.bits)); t.IsValid() {
			return t, nil
		}
	case 1:
		if t := dtype.U(int(d.bits)); t.IsValid() {
			return t, nil
		}
	case 2:
		for _, t := range []dtype.Type{dtype.F16, dtype.F32, dtype.F64} {
			if t.Bits() == int(d.bits) {
				return t, nil
			}
		}
	}
	for t, code := range dlCodes {
		if code == d.code && t.Bits() == int(d.bits) {
			return t, nil
		}
	}
	return dtype.Invalid, bad
}

// exported is a tensor that somebody else holds: what its structure points to, in place until the deleter is called.
type exported struct {
	m     dlManagedTensor
	shape []int64
	mem   *memory
	pin   runtime.Pinner
}

var exports struct {
	sync.Mutex
	next uintptr
	held map[uintptr]*exported
}

// DLPack exports the tensor without a copy: the result is the address of a DLManagedTensor of DLPack (the form without a
// version), to be given to a consumer, such as the capsule "dltensor" of Python. The memory stays until the consumer calls
// the structure's deleter, also when the tensor is freed meanwhile; Device.Close ends it all the same. Work queued on
// the device is waited for first. ErrDType for a type that DLPack lacks.
func (t *Tensor) DLPack() (uintptr, error) {
	dt, err := toDL(t.dt)
	if err != nil {
		return 0, err
	}
	deleter, err := dlDeleter()
	if err != nil {
		return 0, err
	}
	if err := t.use(); err != nil {
		return 0, err
	}
	defer t.dev.leave()
	if err := t.dev.sync(); err != nil {
		return 0, err
	}
	if !t.mem.retain() {
		return 0, t.errFreed()
	}
	e := &exported{mem: t.mem}
	for _, n := range t.shape {
		e.shape = append(e.shape, int64(n))
	}
	addr := t.address()
	e.m.tensor = dlTensor{data: *(*unsafe.Pointer)(unsafe.Pointer(&addr)), device: dlDevice{kind: dlCPU}, ndim: int32(len(t.shape)), dtype: dt}
	if t.dev.gpu != nil {
		e.m.tensor.device = dlDevice{dlCUDA, int32(t.dev.gpu.Ordinal)}
	} else if len(t.mem.host) > 0 {
		e.pin.Pin(&t.mem.host[0])
	}
	if len(e.shape) > 0 {
		e.pin.Pin(&e.shape[0])
		e.m.tensor.shape = &e.shape[0]
	}
	e.pin.Pin(e)
	exports.Lock()
	defer exports.Unlock()
	if exports.held == nil {
		exports.held = map[uintptr]*exported{}
	}
	exports.next++
	e.m.manager, e.m.deleter = exports.next, deleter
	exports.held[exports.next] = e
	return uintptr(unsafe.Pointer(&e.m)), nil
}

// dlRelease is what the deleter does. Calling it twice is the consumer's mistake and does nothing.
func dlRelease(manager uintptr) {
	exports.Lock()
	e := exports.held[manager]
	delete(exports.held, manager)
	exports.Unlock()
	if e == nil {
		return
	}
	e.pin.Unpin()
	// The memory's owner may wait for the device: not on the consumer's thread.
	go func() { _ = e.mem.drop() }()
}

// FromDLPack imports a DLManagedTensor (the form without a version) by its address, without a copy, and takes it over: its
// deleter is called once nobody uses the tensor any more. It must be dense and row-major (ErrLayout), of a type that
// exists here (ErrDType) and in this device's memory (ErrDevice). When it is refused it stays the caller's.
func (d *Device) FromDLPack(managed uintptr) (*Tensor, error) {
	if managed == 0 {
		return nil, errorf(ErrArgument, "DLPack: no structure")
	}
	m := *(**dlManagedTensor)(unsafe.Pointer(&managed)) // an address of C's, which no collector moves
	t := &m.tensor
	dt, err := fromDL(t.dtype)
	if err != nil {
		return nil, err
	}
	switch kind := t.device.kind; {
	case d.gpu == nil && kind != dlCPU:
		return nil, errorf(ErrDevice, "a DLPack tensor on a device of type %d, expected host memory (%d) for %s", kind, dlCPU, d.name)
	case d.gpu != nil && kind != dlManaged && (kind != dlCUDA || int(t.device.id) != d.gpu.Ordinal):
		return nil, errorf(ErrDevice, "a DLPack tensor on device %d of type %d, expected %s", t.device.id, kind, d.name)
	case t.ndim < 0 || t.ndim > 64 || t.ndim > 0 && t.shape == nil:
		return nil, errorf(ErrShape, "a DLPack tensor of %d dimensions", t.ndim)
	}
	shape := []int{}
	for _, n := range unsafe.Slice(t.shape, t.ndim) {
		shape = append(shape, int(n))
	}
	if t.strides != nil {
		if err := dense(shape, unsafe.Slice(t.strides, t.ndim)); err != nil {
			return nil, err
		}
	}
	return d.FromPointer(uintptr(t.data)+uintptr(t.byteOffset), DType{dt}, shape, func() {
		if m.deleter != 0 {
			dlCall(m.deleter, managed)
		}
	})
}

// dense refuses strides other than row-major ones; those of dimensions of extent 1 do not matter, and none do in an empty
// tensor.
func dense(shape []int, strides []int64) error {
	if slices.Contains(shape, 0) {
		return nil
	}
	want := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 && strides[i] != want {
			return errorf(ErrLayout, "a DLPack tensor %s with strides %v: a dense row-major one is expected, copy it first", tensor.ShapeString(shape), strides)
		}
		want *= int64(shape[i])
	}
	return nil
}
