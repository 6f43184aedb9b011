package layoutview

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/girih-lang/girih/layout"
)

// What a terminal can show; the rest is counted, and --format json has it.
const (
	tableRows  = 128
	tableCols  = 64
	tablePages = 16
)

func drawTable(w *bufio.Writer, l layout.Layout, color bool) {
	fmt.Fprintf(w, "%s\n%s\n", l, summary(l))
	digitLines(w, l)
	drawGrid(w, l, color)
}

func drawGrid(w *bufio.Writer, l layout.Layout, color bool) {
	ps := pages(l)
	tint := tintOf(l)
	for i, p := range ps {
		if i == tablePages {
			fmt.Fprintf(w, "\n… %d more slices; --format json lists all\n", len(ps)-tablePages)
			break
		}
		w.WriteByte('\n')
		if t := p.title(); t != "" {
			fmt.Fprintln(w, t)
		}
		p.draw(w, tint, color)
	}
	what := "cell = thread:local"
	if l.IsMemory() {
		what = "cell = offset"
	} else if !l.IsRegister() {
		what = "cell = " + strings.Join(l.Axes(), ":")
	}
	fmt.Fprintf(w, "\n%s\n", what)
}

func (p page) draw(w *bufio.Writer, t tint, color bool) {
	rows, cols := min(p.rows, tableRows), min(p.cols, tableCols)
	width := utf8.RuneCountInString(strconv.Itoa(cols - 1))
	text := make([]string, rows*cols)
	for r := range rows {
		for c := range cols {
			s := layout.HolderText(p.cell[r*p.cols+c])
			text[r*cols+c] = s
			width = max(width, utf8.RuneCountInString(s))
		}
	}
	head := 0
	if p.hasRows {
		head = len(strconv.Itoa(rows-1)) + 1
	}
	dim := func(s string) string {
		if color {
			return "\x1b[2m" + s + "\x1b[0m"
		}
		return s
	}
	pad := func(s string) string { return strings.Repeat(" ", width-utf8.RuneCountInString(s)) + s }
	w.WriteString(strings.Repeat(" ", head))
	for c := range cols {
		w.WriteString(dim(" " + pad(strconv.Itoa(c)) + " "))
	}
	w.WriteByte('\n')
	for r := range rows {
		if p.hasRows {
			w.WriteString(dim(fmt.Sprintf("%*d ", head-1, r)))
		}
		for c := range cols {
			s := " " + pad(text[r*cols+c]) + " "
			if color {
				fmt.Fprintf(w, "\x1b[30;48;5;%dm%s", xterm(t.rgb(p.cell[r*p.cols+c])), s)
			} else {
				w.WriteString(s)
			}
		}
		if color {
			w.WriteString("\x1b[0m")
		}
		w.WriteByte('\n')
	}
	if rows < p.rows || cols < p.cols {
		fmt.Fprintf(w, "… %d×%d of %d×%d shown; --format json lists all\n", rows, cols, p.rows, p.cols)
	}
}

// xterm is the nearest colour of the 6×6×6 cube that 256-colour terminals have.
func xterm(r, g, b uint8) int {
	f := func(v uint8) int {
		if v < 75 {
			return (int(v) + 48) / 96
		}
		return (int(v) - 35) / 40
	}
	return 16 + 36*f(r) + 6*f(g) + f(b)
}

// digitLines shows where the digits of each hardware axis go, major first, the way indices are read.
func digitLines(w *bufio.Writer, l layout.Layout) {
	for _, name := range l.Axes() {
		ds, ok := l.AxisDigits(name)
		if !ok {
			fmt.Fprintln(w, "digits meet (a swizzle or another matrix); see the basis above")
			return
		}
		if len(ds) == 0 {
			continue
		}
		s := make([]string, len(ds))
		for k, d := range ds {
			if d.Dim < 0 {
				s[len(ds)-1-k] = fmt.Sprintf("%d copies", d.Radix)
			} else {
				s[len(ds)-1-k] = fmt.Sprintf("%d → dim %d by %d", d.Radix, d.Dim, d.Stride)
			}
		}
		fmt.Fprintf(w, "%-7s %s\n", name, strings.Join(s, " | "))
	}
}
