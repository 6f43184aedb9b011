package layoutview

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the outputs in docs/layouts.md")

var command = regexp.MustCompile(`^\$ girih layout '([^']*)'(?: --to '([^']*)')?(?: --format (\w+) \| jq \.traffic\[(\d)\])?$`)

// Every `$ girih layout` block of the manual is what the command prints.
func TestManual(t *testing.T) {
	const path = "../../../../docs/layouts.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	blocks := strings.Split(string(text), "```")
	n := 0
	for i := 1; i < len(blocks); i += 2 {
		body, ok := strings.CutPrefix(blocks[i], "text\n$ ")
		if !ok {
			continue
		}
		line, want, _ := strings.Cut("$ "+body, "\n")
		m := command.FindStringSubmatch(line)
		require.NotNil(t, m, "not understood: %s", line)
		var b bytes.Buffer
		require.NoError(t, Run(&b, Args{Expr: m[1], To: m[2], Format: m[3]}), line)
		got := b.String()
		if m[3] == "json" {
			var v struct{ Traffic []json.RawMessage }
			require.NoError(t, json.Unmarshal(b.Bytes(), &v))
			var pretty bytes.Buffer
			require.NoError(t, json.Indent(&pretty, v.Traffic[m[4][0]-'0'], "", "  "))
			got = pretty.String() + "\n"
		}
		lines := strings.Split(got, "\n") // editors strip trailing blanks
		for k := range lines {
			lines[k] = strings.TrimRight(lines[k], " ")
		}
		got = strings.Join(lines, "\n")
		n++
		if *update {
			blocks[i] = "text\n" + line + "\n" + got
			continue
		}
		assert.Equal(t, want, got, line)
	}
	assert.Greater(t, n, 8)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(blocks, "```")), 0o644))
	}
}
