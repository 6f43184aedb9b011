package cli

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/testrun"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

var keepDocuments = flag.String("keep-documents", "", "write the programs of the documents into this directory")

// A block is what stands between two fences of a document.
type block struct {
	kind, text string
	line       int
}

var fenced = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func blocks(doc string) []block {
	var list []block
	for _, m := range fenced.FindAllStringSubmatchIndex(doc, -1) {
		list = append(list, block{doc[m[2]:m[3]], doc[m[4]:m[5]], strings.Count(doc[:m[0]], "\n") + 1})
	}
	return list
}

// tested are the documents in which every program has a test block. The specification has tests of its own (lang, lang/syntax).
var tested = map[string]bool{"tutorial.md": true, "coming-from.md": true}

// TestDocuments holds the documents to what they say. A block `girih` is a whole package: canonical, without mistakes, and its
// tests hold in the VM. A block `girih error G0202` has that mistake. A block `console` has commands after `$ ` and what they
// print, once the blocks of `girih` before it lie in files that are named for their packages: numbers and units of time may
// differ, and `…` on a line of its own stands for any number of lines.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, f := range files {
		name := filepath.Base(f)
		if name == "spec.md" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			dir := *keepDocuments
			if dir == "" {
				dir = t.TempDir()
			}
			programs := 0
			for _, b := range blocks(string(text)) {
				switch kind := strings.Fields(b.kind); {
				case len(kind) == 0:
				case kind[0] == "girih":
					program(t, name, dir, b, kind[1:])
					programs++
				case kind[0] == "console":
					console(t, name, dir, b)
				}
			}
			assert.True(t, !tested[name] || programs > 0)
		})
	}
}

var packageName = regexp.MustCompile(`(?m)^package (\w+)$`)

func program(t *testing.T, doc, dir string, b block, words []string) {
	m := packageName.FindStringSubmatch(b.text)
	require.NotNil(t, m, "%s:%d: a program starts with its package", doc, b.line)
	file := m[1] + ".girih"
	require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(b.text), 0o666))
	p, err := lang.LoadSource(file, b.text)
	if err == nil {
		err = lang.Check(p)
	}
	if len(words) == 2 && words[0] == "error" {
		var list diag.List
		require.ErrorAs(t, err, &list, "%s:%d", doc, b.line)
		assert.Equal(t, words[1], list[0].Code, "%s:%d", doc, b.line)
		return
	}
	require.Empty(t, words, "%s:%d: unknown kind of block", doc, b.line)
	require.NoError(t, err, "%s:%d", doc, b.line)
	out, err := syntax.Format(diag.NewSource(file, b.text))
	require.NoError(t, err)
	assert.Equal(t, string(out), b.text, "%s:%d is not as girih fmt prints it", doc, b.line)
	rep, err := testrun.Run(context.Background(), []*lang.Package{p}, testrun.Options{On: []string{"vm"}, Seed: 1, Cases: 8})
	require.NoError(t, err)
	assert.True(t, !tested[doc] || len(rep.Results) > 0, "%s:%d has no test", doc, b.line)
	for _, r := range rep.Results {
		assert.True(t, r.Pass, "%s:%d: %s: %+v", doc, b.line, r.Name, r.Failure)
	}
}

func console(t *testing.T, doc, dir string, b block) {
	for _, part := range strings.Split("\n"+b.text, "\n$ ")[1:] {
		line, want, _ := strings.Cut(part, "\n")
		args := strings.Fields(line)
		require.Equal(t, "girih", args[0], "%s:%d: only girih is run", doc, b.line)
		if _, err := exec.LookPath("cc"); err != nil && strings.Contains(line, "cpu") {
			continue
		}
		cmd := exec.Command(filepath.Join(bin, "girih"), args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "NO_COLOR=1", "GIRIH_CACHE="+filepath.Join(dir, ".cache"))
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil {
			require.ErrorAs(t, err, &exit)
		}
		assert.True(t, printed(string(out), want), "%s:%d: %s printed\n%s", doc, b.line, line, out)
	}
}

var (
	spaces   = regexp.MustCompile(`[ \t]+`)
	numerals = regexp.MustCompile(`\d+(\.\d+)?(e[+-]\d+)?( (ns|µs|ms|s)\b)?`)
)

// masked is a text without its numbers and the widths of its columns.
func masked(s string) string {
	s = spaces.ReplaceAllString(strings.TrimSpace(s), " ")
	return numerals.ReplaceAllString(s, "0")
}

// printed says whether got is want, in which lines `…` stand for any lines.
func printed(got, want string) bool {
	got = "\n" + masked(got) + "\n"
	chunks := strings.Split("\n"+masked(want)+"\n", "\n…\n")
	for i, c := range chunks {
		c = "\n" + strings.Trim(c, "\n") + "\n"
		at := strings.Index(got, c)
		switch {
		case c == "\n\n":
			continue
		case at < 0, i == 0 && at != 0, i == len(chunks)-1 && !strings.HasSuffix(got, c):
			return false
		}
		got = "\n" + got[at+len(c):]
	}
	return true
}

func TestPrinted(t *testing.T) {
	for _, c := range []struct {
		got, want string
		same      bool
	}{
		{"a 12.5 µs\nb", "a   3 ms\nb\n", true},
		{"a 1\nb\nc\nd", "a 2\n…\nd", true},
		{"a 1\nb\nc\nd", "…\nb\n…", true},
		{"a 1\nb\nc\nd", "…\nc\n…\nb\n…", false},
		{"a\nb", "a", false},
		{"a\nb", "b", false},
		{"", "", true},
	} {
		assert.Equal(t, c.same, printed(c.got, c.want), "%q %q", c.got, c.want)
	}
}
