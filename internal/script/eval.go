package script

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// Eval gives the value of an expression; a call of a kernel with several results gives a Tuple.
func (s *Session) Eval(x syntax.Expr) (Value, error) {
	outer := s.temps
	s.temps = map[string]Value{}
	defer func() { s.temps = outer }()
	if s.isLayout(x) {
		l, err := lang.EvaluateLayout(s.Pkg, s.Src, s.names(), x)
		return Value{Layout: &l}, err
	}
	if e, ok := x.(*syntax.LayoutExpr); ok && s.isLayout(e.Layout) {
		return s.annotated(e)
	}
	y, err := s.hoist(x)
	if err != nil {
		return Value{}, err
	}
	if id, ok := syntax.Unparen(y).(*syntax.Ident); ok {
		if v, ok := s.temps[id.Name]; ok {
			return v, nil
		}
		if v, ok := s.Lookup(id.Name); ok {
			return v, nil
		}
	}
	vs, err := s.compute(nil, []syntax.Expr{y}, false)
	switch {
	case err != nil:
		return Value{}, err
	case len(vs) == 1:
		return vs[0], nil
	}
	return Value{Tuple: vs}, nil
}

// annotated is `x @ layout`: the tensor, with the layout beside it. The compiler checks that they fit.
func (s *Session) annotated(x *syntax.LayoutExpr) (Value, error) {
	y, err := s.hoist(x)
	if err != nil {
		return Value{}, err
	}
	vs, err := s.compute(nil, []syntax.Expr{y}, false)
	if err != nil {
		return Value{}, err
	}
	l, err := lang.EvaluateLayout(s.Pkg, s.Src, s.names(), x.Layout)
	vs[0].Layout = &l
	return vs[0], err
}

// hoist computes the parts of an expression that only the host can, and puts names in their place.
func (s *Session) hoist(x syntax.Expr) (syntax.Expr, error) {
	var failed error
	y := rewrite(x, func(e syntax.Expr) (syntax.Expr, bool) {
		if failed != nil {
			return e, true
		}
		var v Value
		switch e := e.(type) {
		case *syntax.LayoutExpr:
			if s.isLayout(e.Layout) {
				return nil, false
			}
			// Between tensors `@` is the matrix product.
			dot := &syntax.CallExpr{At: e.At, Fun: &syntax.Ident{At: e.At, Name: "dot"}}
			for _, part := range []syntax.Expr{e.X, e.Layout} {
				p, err := s.hoist(part)
				if err != nil {
					failed = err
					return e, true
				}
				dot.Args = append(dot.Args, &syntax.Arg{At: syntax.At{Loc: part.Span()}, X: p})
			}
			return dot, true
		case *syntax.OracleExpr:
			v, failed = s.oracle(e)
		case *syntax.CallExpr:
			f := s.hostFunc(e)
			if f == nil {
				return nil, false
			}
			v, failed = f(e)
		default:
			return nil, false
		}
		if failed != nil {
			return e, true
		}
		name := fmt.Sprintf("#%d", len(s.temps)+1)
		s.temps[name] = v
		if _, ok := v.name(); !ok && e != syntax.Unparen(x) {
			failed = s.errorf(e, diag.BadOperand, "a value is needed here, found %s", v)
		}
		return &syntax.Ident{At: syntax.At{Loc: e.Span()}, Name: name}, true
	})
	return y, failed
}

var layoutWords = []string{"local", "spatial", "column_local", "column_spatial", "replicate", "warps", "basis"}

// isLayout says whether an expression is one of layouts, by the name that it starts with.
func (s *Session) isLayout(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.ParenExpr:
		return s.isLayout(x.X)
	case *syntax.BinaryExpr:
		return x.Op == "*" && s.isLayout(x.X)
	case *syntax.CallExpr:
		if id, ok := x.Fun.(*syntax.Ident); ok {
			_, value := s.Lookup(id.Name)
			return !value && s.Pkg.Declares(id.Name) == "" && slices.Contains(layoutWords, id.Name)
		}
		return s.isLayout(x.Fun)
	case *syntax.SelectorExpr:
		return s.isLayout(x.X)
	case *syntax.BasisExpr:
		return s.isLayout(x.X)
	case *syntax.Ident:
		_, value := s.Lookup(x.Name)
		return !value && s.Pkg.Declares(x.Name) == "layout"
	}
	return false
}

// oracle computes a block exactly. Its value is that of its last statement.
func (s *Session) oracle(x *syntax.OracleExpr) (Value, error) {
	n := len(x.Body.Stmts)
	if n == 0 {
		return Value{}, s.errorf(x, diag.WrongArguments, "an oracle ends with an expression, its value")
	}
	var xs []syntax.Expr
	switch last := x.Body.Stmts[n-1].(type) {
	case *syntax.ExprStmt:
		xs = []syntax.Expr{last.X}
	case *syntax.ReturnStmt:
		xs = last.Results
	default:
		return Value{}, s.errorf(last, diag.WrongArguments, "an oracle ends with an expression, its value, or with return")
	}
	for i, e := range xs {
		var err error
		if xs[i], err = s.hoist(e); err != nil { // `@` between tensors
			return Value{}, err
		}
	}
	vs, err := s.compute(x.Body.Stmts[:n-1], xs, true)
	if err != nil {
		return Value{}, err
	}
	if len(vs) == 1 {
		return vs[0], nil
	}
	return Value{Tuple: vs}, nil
}

// values are those of several expressions, the parts of tuples one by one.
func (s *Session) values(xs []syntax.Expr) ([]Value, error) {
	var out []Value
	for _, x := range xs {
		v, err := s.Eval(x)
		if err != nil {
			return nil, err
		}
		if v.Tuple != nil {
			out = append(out, v.Tuple...)
		} else {
			out = append(out, v)
		}
	}
	return out, nil
}

// integer is the value of an expression that must be an integer of at least lo.
func (s *Session) integer(x syntax.Expr, what string, lo int64) (int64, error) {
	v, err := s.Eval(x)
	if err != nil {
		return 0, err
	}
	n, ok := int64(0), false
	switch {
	case v.Const != nil:
		n, ok = v.Const.Int()
	case v.Tensor != nil && len(v.Tensor.Shape) == 0 && v.Tensor.DType.IsInt():
		n, ok = v.Tensor.Ints()[0], true
	}
	if !ok {
		return 0, s.errorf(x, diag.TypeMismatch, "%s is an integer, found %s", what, v)
	}
	if n < lo {
		return 0, s.errorf(x, diag.EmptyExtent, "%s is at least %d, found %d", what, lo, n)
	}
	return n, nil
}

// shape is the extents that arguments give.
func (s *Session) shape(at syntax.Node, xs []syntax.Expr) ([]int, error) {
	var out []int
	size := 1
	for _, x := range xs {
		n, err := s.integer(x, "an extent", 1)
		if err != nil {
			return nil, err
		}
		if size *= int(n); n > maxElements || size > maxElements {
			return nil, s.errorf(at, diag.ShapeMismatch, "the tensor would have more than %d elements", maxElements)
		}
		out = append(out, int(n))
	}
	return out, nil
}

// maxElements bounds what a script makes, so that a slip in an extent does not take the machine's memory.
const maxElements = 1 << 28

// Again evaluates an expression with the random numbers that it would have next, without using them up.
func (s *Session) Again(x syntax.Expr) (Value, error) {
	draws := s.draws
	defer func() { s.draws = draws }()
	return s.Eval(x)
}
