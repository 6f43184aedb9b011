package lower

import (
	"sort"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// expr lowers an expression.
func (l *lowerer) expr(x syntax.Expr) operand {
	if !l.spend(x.Span()) {
		return nothing
	}
	span := l.b.Span
	l.mark(x.Span())
	op := l.expression(x)
	l.b.Span = span
	op.at = x.Span()
	return op
}

func (l *lowerer) expression(x syntax.Expr) operand {
	switch x := x.(type) {
	case *syntax.ParenExpr:
		return l.expr(x.X)
	case *syntax.Ident:
		return l.name(x)
	case *syntax.BasicLit:
		return literal(x)
	case *syntax.UnaryExpr:
		return l.unary(x)
	case *syntax.BinaryExpr:
		a, b := l.expr(x.X), l.expr(x.Y)
		if !a.ok() || !b.ok() {
			return nothing
		}
		return l.binary(x.Op, x.Span(), x.OpLoc.Span(), a, b)
	case *syntax.CallExpr:
		return l.call(x)
	case *syntax.IndexExpr:
		return l.load(x)
	case *syntax.SelectorExpr:
		return l.selector(x)
	case *syntax.LayoutExpr:
		return l.annotate(x)
	case *syntax.BasisExpr:
		l.errorf(x.Span(), diag.Misplaced, "this is a layout and stands only behind @, or in a declaration `layout Name = …`")
	case *syntax.ListLit:
		l.errorf(x.Span(), diag.Misplaced, "a list stands in tune and, in tests, in ranges and in conversions such as i32([1, 2])")
	case *syntax.AllExpr, *syntax.TileExpr:
		l.errorf(x.Span(), diag.Misplaced, "this is an index and stands only in a view")
	}
	return nothing
}

func literal(x *syntax.BasicLit) operand {
	switch x.Kind {
	case syntax.BoolLit:
		return konst(boolNumber(x.Bool()), dtype.Invalid)
	case syntax.StringLit:
		return konst(stringNumber(x.Str()), dtype.Invalid)
	case syntax.IntLit:
		return konst(uintNumber(x.Int()), dtype.Invalid)
	}
	if x.Text == "inf" || x.Text == "nan" {
		return konst(floatNumber(x.Float()), dtype.Invalid)
	}
	return konst(decimal(x.Text), dtype.Invalid)
}

// name resolves an identifier: local scopes, the package, element types, builtin functions.
func (l *lowerer) name(id *syntax.Ident) operand {
	if o := l.scope.find(id.Name); o != nil {
		return l.use(o, id.Span())
	}
	if e := l.prog.decls[id.Name]; e != nil {
		return l.global(id, e)
	}
	if t, err := dtype.Parse(id.Name); err == nil {
		return operand{kind: typeK, elem: t}
	}
	if _, ok := builtins[id.Name]; ok {
		return operand{kind: builtinK, builtin: id.Name}
	}
	l.undefined(id)
	return nothing
}

func (l *lowerer) use(o *object, at diag.Span) operand {
	op := o.op
	if op.kind == tensorK && op.param.whole != nil {
		op = l.wholeTile(op.param)
	}
	op.at = at
	return op
}

func (l *lowerer) undefined(id *syntax.Ident) *diag.Diagnostic {
	d := l.errorf(id.Span(), diag.Undefined, "undefined: %s", id.Name)
	if near := l.nearest(id.Name); near != "" {
		d.WithHelp("did you mean %s?", near)
	}
	return d
}

// nearest is the visible name that differs least from a misspelt one.
func (l *lowerer) nearest(name string) string {
	var names []string
	for s := l.scope; s != nil; s = s.outer {
		for n := range s.names {
			names = append(names, n)
		}
	}
	for n := range l.prog.decls {
		names = append(names, n)
	}
	for n := range builtins {
		names = append(names, n)
	}
	sort.Strings(names)
	return closest(name, names)
}

// closest is the name that differs least from a misspelt one, if one is near; the first of equals.
func closest(name string, names []string) string {
	best, dist := "", 1+len(name)/4
	for _, n := range names {
		if d := distance(name, n); d > 0 && d <= dist && len(n) > 1 {
			if best == "" || d < distance(name, best) {
				best = n
			}
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			prev, row[j] = row[j], min(prev+cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// global is a name of the package.
func (l *lowerer) global(id *syntax.Ident, e *entry) operand {
	switch d := e.decl.(type) {
	case *syntax.FuncDecl:
		return operand{kind: funcK, fn: d, src: e.src}
	case *syntax.LayoutDecl:
		return operand{kind: layoutK}
	case *syntax.KernelDecl:
		l.errorf(id.Span(), diag.NotYet, "calling kernel %s from here is not in this version", id.Name).
			NoteIn(e.src, e.at, "declared here").WithHelp("share the text through a func")
		return nothing
	case *syntax.ConstDecl:
		if e.done {
			return e.op
		}
		if e.busy {
			l.errorf(id.Span(), diag.Recursive, "the constant %s needs itself", id.Name).NoteIn(e.src, e.at, "declared here")
			return nothing
		}
		e.busy = true
		src, sc := l.src, l.scope
		l.src, l.scope = e.src, newScope(nil)
		op := l.constOnly(d.Values[e.index])
		l.src, l.scope = src, sc
		e.busy = false
		if op.ok() {
			e.op, e.done = op, true
		}
		return op
	}
	return nothing
}

// selector lowers `x.T`, `Q.max`.
func (l *lowerer) selector(x *syntax.SelectorExpr) operand {
	op := l.expr(x.X)
	name := x.Sel.Name
	switch op.kind {
	case bad:
		return nothing
	case typeK:
		if n := typeFact(op.elem, name); n != nil {
			return konst(n, dtype.Invalid)
		}
		l.errorf(x.Sel.Span(), diag.Undefined, "a type has no %s", name).WithHelp("it has max, min and bits")
		return nothing
	case tileK, rangeK:
		if name == "T" {
			return l.transposed(op)
		}
		l.errorf(x.Sel.Span(), diag.Undefined, "a tile has no %s", name).WithHelp("it has T, its transpose")
		return nothing
	case tensorK:
		if name == "T" {
			l.errorf(x.Span(), diag.BadOperand, "transpose a view, such as %s[…].T, not the whole tensor", op.param.name)
			return nothing
		}
	}
	l.errorf(x.Sel.Span(), diag.Undefined, "%s has no %s", op.describe(), name)
	return nothing
}

func typeFact(t dtype.Type, name string) *number {
	switch {
	case name == "bits":
		return intNumber(int64(t.Bits()))
	case t.IsBool():
		return nil
	case name == "max" && t.IsFloat():
		return floatNumber(t.MaxFloat())
	case name == "min" && t.IsFloat():
		return floatNumber(t.MinFloat())
	case name == "max" && !t.IsSigned():
		return uintNumber(uint64(t.MaxInt()))
	case name == "max":
		return intNumber(t.MaxInt())
	case name == "min":
		return intNumber(t.MinInt())
	}
	return nil
}

func (l *lowerer) transposed(op operand) operand {
	op = l.value(op)
	if len(op.shape()) != 2 {
		l.errorf(op.at, diag.BadRank, "T swaps the axes of a tile with 2 axes, found %s", op.describe()).
			WithHelp("transpose(x, …) permutes any number of axes")
		return nothing
	}
	s := op.shape()
	v := l.b.Op(ir.OpTranspose, []*ir.Value{op.val}, op.val.Type.WithShape(s[1], s[0])).Set("perm", []int{1, 0}).Result()
	return tile(v, []axis{op.axes[1], op.axes[0]})
}
