package syntax

import (
	"fmt"

	"github.com/girih-lang/girih/lang/diag"
)

func (c *converter) block(g *gBlock) *Block {
	return &Block{At: g.at(), Stmts: c.stmts(g.Stmts, false)}
}

// stmts converts statements; loose allows an expression for its value, as a REPL does.
func (c *converter) stmts(gs []*gStmt, loose bool) []Stmt {
	list := make([]Stmt, 0, len(gs))
	for _, g := range gs {
		if s := c.stmt(g, loose); s != nil {
			list = append(list, s)
		}
	}
	return list
}

func (c *converter) stmt(g *gStmt, loose bool) Stmt {
	at := g.at()
	switch {
	case g.Const != nil:
		return c.constant(g.Const)
	case g.Tune != nil:
		return &TuneStmt{At: at, Ranges: c.ranges(g.Tune.Ranges, 1, "a tune declaration")}
	case g.Grid != nil:
		return &GridStmt{At: at, Ranges: c.ranges(g.Grid.Ranges, 1, "a grid"), Words: c.words(g.Grid.Words)}
	case g.For != nil:
		return &ForStmt{At: at, Ranges: c.ranges(g.For.Ranges, 2, "a loop"), Words: c.words(g.For.Words), Body: c.block(g.For.Body)}
	case g.If != nil:
		return c.ifStmt(g.If)
	case g.Return != nil:
		return &ReturnStmt{At: at, Results: c.exprs(g.Return.Results)}
	case g.Claim != nil:
		s := &ClaimStmt{At: at, Verb: g.Claim.Verb.Value, X: c.expr(g.Claim.X)}
		if g.Claim.Msg != nil {
			s.Msg = c.expr(g.Claim.Msg)
		}
		return s
	case g.Simple != nil:
		return c.simple(g.Simple, loose)
	}
	return nil
}

func (c *converter) ranges(gs []*gRange, most int, what string) []*Range {
	list := make([]*Range, len(gs))
	for i, g := range gs {
		r := &Range{At: g.at(), Names: idents(g.Names), Hi: c.expr(g.First)}
		if len(r.Names) > most {
			d := c.err(r.Names[most], diag.BadRangeNames, "%s has %s", what, map[int]string{
				1: "one name for each range", 2: "at most two names for a range: the tile and its number"}[most])
			if most == 1 {
				d.WithHelp("separate ranges with commas: m in M by 16, n in N by 64")
			}
		}
		if g.Last != nil {
			r.Lo, r.Hi = r.Hi, c.expr(g.Last)
		}
		if g.By != nil {
			r.By = c.expr(g.By)
		}
		list[i] = r
	}
	return list
}

// ifStmt nests a chain of else-ifs; its length is limited like any other chain.
func (c *converter) ifStmt(g *gIf) Stmt {
	if len(g.ElseIfs) > MaxChain {
		c.tooLong(g.ElseIfs[MaxChain], MaxChain, "else-ifs")
		g.ElseIfs = g.ElseIfs[:MaxChain]
	}
	head := &IfStmt{At: g.at(), Cond: c.expr(g.Cond), Then: c.block(g.Then)}
	last := head
	for _, e := range g.ElseIfs {
		next := &IfStmt{At: At{diag.Span{Start: spanOf(e.Tokens[1]).Start, End: head.Loc.End}}, Cond: c.expr(e.Cond), Then: c.block(e.Then)}
		last.Else, last = next, next
	}
	if g.Else != nil {
		last.Else = c.block(g.Else)
	}
	return head
}

func (c *converter) simple(g *gSimple, loose bool) Stmt {
	lhs := c.exprs(g.Lhs)
	if g.Op == nil {
		s := &ExprStmt{At: g.at(), X: lhs[0]}
		_, call := lhs[0].(*CallExpr)
		switch {
		case len(lhs) > 1:
			c.err(s, diag.NoEffect, "a list of expressions is no statement").WithHelp("assign it: a, b := x, y")
		case !call && !loose:
			d := c.err(s, diag.NoEffect, "the value of this expression is not used")
			if b, ok := lhs[0].(*BinaryExpr); ok && b.Op == "==" {
				d.WithHelp("'==' compares; '=' assigns")
			}
		}
		return s
	}
	s := &AssignStmt{At: g.at(), Lhs: lhs, Op: g.Op.Value, OpLoc: At{spanOf(*g.Op)}, Rhs: c.exprs(g.Rhs)}
	for _, l := range lhs {
		c.assignable(l, s.Op)
	}
	switch n, m := len(s.Lhs), len(s.Rhs); {
	case s.Op != ":=" && s.Op != "=" && (n != 1 || m != 1):
		c.err(s, diag.CountMismatch, "'%s' takes one expression on each side", s.Op)
	case m != n && m != 1:
		c.err(s, diag.CountMismatch, "%s on the left of '%s', %s on the right", count(n, "expression"), s.Op, count(m, "expression"))
	}
	return s
}

func (c *converter) assignable(l Expr, op string) {
	switch l.(type) {
	case *Ident:
		return
	case *IndexExpr:
		if op != ":=" {
			return
		}
		c.err(l, diag.NotAssignable, "':=' declares a name; this is a view").WithHelp("store to a view with =")
		return
	}
	if op == ":=" {
		c.err(l, diag.NotAssignable, "only a name can stand on the left of ':='")
		return
	}
	c.err(l, diag.NotAssignable, "cannot assign to this expression").
		WithHelp("only a name or a view such as y[m, n] can stand on the left of '%s'", op)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
