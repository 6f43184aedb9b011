package diag_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/lang/diag"
)

func TestPositions(t *testing.T) {
	src := diag.NewSource("f", "a\n\tµx\r\n\nend")
	for off, want := range map[int32]string{0: "f:1:1", 1: "f:1:2", 2: "f:2:1", 3: "f:2:2", 5: "f:2:3", 8: "f:3:1", 9: "f:4:1", 12: "f:4:4", 99: "f:4:4", -1: "f:1:1"} {
		assert.Equal(t, want, src.At(off).String(), off)
	}
	assert.Equal(t, "\tµx", src.Line(2))
	assert.Equal(t, "", src.Line(5))
	assert.Equal(t, 4, src.Lines())
	assert.Equal(t, "?:1:1", (*diag.Source)(nil).At(3).String())
}

// TestPositionsBrute holds At, LineOf and Offset against counting one rune after the other.
func TestPositionsBrute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab\n\té世"))).Draw(t, "text")
		src := diag.NewSource("f", text)
		line, col := 1, 1
		for i := 0; i <= len(text); {
			at := src.At(int32(i))
			require.Equal(t, diag.Position{Path: "f", Line: line, Col: col}, at)
			require.Equal(t, int32(i), src.Offset(line, col))
			require.Equal(t, line, src.LineOf(int32(i)))
			if i == len(text) {
				break
			}
			r, n := utf8.DecodeRuneInString(text[i:])
			if col++; r == '\n' {
				line, col = line+1, 1
			}
			i += n
		}
	})
}

func TestRender(t *testing.T) {
	src := diag.NewSource("linear.girih", "kernel A(x f16[M, K]) {\n\tacc += dot(x,\tw)\n}\n")
	var l diag.List
	l.Warnf(src, diag.Span{Start: 38, End: 39}, diag.Unused, "100%% %s", "odd")
	l.Errorf(src, diag.Span{Start: 25, End: 28}, diag.Undefined, "undefined: acc").
		Note(diag.Span{Start: 9, End: 20}, "x is here").WithHelp("declare it with :=")
	assert.Equal(t, `linear.girih:2:2: G0101: undefined: acc
    2 |     acc += dot(x,   w)
      |     ^^^
linear.girih:1:10: note: x is here
    1 | kernel A(x f16[M, K]) {
      |          ^^^^^^^^^^^
help: declare it with :=
linear.girih:2:15: G0103: warning: 100% odd
    2 |     acc += dot(x,   w)
      |                  ^^^
`, l.Text())
	assert.Equal(t, "linear.girih:2:2: G0101: undefined: acc\nlinear.girih:2:15: G0103: warning: 100% odd", l.Error())
	var b strings.Builder
	require.NoError(t, l.Render(&b, diag.Options{Color: true, Limit: 1}))
	assert.Contains(t, b.String(), "\x1b[1;31mG0101\x1b[0m")
	assert.Contains(t, b.String(), "… and 1 more")
}

func TestList(t *testing.T) {
	var l diag.List
	assert.NoError(t, l.Err())
	src := diag.NewSource("f", "a")
	l.Warnf(src, diag.Span{}, diag.Unused, "w")
	assert.NoError(t, l.Err(), "a warning stops nothing")
	l.Errorf(src, diag.Span{}, diag.Unexpected, "e")
	l.Errorf(src, diag.Span{}, diag.Unexpected, "e")
	assert.Len(t, l.Sorted(), 2, "a repetition is said once")
	var back diag.List
	assert.True(t, errors.As(fmt.Errorf("wrapped: %w", l.Err()), &back))
}

// TestHostile prints spans and texts that a broken stage or a hostile file could give.
func TestHostile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := diag.NewSource("f", rapid.StringOf(rapid.RuneFrom([]rune("a\n\t\x1b\u202e世\r"))).Draw(t, "text"))
		off := rapid.Int32Range(-5, 40)
		l := diag.List{}
		l.Errorf(src, diag.Span{Start: off.Draw(t, "a"), End: off.Draw(t, "b")}, "G0001", "%s", "\x1b[31m")
		require.NotContains(t, l.Text(), "\x1b")
	})
	long := diag.NewSource("f", strings.Repeat("x", 5000)+"!"+strings.Repeat("y", 5000))
	l := diag.List{}
	l.Errorf(long, diag.Span{Start: 5000, End: 9000}, "G0001", "long")
	for _, line := range strings.Split(l.Text(), "\n") {
		assert.Less(t, utf8.RuneCountInString(line), 130)
	}
}

func TestTable(t *testing.T) {
	all := diag.Codes()
	for i, c := range all {
		assert.Regexp(t, regexp.MustCompile(`^G0[0-5]\d\d$`), c.Code)
		assert.NotEmpty(t, c.Doc)
		if i > 0 {
			assert.Less(t, all[i-1].Code, c.Code, "codes are in order and unique")
		}
		got, ok := diag.Lookup(c.Code)
		assert.True(t, ok)
		assert.Equal(t, c, got)
	}
	_, ok := diag.Lookup("G9999")
	assert.False(t, ok)
}
