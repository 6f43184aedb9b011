package lang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// The word survives the formatter, and the kernel the text form of the IR.
func TestAfterRoundTrip(t *testing.T) {
	text := "kernel A(x, z f32[N]) (y f32[N]) {\n\tgrid n in N by 64 warps(2) after(z, x)\n\ty[n] = x[n] + z[n]\n}\n"
	loose := "kernel A(x, z f32[N]) (y f32[N]) {\n\tgrid n in N by 64   warps( 2 )  after( z,x )\n\ty[n] = x[n] + z[n]\n}\n"
	out, err := syntax.Format(diag.NewSource("a.girih", loose))
	require.NoError(t, err)
	require.Equal(t, text, string(out))
	k := lowerText(t, text, Options{})
	require.Equal(t, []string{"z", "x"}, k.After)
	again, err := ir.Parse(k.String())
	require.NoError(t, err)
	require.NoError(t, again.Verify())
	require.Equal(t, k.String(), again.String())
	require.Equal(t, k.After, again.After)
}
