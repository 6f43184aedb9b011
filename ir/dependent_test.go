package ir

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const afterText = `kernel @Add(%0 x: tensor f32[N], %1 "the w": tensor f32[N], %2 n: i32) -> (%3 y: tensor f32[N]) dims(N) grid(ceil(N, 64)) warps 2 after(x, "the w") source "a.girih" {
  launch_dependents
  %4 = const {value = 0} : i32
  wait_grid
  %5 = load %0, %4 {dims = [0]} : f32[64]
  store %5, %3, %4 {dims = [0]}
}
`

func TestAfter(t *testing.T) {
	k, err := Parse(afterText)
	require.NoError(t, err)
	require.NoError(t, k.Verify())
	assert.Equal(t, []string{"x", "the w"}, k.After)
	assert.Equal(t, afterText, k.String())
	assert.Equal(t, afterText, k.Clone().String())

	for _, c := range []struct{ old, new, want string }{
		{`after(x, "the w")`, "after(z)", "kernel Add runs after z, which is no input tensor"},
		{`after(x, "the w")`, "after(y)", "kernel Add runs after y, which is no input tensor"},
		{`after(x, "the w")`, "after(n)", "kernel Add runs after n, which is no input tensor"},
		{`after(x, "the w")`, "after(x, x)", "kernel Add runs after x twice"},
		{"  wait_grid\n", "  wait_grid\n  wait_grid\n", "wait_grid: stands there twice"},
		{"  wait_grid\n", "  launch_dependents\n", "launch_dependents: stands there twice"},
		{"  wait_grid\n", "  for %4, %4, %4 {\n |%9: i32|\n  wait_grid\n  yield\n}\n", "wait_grid: stands inside of a region, where not every thread may come by just once"},
		{"{dims = [0]}\n}", "{dims = [0]}\n  wait_grid\n}", "wait_grid: stands there twice"},
	} {
		require.Contains(t, afterText, c.old)
		k, err := Parse(strings.Replace(afterText, c.old, c.new, 1))
		require.NoError(t, err, c.new)
		assert.EqualError(t, k.Verify(), c.want)
	}
	late := strings.Replace(strings.Replace(afterText, "  wait_grid\n", "", 1), "  store", "  wait_grid\n  store", 1)
	k, err = Parse(late)
	require.NoError(t, err)
	assert.EqualError(t, k.Verify(), "load: touches what a kernel launched before may use, ahead of wait_grid")
	k, err = Parse(strings.Replace(late, `after(x, "the w")`, `after("the w")`, 1))
	require.NoError(t, err)
	assert.NoError(t, k.Verify(), "x is as it was before both kernels")
}
