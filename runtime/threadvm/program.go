package threadvm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
)

// Program is a lowered kernel; it implements runtime.Program.
type Program struct {
	f *thread.Func
	k *ir.Kernel
}

// New makes a program of thread IR and the kernel after the passes, which has the parameters and the storage order of packed
// ones. The number of threads of a block is at most 1024.
func New(f *thread.Func, k *ir.Kernel) (*Program, error) {
	if f.Threads < 1 || f.Threads > 1024 {
		return nil, fmt.Errorf("kernel %s: a block of %d threads; expected 1 to 1024", f.Name, f.Threads)
	}
	return &Program{f, k}, nil
}

// Kernel has the parameters that Run expects.
func (p *Program) Kernel() *ir.Kernel { return p.k }

// Error is a mistake of the thread program found while it runs.
type Error struct {
	Func  string
	Block [3]int64
	Op    *thread.Node // nil at the level of the program
	At    int          // number of the last value that is listed before the operation, -1 when there is none
	Text  string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s, block (%d, %d, %d)", e.Func, e.Block[0], e.Block[1], e.Block[2])
	if e.Op != nil {
		s += fmt.Sprintf(": %s", e.Op.Op)
		if e.At >= 0 {
			s += fmt.Sprintf(" after %%%d", e.At)
		}
	}
	return s + ": " + e.Text
}

// Counts tells what the accesses of shared memory of a run took.
type Counts struct {
	Accesses   int64 // instructions of a warp
	Wavefronts int64
	Conflicts  int64 // wavefronts beyond those that the width of the access needs
	Shuffles   int64 // instructions of a warp
	Barriers   int64 // of a block
}

// Run executes the whole grid.
func (p *Program) Run(ctx context.Context, args []runtime.Arg) (runtime.Stats, error) {
	st, _, err := p.Count(ctx, args)
	return st, err
}

// Count is Run that also counts.
func (p *Program) Count(ctx context.Context, args []runtime.Arg) (st runtime.Stats, n Counts, err error) {
	call, err := runtime.Check(p.k, args)
	if err != nil {
		return st, n, err
	}
	c := newCluster(p.f)
	m := c[0]
	if err := m.arguments(p, call); err != nil {
		return st, n, err
	}
	defer func() {
		if r := recover(); r != nil {
			var e *Error
			if x, ok := r.(error); !ok || !errors.As(x, &e) {
				e = m.error("internal error: %v", r)
			}
			err = e
		}
	}()
	start := time.Now()
	c.compile()
	grid, err := c.launch(p.k, call.Grid)
	if err != nil {
		return st, n, err
	}
	for z := range grid[2] {
		for y := range grid[1] {
			for x := range grid[0] {
				if err := ctx.Err(); err != nil {
					return st, n, err
				}
				c.run([3]int64{x, y, z})
			}
		}
	}
	for i, a := range call.Args {
		if p.k.Params[i].Out && a.Tensor != nil {
			copy(a.Tensor.Data, m.tensors[i].data)
		}
	}
	st.Time, st.Bytes = time.Since(start), call.Bytes
	for _, m := range c {
		n.add(m.counts)
	}
	return st, n, nil
}

// arguments puts tensors in the machine's memory and scalars in its parameters.
func (m *machine) arguments(p *Program, call *runtime.Call) error {
	m.params = make([]uint64, len(call.Args)+len(call.Dynamic))
	m.tensors = make([]tensorMem, len(call.Args))
	for i, a := range call.Args {
		q := p.k.Params[i]
		if a.Tensor == nil {
			m.params[i] = scalarBits(q, a)
			continue
		}
		data := a.Tensor.Data
		if q.Pack != nil {
			var err error
			if data, err = runtime.Pack(a.Tensor, q.Pack); err != nil {
				return fmt.Errorf("argument %q: %w", q.Name, err)
			}
		}
		t := tensorMem{name: q.Name, size: len(data), data: make([]byte, (len(data)+15)&^15), out: q.Out}
		copy(t.data, data)
		if q.Out {
			for j := range t.data {
				t.data[j] = 0xff
			}
			t.writer = make([]int32, len(t.data))
		}
		m.tensors[i] = t
		m.params[i] = pointer(i)
	}
	for i, n := range call.Dynamic {
		m.params[len(call.Args)+i] = uint64(n)
	}
	return nil
}

// scalarBits is a scalar in the register kind of its type.
func scalarBits(p *ir.Param, a runtime.Arg) uint64 {
	t := p.Value.Type.Elem
	switch {
	case !t.IsFloat() && t.Bits() > 32:
		return uint64(a.Int)
	case !t.IsFloat():
		return uint64(uint32(a.Int))
	case t.Bits() == 64:
		return math.Float64bits(a.Float)
	case t.Bits() == 16:
		return t.FromFloat(a.Float, t.Mode())
	}
	return uint64(math.Float32bits(float32(a.Float)))
}
