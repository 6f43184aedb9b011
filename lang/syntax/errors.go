package syntax

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// explain words an error of the grammar and returns the index of the token where it happened.
//
// Participle knows the token that did not fit and the first symbol it wanted there. The tokens before tell the rest: the
// bracket that is open says in what list we are, the token before says after what.
func (p *parser) explain(err error) int {
	var perr participle.Error
	if !errors.As(err, &perr) {
		p.errs.Errorf(p.src, diag.Span{}, diag.Unexpected, "%s", err)
		return 0
	}
	at := p.indexOf(perr.Position().Offset)
	var unexpected *participle.UnexpectedTokenError
	if !errors.As(err, &unexpected) {
		p.errAt(p.tokens[at], diag.Unexpected, "%s", perr.Message())
		return at
	}
	if unexpected.Unexpected.EOF() {
		at = len(p.tokens) - 1
	}
	if !p.afterLexical(at) && !p.special(at) {
		p.unexpected(at, firstSymbol(perr.Message()))
	}
	return at
}

// afterLexical says whether the scanner already complained about the line of token i: then what the grammar says is mostly
// a consequence.
func (p *parser) afterLexical(i int) bool {
	line := p.line(max(i-1, 0))
	return slices.ContainsFunc(p.errs, func(d *diag.Diagnostic) bool {
		l := p.src.LineOf(d.Span.Start)
		return lexical[d.Code] && (l == line || l == p.line(i))
	})
}

var lexical = map[string]bool{diag.BadCharacter: true, diag.BadNumber: true, diag.BadString: true, diag.BadComment: true}

// indexOf is the index of the token at an offset. A Term at the end of the file shares its offset with EOF and is first.
func (p *parser) indexOf(off int) int {
	return min(sort.Search(len(p.tokens), func(i int) bool { return p.tokens[i].Pos.Offset >= off }), len(p.tokens)-1)
}

// firstSymbol takes the wanted symbol out of participle's message: `… (expected ")" GParams? GBlock)` gives `")"`.
func firstSymbol(msg string) string {
	_, want, ok := strings.Cut(msg, "(expected ")
	if !ok {
		return "GItem"
	}
	want = strings.TrimLeft(want, "(")
	if strings.HasPrefix(want, `"`) {
		if q, err := strconv.QuotedPrefix(want); err == nil {
			return q
		}
	}
	return strings.TrimRight(strings.FieldsFunc(want+" ", func(r rune) bool { return r == ' ' || r == ')' })[0], "?*+!")
}

// unexpected reports that token i does not fit where the grammar wants a symbol.
func (p *parser) unexpected(i int, want string) {
	found := p.tokens[i]
	open := p.openBefore(i)
	code, span, what := diag.Unexpected, spanOf(found), describe(found)
	if found.EOF() {
		code, span = diag.Incomplete, p.lastEnd(i)
	} else if end, ok := p.lineBreakBefore(i); ok && found.Type != tokTerm && p.wantsMore(i) {
		span, what = diag.Span{Start: end, End: end}, "newline"
	}
	expected := p.expectation(i, want, open)
	d := p.errs.Errorf(p.src, span, code, "expected %s, found %s", expected, what)
	if open >= 0 && (found.EOF() || p.tokens[open].Value != "{" && p.src.LineOf(span.Start) != p.line(open)) {
		d.Note(spanOf(p.tokens[open]), "this '%s' is open", p.tokens[open].Value)
	}
	if k := p.continues(i); k >= 0 && !found.EOF() {
		d.Note(spanOf(p.tokens[k]), "this line goes on below, since it ends in '%s'", p.tokens[k].Value)
	}
	switch {
	case found.Type == tokKeyword && wantsName[strings.Join(strings.Fields(expected + " x")[:2], " ")]:
		d.WithHelp("'%s' is a reserved word and cannot be a name", found.Value)
	case want == "GItem" && found.Type == tokIdent:
		d.WithHelp("statements stand in the body of a kernel, a func or a test")
	}
}

var wantsName = map[string]bool{"a name": true, "a parameter": true, "a type": true}

// lastEnd is the end of the last token before i that has text: the end of file itself is often on an empty line.
func (p *parser) lastEnd(i int) diag.Span {
	for i--; i >= 0; i-- {
		if p.tokens[i].Type != tokTerm {
			end := spanOf(p.tokens[i]).End
			return diag.Span{Start: end, End: end}
		}
	}
	return diag.Span{}
}

// continues is the index of an operator or comma at the end of the line before token i's, outside of brackets: then the
// author may not know that the two lines are one statement. Otherwise it is -1.
func (p *parser) continues(i int) int {
	for ; i > 0; i-- {
		if _, ok := p.lineBreakBefore(i); ok {
			if t := p.tokens[i-1]; t.Type == tokPunct && !endsStatement(t) && closer[t.Value] == "" {
				if open := p.openBefore(i); open < 0 || p.tokens[open].Value == "{" {
					return i - 1
				}
			}
			return -1
		}
	}
	return -1
}

// wantsMore says whether a newline inside of brackets is the better thing to blame than the token after it: the line
// before it could have ended the list, and no comma did.
func (p *parser) wantsMore(i int) bool {
	return i > 0 && endsStatement(p.tokens[i-1])
}

