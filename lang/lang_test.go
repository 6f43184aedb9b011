package lang

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
)

const linearPath = "../examples/linear"

func TestPackage(t *testing.T) {
	p, err := Load(linearPath)
	require.NoError(t, err)
	require.Equal(t, "linear", p.Name)
	require.NoError(t, Check(p))
	k, err := p.Kernel("")
	require.NoError(t, err)
	require.Equal(t, []Param{{"W", "type", "u4"}, {"A", "type", "f16"}, {"G", "int", "128"}, {"BM", "tune", "[8, 1, 2, 4, 16, 32, 64]"},
		{"BN", "tune", "[32, 64, 128, 256, 112, 224]"}, {"BK", "tune", "[128, 64]"}, {"stages", "tune", "3..6"}, {"splits", "tune", "[8, 4, 2, 1]"},
		{"warps", "tune", "[8, 4]"}, {"blocks", "tune", "[1, 2, 4]"}, {"persist", "tune", "[0, 1]"}}, k.Params)
	require.Equal(t, []string{"x", "w", "s"}, k.Inputs)
	require.Equal(t, []string{"y"}, k.Results)
	require.Contains(t, k.Doc, "low-bit weights")
	require.NotNil(t, p.Input("Linear"))
	_, err = p.Kernel("Liner")
	require.EqualError(t, err, linearPath+" has no kernel Liner; kernels are Linear")
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "none.girih"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Load(dir)
	require.ErrorContains(t, err, "no .girih files")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.girih"), []byte("package a\nconst A = 1\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.girih"), []byte("package b\nconst A = 1\n"), 0o600))
	_, err = Load(dir)
	var list diag.List
	require.ErrorAs(t, err, &list)
	require.Contains(t, list.Text(), "package b here, but a in another file")
	_, err = Load(os.DevNull)
	require.ErrorContains(t, err, "not a regular file")
}

// Options that do not fit say what there is.
func TestOptions(t *testing.T) {
	p, err := Load(linearPath)
	require.NoError(t, err)
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{Defines: map[string]string{"Q": "u4"}}, "no parameter or tune value Q\n"},
		{Options{Defines: map[string]string{"W": "u99"}}, "W=u99"},
		{Options{Defines: map[string]string{"G": "x"}}, "G=x: the parameter is an integer"},
		{Options{Defines: map[string]string{"BM": "24"}}, "BM=24 is not among the declared values"},
		{Options{Dims: map[string]int64{"Z": 1}}, "no dimension Z"},
		{Options{Dims: map[string]int64{"K": 100}}, "dimension K is 100, which 128 does not divide"},
		{Options{Dims: map[string]int64{"K": 0}}, "dimension K is 0"},
		{Options{Defines: map[string]string{"G": "48"}}, "do not divide one another"},
	} {
		_, err := Lower(p, "", c.opts)
		var list diag.List
		require.ErrorAs(t, err, &list, c.want)
		require.Contains(t, list.Text(), c.want)
	}
	_, err = Lower(p, "", Options{Defines: map[string]string{"BM": "24"}, AnyTune: true})
	require.NoError(t, err)
}

// A dimension may be called like a kernel, a func or a layout of the package; only a constant stands for itself.
func TestDimensionNames(t *testing.T) {
	p, err := LoadSource("a.girih", `const C = 4

func F(v) { return v + 1 }

layout L = local(2)

kernel K(x f32[K, F, L, C]) (y f32[K, F, L, C]) {
	grid k in K, f in F by 16, l in L
	v := x[k, f, l, :]
	y[k, f, l, :] = v + f32(K)
}
`)
	require.NoError(t, err)
	k, err := Lower(p, "K", Options{})
	require.NoError(t, err)
	var dims []string
	for _, d := range k.Dims {
		dims = append(dims, d.Name)
	}
	require.Equal(t, []string{"K", "F", "L"}, dims)
}

// A grid's last range is axis 0.
func TestGridOrder(t *testing.T) {
	k := lowerText(t, "kernel A(x f32[M, N]) (y f32[M, N]) {\n\tgrid m in M by 8, n in N by 64 warps(2)\n\ty[m, n] = x[m, n]\n}\n", Options{})
	require.Equal(t, "ceil(N, 64)", k.Grid[0].String())
	require.Equal(t, "ceil(M, 8)", k.Grid[1].String())
	require.Equal(t, 2, k.Warps)
}

func lowerText(t *testing.T, text string, opts Options) *ir.Kernel {
	t.Helper()
	p, err := LoadSource("test.girih", text)
	require.NoError(t, err)
	k, err := Lower(p, "", opts)
	if list, ok := err.(diag.List); ok {
		require.Fail(t, list.Text())
	}
	require.NoError(t, err)
	return k
}

