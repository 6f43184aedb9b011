package syntax_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

var update = flag.Bool("update", false, "rewrite the golden sections of tests/syntax")

const corpus = "../../tests/syntax"

// TestGolden runs every archive of tests/syntax. A file NAME.girih in it is parsed; NAME.errors holds the rendered
// diagnostics (absent: there are none) and NAME.fmt the formatted text (absent: it was canonical already, or wrong).
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(corpus + "/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	ar, err := txtar.ParseFile(path)
	require.NoError(t, err)
	want := map[string]string{}
	for _, f := range ar.Files {
		if !strings.HasSuffix(f.Name, ".girih") {
			want[f.Name] = string(f.Data)
		}
	}
	out := &txtar.Archive{Comment: ar.Comment}
	section := func(name, got string) {
		if got != "" {
			out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(got)})
		}
		if !*update && got != want[name] {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want[name])
		}
		delete(want, name)
	}
	for _, f := range ar.Files {
		base, ok := strings.CutSuffix(f.Name, ".girih")
		if !ok {
			continue
		}
		out.Files = append(out.Files, f)
		_, errs := syntax.Parse(diag.NewSource(f.Name, string(f.Data)))
		section(base+".errors", errs.Text())
		if errs.HasErrors() {
			continue
		}
		text, err := syntax.Format(diag.NewSource(f.Name, string(f.Data)))
		require.NoError(t, err)
		if string(text) == string(f.Data) {
			text = nil
		}
		section(base+".fmt", string(text))
	}
	if *update {
		require.NoError(t, os.WriteFile(path, txtar.Format(out), 0o666))
		return
	}
	for name := range want {
		t.Errorf("%s: stale section; run with -update", name)
	}
}
