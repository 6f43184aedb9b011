package lower

import (
	"go/constant"
	"math"
	"sort"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// signature declares the parameters, the results and the dimensions that their types name.
func (l *lowerer) signature(decl *syntax.KernelDecl, generic bool) {
	plain := map[string]bool{} // dimensions that stand alone as an extent, so that an argument binds them
	where := map[string]diag.Span{}
	each := func(f func(p *syntax.Param, out bool)) {
		for _, p := range decl.Params {
			f(p, false)
		}
		for _, p := range decl.Results {
			f(p, true)
		}
	}
	each(func(p *syntax.Param, _ bool) {
		for _, d := range p.Type.Dims {
			l.dimNames(d, plain, where)
		}
	})
	l.bindDims(decl, generic, plain, where)
	each(func(p *syntax.Param, out bool) { l.parameter(p, out) })
	l.divisors(decl)
	for i := range l.k.Dims {
		d := &l.k.Dims[i]
		if l.standIn && d.Static >= 0 {
			l.bindDim(d, lcm(d.Div, 128))
		}
		if d.Static >= 0 && d.Static%d.Div != 0 {
			l.errorf(where[d.Name], diag.NotDivisible, "dimension %s is %d, which %d does not divide", d.Name, d.Static, d.Div)
		}
	}
}

// dimNames declares the names in an extent that are no constants.
func (l *lowerer) dimNames(d *syntax.Dim, plain map[string]bool, where map[string]diag.Span) {
	syntax.Walk(d.X, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok {
			for _, a := range c.Args {
				syntax.Walk(a.X, func(m syntax.Node) bool { l.dimName(m, where); return true })
			}
			return false
		}
		l.dimName(n, where)
		return true
	})
	id, single := syntax.Unparen(d.X).(*syntax.Ident)
	if single {
		plain[id.Name] = true
	}
	f := (*ir.DimFact)(nil)
	if single {
		f = l.k.Dim(id.Name)
	}
	if d.Static || d.Multiple != nil {
		if f == nil {
			l.errorf(d.Span(), diag.BadDimension, "a fact is stated of a dimension's name, not of an expression")
			return
		}
	}
	if d.Static {
		if _, dup := l.static[id.Name]; !dup {
			l.static[id.Name] = d.Span()
		}
	}
	if d.Multiple != nil {
		if n, ok := l.constInt(l.expr(d.Multiple), "the divisor"); ok {
			if n < 1 || n > math.MaxInt32 {
				l.errorf(d.Multiple.Span(), diag.EmptyExtent, "the divisor %d is not positive", n)
				return
			}
			f.Div = lcm(f.Div, n)
		}
	}
	for _, w := range d.Facts {
		l.errorf(w.Span(), diag.NotYet, "the fact %s is not in this version", w.Name.Name).
			WithHelp("facts are `static` and `% n == 0`")
	}
}

func (l *lowerer) dimName(n syntax.Node, where map[string]diag.Span) {
	id, ok := n.(*syntax.Ident)
	if !ok {
		return
	}
	if _, seen := where[id.Name]; seen || l.scope.find(id.Name) != nil {
		return
	}
	// Only a constant of the package stands for itself in an extent: a dimension K beside a kernel K is a dimension.
	if e := l.prog.decls[id.Name]; e != nil && !e.prelude {
		if _, ok := e.decl.(*syntax.ConstDecl); ok {
			return
		}
	}
	where[id.Name] = id.Span()
	l.k.Dims = append(l.k.Dims, ir.DimFact{Name: id.Name, Static: -1, Div: 1})
	e := ir.Dim(id.Name)
	l.scope.names[id.Name] = &object{name: id.Name, at: id.Span(), src: l.src, what: "a dimension",
		op: operand{kind: tileK, expr: &e, at: id.Span()}} // its value is emitted where it is used
}

