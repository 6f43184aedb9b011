package layoutview

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func run(t *testing.T, a Args) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Run(&b, a))
	return b.String()
}

func TestJSON(t *testing.T) {
	s := run(t, Args{Expr: "local(2,1).spatial(8,4).local(1,2)", Format: "json"})
	assert.True(t, strings.HasPrefix(s, `{"shape":[16,8],"threads":32,"locals":4,"map":[[[0,0],[0,1],[8,0],[8,1]],[[0,2],`), s)
	assert.True(t, strings.HasSuffix(s, "]]]}\n") && strings.Count(s, "\n") == 1)
	for _, a := range []Args{
		{Expr: "local()", Format: "json"}, {Expr: "row_major(2,3)", Format: "json"},
		{Expr: "spatial(128).local(4)", To: "local(4).spatial(128)", Format: "json"},
		{Expr: "spatial(32).local(4)", To: "local(4).spatial(32)", Format: "json"},
		{Expr: "local(4,2)", To: "column_local(4,2)", Format: "json"},
		{Expr: "spatial(32,1).local(1,8)", To: "row_major(32,8)", Format: "json"},
	} {
		var v map[string]any
		require.NoError(t, json.Unmarshal([]byte(run(t, a)), &v), a.Expr)
	}
}

func TestTable(t *testing.T) {
	assert.Equal(t, `local(2, 1).spatial(2, 2)
shape 4×2 · 4 threads × 2 locals
thread  2 → dim 0 by 1 | 2 → dim 1 by 1
local   2 → dim 0 by 2

     0    1 
0  0:0  1:0 
1  2:0  3:0 
2  0:1  1:1 
3  2:1  3:1 

cell = thread:local
`, run(t, Args{Expr: "local(2,1).spatial(2,2)"}))
	s := run(t, Args{Expr: "spatial(3,4).reduce(0)"})
	assert.Contains(t, s, "0,4,8:0")
	assert.Contains(t, s, "every element held 3 times")
	s = run(t, Args{Expr: "replicate(8).local(2)"})
	assert.Contains(t, s, "0,1…×8:0")
	s = run(t, Args{Expr: "local(2,2,2)"})
	assert.Contains(t, s, "[1, :, :]")
	s = run(t, Args{Expr: "row_major(8,64).swizzle(128,16)"})
	assert.Contains(t, s, "digits meet")
	s = run(t, Args{Expr: "basis(4){local:[(2)]}"})
	assert.Contains(t, s, "does not cover the shape")
	assert.Contains(t, s, "·")
	s = run(t, Args{Expr: "local(200,200)"})
	assert.Contains(t, s, "128×64 of 200×200 shown")
	s = run(t, Args{Expr: "spatial(4,2)", Color: true})
	assert.Contains(t, s, "\x1b[30;48;5;")
	s = run(t, Args{Expr: "spatial(128).local(4)", To: "local(4).spatial(128)"})
	assert.Contains(t, s, "conversion: shared")
	assert.Contains(t, s, "0 of them bank conflicts")
	s = run(t, Args{Expr: "local(2,4)", To: "column_local(2,4)"})
	assert.Contains(t, s, "local 1 ← local 4")
	s = run(t, Args{Expr: "spatial(32,1).local(1,8)", To: "row_major(32,8)"})
	assert.Contains(t, s, "16-bit elements")
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		a    Args
		want string
	}{
		{Args{Expr: "local(2"}, "col 8: expected ',' or ')', found the end of the expression\n  local(2\n         ^"},
		{Args{Expr: "local(2)", To: "lcal(2)"}, "--to: col 1"},
		{Args{Expr: "local(2)", Format: "png"}, `unknown format "png"; there are table, svg and json`},
		{Args{Expr: "local(2)", To: "local(3)"}, "convert: the shapes are (2) and (3)"},
		{Args{Expr: "local(4096,4096)"}, "at most 1048576 of either are drawn"},
		{Args{Expr: "local(256,256)", Format: "svg"}, "do not fit a legible SVG"},
		{Args{Expr: "row_major(2)", To: "row_major(2)"}, "bank conflicts"},
	} {
		var b bytes.Buffer
		err := Run(&b, c.a)
		require.Error(t, err)
		assert.Contains(t, err.Error(), c.want)
		assert.Zero(t, b.Len())
	}
}

func TestSVG(t *testing.T) {
	dir := os.Getenv("GIRIH_SVG_DIR") // to look at them
	for name, a := range map[string]Args{
		"mma_c":   {Expr: "mma_c()"},
		"wgmma":   {Expr: "wgmma_d(16)"},
		"swizzle": {Expr: "row_major(8,64).swizzle(128,16)"},
		"cube":    {Expr: "local(2,1,1).spatial(2,3,4).local(1,1,2)"},
		"reduced": {Expr: "spatial(3,4).local(1,2).reduce(0)"},
		"gap":     {Expr: "basis(4,8){lane:[(0,1),(0,2),(1,5)],local:[(2,0)]}"},
		"convert": {Expr: "mma_c()", To: "spatial(16,2).local(1,4)"},
		"scalar":  {Expr: "replicate(4)"},
	} {
		a.Format = "svg"
		s := run(t, a)
		d := xml.NewDecoder(strings.NewReader(s))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else {
				require.NoError(t, err, name)
			}
		}
		if dir != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".svg"), []byte(s), 0o644))
		}
	}
}
