package lower

import (
	"fmt"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/layout"
)

// annotate lowers `x @ layout`: the layout is a wish that passes must honour, so it must have the tile's shape.
func (l *lowerer) annotate(x *syntax.LayoutExpr) operand {
	op := l.value(l.expr(x.X))
	lay, ok := l.layout(x.Layout)
	if !op.ok() || !ok {
		return nothing
	}
	if !slices.Equal(lay.Shape(), op.shape()) {
		l.errorf(x.Layout.Span(), diag.LayoutShape, "the layout has shape %v, the tile %v%s", lay.Shape(), op.shape(), firstOther(lay.Shape(), op.shape())).
			Note(op.at, "this is %s", op.describe()).WithDetail(drawing(lay))
		return nothing
	}
	if !lay.IsRegister() {
		l.errorf(x.Layout.Span(), diag.LayoutShape, "the layout has the axes %s; a tile lies in registers, whose axes are thread and local", strings.Join(lay.Axes(), ", "))
		return nothing
	}
	if n := lay.AxisSize("thread") * lay.AxisSize("local"); !lay.Surjective() {
		l.errorf(x.Layout.Span(), diag.LayoutShape, "the layout does not cover the tile: its %d places hold %d of %d elements", n, n/lay.Copies(), lay.Size()).
			Note(op.at, "this is %s", op.describe()).WithDetail(drawing(lay)).
			WithHelp("every element needs a thread: the vectors of thread and local must reach all digits of the shape")
		return nothing
	}
	// A pin belongs to one value: reshaping to the same shape would be folded, so the tile's own value takes it.
	op.val.Layout, op.val.Pin = &lay, ir.Span(x.Layout.Span())
	return op
}

// firstOther names the first axis in which two shapes differ.
func firstOther(a, b []int) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("; axis %d differs first", i)
		}
	}
	return ""
}

// drawing shows a layout below a message; "·" are elements that nobody holds.
func drawing(l layout.Layout) string {
	if l.Size() > 1<<14 || l.AxisSize("thread")*l.AxisSize("local") > 1<<16 {
		return ""
	}
	return l.String() + ", thread:local of each element\n" + l.Draw(8, 8)
}

// layout evaluates a layout expression. Numbers in it may be constants of the kernel, names other layouts.
func (l *lowerer) layout(x syntax.Expr) (layout.Layout, bool) {
	env := map[string]layout.Layout{}
	text, ok := l.layoutText(x, env)
	if !ok {
		return layout.Layout{}, false
	}
	lay, err := layout.ParseEnv(text, env)
	if err != nil {
		l.errorf(x.Span(), diag.BadLayout, "%s", firstLine(err.Error()))
		return layout.Layout{}, false
	}
	return lay, true
}

func firstLine(s string) string { s, _, _ = strings.Cut(s, "\n"); return s }

// layoutText writes a layout expression with every name resolved: layouts into env, constants to their values.
func (l *lowerer) layoutText(x syntax.Expr, env map[string]layout.Layout) (string, bool) {
	switch x := x.(type) {
	case *syntax.ParenExpr:
		s, ok := l.layoutText(x.X, env)
		return "(" + s + ")", ok
	case *syntax.BinaryExpr:
		a, ok1 := l.layoutText(x.X, env)
		b, ok2 := l.layoutText(x.Y, env)
		return a + " " + x.Op + " " + b, ok1 && ok2
	case *syntax.Ident:
		if e := l.prog.decls[x.Name]; e != nil {
			if d, ok := e.decl.(*syntax.LayoutDecl); ok {
				lay, ok := l.named(x, e, d)
				env[x.Name] = lay
				return x.Name, ok
			}
		}
		return x.Name, true
	case *syntax.SelectorExpr:
		s, ok := l.layoutText(x.X, env)
		return s + "." + x.Sel.Name, ok
	case *syntax.BasisExpr:
		return l.basisText(x)
	case *syntax.CallExpr:
		fun, ok := l.layoutText(x.Fun, env)
		var args []string
		for _, a := range x.Args {
			if a.Name != nil {
				l.errorf(a.Span(), diag.UnknownArgument, "layouts have no named arguments")
				return "", false
			}
			n, good := l.constInt(l.expr(a.X), "an extent of a layout")
			ok = ok && good
			args = append(args, fmt.Sprint(n))
		}
		return fun + "(" + strings.Join(args, ", ") + ")", ok
	}
	return l.src.Slice(x.Span()), true
}

// basisText writes a basis with its numbers evaluated.
func (l *lowerer) basisText(x *syntax.BasisExpr) (string, bool) {
	// An extent may be a product, which says how its digits lie.
	var dims []string
	ok := true
	var factors func(e syntax.Expr) string
	factors = func(e syntax.Expr) string {
		if b, is := syntax.Unparen(e).(*syntax.BinaryExpr); is && b.Op == "*" {
			return factors(b.X) + "*" + factors(b.Y)
		}
		n, good := l.constInt(l.expr(e), "an extent of a layout")
		ok = ok && good
		return fmt.Sprint(n)
	}
	if call, is := x.X.(*syntax.CallExpr); is {
		for _, a := range call.Args {
			dims = append(dims, factors(a.X))
		}
	}
	head := "basis(" + strings.Join(dims, ", ") + ")"
	var axes []string
	for _, a := range x.Axes {
		if a.Name.Name == "block" && len(a.Vectors) > 0 {
			l.errorf(a.Span(), diag.BadLayout, "a tile belongs to one block: a layout of a kernel has no digits of the block").
				WithHelp("blocks divide the tensor in the grid; the axes of a layout are lane and warp, or thread, and local")
			return "", false
		}
		var vectors []string
		for _, v := range a.Vectors {
			var at []string
			for _, e := range v.Index {
				n, good := l.constInt(l.expr(e), "an index of a layout")
				ok = ok && good
				at = append(at, fmt.Sprint(n))
			}
			s := "(" + strings.Join(at, ", ") + ")"
			if v.Radix != "" {
				s = v.Radix + ":" + s
			}
			vectors = append(vectors, s)
		}
		axes = append(axes, a.Name.Name+": ["+strings.Join(vectors, ", ")+"]")
	}
	return head + "{" + strings.Join(axes, ", ") + "}", ok
}

// named is the value of a layout declaration.
func (l *lowerer) named(at *syntax.Ident, e *entry, d *syntax.LayoutDecl) (layout.Layout, bool) {
	if e.busy {
		l.errorf(at.Span(), diag.Recursive, "the layout %s needs itself", at.Name).NoteIn(e.src, e.at, "declared here")
		return layout.Layout{}, false
	}
	e.busy = true
	src, sc := l.src, l.scope
	l.src, l.scope = e.src, newScope(nil)
	lay, ok := l.layout(d.X)
	l.src, l.scope = src, sc
	e.busy = false
	return lay, ok
}
