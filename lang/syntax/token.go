package syntax

import (
	"io"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// The limits that keep every input within bounds of time and stack.
const (
	MaxNesting = 200      // open brackets of all kinds
	MaxChain   = 500      // operators, suffixes or else-ifs in one chain
	MaxSource  = 16 << 20 // bytes in a file
)

// rules are the lexical grammar, tried in order. The last three catch what is wrong, so the scanner itself never fails:
// the filter in scan.go words the error.
var rules = lexer.MustSimple([]lexer.SimpleRule{
	{Name: "Newline", Pattern: `\n`},
	{Name: "Space", Pattern: `[ \t\r]+`},
	{Name: "Ident", Pattern: `[\pL_][\pL\pN_]*`},
	{Name: "Punct", Pattern: `\.\.|:=|&&|\|\||<<=|>>=|<<|>>|[-+*%&|^<>=!]=|/=|[-+*%&|^<>=!.,:;?@(){}\[\]]`},
	{Name: "Comment", Pattern: `//[^\n]*`},
	{Name: "BadComment", Pattern: `(?s)/\*.*?(\*/|\z)`},
	{Name: "Slash", Pattern: `/`},
	{Name: "Based", Pattern: `0[xXbBoO][0-9\pL_]*`},
	{Name: "Number", Pattern: `[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9]+)?[0-9\pL_]*`},
	{Name: "String", Pattern: `"(\\.|[^"\\\n])*"`},
	{Name: "BadString", Pattern: `["'` + "`" + `][^\n]*`},
	{Name: "Invalid", Pattern: `(?s).`},
})

// Token types that the filter adds to those of the rules. A Term ends a statement: a newline in the right place, or ";".
const (
	tokKeyword lexer.TokenType = -100 - iota
	tokTerm
	tokInt
	tokFloat
)

var symbols = func() map[string]lexer.TokenType {
	m := map[string]lexer.TokenType{"Keyword": tokKeyword, "Term": tokTerm, "Int": tokInt, "Float": tokFloat}
	for name, t := range rules.Symbols() {
		m[name] = t
	}
	return m
}()

var (
	tokIdent   = symbols["Ident"]
	tokPunct   = symbols["Punct"]
	tokString  = symbols["String"]
	tokComment = symbols["Comment"]
)

// keywords are reserved everywhere. The other words of the grammar (packed, static, test, input, and the schedule words)
// are names everywhere but in their place.
var keywords = words("package import const type layout func kernel tune grid for in by if else return assume assert expect true false inf nan")

// words is a set of blank-separated words.
func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// IsKeyword says whether the word is reserved, so that it cannot be a name.
func IsKeyword(word string) bool { return keywords[word] }

// definition presents the scanner and its filter to participle.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType { return symbols }

func (definition) Lex(filename string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return &replay{tokens: scan(diag.NewSource(filename, string(text))).tokens}, nil
}

// replay hands out tokens already made; the last one is EOF and repeats.
type replay struct {
	tokens []lexer.Token
	next   int
}

func (r *replay) Next() (lexer.Token, error) {
	t := r.tokens[min(r.next, len(r.tokens)-1)]
	r.next++
	return t, nil
}

// spanOf is the token's range in the source.
func spanOf(t lexer.Token) diag.Span {
	start := int32(t.Pos.Offset)
	if t.EOF() || t.Type == tokTerm {
		return diag.Span{Start: start, End: start}
	}
	return diag.Span{Start: start, End: start + int32(len(t.Value))}
}

// describe names a token as an error message does.
func describe(t lexer.Token) string {
	switch {
	case t.EOF():
		return "end of file"
	case t.Type == tokTerm && t.Value != ";":
		return "newline"
	case t.Type == tokKeyword:
		return "keyword '" + t.Value + "'"
	case t.Type == tokString, t.Type == tokInt, t.Type == tokFloat:
		return shorten(t.Value)
	}
	return "'" + shorten(t.Value) + "'"
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return s
}
