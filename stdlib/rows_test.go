package stdlib_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// The quantised rows times their scale give the normalised rows back to the precision of the type.
func TestAddNormQuant(t *testing.T) {
	const m, n, eps = 3, 130, 0.25
	prog := compile(t, "norm", "AddNormQuant", lang.Options{Dims: map[string]int64{"N": n}})
	r := rand.New(rand.NewPCG(2, 3))
	in := func(shape ...int) *tensor.Tensor {
		size := 1
		for _, s := range shape {
			size *= s
		}
		vals := make([]float64, size)
		for i := range vals {
			vals[i] = r.NormFloat64()
		}
		return tensor.FromFloats(dtype.F16, shape, vals)
	}
	x, res, g := in(m, n), in(m, n), in(n)
	named := map[string]runtime.Arg{"x": runtime.Tensor(x), "r": runtime.Tensor(res), "g": runtime.Tensor(g), "eps": runtime.Float(eps)}
	args, err := runtime.Arguments(prog.Kernel(), named, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	h, q, s := args[4].Tensor.Floats(), args[5].Tensor.Floats(), args[6].Tensor.Floats()
	sum := mat(m, n, func(i, j int) float64 { return x.Floats()[i*n+j] + res.Floats()[i*n+j] })
	closeTo(t, sum, h, 1e-3)
	want := rms(data{m: m, n: n, in: map[string][]float64{"x": sum, "g": g.Floats()}, eps: eps})["y"]
	closeTo(t, want, mat(m, n, func(i, j int) float64 { return q[i*n+j] * s[i] }), 0.04)
	for i := range m {
		top := 0.0
		for j := range n {
			top = max(top, math.Abs(q[i*n+j]))
		}
		require.Equal(t, dtype.F8E4M3FN.MaxFloat(), top)
	}
}

// Each code is the one nearest to the element times the reciprocal of the row's scale, and going back gives the row to half a step.
func TestQuantRows(t *testing.T) {
	for _, name := range []string{"f8e4m3fn", "f8e5m2", "f6e3m2", "f4e2m1", "i8", "i4"} {
		q, err := dtype.Parse(name)
		require.NoError(t, err)
		for i, dt := range []dtype.Type{dtype.F16, dtype.BF16, dtype.F32} {
			t.Run(q.String()+"/"+dt.String(), func(t *testing.T) { quantRows(t, q, dt, 3+i, []int{1, 64, 130}[i]) })
		}
	}
}

func quantRows(t *testing.T, q, dt dtype.Type, m, n int) {
	opts := lang.Options{Defines: map[string]string{"Q": q.String(), "T": dt.String()}, Dims: map[string]int64{"N": int64(n)}}
	r := rand.New(rand.NewPCG(4, 5))
	x := tensor.FromFloats(dt, []int{m, n}, mat(m, n, func(i, _ int) float64 {
		if i == 1 {
			return 0 // a row without a largest element
		}
		return r.NormFloat64() * math.Exp2(float64(3*i))
	}))
	prog := compile(t, "quant", "QuantRows", opts)
	args, err := runtime.Arguments(prog.Kernel(), map[string]runtime.Arg{"x": runtime.Tensor(x)}, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	codes, scales := args[1].Tensor, args[2].Tensor
	top := q.MaxFloat()
	if q.IsInt() {
		top = float64(q.MaxInt())
	}
	for i := range m {
		most := 0.0
		for j := range n {
			most = max(most, math.Abs(x.Floats()[i*n+j]))
		}
		want := float64(float32(most) / float32(top))
		if most == 0 {
			want = 1
		}
		s := scales.Floats()[i]
		require.Equal(t, want, s, "scale of row %d", i)
		for j := range n {
			y := float64(float32(x.Floats()[i*n+j]) * (1 / float32(s)))
			near := math.RoundToEven(y)
			if q.IsFloat() {
				near = q.Float(q.FromFloat(y, q.Mode()))
			}
			require.Equal(t, near, codes.Floats()[i*n+j], "element %d, %d", i, j)
		}
	}
	delete(opts.Dims, "N")
	prog = compile(t, "quant", "DequantRows", opts)
	args, err = runtime.Arguments(prog.Kernel(), map[string]runtime.Arg{"q": runtime.Tensor(codes), "s": runtime.Tensor(scales)}, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	closeTo(t, mat(m, n, func(i, j int) float64 { return codes.Floats()[i*n+j] * scales.Floats()[i] }), args[2].Tensor.Floats(), bars[dt])
}
