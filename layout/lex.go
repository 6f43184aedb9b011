package layout

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ParseError is a mistake in a layout expression. Col counts characters from 1.
type ParseError struct {
	Expr string
	Col  int
	Msg  string
}

func (e *ParseError) Error() string { return fmt.Sprintf("col %d: %s", e.Col, e.Msg) }

type token struct {
	kind byte // 'a' name, '0' number, 0 end, otherwise the character itself
	text string
	num  int
	col  int
}

func (t token) String() string {
	switch t.kind {
	case 0:
		return "the end of the expression"
	case 'a', '0':
		return strconv.Quote(t.text)
	}
	return "'" + string(t.kind) + "'"
}

// maxExpr bounds the text of an expression; longer ones are refused before any work is done.
const maxExpr = 64 << 10

func lex(s string) ([]token, error) {
	if len(s) > maxExpr {
		return nil, &ParseError{s[:64], 1, fmt.Sprintf("the expression is %d bytes long; at most %d are read", len(s), maxExpr)}
	}
	var ts []token
	col := 1
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			col++
		case isLetter(c):
			j := i
			for j < len(s) && (isLetter(s[j]) || isDigit(s[j])) {
				j++
			}
			ts = append(ts, token{kind: 'a', text: s[i:j], col: col})
			col += j - i
			i = j
		case isDigit(c):
			j := i
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			n, err := strconv.Atoi(s[i:j])
			if err != nil || n > MaxSize {
				return nil, &ParseError{s, col, fmt.Sprintf("%s is too large; extents go up to 2^31", s[i:j])}
			}
			ts = append(ts, token{kind: '0', text: s[i:j], num: n, col: col})
			col += j - i
			i = j
		case c == '(' || c == ')' || c == ',' || c == '.' || c == '*' || c == '{' || c == '}' || c == '[' || c == ']' || c == ':':
			ts = append(ts, token{kind: c, col: col})
			i++
			col++
		case c == '-' && i+1 < len(s) && isDigit(s[i+1]):
			return nil, &ParseError{s, col, "extents and indices are not negative"}
		default:
			r, _ := utf8.DecodeRuneInString(s[i:])
			return nil, &ParseError{s, col, fmt.Sprintf("unexpected character %q in a layout expression", r)}
		}
	}
	return append(ts, token{col: col}), nil
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
