package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Module is loaded code.
type Module struct {
	Cubin []byte        // the machine code, to be cached and given to LoadCubin next time
	Log   string        // what the driver's compiler reported: registers and spills per kernel, warnings
	Time  time.Duration // what compiling and loading took

	dev    *Device
	handle uintptr
}

// LoadPTX compiles PTX for the device with the driver's compiler and loads the result. A failure carries the
// compiler's log, which names lines of the PTX.
func (d *Device) LoadPTX(ptx []byte) (*Module, error) {
	start := time.Now()
	cubin, log, err := d.link(ptx)
	if err != nil {
		return nil, err
	}
	m, err := d.LoadCubin(cubin)
	if err != nil {
		return nil, err
	}
	m.Log, m.Time = log, time.Since(start)
	return m, nil
}

// Options of the driver's compiler (CUjit_option) and kinds of input (CUjitInputType).
const (
	jitInfoLog, jitInfoLogSize   = 3, 4
	jitErrorLog, jitErrorLogSize = 5, 6
	jitLogVerbose                = 12
	jitInputPTX                  = 1
	jitLogBytes                  = 64 << 10
)

// jitLogs are the option arrays of a compilation. The driver keeps their addresses for as long as a link state lives,
// and writes into them, so that everything is pinned until close.
type jitLogs struct {
	pin       runtime.Pinner
	keys      []uint32
	values    []uintptr
	info, err []byte
}

func newJITLogs() *jitLogs {
	l := &jitLogs{info: make([]byte, jitLogBytes), err: make([]byte, jitLogBytes)}
	l.pin.Pin(&l.info[0])
	l.pin.Pin(&l.err[0])
	l.keys = []uint32{jitInfoLog, jitInfoLogSize, jitErrorLog, jitErrorLogSize, jitLogVerbose}
	l.values = []uintptr{uintptr(unsafe.Pointer(&l.info[0])), jitLogBytes, uintptr(unsafe.Pointer(&l.err[0])), jitLogBytes, 1}
	l.pin.Pin(&l.keys[0])
	l.pin.Pin(&l.values[0])
	return l
}

func (l *jitLogs) close() { l.pin.Unpin() }

// text is a log up to its NUL, with trailing space gone.
func logText(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.TrimSpace(string(b))
}

// link compiles PTX to a cubin through the driver's linker, the only way to get the machine code out of it.
func (d *Device) link(ptx []byte) (cubin []byte, log string, err error) {
	if len(bytes.TrimSpace(ptx)) == 0 {
		return nil, "", errors.New("cannot load PTX: the text is empty")
	}
	if err := d.enter(); err != nil {
		return nil, "", err
	}
	defer d.leave()
	drv, logs := d.drv, newJITLogs()
	defer logs.close()
	fail := func(r Result, call string) ([]byte, string, error) {
		detail := logText(logs.err)
		if detail == "" {
			detail = logText(logs.info)
		}
		if r == 222 {
			detail = fmt.Sprintf("the driver knows PTX up to CUDA %d.%d: update it, or emit an older .version; %s",
				drv.version/1000, drv.version%1000/10, detail)
		}
		return nil, "", drv.err(r, call, "the driver's compiler rejects the PTX for "+d.Target(), detail)
	}

	var state uintptr
	r := drv.call(drv.linkCreate, uintptr(len(logs.keys)), uintptr(unsafe.Pointer(&logs.keys[0])),
		uintptr(unsafe.Pointer(&logs.values[0])), uintptr(unsafe.Pointer(&state)))
	if r != 0 {
		return fail(r, "cuLinkCreate")
	}
	defer func() { drv.call(drv.linkDestroy, state) }() // before logs.close: it is the last to use the options
	text := append(slices.Clone(bytes.TrimRight(ptx, "\x00")), 0)
	name := []byte("kernel.ptx\x00")
	r = drv.call(drv.linkAddData, state, jitInputPTX, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)),
		uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
	if r != 0 {
		return fail(r, "cuLinkAddData")
	}
	var out unsafe.Pointer
	var size uintptr
	if r = drv.call(drv.linkComplete, state, uintptr(unsafe.Pointer(&out)), uintptr(unsafe.Pointer(&size))); r != 0 {
		return fail(r, "cuLinkComplete")
	}
	// The cubin belongs to the link state: copy it before that goes.
	return slices.Clone(unsafe.Slice((*byte)(out), size)), logText(logs.info), nil
}

// LoadCubin loads machine code that LoadPTX or ptxas made for this architecture.
func (d *Device) LoadCubin(cubin []byte) (*Module, error) {
	if len(cubin) < 4 || string(cubin[:4]) != "\x7fELF" {
		return nil, errors.New("cannot load a cubin: the data is no ELF file")
	}
	start := time.Now()
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	logs := newJITLogs()
	defer logs.close()
	m := &Module{dev: d, Cubin: cubin}
	r := d.drv.call(d.drv.moduleLoadDataEx, uintptr(unsafe.Pointer(&m.handle)), uintptr(unsafe.Pointer(&cubin[0])),
		uintptr(len(logs.keys)), uintptr(unsafe.Pointer(&logs.keys[0])), uintptr(unsafe.Pointer(&logs.values[0])))
	if r != 0 {
		return nil, d.drv.err(r, "cuModuleLoadDataEx", "the cubin does not load on "+d.String(), logText(logs.err))
	}
	m.Time = time.Since(start)
	return m, nil
}

