package cuda

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// Launch starts a kernel on a stream (nil is the default one) with `shared` bytes of dynamic shared memory and returns
// when it is queued; errors of the kernel itself come from a later Sync. A grid without blocks has nothing to do and
// starts nothing. The parameters must agree with the kernel's in number and order: the driver cannot check that.
//
// It neither allocates nor reflects when it succeeds (on amd64 outside Windows; elsewhere the call itself allocates).
func (f *Function) Launch(grid, block [3]uint32, shared uint32, s *Stream, p *Params) error {
	if grid[0] == 0 || grid[1] == 0 || grid[2] == 0 {
		return nil
	}
	d := f.dev
	if f.Dependent && d.drv.dependentLaunches() && p.kernelParams() != 0 {
		return f.launchDependent(grid, block, shared, s, p)
	}
	if err := d.enter(); err != nil {
		return err
	}
	args := [11]uintptr{f.handle, uintptr(grid[0]), uintptr(grid[1]), uintptr(grid[2]),
		uintptr(block[0]), uintptr(block[1]), uintptr(block[2]), uintptr(shared), s.raw(), p.kernelParams(), 0}
	r := Result(int32(invoke(d.drv.launchKernel, &args)))
	runtime.KeepAlive(p)
	d.leave()
	if r != 0 {
		return f.launchError(r, "cuLaunchKernel", grid, block, [3]uint32{}, shared)
	}
	return nil
}

// LaunchConfig is a launch with what newer hardware offers beside grid and block.
type LaunchConfig struct {
	Grid, Block [3]uint32
	Shared      uint32 // dynamic, in bytes
	Stream      *Stream
	Cluster     [3]uint32 // blocks per cluster; zero is none. Its product divides the grid's dimension by dimension
	Dependent   bool      // programmatic dependent launch: may start before the kernel ahead of it in the stream ends
	Cooperative bool      // all blocks run at a time, so that they may wait for one another
}

// CUlaunchConfig and CUlaunchAttribute of cuda.h. The value of an attribute is a union of 64 bytes.
type cuLaunchConfig struct {
	grid, block [3]uint32
	shared      uint32
	_           uint32
	stream      uintptr
	attrs       unsafe.Pointer
	numAttrs    uint32
	_           uint32
}

type cuLaunchAttribute struct {
	id    uint32
	_     uint32
	value [16]uint32
}

// Identifiers of attributes (CUlaunchAttributeID).
const (
	attrCooperative         = 2
	attrCluster             = 4
	attrStreamSerialization = 6
)

// ErrNoLaunchEx says that the driver is older than CUDA 11.8 and has no launches with attributes.
var ErrNoLaunchEx = errors.New("the CUDA driver has no cuLaunchKernelEx: clusters and dependent launches need 11.8 or later")

// LaunchEx is Launch with the attributes of c.
func (f *Function) LaunchEx(c LaunchConfig, p *Params) error {
	if c.Cluster == [3]uint32{} && !c.Dependent && !c.Cooperative {
		return f.Launch(c.Grid, c.Block, c.Shared, c.Stream, p)
	}
	if c.Grid[0] == 0 || c.Grid[1] == 0 || c.Grid[2] == 0 {
		return nil
	}
	d := f.dev
	if d.drv.launchKernelEx == 0 {
		return ErrNoLaunchEx
	}
	// One object on the heap, so that the inner pointer stays valid with the outer.
	m := &struct {
		config cuLaunchConfig
		attrs  [3]cuLaunchAttribute
	}{}
	n := 0
	add := func(id uint32, value ...uint32) {
		m.attrs[n].id = id
		copy(m.attrs[n].value[:], value)
		n++
	}
	if c.Cluster != [3]uint32{} {
		if !d.Clusters {
			return fmt.Errorf("the kernel %q wants clusters, which %s does not have", f.Name, d.Name)
		}
		for i, size := range c.Cluster {
			if size == 0 || c.Grid[i]%size != 0 {
				return fmt.Errorf("the kernel %q: the clusters %v do not divide the grid %v", f.Name, c.Cluster, c.Grid)
			}
		}
		add(attrCluster, c.Cluster[:]...)
	}
	if c.Dependent {
		add(attrStreamSerialization, 1)
	}
	if c.Cooperative {
		add(attrCooperative, 1)
	}
	var pin runtime.Pinner
	pin.Pin(m)
	defer pin.Unpin()
	m.config = cuLaunchConfig{grid: c.Grid, block: c.Block, shared: c.Shared, stream: c.Stream.raw(),
		attrs: unsafe.Pointer(&m.attrs[0]), numAttrs: uint32(n)}
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	r := d.drv.call(d.drv.launchKernelEx, uintptr(unsafe.Pointer(&m.config)), f.handle, p.kernelParams(), 0)
	runtime.KeepAlive(p)
	if r != 0 {
		return f.launchError(r, "cuLaunchKernelEx", c.Grid, c.Block, c.Cluster, c.Shared)
	}
	return nil
}

// launchError says what of a launch does not fit the device. The driver itself says only "invalid argument".
func (f *Function) launchError(r Result, call string, grid, block, cluster [3]uint32, shared uint32) error {
	d := f.dev
	detail := fmt.Sprintf("launching %q with grid %v, block %v, %d bytes of dynamic shared memory", f.Name, grid, block, shared)
	if cluster != [3]uint32{} {
		detail += fmt.Sprintf(", clusters %v", cluster)
	}
	threads := uint64(block[0]) * uint64(block[1]) * uint64(block[2])
	why := ""
	switch {
	case threads == 0:
		why = "the block has no threads"
	case threads > uint64(f.MaxThreads):
		why = fmt.Sprintf("the block has %d threads, this kernel runs with at most %d (%d registers each)", threads, f.MaxThreads, f.Registers)
	case grid[0] > math.MaxInt32 || grid[1] > 65535 || grid[2] > 65535:
		why = "a grid has at most 2147483647 × 65535 × 65535 blocks"
	case int(shared)+f.SharedBytes > d.SharedPerBlockOptIn:
		why = fmt.Sprintf("a block has at most %d bytes of shared memory, %d are static in this kernel", d.SharedPerBlockOptIn, f.SharedBytes)
	case int(shared)+f.SharedBytes > d.SharedPerBlock:
		why = fmt.Sprintf("more than %d bytes of shared memory need SetMaxSharedMemory first", d.SharedPerBlock)
	}
	if why != "" {
		return d.drv.err(r, call, detail, why)
	}
	return d.drv.err(r, call, detail)
}
