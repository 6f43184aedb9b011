package testrun

import (
	"context"
	"fmt"
	"strings"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// An Example is a block of girih in a doc comment: declarations, which are checked, or statements, which are run as a test is.
type Example struct {
	Name string // "example 1 of Softmax"
	Line int
	Text string
	src  *diag.Source // of the file
}

// Examples are those of a package, in source order.
func Examples(p *lang.Package) []Example {
	var out []Example
	for _, f := range p.Files {
		docs := map[string]*syntax.Doc{}
		var names []string
		add := func(name string, d *syntax.Doc) {
			if d != nil {
				docs[name] = d
				names = append(names, name)
			}
		}
		add("the package", f.Doc)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *syntax.KernelDecl:
				add(d.Name.Name, d.Doc)
			case *syntax.FuncDecl:
				add(d.Name.Name, d.Doc)
			case *syntax.LayoutDecl:
				add(d.Name.Name, d.Doc)
			case *syntax.ConstDecl:
				add(d.Names[0].Name, d.Doc)
			}
		}
		for _, name := range names {
			for i, e := range fenced(docs[name].Text()) {
				e.Name = fmt.Sprintf("example %d of %s", i+1, name)
				e.Line += f.Source.LineOf(docs[name].Span().Start)
				e.src = f.Source
				out = append(out, e)
			}
		}
	}
	return out
}

// fenced are the blocks of prose that are marked as girih; lines count from 0.
func fenced(text string) []Example {
	var out []Example
	var cur *Example
	for i, line := range strings.Split(text, "\n") {
		switch {
		case cur == nil && strings.TrimSpace(line) == "```girih":
			cur = &Example{Line: i + 1}
		case cur != nil && strings.TrimSpace(line) == "```":
			out = append(out, *cur)
			cur = nil
		case cur != nil:
			cur.Text += line + "\n"
		}
	}
	return out
}

// source is the text of the example. Lines above it keep its places those of the file.
func (e Example) source() *diag.Source {
	return diag.NewSource(e.src.Path, strings.Repeat("\n", e.Line-1)+e.Text)
}

// declares says that the example is declarations.
func (e Example) declares() bool {
	f, errs := syntax.Parse(e.source())
	return !errs.HasErrors() && len(f.Decls) > 0
}

func (e Example) run(ctx context.Context, p *lang.Package, d *script.Device, o Options) Result {
	src := e.source()
	r := newRunner(ctx, p, src, d, o)
	if e.declares() {
		res := r.test(e.Name, e.Line, nil)
		names, texts := []string{}, map[string]string{}
		for _, s := range append(p.Sources, src) {
			name := s.Path
			if s == src {
				name += " (" + e.Name + ")"
			}
			names, texts[name] = append(names, name), s.Text
		}
		q, err := lang.LoadTexts(p.Path, names, texts)
		if err == nil {
			err = lang.Check(q)
		}
		if err != nil {
			res.Pass, res.Failure = false, r.failure(err)
		}
		return res
	}
	stmts, errs := syntax.ParseStmts(src)
	if err := errs.Err(); err != nil {
		res := r.test(e.Name, e.Line, nil)
		res.Pass, res.Failure = false, r.failure(err)
		return res
	}
	return r.test(e.Name, e.Line, stmts)
}
