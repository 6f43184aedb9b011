package lang

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var locs = regexp.MustCompile(` loc\(\d+:\d+\)| source "[^"]*"`)

// Each archive holds a source, the options to specialise it (its comment: `-D W=u4 --shape N=64`), and its tile IR
// without places.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(f)
			require.NoError(t, err)
			text := string(a.Files[0].Data)
			k := lowerText(t, text, goldenOptions(string(a.Comment)))
			full := k.String()
			back, err := ir.Parse(full)
			require.NoError(t, err)
			require.Equal(t, full, back.String())
			got := locs.ReplaceAllString(full, "")
			if *update {
				a.Files = append(a.Files[:1], txtar.File{Name: "tile", Data: []byte(got)})
				require.NoError(t, os.WriteFile(f, txtar.Format(a), 0o644))
				return
			}
			require.Len(t, a.Files, 2, "no tile; run with -update")
			require.Equal(t, string(a.Files[1].Data), got)
		})
	}
}

func goldenOptions(comment string) Options {
	o := Options{Defines: map[string]string{}, Dims: map[string]int64{}}
	words := strings.Fields(comment)
	for i := 0; i+1 < len(words); i++ {
		name, value, _ := strings.Cut(words[i+1], "=")
		switch words[i] {
		case "-D":
			o.Defines[name] = value
		case "--shape":
			n := int64(0)
			for _, c := range value {
				n = n*10 + int64(c-'0')
			}
			o.Dims[name] = n
		}
	}
	return o
}

// Every operation has a place inside of the kernel's text, calls of functions included.
func TestSpans(t *testing.T) {
	text := "func twice(v) { return v + v }\n\nkernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = silu(twice(x[n]))\n}\n"
	k := lowerText(t, text, Options{})
	src := diag.NewSource("", text)
	start := int32(strings.Index(text, "kernel"))
	k.Body.Walk(func(o *ir.Op) bool {
		require.GreaterOrEqual(t, o.Span.Start, start, o.String())
		require.NotEmpty(t, src.Slice(diag.Span(o.Span)))
		return true
	})
}
