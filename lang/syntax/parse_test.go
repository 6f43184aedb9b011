package syntax_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// TestCodes checks that each code of the syntax has an example that shows it, and that the examples of later stages are
// right as far as syntax goes.
func TestCodes(t *testing.T) {
	for _, c := range diag.Codes() {
		if c.Example == "" {
			continue
		}
		_, errs := syntax.Parse(diag.NewSource(c.Code, c.Example))
		if !strings.HasPrefix(c.Code, "G00") {
			assert.Empty(t, errs.Text())
			continue
		}
		if assert.NotEmpty(t, errs, c.Code) {
			assert.Equal(t, c.Code, errs[0].Code, errs.Text())
		}
	}
}

// TestLimits feeds what would overflow a stack or take quadratic time.
func TestLimits(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	const big = 10_000
	for name, text := range map[string]string{
		"parentheses": "const A = " + many("(", big) + "1" + many(")", big),
		"blocks":      "func f() {\n" + many("if x {\n", big) + many("}\n", big) + "}\n",
		"unary":       "const A = " + many("-", big) + "1",
		"binary":      "const A = 1" + many("+1", big),
		"selectors":   "const A = x" + many(".y", big),
		"calls":       "const A = x" + many("()", big),
		"else ifs":    "func f() {\nif x {\n}" + many(" else if x {\n}", big) + "\n}\n",
		"errors":      many("kernel\n", big),
		"characters":  many("é ", big),
		"stray":       many("}\n", big),
		"open":        many("kernel A(\n", big),
		"brackets":    many("([{", big),
		"later":       "func f() {\n" + many("group a {\n", big),
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := syntax.Parse(diag.NewSource("f", text))
			require.NotEmpty(t, errs)
			require.LessOrEqual(t, len(errs), 60)
		})
	}
	for name, text := range map[string]string{
		"declarations": many("const A = 1\n", big),
		"one line":     many("const A = 1;", big),
		"comments":     many("// c\n", big),
		"list":         "const A = [" + many("1, ", big) + "1]",
		"statements":   "func f() {\n" + many("x = 1\n", big) + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := syntax.Parse(diag.NewSource("f", text))
			require.Empty(t, errs)
			_, err := syntax.Format(diag.NewSource("f", text))
			require.NoError(t, err)
		})
	}
	_, errs := syntax.Parse(diag.NewSource("f", many(" ", syntax.MaxSource+1)))
	require.Equal(t, diag.BadSource, errs[0].Code)
}

func TestIncomplete(t *testing.T) {
	for text, want := range map[string]bool{
		"kernel A(x f32[N]) {\n": true, "const A = 1 +": true, "const A = f(": true, "func f(x) {\n\tif x {\n\t}": true,
		"": false, "const A = 1": false, "const A = )": false, "const A = \"": false, "const A = 1 × (": false,
	} {
		_, errs := syntax.Parse(diag.NewSource("f", text))
		assert.Equal(t, want, syntax.Incomplete(errs), text)
	}
}

func TestExprForm(t *testing.T) {
	dump := func(s string) string {
		x, errs := syntax.ParseExpr(diag.NewSource("e", s))
		require.Empty(t, errs.Text())
		return syntax.Dump(x)
	}
	for _, same := range [][2]string{
		{"a + b * c - d", "(a + (b * c)) - d"}, {"a - b - c", "(a - b) - c"}, {"-a * b", "(-a) * b"},
		{"a || b && c == d + e << f", "a || (b && (c == (d + (e << f))))"}, {"-x.T[1]", "-((x.T)[1])"},
		{"a & b | c ^ d", "((a & b) | c) ^ d"}, {"a % b / c", "(a % b) / c"},
	} {
		unparen := strings.NewReplacer("ParenExpr", "")
		flat := func(s string) (list []string) {
			for _, l := range strings.Split(unparen.Replace(dump(s)), "\n") {
				if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(l), "X:")); len(f) > 0 && strings.Trim(l, " XYFun:") != "" {
					list = append(list, f[len(f)-1])
				}
			}
			return list
		}
		assert.Equal(t, flat(same[1]), flat(same[0]), same[0])
	}
	x, _ := syntax.ParseExpr(diag.NewSource("e", "zeros[f32](BM, axis: 2)"))
	call := x.(*syntax.CallExpr)
	assert.Len(t, call.TypeArgs, 1)
	assert.Equal(t, "axis", call.Args[1].Name.Name)
	x, errs := syntax.ParseExpr(diag.NewSource("e", "1 +"))
	assert.Nil(t, x)
	assert.True(t, syntax.Incomplete(errs))
}

func TestValues(t *testing.T) {
	lit := func(s string) *syntax.BasicLit {
		x, errs := syntax.ParseExpr(diag.NewSource("e", s))
		require.Empty(t, errs.Text())
		return x.(*syntax.BasicLit)
	}
	assert.Equal(t, uint64(0xFFFF), lit("0xFF_FF").Int())
	assert.Equal(t, uint64(5), lit("0B1_01").Int())
	assert.Equal(t, uint64(math.MaxUint64), lit("18446744073709551615").Int())
	assert.Equal(t, 1e-5, lit("1e-5").Float())
	assert.Equal(t, 1000.5, lit("1_000.5").Float())
	assert.Equal(t, 3.0, lit("3").Float())
	assert.True(t, math.IsInf(lit("inf").Float(), 1))
	assert.True(t, math.IsNaN(lit("nan").Float()))
	assert.Equal(t, "a\tb", lit(`"a\tb"`).Str())
	assert.True(t, lit("true").Bool())
}

func TestTree(t *testing.T) {
	f, errs := syntax.Parse(diag.NewSource("f", "// P.\npackage p\n\n// far\n\n// One.\n//  Two.\nkernel A[W, Q type, G int = 3](a, b f16[N % 64 == 0, K/G static], c f32) {\n}\n"))
	require.Empty(t, errs.Text())
	assert.Equal(t, "P.", f.Doc.Text())
	k := f.Decls[0].(*syntax.KernelDecl)
	assert.Equal(t, "One.\n Two.", k.Doc.Text())
	require.Len(t, k.TypeParams, 2)
	assert.Len(t, k.TypeParams[0].Names, 2)
	require.Len(t, k.Params, 2)
	n := k.Params[0].Type.Dims[0]
	assert.Equal(t, "N", n.X.(*syntax.Ident).Name)
	assert.Equal(t, uint64(64), n.Multiple.(*syntax.BasicLit).Int())
	assert.True(t, k.Params[0].Type.Dims[1].Static)
	assert.Nil(t, k.Params[1].Type.Dims)
	var names []string
	syntax.Walk(f, func(n syntax.Node) bool {
		if id, ok := n.(*syntax.Ident); ok {
			names = append(names, id.Name)
		}
		return true
	})
	assert.Equal(t, strings.Fields("p A W Q type G int a b f16 N K G c f32"), names)
}

func TestStmts(t *testing.T) {
	list, errs := syntax.ParseStmts(diag.NewSource("r", "x := 1; x + 1\nfor i in 0..3 { f(i) }"))
	require.Empty(t, errs.Text())
	assert.Len(t, list, 3)
	_, errs = syntax.ParseStmts(diag.NewSource("r", "for i in 0..3 {"))
	assert.True(t, syntax.Incomplete(errs))
}
