package girih

import (
	"errors"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/girih-lang/girih/runtime/cuda"
)

// memory is a piece of a device's memory, shared by the tensors over it and by host runs that use it. It goes away with the
// last of them.
type memory struct {
	dev  *Device
	host []byte   // on vm and cpu; longer than size where the allocator rounds up
	ptr  cuda.Ptr // on a GPU
	size int
	refs atomic.Int64
	once sync.Once
	give func() error // nil: the garbage collector has it
}

// hostAlign is the alignment of host memory made here; generated C wants that of an element at least.
const hostAlign = 64

// alloc takes memory. The device must be entered.
func (d *Device) alloc(n int) (*memory, error) {
	m := &memory{dev: d, size: n}
	// Elements that share bytes are accessed by words: whole ones belong to the tensor.
	room := (n + 15) &^ 15
	if d.gpu == nil {
		b := make([]byte, room+hostAlign)
		off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (hostAlign - 1))
		m.host = b[off : off+n : off+room]
	} else {
		p, err := d.gpu.Alloc(room)
		if err != nil {
			return nil, err
		}
		m.ptr = p
		m.give = func() error { return d.gpu.Free(p) }
	}
	return m, d.adopt(m)
}

// adopt makes Close responsible for the memory. The device must be entered.
func (d *Device) adopt(m *memory) error {
	m.refs.Store(1)
	d.memMu.Lock()
	defer d.memMu.Unlock()
	if d.mem == nil {
		return errors.Join(d.errClosed(), m.release())
	}
	if m.give != nil {
		d.mem[m] = struct{}{}
	}
	return nil
}

// retain takes another reference; false when the memory is on its way out.
func (m *memory) retain() bool {
	for {
		n := m.refs.Load()
		if n <= 0 {
			return false
		}
		if m.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// drop gives a reference back. The caller must not hold the device's lock.
func (m *memory) drop() error {
	if m.refs.Add(-1) != 0 || m.give == nil {
		return nil
	}
	d := m.dev
	d.memMu.Lock()
	delete(d.mem, m)
	d.memMu.Unlock()
	// Once the lock is had, nobody is between its check that the tensor is not freed and its launch or copy.
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if err := m.release(); !closed {
		return err
	}
	return nil // gone with the device
}

// release frees once.
func (m *memory) release() error {
	var err error
	m.once.Do(func() {
		if m.give != nil {
			err = m.give()
		}
	})
	return err
}
