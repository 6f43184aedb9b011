package syntax

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// special words the mistakes that deserve better than "expected, found": habits from other languages, and what later
// versions will have. It says whether token i was one.
func (p *parser) special(i int) bool {
	at := func(k int) lexer.Token {
		if k < 0 || k >= len(p.tokens) {
			return lexer.Token{}
		}
		return p.tokens[k]
	}
	t, before, next := at(i), at(i-1), at(i+1)
	stmtStart := i == 0 || before.Type == tokTerm || before.Value == "{"
	switch {
	case t.Value == "?" && t.Type == tokPunct:
		p.notYet(t, "extents that depend on data")
	case before.Value == "sparse" && t.Value == "(":
		p.notYet(before, "sparse formats")
	case at(i-2).Value == ":=" && t.Value == "in", at(i-2).Value == "=" && t.Value == "in":
		p.notYet(t, "ranges as values")
	case t.Value == "else" && before.Type == tokTerm && at(i-2).Value == "}":
		p.errAt(t, diag.Unexpected, "'else' must stand on the line of the '}' before it").WithHelp("write } else {")
	case t.Type == tokTerm && next.Value == "{":
		p.errAt(next, diag.Unexpected, "'{' must stand on the line of what it belongs to").WithHelp("move it to the end of the line above")
	case (t.Value == "+" || t.Value == "-") && t.Value == before.Value && (next.Type == tokTerm || next.Value == "}" || next.EOF()):
		p.errAt(t, diag.Unexpected, "there is no '%s%s'", t.Value, t.Value).WithHelp("write %s= 1", t.Value)
	case (t.Type == tokTerm || t.Value == "}") && before.Value == at(i-2).Value && (before.Value == "+" || before.Value == "-"):
		p.errAt(before, diag.Unexpected, "there is no '%s%s'", before.Value, before.Value).WithHelp("write %s= 1", before.Value)
	case t.Value == "+" && (!endsStatement(before) || before.Type == tokKeyword && before.Value == "return"):
		p.errAt(t, diag.Unexpected, "there is no unary '+'").WithHelp("leave it out")
	case stmtStart && (t.Value == "package" || t.Value == "kernel" || t.Value == "func" || t.Value == "layout") && p.openBefore(i) >= 0 && t.Type == tokKeyword:
		open := p.openBefore(i)
		d := p.errAt(t, diag.Unexpected, "'%s' cannot stand inside of a block", t.Value)
		if open >= 0 {
			d.Note(spanOf(p.tokens[open]), "this '%s' is not closed", p.tokens[open].Value)
		}
	case stmtStart && t.Type == tokIdent && foreign[t.Value] != "" || stmtStart && t.Type == tokKeyword && foreign[t.Value] != "":
		p.errAt(t, diag.Unexpected, "there is no '%s' here", t.Value).WithHelp("%s", foreign[t.Value])
	case before.Type == tokIdent && foreign[before.Value] != "" && t.Type == tokIdent:
		p.errAt(before, diag.Unexpected, "there is no '%s' here", before.Value).WithHelp("%s", foreign[before.Value])
	case p.conditionAssigns(i):
		p.errAt(t, diag.Unexpected, "'%s' cannot stand in a condition", t.Value).WithHelp("'==' compares")
	default:
		return false
	}
	return true
}

// foreign are words of other languages that people will try.
var foreign = map[string]string{
	"def": "a kernel starts with 'kernel', a function with 'func'", "fn": "a function starts with 'func'",
	"function": "a function starts with 'func'", "let": "write name := value", "var": "write name := value",
	"int": "write name := value", "float": "write name := value", "switch": "use if and else",
	"struct": "there are no structures; use several values",
}

func (p *parser) conditionAssigns(i int) bool {
	if v := p.tokens[i].Value; v != "=" && v != ":=" {
		return false
	}
	for k := i - 1; k >= 0 && p.tokens[k].Type != tokTerm && p.tokens[k].Value != "{"; k-- {
		if v := p.tokens[k]; v.Type == tokKeyword && v.Value == "if" {
			return true
		}
	}
	return false
}
