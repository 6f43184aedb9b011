package girih

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/girih-lang/girih/ir"
	girun "github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cuda"
)

// Call runs the kernel once and returns its results, which it allocates on the device of the inputs, in the order of
// Results. It compiles what is not compiled yet and waits until the results are there. inputs are, in the order of
// Inputs, a *Tensor (or a *Packed for a packed parameter) or a Go number for a scalar, rounded once to the parameter's type.
// A *Tensor for a packed parameter is packed for each call where the code wants an order of its own: Pack it once instead.
//
// Errors: ErrArgument, ErrDType, ErrShape, ErrDevice, ErrLayout, ErrFreed, ErrClosed; ErrNoLLVM and ErrNoCompiler where code
// is needed that cannot be made; a *SourceError for what a target cannot do and for what the VM finds while it runs; the
// context's error. Nothing is left allocated when it fails.
func (k *Kernel) Call(ctx context.Context, inputs ...any) (results []*Tensor, err error) {
	c, err := k.bind(inputs, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, t := range results {
				_ = t.Free()
			}
			results = nil
		}
	}()
	if results, err = c.results(); err != nil {
		return results, err
	}
	l, err := c.prepare(ctx)
	if err != nil {
		return results, err
	}
	defer l.Close()
	if err := l.Launch(ctx, nil); err != nil {
		return results, err
	}
	return results, c.dev.Sync()
}

// Prepare binds a kernel to arguments, inputs and then results, and compiles what is not compiled yet. The launcher uses
// these very tensors each time; the results need not be cleared. Errors are those of Call. Close the launcher.
func (k *Kernel) Prepare(ctx context.Context, args ...any) (*Launcher, error) {
	c, err := k.bind(args, true)
	if err != nil {
		return nil, err
	}
	return c.prepare(ctx)
}

// Launcher is a kernel with its arguments, ready to be launched any number of times. Launches of one Launcher from several
// goroutines are fine as far as the kernel's results allow it.
type Launcher struct {
	prog *program
	dev  *Device
	ir   *ir.Kernel // of the variant: its parameters are the caller's
	src  *Kernel

	mu     sync.RWMutex // held for writing by Set and Close
	closed bool
	args   []operand
	owned  []*Packed // made for this launcher
	mems   []*memory // of args that are tensors

	// One of these, by the kind of device.
	hostArgs []girun.Arg
	pinned   *pinned
	params   *cuda.Params

	grid    [3]int64
	gpuGrid [3]uint32
	shared  uint32 // bytes of a block
}

func (c *call) prepare(ctx context.Context) (*Launcher, error) {
	var fixed *tuning // by a packed argument, whose order goes with it
	for _, a := range c.args {
		if a.pack != nil && a.pack.plan != nil && fixed == nil {
			fixed = a.pack.tune
		}
	}
	t, err := c.v.pick(c.dev, c.dims, fixed)
	if err != nil {
		return nil, err
	}
	p, err := c.v.program(ctx, c.dev, c.dims, t)
	if err != nil {
		return nil, err
	}
	l := &Launcher{prog: p, dev: c.dev, ir: c.v.ir, src: c.v.k, args: c.args}
	if l.grid, err = gridOf(p.abi, c.dims); err != nil {
		return nil, err
	}
	for i := range l.args {
		if err := l.packing(i); err != nil {
			l.Close()
			return nil, err
		}
	}
	for _, a := range l.args {
		if a.t != nil {
			l.mems = append(l.mems, a.t.mem)
		}
	}
	switch c.dev.kind {
	case onVM:
		for i, q := range c.v.ir.Params {
			l.hostArgs = append(l.hostArgs, hostArg(q, l.args[i]))
		}
	case onCPU:
		l.pinned = pin(p.values(c))
	default:
		if l.gpuGrid, l.shared, err = p.code.gpu.LaunchShape(l.grid); err != nil {
			l.Close()
			return nil, errorf(ErrShape, "%w", err)
		}
		vals := p.values(c)
		l.params = cuda.NewParams(len(vals))
		for i, v := range vals {
			l.params.SetBits(i, v)
		}
	}
	return l, nil
}

