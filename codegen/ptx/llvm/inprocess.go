//go:build linux || darwin || freebsd

package llvm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// MaxFatal is the number of fatal errors, each of which costs a parked thread and an LLVM context, after which LLVM in process
// declines further work.
const MaxFatal = 16

// inProcess drives libLLVM through its C interface. There is one per process at most: LLVM's fatal-error handler and its
// table of targets are global.
type inProcess struct {
	c       capi
	path    string
	version string
	self    func() uintptr // pthread_self
	diag    uintptr        // C callback of reportDiagnostic
	fatals  atomic.Int32

	// jobs finds the compilation that a callback belongs to. Callbacks carry no Go pointers: a diagnostic carries the job's
	// number, a fatal error nothing at all, so there it is found by the thread it happened on.
	byNumber, byThread sync.Map // uintptr -> *job
	numbers            atomic.Uintptr
}

// job is one compilation.
type job struct {
	diags []string // errors reported through the diagnostic handler; only its own thread writes
	stage Stage
	done  chan outcome // of capacity 1: the caller may have gone
}

type outcome struct {
	Result
	err error
}

var loaded struct {
	sync.Once
	d   *inProcess
	err error
}

// InProcess loads libLLVM, once for the life of the process.
func InProcess() (Driver, error) {
	loaded.Do(func() { loaded.d, loaded.err = open() })
	if loaded.err != nil {
		return nil, loaded.err
	}
	return loaded.d, nil
}

func open() (*inProcess, error) {
	var first error
	for _, path := range libraryPaths() {
		lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			continue
		}
		d := &inProcess{path: path}
		if err := d.c.load(lib); err != nil {
			first = errors.Join(first, fmt.Errorf("%s cannot be used: %w", path, err))
			continue
		}
		self, err := purego.Dlsym(purego.RTLD_DEFAULT, "pthread_self")
		if err != nil {
			return nil, fmt.Errorf("the C library has no pthread_self: %w", err)
		}
		purego.RegisterFunc(&d.self, self)
		var major, minor, patch uint32
		d.c.getVersion(&major, &minor, &patch)
		d.version = fmt.Sprintf("%d.%d.%d", major, minor, patch)
		// purego never frees callbacks, so there is one of each for all compilations.
		d.diag = purego.NewCallback(d.reportDiagnostic)
		d.c.installFatalHandler(purego.NewCallback(d.reportFatal))
		return d, nil
	}
	if first != nil {
		return nil, first
	}
	return nil, fmt.Errorf("no libLLVM of version %d was found", Major)
}

func (d *inProcess) Name() string    { return "inprocess" }
func (d *inProcess) Version() string { return d.version }
func (d *inProcess) Path() string    { return d.path }

// errTired is the state after MaxFatal fatal errors.
var errTired = fmt.Errorf("LLVM failed %d times in this process and is not trusted any more; set GIRIH_LLVM=process to use opt-%d and llc-%[2]d", MaxFatal, Major)

