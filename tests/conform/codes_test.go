package conform

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang/diag"
)

var codeText = regexp.MustCompile(`"(G\d{4})"`)

// The passes and the generators cannot import the table of diagnostics, so they write its codes as texts. Every one of them
// is in the table.
func TestCodesAreInTheTable(t *testing.T) {
	found := 0
	for _, dir := range []string{"../../passes", "../../codegen", "../../runtime", "../../internal", "../../ir"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range codeText.FindAllStringSubmatch(string(text), -1) {
				found++
				_, ok := diag.Lookup(m[1])
				require.True(t, ok, "%s: %s is not in lang/diag's table", path, m[1])
			}
			return err
		}))
	}
	require.Greater(t, found, 5)
}
