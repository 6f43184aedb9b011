package testrun

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
)

// The tests that are shipped hold on every executor that is here.
func TestShipped(t *testing.T) {
	pkgs, err := Load([]string{"../../stdlib", "../../examples/linear"})
	require.NoError(t, err)
	cases := 3
	if testing.Short() {
		cases = 1
	}
	rep, err := Run(context.Background(), pkgs, Options{On: script.Executors, Seed: 1, Cases: cases})
	require.NoError(t, err)
	require.Greater(t, len(rep.Results), 8)
	for _, r := range rep.Results {
		if !r.Pass {
			t.Errorf("%s on %s: %+v", r.Name, r.Executor, r.Failure)
		}
	}
}

func runText(t *testing.T, text string, o Options) *Report {
	t.Helper()
	p, err := lang.LoadSource("t.girih", text)
	require.NoError(t, err)
	o.On = []string{"vm"}
	rep, err := Run(context.Background(), []*lang.Package{p}, o)
	require.NoError(t, err)
	return rep
}

const copyKernel = `
// Copy copies.
// ` + "```girih" + `
// expect equal(Copy(iota(f32, 5)), iota(f32, 5))
// ` + "```" + `
kernel Copy[T type = f32](x T[M, N]) (y T[M, N]) {
	grid m in M by 4, n in N by 8
	y[m, n] = x[m, n]
}
`

// A failure is brought to the smallest values of the ranges that still fail, and says all that is known of it.
func TestShrinks(t *testing.T) {
	rep := runText(t, copyKernel+`
test Late {
	for M in 1..65, N in [1, 7, 128, 40] {
		x := random.normal[f16](M, N)
		y := Copy(x)
		expect close(y, where(expand(iota(M), 1) >= 5 && expand(iota(N), 0) >= 9, y + 1, x), rel: 1e-3), "copies"
	}
}
`, Options{Seed: 7, Cases: 20, Filter: nil})
	r := rep.Results[0]
	require.False(t, r.Pass)
	f := r.Failure
	require.Equal(t, []Binding{{"M", 6}, {"N", 40}}, f.Values)
	require.Equal(t, "Copy[T=f16](x f16[6, 40])", f.Call)
	require.Equal(t, []int{5, 9}, f.First)
	require.Equal(t, "t.girih", f.File)
	require.Equal(t, 15, f.Line)
	require.Contains(t, f.Message, "copies: expected a relative error of at most 0.001")
	require.NotNil(t, f.Error)
	require.Positive(t, f.Shrunk)
	again := runText(t, copyKernel+"test A {\n}\n", Options{Seed: 7, Cases: 20})
	require.True(t, again.Results[0].Pass)
	_, err := json.Marshal(rep)
	require.NoError(t, err)
}

