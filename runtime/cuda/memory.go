package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// Ptr is an address in device memory (CUdeviceptr); 0 is none.
type Ptr uint64

// Add is the address n bytes on.
func (p Ptr) Add(n int) Ptr { return p + Ptr(n) }

// Alloc takes n bytes of device memory, aligned to 256 bytes and not cleared. Zero bytes are a valid address too, so
// that an empty tensor needs no special case. Free it.
func (d *Device) Alloc(n int) (Ptr, error) {
	if n < 0 {
		return 0, fmt.Errorf("cannot allocate %d bytes", n)
	}
	var p uint64
	err := d.do("cuMemAlloc", d.drv.memAlloc, uintptr(unsafe.Pointer(&p)), uintptr(max(n, 16)))
	var e *Error
	if errors.As(err, &e) && e.Result == outOfMemory {
		free, total, _ := d.MemInfo()
		e.Detail = fmt.Sprintf("%d bytes were asked for, %d of %d are free on %s", n, free, total, d.Name)
	}
	return Ptr(p), err
}

// Free gives memory back, once nothing uses it: it waits for the device. Freeing 0 does nothing.
func (d *Device) Free(p Ptr) error {
	if p == 0 {
		return nil
	}
	return d.do("cuMemFree", d.drv.memFree, uintptr(p))
}

// CopyIn copies src to device memory and waits until it is there: a kernel launched next on any stream sees it.
func (d *Device) CopyIn(dst Ptr, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	err := d.do("cuMemcpyHtoD", d.drv.memcpyHtoD, uintptr(dst), uintptr(unsafe.Pointer(&src[0])), uintptr(len(src)))
	if err != nil {
		return err
	}
	// From pageable memory the driver may return before the last of the copy has reached the device, and streams made
	// here do not wait for the default stream.
	return d.do("cuStreamSynchronize", d.drv.streamSynchronize, 0)
}

// CopyOut copies device memory to dst and returns when it is there. It runs on the default stream, which does not wait
// for work on other streams: synchronise those first.
func (d *Device) CopyOut(dst []byte, src Ptr) error {
	if len(dst) == 0 {
		return nil
	}
	return d.do("cuMemcpyDtoH", d.drv.memcpyDtoH, uintptr(unsafe.Pointer(&dst[0])), uintptr(src), uintptr(len(dst)))
}

// Memset sets n bytes and waits until that is done.
func (d *Device) Memset(p Ptr, value byte, n int) error {
	if n <= 0 {
		return nil
	}
	if err := d.do("cuMemsetD8", d.drv.memsetD8, uintptr(p), uintptr(value), uintptr(n)); err != nil {
		return err
	}
	return d.do("cuStreamSynchronize", d.drv.streamSynchronize, 0)
}

// MemsetAsync sets n bytes in the order of a stream.
func (d *Device) MemsetAsync(p Ptr, value byte, n int, s *Stream) error {
	if n <= 0 {
		return nil
	}
	return d.do("cuMemsetD8Async", d.drv.memsetD8Async, uintptr(p), uintptr(value), uintptr(n), s.raw())
}

// CopyDevice copies n bytes within the device in the order of a stream.
func (d *Device) CopyDevice(dst, src Ptr, n int, s *Stream) error {
	if n <= 0 {
		return nil
	}
	return d.do("cuMemcpyDtoDAsync", d.drv.memcpyDtoDAsync, uintptr(dst), uintptr(src), uintptr(n), s.raw())
}

// HostBuffer is page-locked host memory outside Go's heap: the only kind that asynchronous copies may use.
type HostBuffer struct {
	Bytes []byte // must not be used after Free
	dev   *Device
	p     unsafe.Pointer
}

// AllocHost takes n bytes of page-locked host memory. Free it.
func (d *Device) AllocHost(n int) (*HostBuffer, error) {
	if n < 0 {
		return nil, fmt.Errorf("cannot allocate %d bytes", n)
	}
	b := &HostBuffer{dev: d}
	if err := d.do("cuMemHostAlloc", d.drv.memHostAlloc, uintptr(unsafe.Pointer(&b.p)), uintptr(max(n, 16)), 0); err != nil {
		return nil, err
	}
	b.Bytes = unsafe.Slice((*byte)(b.p), n)
	return b, nil
}

// Free gives the memory back, once no copy uses it any more.
func (b *HostBuffer) Free() error {
	if b.p == nil {
		return nil
	}
	p := uintptr(b.p)
	b.p, b.Bytes = nil, nil
	return b.dev.do("cuMemFreeHost", b.dev.drv.memFreeHost, p)
}

// CopyInAsync copies the first n bytes of a host buffer to the device in the order of a stream.
func (d *Device) CopyInAsync(dst Ptr, src *HostBuffer, n int, s *Stream) error {
	if n < 0 || n > len(src.Bytes) {
		return fmt.Errorf("copying %d bytes of a host buffer of %d", n, len(src.Bytes))
	}
	return d.do("cuMemcpyHtoDAsync", d.drv.memcpyHtoDAsync, uintptr(dst), uintptr(src.p), uintptr(n), s.raw())
}

// CopyOutAsync copies n bytes to the start of a host buffer in the order of a stream; they are there after its Sync.
func (d *Device) CopyOutAsync(dst *HostBuffer, src Ptr, n int, s *Stream) error {
	if n < 0 || n > len(dst.Bytes) {
		return fmt.Errorf("copying %d bytes to a host buffer of %d", n, len(dst.Bytes))
	}
	return d.do("cuMemcpyDtoHAsync", d.drv.memcpyDtoHAsync, uintptr(dst.p), uintptr(src), uintptr(n), s.raw())
}

// CheckPtr says what is wrong with n bytes at p as an argument on this device: memory of the host or of another device,
// not memory of CUDA's at all, or an allocation that ends before p+n. It costs microseconds: use it where pointers
// come from outside.
func (d *Device) CheckPtr(p Ptr, n int) error {
	const ordinal, start, size, memType = 9, 11, 12, 2
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	attr := func(which int) (uint64, Result) {
		v := new(uint64)
		r := d.drv.call(d.drv.pointerGetAttribute, uintptr(unsafe.Pointer(v)), uintptr(which), uintptr(p))
		runtime.KeepAlive(v)
		return *v, r
	}
	if kind, r := attr(memType); r != 0 || uint32(kind) == 0 {
		return fmt.Errorf("%#x is not an address of CUDA's memory", uint64(p))
	} else if uint32(kind) == 1 {
		return fmt.Errorf("%#x is host memory: memory of cuda:%d is expected", uint64(p), d.Ordinal)
	}
	if on, r := attr(ordinal); r == 0 && int(int32(on)) != d.Ordinal {
		return fmt.Errorf("%#x is memory of cuda:%d: memory of cuda:%d is expected", uint64(p), int32(on), d.Ordinal)
	}
	from, r1 := attr(start)
	length, r2 := attr(size)
	if r1 == 0 && r2 == 0 && uint64(p)+uint64(n) > from+length {
		return fmt.Errorf("%d bytes at %#x reach past the end of their allocation (%d bytes are left)", n, uint64(p),
			from+length-uint64(p))
	}
	return nil
}
