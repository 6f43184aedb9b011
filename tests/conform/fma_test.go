package conform

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
)

// A product half-way between two bf16 and an addend far below f64's last place: rounding the sum to f64 first would lose the
// addend and then round the tie the wrong way.
func TestFmaRoundsOnce(t *testing.T) {
	ctx := context.Background()
	k := elementwiseKernel(ir.OpFma, dtype.BF16, 3)
	one := func(x float64) runtime.Arg {
		return runtime.Tensor(tensor.FromFloats(dtype.BF16, []int{1}, []float64{x}))
	}
	args := map[string]runtime.Arg{"a": one(1 + 0x1p-7), "b": one(1.5), "c": one(-0x1p-60)}
	want, err := run(ctx, k, args, nil, vm.Options{})
	require.NoError(t, err)
	require.Equal(t, 1.5078125, want["y"].Floats()[0])
	for _, name := range []string{"cpu", "sm_90a"} {
		target, err := compile.Target(name)
		require.NoError(t, err)
		c, err := compile.Thread(k, target, compile.Options{})
		require.NoError(t, err)
		prog, err := threadvm.New(c.Thread, c.Kernel)
		require.NoError(t, err)
		got, err := Results(ctx, prog, c.Kernel, args, nil)
		require.NoError(t, err)
		require.Equal(t, want["y"].Floats(), got["y"].Floats(), name)
	}
}
