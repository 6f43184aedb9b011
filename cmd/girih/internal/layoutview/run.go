// Package layoutview draws layouts for `girih layout`: as a table for the terminal, as SVG, as JSON, and the conversion
// between two of them. It renders what package layout computes and decides nothing itself.
package layoutview

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/girih-lang/girih/layout"
)

// Args are the arguments of `girih layout EXPR [--to EXPR] [--format table|svg|json]`.
type Args struct {
	Expr   string // a layout expression, see layout.Parse
	To     string // optional: a second one; the conversion from Expr to it is shown
	Format string // "table" (also when empty), "svg" or "json"
	Color  bool   // terminal colours in the table
}

// UsageError is a mistake in the command line rather than in a layout.
type UsageError struct{ Msg string }

func (e *UsageError) Error() string { return e.Msg }

// maxPoints bounds what is drawn or listed: hardware points of a layout, and its elements.
const maxPoints = 1 << 20

// Run writes the picture to w. A mistake in an expression comes back with the expression and a caret below the place.
func Run(w io.Writer, a Args) error {
	switch a.Format {
	case "", "table", "svg", "json":
	default:
		return &UsageError{fmt.Sprintf("unknown format %q; there are table, svg and json", a.Format)}
	}
	from, err := parse(a.Expr)
	if err != nil {
		return err
	}
	var to *layout.Layout
	if a.To != "" {
		l, err := parse(a.To)
		if err != nil {
			return fmt.Errorf("--to: %w", err)
		}
		to = &l
	}
	out := bufio.NewWriter(w)
	switch {
	case to != nil:
		c, err := compare(from, *to)
		if err != nil {
			return err
		}
		switch a.Format {
		case "json":
			c.json(out)
		case "svg":
			return errFlush(drawSVG(out, from, to), out)
		default:
			c.table(out, a.Color)
		}
	case a.Format == "json":
		writeJSON(out, from)
		out.WriteByte('\n')
	case a.Format == "svg":
		return errFlush(drawSVG(out, from, nil), out)
	default:
		drawTable(out, from, a.Color)
	}
	return out.Flush()
}

func errFlush(err error, out *bufio.Writer) error {
	if err != nil {
		return err
	}
	return out.Flush()
}

func parse(expr string) (layout.Layout, error) {
	l, err := layout.Parse(expr)
	var pe *layout.ParseError
	if errors.As(err, &pe) {
		line := strings.Map(func(r rune) rune { // the caret needs one line, one column a character
			if r == '\n' || r == '\t' || r == '\r' {
				return ' '
			}
			return r
		}, expr)
		if utf8.RuneCountInString(line) > 200 {
			return l, err
		}
		return l, fmt.Errorf("%w\n  %s\n  %s^", err, line, strings.Repeat(" ", pe.Col-1))
	}
	if err != nil {
		return l, err
	}
	n := 1
	for _, x := range l.Axes() {
		n *= l.AxisSize(x)
	}
	if n > maxPoints || l.Size() > maxPoints {
		return l, fmt.Errorf("%s has %d hardware points and %d elements; at most %d of either are drawn", expr, n, l.Size(), maxPoints)
	}
	return l, nil
}

// summary is the line under the title: "shape 16×8 · 32 threads × 4 locals".
func summary(l layout.Layout) string {
	s := make([]string, 0, l.Rank())
	for _, n := range l.Shape() {
		s = append(s, fmt.Sprint(n))
	}
	shape := "scalar"
	if len(s) > 0 {
		shape = "shape " + strings.Join(s, "×")
	}
	var hw []string
	for _, x := range l.Axes() {
		n := l.AxisSize(x)
		word := x
		if n != 1 {
			word += "s"
		}
		hw = append(hw, fmt.Sprintf("%d %s", n, word))
	}
	text := shape + " · " + strings.Join(hw, " × ")
	if c := l.Copies(); c > 1 {
		text += fmt.Sprintf(" · every element held %d times", c)
	}
	if !l.Surjective() {
		text += " · does not cover the shape"
	}
	return text
}
