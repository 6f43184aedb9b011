package syntax

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// Words that the grammar leaves room for. They are met where a statement or declaration starts, so they stay ordinary
// names everywhere else. With the word the rest of its statement is skipped, so that one of them is one error.
var (
	laterTop = map[string]string{
		"mask":   "masks that are programs",
		"fuse":   "fusion of kernels",
		"type":   "type declarations",
		"import": "imports",
	}
	laterStmt = map[string]string{
		"shared":  "explicit shared memory",
		"barrier": "explicit barriers",
		"group":   "groups of warps",
		"copy":    "explicit copies",
		"wait":    "explicit waits",
		"signal":  "explicit signals",
		"while":   "while loops",
		"sync":    "explicit synchronisation",
		"commit":  "explicit commits",
	}
	loneStmt = words("sync commit") // statements of the word alone
)

// notYet reports a word of a later version.
func (s *scanned) notYet(t lexer.Token, what string) {
	s.errorf(t, diag.NotYet, "'%s' is not in this version of the language (%s)", t.Value, what)
}

// dropLater reports the words above and takes their statements out of the tokens.
func (s *scanned) dropLater() {
	var (
		out  = s.tokens[:0:0]
		open []string
		in   = s.tokens
		said = map[string]bool{}
	)
	for i := 0; i < len(in); i++ {
		t := in[i]
		if table := laterTable(open); startsStatement(in, i) && table[t.Value] != "" && laterForm(in[i], in[i+1:]) {
			if !said[t.Value] {
				said[t.Value] = true
				s.notYet(t, table[t.Value])
			}
			i = skipStatement(in, i) - 1
			continue
		}
		if t.Type == tokPunct {
			switch t.Value {
			case "(", "[", "{":
				open = append(open, t.Value)
			case ")", "]", "}":
				if len(open) > 0 {
					open = open[:len(open)-1]
				}
			}
		}
		if t.Type == tokKeyword && startsDecl[t.Value] {
			open = open[:0]
		}
		out = append(out, t)
	}
	s.tokens = out
}

func laterTable(open []string) map[string]string {
	switch {
	case len(open) == 0:
		return laterTop
	case open[len(open)-1] == "{":
		return laterStmt
	}
	return nil
}

func startsStatement(in []lexer.Token, i int) bool {
	return i == 0 || in[i-1].Type == tokTerm || in[i-1].Type == tokPunct && in[i-1].Value == "{"
}

// laterForm tells `shared sa f16[…]` from a variable named shared: only in the former a name follows.
func laterForm(t lexer.Token, rest []lexer.Token) bool {
	if t.EOF() || len(rest) == 0 {
		return false
	}
	next := rest[0]
	switch {
	case t.Value == "import":
		return true
	case loneStmt[t.Value]:
		return next.Type == tokTerm || next.Value == "}"
	}
	return next.Type == tokIdent
}

// skipStatement is the index of the Term, closing bracket or EOF that ends the statement at i.
func skipStatement(in []lexer.Token, i int) int {
	depth := 0
	for ; i < len(in); i++ {
		switch t := in[i]; {
		case t.EOF(), depth == 0 && t.Type == tokTerm, depth > 0 && t.Type == tokKeyword && startsDecl[t.Value]:
			return i
		case t.Type != tokPunct:
		case closer[t.Value] != "":
			depth++
		case opener[t.Value] != "":
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return i
}
