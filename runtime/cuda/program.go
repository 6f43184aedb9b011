package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Code is a kernel compiled for a device: what a launch needs beside the machine code.
type Code struct {
	Kernel  *ir.Kernel // after the passes: its packed parameters have their storage order
	PTX     []byte
	Cubin   []byte // from an earlier LoadPTX on the same driver; may be nil
	Threads int    // of a block
	Shared  int    // bytes of dynamic shared memory
}

// Program is a kernel loaded on a device.
type Program struct {
	Function *Function
	dev      *Device
	mod      *Module
	code     Code
	resident int // blocks that the chip holds at a time, for a persistent kernel
}

// NewProgram loads a kernel.
func NewProgram(d *Device, c Code) (*Program, error) {
	var mod *Module
	var err error
	if c.Cubin != nil {
		mod, err = d.LoadCubin(c.Cubin)
	} else {
		mod, err = d.LoadPTX(c.PTX)
	}
	if err != nil {
		return nil, err
	}
	f, err := mod.Function(c.Kernel.Name)
	p := &Program{dev: d, mod: mod, code: c, Function: f}
	switch {
	case err != nil:
	case p.apart():
		err = f.SetMaxSharedMemory(d.SharedPerBlockOptIn - f.SharedBytes)
	case c.Shared > d.SharedPerBlock:
		err = f.SetMaxSharedMemory(c.Shared)
	}
	if err != nil {
		return nil, errors.Join(err, mod.Unload())
	}
	f.Dependent = len(c.Kernel.After) > 0
	if c.Kernel.Persistent {
		if p.resident, err = f.Resident(c.Threads, c.Shared, c.Kernel.Cluster); err != nil {
			return nil, errors.Join(err, mod.Unload())
		}
	}
	return p, nil
}

// LaunchShape is how many blocks are launched for the grid of a kernel, along each axis, and the bytes of dynamic shared memory that each
// is given: those that it needs, or so many that no SM holds more blocks than its share (apart).
func (p *Program) LaunchShape(grid [3]int64) (blocks [3]uint32, shared uint32, err error) {
	k, d := p.code.Kernel, p.dev
	if blocks, err = k.LaunchGrid(grid, p.resident); err != nil {
		return blocks, 0, err
	}
	if p.apart() {
		n := int(blocks[0]) * int(blocks[1]) * int(blocks[2])
		share := (n + d.SMs - 1) / d.SMs
		size := min(crowded(share, d.SharedPerSM, d.SharedReserved+p.Function.SharedBytes), d.SharedPerBlockOptIn-p.Function.SharedBytes)
		if size > p.code.Shared {
			if r, err := p.Function.Resident(p.code.Threads, size, k.Cluster); err == nil && r >= n { // else as they come: no launch should fail for that
				return blocks, uint32(size), nil
			}
		}
	}
	return blocks, uint32(p.code.Shared), nil
}

// crowded is the least dynamic shared memory, in steps of 128 bytes, of which an SM with so many bytes holds n blocks and no more, each
// of which takes others besides; 0 where there is none.
func crowded(n, perSM, besides int) int {
	size := (perSM/(n+1) - besides + 128) &^ 127
	if size <= 0 || n*(size+besides) > perSM {
		return 0
	}
	return size
}

// apart reports a kernel whose blocks must be kept apart where all of them run at a time. When they start while the launch ahead ends, they
// would crowd where its blocks end first, and the SMs that are left over would have nothing to do.
func (p *Program) apart() bool { return len(p.code.Kernel.After) > 0 }

// Close unloads the kernel.
func (p *Program) Close() error { return p.mod.Unload() }

// Cubin is the machine code, to be cached.
func (p *Program) Cubin() []byte { return p.mod.Cubin }

// Run copies the arguments to the device, launches once, and copies the results back. Stats.Time is the device time of
// that one launch.
func (p *Program) Run(ctx context.Context, args []runtime.Arg) (st runtime.Stats, err error) {
	b, err := p.Bind(args, 1)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := ctx.Err(); err != nil {
		return st, err
	}
	s, err := p.dev.NewStream()
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	from, to, err := b.timed(s)
	if err != nil {
		return st, err
	}
	defer from.Close()
	defer to.Close()
	if st.Time, err = to.Since(from); err != nil {
		return st, err
	}
	st.Bytes = b.call.Bytes
	return st, b.Results()
}

// Bound is a program with arguments on the device, in one or several copies to rotate through.
type Bound struct {
	p     *Program
	call  *runtime.Call
	grid  [3]uint32
	size  uint32 // dynamic shared memory
	sets  []*Params
	bufs  []Ptr
	outs  []out
	Bytes int64 // of all tensor arguments once, as they lie in device memory
}

type out struct {
	t    *tensor.Tensor
	p    Ptr
	size int
}

