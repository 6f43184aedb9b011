package syntax

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// A scanned file: the tokens for the grammar (EOF last), and every token and comment as written, for the formatter.
type scanned struct {
	src      *diag.Source
	tokens   []lexer.Token
	raw      []lexer.Token
	comments []*Comment
	errs     diag.List
	fatal    bool // the rest of the file was not read

	open []lexer.Token // brackets not yet closed
}

// scan makes the tokens of a file. It ends statements as Go does: a newline becomes a Term if the token before it can end
// a statement and the innermost open bracket is none or "{". So a line goes on after an operator, a comma, and inside
// parentheses and square brackets.
func scan(src *diag.Source) *scanned {
	s := &scanned{src: src}
	text := src.Text
	switch {
	case len(text) > MaxSource:
		s.errs.Errorf(src, diag.Span{}, diag.BadSource, "the file has %d bytes; at most %d are read", len(text), MaxSource)
		s.fatal, text = true, ""
	case strings.HasPrefix(text, "\ufeff"): // a byte order mark is no part of the program; offsets must stay
		text = "   " + text[3:]
	}
	lex, _ := rules.LexString("", text) // the rules match every input, so no step fails
	for {
		t, err := lex.Next()
		if err != nil || t.EOF() {
			break
		}
		if s.token(t); s.fatal || len(s.errs) >= maxErrors {
			s.fatal = true
			break
		}
	}
	end := lexer.Position{Offset: len(text)}
	if s.fatal {
		s.open = nil
	}
	s.newline(end)
	s.tokens = append(s.tokens, lexer.EOFToken(end))
	return s
}

func (s *scanned) token(t lexer.Token) {
	t.Pos = lexer.Position{Offset: t.Pos.Offset} // lines and columns are diag's
	switch t.Type {
	case symbols["Newline"]:
		s.newline(t.Pos)
		return
	case symbols["Space"]:
		return
	case tokComment:
		t.Value = strings.TrimRight(t.Value, " \t\r")
		s.raw = append(s.raw, t)
		s.comments = append(s.comments, &Comment{At: At{spanOf(t)}, Text: t.Value})
		return
	case symbols["BadComment"]:
		s.errorf(t, diag.BadComment, "block comments do not exist").WithHelp("start each line of the comment with //")
		return
	case symbols["Invalid"]:
		s.invalid(t)
		return
	case tokIdent:
		if keywords[t.Value] {
			t.Type = tokKeyword
		} else if at := strings.IndexFunc(t.Value, func(r rune) bool { return r >= utf8.RuneSelf }); at >= 0 {
			r, n := utf8.DecodeRuneInString(t.Value[at:])
			off := int32(t.Pos.Offset + at)
			s.errs.Errorf(s.src, diag.Span{Start: off, End: off + int32(n)}, diag.BadCharacter,
				"%q cannot stand in a name", r).WithHelp("names are ASCII letters, digits and '_', since they become symbols of object files")
		}
	case symbols["Slash"]:
		t.Type = tokPunct
	case symbols["Based"], symbols["Number"]:
		t.Type = s.number(t)
	case tokString:
		s.checkString(t)
	case symbols["BadString"]:
		s.badString(t)
		t.Type = tokString
	}
	s.resync(t)
	if t.Value == "{" {
		s.oracle()
	}
	s.bracket(t)
	s.tokens = append(s.tokens, t)
	s.raw = append(s.raw, t)
	if t.Value == ";" {
		s.tokens[len(s.tokens)-1].Type = tokTerm
	}
}

// oracle makes the name before a "{" the word of an oracle block, except in `if oracle {` and `for i in oracle {`.
func (s *scanned) oracle() {
	n := len(s.tokens)
	if n == 0 || s.tokens[n-1].Type != tokIdent || s.tokens[n-1].Value != "oracle" {
		return
	}
	if n == 1 || s.tokens[n-2].Type != tokKeyword || s.tokens[n-2].Value == "return" || s.tokens[n-2].Value == "expect" {
		s.tokens[n-1].Type = tokKeyword
	}
}

