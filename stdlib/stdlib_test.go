package stdlib_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
	"github.com/girih-lang/girih/stdlib"
)

// The oracles are plain loops over float64, written without looking at the kernels.

type data struct {
	m, n, k int
	in      map[string][]float64
	eps     float64
}

type oracle func(d data) map[string][]float64

type testCase struct {
	file, kernel string
	shapes       func(m, n, k int) map[string][]int // inputs
	static       []string
	scalar       bool // has eps
	tune         map[string]string
	want         oracle
}

func mat(m, n int, f func(i, j int) float64) []float64 {
	out := make([]float64, m*n)
	for i := range m {
		for j := range n {
			out[i*n+j] = f(i, j)
		}
	}
	return out
}

func total(n int, f func(i int) float64) float64 {
	s := 0.0
	for i := range n {
		s += f(i)
	}
	return s
}

func softmax(d data) map[string][]float64 {
	x := d.in["x"]
	return map[string][]float64{"y": mat(d.m, d.n, func(i, j int) float64 {
		return math.Exp(x[i*d.n+j]) / total(d.n, func(l int) float64 { return math.Exp(x[i*d.n+l]) })
	})}
}

func rms(d data) map[string][]float64 {
	x, g := d.in["x"], d.in["g"]
	return map[string][]float64{"y": mat(d.m, d.n, func(i, j int) float64 {
		s := total(d.n, func(l int) float64 { return x[i*d.n+l] * x[i*d.n+l] })
		return x[i*d.n+j] / math.Sqrt(s/float64(d.n)+d.eps) * g[j]
	})}
}

func layer(d data) map[string][]float64 {
	x, g, b := d.in["x"], d.in["g"], d.in["b"]
	return map[string][]float64{"y": mat(d.m, d.n, func(i, j int) float64 {
		mu := total(d.n, func(l int) float64 { return x[i*d.n+l] }) / float64(d.n)
		v := total(d.n, func(l int) float64 { return (x[i*d.n+l] - mu) * (x[i*d.n+l] - mu) }) / float64(d.n)
		return (x[i*d.n+j]-mu)/math.Sqrt(v+d.eps)*g[j] + b[j]
	})}
}

func pointwise(f func(float64) float64) oracle {
	return func(d data) map[string][]float64 {
		return map[string][]float64{"y": mat(1, d.n, func(_, j int) float64 { return f(d.in["x"][j]) })}
	}
}