// Bind checks the arguments, packs the packed ones, and copies everything to the device, sets times (at least once). Each
// set has its own memory, so that a timing that rotates finds nothing in the cache. Results are poisoned first.
func (p *Program) Bind(args []runtime.Arg, sets int) (b *Bound, err error) {
	call, err := runtime.Check(p.code.Kernel, args)
	if err != nil {
		return nil, err
	}
	b = &Bound{p: p, call: call}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
			b = nil
		}
	}()
	if b.grid, b.size, err = p.LaunchShape(call.Grid); err != nil {
		return b, err
	}
	for i, a := range call.Args {
		q := p.code.Kernel.Params[i]
		if a.Tensor == nil {
			continue
		}
		data := a.Tensor.Data
		if q.Pack != nil {
			if data, err = runtime.Pack(a.Tensor, q.Pack); err != nil {
				return b, fmt.Errorf("argument %q: %w", q.Name, err)
			}
		}
		b.Bytes += int64(len(data))
		for s := range max(sets, 1) {
			ptr, err := p.dev.Alloc((len(data) + 15) &^ 15) // whole words, for elements written bit by bit
			if err != nil {
				return b, fmt.Errorf("argument %q: %w", q.Name, err)
			}
			b.bufs = append(b.bufs, ptr)
			if q.Out {
				err = p.dev.Memset(ptr, 0xff, len(data))
				if s == 0 {
					b.outs = append(b.outs, out{a.Tensor, ptr, len(data)})
				}
			} else {
				err = p.dev.CopyIn(ptr, data)
			}
			if err != nil {
				return b, fmt.Errorf("argument %q: %w", q.Name, err)
			}
			b.params(s).SetPtr(i, ptr)
		}
	}
	for s := range max(sets, 1) {
		ps := b.params(s)
		for i, a := range call.Args {
			if a.Tensor == nil {
				ps.SetBits(i, scalarBits(p.code.Kernel.Params[i], a))
			}
		}
		for i, n := range call.Dynamic {
			ps.SetI64(len(call.Args)+i, n)
		}
	}
	return b, nil
}

// scalarBits is a scalar as the kernel's parameter holds it: the register kind of its type.
func scalarBits(p *ir.Param, a runtime.Arg) uint64 {
	t := p.Value.Type.Elem
	switch {
	case !t.IsFloat():
		return uint64(a.Int)
	case t.Bits() == 64:
		return math.Float64bits(a.Float)
	case t.Bits() == 16:
		return t.FromFloat(a.Float, t.Mode())
	}
	return uint64(math.Float32bits(float32(a.Float))) // f32, and small floats as the f32 of the same value
}

func (b *Bound) params(s int) *Params {
	for len(b.sets) <= s {
		b.sets = append(b.sets, NewParams(len(b.call.Args)+len(b.call.Dynamic)))
	}
	return b.sets[s]
}

// Launch queues the kernel on set i modulo the number of sets.
func (b *Bound) Launch(s *Stream, i int) error {
	return b.p.Function.Launch(b.grid, [3]uint32{uint32(b.p.code.Threads), 1, 1}, b.size, s, b.sets[i%len(b.sets)])
}

func (b *Bound) timed(s *Stream) (from, to *Event, err error) {
	if from, err = b.p.dev.NewEvent(); err != nil {
		return nil, nil, err
	}
	if to, err = b.p.dev.NewEvent(); err != nil {
		return nil, nil, err
	}
	for _, f := range []func() error{func() error { return from.Record(s) }, func() error { return b.Launch(s, 0) }, func() error { return to.Record(s) }, to.Sync, s.Sync} {
		if err := f(); err != nil {
			return nil, nil, err
		}
	}
	return from, to, nil
}

// Results copies the results of set 0 back into their tensors.
func (b *Bound) Results() error {
	for _, o := range b.outs {
		if err := b.p.dev.CopyOut(o.t.Data[:o.size], o.p); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the device memory.
func (b *Bound) Close() error {
	var err error
	for _, p := range b.bufs {
		err = errors.Join(err, b.p.dev.Free(p))
	}
	b.bufs = nil
	return err
}

// Time measures the kernel with cold caches: launches rotate through enough copies of the arguments, replayed as a graph.
func (p *Program) Time(ctx context.Context, args []runtime.Arg, samples int) (time.Duration, int64, error) {
	call, err := runtime.Check(p.code.Kernel, args)
	if err != nil {
		return 0, 0, err
	}
	sets := min(p.dev.ColdSets(int(call.Bytes)), 64)
	b, err := p.Bind(args, sets)
	if err != nil {
		return 0, 0, err
	}
	defer b.Close()
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	calls := sets
	for calls < 16 {
		calls += sets
	}
	t, err := p.dev.Time(TimeOptions{Samples: samples, Calls: calls}, b.Launch)
	return t.Median, b.Bytes, err
}
