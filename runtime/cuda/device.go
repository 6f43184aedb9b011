package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Device is one GPU with its primary context. Close it when nothing of it is used any more.
type Device struct {
	Ordinal int
	Name    string
	Info

	drv    *driver
	handle uintptr     // CUdevice
	ctx    [11]uintptr // CUcontext, as an argument list for invoke: making it current must not allocate
	closed atomic.Bool
}

// Info is what a device can do. Sizes are in bytes.
type Info struct {
	Major, Minor        int // compute capability: 9, 0
	SMs                 int
	Memory              int // of the whole device
	L2                  int
	SharedPerBlock      int // without opting in
	SharedPerBlockOptIn int // after Function.SetMaxSharedMemory
	SharedPerSM         int
	SharedReserved      int // per block, taken by the driver
	RegistersPerBlock   int
	RegistersPerSM      int
	ThreadsPerBlock     int
	ThreadsPerSM        int
	BlocksPerSM         int
	WarpSize            int
	ClockKHz            int
	MemoryClockKHz      int // 0 where the driver no longer says
	MemoryBusBits       int
	Clusters            bool // thread block clusters
	Cooperative         bool // grid-wide barriers
}

// The attributes of Info in cuda.h (CUdevice_attribute). Those that may be missing in an old driver are read as 0.
func (i *Info) attributes() map[int]*int {
	return map[int]*int{
		1: &i.ThreadsPerBlock, 8: &i.SharedPerBlock, 10: &i.WarpSize, 12: &i.RegistersPerBlock, 13: &i.ClockKHz,
		16: &i.SMs, 36: &i.MemoryClockKHz, 37: &i.MemoryBusBits, 38: &i.L2, 39: &i.ThreadsPerSM, 75: &i.Major, 76: &i.Minor,
		81: &i.SharedPerSM, 82: &i.RegistersPerSM, 97: &i.SharedPerBlockOptIn, 106: &i.BlocksPerSM, 111: &i.SharedReserved,
	}
}

// Open opens a GPU by its ordinal, from 0. The error says what to install or which devices there are; it wraps
// ErrNoDriver or ErrNoDevice where that is the reason.
func Open(ordinal int) (*Device, error) {
	drv, err := theDriver()
	if err != nil {
		return nil, err
	}
	return drv.open(ordinal)
}

func (drv *driver) open(ordinal int) (*Device, error) {
	n, err := drv.count()
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, fmt.Errorf("%w: the driver finds no GPU (is CUDA_VISIBLE_DEVICES set to hide them?)", ErrNoDevice)
	case ordinal < 0 || ordinal >= n:
		return nil, fmt.Errorf("%w %d: this machine has %d, numbered from 0", ErrNoDevice, ordinal, n)
	}
	d := &Device{Ordinal: ordinal, drv: drv}
	var handle int32
	if r := drv.call(drv.deviceGet, uintptr(unsafe.Pointer(&handle)), uintptr(ordinal)); r != 0 {
		return nil, drv.err(r, "cuDeviceGet")
	}
	d.handle = uintptr(handle)
	name := make([]byte, 256)
	if r := drv.call(drv.deviceGetName, uintptr(unsafe.Pointer(&name[0])), 255, d.handle); r != 0 {
		return nil, drv.err(r, "cuDeviceGetName")
	}
	d.Name = goString(unsafe.Pointer(&name[0]))
	for attr, to := range d.attributes() {
		*to = d.attribute(attr)
	}
	d.Cooperative, d.Clusters = d.attribute(95) != 0, d.attribute(120) != 0
	var total uintptr
	if r := drv.call(drv.deviceTotalMem, uintptr(unsafe.Pointer(&total)), d.handle); r != 0 {
		return nil, drv.err(r, "cuDeviceTotalMem")
	}
	d.Memory = int(total)
	if r := drv.call(drv.primaryCtxRetain, uintptr(unsafe.Pointer(&d.ctx[0])), d.handle); r != 0 {
		return nil, drv.err(r, "cuDevicePrimaryCtxRetain", "opening "+d.Name)
	}
	return d, nil
}

func (d *Device) attribute(attr int) int {
	var v int32
	if d.drv.call(d.drv.deviceGetAttribute, uintptr(unsafe.Pointer(&v)), uintptr(attr), d.handle) != 0 {
		return 0
	}
	return int(v)
}

// Close gives the context back. Memory, modules and streams of the device are gone with the last user of its primary
// context. A second Close does nothing.
func (d *Device) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	if r := d.drv.call(d.drv.primaryCtxRelease, d.handle); r != 0 {
		return d.drv.err(r, "cuDevicePrimaryCtxRelease")
	}
	return nil
}

// Target is the compute capability as a compiler target with the architecture-specific suffix where there is one:
// "sm_80", "sm_90a", "sm_100a".
func (d *Device) Target() string {
	s := fmt.Sprintf("sm_%d%d", d.Major, d.Minor)
	if d.Major >= 9 {
		s += "a"
	}
	return s
}

// String is the device in one line.
func (d *Device) String() string {
	return fmt.Sprintf("cuda:%d %s (%s, %d SMs, %.0f GiB, %d MiB L2)", d.Ordinal, d.Name, d.Target(), d.SMs,
		float64(d.Memory)/(1<<30), d.L2>>20)
}

var errClosed = errors.New("the CUDA device is closed")

// enter makes the device's context current on the thread and keeps the goroutine there until leave.
func (d *Device) enter() error {
	if d.closed.Load() {
		return errClosed
	}
	runtime.LockOSThread()
	if r := Result(int32(invoke(d.drv.ctxSetCurrent, &d.ctx))); r != 0 {
		runtime.UnlockOSThread()
		return d.drv.err(r, "cuCtxSetCurrent")
	}
	return nil
}

func (d *Device) leave() { runtime.UnlockOSThread() }

// do is one driver call with the context current. As in driver.call, pointers are converted inside the call expression.
//
//go:uintptrescapes
func (d *Device) do(name string, fn uintptr, args ...uintptr) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	if r := d.drv.call(fn, args...); r != 0 {
		return d.drv.err(r, name)
	}
	return nil
}

// Sync waits until all work on the device is done and returns the error of any kernel that failed.
func (d *Device) Sync() error { return d.do("cuCtxSynchronize", d.drv.ctxSynchronize) }

// MemInfo is the free and the total memory in bytes.
func (d *Device) MemInfo() (free, total int, err error) {
	var f, t uintptr
	err = d.do("cuMemGetInfo", d.drv.memGetInfo, uintptr(unsafe.Pointer(&f)), uintptr(unsafe.Pointer(&t)))
	return int(f), int(t), err
}
