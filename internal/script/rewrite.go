package script

import "github.com/girih-lang/girih/lang/syntax"

// rewrite gives a copy of an expression in which f has replaced some parts; f is asked outermost first, and what it replaces
// is not looked into. Spans stay, so that messages point at the text as it was written.
func rewrite(x syntax.Expr, f func(syntax.Expr) (syntax.Expr, bool)) syntax.Expr {
	if x == nil {
		return nil
	}
	if y, ok := f(x); ok {
		return y
	}
	one := func(e syntax.Expr) syntax.Expr { return rewrite(e, f) }
	all := func(list []syntax.Expr) []syntax.Expr {
		out := make([]syntax.Expr, len(list))
		for i, e := range list {
			out[i] = one(e)
		}
		return out
	}
	switch x := x.(type) {
	case *syntax.ListLit:
		return &syntax.ListLit{At: x.At, Elems: all(x.Elems)}
	case *syntax.ParenExpr:
		return &syntax.ParenExpr{At: x.At, X: one(x.X)}
	case *syntax.UnaryExpr:
		return &syntax.UnaryExpr{At: x.At, Op: x.Op, X: one(x.X)}
	case *syntax.BinaryExpr:
		return &syntax.BinaryExpr{At: x.At, Op: x.Op, OpLoc: x.OpLoc, X: one(x.X), Y: one(x.Y)}
	case *syntax.CallExpr:
		c := &syntax.CallExpr{At: x.At, Fun: x.Fun, TypeArgs: all(x.TypeArgs)}
		for _, a := range x.Args {
			c.Args = append(c.Args, &syntax.Arg{At: a.At, Name: a.Name, X: one(a.X)})
		}
		return c
	case *syntax.IndexExpr:
		return &syntax.IndexExpr{At: x.At, X: one(x.X), Indices: all(x.Indices)}
	case *syntax.TileExpr:
		return &syntax.TileExpr{At: x.At, X: one(x.X), By: one(x.By)}
	case *syntax.SelectorExpr:
		return &syntax.SelectorExpr{At: x.At, X: one(x.X), Sel: x.Sel}
	case *syntax.LayoutExpr:
		return &syntax.LayoutExpr{At: x.At, X: one(x.X), Layout: x.Layout}
	}
	return x
}
