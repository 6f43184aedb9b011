package syntax

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// Parse reads a file. The tree is never nil and holds every declaration that could be read; it is complete only if the
// list has no errors. After an error in one declaration the next ones are still read.
func Parse(src *diag.Source) (*File, diag.List) {
	p := newParser(src)
	f := &File{At: At{diag.Span{End: int32(len(src.Text))}}, Source: src, Comments: p.comments}
	if !p.fatal {
		p.dropLater()
		p.file(f)
	}
	return f, p.errs.Sorted()
}

// ParseStmts reads statements without a declaration around them, as typed into a REPL. An expression may stand for its
// value.
func ParseStmts(src *diag.Source) ([]Stmt, diag.List) {
	p := newParser(src)
	if p.fatal {
		return nil, p.errs.Sorted()
	}
	p.dropLater()
	g, err := scriptParser().ParseFromLexer(p.stream())
	if err != nil {
		p.explain(err)
		return nil, p.errs.Sorted()
	}
	return p.stmts(g.Stmts, true), p.errs.Sorted()
}

// ParseExpr reads one expression, such as the value of -D or a layout on the command line. It is nil after an error.
func ParseExpr(src *diag.Source) (Expr, diag.List) {
	p := newParser(src)
	if p.fatal {
		return nil, p.errs.Sorted()
	}
	p.tokens = slices.DeleteFunc(p.tokens, func(t lexer.Token) bool { return t.Type == tokTerm && t.Value == "\n" })
	g, err := exprParser().ParseFromLexer(p.stream())
	if err != nil {
		p.explain(err)
		return nil, p.errs.Sorted()
	}
	x := p.expr(g)
	return x, p.errs.Sorted()
}

// Incomplete says whether the text was right as far as it went and only ends too early, so that a REPL should ask for
// another line.
func Incomplete(errs diag.List) bool {
	return errs.HasErrors() && !slices.ContainsFunc(errs, func(d *diag.Diagnostic) bool { return d.Code != diag.Incomplete })
}

// IsName says whether the text is one name: an identifier that is no keyword.
func IsName(s string) bool {
	if s == "" || keywords[s] || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// maxErrors bounds what one file can report, so that a file of nothing but errors is still read in linear time.
const maxErrors = 50

type parser struct{ converter }

func newParser(src *diag.Source) *parser { return &parser{converter{scan(src)}} }

func (p *parser) stream() *lexer.PeekingLexer {
	s, _ := lexer.Upgrade(&replay{tokens: p.tokens}) // a replay does not fail
	return s
}

// file reads declaration after declaration. A declaration that the grammar cannot match is explained, and reading goes on
// where the next one seems to start.
func (p *parser) file(f *File) {
	in := p.stream()
	docs := p.docs()
	for {
		for in.Peek().Type == tokTerm {
			in.Next()
		}
		if in.Peek().EOF() {
			return
		}
		start := int(in.RawCursor())
		g, err := itemParser().ParseFromLexer(in, participle.AllowTrailing(true))
		if err == nil && !in.Peek().EOF() && in.Peek().Type != tokTerm {
			err = &participle.UnexpectedTokenError{Unexpected: *in.Peek(), Expect: "<term>"}
		}
		if err != nil {
			if len(p.errs) >= maxErrors {
				return
			}
			at := p.explain(err)
			p.skip(in, max(start, at)+1, start)
			continue
		}
		p.declare(f, g, docs)
	}
}

func (p *parser) declare(f *File, g *gItem, docs map[int]*Doc) {
	var doc *Doc
	if start := g.at().Loc.Start; p.startsLine(start) {
		doc = docs[p.src.LineOf(start)-1]
	}
	if g.Package == nil {
		f.Decls = append(f.Decls, p.item(g, doc))
		return
	}
	name := g.Package.Name.ident()
	switch {
	case f.Package != nil:
		p.err(g.at(), diag.Misplaced, "a second package clause").Note(f.Package.Loc, "the first one is here")
	case len(f.Decls) > 0:
		p.err(g.at(), diag.Misplaced, "the package clause must come before all declarations").
			Note(f.Decls[0].Span(), "the first declaration is here")
	default:
		f.Package, f.Doc = name, doc
	}
}

// skip moves to the next token, from index `from` on, that starts a declaration: its keyword at the beginning of a line.
func (p *parser) skip(in *lexer.PeekingLexer, from, start int) {
	i := max(from, start+1)
	for ; i < len(p.tokens)-1; i++ {
		t := p.tokens[i]
		if off := t.Pos.Offset; off > 0 && p.src.Text[off-1] != '\n' {
			continue
		}
		if startsDecl[t.Value] || t.Value == "const" || softDecl[t.Value] && p.tokens[i+1].Type == tokIdent {
			break
		}
	}
	for int(in.RawCursor()) < i && !in.Peek().EOF() {
		in.Next()
	}
}

var softDecl = words("test input")

// docs maps a line to the doc comment that ends on it: a run of comments on lines of their own.
func (p *parser) docs() map[int]*Doc {
	m := map[int]*Doc{}
	for _, c := range p.comments {
		if !p.startsLine(c.Loc.Start) {
			continue
		}
		line := p.src.LineOf(c.Loc.Start)
		d := m[line-1]
		if d == nil {
			d = &Doc{At: c.At}
		} else {
			delete(m, line-1)
		}
		d.List = append(d.List, c)
		d.Loc.End = c.Loc.End
		m[line] = d
	}
	return m
}

// startsLine says whether nothing that means anything stands before an offset on its line.
func (p *parser) startsLine(off int32) bool {
	before := strings.TrimRight(p.src.Text[:off], " \t\r;")
	return before == "" || before == "\ufeff" || before[len(before)-1] == '\n'
}
