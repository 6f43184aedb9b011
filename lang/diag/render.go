package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options say how to print.
type Options struct {
	Color bool // ANSI colours; the caller looks at the terminal and at NO_COLOR
	Limit int  // at most this many diagnostics, then a count of the rest; 0 means all
}

const (
	tabStop   = 4   // tabs are printed as spaces up to the next multiple of this
	maxColumn = 110 // a longer line is cut around the caret
)

// Render prints the list in source order, each diagnostic as
//
//	linear.girih:12:9: G0103: undefined: acc
//	   12 |     acc += dot(x[m, k], b)
//	      |     ^^^
//	linear.girih:4:2: note: …
//	help: …
func (l List) Render(w io.Writer, opt Options) error {
	s := l.Sorted()
	more := 0
	if opt.Limit > 0 && len(s) > opt.Limit {
		more = len(s) - opt.Limit
		s = s[:opt.Limit]
	}
	var b strings.Builder
	for _, d := range s {
		d.render(&b, opt)
	}
	if more > 0 {
		fmt.Fprintf(&b, "… and %d more\n", more)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Text is the list rendered without colour.
func (l List) Text() string {
	var b strings.Builder
	_ = l.Render(&b, Options{})
	return b.String()
}

// Text is the diagnostic rendered without colour.
func (d *Diagnostic) Text() string { return List{d}.Text() }

func (d *Diagnostic) render(b *strings.Builder, opt Options) {
	paint := painter(opt.Color)
	head := paint(red, d.Code)
	if d.Severity == Warning {
		head = paint(yellow, d.Code) + ": warning"
	}
	fmt.Fprintf(b, "%s: %s: %s\n", paint(bold, d.Source.At(d.Span.Start).String()), head, paint(bold, printable(d.Message)))
	excerpt(b, d.Source, d.Span, func(s string) string { return paint(red, s) })
	for _, n := range d.Notes {
		src := n.Source
		if src == nil {
			src = d.Source
		}
		fmt.Fprintf(b, "%s: %s: %s\n", src.At(n.Span.Start), paint(blue, "note"), printable(n.Message))
		excerpt(b, src, n.Span, func(s string) string { return paint(blue, s) })
	}
	if d.Detail != "" {
		for line := range strings.Lines(d.Detail) {
			b.WriteString(printable(strings.TrimSuffix(line, "\n")) + "\n")
		}
	}
	if d.Help != "" {
		fmt.Fprintf(b, "%s: %s\n", paint(green, "help"), printable(d.Help))
	}
}

// excerpt prints the line of the span's start and carets under the part of the span on that line (at least one).
func excerpt(b *strings.Builder, src *Source, sp Span, paint func(string) string) {
	if src == nil || src.Text == "" {
		return
	}
	at := src.At(sp.Start)
	line := src.Line(at.Line)
	from := int(src.clamp(sp.Start) - src.lines[at.Line-1])
	from = min(from, len(line))
	to := min(max(from, from+sp.Len()), len(line))
	pre, mid, post := expand(line[:from], 0), "", ""
	mid = expand(line[from:to], width(pre))
	post = expand(line[to:], width(pre)+width(mid))
	carets := max(1, width(mid))
	lead := width(pre)
	if lead > maxColumn*2/3 { // keep the caret in view on a very long line
		r := []rune(pre)
		pre = "…" + string(r[len(r)-maxColumn/3:])
		lead = width(pre)
	}
	text := []rune(pre + mid + post)
	if len(text) > maxColumn {
		text = append(text[:maxColumn:maxColumn], '…')
	}
	carets = min(carets, max(1, maxColumn-lead))
	num := fmt.Sprintf("%5d", at.Line)
	fmt.Fprintf(b, "%s | %s\n", num, strings.TrimRight(string(text), " "))
	fmt.Fprintf(b, "%s | %s%s\n", strings.Repeat(" ", len(num)), strings.Repeat(" ", lead), paint(strings.Repeat("^", carets)))
}

// expand prints tabs as spaces and control characters as U+FFFD: a source file must not be able to send escape sequences
// to the terminal.
func expand(s string, col int) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' {
			n := tabStop - col%tabStop
			b.WriteString(strings.Repeat(" ", n))
			col += n
			continue
		}
		b.WriteRune(visible(r))
		col++
	}
	return b.String()
}

func printable(s string) string { return strings.Map(visible, s) }

func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return utf8.RuneError
}

func width(s string) int { return utf8.RuneCountInString(s) }

type color string

const (
	bold   color = "1"
	red    color = "1;31"
	green  color = "1;32"
	yellow color = "1;33"
	blue   color = "1;34"
)

func painter(on bool) func(color, string) string {
	return func(c color, s string) string {
		if !on {
			return s
		}
		return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
	}
}