// The example above calls a matrix kernel with a vector.
func TestExamples(t *testing.T) {
	rep := runText(t, copyKernel, Options{Seed: 1, Cases: 1})
	require.Len(t, rep.Results, 1)
	require.Equal(t, "example 1 of Copy", rep.Results[0].Name)
	require.False(t, rep.Results[0].Pass)
	require.Equal(t, 4, rep.Results[0].Failure.Line)
	require.Contains(t, rep.Results[0].Failure.Message, "x")

	ok := "// Half halves.\n// ```girih\n// layout L = local(2)\n// kernel A(x f32[N]) (y f32[N]) {\n// \tgrid n in N by 4\n// \ty[n] = half(x[n])\n// }\n// ```\nfunc half(x) { return x / 2 }\n"
	require.True(t, runText(t, ok, Options{Cases: 1}).Results[0].Pass)
	bad := "// Half halves.\n// ```girih\n// kernel A(x f32[N]) (y f32[N]) {\n// \tgrid n in N by 4\n// \ty[n] = hlf(x[n])\n// }\n// ```\nfunc half(x) { return x / 2 }\n"
	f := runText(t, bad, Options{Cases: 1}).Results[0].Failure
	require.Equal(t, diag.Undefined+": undefined: hlf", f.Message)
	require.Equal(t, 5, f.Line)
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct{ body, message string }{
		{"expect 1 + 1 == 2", ""},
		{"expect 1 + 1 == 3, \"sums\"", "sums: expected 1 + 1 == 3"},
		{"assume 1 == 2\nexpect false", ""},
		{"for i in 0..9 { assume i > 4\nexpect i > 4 }", ""},
		{"expect all(iota(4) < 9)", ""},
		{"expect iota(4) < 3", "expected iota(4) < 3 everywhere; it is false first at [3]"},
		{"expect equal(iota(f32, 2, 2), iota(i8, 2, 2))", ""},
		{"expect equal(iota(4), iota(5))", "G0203"},
		{"x := Copy(iota(f32, 3))", "G0301"},
		{"x := Copy()", "G0309"},
		{"x := Copy(iota(f32, 2, 2), 1)", "G0105"},
		{"x := Copy[bf16](iota(f32, 2, 2))", "G0301"},
		{"x := Copy[u4](quantize(random.normal[f32](4, 4), u4, 4))", "G0105"},
		{"x, _ := quantize(random.normal[f32](4, 4), i4, 4)\nexpect equal(Copy(x), x)", ""},
		{"x := nothing(1)", "G0101"},
		{"x := random.odd[f32](1)", "G0101"},
		{"x := random.normal[i8](4)", "G0206"},
		{"x := random.normal[f32](0)", "G0307"},
		{"x := random.normal[f32](1<<40)", "G0203"},
		{"expect 3", "G0202"},
		{"x := file(\"nowhere.npy\")", "run"},
		{"y[1] = 2", "G0010"},
		{"for i in 3..3 { }", "G0307"},
		{"grid n in N", "G0017"},
		{"x := 1\nx += 2\nexpect x == 3\nif x == 3 { x = 4 } else { expect false }\nexpect x == 4", ""},
		{"a, b := oracle { v := iota(4)\nreturn v, v + 1 }\nexpect equal(a + 1, b)", ""},
		{"x := iota(f32, 2, 2)\nexpect equal(x @ x, dot(x, x))\nexpect x[1, 0] == 2", ""},
		{"expect close(iota(f32, 2), iota(f32, 2))", "G0105"},
		{"a := 5\nexpect equal(i32([0, a]), iota(i32, 2) * 5)\nexpect equal(f16([[0, 1], [2, 3.0]]), iota(f16, 2, 2))", ""},
		{"expect all(bool([true, true]))\nexpect u64([18446744073709551615])[0] == u64.max\nexpect equal(Copy(f32([[1, 2]])), f64([[1, 2]]))", ""},
		{"expect all(u8([1, -1]) == 0)", "G0207: -1 does not fit u8"},
		{"expect all(i4([1.5]) == 0)", "G0207: 1.5 does not fit i4"},
		{"expect all(i32([[1, 2], [3]]) == 0)", "G0203: a list of 1 beside one of 2"},
		{"expect all(i32([1, [3]]) == 0)", "G0204"},
		{"x := [1, 2]", "G0017"},
		{"expect close(f32(1), f32(1.5), abs: 0.6)", ""},
		{"for i in 0..5 { for j in 0..5 { expect i * j < 99 } }", ""},
	} {
		rep := runText(t, "kernel Copy[T type = f32](x T[M, N]) (y T[M, N]) {\n\tgrid m in M by 4, n in N by 8\n\ty[m, n] = x[m, n]\n}\ntest A {\n"+c.body+"\n}\n", Options{Seed: 1, Cases: 10})
		r := rep.Results[0]
		if c.message == "" {
			require.True(t, r.Pass, "%s: %+v", c.body, r.Failure)
			continue
		}
		require.False(t, r.Pass, c.body)
		require.Contains(t, r.Failure.Message, c.message, c.body)
		require.Positive(t, r.Failure.Line, c.body)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "x.girih"), []byte("package x\n"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "y.girih"), []byte("package y\n"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "b", "z.girih"), []byte("package z\n"), 0o666))
	pkgs, err := Load([]string{filepath.Join(dir, "...")})
	require.NoError(t, err)
	require.Len(t, pkgs, 3)
	_, err = Load([]string{filepath.Join(dir, "none")})
	require.True(t, errors.Is(err, os.ErrNotExist))
}
