package conform

import (
	"context"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
)

// Every kernel gives right results on the processor, compiled in haste for this machine; a part of them also as a user gets it,
// by the other compiler, and for any machine of the architecture.
func TestNative(t *testing.T) {
	cc, err := cpu.Find()
	need.Tool(t, "cc", err)
	store := cache.Open(cache.Options{})
	options := []cpu.Options{{Compiler: cc, Cache: store, Flags: []string{"-O1"}}, {Compiler: cc, Cache: store}, {Compiler: cc, Cache: store, Portable: true}}
	if runtime.GOARCH == "amd64" {
		options = append(options, cpu.Options{Compiler: cc, Cache: store, Flags: []string{"-mno-avx512f"}})
	}
	if path, err := exec.LookPath("clang"); err == nil && path != cc.Path {
		options = append(options, cpu.Options{Compiler: &cpu.Compiler{Path: path}, Cache: store}, cpu.Options{Compiler: &cpu.Compiler{Path: path}, Cache: store, Portable: true})
	}
	each(t, func(t *testing.T, p *Prepared) {
		c, err := compile.Thread(p.Kernel, passes.CPU, compile.Options{Verify: true})
		require.NoError(t, err)
		for i, o := range options {
			if i > 0 && len(p.Case.String())%8 != i {
				continue
			}
			prog, err := cpu.New(c.Kernel, c.Thread, o)
			require.NoError(t, err)
			got, err := Results(context.Background(), prog, c.Kernel, p.Args, p.Case.Dims)
			require.NoError(t, err)
			require.NoError(t, p.Compare(got), "%s %v", o.Compiler, o.Portable)
			require.NoError(t, prog.Close())
		}
	})
}
