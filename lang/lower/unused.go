package lower

import (
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// Unused reports the variables, ranges and tune values of a body that nothing reads. It looks at the text, not at one
// specialisation of it: what stands in the branch of an `if` that is not taken is read too. An assignment is no read, and the left
// side of `x += e` is none either: a sum that nobody takes is as lost as any value. Parameters and constants need no
// reader, as in Go.
func Unused(src *diag.Source, body []syntax.Stmt, diags *diag.List) {
	u := &usage{}
	u.block(body)
	for _, n := range u.names {
		if n.read {
			continue
		}
		d := diags.Errorf(src, n.id.Span(), diag.Unused, "%s %s is declared and not used", n.what, n.id.Name)
		switch {
		case n.set != nil:
			d.Note(n.set.Span(), "it is assigned here, but nothing reads it").WithHelp("use it, or remove it")
		case n.what == "the tune value":
			d.WithHelp("use it, or remove it: each value is tried")
		default:
			d.WithHelp("use it, or write _ in its place")
		}
	}
}

// usage follows names through the scopes of a body.
type usage struct {
	scopes []map[string]*usedName
	names  []*usedName // in order of declaration
}

type usedName struct {
	id   *syntax.Ident
	what string
	read bool
	set  *syntax.Ident // the last assignment
}

func (u *usage) block(list []syntax.Stmt) {
	u.scopes = append(u.scopes, map[string]*usedName{})
	for _, s := range list {
		u.stmt(s)
	}
	u.scopes = u.scopes[:len(u.scopes)-1]
}

// declare adds a name to the innermost scope. A name that is declared twice is somebody else's mistake to report.
func (u *usage) declare(id *syntax.Ident, what string) {
	if id.Name == "_" {
		return
	}
	n := &usedName{id: id, what: what}
	u.scopes[len(u.scopes)-1][id.Name] = n
	if what != "" {
		u.names = append(u.names, n)
	}
}

func (u *usage) find(name string) *usedName {
	for i := len(u.scopes) - 1; i >= 0; i-- {
		if n := u.scopes[i][name]; n != nil {
			return n
		}
	}
	return nil
}

func (u *usage) stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.TuneStmt:
		u.ranges(s.Ranges, "the tune value")
	case *syntax.GridStmt:
		u.ranges(s.Ranges, "the range")
		u.words(s.Words)
	case *syntax.ForStmt:
		u.scopes = append(u.scopes, map[string]*usedName{})
		u.ranges(s.Ranges, "the range")
		u.words(s.Words)
		u.block(s.Body.Stmts)
		u.scopes = u.scopes[:len(u.scopes)-1]
	case *syntax.AssignStmt:
		for _, x := range s.Rhs {
			u.read(x)
		}
		for _, x := range s.Lhs {
			u.assign(s, x)
		}
	case *syntax.ConstDecl:
		for _, x := range s.Values {
			u.read(x)
		}
		for _, n := range s.Names {
			u.declare(n, "")
		}
	case *syntax.Block:
		u.block(s.Stmts)
	case *syntax.IfStmt:
		u.read(s.Cond)
		u.block(s.Then.Stmts)
		if s.Else != nil {
			u.stmt(s.Else)
		}
	default:
		u.read(s)
	}
}

func (u *usage) assign(s *syntax.AssignStmt, x syntax.Expr) {
	id, ok := x.(*syntax.Ident)
	switch {
	case !ok:
		u.read(x) // the indices of a view
	case s.Op == ":=" && (len(s.Lhs) == 1 || u.scopes[len(u.scopes)-1][id.Name] == nil):
		u.declare(id, "the variable")
	default:
		if n := u.find(id.Name); n != nil {
			n.set = id
		}
	}
}

// ranges declares the names of clauses; each clause sees the names before it.
func (u *usage) ranges(list []*syntax.Range, what string) {
	for _, r := range list {
		for _, x := range []syntax.Expr{r.Lo, r.Hi, r.By} {
			if x != nil {
				u.read(x)
			}
		}
		for i, n := range r.Names {
			if i == 1 {
				what = "the counter"
			}
			u.declare(n, what)
		}
	}
}

func (u *usage) words(list []*syntax.Word) {
	for _, w := range list {
		for _, a := range w.Args {
			u.read(a)
		}
	}
}

// read marks what a node names.
func (u *usage) read(n syntax.Node) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Ident:
			if name := u.find(n.Name); name != nil {
				name.read = true
			}
		case *syntax.Arg: // its name is the function's
			u.read(n.X)
			return false
		case *syntax.SelectorExpr:
			u.read(n.X)
			return false
		case *syntax.OracleExpr:
			u.block(n.Body.Stmts)
			return false
		}
		return true
	})
}
