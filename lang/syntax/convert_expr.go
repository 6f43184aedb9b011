package syntax

import (
	"github.com/girih-lang/girih/lang/diag"
)

// precedence of the binary operators, Go's.
var precedence = map[string]int{
	"||": 1,
	"&&": 2,
	"==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3,
	"+": 4, "-": 4, "|": 4, "^": 4,
	"*": 5, "/": 5, "%": 5, "<<": 5, ">>": 5, "&": 5,
}

func (c *converter) exprs(gs []*gExpr) []Expr {
	list := make([]Expr, len(gs))
	for i, g := range gs {
		list[i] = c.expr(g)
	}
	return list
}

func (c *converter) expr(g *gExpr) Expr {
	x := c.chain(g.X)
	if g.Layout == nil {
		return x
	}
	return &LayoutExpr{At: g.at(), X: x, Layout: c.layout(g.Layout)}
}

// layout converts what follows '@': layouts joined by '*', nothing else.
func (c *converter) layout(g *gChain) Expr {
	for _, t := range g.Tail {
		if t.Op.Value != "*" {
			c.errAt(t.Op, diag.BadLayoutForm, "'%s' does not join layouts; '*' does", t.Op.Value).
				WithHelp("'@' binds loosest: to go on with the tile write (x @ layout) %s …", t.Op.Value)
			break
		}
	}
	return c.chain(g)
}

// chain gives a flat run of operands its precedences: operators wait on a stack until one that binds no tighter comes.
// All operators associate to the left.
func (c *converter) chain(g *gChain) Expr {
	if len(g.Tail) > MaxChain {
		c.tooLong(g.Tail[MaxChain].X, MaxChain, "operators")
		g.Tail = g.Tail[:MaxChain]
	}
	if len(g.Tail) == 0 {
		return c.unary(g.Head)
	}
	operands := []Expr{c.unary(g.Head)}
	var waiting []*gBinary
	reduce := func(prec int) {
		for n := len(waiting); n > 0 && precedence[waiting[n-1].Op.Value] >= prec; n-- {
			op, k := waiting[n-1].Op, len(operands)
			x, y := operands[k-2], operands[k-1]
			c.noChain(op.Value, x)
			operands = append(operands[:k-2], &BinaryExpr{At{x.Span().To(y.Span())}, op.Value, At{spanOf(op)}, x, y})
			waiting = waiting[:n-1]
		}
	}
	for _, t := range g.Tail {
		reduce(precedence[t.Op.Value])
		waiting = append(waiting, t)
		operands = append(operands, c.unary(t.X))
	}
	reduce(0)
	return operands[0]
}

// noChain refuses `a < b < c`, which elsewhere means something else than in Go, and here would compare a bool.
func (c *converter) noChain(op string, x Expr) {
	left, ok := x.(*BinaryExpr)
	if ok && precedence[op] == precedence["=="] && precedence[left.Op] == precedence["=="] {
		c.err(x, diag.ChainedCompare, "comparisons do not chain").WithHelp("write a %s b && b %s c, or parenthesise", left.Op, op)
	}
}

func (c *converter) unary(g *gUnary) Expr {
	if len(g.Ops) > MaxNesting {
		c.tooLong(g, MaxNesting, "unary operators")
		g.Ops = g.Ops[:MaxNesting]
	}
	x := c.postfix(g.X)
	for i := len(g.Ops) - 1; i >= 0; i-- {
		op := g.Ops[i].Tok
		x = &UnaryExpr{At{spanOf(op).To(x.Span())}, op.Value, x}
	}
	return x
}

// postfix applies selectors, calls and indices. An index right before a call is its type arguments: no view can be
// called, so `zeros[f32](8)` is never an indexed value.
func (c *converter) postfix(g *gPostfix) Expr {
	if len(g.Suffixes) > MaxChain {
		c.tooLong(g.Suffixes[MaxChain], MaxChain, "calls and selectors")
		g.Suffixes = g.Suffixes[:MaxChain]
	}
	x := c.operand(g.X)
	for i := 0; i < len(g.Suffixes); i++ {
		s := g.Suffixes[i]
		at := At{x.Span().To(s.at().Loc)}
		switch {
		case s.Sel != nil:
			x = &SelectorExpr{at, x, s.Sel.ident()}
		case s.Basis != nil:
			x = c.basis(at, x, s)
		case s.Call != nil:
			x = &CallExpr{At: at, Fun: x, Args: c.args(s.Call.Args)}
		case i+1 < len(g.Suffixes) && g.Suffixes[i+1].Call != nil:
			i++
			call := g.Suffixes[i]
			x = &CallExpr{At{x.Span().To(call.at().Loc)}, x, c.typeArgs(s.Index), c.args(call.Call.Args)}
		default:
			x = &IndexExpr{at, x, c.indices(s.Index)}
		}
	}
	return x
}

