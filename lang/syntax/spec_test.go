package syntax_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

const specPath = "../../docs/spec.md"

// An example is a fenced block of the specification whose language begins with girih.
type example struct {
	lang, text string
	line       int
}

func examples(md string) []example {
	var list []example
	var cur *example
	for i, l := range strings.SplitAfter(md, "\n") {
		switch fence, ok := strings.CutPrefix(strings.TrimRight(l, "\n"), "```"); {
		case !ok && cur != nil:
			cur.text += l
		case ok && cur != nil:
			if strings.HasPrefix(cur.lang, "girih") {
				list = append(list, *cur)
			}
			cur = nil
		case ok:
			cur = &example{lang: fence, line: i + 1}
		}
	}
	return list
}

// TestSpec parses every example of docs/spec.md: `girih` is a file and must be canonical, `girih stmt` statements, `girih
// expr` one expression a line, and `girih error CODE` a file with that error.
func TestSpec(t *testing.T) {
	md, err := os.ReadFile(specPath)
	require.NoError(t, err)
	list := examples(string(md))
	require.NotEmpty(t, list)
	for _, ex := range list {
		src := diag.NewSource("spec.md", strings.Repeat("\n", ex.line)+ex.text)
		kind := strings.Fields(ex.lang)
		switch {
		case len(kind) == 1:
			_, errs := syntax.Parse(src)
			require.Empty(t, errs.Text())
			out, err := syntax.Format(diag.NewSource("spec.md", ex.text))
			require.NoError(t, err)
			require.Equal(t, ex.text, string(out), "line %d is not canonical", ex.line)
		case kind[1] == "stmt":
			_, errs := syntax.ParseStmts(src)
			require.Empty(t, errs.Text())
		case kind[1] == "expr":
			for _, l := range strings.Split(strings.TrimSpace(ex.text), "\n") {
				_, errs := syntax.ParseExpr(diag.NewSource("spec.md", l))
				require.Empty(t, errs.Text())
			}
		case kind[1] == "error":
			_, errs := syntax.Parse(src)
			require.NotEmpty(t, errs, "line %d", ex.line)
			require.Equal(t, kind[2], errs[0].Code, "line %d", ex.line)
		default:
			t.Errorf("line %d: unknown kind of example %q", ex.line, ex.lang)
		}
	}
}
