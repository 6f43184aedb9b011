package syntax

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/lang/diag"
)

// TestRelayout writes correct programs anew with other blanks, line breaks, comments and semicolons wherever these mean
// nothing, and demands the same tree from the text and from its canonical form, with every comment kept.
func TestRelayout(t *testing.T) {
	programs := correct(t)
	rapid.Check(t, func(t *rapid.T) {
		program := rapid.SampledFrom(programs).Draw(t, "program")
		text := relayout(t, program)
		want, _ := Parse(diag.NewSource("a", program))
		src := diag.NewSource("b", text)
		file, errs := Parse(src)
		require.Empty(t, errs.Text(), text)
		require.Equal(t, undocumented(want), undocumented(file), text)
		once, err := Format(src)
		require.NoError(t, err, text)
		again, errs := Parse(diag.NewSource("c", string(once)))
		require.Empty(t, errs.Text(), "of\n%s\nfrom\n%s", once, text)
		require.Equal(t, Dump(file), Dump(again), "of\n%s\nfrom\n%s", once, text)
		require.Len(t, again.Comments, len(file.Comments))
		twice, err := Format(diag.NewSource("d", string(once)))
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice), "from\n%s", text)
	})
}

func correct(t *testing.T) []string {
	files, err := filepath.Glob("../../tests/syntax/*.txtar")
	require.NoError(t, err)
	var list []string
	for _, path := range files {
		ar, err := txtar.ParseFile(path)
		require.NoError(t, err)
		for _, f := range ar.Files {
			if !strings.HasSuffix(f.Name, ".girih") {
				continue
			}
			file, errs := Parse(diag.NewSource(f.Name, string(f.Data)))
			if errs.HasErrors() {
				continue
			}
			for _, d := range file.Decls { // a declaration at a time finds more than a file at a time
				list = append(list, file.Source.Slice(d.Span()))
			}
			list = append(list, string(f.Data))
		}
	}
	require.NotEmpty(t, list)
	return list
}

var docLine = regexp.MustCompile(`(?m)^ *Doc: .*\n`)

func undocumented(f *File) string { return docLine.ReplaceAllString(Dump(f), "") }

func relayout(t *rapid.T, program string) string {
	s := scan(diag.NewSource("a", program))
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "sep") }
	var b strings.Builder
	var open []string
	var last string
	for i, tok := range s.tokens {
		if tok.EOF() {
			break
		}
		if tok.Type == tokTerm {
			b.WriteString(pick("\n", "\n", "\n\n\n", ";", " ;\n", " // trailing\n", "\n// own\n", "\n\n\t// own\n// own\n\n"))
			last = ""
			continue
		}
		free := len(open) > 0 && open[len(open)-1] != "{" || i > 0 && !endsStatement(s.tokens[i-1])
		switch {
		case i == 0:
		case free:
			b.WriteString(pick(" ", " ", " ", "", "\t", "\n", "\n\n", " // c\n", "\n// c\n", "\r\n"))
			if b.Len() > 0 && needsBlank(last, tok.Value) {
				b.WriteString(" ")
			}
		default:
			b.WriteString(pick(" ", "  ", "\t"))
		}
		b.WriteString(tok.Value)
		last = tok.Value
		if tok.Type == tokPunct {
			switch {
			case closer[tok.Value] != "":
				open = append(open, tok.Value)
			case opener[tok.Value] != "":
				open = open[:len(open)-1]
			}
		}
	}
	return b.String()
}

// needsBlank says whether two tokens could run together.
func needsBlank(a, b string) bool {
	return a != "" && b != "" && !strings.ContainsAny(a[len(a)-1:], "()[],") && !strings.ContainsAny(b[:1], "()[],")
}