// basis converts the braces behind `basis(…)`.
func (c *converter) basis(at At, x Expr, g *gSuffix) Expr {
	call, ok := x.(*CallExpr)
	if ok {
		id, named := call.Fun.(*Ident)
		ok = named && id.Name == "basis"
	}
	if !ok {
		c.err(g.at(), diag.BadLayoutForm, "axes in braces stand behind basis(…) only").WithHelp("write basis(2, 4){thread: [(0, 1)], local: [(1, 0), (0, 2)]}")
	}
	b := &BasisExpr{At: at, X: x, OpLoc: g.at()}
	for _, a := range g.Basis {
		axis := &BasisAxis{At: a.at(), Name: a.Name.ident()}
		for _, v := range a.Vectors {
			vec := &BasisVector{At: v.at(), Index: c.exprs(v.At)}
			if v.Radix != nil {
				vec.Radix = v.Radix.Value
			}
			axis.Vectors = append(axis.Vectors, vec)
		}
		b.Axes = append(b.Axes, axis)
	}
	return b
}

func (c *converter) typeArgs(gs []*gIndex) []Expr {
	list := c.indices(gs)
	for _, x := range list {
		switch x.(type) {
		case *AllExpr, *TileExpr:
			c.err(x, diag.Misplaced, "a range is no type argument").WithHelp("a view cannot be called")
		}
	}
	return list
}

func (c *converter) indices(gs []*gIndex) []Expr {
	list := make([]Expr, len(gs))
	for i, g := range gs {
		switch {
		case g.All:
			list[i] = &AllExpr{g.at()}
		case g.By != nil:
			list[i] = &TileExpr{g.at(), c.expr(g.X), c.expr(g.By)}
		default:
			list[i] = c.expr(g.X)
		}
	}
	return list
}

func (c *converter) args(gs []*gArg) []*Arg {
	var list []*Arg
	named := map[string]*Ident{}
	for _, g := range gs {
		a := &Arg{At: g.at(), X: c.expr(g.X)}
		switch {
		case g.Name == nil && len(named) > 0:
			c.err(a, diag.ArgumentOrder, "a positional argument follows a named one").WithHelp("name it, or put it first")
		case g.Name != nil:
			a.Name = g.Name.ident()
			if first := named[a.Name.Name]; first != nil {
				c.err(a.Name, diag.ArgumentOrder, "argument %s is given twice", a.Name.Name).Note(first.Loc, "first given here")
			}
			named[a.Name.Name] = a.Name
		}
		list = append(list, a)
	}
	return list
}

func (c *converter) operand(g *gOperand) Expr {
	switch {
	case g.Oracle != nil:
		b := g.Oracle.Body
		return &OracleExpr{g.Oracle.at(), &Block{At: b.at(), Stmts: c.stmts(b.Stmts, true)}}
	case g.Name != nil:
		return g.Name.ident()
	case g.Paren != nil:
		return &ParenExpr{g.at(), c.expr(g.Paren)}
	case g.List != nil:
		return &ListLit{g.at(), c.exprs(g.List)}
	}
	kind := BoolLit
	switch t := *g.Lit; {
	case t.Type == tokInt:
		kind = IntLit
	case t.Type == tokFloat, t.Value == "inf", t.Value == "nan":
		kind = FloatLit
	case t.Type == tokString:
		kind = StringLit
	}
	return &BasicLit{g.at(), kind, g.Lit.Value}
}

func (c *converter) tooLong(at interface{ at() At }, limit int, what string) {
	c.err(at.at(), diag.TooDeep, "more than %d %s in one chain", limit, what).WithHelp("give parts names with :=")
}
