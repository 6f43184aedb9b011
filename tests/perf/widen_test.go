package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/threadvm"
)

// The kernels that `perf -widen` times sum what they should: as lowered for a GPU, executed thread by thread.
func TestColumnSums(t *testing.T) {
	pkg, err := lang.LoadSource("widen.girih", widenSource)
	require.NoError(t, err)
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	for _, w := range packedTypes() {
		t.Run(w.String(), func(t *testing.T) {
			k, err := lowerSums(pkg, w, tilingOf(w))
			require.NoError(t, err)
			c, err := compile.Thread(k, target, compile.Options{})
			require.NoError(t, err)
			prog, err := threadvm.New(c.Thread, c.Kernel)
			require.NoError(t, err)
			require.NoError(t, checkSums(prog, c.Kernel, w, 1024, 256))
		})
	}
}