var cases = []testCase{
	{file: "add", kernel: "Add", shapes: func(_, n, _ int) map[string][]int { return map[string][]int{"a": {n}, "b": {n}} },
		want: func(d data) map[string][]float64 {
			return map[string][]float64{"c": mat(1, d.n, func(_, j int) float64 { return d.in["a"][j] + d.in["b"][j] })}
		}},
	{file: "softmax", kernel: "Softmax", static: []string{"N"}, shapes: matrix, want: softmax},
	{file: "softmax", kernel: "SoftmaxAny", shapes: matrix, tune: map[string]string{"BN": "64"}, want: softmax},
	{file: "norm", kernel: "RMSNorm", static: []string{"N"}, scalar: true, shapes: weighted, want: rms},
	{file: "norm", kernel: "RMSNormAny", scalar: true, shapes: weighted, tune: map[string]string{"BN": "64"}, want: rms},
	{file: "norm", kernel: "LayerNorm", static: []string{"N"}, scalar: true, shapes: biased, want: layer},
	{file: "norm", kernel: "LayerNormAny", scalar: true, shapes: biased, tune: map[string]string{"BN": "64"}, want: layer},
	{file: "activation", kernel: "Gelu", shapes: vector, want: pointwise(func(x float64) float64 { return x * 0.5 * math.Erfc(-x/math.Sqrt2) })},
	{file: "activation", kernel: "GeluTanh", shapes: vector, want: pointwise(func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	})},
	{file: "activation", kernel: "Silu", shapes: vector, want: pointwise(func(x float64) float64 { return x / (1 + math.Exp(-x)) })},
	{file: "activation", kernel: "SwiGLU", shapes: func(_, n, _ int) map[string][]int { return map[string][]int{"g": {n}, "u": {n}} },
		want: func(d data) map[string][]float64 {
			return map[string][]float64{"y": mat(1, d.n, func(_, j int) float64 { return d.in["g"][j] / (1 + math.Exp(-d.in["g"][j])) * d.in["u"][j] })}
		}},
	{file: "norm", kernel: "AddRMSNorm", static: []string{"N"}, scalar: true,
		shapes: func(m, n, _ int) map[string][]int { return map[string][]int{"x": {m, n}, "r": {m, n}, "g": {n}} },
		want: func(d data) map[string][]float64 {
			h := mat(d.m, d.n, func(i, j int) float64 { return d.in["x"][i*d.n+j] + d.in["r"][i*d.n+j] })
			return map[string][]float64{"h": h, "y": rms(data{m: d.m, n: d.n, in: map[string][]float64{"x": h, "g": d.in["g"]}, eps: d.eps})["y"]}
		}},
	{file: "transpose", kernel: "Transpose", shapes: matrix, want: func(d data) map[string][]float64 {
		return map[string][]float64{"y": mat(d.n, d.m, func(i, j int) float64 { return d.in["x"][j*d.n+i] })}
	}},
	{file: "matmul", kernel: "Matmul", shapes: func(m, n, k int) map[string][]int { return map[string][]int{"a": {m, k}, "b": {k, n}} },
		want: func(d data) map[string][]float64 {
			return map[string][]float64{"c": mat(d.m, d.n, func(i, j int) float64 {
				return total(d.k, func(l int) float64 { return d.in["a"][i*d.k+l] * d.in["b"][l*d.n+j] })
			})}
		}},
	{file: "matmul", kernel: "MatmulNT", shapes: func(m, n, k int) map[string][]int { return map[string][]int{"a": {m, k}, "b": {n, k}} },
		want: func(d data) map[string][]float64 {
			return map[string][]float64{"c": mat(d.m, d.n, func(i, j int) float64 {
				return total(d.k, func(l int) float64 { return d.in["a"][i*d.k+l] * d.in["b"][j*d.k+l] })
			})}
		}},
	{file: "reduce", kernel: "SumRows", shapes: matrix, tune: map[string]string{"BN": "64"}, want: func(d data) map[string][]float64 {
		return map[string][]float64{"y": mat(1, d.m, func(_, i int) float64 { return total(d.n, func(l int) float64 { return d.in["x"][i*d.n+l] }) })}
	}},
	{file: "reduce", kernel: "SumCols", shapes: matrix, want: func(d data) map[string][]float64 {
		return map[string][]float64{"y": mat(1, d.n, func(_, j int) float64 { return total(d.m, func(l int) float64 { return d.in["x"][l*d.n+j] }) })}
	}},
	{file: "reduce", kernel: "MaxRows", shapes: negative, tune: map[string]string{"BN": "64"}, want: func(d data) map[string][]float64 {
		return map[string][]float64{"y": mat(1, d.m, func(_, i int) float64 {
			top := math.Inf(-1)
			for l := range d.n {
				top = max(top, d.in["x"][i*d.n+l])
			}
			return top
		})}
	}},
}

func matrix(m, n, _ int) map[string][]int   { return map[string][]int{"x": {m, n}} }
func negative(m, n, k int) map[string][]int { return matrix(m, n, k) }
func vector(_, n, _ int) map[string][]int   { return map[string][]int{"x": {n}} }
func weighted(m, n, _ int) map[string][]int { return map[string][]int{"x": {m, n}, "g": {n}} }
func biased(m, n, _ int) map[string][]int {
	return map[string][]int{"x": {m, n}, "g": {n}, "b": {n}}
}