// Unload gives the code back, once no kernel of it runs. Its functions must not be used afterwards.
func (m *Module) Unload() error {
	if m.handle == 0 {
		return nil
	}
	h := m.handle
	m.handle = 0
	return m.dev.do("cuModuleUnload", m.dev.drv.moduleUnload, h)
}

// Function is one kernel of a module.
type Function struct {
	Name        string
	Registers   int // per thread
	SharedBytes int // static, per block
	LocalBytes  int // per thread: spills and arrays that are not in registers
	ConstBytes  int
	MaxThreads  int // per block, as registers allow
	PTXVersion  int // the virtual architecture it was compiled for, 90 for sm_90
	Binary      int // the real one

	// Dependent says that the code waits for the kernel ahead of it in the stream itself (griddepcontrol.wait), so that it may start
	// before that one ends (programmatic dependent launch).
	Dependent bool

	dev    *Device
	handle uintptr
}

// Function finds a kernel by its name in the PTX.
func (m *Module) Function(name string) (*Function, error) {
	if m.handle == 0 {
		return nil, errors.New("the module is unloaded")
	}
	d := m.dev
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	f := &Function{Name: name, dev: d}
	c := append([]byte(name), 0)
	r := d.drv.call(d.drv.moduleGetFunction, uintptr(unsafe.Pointer(&f.handle)), m.handle, uintptr(unsafe.Pointer(&c[0])))
	if r == notFound {
		return nil, d.drv.err(r, "cuModuleGetFunction", fmt.Sprintf("the module has no kernel %q", name))
	}
	if r != 0 {
		return nil, d.drv.err(r, "cuModuleGetFunction", fmt.Sprintf("the kernel %q", name))
	}
	for attr, to := range map[int]*int{0: &f.MaxThreads, 1: &f.SharedBytes, 2: &f.ConstBytes, 3: &f.LocalBytes,
		4: &f.Registers, 5: &f.PTXVersion, 6: &f.Binary} {
		var v int32
		if r := d.drv.call(d.drv.funcGetAttribute, uintptr(unsafe.Pointer(&v)), uintptr(attr), f.handle); r != 0 {
			return nil, d.drv.err(r, "cuFuncGetAttribute", fmt.Sprintf("attribute %d of the kernel %q", attr, name))
		}
		*to = int(v)
	}
	return f, nil
}

// SetMaxSharedMemory allows launches with up to n bytes of dynamic shared memory; above the device's SharedPerBlock a
// kernel must ask for it this way.
func (f *Function) SetMaxSharedMemory(n int) error {
	const maxDynamicShared = 8
	if limit := f.dev.SharedPerBlockOptIn - f.SharedBytes; n < 0 || n > limit {
		return fmt.Errorf("the kernel %q wants %d bytes of dynamic shared memory beside %d static ones: %s has %d per block",
			f.Name, n, f.SharedBytes, f.dev.Name, f.dev.SharedPerBlockOptIn)
	}
	return f.dev.do("cuFuncSetAttribute", f.dev.drv.funcSetAttribute, f.handle, maxDynamicShared, uintptr(n))
}

// AllowNonPortableClusters lets the kernel run in clusters of more than 8 blocks, up to 16 on Hopper.
func (f *Function) AllowNonPortableClusters() error {
	const nonPortableClusterSize = 14
	return f.dev.do("cuFuncSetAttribute", f.dev.drv.funcSetAttribute, f.handle, nonPortableClusterSize, 1)
}

// Resident is how many blocks of the given threads and dynamic shared bytes the device holds at a time, in clusters of the given size
// (0 or 1: without); 0 where the driver cannot tell.
func (f *Function) Resident(threads, shared, cluster int) (int, error) {
	d := f.dev
	var n int32
	if cluster > 1 {
		if d.drv.occupancyMaxActiveClusters == 0 {
			return 0, nil
		}
		m := &struct {
			config cuLaunchConfig
			attr   cuLaunchAttribute
		}{}
		m.attr.id = attrCluster
		copy(m.attr.value[:], []uint32{uint32(cluster), 1, 1})
		m.config = cuLaunchConfig{grid: [3]uint32{uint32(cluster), 1, 1}, block: [3]uint32{uint32(threads), 1, 1}, shared: uint32(shared), attrs: unsafe.Pointer(&m.attr), numAttrs: 1}
		var pin runtime.Pinner
		pin.Pin(m)
		defer pin.Unpin()
		err := d.do("cuOccupancyMaxActiveClusters", d.drv.occupancyMaxActiveClusters, uintptr(unsafe.Pointer(&n)), f.handle, uintptr(unsafe.Pointer(&m.config)))
		return int(n) * cluster, err
	}
	if d.drv.occupancyMaxActiveBlocks == 0 {
		return 0, nil
	}
	err := d.do("cuOccupancyMaxActiveBlocksPerMultiprocessor", d.drv.occupancyMaxActiveBlocks,
		uintptr(unsafe.Pointer(&n)), f.handle, uintptr(threads), uintptr(shared))
	return int(n) * d.SMs, err
}