func (d *inProcess) Compile(ctx context.Context, module []byte, o Options) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if err := check(d.Name(), module, &o); err != nil {
		return Result{}, err
	}
	if d.fatals.Load() >= MaxFatal {
		return Result{}, &Error{d.Name(), StageCrash, 0, errTired.Error()}
	}
	j := &job{done: make(chan outcome, 1)}
	go func() {
		// The thread is this job's own until it ends: reportFatal finds the job by it, and may never give it back.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread := d.self()
		d.byThread.Store(thread, j)
		defer d.byThread.Delete(thread)
		number := d.numbers.Add(1)
		d.byNumber.Store(number, j)
		defer d.byNumber.Delete(number)
		r, err := d.compile(j, number, module, o)
		j.done <- outcome{r, err}
	}()
	select {
	case out := <-j.done:
		return out.Result, out.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// compile runs on a locked thread. Whatever LLVM allocates for it is freed here, unless a fatal error strands it.
func (d *inProcess) compile(j *job, number uintptr, module []byte, o Options) (res Result, err error) {
	c := &d.c
	start := time.Now()
	last := start
	lap := func(into *time.Duration) {
		now := time.Now()
		*into, last = now.Sub(last), now
	}
	defer func() { res.Timings.Total = time.Since(start) }()
	fail := func(msg string) error {
		all := append(j.diags, msg)
		line, text := located(strings.TrimSpace(strings.Join(all, "\n")))
		return &Error{d.Name(), j.stage, line, text}
	}

	j.stage = StageParse
	llctx := c.contextCreate()
	defer c.contextDispose(llctx)
	c.setDiagnosticHandler(llctx, d.diag, number)
	buf := c.bufferCopy(unsafe.SliceData(module), uintptr(len(module)), moduleName)
	defer c.disposeBuffer(buf)
	var mod, msg handle
	if c.parseIR(llctx, buf, &mod, &msg) != 0 {
		return res, fail(c.message(msg))
	}
	defer c.disposeModule(mod)
	lap(&res.Timings.Parse)

	j.stage = StageVerify
	if c.verify(mod, returnStatus, &msg) != 0 {
		return res, fail(c.message(msg))
	}
	c.message(msg)
	lap(&res.Timings.Verify)

	j.stage = StagePasses
	tm, err := d.machine(o)
	if err != nil {
		return res, err
	}
	defer c.disposeMachine(tm)
	layout := c.machineLayout(tm)
	c.setModuleLayout(mod, layout)
	c.disposeTargetData(layout)
	d.markTarget(mod, o)
	opts := c.passOptionsCreate()
	defer c.disposePassOptions(opts)
	if e := c.runPasses(mod, o.Passes, tm, opts); e != 0 {
		p := c.errorMessage(e) // consumes e
		text := cstring(p)
		c.disposeErrorMessage(p)
		return res, fail(text)
	}
	lap(&res.Timings.Passes)
	if o.Emit == LL {
		res.Text = []byte(c.message(c.printModule(mod)))
		return res, nil
	}

	j.stage = StageCodegen
	var out handle
	if c.emitToBuffer(tm, mod, asmFile, &msg, &out) != 0 {
		return res, fail(c.message(msg))
	}
	defer c.disposeBuffer(out)
	if len(j.diags) > 0 { // the backend goes on after an error and gives text that must not be used
		return res, fail("")
	}
	res.Text = append([]byte(nil), unsafe.Slice(c.bufferStart(out), c.bufferSize(out))...)
	lap(&res.Timings.Codegen)
	return res, nil
}

// machine makes a target machine. One serves one compilation: it is cheap next to the rest, and not safe for concurrent use.
func (d *inProcess) machine(o Options) (handle, error) {
	var target, msg handle
	if d.c.targetFromTriple(triple, &target, &msg) != 0 {
		return 0, &Error{d.Name(), StageCodegen, 0, d.c.message(msg)}
	}
	tm := d.c.createMachine(target, triple, o.CPU, o.Features, levelAggressive, 0, 0)
	if tm == 0 {
		return 0, &Error{d.Name(), StageCodegen, 0, "LLVM has no target machine for " + o.CPU}
	}
	d.c.setVerbose(tm, 0)
	return tm, nil
}

// markTarget writes the CPU and the features on every function that names none, as opt and llc do: passes then see the same
// target whichever driver runs them, and the printed modules agree.
func (d *inProcess) markTarget(mod handle, o Options) {
	for f := d.c.firstFunction(mod); f != 0; f = d.c.nextFunction(f) {
		for _, a := range []struct{ key, value string }{{"target-cpu", o.CPU}, {"target-features", o.Features}} {
			if a.value != "" && d.c.stringAttr(f, functionIndex, a.key, uint32(len(a.key))) == 0 {
				d.c.addTargetAttr(f, a.key, a.value)
			}
		}
	}
}

// reportDiagnostic is called by LLVM for everything a context has to say.
func (d *inProcess) reportDiagnostic(info, number uintptr) uintptr {
	if d.c.diagSeverity(info) != severityError {
		return 0
	}
	text := d.c.message(d.c.diagDescription(info))
	if j, ok := d.byNumber.Load(number); ok {
		j := j.(*job)
		j.diags = append(j.diags, text)
	}
	return 0
}

// reportFatal is called by report_fatal_error and must not return, or LLVM ends the process: the caller is told, and this
// thread sleeps for good.
func (d *inProcess) reportFatal(reason uintptr) uintptr {
	text := cstring(reason)
	if j, ok := d.byThread.Load(d.self()); ok {
		d.fatals.Add(1)
		j := j.(*job)
		line, text := located(strings.Join(append(j.diags, text), "\n"))
		j.done <- outcome{err: &Error{d.Name(), j.stage, line, text}}
		select {}
	}
	return 0 // no compilation of ours: nobody to tell, and LLVM does what it does
}