func (p *parser) line(i int) int { return p.src.LineOf(spanOf(p.tokens[i]).Start) }

// lineBreakBefore says whether token i is the first of its line, and where the line of the token before it ends.
func (p *parser) lineBreakBefore(i int) (int32, bool) {
	if i == 0 {
		return 0, false
	}
	end := spanOf(p.tokens[i-1]).End
	return end, strings.Contains(p.src.Text[end:p.tokens[i].Pos.Offset], "\n")
}

// openBefore is the index of the innermost bracket open before token i, or -1.
func (p *parser) openBefore(i int) int {
	var open []int
	for k, t := range p.tokens[:i] {
		switch {
		case t.Type == tokKeyword && startsDecl[t.Value]:
			open = open[:0]
		case t.Type != tokPunct:
		case closer[t.Value] != "":
			open = append(open, k)
		case opener[t.Value] != "" && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

// expectation names what was wanted and where.
func (p *parser) expectation(i int, want string, open int) string {
	var before lexer.Token
	if i > 0 {
		before = p.tokens[i-1]
	}
	if close := strings.Trim(want, `"`); open >= 0 && (opener[close] != "" || close == ",") {
		return p.inBrackets(before, open)
	}
	what := symbolNames[want]
	switch {
	case want == "GItem":
		return "a declaration (kernel, func, layout, const, input or test)"
	case want == "<term>":
		return "a newline after the declaration"
	case strings.HasPrefix(want, `"`):
		what = "'" + strings.Trim(want, `"`) + "'"
	case what == "":
		what = want
	}
	switch {
	case i == 0, before.Type == tokTerm, before.Value == "{":
		return what
	case open == i-1 && !strings.HasSuffix(p.kindOf(open), "list"):
		return fmt.Sprintf("%s after '%s'", what, before.Value)
	case open == i-1 || before.Value == ",":
		return what + " " + p.place(open)
	}
	return fmt.Sprintf("%s after %s", what, describe(before))
}

// symbolNames says what productions are called.
var symbolNames = map[string]string{
	"<ident>": "a name", "GName": "a name", "GParams": "'(' and the parameters", "GParam": "a parameter", "GBlock": "'{'",
	"GExpr": "an expression", "GChain": "an expression", "GUnary": "an expression", "GPostfix": "an operand",
	"GOperand": "an operand", "GType": "a type", "GDim": "a dimension", "GTypeParam": "a type parameter",
	"GIndex": "an index", "GArg": "an argument", "GStmt": "a statement", "GRange": "a range such as 'm in M by 16'",
	"GWord": "a schedule word",
}

// inBrackets words a missing comma or closing bracket.
func (p *parser) inBrackets(before lexer.Token, open int) string {
	b := p.tokens[open].Value
	end := "'" + closer[b] + "'"
	started := before.Type == tokTerm || before.Value == b && before.Pos.Offset == p.tokens[open].Pos.Offset
	switch {
	case b == "{" && started:
		return "a statement or " + end
	case b == "{":
		return "a newline or " + end + " after the statement"
	case p.kindOf(open) == "parentheses":
		return end + " after the expression in parentheses"
	case started:
		return p.elementOf(open) + " or " + end + " " + p.place(open)
	case before.Value == ",":
		return p.elementOf(open) + " or " + end + " " + p.place(open)
	}
	return "',' or " + end + " " + p.place(open)
}

func (p *parser) place(open int) string {
	if open < 0 || p.tokens[open].Value == "{" {
		return "after ','"
	}
	return "in the " + p.kindOf(open)
}

func (p *parser) elementOf(open int) string {
	if e := elements[p.kindOf(open)]; e != "" {
		return e
	}
	return "an expression"
}

var elements = map[string]string{
	"parameter list": "a parameter", "result list": "a result", "argument list": "an argument", "index": "an index",
	"type parameters": "a type parameter", "dimensions": "a dimension",
}

// kindOf says what an open bracket encloses, from the tokens before it.
func (p *parser) kindOf(open int) string {
	at := func(k int) lexer.Token {
		if k < 0 {
			return lexer.Token{}
		}
		return p.tokens[k]
	}
	before := at(open - 1)
	head := at(open-2).Type == tokKeyword && (at(open-2).Value == "kernel" || at(open-2).Value == "func")
	operand := before.Type == tokIdent || before.Value == ")" || before.Value == "]"
	switch at(open).Value {
	case "{":
		return "block"
	case "(":
		switch {
		case head, before.Value == "]" && p.inHead(open):
			return "parameter list"
		case before.Value == ")" && p.inHead(open):
			return "result list"
		case operand:
			return "argument list"
		}
		return "parentheses"
	}
	switch {
	case head:
		return "type parameters"
	case !operand:
		return "list"
	case p.inHead(open):
		return "dimensions"
	}
	return "index"
}

// inHead says whether token i stands between the keyword of its kernel or func and the body.
func (p *parser) inHead(i int) bool {
	for k := i - 1; k >= 0; k-- {
		switch t := p.tokens[k]; {
		case t.Type == tokPunct && (t.Value == "{" || t.Value == "}"):
			return false
		case t.Type == tokKeyword && (t.Value == "kernel" || t.Value == "func"):
			return true
		}
	}
	return false
}
