package conform

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/threadvm"
)

// What the lowering makes of the odd kernels and of those that gather for a CPU, compiled by the C compiler. (runtime/cpu does it for the library.)
func TestCPU(t *testing.T) {
	_, err := cpu.Find()
	need.Tool(t, "cc", err)
	for _, c := range slices.Concat(oddCases(), gatherCases()) {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			p, err := c.Prepare(context.Background())
			require.NoError(t, err)
			compiled(t, p)
		})
	}
}

func compiled(t *testing.T, p *Prepared) {
	c, err := compile.Thread(p.Kernel, passes.CPU, compile.Options{})
	require.NoError(t, err)
	prog, err := cpu.New(c.Kernel, c.Thread, cpu.Options{Cache: cache.Open(cache.Options{Dir: "off"}), Flags: []string{"-O1"}})
	require.NoError(t, err)
	t.Cleanup(func() { prog.Close() })
	got, err := Results(context.Background(), prog, c.Kernel, p.Args, p.Case.Dims)
	require.NoError(t, err)
	require.NoError(t, p.Compare(got))
}

// The same thread programs, executed by one thread of the simulator: every kernel, where it is small.
func TestSimulatedCPU(t *testing.T) {
	each(t, func(t *testing.T, p *Prepared) {
		work := int64(1)
		for _, n := range p.Case.Dims {
			work *= n
		}
		if work > 1<<15 {
			t.Skip("slow in one thread")
		}
		c, err := compile.Thread(p.Kernel, passes.CPU, compile.Options{})
		require.NoError(t, err)
		prog, err := threadvm.New(c.Thread, c.Kernel)
		require.NoError(t, err)
		got, err := Results(context.Background(), prog, c.Kernel, p.Args, p.Case.Dims)
		require.NoError(t, err)
		require.NoError(t, p.Compare(got))
	})
}
