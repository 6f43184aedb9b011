package lower

import (
	"sort"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/layout"
)

// A Const is a constant of the language: an exact number, a bool or a string, with the type that it has taken, if any.
type Const struct {
	num  *number
	elem dtype.Type
}

// IntConst, FloatConst, BoolConst and StringConst are untyped constants.
func IntConst(n int64) Const       { return Const{num: intNumber(n)} }
func FloatConst(x float64) Const   { return Const{num: floatNumber(x)} }
func BoolConst(b bool) Const       { return Const{num: boolNumber(b)} }
func StringConst(s string) Const   { return Const{num: stringNumber(s)} }
func (c Const) Type() dtype.Type   { return c.elem } // invalid while untyped
func (c Const) Int() (int64, bool) { return c.num.int64() }
func (c Const) Float() float64     { return c.num.float() }
func (c Const) String() string     { return c.num.String() }

// IsInt says that an untyped constant is written as an integer.
func (c Const) IsInt() bool { return c.num.isInt() }

// Bool is the value of a constant that is a bool.
func (c Const) Bool() (v, ok bool) {
	if !c.num.isBool() {
		return false, false
	}
	return c.num.bits64() != 0, true
}

// Text is the value of a constant that is a string.
func (c Const) Text() (string, bool) {
	if !c.num.isText() {
		return "", false
	}
	s := c.num.exact.ExactString()
	if lit := (&syntax.BasicLit{Kind: syntax.StringLit, Text: s}).Str(); lit != "" {
		s = lit
	}
	if s == `""` {
		s = ""
	}
	return s, true
}

// A Name is what a name outside of a script stands for: a constant, a type, or else a tensor of the given shape. A tensor
// without extents is a scalar.
type Name struct {
	Const *Const
	Type  dtype.Type // of a type
	Elem  dtype.Type // of a tensor
	Shape []int
}

// A ScriptResult is what an expression of a script denotes: one of the pointers, a type, or else the result of the kernel that
// has the name Param.
type ScriptResult struct {
	Const  *Const
	Type   dtype.Type
	Param  string
	Scalar bool // the result is one element, without axes
	Elem   dtype.Type
}

// A Script is statements and expressions over whole tensors, as a kernel of one block. Kernel is nil where nothing is left
// to compute: all results are constants or types.
type Script struct {
	Kernel  *ir.Kernel
	Results []ScriptResult
}

// Evaluate makes a kernel of one block of statements, then expressions, that stand outside of any kernel: in a test or a
// REPL. A name that stands for a tensor is the whole of it as a tile; with indices it is a view. The parameters of the kernel
// are the tensors that are named, its results the values of the expressions that are no constants. It is nil if there are
// errors in diags.
func Evaluate(p *Program, src *diag.Source, names map[string]Name, stmts []syntax.Stmt, xs []syntax.Expr, diags *diag.List) *Script {
	before := len(*diags)
	l := &lowerer{prog: p, diags: diags, src: src, static: map[string]diag.Span{}, used: map[string]bool{}, below: map[*ir.Value]ir.Expr{}, gridded: true}
	l.k = &ir.Kernel{Name: "script", Body: &ir.Block{}, Source: src.Path, Grid: []ir.Expr{ir.Int(1)}}
	l.b = &ir.Builder{Block: l.k.Body}
	l.scope = newScope(nil)
	l.bindNames(names, stmts, xs)
	l.scope = newScope(l.scope)
	l.stmts(stmts)
	var ops []operand
	for _, x := range xs {
		if op := l.expr(x); op.kind == tupleK {
			ops = append(ops, op.parts...)
		} else {
			ops = append(ops, op)
		}
	}
	s := &Script{}
	for _, op := range ops {
		l.result(s, op)
	}
	if (*diags)[before:].HasErrors() || l.stopped {
		return nil
	}
	if len(l.k.Params) == 0 || !l.k.Params[len(l.k.Params)-1].Out {
		return s
	}
	s.Kernel = l.k
	l.k.Renumber()
	if err := l.k.Verify(); err != nil {
		l.errorf(diag.Span{}, diag.ToolFailed, "the compiler made invalid tile IR here (%s); please report this with the source", err)
		return nil
	}
	return s
}

