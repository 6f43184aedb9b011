package girih_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every block of Go in docs/library.md compiles, as the body of a function in the module of examples/gen.
func TestLibraryDocument(t *testing.T) {
	doc, err := os.ReadFile("docs/library.md")
	require.NoError(t, err)
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	dir := t.TempDir()
	mod, err := os.ReadFile("examples/gen/go.mod")
	require.NoError(t, err)
	text := strings.Replace(string(mod), "=> ../..", "=> "+root, 1)
	text = strings.Replace(text, "module github.com/girih-lang/girih/examples/gen", "module document", 1)
	text += fmt.Sprintf("\nreplace github.com/girih-lang/girih/examples/gen => %s/examples/gen\n\nrequire github.com/girih-lang/girih/examples/gen v0.0.0\n", root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666))
	sum, err := os.ReadFile("examples/gen/go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666))
	var b strings.Builder
	b.WriteString("package document\n\nimport (\n\t\"context\"\n\t\"errors\"\n\t\"os\"\n\n\t\"github.com/girih-lang/girih\"\n\t\"github.com/girih-lang/girih/examples/gen/kernels\"\n)\n\nvar _, _, _ = errors.Is, os.Stderr, kernels.Linear\n")
	n := 0
	for rest := string(doc); ; n++ {
		_, after, ok := strings.Cut(rest, "```go\n")
		if !ok {
			break
		}
		block, after, ok := strings.Cut(after, "```")
		require.True(t, ok)
		rest = after
		// What a block uses without declaring it are parameters; what it declares need not be used.
		fmt.Fprintf(&b, "\nfunc _(ctx context.Context, source string, dev *girih.Device, linear *girih.Kernel, weights, x, q, s *girih.Tensor, w, other *girih.Packed) (err error) {\n\tvar y *girih.Tensor\n\t_ = y\n\t{\n%s\n", block)
		for _, v := range []string{"values", "y", "z"} {
			if strings.Contains(block, v+", err :=") {
				fmt.Fprintf(&b, "\t\t_ = %s\n", v)
			}
		}
		b.WriteString("\t\treturn err\n\t}\n}\n")
	}
	require.Greater(t, n, 4)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "document.go"), []byte(b.String()), 0o666))
	cmd := exec.Command("go", "build", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, b.String())
}
