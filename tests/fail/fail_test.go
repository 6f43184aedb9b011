// Package fail holds programs that must not compile. Each says on its guilty lines what the error is:
//
//	t := x[n] + z // ERROR G0101: undefined: z
//
// that is a code and a part of the message, or of a note to it. A first line `// OPTIONS -D W=u4 --shape N=64` sets
// what the command line would. Every error must be announced, and every announced error must come.
package fail

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
)

var announced = regexp.MustCompile(`// ERROR (G\d{4}): (.*)$`)

func TestMustFail(t *testing.T) {
	files, err := filepath.Glob("*.girih")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 40)
	for _, f := range files {
		t.Run(strings.TrimSuffix(f, ".girih"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			list := compile(t, f, string(text))
			require.NotEmpty(t, list, "it compiles")
			compare(t, list, string(text))
		})
	}
}

// compile gives every error of a program: of loading it, or of its kernels.
func compile(t *testing.T, path, text string) diag.List {
	var list, one diag.List
	p, err := lang.LoadSource(path, text)
	if err != nil {
		require.ErrorAs(t, err, &list)
		return list
	}
	opts := options(t, text)
	for _, k := range p.Kernels() {
		out, err := lang.Lower(p, k.Name, opts)
		if err == nil {
			require.NoError(t, out.Verify())
			continue
		}
		require.Nil(t, out)
		require.ErrorAs(t, err, &one)
		list = append(list, one...)
	}
	if len(opts.Defines) == 0 && len(opts.Dims) == 0 && lang.Check(p) != nil {
		require.ErrorAs(t, lang.Check(p), &one)
		list = append(list, one...) // the same errors: Sorted drops repetitions
	}
	return list.Sorted()
}

func options(t *testing.T, text string) lang.Options {
	o := lang.Options{Defines: map[string]string{}, Dims: map[string]int64{}}
	first, _, _ := strings.Cut(text, "\n")
	words, ok := strings.CutPrefix(first, "// OPTIONS ")
	if !ok {
		return o
	}
	fields := strings.Fields(words)
	for i := 0; i+1 < len(fields); i += 2 {
		name, value, _ := strings.Cut(fields[i+1], "=")
		switch fields[i] {
		case "-D":
			o.Defines[name] = value
		case "--shape":
			n, err := strconv.ParseInt(value, 10, 64)
			require.NoError(t, err)
			o.Dims[name] = n
		}
	}
	return o
}

func compare(t *testing.T, list diag.List, text string) {
	want := map[int][2]string{}
	for i, line := range strings.Split(text, "\n") {
		if m := announced.FindStringSubmatch(line); m != nil {
			want[i+1] = [2]string{m[1], m[2]}
		}
	}
	require.NotEmpty(t, want, "the program announces nothing:\n%s", list.Text())
	for _, d := range list {
		line := d.Source.At(d.Span.Start).Line
		w, ok := want[line]
		require.True(t, ok, "an error that is not announced:\n%s", d.Text())
		require.Equal(t, w[0], d.Code, d.Text())
		require.Contains(t, messages(d), w[1])
		require.NotContains(t, d.Help, "%%", "a help line without arguments is no format")
		_, known := diag.Lookup(d.Code)
		require.True(t, known, d.Code)
		delete(want, line)
	}
	require.Empty(t, want, "errors that did not come; there came:\n%s", list.Text())
}

// messages is what a diagnostic says, without the excerpts of the source, which hold the announcement itself.
func messages(d *diag.Diagnostic) string {
	all := []string{d.Message}
	for _, n := range d.Notes {
		all = append(all, n.Message)
	}
	return strings.Join(append(all, d.Help), "\n")
}

// No exchange of words of a program makes the compiler panic; errors stay errors.
func TestDamaged(t *testing.T) {
	files, err := filepath.Glob("*.girih")
	require.NoError(t, err)
	for i, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		words := strings.Fields(string(text))
		for j := i % 7; j < len(words); j += 7 {
			broken := strings.Replace(string(text), words[j], words[(j*31+i)%len(words)], 1)
			compileAny(t, fmt.Sprintf("%s#%d", f, j), broken)
		}
	}
}

func compileAny(t *testing.T, path, text string) {
	p, err := lang.LoadSource(path, text)
	if err != nil {
		return
	}
	for _, k := range p.Kernels() {
		if out, err := lang.Lower(p, k.Name, lang.Options{}); err == nil {
			require.NoError(t, out.Verify())
		}
	}
}
