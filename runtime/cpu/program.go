package cpu

import (
	"context"
	"fmt"
	"math"
	goruntime "runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Program is a kernel made ready for the processor.
type Program struct {
	Kernel *ir.Kernel
	Source []byte // the C text
	lib    *Library
	params []thread.Param
}

var _ runtime.Program = (*Program)(nil)

// New compiles a kernel, whose lowering for passes.CPU is f. At most one Options is given. Errors: errors.Is
// ErrNoCompiler; *CompileError and *c.Error, which are internal.
func New(k *ir.Kernel, f *thread.Func, o ...Options) (*Program, error) {
	return NewContext(context.Background(), k, f, o...)
}

// NewContext is New with a context that ends the compiler.
func NewContext(ctx context.Context, k *ir.Kernel, f *thread.Func, o ...Options) (*Program, error) {
	var opt Options
	if len(o) > 0 {
		opt = o[0]
	}
	text, err := c.Print(f, c.Options{})
	if err != nil {
		return nil, err
	}
	lib, err := Load(ctx, c.Symbol(f.Name), text, opt)
	if err != nil {
		return nil, err
	}
	return &Program{k, text, lib, f.Params}, nil
}

// Cached reports that the code came from the cache.
func (p *Program) Cached() bool { return p.lib.Hit }

// Close unloads the code after the last run has ended.
func (p *Program) Close() error { return p.lib.Close() }

// Run executes the whole grid. Arguments are row-major; packed parameters are brought into their storage order before the
// time is taken.
func (p *Program) Run(ctx context.Context, args []runtime.Arg) (runtime.Stats, error) {
	b, err := p.bind(args)
	if err != nil {
		return runtime.Stats{}, err
	}
	defer b.release()
	start := time.Now()
	err = p.lib.Run(ctx, b.ptrs, b.call.Grid)
	s := runtime.Stats{Time: time.Since(start), Bytes: b.call.Bytes}
	b.copyBack()
	return s, err
}

// Time is the median time of n runs, after one that is not counted; n below 1 is 20.
func (p *Program) Time(ctx context.Context, args []runtime.Arg, n int) (time.Duration, error) {
	if n < 1 {
		n = 20
	}
	b, err := p.bind(args)
	if err != nil {
		return 0, err
	}
	defer b.release()
	var took []time.Duration
	for range n + 1 {
		start := time.Now()
		if err := p.lib.Run(ctx, b.ptrs, b.call.Grid); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	b.copyBack()
	took = took[1:]
	slices.Sort(took)
	return (took[(n-1)/2] + took[n/2]) / 2, nil
}

// binding is the arguments of one launch as C sees them.
type binding struct {
	call   *runtime.Call
	values []uint64
	ptrs   []unsafe.Pointer
	pin    goruntime.Pinner
	copies []copied
}

// copied is a tensor that C gets elsewhere.
type copied struct {
	t   *tensor.Tensor
	mem []byte
}

func (p *Program) bind(args []runtime.Arg) (*binding, error) {
	call, err := runtime.Check(p.Kernel, args)
	if err != nil {
		return nil, err
	}
	if err := overlaps(p.Kernel, args); err != nil {
		return nil, err
	}
	n := len(call.Args) + len(call.Dynamic)
	if n != len(p.params) {
		return nil, fmt.Errorf("internal error: kernel %s has %d values to pass, its code takes %d", p.Kernel.Name, n, len(p.params))
	}
	b := &binding{call: call, values: make([]uint64, n), ptrs: make([]unsafe.Pointer, n)}
	if n == 0 {
		return b, nil
	}
	b.pin.Pin(&b.values[0])
	b.pin.Pin(&b.ptrs[0])
	for i := range b.values {
		b.ptrs[i] = unsafe.Pointer(&b.values[i])
		switch {
		case i >= len(call.Args):
			b.values[i] = uint64(call.Dynamic[i-len(call.Args)])
		case call.Args[i].Tensor != nil && p.Kernel.Params[i].Pack != nil:
			data, err := runtime.Pack(call.Args[i].Tensor, p.Kernel.Params[i].Pack)
			if err != nil {
				b.release()
				return nil, fmt.Errorf("argument %q: %w", p.Kernel.Params[i].Name, err)
			}
			b.values[i] = b.packed(data)
		case call.Args[i].Tensor != nil:
			b.values[i] = b.tensor(call.Args[i].Tensor, p.Kernel.Params[i].Out)
		default:
			b.values[i] = scalar(p.params[i].Elem, p.Kernel.Params[i].Value.Type.Elem, call.Args[i])
		}
	}
	return b, nil
}

// tensor pins a tensor's memory and gives its address. C wants elements at multiples of their size. Elements that share bytes are
// written by words of four bytes, so that a result of such must be whole words; else C works on a copy.
func (b *binding) tensor(t *tensor.Tensor, out bool) uint64 {
	data := t.Data
	if len(data) == 0 {
		return 0
	}
	bits := t.DType.Bits()
	align, whole := max(bits/8, 1), bits == 8 || bits == 16 || bits == 32 || bits == 64
	if !whole {
		align = 4
	}
	if uintptr(unsafe.Pointer(&data[0]))%uintptr(align) != 0 || out && !whole && len(data)%4 != 0 {
		mem := (*align64((len(data) + 3) &^ 3))
		copy(mem, data)
		if out {
			b.copies = append(b.copies, copied{t, mem})
		}
		data = mem
	}
	b.pin.Pin(&data[0])
	return uint64(uintptr(unsafe.Pointer(&data[0])))
}

// packed pins the storage of a packed tensor, which vectors read: it starts at a multiple of 64.
func (b *binding) packed(data []byte) uint64 {
	if len(data) == 0 {
		return 0
	}
	if uintptr(unsafe.Pointer(&data[0]))%64 != 0 {
		mem := *align64(len(data))
		copy(mem, data)
		data = mem
	}
	b.pin.Pin(&data[0])
	return uint64(uintptr(unsafe.Pointer(&data[0])))
}

func (b *binding) copyBack() {
	for _, c := range b.copies {
		copy(c.t.Data, c.mem)
	}
}

func (b *binding) release() { b.pin.Unpin() }

// scalar is the bits of a scalar in the kind that the code takes: integers extended, small floats as the f32 of the same value.
func scalar(e thread.Elem, t dtype.Type, a runtime.Arg) uint64 {
	x := a.Float
	switch e {
	case thread.F16:
		return dtype.F16.FromFloat(x, dtype.F16.Mode())
	case thread.BF16:
		return dtype.BF16.FromFloat(x, dtype.BF16.Mode())
	case thread.F32:
		return uint64(math.Float32bits(float32(x)))
	case thread.F64:
		return math.Float64bits(x)
	}
	return uint64(a.Int)
}

// overlaps refuses a result that shares memory with another argument, at whatever place: the code is compiled for results
// that do not.
func overlaps(k *ir.Kernel, args []runtime.Arg) error {
	for i, p := range k.Params {
		for j, q := range k.Params {
			x, y := args[i].Tensor, args[j].Tensor
			if i == j || !p.Out || x == nil || y == nil || len(x.Data) == 0 || len(y.Data) == 0 {
				continue
			}
			a, b := uintptr(unsafe.Pointer(&x.Data[0])), uintptr(unsafe.Pointer(&y.Data[0]))
			if a < b+uintptr(len(y.Data)) && b < a+uintptr(len(x.Data)) {
				return fmt.Errorf("argument %q: the result shares its memory with argument %q", p.Name, q.Name)
			}
		}
	}
	return nil
}
