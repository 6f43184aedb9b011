package syntax

import (
	"strings"
	"unicode/utf8"

	"github.com/girih-lang/girih/lang/diag"
)

// blank says whether a blank stands between two tokens of one line.
func (f *formatter) blank(i, j int) bool {
	a, b := f.toks[i], f.toks[j]
	x, y := "", "" // the texts of punctuation
	if a.Type == tokPunct {
		x = a.Value
	}
	if b.Type == tokPunct {
		y = b.Value
	}
	operand := a.Type == tokIdent || x == ")" || x == "]"
	switch {
	case f.basis[a.Pos.Offset] && x == "{", f.basis[b.Pos.Offset] && y != "":
		return false
	case x == "{" || y == "}":
		return x != "{" || y != "}"
	case x == "(", x == "[", y == ")", y == "]", y == ",", x == ".", y == ".", x == "..", y == "..", y == ":":
		return y == ":" && x == ","
	case x == ":" && f.inLayout(int32(a.Pos.Offset)):
		return b.Type == tokPunct && y == "["
	case x == ",":
		return !f.inLayout(int32(a.Pos.Offset))
	case f.unary[a.Pos.Offset], f.tight[a.Pos.Offset], f.tight[b.Pos.Offset]:
		return false
	case y == "(":
		return !operand || x == ")" && f.head // the results of a kernel or func
	case y == "[":
		return !operand
	}
	return true
}

// lines collects the output; the last line is still being written.
type lines struct {
	list []line
	done bool // the last line has ended with a comment
}

type line struct {
	indent  int
	blank   bool // a blank line before it
	code    strings.Builder
	comment string
}

func (l *lines) last() *line       { return &l.list[len(l.list)-1] }
func (l *lines) empty() bool       { return len(l.list) == 0 }
func (l *lines) ended() bool       { return l.done }
func (l *lines) indent() int       { return l.last().indent }
func (l *lines) text(s string)     { l.last().code.WriteString(s) }
func (l *lines) whole(s string)    { l.text(s); l.done = true }
func (l *lines) trailing(s string) { l.last().comment, l.done = s, true }

func (l *lines) start(indent int, blank bool) {
	l.list = append(l.list, line{indent: indent, blank: blank && len(l.list) > 0})
	l.done = false
}

// bytes joins the lines and aligns the trailing comments of neighbours with one indentation.
func (l *lines) bytes() []byte {
	var b strings.Builder
	for i := 0; i < len(l.list); {
		n, width := i, 0
		for n < len(l.list) && l.list[n].comment != "" && l.list[n].indent == l.list[i].indent && (n == i || !l.list[n].blank) {
			width = max(width, utf8.RuneCountInString(l.list[n].code.String()))
			n++
		}
		n = max(n, i+1)
		for ; i < n; i++ {
			ln := &l.list[i]
			if ln.blank {
				b.WriteByte('\n')
			}
			code := ln.code.String()
			b.WriteString(strings.Repeat("\t", ln.indent) + code)
			if ln.comment != "" {
				b.WriteString(strings.Repeat(" ", width-utf8.RuneCountInString(code)+1) + ln.comment)
			}
			b.WriteByte('\n')
		}
	}
	return []byte(b.String())
}

// hints are what the printer takes from the tree, by byte offset.
type hints struct {
	tight    map[int]bool // operators without blanks around them
	unary    map[int]bool // unary operators
	grouping map[int]bool // parentheses around an expression; all other brackets enclose lists
	expand   map[int]bool // blocks that are never on one line
	layouts  []diag.Span  // layout expressions, in order: their commas have no blanks
	basis    map[int]bool // the braces of a basis, which are brackets of a list
}

func newHints(file *File) hints {
	h := hints{map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}, nil, map[int]bool{}}
	for _, d := range file.Decls {
		h.decl(d)
	}
	return h
}

func (h *hints) inLayout(off int32) bool {
	lo, hi := 0, len(h.layouts)
	for lo < hi {
		if mid := (lo + hi) / 2; h.layouts[mid].End <= off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(h.layouts) && h.layouts[lo].Contains(off)
}