func hostArg(q *ir.Param, a operand) girun.Arg {
	switch {
	case a.t != nil && a.pack != nil:
		h := a.t.view()
		h.DType, h.Shape = a.pack.dt, a.pack.shape
		return girun.Tensor(h)
	case a.t != nil:
		return girun.Tensor(a.t.view())
	case q.Value.Type.Elem.IsFloat():
		return girun.Float(a.num.x)
	}
	return girun.Int(a.num.n)
}

// packing holds the storage order of argument i against the one that the code wants, and packs what is row-major.
func (l *Launcher) packing(i int) error {
	q := l.ir.Params[i]
	a := &l.args[i]
	if !q.Packed || a.t == nil {
		return nil
	}
	want := l.prog.pack(q.Name)
	if a.pack != nil {
		if a.pack.order != order(want) {
			return errorf(ErrLayout, "kernel %s: argument %q is packed in the order %s, but this code wants %s: pack it with this kernel on %s",
				l.ir.Name, q.Name, orderText(a.pack.order), orderText(order(want)), l.dev.name)
		}
		return nil
	}
	if want == nil {
		return nil
	}
	packed, err := packTensor(a.t, want, nil)
	if err != nil {
		return fmt.Errorf("kernel %s: argument %q: %w", l.ir.Name, q.Name, err)
	}
	l.owned = append(l.owned, packed)
	a.pack, a.t = packed, packed.data
	return nil
}

// Launch queues the kernel on a stream; nil is the device's default one. On vm and cpu it runs at once and returns when it is
// done, with its error. On a GPU it returns when the kernel is queued and allocates nothing; what goes wrong in the kernel is
// told by the next Sync. A context that has ended prevents the launch; what is queued runs to its end.
func (l *Launcher) Launch(ctx context.Context, s *Stream) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	d := l.dev
	if l.closed {
		return errorf(ErrClosed, "the launcher of kernel %s is closed", l.ir.Name)
	}
	if s != nil {
		if s.dev != d {
			return errorf(ErrDevice, "kernel %s on %s cannot be launched on a stream of %s", l.ir.Name, d.name, s.dev.name)
		}
		if done, err := s.record(l); done || err != nil {
			return err
		}
	}
	if d.kind != onGPU {
		return l.runHost(ctx)
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if err := l.alive(); err != nil {
		return err
	}
	c := l.prog.code
	return c.gpu.Function.Launch(l.gpuGrid, [3]uint32{c.threads, 1, 1}, l.shared, s.raw(), l.params)
}

// alive says why the launcher cannot be launched any more. The device's lock is held.
func (l *Launcher) alive() error {
	if l.dev.closed {
		return l.dev.errClosed()
	}
	for i := range l.args {
		if t := l.args[i].t; t != nil && t.ref.freed.Load() {
			return errorf(ErrFreed, "kernel %s: argument %q: the tensor %s is freed", l.ir.Name, l.ir.Params[i].Name, t)
		}
	}
	return nil
}

// runHost runs on vm and cpu. References keep the memory in place meanwhile.
func (l *Launcher) runHost(ctx context.Context) error {
	d := l.dev
	d.runs.RLock()
	defer d.runs.RUnlock()
	held := 0
	defer func() {
		for _, m := range l.mems[:held] {
			_ = m.drop()
		}
	}()
	d.mu.RLock()
	err := l.alive()
	for ; err == nil && held < len(l.mems); held++ {
		if !l.mems[held].retain() {
			err = errorf(ErrFreed, "kernel %s: a tensor was freed meanwhile", l.ir.Name)
			break
		}
	}
	d.mu.RUnlock()
	if err != nil {
		return err
	}
	if d.kind == onVM {
		_, err = l.prog.code.vm.Run(ctx, l.hostArgs)
		return published(l.src.pkg, l.ir, err)
	}
	return l.prog.code.cpu.Run(ctx, l.pinned.ptrs, l.grid)
}

// Close frees what the launcher made for itself; the arguments stay. Launches are ErrClosed from then on.
func (l *Launcher) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	var err error
	for _, p := range l.owned {
		err = errors.Join(err, p.Free())
	}
	l.owned = nil
	return err
}
