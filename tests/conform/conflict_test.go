package conform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
)

// The example of docs/layouts.md: a bank conflict that the remark shows and another layout removes.
func TestManualConflict(t *testing.T) {
	const text = `package turn

kernel Turn(x f32[M % 64 == 0, N % 96 == 0]) (y f32[N, M]) {
	grid m in M by 64, n in N by 96 warps(4)
	v := x[m, n] @ LAYOUT
	y[n, m] = v.T @ local(12, 1).spatial(8, 16).local(1, 4)
}
`
	for l, want := range map[string]string{
		"local(4, 3).spatial(16, 8).local(1, 4)":        "store 192 × 32 bits in 768 wavefronts (576 bank conflicts), load 48 × 128 bits in 192 wavefronts, about 1300 cycles",
		"local(4, 3).column_spatial(16, 8).local(1, 4)": "store 192 × 32 bits in 192 wavefronts, load 48 × 128 bits in 192 wavefronts, about 724 cycles",
	} {
		pkg, err := lang.LoadSource("turn.girih", strings.ReplaceAll(text, "LAYOUT", l))
		require.NoError(t, err)
		k, err := lang.Lower(pkg, "Turn", lang.Options{})
		require.NoError(t, err)
		target, err := compile.Target("sm_90a")
		require.NoError(t, err)
		code, err := compile.Thread(k, target, compile.Options{})
		require.NoError(t, err)
		var found bool
		code.Kernel.Body.Walk(func(o *ir.Op) bool {
			if o.Code == ir.OpConvert {
				plan := passes.PlanConversion(o.Args[0].Layout, o.Result().Layout, o.Result().Type, true)
				require.Contains(t, plan.String(), want)
				found = true
			}
			return true
		})
		require.True(t, found)
	}
}
