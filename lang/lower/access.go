package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// load reads a view.
func (l *lowerer) load(x *syntax.IndexExpr) operand {
	op := l.viewed(x.X)
	switch op.kind {
	case bad:
		return nothing
	case tensorK:
	case tileK, rangeK:
		l.errorf(x.Span(), diag.NotYet, "indexing a tile is not in this version of the language").
			WithHelp("expand(x, axis) adds an axis; reductions take one away")
		return nothing
	default:
		l.errorf(x.X.Span(), diag.BadOperand, "%s has no elements to index", op.describe())
		return nothing
	}
	p := op.param
	if p.out {
		l.errorf(x.Span(), diag.BadOperand, "%s is a result; results are only stored", p.name).Note(p.at, "declared here").
			WithHelp("keep the value in a variable")
		return nothing
	}
	v, ok := l.view(x, p)
	if !ok {
		return nothing
	}
	var val *ir.Value
	if v.index == nil {
		val = l.b.Load(p.ir.Value, v.offsets, v.dims, v.shape...)
	} else {
		thin := slices.Clone(v.shape)
		for i, d := range v.dims {
			if d != v.along {
				thin[i] = 1
			}
		}
		index := l.b.Broadcast(l.b.Reshape(v.index, thin...), v.shape...)
		val = l.b.Gather(p.ir.Value, index, v.along, v.offsets, v.dims)
	}
	for i, r := range v.ranges {
		if v.repeat[i] != 1 {
			val = l.repeat(val, i, v.repeat[i], r.width)
		}
	}
	return tile(val, v.axes)
}

// viewed is what is indexed: a tensor of a script is not read as a whole then.
func (l *lowerer) viewed(x syntax.Expr) operand {
	if id, ok := x.(*syntax.Ident); ok {
		if o := l.scope.find(id.Name); o != nil && o.op.kind == tensorK {
			op := o.op
			op.at = x.Span()
			return op
		}
	}
	return l.expr(x)
}

// repeat widens an axis whose elements stand for several positions each.
func (l *lowerer) repeat(v *ir.Value, at, times, width int) *ir.Value {
	shape := slices.Clone(v.Type.Shape)
	if times == 0 {
		shape[at] = width
		return l.b.Broadcast(v, shape...)
	}
	n := shape[at]
	thin := slices.Insert(slices.Clone(shape), at+1, 1)
	wide := slices.Clone(thin)
	wide[at+1] = times
	shape[at] = n * times
	return l.b.Reshape(l.b.Broadcast(l.b.Reshape(v, thin...), wide...), shape...)
}

// store lowers `y[m, n] = e`.
func (l *lowerer) store(x *syntax.IndexExpr, e operand) {
	op := l.expr(x.X)
	if op.kind != tensorK {
		if op.ok() {
			d := l.errorf(x.Span(), diag.NotReassignable, "only results are stored to, found %s", op.describe())
			if op.kind == tileK {
				d.WithHelp("tiles are immutable; use where(…) to change some elements")
			}
		}
		return
	}
	p := op.param
	if !p.out {
		l.errorf(x.Span(), diag.StoreToInput, "%s is a parameter; only results are stored", p.name).Note(p.at, "declared here").
			WithHelp("declare a result, after the parameters")
		return
	}
	p.written = true
	v, ok := l.view(x, p)
	if ok && v.index != nil {
		l.errorf(x.Span(), diag.NotYet, "storing at the positions of a tile (scatter) is not in this version of the language").
			WithHelp("let a block store the rows that it is responsible for, and gather what they need")
		return
	}
	if !ok || !e.ok() {
		return
	}
	for i, r := range v.ranges {
		if r != nil && !l.storable(x.Indices[v.dims[i]], v, i, r) {
			return
		}
	}
	want := p.ir.Value.Type.Elem
	if e.untyped() {
		if e = l.convert(e, want); !e.ok() {
			return
		}
	}
	e = l.fitted(x, e, v)
	if !e.ok() {
		return
	}
	l.mark(x.Span())
	l.b.Store(e.val, p.ir.Value, v.offsets, v.dims)
}

// fitted checks a stored value's type and brings it to the view's shape.
func (l *lowerer) fitted(x *syntax.IndexExpr, e operand, v *view) operand {
	p, want := v.param, v.param.ir.Value.Type.Elem
	if got := e.valueElem(); got.IsValid() && got != want {
		l.errorf(e.at, diag.TypeMismatch, "%s holds %s, found %s", p.name, want, got).Note(p.at, "%s is %s", p.name, p.typeText()).
			WithHelp("convert it: %s(%s)", want, l.text(e.at))
		return nothing
	}
	if !fits(e.shape(), v.shape) {
		l.errorf(e.at, diag.ShapeMismatch, "%s is a view of shape %v, found %s", l.text(x.Span()), v.shape, e.describe()).
			Note(x.Span(), "the view is here")
		return nothing
	}
	return l.shaped(e, v.shape)
}

// storable checks that the dead elements of a range fall outside of the tensor, where a store drops them.
func (l *lowerer) storable(x syntax.Expr, v *view, at int, r *rng) bool {
	if r.div > 1 {
		l.errorf(x.Span(), diag.BadRange, "several positions of %s would store to one element", l.text(x.Span()))
		return false
	}
	dim := l.subst(v.param.ir.Value.Type.Dims[v.dims[at]])
	own := r.ext.expr != nil && l.subst(*r.ext.expr).String() == dim.String()
	switch {
	case r.origin == nil && (own || l.full(r) || r.live):
		return true
	case r.origin != nil && own && r.root == r.origin.root && r.shift >= r.origin.shift:
		return true
	}
	d := l.errorf(x.Span(), diag.BadRange, "the clipped elements of range %s would be stored too: they lie inside dimension %d of %s (%s)",
		r.name, v.dims[at], v.param.name, dim)
	if r.ext.expr == nil {
		d.WithHelp("store along a range over %s", dim)
		return false
	}
	d.WithHelp("declare the range's extent a multiple of %d (`%% %d == 0`), or store along the range itself", r.width, r.width)
	return false
}
