package lang

import (
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/layout"
)

// Evaluate makes a kernel of one block of statements and expressions over whole tensors, as tests and the REPL have them: see
// lower.Evaluate. The error is a diag.List.
func Evaluate(p *Package, src *diag.Source, names map[string]lower.Name, stmts []syntax.Stmt, xs []syntax.Expr) (*lower.Script, error) {
	var diags diag.List
	s := lower.Evaluate(p.program, src, names, stmts, xs, &diags)
	if diags.HasErrors() {
		return nil, diags.Sorted()
	}
	return s, nil
}

// EvaluateLayout is the value of a layout expression, which may name layouts of the package.
func EvaluateLayout(p *Package, src *diag.Source, names map[string]lower.Name, x syntax.Expr) (layout.Layout, error) {
	var diags diag.List
	l, _ := lower.EvaluateLayout(p.program, src, names, x, &diags)
	return l, diags.Err()
}

// Declares says as what the package declares a name: "kernel", "func", "layout" or "const"; "" if it does not.
func (p *Package) Declares(name string) string { return p.program.Declares(name) }

// CheckTest reports what a test declares and does not use. Everything else is found while it runs.
func (p *Package) CheckTest(t *syntax.TestDecl) error {
	var diags diag.List
	lower.Unused(p.Source(t), t.Body.Stmts, &diags)
	return diags.Err()
}

// Tests are the declarations `test Name { … }`, in source order.
func (p *Package) Tests() []*syntax.TestDecl {
	var out []*syntax.TestDecl
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if t, ok := d.(*syntax.TestDecl); ok {
				out = append(out, t)
			}
		}
	}
	return out
}
