package syntax

// Walk visits n and what is below it, in source order, as long as f returns true for a node. A nil node is not visited.
func Walk(n Node, f func(Node) bool) {
	if n == nil || !f(n) {
		return
	}
	for _, c := range children(n) {
		Walk(c, f)
	}
}

// children are the nodes directly below n, in source order.
func children(n Node) []Node {
	var c kids
	switch n := n.(type) {
	case *File:
		c.ident(n.Package)
		add(&c, n.Decls)
	case *KernelDecl:
		c.ident(n.Name)
		add(&c, n.TypeParams)
		add(&c, n.Params)
		add(&c, n.Results)
		c.block(n.Body)
	case *FuncDecl:
		c.ident(n.Name)
		add(&c, n.TypeParams)
		add(&c, n.Params)
		add(&c, n.Results)
		c.block(n.Body)
	case *LayoutDecl:
		c.ident(n.Name)
		c.expr(n.X)
	case *ConstDecl:
		add(&c, n.Names)
		add(&c, n.Values)
	case *InputDecl:
		c.ident(n.Kernel)
		c.block(n.Body)
	case *TestDecl:
		c.ident(n.Name)
		c.block(n.Body)
	case *TypeParam:
		add(&c, n.Names)
		c.ident(n.Kind)
		c.expr(n.Default)
	case *Param:
		add(&c, n.Names)
		if n.Type != nil {
			c = append(c, n.Type)
		}
	case *TensorType:
		c.ident(n.Elem)
		add(&c, n.Dims)
	case *Dim:
		c.expr(n.X)
		c.expr(n.Multiple)
		add(&c, n.Facts)
	case *Word:
		c.ident(n.Name)
		add(&c, n.Args)
	case Stmt:
		c.stmt(n)
	case Expr:
		c.expression(n)
	case *Range:
		add(&c, n.Names)
		c.expr(n.Lo)
		c.expr(n.Hi)
		c.expr(n.By)
	case *Arg:
		c.ident(n.Name)
		c.expr(n.X)
	case *BasisAxis:
		c.ident(n.Name)
		add(&c, n.Vectors)
	case *BasisVector:
		add(&c, n.Index)
	}
	return c
}

type kids []Node

func (c *kids) stmt(n Stmt) {
	switch n := n.(type) {
	case *Block:
		add(c, n.Stmts)
	case *TuneStmt:
		add(c, n.Ranges)
	case *GridStmt:
		add(c, n.Ranges)
		add(c, n.Words)
	case *ForStmt:
		add(c, n.Ranges)
		add(c, n.Words)
		c.block(n.Body)
	case *IfStmt:
		c.expr(n.Cond)
		c.block(n.Then)
		if n.Else != nil {
			*c = append(*c, n.Else)
		}
	case *AssignStmt:
		add(c, n.Lhs)
		add(c, n.Rhs)
	case *ExprStmt:
		c.expr(n.X)
	case *ReturnStmt:
		add(c, n.Results)
	case *ClaimStmt:
		c.expr(n.X)
		c.expr(n.Msg)
	}
}

func (c *kids) expression(n Expr) {
	switch n := n.(type) {
	case *ListLit:
		add(c, n.Elems)
	case *ParenExpr:
		c.expr(n.X)
	case *UnaryExpr:
		c.expr(n.X)
	case *BinaryExpr:
		c.expr(n.X)
		c.expr(n.Y)
	case *CallExpr:
		c.expr(n.Fun)
		add(c, n.TypeArgs)
		add(c, n.Args)
	case *IndexExpr:
		c.expr(n.X)
		add(c, n.Indices)
	case *TileExpr:
		c.expr(n.X)
		c.expr(n.By)
	case *SelectorExpr:
		c.expr(n.X)
		c.ident(n.Sel)
	case *LayoutExpr:
		c.expr(n.X)
		c.expr(n.Layout)
	case *BasisExpr:
		c.expr(n.X)
		add(c, n.Axes)
	case *OracleExpr:
		c.block(n.Body)
	}
}

// The helpers below keep typed nils out of the list.

func (c *kids) ident(n *Ident) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *kids) block(n *Block) {
	if n != nil {
		*c = append(*c, n)
	}
}

func (c *kids) expr(n Expr) {
	if n != nil {
		*c = append(*c, n)
	}
}

func add[T Node](c *kids, list []T) {
	for _, n := range list {
		*c = append(*c, n)
	}
}
