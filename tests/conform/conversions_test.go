package conform

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
)

// bits is a tensor whose elements have their row-major number, as far as it fits, as bits: a conversion moves codes.
func bits(t *testing.T, k *ir.Kernel) *tensor.Tensor {
	shape, err := k.Params[0].Shape(nil)
	require.NoError(t, err)
	x, err := tensor.Make(k.Params[0].Value.Type.Elem, shape...)
	require.NoError(t, err)
	size := x.DType.Bits() / 8
	for i := range len(x.Data) / size {
		n := i
		if x.DType.IsFloat() {
			n = i % 0x7c // no NaN in any type
		}
		for j := range size {
			x.Data[i*size+j] = byte(n >> (8 * j))
		}
		if x.DType.IsFloat() && size > 1 { // the number in the high bits too, to tell more elements apart
			x.Data[i*size+size-1] = byte(i / 0x7c % 0x78)
		}
	}
	return x
}

// Random pairs of layouts: what comes out is what went in, in every class of conversion.
func TestConversions(t *testing.T) {
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	classes, plans := map[layout.Class]int{}, map[layout.Class]int{}
	exchanges, rounds, mixed := 0, 0, 0
	for _, c := range Conversions(400) {
		class, err := layout.Classify(c.From, c.To)
		require.NoError(t, err, c.Name)
		classes[class]++
		if !c.From.IsPermutation() || !c.To.IsPermutation() {
			mixed++
		}
		t.Run(c.Name, func(t *testing.T) {
			code, err := compile.Thread(c.Kernel, target, compile.Options{Verify: true})
			require.NoError(t, err)
			prog, err := threadvm.New(code.Thread, code.Kernel)
			require.NoError(t, err)
			x := bits(t, code.Kernel)
			args, err := runtime.Arguments(code.Kernel, map[string]runtime.Arg{"x": runtime.Tensor(x)}, nil)
			require.NoError(t, err)
			_, counts, err := prog.Count(context.Background(), args)
			require.NoError(t, err)
			require.Equal(t, x.Data, args[1].Tensor.Data)

			// What the plans say is what happens. The store may ask for one more conversion.
			var want threadvm.Counts
			code.Kernel.Body.Walk(func(o *ir.Op) bool {
				if o.Code != ir.OpConvert {
					return true
				}
				plan := passes.PlanConversion(o.Args[0].Layout, o.Result().Layout, o.Result().Type, target.HasMatrixStores())
				plans[plan.Class]++
				if plan.Exchange != nil {
					exchanges++
					rounds = max(rounds, plan.Exchange.Rounds)
					require.Zero(t, plan.Store.Conflicts()+plan.Load.Conflicts())
				}
				want.Accesses += int64(plan.Store.Accesses + plan.Load.Accesses)
				want.Wavefronts += int64(plan.Store.Wavefronts + plan.Load.Wavefronts)
				want.Conflicts += int64(plan.Store.Conflicts() + plan.Load.Conflicts())
				want.Shuffles += int64(plan.Shuffles * code.Threads / 32)
				return true
			})
			want.Barriers = counts.Barriers
			require.Equal(t, want, counts)
		})
	}
	t.Log(classes, plans, exchanges, rounds, mixed)
	require.Greater(t, exchanges, 30)
	require.Greater(t, mixed, 150)
	require.Greater(t, rounds, 1)
	require.Greater(t, plans[layout.Shuffle], 50)
	for _, c := range []layout.Class{layout.Register, layout.Shuffle, layout.Shared} {
		require.Greater(t, classes[c], 50, c)
	}
}

// Every conversion compiles and assembles (without ptxas: compiles). Where code is kept, for a machine with a GPU, there are as many as run there.
func TestConversionsPTX(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	as := assembler(t)
	count := 24
	if store() != nil {
		count = conversionsRun
	}
	for i, c := range Conversions(count) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			code, err := compile.GPU(context.Background(), c.Kernel, "sm_90a", compile.Options{Cache: store()})
			require.NoError(t, err)
			if i >= 24 || as == nil {
				return // beyond 24, to assemble them too would say nothing new
			}
			_, rep, err := as.Assemble(context.Background(), code.PTX, "sm_90a")
			require.NoError(t, err)
			require.Zero(t, rep.SpillStores+rep.Stack, "%+v", rep.Usage)
		})
	}
}

// conversionsRun is how many conversions run on a GPU.
const conversionsRun = 260

// Every conversion moves every element on the GPU, from the cache where there is no LLVM:
//
//	CGO_ENABLED=0 go test -c -o conform.test ./tests/conform
//	GIRIH_CACHE=$PWD/cache ./conform.test -test.run TestConversionsPTX     # where LLVM is
//	GIRIH_CACHE=$PWD/cache ./conform.test -test.run TestConversionsCUDA    # where the GPU is
func TestConversionsCUDA(t *testing.T) {
	dev := gpu(t)
	for _, c := range Conversions(conversionsRun) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			code, err := compile.GPU(context.Background(), c.Kernel, dev.Target(), compile.Options{Cache: store()})
			require.NoError(t, err)
			prog, err := cuda.NewProgram(dev, cuda.Code{Kernel: code.Kernel, PTX: code.PTX, Threads: code.Threads, Shared: code.Shared})
			require.NoError(t, err)
			x := bits(t, code.Kernel)
			got, err := Results(context.Background(), prog, code.Kernel, map[string]runtime.Arg{"x": runtime.Tensor(x)}, nil)
			require.NoError(t, err)
			require.Equal(t, x.Data, got["y"].Data)
			require.NoError(t, prog.Close())
		})
	}
}
