package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	compiler "github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
)

// What is made of every kernel for a GPU, executed thread by thread, agrees with the VM: what can be known of the example on a
// GPU where there is none.
func TestSimulated(t *testing.T) {
	pkg, err := lang.LoadFS(sources, ".")
	require.NoError(t, err)
	for _, c := range []struct {
		kernel  string
		defines map[string]string
		dims    map[string]int64
		bar     float64
	}{
		{"Embed", map[string]string{}, map[string]int64{"B": 2, "S": 16, "V": 50, "P": 16, "Q": 2, "D": 64}, 1e-3},
		{"AddNorm", map[string]string{}, map[string]int64{"M": 5, "D": 384}, 1e-3},
		{"Attention", map[string]string{}, map[string]int64{"B": 2, "S": 48, "D": 64}, 2e-3},
		{"Attention", map[string]string{"A": "f32"}, map[string]int64{"B": 2, "S": 48, "D": 64}, 1e-5},
		{"Pool", map[string]string{}, map[string]int64{"B": 2, "S": 16, "D": 64}, 1e-5},
		{"Similarity", map[string]string{}, map[string]int64{"B": 20, "D": 64}, 1e-5},
		{"Dense", map[string]string{"Act": "1"}, map[string]int64{"M": 32, "K": 128, "N": 64}, 2e-3},
		{"Dense", map[string]string{"W": "f32", "A": "f32"}, map[string]int64{"M": 16, "K": 64, "N": 64}, 1e-5},
		{"Linear", map[string]string{"W": "i4", "Act": "1"}, map[string]int64{"M": 32, "K": 512, "N": 128}, 2e-3},
		{"Linear", map[string]string{"W": "u4"}, map[string]int64{"M": 16, "K": 256, "N": 64}, 2e-3},
		{"Linear", map[string]string{"W": "f6e3m2"}, map[string]int64{"M": 16, "K": 256, "N": 64}, 2e-3},
		{"Linear", map[string]string{"W": "i6", "G": "16"}, map[string]int64{"M": 16, "K": 256, "N": 64}, 2e-3},
		{"Linear", map[string]string{"W": "i8", "A": "f32", "splits": "1"}, map[string]int64{"M": 16, "K": 128, "N": 64}, 1e-5},
		{"Quantize", map[string]string{"W": "i4"}, map[string]int64{"N": 64, "K": 64}, 2e-2},
		{"Quantize", map[string]string{"W": "f6e3m2", "S": "f32"}, map[string]int64{"N": 64, "K": 64}, 2e-2},
		{"Transposed", map[string]string{}, map[string]int64{"N": 128, "K": 64}, 0},
		{"Rounded", map[string]string{}, map[string]int64{"V": 33, "D": 64}, 0},
		{"Gram", map[string]string{}, map[string]int64{"B": 3, "S": 32, "K": 64}, 1e-4},
	} {
		t.Run(fmt.Sprint(c.kernel, c.defines), func(t *testing.T) {
			t.Parallel()
			k, err := lang.Lower(pkg, c.kernel, lang.Options{Defines: c.defines, Dims: c.dims, AnyTune: true})
			require.NoError(t, err)
			target, err := compiler.Target("sm_90a")
			require.NoError(t, err)
			code, err := compiler.Thread(k, target, compiler.Options{Verify: true})
			require.NoError(t, err)
			gpu, err := threadvm.New(code.Thread, code.Kernel)
			require.NoError(t, err)
			ref, err := vm.New(k, vm.Options{})
			require.NoError(t, err)
			want, got := execute(t, ref, k, c.dims), execute(t, gpu, code.Kernel, c.dims)
			for name := range want {
				d, err := tensor.Compare(got[name], want[name])
				require.NoError(t, err)
				assert.True(t, d.Within(c.bar), "%s: %s", name, d)
			}
		})
	}
}

// execute runs a program on made-up arguments; lengths and ids lie where they must.
func execute(t *testing.T, p runtime.Program, k *ir.Kernel, dims map[string]int64) map[string]*tensor.Tensor {
	named := map[string]runtime.Arg{}
	for i, q := range k.Params {
		e := q.Value.Type.Elem
		if q.Out {
			continue
		}
		if q.Value.Type.Kind == ir.Tile {
			named[q.Name] = runtime.Float(map[string]float64{"eps": 1e-12, "scale": 0.2}[q.Name])
			continue
		}
		shape, err := q.Shape(dims)
		require.NoError(t, err)
		var x *tensor.Tensor
		switch top := dims["V"]; {
		case e == dtype.I32 && top == 0:
			x, err = tensor.Uniform(e, uint64(i), 1, float64(dims["S"])+0.99, shape...)
		case e == dtype.I32:
			x, err = tensor.Uniform(e, uint64(i), 0, float64(top), shape...)
		default:
			x, err = tensor.Random(e, uint64(i), shape...)
		}
		require.NoError(t, err)
		named[q.Name] = runtime.Tensor(x)
	}
	args, err := runtime.Arguments(k, named, dims)
	require.NoError(t, err)
	_, err = p.Run(ctx, args)
	require.NoError(t, err)
	out := map[string]*tensor.Tensor{}
	for i, q := range k.Params {
		if q.Out {
			out[q.Name] = args[i].Tensor
		}
	}
	return out
}
