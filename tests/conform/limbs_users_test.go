package conform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

const bothText = `package both

kernel Both[W type](x f16[M, K], w packed W[K, N]) (y, z f32[M, N]) {
	grid m in M by 1, n in N by 64 warps(4)
	a, b := zeros[f32](1, 64), zeros[f32](128, 64)
	for k in K by 128 pipeline(2) {
		t := f16(w[k, n])
		a += dot(x[m, k], t)
		b += f32(t)
	}
	y[m, n] = a
	z[m, n] = sum(b, axis: 0, keep: true)
}
`

// Weights that are used otherwise too are stored for that. Integers become bytes from there, floats are left to the matrix units for floats.
func TestLimbsOfWeightsWithOtherUsers(t *testing.T) {
	for _, w := range []string{"f3e2m0", "f4e2m1", "u3", "i4", "u8"} {
		otherLimbs(t, bothText, "Both", w, w[0] != 'f')
	}
}

const productText = `package product

kernel Product[W type](x f16[M, K], w packed W[K, N], s W[K/128, N]) (y f32[M, N]) {
	grid m in M by 1, n in N by 64 warps(4)
	acc := zeros[f32](1, 64)
	for k in K by 128 pipeline(2) { acc += dot(x[m, k], f16(w[k, n] * s[k/128, n])) }
	y[m, n] = acc
}
`

// A product in the type of the weights is rounded there: its factor is none of the sum.
func TestLimbsOfRoundedProducts(t *testing.T) {
	for _, w := range []string{"f3e2m0", "f4e1m2", "f4e2m1", "i4", "u3"} {
		otherLimbs(t, productText, "Product", w, w[0] != 'f')
	}
}

// otherLimbs holds a kernel of x, w and maybe s against the VM, and whether its products are digits.
func otherLimbs(t *testing.T, text, kernel, w string, digits bool) {
	wt, err := dtype.Parse(w)
	require.NoError(t, err)
	x := tensor.New(dtype.F16, 2, 384)
	for i := range x.Len() {
		x.SetCode(i, dtype.F16.FromFloat(float64(i%7)-3, dtype.F16.Mode()))
	}
	args := map[string]runtime.Arg{"x": runtime.Tensor(x)}
	ds := dims{"M": 2, "N": 70, "K": 384}
	pkg, err := lang.LoadSource(kernel+".girih", text)
	require.NoError(t, err)
	k, err := lang.Lower(pkg, kernel, lang.Options{Defines: map[string]string{"W": w}, AnyTune: true})
	require.NoError(t, err)
	for _, p := range k.Params {
		if p.Out || p.Name == "x" {
			continue
		}
		shape, err := p.Shape(ds)
		require.NoError(t, err)
		q := tensor.New(wt, shape...)
		for i := range q.Len() {
			q.SetCode(i, uint64(i*5)%(1<<wt.Bits()))
		}
		args[p.Name] = runtime.Tensor(q)
	}
	executors(t, text, kernel, map[string]string{"W": w}, args, ds, false)
	gpu, err := compile.Target("sm_90a")
	require.NoError(t, err)
	code, err := compile.Thread(k, gpu, compile.Options{})
	require.NoError(t, err)
	if digits {
		require.Contains(t, code.Thread.String(), "_lane", w)
	} else {
		require.NotContains(t, code.Thread.String(), "_lane", w)
	}
}
