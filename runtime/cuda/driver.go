package cuda

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

// ErrNoDriver is in the chain of Open's error when no usable libcuda is on this machine, ErrNoDevice when the driver
// is there and no GPU is.
var (
	ErrNoDriver = errors.New("no CUDA driver")
	ErrNoDevice = errors.New("no CUDA device")
)

// driver holds the addresses of the entry points of one loaded libcuda.
type driver struct {
	path    string
	version int // 13000 is CUDA 13.0: the newest PTX and API that the driver knows

	init, driverGetVersion, getErrorName, getErrorString                      uintptr
	deviceGetCount, deviceGet, deviceGetName, deviceGetAttribute              uintptr
	deviceTotalMem, primaryCtxRetain, primaryCtxRelease                       uintptr
	ctxSetCurrent, ctxSynchronize, memGetInfo                                 uintptr
	memAlloc, memFree, memHostAlloc, memFreeHost, pointerGetAttribute         uintptr
	memcpyHtoD, memcpyDtoH, memcpyHtoDAsync, memcpyDtoHAsync, memcpyDtoDAsync uintptr
	memsetD8, memsetD8Async                                                   uintptr
	linkCreate, linkAddData, linkComplete, linkDestroy                        uintptr
	moduleLoadDataEx, moduleUnload, moduleGetFunction                         uintptr
	funcGetAttribute, funcSetAttribute, launchKernel                          uintptr
	streamCreate, streamDestroy, streamSynchronize, streamWaitEvent           uintptr
	eventCreate, eventDestroy, eventRecord, eventSynchronize, eventElapsed    uintptr
	streamBeginCapture, streamEndCapture, graphInstantiate, graphLaunch       uintptr
	graphDestroy, graphExecDestroy                                            uintptr
	launchKernelEx, occupancyMaxActiveBlocks, occupancyMaxActiveClusters      uintptr // optional: 0 where missing
}

