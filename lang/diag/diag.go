// Package diag is what every stage of the compiler says to the author of a kernel: a place, a stable code, what was
// expected and what was found, the second place where two things disagree, and what to do about it.
//
// The model: a Source is a file's path and text. Inside the compiler a place is a Span, two int32 byte offsets into one
// Source; it becomes a line and a column only when it is printed. A Diagnostic is one message, a List the messages of a
// run. A List is an error, so it travels through ordinary Go interfaces.
//
// The boundary: this package knows nothing of the language, of IR or of targets. It neither decides whether the output is
// a terminal nor reads NO_COLOR; the caller passes Options.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Span is the half-open range [Start, End) of byte offsets in one Source. The zero Span is the file's first position.
type Span struct{ Start, End int32 }

// Len is the number of bytes in the span.
func (s Span) Len() int { return int(s.End - s.Start) }

// To is the smallest span that covers both s and t.
func (s Span) To(t Span) Span { return Span{min(s.Start, t.Start), max(s.End, t.End)} }

// Contains says whether the offset lies in the span.
func (s Span) Contains(off int32) bool { return s.Start <= off && off < s.End }

// Severity orders diagnostics; only an Error stops a build.
type Severity uint8

const (
	Error Severity = iota
	Warning
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Note is a second position and what is there: "declared here", "the other extent is here".
type Note struct {
	Source  *Source // nil: the diagnostic's own source
	Span    Span
	Message string
}

// A Diagnostic is one message to the author.
type Diagnostic struct {
	Source   *Source
	Severity Severity
	Code     string // one of the table in codes.go, such as "G0103"
	Span     Span
	Message  string // one line: what was expected, what was found
	Notes    []Note
	Detail   string // lines that are printed as they are, a drawing say; may be empty
	Help     string // one line: what to do; may be empty
}

// Error is the head line, "file:line:col: G0103: message".
func (d *Diagnostic) Error() string {
	sev := ""
	if d.Severity == Warning {
		sev = "warning: "
	}
	return fmt.Sprintf("%s: %s: %s%s", d.Source.At(d.Span.Start), d.Code, sev, d.Message)
}

// Note appends a second position in the same source and returns d, so that calls chain.
func (d *Diagnostic) Note(at Span, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{Span: at, Message: sprintf(format, args)})
	return d
}

// NoteIn is Note for a position in another source of the package.
func (d *Diagnostic) NoteIn(src *Source, at Span, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{Source: src, Span: at, Message: sprintf(format, args)})
	return d
}

// WithDetail sets the lines that are printed below the notes, and returns d.
func (d *Diagnostic) WithDetail(text string) *Diagnostic {
	d.Detail = text
	return d
}

// WithHelp sets the line that says what to do, and returns d.
func (d *Diagnostic) WithHelp(format string, args ...any) *Diagnostic {
	d.Help = sprintf(format, args)
	return d
}

// sprintf leaves a message without arguments alone, so that a "%" of the user's text is not a verb.
func sprintf(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// A List is the diagnostics of a run. As an error it is the head lines, one a line, in source order.
type List []*Diagnostic

// Errorf appends an error and returns it, for notes and help to be added.
func (l *List) Errorf(src *Source, at Span, code, format string, args ...any) *Diagnostic {
	d := &Diagnostic{Source: src, Code: code, Span: at, Message: sprintf(format, args)}
	*l = append(*l, d)
	return d
}

// Warnf appends a warning and returns it.
func (l *List) Warnf(src *Source, at Span, code, format string, args ...any) *Diagnostic {
	d := l.Errorf(src, at, code, format, args...)
	d.Severity = Warning
	return d
}

// Error joins the head lines.
func (l List) Error() string {
	l = l.Sorted()
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is l as an error if it holds one of severity Error, else nil. A List must reach an error variable only through it:
// an empty List in an interface is not nil.
func (l List) Err() error {
	if l.HasErrors() {
		return l
	}
	return nil
}

// HasErrors says whether the list stops a build.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d *Diagnostic) bool { return d.Severity == Error })
}

// Sorted is a copy in order of path, position, severity and code, without exact repetitions: two stages that stumble on
// one mistake say it once.
func (l List) Sorted() List {
	s := slices.Clone(l)
	slices.SortStableFunc(s, func(a, b *Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Source.path(), b.Source.path()),
			cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Code, b.Code),
		)
	})
	return slices.CompactFunc(s, func(a, b *Diagnostic) bool {
		return a.Source == b.Source && a.Span == b.Span && a.Code == b.Code && a.Message == b.Message
	})
}
