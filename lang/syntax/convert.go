package syntax

import (
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/girih-lang/girih/lang/diag"
)

// converter makes the tree from the concrete nodes and checks what is form but no matter for a grammar.
type converter struct{ *scanned }

func (c *converter) item(g *gItem, doc *Doc) Decl {
	switch {
	case g.Kernel != nil:
		return c.kernel(g.Kernel, doc)
	case g.Func != nil:
		f := g.Func
		d := &FuncDecl{At: f.at(), Doc: doc, Name: f.Name.ident(), TypeParams: c.typeParams(f.Types), Params: c.params(f.Params, false)}
		for _, r := range f.Results {
			d.Results = append(d.Results, c.tensorType(r))
		}
		d.Body = c.block(f.Body)
		return d
	case g.Layout != nil:
		return &LayoutDecl{At: g.Layout.at(), Doc: doc, Name: g.Layout.Name.ident(), X: c.layout(g.Layout.X)}
	case g.Const != nil:
		d := c.constant(g.Const)
		d.Doc = doc
		return d
	case g.Input != nil:
		d := &InputDecl{At: g.Input.at(), Doc: doc, Kernel: g.Input.Name.ident(), Body: c.block(g.Input.Body)}
		d.Sets = c.inputs(d.Body)
		return d
	case g.Test != nil:
		return &TestDecl{At: g.Test.at(), Doc: doc, Name: g.Test.Name.ident(), Body: c.block(g.Test.Body)}
	}
	return nil
}

func (c *converter) kernel(g *gKernel, doc *Doc) *KernelDecl {
	d := &KernelDecl{At: g.at(), Doc: doc, Name: g.Name.ident(), TypeParams: c.typeParams(g.Types), Params: c.params(g.Params, true)}
	if g.Results != nil {
		d.Results = c.params(g.Results, true)
	}
	d.Body = c.block(g.Body)
	return d
}

func (c *converter) constant(g *gConst) *ConstDecl {
	d := &ConstDecl{At: g.at(), Names: idents(g.Names), Values: c.exprs(g.Values)}
	if len(d.Names) != len(d.Values) {
		c.err(d, diag.CountMismatch, "%s but %s", count(len(d.Names), "name"), count(len(d.Values), "value"))
	}
	return d
}

func (c *converter) inputs(b *Block) []*AssignStmt {
	var sets []*AssignStmt
	for _, s := range b.Stmts {
		a, ok := s.(*AssignStmt)
		if !ok || a.Op != "=" {
			c.err(s, diag.Misplaced, "an input block holds only assignments").WithHelp(`such as x = file("data.safetensors", "x") or M = 16`)
			continue
		}
		for _, l := range a.Lhs {
			if _, ok := l.(*Ident); !ok {
				c.err(l, diag.NotAssignable, "an input block assigns to the kernel's parameters and dimensions by name")
			}
		}
		sets = append(sets, a)
	}
	return sets
}

// typeParams groups names: in `A, B int` the first ones have no kind and take that of the next.
func (c *converter) typeParams(gs []*gTypeParam) []*TypeParam {
	var list []*TypeParam
	var open *TypeParam // names still without a kind
	for _, g := range gs {
		if open == nil {
			open = &TypeParam{At: g.at()}
			list = append(list, open)
		}
		open.Names = append(open.Names, g.Name.ident())
		open.Loc = open.Loc.To(g.at().Loc)
		if g.Kind == nil {
			continue
		}
		k := g.Kind.Tok
		open.Kind = &Ident{At{spanOf(k)}, k.Value}
		switch k.Value {
		case "mask", "format":
			c.notYet(k, "a kind of type parameter")
		}
		if g.Default != nil {
			open.Default = c.expr(g.Default)
			if len(open.Names) > 1 {
				c.err(open, diag.BadTypeParam, "%d type parameters share one default", len(open.Names)).
					WithHelp("give each its own: [A int = 1, B int = 1]")
			}
		}
		open = nil
	}
	if open != nil {
		c.err(open, diag.BadTypeParam, "type parameter %s has no kind", open.Names[0].Name).
			WithHelp("write [%s type] for an element type, [%s int] for a number", open.Names[0].Name, open.Names[0].Name)
	}
	return list
}

// params groups names as typeParams does. Where no type follows at all, each name is a parameter of its own.
func (c *converter) params(g *gParams, typed bool) []*Param {
	var list []*Param
	var open *Param
	for _, p := range g.List {
		if open == nil {
			open = &Param{At: p.at()}
			list = append(list, open)
		}
		open.Names = append(open.Names, p.Name.ident())
		open.Loc = open.Loc.To(p.at().Loc)
		if p.Type != nil {
			open.Type = c.tensorType(p.Type)
			open = nil
		}
	}
	if open == nil {
		return list
	}
	if typed || len(list) > 1 {
		last := open.Names[len(open.Names)-1]
		c.err(last, diag.MissingType, "parameter %s has no type", last.Name).
			WithHelp("write a tensor type, %s f16[M, N], or a scalar one, %s f32", last.Name, last.Name)
	}
	return list
}

func (c *converter) tensorType(g *gType) *TensorType {
	t := &TensorType{At: g.at(), Packed: g.Packed, Elem: g.Elem.ident()}
	for _, d := range g.Dims {
		t.Dims = append(t.Dims, c.dim(d))
	}
	return t
}

func (c *converter) dim(g *gDim) *Dim {
	d := &Dim{At: g.at(), X: c.expr(g.X)}
	for _, w := range g.Facts {
		word := c.word(w)
		if word.Name.Name == "static" && w.Args == nil && !hasParens(w) {
			d.Static = true
			continue
		}
		d.Facts = append(d.Facts, word)
	}
	eq, ok := d.X.(*BinaryExpr)
	if !ok {
		return d
	}
	if eq.Op == "==" {
		mod, isMod := eq.X.(*BinaryExpr)
		zero, isZero := eq.Y.(*BasicLit)
		if isMod && isZero && mod.Op == "%" && zero.Text == "0" {
			d.X, d.Multiple = mod.X, mod.Y
			return d
		}
	}
	if precedence[eq.Op] <= precedence["=="] {
		c.err(d, diag.BadDimension, "a dimension is an integer expression such as N or K/G").
			WithHelp("the facts that can follow are `N static` and `N % 64 == 0`")
	}
	return d
}

func hasParens(w *gWord) bool { return len(w.Tokens) > 1 }

func (c *converter) word(g *gWord) *Word {
	return &Word{At: g.at(), Name: g.Name.ident(), Args: c.args(g.Args)}
}

func (c *converter) words(gs []*gWord) []*Word {
	var list []*Word
	for _, g := range gs {
		w := c.word(g)
		if w.Name.Name == "where" {
			c.notYet(g.Name.Tok, "masked loops")
		}
		list = append(list, w)
	}
	return list
}

func idents(gs []*gName) []*Ident {
	list := make([]*Ident, len(gs))
	for i, g := range gs {
		list[i] = g.ident()
	}
	return list
}

func (c *converter) err(n Node, code, format string, args ...any) *diag.Diagnostic {
	return c.errs.Errorf(c.src, n.Span(), code, format, args...)
}

func (c *converter) errAt(t lexer.Token, code, format string, args ...any) *diag.Diagnostic {
	return c.errs.Errorf(c.src, spanOf(t), code, format, args...)
}
