package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang"
)

// The kernels of the README are programs.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	blocks := strings.Split(string(text), "```girih\n")[1:]
	assert.NotEmpty(t, blocks)
	for _, b := range blocks {
		code, _, _ := strings.Cut(b, "```")
		p, err := lang.LoadSource("README.md", code)
		require.NoError(t, err)
		assert.NoError(t, lang.Check(p))
	}
}
