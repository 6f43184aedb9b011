package conform

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
)

// Small activations keep their accuracy: what widening leaves to a sum must not push the sum out of the range of f32.
func TestTinyActivations(t *testing.T) {
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	for _, w := range []string{"u4", "f4e2m1", "f3e1m1", "f6e3m2", "f8e4m3fn"} {
		for _, a := range []string{"f16", "bf16"} {
			t.Run(w+" "+a, func(t *testing.T) {
				c := Case{"linear", "Linear", defs{"W": w, "A": a, "BM": "8", "BN": "64", "BK": "128", "stages": "3", "splits": "1"}, dims{"M": 4, "K": 256, "N": 64}, nil}
				p, err := c.Prepare(context.Background())
				require.NoError(t, err)
				x := p.Args["x"].Tensor
				scale := 1e-4
				if a == "bf16" {
					scale = 1e-9
				}
				for i, v := range x.Floats() {
					x.SetCode(i, x.DType.FromFloat(v*scale, x.DType.Mode()))
				}
				p.VM, err = run(context.Background(), p.Kernel, p.Args, c.Dims, vm.Options{})
				require.NoError(t, err)
				p.Exact, err = run(context.Background(), p.Kernel, p.Args, c.Dims, vm.Options{Exact: true})
				require.NoError(t, err)
				code, err := compile.Thread(p.Kernel, target, compile.Options{})
				require.NoError(t, err)
				prog, err := threadvm.New(code.Thread, code.Kernel)
				require.NoError(t, err)
				got, err := Results(context.Background(), prog, code.Kernel, p.Args, c.Dims)
				require.NoError(t, err)
				require.NoError(t, p.Compare(got))
			})
		}
	}
}
