package cuda

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Params are the arguments of a kernel, in order, in memory that the driver may read: built once, changed and launched
// many times. A launch has copied them when it returns, so that they can change at once for the next. One Params is for
// one goroutine at a time.
type Params struct{ mem *paramMemory }

// paramMemory is what the driver sees: the void** and the values behind it.
type paramMemory struct {
	ptrs   []unsafe.Pointer
	values []uint64
	blobs  [][]byte
	pin    runtime.Pinner
	spare  atomic.Pointer[dependentConfig] // for the next dependent launch
}

// NewParams makes room for n arguments, all zero. A kernel without arguments takes nil or NewParams(0).
func NewParams(n int) *Params {
	mem := &paramMemory{ptrs: make([]unsafe.Pointer, n), values: make([]uint64, n)}
	p := &Params{mem: mem}
	if n == 0 {
		return p
	}
	for i := range mem.ptrs {
		mem.ptrs[i] = unsafe.Pointer(&mem.values[i])
	}
	mem.pin.Pin(&mem.values[0])
	mem.pin.Pin(&mem.ptrs[0])
	// The pinned slices are not p itself, so that p can be collected and then lets them go.
	runtime.AddCleanup(p, func(m *paramMemory) { m.pin.Unpin() }, mem)
	return p
}

// Len is the number of arguments.
func (p *Params) Len() int { return len(p.mem.ptrs) }

// SetBits sets argument i to the low bytes of v, as many as the kernel's parameter has: scalars of up to 64 bits of any
// type, by their bit pattern. It panics, as an index does, when there is no argument i.
func (p *Params) SetBits(i int, v uint64) {
	p.mem.values[i] = v
	p.mem.ptrs[i] = unsafe.Pointer(&p.mem.values[i])
}

// SetPtr sets a tensor argument.
func (p *Params) SetPtr(i int, v Ptr) { p.SetBits(i, uint64(v)) }

// SetI64 sets a dimension or an integer scalar of any width.
func (p *Params) SetI64(i int, v int64) { p.SetBits(i, uint64(v)) }

// SetF32 sets an f32 scalar.
func (p *Params) SetF32(i int, v float32) { p.SetBits(i, uint64(math.Float32bits(v))) }

// SetF64 sets an f64 scalar.
func (p *Params) SetF64(i int, v float64) { p.SetBits(i, math.Float64bits(v)) }

// SetBytes sets an argument that is wider than 8 bytes, such as a tensor map (128 bytes aligned to 64), to a copy of b.
// The alignment is a power of two.
func (p *Params) SetBytes(i int, b []byte, align int) {
	if align < 1 || align&(align-1) != 0 {
		panic(fmt.Sprintf("cuda: the alignment %d is no power of two", align))
	}
	// Go aligns to 8 at most by promise: take room to align by hand.
	room := make([]byte, len(b)+align)
	off := int(-uintptr(unsafe.Pointer(&room[0])) & uintptr(align-1))
	copy(room[off:], b)
	p.mem.pin.Pin(&room[0])
	p.mem.blobs = append(p.mem.blobs, room)
	p.mem.ptrs[i] = unsafe.Pointer(&room[off])
}

// kernelParams is the void** for the driver.
func (p *Params) kernelParams() uintptr {
	if p == nil || len(p.mem.ptrs) == 0 {
		return 0
	}
	return uintptr(unsafe.Pointer(&p.mem.ptrs[0]))
}