// Each kernel against its oracle, at sizes around and across the edges of tiles, in three types.
func TestKernelsAgainstOracles(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range cases {
		covered[c.file+"."+c.kernel] = true
		for _, s := range [][3]int{{1, 1, 1}, {3, 64, 32}, {5, 130, 33}, {33, 65, 100}} {
			for _, dt := range []dtype.Type{dtype.F16, dtype.BF16, dtype.F32} {
				t.Run(fmt.Sprintf("%s/%v/%s", c.kernel, s, dt), func(t *testing.T) { run(t, c, s, dt) })
			}
		}
	}
	covered["norm.AddNormQuant"] = true // TestAddNormQuant
	covered["quant.QuantRows"], covered["quant.DequantRows"] = true, true
	for _, k := range []string{"linear_mx.LinearMX", "linear_mx.LinearMXInt8", "linear_mx.LinearNV", "linear_zero.LinearZero"} {
		covered[k] = true // quantised_test.go
	}
	for _, name := range stdlib.Names() {
		text, _ := stdlib.Source(name)
		p, err := lang.LoadSource(name+".girih", text)
		require.NoError(t, err)
		for _, k := range p.Kernels() {
			require.True(t, covered[name+"."+k.Name], "%s has no oracle", k.Name)
			require.NotEmpty(t, k.Doc, "%s has no documentation", k.Name)
		}
	}
}

// bars are the relative Frobenius errors allowed (f32 sums are exact in the VM but for one rounding per operation).
var bars = map[dtype.Type]float64{dtype.F16: 1e-3, dtype.BF16: 6e-3, dtype.F32: 2e-6}

func compile(t *testing.T, file, kernel string, opts lang.Options) *vm.Program {
	text, ok := stdlib.Source(file)
	require.True(t, ok)
	p, err := lang.LoadSource(file+".girih", text)
	require.NoError(t, err)
	require.NoError(t, lang.Check(p))
	opts.AnyTune = true
	k, err := lang.Lower(p, kernel, opts)
	require.NoError(t, err)
	require.NoError(t, k.Verify())
	prog, err := vm.New(k, vm.Options{Check: true})
	require.NoError(t, err)
	return prog
}

func run(t *testing.T, c testCase, s [3]int, dt dtype.Type) {
	opts := lang.Options{Defines: map[string]string{"T": dt.String()}, Dims: map[string]int64{}}
	for k, v := range c.tune {
		opts.Defines[k] = v
	}
	for _, d := range c.static {
		opts.Dims[d] = int64(map[string]int{"M": s[0], "N": s[1], "K": s[2]}[d])
	}
	prog := compile(t, c.file, c.kernel, opts)
	d := data{m: s[0], n: s[1], k: s[2], in: map[string][]float64{}, eps: 0.25}
	named := map[string]runtime.Arg{}
	r := rand.New(rand.NewPCG(1, uint64(s[1])))
	for name, shape := range c.shapes(s[0], s[1], s[2]) {
		size := 1
		for _, n := range shape {
			size *= n
		}
		vals := make([]float64, size)
		for i := range vals {
			vals[i] = r.NormFloat64() - 3 // mostly negative, so that a stray zero wins a maximum
		}
		ten := tensor.FromFloats(dt, shape, vals)
		d.in[name] = ten.Floats()
		named[name] = runtime.Tensor(ten)
	}
	if c.scalar {
		named["eps"] = runtime.Float(d.eps)
	}
	k := prog.Kernel()
	args, err := runtime.Arguments(k, named, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	for name, want := range c.want(d) {
		for i, p := range k.Params {
			if p.Name == name {
				closeTo(t, want, args[i].Tensor.Floats(), bars[dt])
			}
		}
	}
}

func closeTo(t *testing.T, want, got []float64, bar float64) {
	require.Len(t, got, len(want))
	var diff, norm float64
	for i := range want {
		diff += (want[i] - got[i]) * (want[i] - got[i])
		norm += want[i] * want[i]
	}
	require.LessOrEqual(t, math.Sqrt(diff), bar*math.Sqrt(norm)+1e-12)
}
