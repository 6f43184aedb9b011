package main

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

// value is what an expression of an `input` declaration gives: a tensor, a number or a type.
type value struct {
	tensor *tensor.Tensor
	num    float64
	whole  bool // num is an integer
	elem   dtype.Type
}

func (v value) String() string {
	switch {
	case v.tensor != nil:
		return "a tensor " + v.tensor.String()
	case v.elem != dtype.Invalid:
		return "the type " + v.elem.String()
	}
	return strconv.FormatFloat(v.num, 'g', -1, 64)
}

// quantised remembers what an argument was before quantisation.
type quantised struct {
	name  string
	to    dtype.Type
	group int
	error float64 // relative Frobenius, of codes times scales against the tensor that was quantised
}

// inputs evaluates the `input` declaration of a kernel: extents and parameters first, then scalars and tensors.
//
//	file("x.safetensors", "tensor", rows: n)   a tensor of a file beside the source; the first n rows
//	file("x.npy")
//	bf16(t)                                    a tensor rounded to another type
//	quantize(t, W, G, S)                       codes of type W and scales of type S, one per G rows and column
type inputs struct {
	s      *kernelSource
	src    *diag.Source
	given  func(name string) bool // arguments from --in, which are not evaluated
	args   map[string]value
	quants []quantised
	diags  diag.List
	code   int
}

// evaluate runs the declaration for the arguments that are not given otherwise. It extends s.dims and s.defines.
func (s *kernelSource) evaluate(given func(string) bool) (*inputs, error) {
	in := &inputs{s: s, given: given, args: map[string]value{}, code: exitCompile}
	if s.pkg == nil || s.noInput {
		return in, nil
	}
	decl := s.pkg.Input(s.decl.Name)
	if decl == nil {
		return in, nil
	}
	in.src = s.pkg.Source(decl)
	var later []*syntax.AssignStmt
	for _, set := range decl.Sets {
		if name, ok := set.Lhs[0].(*syntax.Ident); ok && len(set.Lhs) == 1 && !slices.Contains(s.decl.Inputs, name.Name) {
			in.special(name, set)
		} else {
			later = append(later, set)
		}
	}
	for _, set := range later {
		in.assign(set)
	}
	if in.diags.HasErrors() {
		return nil, &failure{code: in.code, err: in.diags.Sorted()}
	}
	return in, nil
}

// special sets a dimension or a parameter, unless the command line does.
func (in *inputs) special(name *syntax.Ident, set *syntax.AssignStmt) {
	if len(set.Rhs) != 1 {
		in.fail(set, diag.CountMismatch, "1 name and %d values", len(set.Rhs))
		return
	}
	if slices.ContainsFunc(in.s.decl.Params, func(p lang.Param) bool { return p.Name == name.Name }) {
		if _, ok := in.s.defines[name.Name]; !ok {
			in.s.defines[name.Name] = in.src.Slice(set.Rhs[0].Span())
		}
		return
	}
	if in.s.given[name.Name] {
		return
	}
	if n, ok := in.integer(set.Rhs[0], "an extent", 1); ok {
		in.s.dims[name.Name] = n
	}
}

func (in *inputs) assign(set *syntax.AssignStmt) {
	var names []*syntax.Ident
	wanted := false
	for _, x := range set.Lhs {
		id := x.(*syntax.Ident) // the parser lets nothing else through
		names = append(names, id)
		wanted = wanted || !in.given(id.Name)
	}
	if !wanted {
		return
	}
	var values []value
	for _, x := range set.Rhs {
		v, ok := in.eval(x)
		if !ok {
			return
		}
		values = append(values, v...)
	}
	if len(values) != len(names) {
		in.fail(set, diag.CountMismatch, "%d names and %d values", len(names), len(values))
		return
	}
	for i, id := range names {
		if !in.given(id.Name) {
			in.args[id.Name] = values[i]
		}
	}
}

