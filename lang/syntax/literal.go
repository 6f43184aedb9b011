package syntax

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

var (
	intForm   = regexp.MustCompile(`^(0|[1-9](_?[0-9])*|0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+)$`)
	floatForm = regexp.MustCompile(`^[0-9](_?[0-9])*(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9]+)?$`)
)

// number checks a number's form and size and says whether it is an Int or a Float.
func (s *scanned) number(t lexer.Token) lexer.TokenType {
	text := t.Value
	if intForm.MatchString(text) {
		if _, err := strconv.ParseUint(text, 0, 64); err != nil {
			s.errorf(t, diag.BadNumber, "integer %s does not fit 64 bits", shorten(text))
		}
		return tokInt
	}
	based := t.Type == symbols["Based"]
	if !based && strings.ContainsAny(text, ".eE") && floatForm.MatchString(text) {
		if _, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64); err != nil {
			s.errorf(t, diag.BadNumber, "%s is too large for a 64-bit float", shorten(text)).WithHelp("write inf for infinity")
		}
		return tokFloat
	}
	d := s.errorf(t, diag.BadNumber, "%s is not a number", shorten(text))
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(lower, "0o"):
		d.WithHelp("there are decimal, 0x and 0b integers")
	case based && len(text) == 2:
		d.WithHelp("digits must follow %s", text)
	case strings.Contains(text, "__") || strings.HasSuffix(text, "_"):
		d.WithHelp("a '_' stands between two digits")
	case strings.Trim(text, "0123456789_") == "":
		d.WithHelp("a decimal integer does not start with 0; write %s", strings.TrimLeft(text, "0_"))
	case strings.HasSuffix(lower, "f") || strings.HasSuffix(lower, "h"):
		d.WithHelp("numbers have no suffix; convert with f32(…) or f16(…)")
	default:
		d.WithHelp("a name cannot follow a number without an operator between them")
	}
	return tokInt
}

func (s *scanned) checkString(t lexer.Token) {
	if _, err := strconv.Unquote(t.Value); err != nil {
		s.errorf(t, diag.BadString, "the string has an unknown escape, or a byte that is not UTF-8").
			WithHelp(`escapes are \n \t \\ \" \xFF \u1234`)
	}
}

func (s *scanned) badString(t lexer.Token) {
	if t.Value[0] == '"' {
		s.errorf(t, diag.BadString, "the string is not closed on its line").WithHelp(`end it with "`)
		return
	}
	s.errorf(t, diag.BadString, "%c does not start a string", t.Value[0]).WithHelp(`strings stand between "`)
}
