package compile

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cache"
)

// Whether code waits by itself depends on the target, and is known of code from the cache too.
func TestAfter(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	pkg, err := lang.LoadSource("a.girih", "kernel Add(x, z f32[N]) (y f32[N]) {\n\tgrid n in N by 256 after(x)\n\ty[n] = x[n] + z[n]\n}\n")
	require.NoError(t, err)
	k, err := lang.Lower(pkg, "Add", lang.Options{})
	require.NoError(t, err)
	store := cache.Open(cache.Options{Dir: t.TempDir()})
	for target, want := range map[string][]string{"sm_80": nil, "sm_89": nil, "sm_90": {"x"}, "sm_90a": {"x"}, "sm_100": {"x"}, "sm_120": {"x"}} {
		for _, cached := range []bool{false, true} {
			c, err := GPU(context.Background(), k, target, Options{Cache: store, Verify: true})
			require.NoError(t, err, target)
			assert.Equal(t, cached, c.Cached, target)
			assert.Equal(t, want, c.Kernel.After, target)
		}
	}
	assert.Equal(t, []string{"x"}, k.After)
}
