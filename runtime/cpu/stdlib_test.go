package cpu_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
	"github.com/girih-lang/girih/stdlib"
)

// build compiles a kernel for the processor, checking the IR after every pass.
func build(t testing.TB, k *ir.Kernel) *cpu.Program {
	_, err := cpu.Find()
	need.Tool(t, "cc", err)
	low := k.Clone()
	c := &passes.Context{Target: passes.CPU, After: func(_ string, k *ir.Kernel) error { return k.Verify() }}
	require.NoError(t, passes.Run(low, c))
	f, err := codegen.Lower(low, passes.CPU)
	require.NoError(t, err)
	p, err := cpu.New(low, f, cpu.Options{Cache: cache.Open(cache.Options{Dir: "off"}), Flags: []string{"-O2", "-ftree-vectorize"}})
	require.NoError(t, err, "%s", f)
	t.Cleanup(func() { p.Close() })
	if dir := os.Getenv("GIRIH_KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+k.Name+".c", p.Source, 0o600))
	}
	return p
}

// against runs a kernel on random data in the VM and on the processor and compares the results.
func against(t testing.TB, k *ir.Kernel, dims map[string]int64, bar func(dt dtype.Type) float64) {
	p := build(t, k)
	oracle, err := vm.New(k, vm.Options{})
	require.NoError(t, err)
	named := map[string]runtime.Arg{}
	for i, q := range k.Params {
		if q.Out {
			continue
		}
		e := q.Value.Type.Elem
		if q.Value.Type.Kind == ir.Tile {
			named[q.Name] = runtime.Int(1)
			if e.IsFloat() {
				named[q.Name] = runtime.Float(1e-5)
			}
			continue
		}
		shape, err := q.Shape(dims)
		require.NoError(t, err)
		x, err := tensor.Random(e, uint64(i+1), shape...)
		require.NoError(t, err)
		named[q.Name] = runtime.Tensor(x)
	}
	want, err := runtime.Arguments(k, named, dims)
	require.NoError(t, err)
	got, err := runtime.Arguments(k, named, dims)
	require.NoError(t, err)
	_, err = oracle.Run(context.Background(), want)
	require.NoError(t, err)
	_, err = p.Run(context.Background(), got)
	require.NoError(t, err)
	for i, q := range k.Params {
		if !q.Out {
			continue
		}
		x, y := got[i].Tensor, want[i].Tensor
		if !x.DType.IsFloat() {
			assert.Equal(t, y.Ints(), x.Ints(), q.Name)
			continue
		}
		d, err := tensor.Compare(x, y)
		require.NoError(t, err)
		assert.True(t, d.Within(bar(x.DType)), "%s: %s", q.Name, d)
	}
}

// bars are the accuracy bars of the project, with room for a sum in f32 of a few hundred terms.
func bars(dt dtype.Type) float64 {
	switch dt {
	case dtype.F32:
		return 1e-5
	case dtype.F16:
		return 1e-3
	case dtype.BF16:
		return 6e-3
	}
	return 0.05 // f8: a result next to a tie may fall to the other side
}

// TestStdlib runs every kernel of the library on shapes that no tile divides, for its types.
func TestStdlib(t *testing.T) {
	sizes := []int64{37, 53, 71, 3, 64, 5}
	for _, name := range stdlib.Names() {
		text, _ := stdlib.Source(name)
		pkg, err := lang.LoadSource(name+lang.Extension, text)
		require.NoError(t, err)
		for _, kernel := range pkg.Kernels() {
			types := []string{""}
			for _, p := range kernel.Params {
				if p.Kind == "type" && p.Name == "T" {
					types = []string{"f16", "bf16", "f32"}
				}
			}
			for _, ty := range types {
				t.Run(strings.TrimRight(fmt.Sprintf("%s/%s/%s", name, kernel.Name, ty), "/"), func(t *testing.T) {
					t.Parallel()
					o := lang.Options{Defines: map[string]string{}, Dims: map[string]int64{}}
					if ty != "" {
						o.Defines["T"] = ty
					}
					for i, d := range kernel.Static {
						o.Dims[d] = 100 + 28*int64(i)
					}
					k, err := lang.Lower(pkg, kernel.Name, o)
					require.NoError(t, err)
					dims := map[string]int64{}
					for i, d := range k.Dims {
						by := max(d.Div, 1)
						if dims[d.Name] = (sizes[i%len(sizes)] + by - 1) / by * by; d.Static >= 0 {
							dims[d.Name] = d.Static
						}
					}
					against(t, k, dims, bars)
				})
			}
		}
	}
}