// bindNames declares those names that the text uses, in a fixed order.
func (l *lowerer) bindNames(names map[string]Name, stmts []syntax.Stmt, xs []syntax.Expr) {
	used := map[string]bool{}
	see := func(n syntax.Node) bool {
		if id, ok := n.(*syntax.Ident); ok {
			used[id.Name] = true
		}
		return true
	}
	for _, s := range stmts {
		syntax.Walk(s, see)
	}
	for _, x := range xs {
		syntax.Walk(x, see)
	}
	var list []string
	for n := range used {
		if _, ok := names[n]; ok {
			list = append(list, n)
		}
	}
	sort.Strings(list)
	for _, n := range list {
		v := names[n]
		o := &object{name: n, src: l.src, what: "a value"}
		switch {
		case v.Const != nil:
			o.op = konst(v.Const.num, v.Const.elem)
		case v.Type.IsValid():
			o.op = operand{kind: typeK, elem: v.Type}
		default:
			o.op = l.input(n, v)
		}
		l.scope.names[n] = o
	}
}

// input is a parameter that stands for a tensor of the script.
func (l *lowerer) input(name string, v Name) operand {
	t := ir.TileOf(v.Elem)
	if len(v.Shape) > 0 {
		dims := make([]ir.Expr, len(v.Shape))
		for i, n := range v.Shape {
			dims[i] = ir.Int(int64(n))
		}
		t = ir.TensorOf(v.Elem, dims...)
	}
	ip := &ir.Param{Name: name, Value: &ir.Value{Type: t, Name: name}}
	l.k.Params = append(l.k.Params, ip)
	if len(v.Shape) == 0 {
		return tile(ip.Value, nil)
	}
	return operand{kind: tensorK, param: &param{name: name, ir: ip, whole: v.Shape}}
}

// wholeTile reads all of a tensor of a script.
func (l *lowerer) wholeTile(p *param) operand {
	if ir.TileOf(ir.Index, p.whole...).Size() > maxTile {
		l.diags.Errorf(l.src, diag.Span(l.b.Span), diag.ShapeMismatch, "%s has the shape %v, of more than %d elements: too many for one tile", p.name, p.whole, maxTile)
		return nothing
	}
	var offsets []*ir.Value
	dims := make([]int, len(p.whole))
	for i := range dims {
		offsets, dims[i] = append(offsets, l.b.Index(0)), i
	}
	return tile(l.b.Load(p.ir.Value, offsets, dims, p.whole...), nil)
}

// result stores the value of an expression to a result of its own.
func (l *lowerer) result(s *Script, op operand) {
	switch op.kind {
	case bad:
		return
	case constK:
		s.Results = append(s.Results, ScriptResult{Const: &Const{op.num, op.elem}})
		return
	case typeK:
		s.Results = append(s.Results, ScriptResult{Type: op.elem})
		return
	}
	l.mark(op.at)
	if op = l.value(op); !op.ok() {
		return
	}
	r := ScriptResult{Param: "result " + string(rune('0'+len(s.Results)%10)) + "." + string(rune('0'+len(s.Results)/10)), Elem: op.valueElem()}
	shape := op.shape()
	var dims []int
	offsets := []*ir.Value{l.b.Index(0)}
	extents := []ir.Expr{ir.Int(1)}
	if r.Scalar = len(shape) == 0; !r.Scalar {
		offsets, extents = nil, nil
		for i, n := range shape {
			offsets, dims, extents = append(offsets, l.b.Index(0)), append(dims, i), append(extents, ir.Int(int64(n)))
		}
	}
	p := &ir.Param{Name: r.Param, Out: true, Value: &ir.Value{Type: ir.TensorOf(r.Elem, extents...), Name: r.Param}}
	l.k.Params = append(l.k.Params, p)
	l.b.Store(op.val, p.Value, offsets, dims)
	s.Results = append(s.Results, r)
}

// EvaluateLayout is the value of a layout expression of a script; false if it has errors, which are in diags.
func EvaluateLayout(p *Program, src *diag.Source, names map[string]Name, x syntax.Expr, diags *diag.List) (layout.Layout, bool) {
	l := &lowerer{prog: p, diags: diags, src: src, k: &ir.Kernel{Body: &ir.Block{}}, scope: newScope(nil), gridded: true}
	l.b = &ir.Builder{Block: l.k.Body}
	l.bindNames(names, nil, []syntax.Expr{x})
	return l.layout(x)
}

// Declares says whether the package itself, not its prelude, declares a name, and as what: "kernel", "func", "layout" or
// "const"; "" if it does not.
func (p *Program) Declares(name string) string {
	e := p.decls[name]
	if e == nil || e.prelude {
		return ""
	}
	switch e.decl.(type) {
	case *syntax.KernelDecl:
		return "kernel"
	case *syntax.FuncDecl:
		return "func"
	case *syntax.LayoutDecl:
		return "layout"
	}
	return "const"
}
