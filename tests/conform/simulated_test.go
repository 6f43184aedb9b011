package conform

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/threadvm"
)

// What the lowering makes of every kernel for a GPU, executed thread by thread: the results are right, nothing races, no
// address is outside.
func TestSimulated(t *testing.T) {
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	each(t, func(t *testing.T, p *Prepared) {
		c, err := compile.Thread(p.Kernel, target, compile.Options{})
		require.NoError(t, err)
		prog, err := threadvm.New(c.Thread, c.Kernel)
		require.NoError(t, err)
		got, err := Results(context.Background(), prog, c.Kernel, p.Args, p.Case.Dims)
		require.NoError(t, err)
		require.NoError(t, p.Compare(got))
	})
}

// What layout inference takes for the kernels with the most values: the target is 10 ms.
func BenchmarkLayouts(b *testing.B) {
	target, err := compile.Target("sm_90a")
	require.NoError(b, err)
	for _, c := range []Case{
		{"linear", "Linear", defs{"W": "u4"}, dims{"M": 64, "K": 4096, "N": 4096}, nil},
		{"matmul", "Matmul", defs{"BM": "128", "BN": "128"}, dims{"M": 512, "N": 512, "K": 512}, nil},
		{"matmul", "MatmulNT", defs{"BM": "128", "BN": "128", "BK": "64"}, dims{"M": 511, "N": 511, "K": 511}, nil},
		{"embed", "Attention", defs{"BQ": "64", "BK": "32"}, dims{"B": 8, "S": 512, "D": 384}, map[string]float64{"scale": 1}},
		{"norm", "AddNormQuant", defs{"Q": "f8e4m3fn"}, dims{"M": 3, "N": 4096}, map[string]float64{"eps": 1e-5}},
	} {
		k, err := c.Lower()
		require.NoError(b, err)
		b.Run(c.String(), func(b *testing.B) {
			var spent time.Duration
			for range b.N {
				ctx := &passes.Context{Target: target, Timing: func(pass string, d time.Duration) {
					if pass == "layout" {
						spent += d
					}
				}}
				require.NoError(b, passes.Run(k.Clone(), ctx))
			}
			b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "µs-layout/op")
		})
	}
}