func (s *scanned) errorf(t lexer.Token, code, format string, args ...any) *diag.Diagnostic {
	return s.errs.Errorf(s.src, spanOf(t), code, format, args...)
}

// newline adds a Term where the statement may end.
func (s *scanned) newline(at lexer.Position) {
	if len(s.tokens) == 0 || !endsStatement(s.tokens[len(s.tokens)-1]) {
		return
	}
	if n := len(s.open); n == 0 || s.open[n-1].Value == "{" {
		s.tokens = append(s.tokens, lexer.Token{Type: tokTerm, Value: "\n", Pos: at})
	}
}

func endsStatement(t lexer.Token) bool {
	switch t.Type {
	case tokIdent, tokInt, tokFloat, tokString:
		return true
	case tokKeyword:
		return afterKeyword[t.Value]
	case tokPunct:
		return t.Value == ")" || t.Value == "]" || t.Value == "}" || t.Value == "?"
	}
	return false
}

// afterKeyword are the keywords after which a newline ends the statement. The others are all followed by something, but
// where that is missing the error should be on the keyword's line, so only those stay out that may continue.
var afterKeyword = words("oracle return true false inf nan type package import const layout func kernel tune grid for if assume assert expect")

// resync forgets open brackets at a line that starts, unindented, with the keyword of a declaration. Without it one
// missing parenthesis would swallow the rest of the file.
func (s *scanned) resync(t lexer.Token) {
	off := t.Pos.Offset
	if len(s.open) == 0 || t.Type != tokKeyword || off > 0 && s.src.Text[off-1] != '\n' || !startsDecl[t.Value] {
		return
	}
	s.open = nil
	s.newline(lexer.Position{Offset: off - 1})
}

var startsDecl = words("kernel func layout package import")

// bracket keeps the stack of open brackets. A bracket of the wrong kind is the grammar's to report; here it closes the
// nearest one of its kind, or nothing.
func (s *scanned) bracket(t lexer.Token) {
	if t.Type != tokPunct {
		return
	}
	switch t.Value {
	case "(", "[", "{":
		if len(s.open) == MaxNesting {
			s.errorf(t, diag.TooDeep, "more than %d brackets are open here", MaxNesting).
				WithHelp("give inner parts names with := or func")
			s.fatal = true
		}
		s.open = append(s.open, t)
	case ")", "]", "}":
		for i := len(s.open) - 1; i >= 0; i-- {
			if s.open[i].Value == opener[t.Value] {
				s.open = s.open[:i]
				return
			}
		}
	}
}

var opener = map[string]string{")": "(", "]": "[", "}": "{"}
var closer = map[string]string{"(": ")", "[": "]", "{": "}"}

// invalid reports a byte or rune that starts no token; a run of them is one error.
func (s *scanned) invalid(t lexer.Token) {
	if n := len(s.errs); n > 0 && s.errs[n-1].Code == diag.BadCharacter && s.errs[n-1].Span.End == int32(t.Pos.Offset) {
		s.errs[n-1].Span.End += int32(len(t.Value))
		return
	}
	r, _ := utf8.DecodeRuneInString(t.Value)
	if r == utf8.RuneError && len(t.Value) == 1 {
		s.errorf(t, diag.BadCharacter, "byte 0x%02x is not UTF-8", t.Value[0])
		return
	}
	d := s.errorf(t, diag.BadCharacter, "character %q does not start anything", r)
	if h := instead[r]; h != "" {
		d.WithHelp("write %s", h)
	}
}

// instead is what to type for a character that is often pasted.
var instead = map[rune]string{
	'×': "*", '·': "* or dot(…)", '⊙': "*", '÷': "/", '−': "-", '–': "-", '≤': "<=", '≥': ">=", '≠': "!=", '∞': "inf",
	'“': `"`, '”': `"`, '…': "..", '#': "// for a comment", '~': "^ for the complement", '$': "the name alone",
	'\u00a0': "an ordinary blank", '\u200b': "nothing: it is an invisible blank", '\ufeff': "nothing: it is a byte order mark",
}