// bindDims takes the values known when compiling.
func (l *lowerer) bindDims(decl *syntax.KernelDecl, generic bool, plain map[string]bool, where map[string]diag.Span) {
	for i := range l.k.Dims {
		d := &l.k.Dims[i]
		at, static := l.static[d.Name]
		n, bound := l.opts.Dims[d.Name]
		switch {
		case bound && (n < 1 || n > math.MaxInt32):
			l.errorf(where[d.Name], diag.EmptyExtent, "dimension %s is %d; an extent is 1 to %d", d.Name, n, math.MaxInt32)
			continue
		case !bound && static && generic:
			l.standIn, bound, n = true, true, lcm(d.Div, 128)
		case !bound && static:
			l.errorf(at, diag.NotStatic, "dimension %s is static: it needs a value when compiling", d.Name).
				WithHelp("bind it with --shape %s=…", d.Name)
			continue
		case !bound && !plain[d.Name]:
			l.errorf(where[d.Name], diag.DimUnbound, "no argument binds dimension %s: it never stands alone as an extent", d.Name).
				WithHelp("name the whole extent, or declare `%s static` where it stands alone", d.Name)
		}
		if bound {
			l.bindDim(d, n)
		}
	}
	var unknown []string
	for name := range l.opts.Dims {
		if l.k.Dim(name) == nil {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	for _, name := range unknown {
		var have []string
		for _, d := range l.k.Dims {
			have = append(have, d.Name)
		}
		l.errorf(decl.Name.Span(), diag.UnknownOption, "kernel %s has no dimension %s", decl.Name.Name, name).
			WithHelp("its dimensions are %s", list(have))
	}
}

// bindDim makes the dimension a constant of type i32.
func (l *lowerer) bindDim(d *ir.DimFact, n int64) {
	d.Static = n
	e := ir.Int(n)
	op := konst(intNumber(n), ir.Index)
	op.expr = &e
	l.scope.names[d.Name].op = op
}

// parameter declares the names of one group.
func (l *lowerer) parameter(p *syntax.Param, out bool) {
	t := p.Type
	elem, ok := l.elemType(t.Elem)
	if !ok {
		elem = dtype.Invalid
	}
	vt := ir.TileOf(elem)
	if t.Dims != nil {
		var dims []ir.Expr
		for _, d := range t.Dims {
			e, good := l.dimExpr(d)
			ok = ok && good
			dims = append(dims, e)
		}
		vt = ir.TensorOf(elem, dims...)
	}
	switch {
	case out && t.Dims == nil:
		l.errorf(t.Span(), diag.BadRank, "a result is a tensor; %s is a scalar type", t.Elem.Name).
			WithHelp("give it extents, such as %s[1]", t.Elem.Name)
	case t.Packed && len(t.Dims) != 2:
		l.errorf(t.Span(), diag.BadRank, "a packed tensor has 2 dimensions, not %d", len(t.Dims))
	case t.Packed && out:
		l.errorf(t.Span(), diag.NotYet, "packed results are not in this version")
	}
	what := "a parameter"
	if out {
		what = "a result"
	}
	for _, name := range p.Names {
		ip := &ir.Param{Name: name.Name, Out: out, Packed: t.Packed, Span: ir.Span(name.Span()),
			Value: &ir.Value{Type: vt, Name: name.Name}}
		l.k.Params = append(l.k.Params, ip)
		q := &param{name: name.Name, at: name.Span(), ir: ip, out: out}
		l.params = append(l.params, q)
		op := operand{kind: tensorK, param: q, at: name.Span()}
		if t.Dims == nil {
			op = tile(ip.Value, nil)
		}
		if !ok {
			op = nothing
		}
		l.declare(name, &object{op: op, what: what})
	}
}

// dimExpr is an extent of a tensor type as an expression over dimensions.
func (l *lowerer) dimExpr(d *syntax.Dim) (ir.Expr, bool) {
	op := l.expr(d.X)
	if !op.ok() {
		return ir.Expr{}, false
	}
	if op.kind == constK {
		n, ok := l.constInt(op, "an extent")
		// A dimension that is bound when compiling keeps its name, so that a launch checks the argument against it.
		// Whether divisions are exact is checked in divisors.
		if e, named := l.symbolic(d.X); named {
			return e, ok
		}
		if ok && (n < 1 || n > math.MaxInt32) {
			l.errorf(d.Span(), diag.EmptyExtent, "the extent is %d; it must be 1 to %d", n, math.MaxInt32)
			return ir.Expr{}, false
		}
		return ir.Int(n), ok
	}
	if op.expr == nil {
		if b, ok := d.X.(*syntax.BinaryExpr); ok && (b.Op == "/" || b.Op == "%") {
			if y := l.expr(b.Y); y.kind == constK && y.num.isInt() && constant.Sign(y.num.exact) == 0 {
				l.errorf(b.Y.Span(), diag.EmptyExtent, "the divisor is 0; it must be 1 or more")
				return ir.Expr{}, false
			}
		}
		l.errorf(d.Span(), diag.BadDimension, "an extent is an integer expression over dimensions, found %s", op.describe())
		return ir.Expr{}, false
	}
	return *op.expr, true
}

// symbolic rebuilds an extent over names even where they have values.
func (l *lowerer) symbolic(x syntax.Expr) (ir.Expr, bool) {
	saved := map[string]operand{}
	for _, d := range l.k.Dims {
		o := l.scope.names[d.Name]
		saved[d.Name] = o.op
		e := ir.Dim(d.Name)
		o.op = operand{kind: tileK, expr: &e}
	}
	op := l.expr(x)
	for name, s := range saved {
		l.scope.names[name].op = s
	}
	if op.kind == tileK && op.expr != nil {
		return *op.expr, true
	}
	return ir.Expr{}, false
}

// divisors learns from extents such as K/G, whose division must be exact, that G divides K.
func (l *lowerer) divisors(decl *syntax.KernelDecl) {
	var learn func(ir.Expr)
	learn = func(e ir.Expr) {
		for _, a := range e.Args {
			learn(a)
		}
		if e.Op == ir.EDiv && e.Args[0].Op == ir.EDim && e.Args[1].Op == ir.EConst && e.Args[1].N > 0 {
			if f := l.k.Dim(e.Args[0].Name); f != nil {
				f.Div = lcm(f.Div, e.Args[1].N)
			}
		}
	}
	for _, p := range l.k.Params {
		for _, e := range p.Value.Type.Dims {
			learn(e)
		}
	}
}

// elemType resolves a type's name or a type parameter.
func (l *lowerer) elemType(id *syntax.Ident) (dtype.Type, bool) {
	if o := l.scope.find(id.Name); o != nil {
		if o.op.kind == typeK {
			return o.op.elem, true
		}
		if o.op.ok() {
			l.errorf(id.Span(), diag.UnknownType, "%s is %s, not a type", id.Name, o.what).NoteIn(o.src, o.at, "declared here")
		}
		return dtype.Invalid, false
	}
	t, err := dtype.Parse(id.Name)
	if err != nil {
		l.errorf(id.Span(), diag.UnknownType, "%s", err)
		return dtype.Invalid, false
	}
	return t, true
}
