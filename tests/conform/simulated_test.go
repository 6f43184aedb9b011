package conform

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
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
