package syntax

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// Format prints a file canonically: tabs, one statement a line, Go's blanks around operators, trailing comments of
// neighbouring lines aligned, at most one blank line in a row. Comments stay, line breaks after commas and operators stay,
// and a list whose bracket ends its line gets its closing bracket on a line of its own, after a comma. Formatting twice is
// formatting once. A file with errors is not formatted; the error is then its diag.List.
//
// The printer goes over the tokens, not the tree, so that it cannot lose or move a comment. The tree only says how tight
// an operator binds and what a bracket is for (hints.go).
func Format(src *diag.Source) ([]byte, error) {
	file, errs := Parse(src)
	if errs.HasErrors() {
		return nil, errs
	}
	f := &formatter{src: src, toks: scan(src).raw, hints: newHints(file)}
	f.match()
	for i := range f.toks {
		f.token(i)
	}
	return f.out.bytes(), nil
}

type formatter struct {
	src  *diag.Source
	toks []lexer.Token
	hints
	partner []int // of a bracket, the index of the other one
	out     lines

	open       []bracket
	stmtIndent int  // of the line on which the current statement starts
	prev       int  // index of the last token printed that is no comment, -1 at first
	dropped    bool // a ";" was left out since
	head       bool // between the keyword of a kernel or func and its body
}

// A bracket is an open one: the indentation of its line, and whether its contents stand on lines of their own.
type bracket struct {
	text   string
	indent int
	multi  bool
}

// A lineBreak says whether a new line starts before a token, and as what.
type lineBreak uint8

const (
	noBreak  lineBreak = iota
	stmt               // a statement or declaration starts
	element            // an element of a list starts, or its closing bracket
	carryOn            // the statement goes on
	closeOff           // a closing bracket on its own line
)

// match finds the partner of each bracket; the file has no errors, so all match.
func (f *formatter) match() {
	f.prev = -1
	f.partner = make([]int, len(f.toks))
	var open []int
	for i, t := range f.toks {
		switch {
		case t.Type != tokPunct:
		case closer[t.Value] != "":
			open = append(open, i)
		case opener[t.Value] != "":
			k := open[len(open)-1]
			open = open[:len(open)-1]
			f.partner[i], f.partner[k] = k, i
		}
	}
}

// newlines counts the line breaks in the source between tokens i-1 and i.
func (f *formatter) newlines(i int) int {
	if i == 0 {
		return 0
	}
	n := 0
	for _, c := range f.src.Text[spanOf(f.toks[i-1]).End:f.toks[i].Pos.Offset] {
		if c == '\n' {
			n++
		}
	}
	return n
}

// broken says whether a line break lies between the tokens i and j.
func (f *formatter) broken(i, j int) bool {
	for k := i + 1; k <= j; k++ {
		if f.newlines(k) > 0 {
			return true
		}
	}
	return false
}

// isMulti says whether the contents of the bracket at i go on lines of their own.
func (f *formatter) isMulti(i int) bool {
	t, end := f.toks[i], f.partner[i]
	if f.expand[t.Pos.Offset] {
		return true
	}
	list := t.Value != "{" || f.basis[t.Pos.Offset]
	if end == i+1 {
		return !list && f.newlines(end) > 0
	}
	if !list {
		if f.broken(i, end) {
			return true
		}
		for _, in := range f.toks[i+1 : end] {
			if in.Value == ";" || in.Value == "{" {
				return true
			}
		}
		return false
	}
	if f.grouping[t.Pos.Offset] {
		return false
	}
	return f.newlines(i+1) > 0 || f.toks[i+1].Type == tokComment || f.commentBefore(end)
}

// commentBefore says whether a comment stands right before the closing bracket, or before a comma that is.
func (f *formatter) commentBefore(end int) bool {
	for i := end - 1; ; i-- {
		switch t := f.toks[i]; {
		case t.Type == tokComment:
			return true
		case t.Value != ",":
			return false
		}
	}
}

func (f *formatter) token(i int) {
	t := f.toks[i]
	switch {
	case t.Type == tokComment:
		f.comment(i)
		return
	case t.Value == ";" && t.Type == tokPunct:
		f.dropped = true
		return
	case t.Value == "," && f.needlessComma(i):
		return
	}
	br := f.breakBefore(i)
	if br == noBreak && f.out.ended() {
		br = carryOn // a comment ended the line
		if opener[t.Value] != "" {
			br = closeOff
		}
	}
	if br == noBreak {
		if f.prev >= 0 && f.blank(f.prev, i) {
			f.out.text(" ")
		}
	} else {
		f.startLine(i, br)
	}
	f.out.text(t.Value)
	f.bracket(i)
	if f.missingComma(i) {
		f.out.text(",")
	}
	if t.Type == tokKeyword && (t.Value == "kernel" || t.Value == "func") {
		f.head = true
	} else if t.Value == "{" {
		f.head = false
	}
	f.prev, f.dropped = i, false
}

