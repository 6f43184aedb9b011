package lang

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
)

const (
	specPath     = "../docs/spec.md"
	semanticPart = "\n## 7. Programs\n"
	tableStart   = "-update -->\n"
	tableEnd     = "<!-- end of builtins -->"
)

var specExample = regexp.MustCompile("(?ms)^```girih\n(.*?)^```")
var specError = regexp.MustCompile(`// ERROR (G\d{4}): (.*)`)

// Every example of the semantic part of the specification compiles, or has the error that it announces.
func TestSpecExamples(t *testing.T) {
	md, err := os.ReadFile(specPath)
	require.NoError(t, err)
	_, part, ok := strings.Cut(string(md), semanticPart)
	require.True(t, ok)
	found := specExample.FindAllStringSubmatch(part, -1)
	require.Greater(t, len(found), 8)
	for _, ex := range found {
		p, err := LoadSource("spec.md", ex[1])
		require.NoError(t, err, ex[1])
		want := specError.FindStringSubmatch(ex[1])
		for _, k := range p.Kernels() {
			dims := map[string]int64{}
			for _, d := range k.Static {
				dims[d] = 96
			}
			_, err := Lower(p, k.Name, Options{Dims: dims})
			if want == nil {
				require.NoError(t, err, ex[1])
				continue
			}
			var list diag.List
			require.ErrorAs(t, err, &list)
			require.Len(t, list, 1)
			require.Equal(t, want[1], list[0].Code)
			require.Contains(t, list[0].Message, want[2])
		}
		if want == nil {
			require.NoError(t, Check(p))
		}
	}
}

// The table of builtin functions in the specification is the compiler's.
func TestSpecTable(t *testing.T) {
	md, err := os.ReadFile(specPath)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(md), tableStart)
	require.True(t, ok)
	_, tail, ok := strings.Cut(rest, tableEnd)
	require.True(t, ok)
	var b strings.Builder
	b.WriteString("\n| form | meaning |\n|---|---|\n")
	for _, f := range lower.Builtins() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(f.Form, " or ", "`, `"), f.Doc)
	}
	b.WriteString("\n")
	want := head + tableStart + b.String() + tableEnd + tail
	if *update {
		require.NoError(t, os.WriteFile(specPath, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(md), "run go test ./lang -run TestSpecTable -update")
}

// Sources that are shipped are in canonical form.
func TestCanonical(t *testing.T) {
	var files []string
	for _, glob := range []string{"../stdlib/*.girih", "../examples/*/*.girih"} {
		more, err := filepath.Glob(glob)
		require.NoError(t, err)
		files = append(files, more...)
	}
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		out, err := syntax.Format(diag.NewSource(f, string(text)))
		require.NoError(t, err)
		require.Equal(t, string(text), string(out), "run girih fmt %s", f)
	}
}
