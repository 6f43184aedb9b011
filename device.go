package girih

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"weak"

	"golang.org/x/sync/singleflight"

	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
)

// Device is where kernels run and tensors live: the virtual machine, the CPU, or one GPU. Close it when it is not needed
// any more.
type Device struct {
	name string
	kind deviceKind
	gpu  *cuda.Device // nil on vm and cpu
	log  *slog.Logger
	kept *cache.Cache

	checked bool // on the VM

	// mu is held for reading while something short uses the device's memory, for writing while memory goes away. Runs on
	// vm and cpu, which may be long, hold runs instead, for which only Close waits, and references to their memory.
	mu     sync.RWMutex
	runs   sync.RWMutex
	closed bool

	memMu sync.Mutex
	mem   map[*memory]struct{} // what Close has to free

	progMu   sync.Mutex
	programs map[cache.Key]weak.Pointer[program]
	flight   singleflight.Group
}

type deviceKind uint8

const (
	onVM deviceKind = iota
	onCPU
	onGPU
)

// DeviceOption is an option of Open.
type DeviceOption func(*deviceOptions)

type deviceOptions struct {
	log      *slog.Logger
	cacheDir string
	prebuilt bool
	checked  bool
}

// Logger sends what the device does (compilations, cache hits: level Debug; a cache that cannot be used: level Warn) to l
// instead of slog.Default.
func Logger(l *slog.Logger) DeviceOption { return func(o *deviceOptions) { o.log = l } }

// CacheDir keeps compiled code in a directory other than the user's cache ($GIRIH_CACHE, else girih in os.UserCacheDir).
// "off" keeps nothing. Several processes may share one.
func CacheDir(dir string) DeviceOption { return func(o *deviceOptions) { o.cacheDir = dir } }

// Prebuilt opens "cpu" also where no C compiler is: only kernels with an embedded shared object run then.
func Prebuilt() DeviceOption { return func(o *deviceOptions) { o.prebuilt = true } }

// Checked makes the VM find blocks that race for an element of a result, and reads of results that nothing has written; it
// runs one block after the other then. Other devices do not change.
func Checked() DeviceOption { return func(o *deviceOptions) { o.checked = true } }

// Open opens a device by name:
//
//	vm      the virtual machine: exact, checked, everywhere; its results define what a program means
//	cpu     all processors of this machine, through the C compiler
//	cuda:N  GPU number N, from 0; "cuda" is the first
//
// Where it cannot be opened the error is ErrNoGPU or ErrNoCompiler and says what to install. A GPU opens without LLVM too:
// that is missed (ErrNoLLVM) by the first kernel that no embedded code fits.
func Open(name string, options ...DeviceOption) (*Device, error) {
	var o deviceOptions
	for _, f := range options {
		f(&o)
	}
	d := &Device{name: name, log: o.log, checked: o.checked, mem: map[*memory]struct{}{}, programs: map[cache.Key]weak.Pointer[program]{}}
	if d.log == nil {
		d.log = slog.Default()
	}
	d.kept = cache.Open(cache.Options{Dir: o.cacheDir, Warn: func(msg string) { d.log.Warn("girih: " + msg) }})
	kind, number, _ := strings.Cut(name, ":")
	switch {
	case name == "vm":
		return d, nil
	case name == "cpu":
		d.kind = onCPU
		if _, err := cpu.Find(); err != nil && !o.prebuilt {
			return nil, fmt.Errorf("cannot open the cpu: %w", published(nil, nil, err))
		}
		return d, nil
	case kind == "cuda":
		n := 0
		if name != "cuda" {
			var err error
			if n, err = strconv.Atoi(number); err != nil || n < 0 {
				return nil, errorf(ErrDevice, "no device is called %q: the number of a GPU, from 0, is expected behind cuda:", name)
			}
		}
		gpu, err := cuda.Open(n)
		if err != nil {
			return nil, fmt.Errorf("cannot open %s: %w", name, published(nil, nil, err))
		}
		d.kind, d.gpu, d.name = onGPU, gpu, "cuda:"+strconv.Itoa(n)
		return d, nil
	}
	return nil, errorf(ErrDevice, "no device is called %q: there are vm, cpu and cuda:N", name)
}

// Devices are the names of the devices that Open can open here, vm first.
func Devices() []string {
	names := []string{"vm"}
	if _, err := cpu.Find(); err == nil {
		names = append(names, "cpu")
	}
	if n, err := cuda.Count(); err == nil {
		for i := range n {
			names = append(names, "cuda:"+strconv.Itoa(i))
		}
	}
	return names
}

// Name is the name that Open knows: "vm", "cpu", "cuda:0".
func (d *Device) Name() string { return d.name }

// Target is what code for the device is compiled for: "vm", "cpu", or a GPU generation such as "sm_90a".
func (d *Device) Target() string {
	if d.gpu != nil {
		return d.gpu.Target()
	}
	return d.name
}

// String describes the device in one line.
func (d *Device) String() string {
	if d.gpu != nil {
		return d.gpu.String()
	}
	return d.name
}

// Sync waits until everything queued on the device is done, and returns the error of a kernel that failed. A kernel that
// wrote outside its memory on a GPU makes the device useless for this process; the error says so.
func (d *Device) Sync() error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	return d.sync()
}

func (d *Device) sync() error {
	if d.gpu == nil {
		return nil
	}
	return d.gpu.Sync()
}

// Close frees the tensors of the device and gives it back. Everything of the device is ErrClosed from then on. It waits
// for runs that are under way. A second Close does nothing.
func (d *Device) Close() error {
	d.runs.Lock()
	defer d.runs.Unlock()
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	err := d.sync()
	d.closed = true
	d.mu.Unlock()
	// Nobody enters any more; owners of memory may be called without a lock.
	d.memMu.Lock()
	all := d.mem
	d.mem = nil
	d.memMu.Unlock()
	for m := range all {
		err = errors.Join(err, m.release())
	}
	d.progMu.Lock()
	programs := d.programs
	d.programs = nil
	d.progMu.Unlock()
	for _, w := range programs {
		if p := w.Value(); p != nil {
			err = errors.Join(err, p.code.close())
		}
	}
	if d.gpu != nil {
		err = errors.Join(err, d.gpu.Close())
	}
	return err
}

// enter keeps the device open, and its memory in place, until leave.
func (d *Device) enter() error {
	d.mu.RLock()
	if d.closed {
		d.mu.RUnlock()
		return d.errClosed()
	}
	return nil
}

func (d *Device) leave() { d.mu.RUnlock() }

func (d *Device) errClosed() error { return errorf(ErrClosed, "the device %s is closed", d.name) }