func (f *formatter) comment(i int) {
	if i > 0 && f.newlines(i) == 0 && !f.out.empty() && !f.out.ended() {
		f.out.trailing(f.toks[i].Value)
		return
	}
	br := f.breakBefore(i)
	if n := len(f.open); n > 0 && f.open[n-1].text != "{" {
		br = element // whatever it stands between: the comma before it may be about to come or go
	} else if br == noBreak {
		br = carryOn
	}
	f.startLine(i, br)
	f.out.whole(f.toks[i].Value)
}

// breakBefore decides on a line break before token i from the last token printed.
func (f *formatter) breakBefore(i int) lineBreak {
	if f.prev < 0 {
		return stmt
	}
	before, t := f.toks[f.prev], f.toks[i]
	top := bracket{text: "{", multi: true}
	if n := len(f.open); n > 0 {
		top = f.open[n-1]
	}
	isPunct := before.Type == tokPunct
	nl := f.broken(f.prev, i)
	comma := isPunct && before.Value == ","
	opened := isPunct && closer[before.Value] != ""
	switch {
	case t.Type == tokPunct && opener[t.Value] != "":
		if top.multi {
			return closeOff
		}
		return noBreak
	case opened && top.text == "{":
		if top.multi {
			return stmt
		}
		return noBreak
	case top.text == "{" && (f.dropped || nl && endsStatement(before)):
		return stmt
	case opened && top.multi, nl && comma && top.text != "{":
		return element
	case nl && isPunct && f.mayEndLine(before):
		return carryOn
	}
	return noBreak
}

// mayEndLine says whether a statement may go on after this token on the next line: operators and commas, but no unary
// operator, no opening bracket and no dot.
func (f *formatter) mayEndLine(t lexer.Token) bool {
	switch t.Value {
	case ".", "..", ":", "!", "(", "[", "{", ")", "]", "}":
		return false
	}
	return !f.unary[t.Pos.Offset]
}

func (f *formatter) startLine(i int, br lineBreak) {
	indent, blank := 0, false
	n := len(f.open)
	if n > 0 {
		indent = f.open[n-1].indent + 1
	}
	switch br {
	case closeOff:
		if f.toks[i].Type != tokComment && n > 0 {
			indent--
		}
	case carryOn:
		indent++
	default:
		blank = f.newlines(i) > 1 && i > 0 && (f.prev != i-1 || closer[f.toks[i-1].Value] == "" || f.toks[i-1].Type != tokPunct)
	}
	if br == stmt || br == closeOff && f.toks[i].Value == "}" {
		f.stmtIndent = indent
	}
	f.out.start(indent, blank)
}

func (f *formatter) bracket(i int) {
	t := f.toks[i]
	if t.Type != tokPunct {
		return
	}
	switch {
	case closer[t.Value] != "":
		b := bracket{t.Value, f.out.indent(), f.isMulti(i)}
		if f.basis[t.Pos.Offset] {
			b.text = "["
		}
		if b.text == "{" {
			b.indent = f.stmtIndent
		}
		f.open = append(f.open, b)
	case opener[t.Value] != "":
		f.open = f.open[:len(f.open)-1]
	}
}

// nextToken is the index of the next token after i that is no comment, or -1.
func (f *formatter) nextToken(i int) int {
	for i++; i < len(f.toks); i++ {
		if f.toks[i].Type != tokComment {
			return i
		}
	}
	return -1
}

// closesList says whether the token after i closes a list, and whether that list is on lines of its own.
func (f *formatter) closesList(i int) (multi, ok bool) {
	k := f.nextToken(i)
	if k < 0 || f.toks[k].Type != tokPunct || opener[f.toks[k].Value] == "" || f.toks[k].Value == "}" && !f.basis[f.toks[k].Pos.Offset] {
		return false, false
	}
	at := f.partner[k]
	return f.isMulti(at), !f.grouping[f.toks[at].Pos.Offset] && at != i
}

func (f *formatter) needlessComma(i int) bool {
	multi, ok := f.closesList(i)
	return ok && !multi && f.toks[i].Type == tokPunct
}

func (f *formatter) missingComma(i int) bool {
	multi, ok := f.closesList(i)
	return ok && multi && f.toks[i].Value != ","
}
