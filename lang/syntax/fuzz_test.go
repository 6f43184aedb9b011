package syntax_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// FuzzParse holds the promises of the package against any text: no panic, spans inside of the text and inside of their
// parents, every error with a place and a known code, and for a text without errors
// parse(format(text)) = parse(text), and format(format(text)) = format(text).
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}

func check(t *testing.T, text string) {
	src := diag.NewSource("f.girih", text)
	file, errs := syntax.Parse(src)
	for _, d := range errs {
		_, ok := diag.Lookup(d.Code)
		require.True(t, ok, d.Code)
		require.True(t, 0 <= d.Span.Start && d.Span.Start <= d.Span.End && int(d.Span.End) <= len(text), "%v", d.Span)
	}
	_ = errs.Text()
	nest(t, file, file.Span())
	syntax.ParseExpr(src)
	syntax.ParseStmts(src)
	if errs.HasErrors() {
		return
	}
	once, err := syntax.Format(src)
	require.NoError(t, err)
	again, errs := syntax.Parse(diag.NewSource("g.girih", string(once)))
	require.Empty(t, errs, "of\n%s\nfrom\n%s", once, text)
	require.Equal(t, syntax.Dump(file), syntax.Dump(again), "of\n%s\nfrom\n%s", once, text)
	require.Equal(t, texts(file.Comments), texts(again.Comments))
	twice, err := syntax.Format(diag.NewSource("h.girih", string(once)))
	require.NoError(t, err)
	require.Equal(t, string(once), string(twice), "from\n%s", text)
}

func texts(cs []*syntax.Comment) []string {
	var list []string
	for _, c := range cs {
		list = append(list, c.Text)
	}
	return list
}

// nest checks that each node's span lies in its parent's.
func nest(t *testing.T, n syntax.Node, in diag.Span) {
	first := true
	syntax.Walk(n, func(c syntax.Node) bool {
		if first {
			first = false
			return true
		}
		s := c.Span()
		require.True(t, in.Start <= s.Start && s.Start < s.End && s.End <= in.End, "%T %v in %v", c, s, in)
		nest(t, c, s)
		return false
	})
}

// seeds are all texts of the corpus and all examples of the specification.
func seeds(t testing.TB) []string {
	var list []string
	files, err := filepath.Glob(corpus + "/*.txtar")
	require.NoError(t, err)
	for _, path := range files {
		ar, err := txtar.ParseFile(path)
		require.NoError(t, err)
		for _, f := range ar.Files {
			if strings.HasSuffix(f.Name, ".girih") {
				list = append(list, string(f.Data))
			}
		}
	}
	spec, err := os.ReadFile(specPath)
	if err == nil {
		for _, ex := range examples(string(spec)) {
			list = append(list, ex.text)
		}
	}
	return list
}
