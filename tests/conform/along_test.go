package conform

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
)

// along takes another column in each row: an index that varies along the rows of the tensor too, as the language does not make
// them yet. Neighbours must not be read together then.
const along = `kernel @along(%0 x: tensor f16[M, N], %1 i: tensor i32[M, N]) -> (%2 y: tensor f16[M, N]) dims(M div 16, N = 64) grid(ceil(M, 16)) {
  %3 = program_id {axis = 0} : i32
  %4 = const {value = 16} : i32
  %5 = mul %3, %4 : i32
  %6 = const {value = 0} : i32
  %7 = load %1, %5, %6 {dims = [0, 1]} : i32[16, 64]
  %8 = const {value = 63} : i32[16, 64]
  %9 = and %7, %8 : i32[16, 64]
  %10 = gather %0, %9, %5, %6 {along = 1, dims = [0, 1]} : f16[16, 64]
  %12 = gather %0, %9, %6, %6 {along = 0, dims = [0, 1]} : f16[16, 64]
  %13 = add %10, %12 : f16[16, 64]
  store %13, %2, %5, %6 {dims = [0, 1]}
}
`

func TestGatherAlong(t *testing.T) {
	k, err := ir.Parse(along)
	require.NoError(t, err)
	dims := map[string]int64{"M": 64, "N": 64}
	p := &Prepared{Case: Case{Dims: dims}, Kernel: k, Args: map[string]runtime.Arg{}}
	for _, q := range k.Params[:2] {
		x, err := tensor.Random(q.Value.Type.Elem, 7, 64, 64)
		require.NoError(t, err)
		p.Args[q.Name] = runtime.Tensor(x)
	}
	p.VM, err = run(context.Background(), k, p.Args, dims, vm.Options{})
	require.NoError(t, err)
	p.Exact, err = run(context.Background(), k, p.Args, dims, vm.Options{Exact: true})
	require.NoError(t, err)
	gpu, err := compile.Target("sm_90a")
	require.NoError(t, err)
	for _, target := range []passes.Target{passes.CPU, gpu} {
		c, err := compile.Thread(k, target, compile.Options{Verify: true})
		require.NoError(t, err)
		prog, err := threadvm.New(c.Thread, c.Kernel)
		require.NoError(t, err)
		got, err := Results(context.Background(), prog, c.Kernel, p.Args, dims)
		require.NoError(t, err)
		require.NoError(t, p.Compare(got), target.Name)
	}
}
