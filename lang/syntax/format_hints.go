package syntax

// decl collects hints below a declaration. Expressions have a depth, as in gofmt: 1 in a statement, more inside of
// indices and lists, where operators stand closer.
func (h *hints) decl(d Decl) {
	if d, ok := d.(*LayoutDecl); ok {
		h.layouts = append(h.layouts, d.X.Span())
	}
	h.below(d)
}

// below visits the children of a node that is no expression.
func (h *hints) below(n Node) {
	if s, ok := n.(*IfStmt); ok {
		h.expand[int(s.Then.Loc.Start)] = true
		if b, ok := s.Else.(*Block); ok {
			h.expand[int(b.Loc.Start)] = true
		}
	}
	for _, c := range children(n) {
		x, ok := c.(Expr)
		if !ok {
			h.below(c)
			continue
		}
		depth := 1
		switch n := n.(type) {
		case *Range, *Dim:
			depth = 2
		case *AssignStmt:
			depth = min(len(n.Rhs), 2)
		case *ConstDecl:
			depth = min(len(n.Values), 2)
		}
		h.expr(x, depth)
	}
}

func (h *hints) expr(x Expr, depth int) {
	switch x := x.(type) {
	case *BinaryExpr:
		h.binary(x, cutoff(x, depth), depth)
	case *UnaryExpr:
		h.unary[int(x.Loc.Start)] = true
		h.expr(x.X, depth)
	case *ParenExpr:
		h.grouping[int(x.Loc.Start)] = true
		h.expr(x.X, max(depth-1, 1))
	case *CallExpr:
		h.expr(x.Fun, depth)
		for _, a := range x.TypeArgs {
			h.expr(a, 2)
		}
		if len(x.Args) > 1 {
			depth++
		}
		for _, a := range x.Args {
			h.expr(a.X, depth)
		}
	case *IndexExpr:
		h.expr(x.X, depth)
		for _, i := range x.Indices {
			h.expr(i, depth+1)
		}
	case *TileExpr:
		h.expr(x.X, depth+1)
		h.expr(x.By, depth+1)
	case *ListLit:
		for _, e := range x.Elems {
			h.expr(e, depth+1)
		}
	case *SelectorExpr:
		h.expr(x.X, depth)
	case *BasisExpr:
		h.expr(x.X, depth)
		h.basis[int(x.OpLoc.Loc.Start)], h.basis[int(x.OpLoc.Loc.End)-1] = true, true
		for _, a := range x.Axes {
			for _, v := range a.Vectors {
				for _, e := range v.Index {
					h.expr(e, depth+1)
				}
			}
		}
	case *LayoutExpr:
		h.expr(x.X, depth)
		h.layouts = append(h.layouts, x.Layout.Span())
		h.expr(x.Layout, depth)
	}
}

// cutoff is the precedence from which operators of a chain stand without blanks.
func cutoff(x *BinaryExpr, depth int) int {
	var has4, has5, signed bool
	var look func(Expr)
	look = func(e Expr) {
		switch e := e.(type) {
		case *BinaryExpr:
			has4 = has4 || precedence[e.Op] == 4
			has5 = has5 || precedence[e.Op] == 5
			if _, ok := e.Y.(*UnaryExpr); ok {
				signed = true // `a - -b` must keep its blanks to be readable
			}
			look(e.X)
			look(e.Y)
		}
	}
	look(x)
	switch {
	case signed:
		return 6
	case depth > 1:
		return 4
	case has4 && has5:
		return 5
	}
	return 6
}

func (h *hints) binary(x *BinaryExpr, cut, depth int) {
	tight := precedence[x.Op] >= cut
	if tight {
		h.tight[int(x.OpLoc.Loc.Start)] = true
	}
	for _, e := range []Expr{x.X, x.Y} {
		switch e := e.(type) {
		case *BinaryExpr:
			h.binary(e, cut, depth)
		case *ParenExpr:
			h.grouping[int(e.Loc.Start)] = true
			if tight {
				h.expr(e.X, max(depth, 2))
			} else {
				h.expr(e.X, max(depth-1, 1))
			}
		default:
			h.expr(e, depth)
		}
	}
}
