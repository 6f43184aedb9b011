package girih

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
)

// The structures lie as dlpack.h has them on a 64-bit machine.
func TestDLPackLayout(t *testing.T) {
	assert.Equal(t, uintptr(48), unsafe.Sizeof(dlTensor{}))
	assert.Equal(t, uintptr(64), unsafe.Sizeof(dlManagedTensor{}))
	var m dlManagedTensor
	assert.Equal(t, uintptr(20), unsafe.Offsetof(m.tensor.dtype))
	assert.Equal(t, uintptr(24), unsafe.Offsetof(m.tensor.shape))
	assert.Equal(t, uintptr(40), unsafe.Offsetof(m.tensor.byteOffset))
	assert.Equal(t, uintptr(56), unsafe.Offsetof(m.deleter))
	for _, dt := range dtype.All() {
		d, err := toDL(dt)
		if err != nil {
			assert.ErrorIs(t, err, ErrDType)
			continue
		}
		back, err := fromDL(d)
		require.NoError(t, err)
		assert.Equal(t, dt, back)
	}
}

func TestDLPack(t *testing.T) {
	if _, err := dlDeleter(); err != nil {
		t.Skip(err)
	}
	vm, err := Open("vm")
	require.NoError(t, err)
	defer vm.Close()
	x, err := FromSlice(vm, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	require.NoError(t, err)
	p, err := x.DLPack()
	require.NoError(t, err)
	y, err := vm.FromDLPack(p)
	require.NoError(t, err)
	require.NoError(t, x.SetBytes(make([]byte, 24)))
	v, err := y.Floats()
	require.NoError(t, err)
	assert.Equal(t, make([]float64, 6), v, "the memory is shared")
	assert.Equal(t, []int{2, 3}, y.Shape())

	// The memory stays for the consumer, who gives it back through the deleter.
	require.NoError(t, x.Free())
	_, err = x.DLPack()
	assert.ErrorIs(t, err, ErrFreed)
	require.NoError(t, y.SetBytes(make([]byte, 24)))
	assert.EqualValues(t, 1, x.mem.refs.Load())
	require.NoError(t, y.Free())
	for range 1000 {
		if x.mem.refs.Load() == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	assert.Zero(t, x.mem.refs.Load())
	assert.Empty(t, exports.held)

	// What is refused stays the caller's.
	shape, strides := []int64{2, 3}, []int64{1, 2}
	data := make([]float32, 8)
	var pin runtime.Pinner
	defer pin.Unpin()
	m := &dlManagedTensor{tensor: dlTensor{data: unsafe.Pointer(&data[0]), device: dlDevice{kind: dlCPU}, ndim: 2, dtype: dlDataType{2, 32, 1}, shape: &shape[0]}}
	pin.Pin(m)
	addr := uintptr(unsafe.Pointer(m))
	m.tensor.strides = &strides[0]
	_, err = vm.FromDLPack(addr)
	assert.ErrorIs(t, err, ErrLayout)
	strides[0], strides[1] = 3, 1
	ok, err := vm.FromDLPack(addr)
	require.NoError(t, err)
	require.NoError(t, ok.Free())
	m.tensor.device.kind = dlCUDA
	_, err = vm.FromDLPack(addr)
	assert.ErrorIs(t, err, ErrDevice)
	m.tensor.device.kind, m.tensor.byteOffset = dlCPU, 2
	_, err = vm.FromDLPack(addr)
	assert.ErrorIs(t, err, ErrLayout)
	m.tensor.dtype.lanes = 4
	_, err = vm.FromDLPack(addr)
	assert.ErrorIs(t, err, ErrDType)
	_, err = vm.FromDLPack(0)
	assert.ErrorIs(t, err, ErrArgument)
}
