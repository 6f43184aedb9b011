package lineedit

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// keys types into an editor without a terminal.
func typed(t require.TestingT, e *Editor, keys string) (string, error) {
	e.out = &bytes.Buffer{}
	e.keys = bufio.NewReader(strings.NewReader(keys))
	e.width = func() int { return 40 }
	e.line, e.pos, e.at, e.tabbed = nil, 0, len(e.History), false
	for {
		e.draw()
		r, err := e.key()
		if err != nil {
			return string(e.line), err
		}
		if done, err := e.press(r); done || err != nil {
			return string(e.line), err
		}
	}
}

func TestKeys(t *testing.T) {
	complete := func(line string, pos int) (int, []string) {
		var out []string
		start := strings.LastIndexAny(line[:pos], " (") + 1
		for _, w := range []string{"random.normal", "random.uniform", "rsqrt"} {
			if strings.HasPrefix(w, line[start:pos]) {
				out = append(out, w)
			}
		}
		return start, out
	}
	for keys, want := range map[string]string{
		"abc\r":                      "abc",
		"abc\x1b[D\x1b[Dx\r":         "axbc",
		"abc\x01x\x05y\r":            "xabcy",
		"abc\x7f\x7f\r":              "a",
		"abc\x1b[D\x1b[3~\r":         "ab",
		"one two\x17three\r":         "one three",
		"one two\x01\x0b\x19\x19\r":  "one twoone two",
		"\x1b[A\x1b[A\x1b[B\r":       "second",
		"new\x1b[A\x1b[B\r":          "new",
		"x = (ran\t\r":               "x = (random.",
		"rs\t(1)\r":                  "rsqrt(1)",
		"µ世\x1b[Dé\r":                "µé世",
		"a\x1b[99~b\r":               "ab",
		"ab cd\x1b[1;5D\x1b[1;5Dx\r": "xab cd",
	} {
		e := &Editor{History: []string{"first", "second"}, Complete: complete}
		got, err := typed(t, e, keys)
		require.NoError(t, err, "%q", keys)
		require.Equal(t, want, got, "%q", keys)
	}
	_, err := typed(t, &Editor{}, "abc\x03")
	require.ErrorIs(t, err, ErrInterrupt)
	_, err = typed(t, &Editor{}, "\x04")
	require.ErrorIs(t, err, io.EOF)
}

// No keys break the editor.
func TestAnyKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.SampledFrom([]string{"a", " ", "世", "\t", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b", "\x1b[", "\x01", "\x05", "\x0b", "\x15", "\x17", "\x19", "\x7f", "\x04", "\x0c", "\xff"})).Draw(t, "keys")
		e := &Editor{History: []string{"one", "two words"}, Complete: func(line string, pos int) (int, []string) { return 0, []string{line[:pos] + "1", line[:pos] + "2"} }}
		got, err := typed(t, e, strings.Join(keys, ""))
		require.True(t, errors.Is(err, io.EOF))
		require.LessOrEqual(t, e.pos, len([]rune(got))+1)
	})
}