// Linear in the VM against plain loops, for every weight type, group and row count of the example.
func TestLinear(t *testing.T) {
	p, err := Load(linearPath)
	require.NoError(t, err)
	const n, kk = 72, 256
	for _, w := range strings.Fields("u1 u2 u3 u4 i4 u5 i6 u8 f6e3m2 f4e2m1 f8e4m3fn") {
		for i, m := range []int{1, 5, 16, 33} {
			g, a := []int{32, 64, 128, 256}[i], []string{"f16", "bf16"}[i%2]
			opts := Options{Defines: map[string]string{"W": w, "A": a, "G": itoa(g)}}
			if i == 3 {
				opts.Defines["BK"] = "128"
			}
			k, err := Lower(p, "Linear", opts)
			require.NoError(t, err)
			checkLinear(t, k, m, n, kk, g)
		}
	}
}

func itoa(n int) string { return ir.Int(int64(n)).String() }

func checkLinear(t *testing.T, k *ir.Kernel, m, n, kk, g int) {
	at, wt := k.Param("x").Value.Type.Elem, k.Param("w").Value.Type.Elem
	r := rand.New(rand.NewPCG(uint64(m), uint64(g)))
	values := func(dt dtype.Type, shape ...int) *tensor.Tensor {
		v := make([]float64, shape[0]*shape[1])
		for i := range v {
			if v[i] = r.NormFloat64(); dt.IsInt() {
				v[i] = float64(r.IntN(1<<dt.Bits()-1)) + float64(dt.MinInt())
			}
		}
		return tensor.FromFloats(dt, shape, v)
	}
	x, w, s := values(at, m, kk), values(wt, kk, n), values(at, kk/g, n)
	prog, err := vm.New(k, vm.Options{})
	require.NoError(t, err)
	args, err := runtime.Arguments(k, map[string]runtime.Arg{"x": runtime.Tensor(x), "w": runtime.Tensor(w), "s": runtime.Tensor(s)}, nil)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), args)
	require.NoError(t, err)
	got := args[3].Tensor.Floats()
	X, W, S := x.Floats(), w.Floats(), s.Floats()
	var diff, norm float64
	for i := range m {
		for j := range n {
			sum := 0.0
			for l := range kk {
				sum += X[i*kk+l] * at.Round(W[l*n+j]*S[l/g*n+j])
			}
			diff += (sum - got[i*n+j]) * (sum - got[i*n+j])
			norm += sum * sum
		}
	}
	bar := 1e-3
	if at == dtype.BF16 {
		bar = 6e-3
	}
	require.LessOrEqual(t, math.Sqrt(diff), bar*math.Sqrt(norm), "%s %s G=%d M=%d", wt, at, g, m)
}

// A tile whose number is so large, or so small, that its position does not fit i32 lies outside like any other there.
func TestTileNumbers(t *testing.T) {
	p, err := LoadSource("tile.girih", "kernel A(x i32[N], s i32) (y i32[24], z i32[N]) {\n\tgrid _ in 1\n\ty[:] = x[s by 24]\n\tz[s by 24] = x[0 by 24]\n}\n")
	require.NoError(t, err)
	k, err := Lower(p, "A", Options{})
	require.NoError(t, err)
	prog, err := vm.New(k, vm.Options{})
	require.NoError(t, err)
	const n = 50
	x := tensor.New(dtype.I32, n)
	for i := range n {
		x.SetCode(i, uint64(i+1))
	}
	for _, s := range []int64{0, 1, 2, 3, -1, math.MaxInt32 / 24, math.MaxInt32/24 + 1, 1 << 29, 1<<29 + 1, 178956971, math.MaxInt32, math.MinInt32, math.MinInt32 / 24, -178956971, -1 << 29} {
		args, err := runtime.Arguments(prog.Kernel(), map[string]runtime.Arg{"x": runtime.Tensor(x), "s": runtime.Int(s)}, nil)
		require.NoError(t, err)
		_, err = prog.Run(context.Background(), args)
		require.NoError(t, err)
		y, z := args[2].Tensor.Ints(), args[3].Tensor.Ints()
		for i := range y {
			want := int64(0)
			if at := 24*s + int64(i); at >= 0 && at < n {
				want = at + 1
				require.Equal(t, int64(i+1), z[at])
			}
			require.Equal(t, want, y[i], "tile %d, element %d", s, i)
		}
		if s < 0 || s > 2 {
			for _, v := range z {
				require.Equal(t, int64(-1), v, "tile %d is stored", s)
			}
		}
	}
}
