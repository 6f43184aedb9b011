package conform

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/vm"
)

// The VM's own rounding keeps the accuracy bars.
func TestVM(t *testing.T) {
	each(t, func(t *testing.T, p *Prepared) { require.NoError(t, p.Compare(p.VM)) })
}

// Tile IR after the passes for a GPU means what it meant before.
func TestPasses(t *testing.T) {
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	each(t, func(t *testing.T, p *Prepared) {
		k := p.Kernel.Clone()
		require.NoError(t, passes.Run(k, &passes.Context{Target: target, After: func(_ string, k *ir.Kernel) error { return k.Verify() }}))
		got, err := run(context.Background(), k, p.Args, p.Case.Dims, vm.Options{})
		require.NoError(t, err)
		require.NoError(t, p.Compare(got))
	})
}

// Every kernel compiles for both GPU generations and, where ptxas is, assembles without spills or local memory.
func TestPTX(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	as := assembler(t)
	each(t, func(t *testing.T, p *Prepared) {
		for _, target := range []string{"sm_80", "sm_90a"} {
			c, err := compile.GPU(context.Background(), p.Kernel, target, compile.Options{Cache: store(), Verify: true})
			require.NoError(t, err, target)
			if as == nil {
				continue
			}
			_, rep, err := as.Assemble(context.Background(), c.PTX, target)
			require.NoError(t, err, target)
			require.Zero(t, rep.SpillStores+rep.Stack, "%s: %+v", target, rep.Usage)
		}
	})
}

// Every kernel runs on the GPU, from the cache where there is no LLVM: filled by TestPTX on a machine that has it.
func TestCUDA(t *testing.T) {
	dev := gpu(t)
	each(t, func(t *testing.T, p *Prepared) {
		c, err := compile.GPU(context.Background(), p.Kernel, dev.Target(), compile.Options{Cache: store(), Verify: true})
		require.NoError(t, err)
		prog, err := cuda.NewProgram(dev, cuda.Code{Kernel: c.Kernel, PTX: c.PTX, Threads: c.Threads, Shared: c.Shared})
		require.NoError(t, err)
		got, err := Results(context.Background(), prog, c.Kernel, p.Args, p.Case.Dims)
		require.NoError(t, err)
		require.NoError(t, p.Compare(got))
		require.NoError(t, prog.Close())
	})
}

// gpu is the first GPU; without one, or without a driver, the test skips and says why.
func gpu(t *testing.T) *cuda.Device {
	dev, err := cuda.Open(0)
	if err != nil && !errors.Is(err, cuda.ErrNoDriver) && !errors.Is(err, cuda.ErrNoDevice) {
		t.Fatal(err)
	}
	need.Tool(t, "cuda", err)
	t.Cleanup(func() { dev.Close() }) // after the parallel subtests
	return dev
}

// assembler is nil where ptxas is missed and nobody requires it.
func assembler(t *testing.T) *ptxas.Assembler {
	as, err := ptxas.Find()
	if err != nil && need.Required("ptxas") {
		t.Fatal(err)
	}
	return as
}

// store keeps code where GIRIH_CACHE says so; tests do not touch the user's cache.
func store() *cache.Cache {
	if os.Getenv("GIRIH_CACHE") == "" {
		return nil
	}
	return cache.Open(cache.Options{})
}

func each(t *testing.T, f func(*testing.T, *Prepared)) {
	for _, c := range Cases() {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			p, err := c.Prepare(context.Background())
			require.NoError(t, err)
			f(t, p)
		})
	}
}