func (in *inputs) fail(n syntax.Node, code, format string, args ...any) *diag.Diagnostic {
	return in.diags.Errorf(in.src, n.Span(), code, format, args...)
}

// eval gives the values of an expression: one, or two for quantize.
func (in *inputs) eval(x syntax.Expr) ([]value, bool) {
	switch x := syntax.Unparen(x).(type) {
	case *syntax.BasicLit:
		text := strings.ReplaceAll(in.src.Slice(x.Span()), "_", "")
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return []value{{num: float64(n), whole: true}}, true
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return []value{{num: f}}, true
		}
	case *syntax.Ident:
		if n, ok := in.s.dims[x.Name]; ok {
			return []value{{num: float64(n), whole: true}}, true
		}
		if text, ok := in.s.parameter(x.Name); ok {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				return []value{{num: float64(n), whole: true}}, true
			}
		}
		if x.Name == "inf" {
			return []value{{num: math.Inf(1)}}, true
		}
		if t, err := in.s.elemType(x); err == nil {
			return []value{{elem: t}}, true
		} else if in.param(x.Name) {
			in.fail(x, diag.UnknownType, "%s", err)
			return nil, false
		}
		in.fail(x, diag.Undefined, "undefined: %s", x.Name).WithHelp("an input declaration knows the dimensions that it or --shape sets, and the parameters in square brackets")
		return nil, false
	case *syntax.UnaryExpr, *syntax.BinaryExpr:
		return in.arithmetic(x)
	case *syntax.CallExpr:
		return in.call(x)
	}
	in.fail(x, diag.BadOperand, "expected a number, a type, file(…), quantize(…) or a conversion")
	return nil, false
}

func (in *inputs) param(name string) bool {
	return slices.ContainsFunc(in.s.decl.Params, func(p lang.Param) bool { return p.Name == name })
}

func (in *inputs) arithmetic(x syntax.Expr) ([]value, bool) {
	number := func(x syntax.Expr) (value, bool) {
		v, ok := in.eval(x)
		if ok && (len(v) != 1 || v[0].tensor != nil || v[0].elem != dtype.Invalid) {
			in.fail(x, diag.BadOperand, "expected a number")
			ok = false
		}
		if !ok {
			return value{}, false
		}
		return v[0], true
	}
	if u, ok := x.(*syntax.UnaryExpr); ok {
		v, ok := number(u.X)
		if ok && u.Op != "-" {
			in.fail(x, diag.BadOperand, "%s is not for numbers here", u.Op)
			return nil, false
		}
		v.num = -v.num
		return []value{v}, ok
	}
	b := x.(*syntax.BinaryExpr)
	p, ok1 := number(b.X)
	q, ok2 := number(b.Y)
	if !ok1 || !ok2 {
		return nil, false
	}
	r := value{whole: p.whole && q.whole}
	switch b.Op {
	case "+":
		r.num = p.num + q.num
	case "-":
		r.num = p.num - q.num
	case "*":
		r.num = p.num * q.num
	case "/":
		if r.num = p.num / q.num; r.whole {
			if q.num == 0 {
				in.fail(b.Y, diag.BadOperand, "division by zero")
				return nil, false
			}
			r.num = math.Floor(r.num)
		}
	default:
		in.fail(x, diag.BadOperand, "the operator %s is not for input declarations", b.Op)
		return nil, false
	}
	return []value{r}, true
}

func (in *inputs) integer(x syntax.Expr, what string, least int64) (int64, bool) {
	v, ok := in.eval(x)
	if !ok {
		return 0, false
	}
	if len(v) != 1 || !v[0].whole || v[0].num < float64(least) || v[0].num > math.MaxInt32 {
		in.fail(x, diag.BadOperand, "%s is an integer from %d to %d, found %s", what, least, math.MaxInt32, v[0])
		return 0, false
	}
	return int64(v[0].num), true
}