// symbols names the entry points. The versioned names are what cuda.h maps the plain ones to; where two are given, the
// first that exists is taken.
func (d *driver) symbols() []symbol {
	return []symbol{
		{&d.init, "cuInit", false},
		{&d.driverGetVersion, "cuDriverGetVersion", false},
		{&d.getErrorName, "cuGetErrorName", false},
		{&d.getErrorString, "cuGetErrorString", false},
		{&d.deviceGetCount, "cuDeviceGetCount", false},
		{&d.deviceGet, "cuDeviceGet", false},
		{&d.deviceGetName, "cuDeviceGetName", false},
		{&d.deviceGetAttribute, "cuDeviceGetAttribute", false},
		{&d.deviceTotalMem, "cuDeviceTotalMem_v2", false},
		{&d.primaryCtxRetain, "cuDevicePrimaryCtxRetain", false},
		{&d.primaryCtxRelease, "cuDevicePrimaryCtxRelease_v2 cuDevicePrimaryCtxRelease", false},
		{&d.ctxSetCurrent, "cuCtxSetCurrent", false},
		{&d.ctxSynchronize, "cuCtxSynchronize", false},
		{&d.memGetInfo, "cuMemGetInfo_v2", false},
		{&d.memAlloc, "cuMemAlloc_v2", false},
		{&d.memFree, "cuMemFree_v2", false},
		{&d.memHostAlloc, "cuMemHostAlloc", false},
		{&d.memFreeHost, "cuMemFreeHost", false},
		{&d.pointerGetAttribute, "cuPointerGetAttribute", false},
		{&d.memcpyHtoD, "cuMemcpyHtoD_v2", false},
		{&d.memcpyDtoH, "cuMemcpyDtoH_v2", false},
		{&d.memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", false},
		{&d.memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", false},
		{&d.memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", false},
		{&d.memsetD8, "cuMemsetD8_v2", false},
		{&d.memsetD8Async, "cuMemsetD8Async", false},
		{&d.linkCreate, "cuLinkCreate_v2", false},
		{&d.linkAddData, "cuLinkAddData_v2", false},
		{&d.linkComplete, "cuLinkComplete", false},
		{&d.linkDestroy, "cuLinkDestroy", false},
		{&d.moduleLoadDataEx, "cuModuleLoadDataEx", false},
		{&d.moduleUnload, "cuModuleUnload", false},
		{&d.moduleGetFunction, "cuModuleGetFunction", false},
		{&d.funcGetAttribute, "cuFuncGetAttribute", false},
		{&d.funcSetAttribute, "cuFuncSetAttribute", false},
		{&d.launchKernel, "cuLaunchKernel", false},
		{&d.streamCreate, "cuStreamCreate", false},
		{&d.streamDestroy, "cuStreamDestroy_v2", false},
		{&d.streamSynchronize, "cuStreamSynchronize", false},
		{&d.streamWaitEvent, "cuStreamWaitEvent", false},
		{&d.eventCreate, "cuEventCreate", false},
		{&d.eventDestroy, "cuEventDestroy_v2", false},
		{&d.eventRecord, "cuEventRecord", false},
		{&d.eventSynchronize, "cuEventSynchronize", false},
		{&d.eventElapsed, "cuEventElapsedTime_v2 cuEventElapsedTime", false},
		{&d.streamBeginCapture, "cuStreamBeginCapture_v2", false},
		{&d.streamEndCapture, "cuStreamEndCapture", false},
		{&d.graphInstantiate, "cuGraphInstantiateWithFlags", false},
		{&d.graphLaunch, "cuGraphLaunch", false},
		{&d.graphDestroy, "cuGraphDestroy", false},
		{&d.graphExecDestroy, "cuGraphExecDestroy", false},
		{&d.launchKernelEx, "cuLaunchKernelEx", true},
		{&d.occupancyMaxActiveBlocks, "cuOccupancyMaxActiveBlocksPerMultiprocessor", true},
		{&d.occupancyMaxActiveClusters, "cuOccupancyMaxActiveClusters", true},
	}
}

type symbol struct {
	to       *uintptr
	names    string
	optional bool
}

// theDriver loads libcuda once per process. A machine does not grow a driver while a program runs.
var theDriver = sync.OnceValues(func() (*driver, error) {
	paths := libraries
	if path := os.Getenv("GIRIH_LIBCUDA"); path != "" {
		paths = []string{path}
	}
	return loadDriver(paths)
})

const howToInstall = "install the NVIDIA driver of this machine's GPU (Debian and Ubuntu: the package nvidia-driver), " +
	"or in a container start it with the GPU (docker run --gpus all, from nvidia-container-toolkit); " +
	"GIRIH_LIBCUDA names a library in an unusual place"

// loadDriver opens the first library that exists and finds its entry points.
func loadDriver(paths []string) (*driver, error) {
	var tried []string
	for _, path := range paths {
		lib, err := dlopen(path)
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		d := &driver{path: path}
		for _, s := range d.symbols() {
			for _, name := range strings.Fields(s.names) {
				if addr, err := dlsym(lib, name); err == nil && addr != 0 {
					*s.to = addr
					break
				}
			}
			if *s.to == 0 && !s.optional {
				return nil, fmt.Errorf("%w: %s has no %s: the driver is too old (CUDA 11.4 or later is needed); "+
					"update the NVIDIA driver", ErrNoDriver, path, strings.Fields(s.names)[0])
			}
		}
		var version int32
		if r := d.call(d.driverGetVersion, uintptr(unsafe.Pointer(&version))); r != 0 {
			return nil, d.err(r, "cuDriverGetVersion")
		}
		d.version = int(version)
		if r := d.call(d.init, 0); r != 0 {
			err := d.err(r, "cuInit")
			if r == noDevice {
				return nil, fmt.Errorf("%w: the driver finds no GPU (%w)", ErrNoDevice, err)
			}
			return nil, fmt.Errorf("%w: %s does not start: %w; %s", ErrNoDriver, path, err, howToInstall)
		}
		return d, nil
	}
	if len(tried) == 0 {
		return nil, fmt.Errorf("%w: CUDA is not supported on %s/%s", ErrNoDriver, runtime.GOOS, runtime.GOARCH)
	}
	return nil, fmt.Errorf("%w: %s; %s", ErrNoDriver, strings.Join(tried, "; "), howToInstall)
}

// call calls an entry point. Pointers in the arguments are converted inside the call expression: the directive keeps
// what they point to alive, and off the stack, until the call returns.
//
//go:uintptrescapes
func (d *driver) call(fn uintptr, args ...uintptr) Result { return Result(int32(syscallN(fn, args))) }

// Version is the newest CUDA that the loaded driver supports, such as "13.0", and the library's path.
func Version() (version, path string, err error) {
	d, err := theDriver()
	if err != nil {
		return "", "", err
	}
	return fmt.Sprintf("%d.%d", d.version/1000, d.version%1000/10), d.path, nil
}

// Count is the number of GPUs.
func Count() (int, error) {
	d, err := theDriver()
	if err != nil {
		return 0, err
	}
	return d.count()
}

func (d *driver) count() (int, error) {
	var n int32
	if r := d.call(d.deviceGetCount, uintptr(unsafe.Pointer(&n))); r != 0 {
		return 0, d.err(r, "cuDeviceGetCount")
	}
	return int(n), nil
}

// goString copies a C string out of the driver's memory.
func goString(p unsafe.Pointer) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(p), n))
}
