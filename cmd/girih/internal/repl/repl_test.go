package repl

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
)

func session(t require.TestingT) (*REPL, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	r, err := New(Options{Out: &out, Errs: &errs, Explain: func(io.Writer, *lang.Package, lang.Kernel, *ir.Kernel, string) error { return nil }})
	require.NoError(t, err)
	return r, &out, &errs
}

// No lines break a session: whatever came before, it answers, and never with an internal error.
func TestHostile(t *testing.T) {
	parts := []string{"x", "y", ":=", "=", "iota(f32, 2, 3)", "+", "@", "(", ")", "[", "]", "{", "}", ",", "1", "0", "-1", "1e400", "inf",
		"kernel A(x f32[N]) (y f32[N]) {", "grid n in N by 4", "y[n] = x[n]", "func f(x) { return x }", "f", "A", "oracle {", "for i in 0..2 {",
		"if", "true", "expect", "close(x, x, rel: 1)", ":type", ":tile", ":layout", "local(2)", "spatial(3)", ":compare vm vm", ":time", "random.normal[f16](3)",
		"quantize(x, u4, 1)", ".T", "const", "layout C = local(2,2)", "C", "\"s\"", "test T {", "\n", "\n", "\n", "sum", "axis: 9", "u1", "// c", "return", "<<", "9999999999",
		":c A", ":thread A", ":names", ":help A", ":clear", ":seed 3", "reshape(x, 6)", "full[u8](300, 2)", "x[0, :]", "x[n]", "i8(x)"}
	rapid.Check(t, func(rt *rapid.T) {
		r, _, errs := session(rt)
		defer r.Close()
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 40).Draw(rt, "parts"), " ")
		for _, line := range strings.Split(text, "\n") {
			r.Line(line)
		}
		r.End()
		require.NotContains(rt, errs.String(), "internal error", text)
		r.Drop()
		r.Line(":clear")
		r.Line("a := 2")
		var out bytes.Buffer
		r.s.Out, r.o.Out = &out, &out
		r.Line("a + 1")
		require.Equal(rt, "3\n", out.String(), text)
	})
}

func TestComplete(t *testing.T) {
	r, _, _ := session(t)
	r.Line("matrix := iota(f32, 2, 2)")
	r.Line("kernel Matcher(x f32[N]) (y f32[N]) {")
	require.True(t, r.More())
	r.Line("\tgrid n in N by 4\n\ty[n] = x[n]\n}")
	require.False(t, r.More())
	for line, want := range map[string][]string{
		"1 + mat": {"matrix"}, "Mat": {"Matcher"}, ":ty": {":type"}, ":on c": {"cpu", "cuda"}, "random.n": {"random.normal"},
		"rsq": {"rsqrt"}, "": nil, "zzz": nil, ":compare vm v": {"vm"}, "x := sq": {"sqrt"},
	} {
		_, got := r.Complete(line, len(line))
		require.Equal(t, want, got, line)
	}
	require.Equal(t, "\x1b[1;34mfor\x1b[0m x \x1b[36mf16\x1b[0m \x1b[35m12\x1b[0m \x1b[90m// c\x1b[0m", Highlight("for x f16 12 // c"))
}

// A mistake leaves what was declared as it was; a declaration takes the place of an older one.
func TestRedeclare(t *testing.T) {
	r, out, errs := session(t)
	r.Line("func f(x) { return x + 1 }")
	r.Line("kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 4\n\ty[n] = f(x[n])\n}")
	r.Line("func f(x) { return x + nothing }")
	require.Contains(t, errs.String(), "undefined: nothing")
	r.Line("A(iota(f32, 3))")
	require.Equal(t, "f32[3]\n  1 2 3\n", out.String())
	out.Reset()
	r.Line("func f(x) { return x * 2 }")
	r.Line("A(iota(f32, 3))")
	require.Equal(t, "f32[3]\n  0 2 4\n", out.String())
	r.Line("f := 3")
	out.Reset()
	r.Line("f")
	require.Equal(t, "3\n", out.String())
}
