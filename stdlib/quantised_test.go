package stdlib_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// linear runs a Linear and holds its result against x times the dequantised weights, in float64.
func linear(t *testing.T, file, kernel string, defines map[string]string, a dtype.Type, weights *tensor.Tensor, named map[string]runtime.Arg) {
	const m = 5
	k, n := weights.Shape[0], weights.Shape[1]
	x, err := tensor.Normal(a, 3, 1, m, k)
	require.NoError(t, err)
	named["x"] = runtime.Tensor(x)
	defines["A"] = a.String()
	prog := compile(t, file, kernel, lang.Options{Defines: defines})
	args, err := runtime.Arguments(prog.Kernel(), named, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	xs, ws := x.Floats(), weights.Floats()
	want := mat(m, n, func(i, j int) float64 { return total(k, func(l int) float64 { return xs[i*k+l] * ws[l*n+j] }) })
	for i, p := range prog.Kernel().Params {
		if p.Name == "y" {
			closeTo(t, want, args[i].Tensor.Floats(), bars[a])
		}
	}
}

// Every block-scaled format: quantised by runtime/tensor, multiplied by the library, within the bar of the result's type
// (products of elements and scales are exact).
func TestBlockScaled(t *testing.T) {
	w, err := tensor.Normal(dtype.F32, 7, 0.05, 160, 70)
	require.NoError(t, err)
	for _, f := range tensor.BlockFormats {
		for _, a := range []dtype.Type{dtype.BF16, dtype.F16} {
			t.Run(f.Name+"/"+a.String(), func(t *testing.T) {
				q, s, factor, err := tensor.QuantizeBlocks(w, f)
				require.NoError(t, err)
				back, err := tensor.DequantizeBlocks(q, s, factor, f)
				require.NoError(t, err)
				named := map[string]runtime.Arg{"w": runtime.Tensor(q), "s": runtime.Tensor(s)}
				switch {
				case f.Factor:
					named["t"] = runtime.Float(factor)
					linear(t, "linear_mx", "LinearNV", map[string]string{}, a, back, named)
				case f.Unit != 1:
					linear(t, "linear_mx", "LinearMXInt8", map[string]string{}, a, back, named)
				default:
					linear(t, "linear_mx", "LinearMX", map[string]string{"W": f.Elem.String()}, a, back, named)
				}
			})
		}
	}
}

func TestZeroPoints(t *testing.T) {
	w, err := tensor.Uniform(dtype.F32, 9, -0.2, 1, 128, 66)
	require.NoError(t, err)
	for _, bits := range []int{1, 2, 3, 4, 5, 8} {
		for _, a := range []dtype.Type{dtype.F16, dtype.BF16} {
			u := dtype.U(bits)
			q, s, z, err := tensor.QuantizeZero(w, u, 32, a)
			require.NoError(t, err)
			back, err := tensor.DequantizeZero(q, s, z, 32)
			require.NoError(t, err)
			linear(t, "linear_zero", "LinearZero", map[string]string{"W": u.String(), "Z": u.String(), "G": "32"}, a, back,
				map[string]runtime.Arg{"w": runtime.Tensor(q), "s": runtime.Tensor(s), "z": runtime.Tensor(z)})
		}
	}
}
