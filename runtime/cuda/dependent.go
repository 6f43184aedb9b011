package cuda

import (
	"runtime"
	"unsafe"
)

// dependentLaunches reports a driver that takes the attribute in plain streams and in captured ones, where it becomes a programmatic
// edge of the graph (CUDA 12.3). Without it a launch waits for the end of the kernel before, as any other.
func (d *driver) dependentLaunches() bool { return d.launchKernelEx != 0 && d.version >= 12030 }

// dependentConfig is what the driver reads for a dependent launch.
type dependentConfig struct {
	config cuLaunchConfig
	attr   cuLaunchAttribute
}

// takeConfig is the configuration that the last launch with these parameters left, or a new one where another goroutine uses
// that. It is on the heap, which does not move: a stack may, between here and the call.
func (p *Params) takeConfig() *dependentConfig {
	if c := p.mem.spare.Swap(nil); c != nil {
		return c
	}
	c := &dependentConfig{attr: cuLaunchAttribute{id: attrStreamSerialization, value: [16]uint32{1}}}
	c.config.attrs, c.config.numAttrs = unsafe.Pointer(&c.attr), 1
	return c
}

// launchDependent is Launch for code that waits by itself for the kernel ahead of it in the stream.
func (f *Function) launchDependent(grid, block [3]uint32, shared uint32, s *Stream, p *Params) error {
	d, c := f.dev, p.takeConfig()
	c.config.grid, c.config.block, c.config.shared, c.config.stream = grid, block, shared, s.raw()
	if err := d.enter(); err != nil {
		return err
	}
	args := [11]uintptr{uintptr(unsafe.Pointer(&c.config)), f.handle, p.kernelParams(), 0}
	r := Result(int32(invoke(d.drv.launchKernelEx, &args)))
	runtime.KeepAlive(c)
	runtime.KeepAlive(p)
	d.leave()
	p.mem.spare.Store(c)
	if r != 0 {
		return f.launchError(r, "cuLaunchKernelEx", grid, block, [3]uint32{}, shared)
	}
	return nil
}
