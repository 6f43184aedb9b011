package ir

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ParseError is a mistake in the text form; line and column count from 1, columns in bytes.
type ParseError struct {
	Line, Col int
	Text      string
}

func (e *ParseError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Text) }

type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokName             // kernel, f32, x
	tokNumber           // 12, 0.5, 1e-05
	tokString           // "…", as it stands
	tokValue            // %12
	tokSign             // ( ) [ ] { } | , : = @ + - * / % ->
	tokBad              // an unfinished string or a foreign character
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

// lexer cuts text into tokens. White space and comments (// to the end of the line) only separate.
type lexer struct {
	src string
	pos int // after the last token
}

func (l *lexer) next() token {
	l.space()
	start := l.pos
	if start >= len(l.src) {
		return token{tokEOF, "", start}
	}
	rest := l.src[start:]
	end, kind := 1, tokSign
	switch c := rest[0]; {
	case c == '"':
		end, kind = stringEnd(rest)
	case c >= '0' && c <= '9':
		end, kind = numberEnd(rest), tokNumber
	case c == '%' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		end, kind = 1+digits(rest[1:]), tokValue
	case strings.HasPrefix(rest, "->"):
		end = 2
	case strings.IndexByte("()[]{}|,:=@+-*/%", c) >= 0:
	default:
		n, w := 0, 0
		for n < len(rest) {
			var r rune
			r, w = utf8.DecodeRuneInString(rest[n:])
			if !nameRune(r, n == 0) {
				break
			}
			n += w
		}
		end, kind = n, tokName
		if n == 0 {
			end, kind = max(w, 1), tokBad
		}
	}
	l.pos = start + end
	return token{kind, rest[:end], start}
}

func (l *lexer) space() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.pos++
		case strings.HasPrefix(l.src[l.pos:], "//"):
			n := strings.IndexByte(l.src[l.pos:], '\n')
			if n < 0 {
				n = len(l.src) - l.pos
			}
			l.pos += n
		default:
			return
		}
	}
}

// raw takes the text of a layout, which has its own reader: up to a comma, a bar, a region, a span or the end of the
// line, brackets apart.
func (l *lexer) raw() string {
	start, depth := l.pos, 0
	for ; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		if c == '\n' || strings.HasPrefix(l.src[l.pos:], "//") {
			break
		}
		if depth == 0 {
			if c == ',' || c == '|' || c == ')' || strings.HasPrefix(l.src[l.pos:], " {") || strings.HasPrefix(l.src[l.pos:], " loc(") {
				break
			}
		}
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
	}
	return strings.TrimSpace(l.src[start:l.pos])
}

func stringEnd(s string) (int, tokenKind) {
	for i := 1; i < len(s) && s[i] != '\n'; i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1, tokString
		}
	}
	return 1, tokBad
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func numberEnd(s string) int {
	n := digits(s)
	if n < len(s) && s[n] == '.' {
		n += 1 + digits(s[n+1:])
	}
	if n < len(s) && s[n] == 'e' {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if d := digits(s[m:]); d > 0 {
			n = m + d
		}
	}
	return n
}
