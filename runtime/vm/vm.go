// Package vm executes tile IR. It is the definition of what a kernel means and the oracle of the other executors.
//
// The model. A program is a kernel made ready once: every value has a buffer, every operation is a Go function over
// buffers. Float tiles are kept as float64 and rounded once to their element type by every operation (Type.Round);
// integer and bool tiles as int64, wrapped to their width, a u64 as its bit pattern. The basic float operations are
// therefore correctly rounded for every element type of at most 24 bits of precision, since rounding twice through 53
// bits is harmless for + - * / and sqrt; fma goes through rounding to odd. Transcendental functions are Go's float64
// ones, rounded. A dot and the sum of a reduce are summed in float64 and rounded once: the most exact of the orders
// that the instruction set allows. A bitcast sees one NaN only: payloads are not kept.
//
// Loads clip (elements outside read as zero bits), stores drop. Results are poison (all bits set: NaN, -1) until they
// are written. Blocks are independent and run on all cores; Options.Check finds kernels where they are not.
//
// Operations that passes insert for shared memory and asynchronous copies are executed with their meaning: a copy lands
// at the wait that covers it and is visible after the next barrier. Whatever reads or overwrites too early is an error
// that names both operations. Packed storage orders and layouts do not exist here: a packed tensor is passed in
// row-major order.
//
// The boundary: it knows tile IR and host tensors; nothing of targets, layouts or source text.
package vm

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
)

// Options choose how a program runs.
type Options struct {
	// Exact makes the program its own fp64 oracle: floats are never rounded, casts between float types do nothing, and
	// float results are f64 tensors. Input tensors keep their types. Limits: sums and functions still have float64's
	// own rounding; a cast to an integer truncates the unrounded value; a bitcast of a float rounds it first; a kernel
	// that means to quantise (an output in f8, say) gives the value before quantisation.
	Exact bool

	// Check runs the blocks one after another and reports two blocks that touch the same element of a result when
	// one of them writes it, and reads of results that nothing has written.
	Check bool

	// Threads bounds the blocks that run at once; 0 is GOMAXPROCS.
	Threads int
}

// Error is a mistake of a kernel found while it runs.
type Error struct {
	Op    *ir.Op
	Other *ir.Op // the second place, or nil
	Block [3]int64
	Text  string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("block (%d, %d, %d): %s%s: %s", e.Block[0], e.Block[1], e.Block[2], e.Op.Code, place(e.Op), e.Text)
	if e.Other != nil {
		s += fmt.Sprintf(" (%s%s)", e.Other.Code, place(e.Other))
	}
	return s
}

func place(o *ir.Op) string {
	if o.Span == (ir.Span{}) {
		return ""
	}
	return fmt.Sprintf(" at bytes %d:%d", o.Span.Start, o.Span.End)
}

// Program is a kernel ready to run; it implements runtime.Program and may be run concurrently.
type Program struct {
	abi    *ir.Kernel // the parameters as they are passed
	p      *prep
	body   []step
	frames sync.Pool
	opt    Options
}

// New verifies and prepares a kernel. An error is the verifier's, or a *Error for what the VM cannot run.
func New(k *ir.Kernel, opt Options) (*Program, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	p := &prep{k: k, exact: opt.Exact, slots: map[*ir.Value]int{}, params: map[*ir.Value]int{}, shared: map[*ir.Value]int{}}
	body, err := p.kernel()
	if err != nil {
		return nil, err
	}
	prog := &Program{abi: k, p: p, body: body, opt: opt}
	if opt.Exact {
		prog.abi = exactABI(k)
	}
	return prog, nil
}

// exactABI is the kernel with f64 float results; only the parameters matter.
func exactABI(k *ir.Kernel) *ir.Kernel {
	c := k.Clone()
	for _, p := range c.Params {
		if p.Out && p.Value.Type.Elem.IsFloat() {
			p.Value.Type.Elem = dtype.F64
		}
	}
	return c
}

// Kernel has the parameters that Run expects: those of the kernel, with f64 results when Exact.
func (g *Program) Kernel() *ir.Kernel { return g.abi }

// run is one launch.
type run struct {
	call    *runtime.Call
	tensors []view
	race    []raceTable // per parameter, with Check
	stop    atomic.Bool
}

// Run executes the grid. The context stops it between blocks and between iterations of loops.
func (g *Program) Run(ctx context.Context, args []runtime.Arg) (runtime.Stats, error) {
	call, err := runtime.Check(g.abi, args)
	if err != nil {
		return runtime.Stats{}, err
	}
	r := &run{call: call, tensors: make([]view, len(args))}
	for i, p := range g.abi.Params {
		if t := call.Args[i].Tensor; t != nil {
			r.tensors[i] = newView(p.Name, t)
			if p.Out {
				poison(t)
			}
		}
	}
	if g.opt.Check {
		r.race = newRaceTables(g.abi, r.tensors)
	}
	if err := ctx.Err(); err != nil {
		return runtime.Stats{}, err
	}
	defer context.AfterFunc(ctx, func() { r.stop.Store(true) })()
	start := time.Now()
	err = g.blocks(r)
	if err == nil {
		err = ctx.Err()
	}
	return runtime.Stats{Time: time.Since(start), Bytes: call.Bytes}, err
}

// maxFrames bounds the memory of all frames of a run.
const maxFrames = 4 << 30

func (g *Program) threads(blocks int64) int {
	n := g.opt.Threads
	if n <= 0 {
		n = goruntime.GOMAXPROCS(0)
	}
	if g.opt.Check || g.p.subByte {
		return 1 // neighbouring elements of two blocks may share a byte
	}
	n = min(n, max(1, int(maxFrames/max(1, g.p.bytes))))
	return int(min(int64(n), blocks))
}

// blocks runs every block and returns the error of the earliest block that was seen to fail.
func (g *Program) blocks(r *run) error {
	total := r.call.Blocks()
	var next atomic.Int64
	var mu sync.Mutex
	var first error
	firstBlock := total
	worker := func() {
		f, err := g.frame(r)
		if err == nil {
			defer func() { f.run = nil; g.frames.Put(f) }()
		}
		for !r.stop.Load() {
			b := next.Add(1) - 1
			if b >= total {
				return
			}
			if err == nil {
				err = g.block(f, b)
			}
			if err == errStopped {
				return
			}
			if err != nil {
				mu.Lock()
				if b < firstBlock {
					first, firstBlock = err, b
				}
				mu.Unlock()
				r.stop.Store(true)
				return
			}
		}
	}
	n := g.threads(total)
	var wg sync.WaitGroup
	for range n - 1 {
		wg.Go(worker)
	}
	if n > 0 {
		worker()
	}
	wg.Wait()
	return first
}

// block runs one block. A panic would be a mistake in this package; it must not take the caller down.
func (g *Program) block(f *frame, b int64) (err error) {
	grid := f.run.call.Grid
	f.block = b
	f.pid = [3]int64{b % grid[0], b / grid[0] % grid[1], b / grid[0] / grid[1]}
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("block (%d, %d, %d): internal error of the VM: %v", f.pid[0], f.pid[1], f.pid[2], x)
		}
	}()
	f.resetShared()
	return exec(g.body, f)
}
