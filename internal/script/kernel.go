package script

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime"
)

// A Prepared is a call of a kernel whose arguments have their values: a kernel of tile IR, lowered for them.
type Prepared struct {
	Decl    lang.Kernel
	Kernel  *ir.Kernel
	Defines map[string]string
	Dims    map[string]int64
	Named   map[string]runtime.Arg // inputs
	Text    string                 // Softmax[bf16](x f16[3, 5])
}

// Args are the arguments with fresh results.
func (p *Prepared) Args() ([]runtime.Arg, error) { return runtime.Arguments(p.Kernel, p.Named, p.Dims) }

// kernel calls a kernel: Softmax[bf16](x, BN: 1024). In square brackets stand its parameters, in order; a type that is left out
// is that of the arguments, else the default. Arguments by name are inputs, parameters, tune values and dimensions.
func (s *Session) kernel(x *syntax.CallExpr) (Value, error) {
	p, err := s.Prepare(x)
	if err != nil {
		return Value{}, err
	}
	prog, err := s.Device.Program(s.context(), p.Kernel)
	if err != nil {
		return Value{}, s.located(p.Kernel, fmt.Errorf("on %s: %w", s.Device.Name, err))
	}
	args, err := p.Args()
	if err != nil {
		return Value{}, s.errorf(x, diag.DimMismatch, "%s", err)
	}
	st, err := prog.Run(s.context(), args)
	s.Calls = append(s.Calls, Call{p.Decl.Name, p.Text, st})
	if err != nil {
		return Value{}, s.located(p.Kernel, fmt.Errorf("kernel %s on %s: %w", p.Decl.Name, s.Device.Name, err))
	}
	var out []Value
	for i, q := range p.Kernel.Params {
		if q.Out {
			out = append(out, Value{Tensor: args[i].Tensor})
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return Value{Tuple: out}, nil
}

// Prepare evaluates the arguments of a call of a kernel and lowers the kernel for them.
func (s *Session) Prepare(x *syntax.CallExpr) (*Prepared, error) {
	id, ok := x.Fun.(*syntax.Ident)
	if !ok || s.Pkg.Declares(id.Name) != "kernel" {
		return nil, s.errorf(x.Fun, diag.NotAKernel, "%s is not a kernel", s.Src.Slice(x.Fun.Span()))
	}
	decl, err := s.Pkg.Kernel(id.Name)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Decl: decl, Defines: map[string]string{}, Dims: map[string]int64{}, Named: map[string]runtime.Arg{}}
	values := map[string]Value{}
	if err := s.callArguments(x, p, values); err != nil {
		return nil, err
	}
	p.infer(values)
	static := map[string]int64{}
	for _, name := range decl.Static {
		n, ok := p.Dims[name]
		if !ok {
			return nil, s.errorf(x, diag.NotStatic, "kernel %s is compiled for fixed extents, and no argument gives %s", id.Name, name).help("give it by name: %s: 64", name)
		}
		static[name] = n
	}
	low, err := s.lower(p, static)
	if err != nil {
		return nil, err
	}
	for _, q := range low.Params {
		if q.Out {
			continue
		}
		v, ok := values[q.Name]
		if !ok {
			return nil, s.errorf(x, diag.MissingInput, "argument %s of kernel %s is missing: expected %s", q.Name, id.Name, typeText(q))
		}
		if p.Named[q.Name], err = argument(q, v); err != nil {
			return nil, s.errorf(x, diag.TypeMismatch, "%s", err)
		}
	}
	p.Kernel = low
	args, err := p.Args()
	if err == nil {
		var c *runtime.Call
		if c, err = runtime.Check(low, args); err == nil {
			p.Dims = c.Dims
		}
	}
	if err != nil {
		return nil, s.errorf(x, diag.DimMismatch, "kernel %s: %s", id.Name, err)
	}
	if s.Specialise {
		p.Kernel = low.Clone()
		compile.Specialise(p.Kernel, p.Dims)
	}
	p.Text = p.text(values)
	return p, nil
}

// lower gives the tile IR of a specialisation, once.
func (s *Session) lower(p *Prepared, static map[string]int64) (*ir.Kernel, error) {
	key := fmt.Sprintf("%p %s %v %v", s.Pkg, p.Decl.Name, p.Defines, static) // fmt sorts maps
	if k := s.lowers[key]; k != nil {
		return k, nil
	}
	k, err := lang.Lower(s.Pkg, p.Decl.Name, lang.Options{Defines: p.Defines, Dims: static, AnyTune: true})
	if err != nil {
		return nil, err
	}
	if s.lowers == nil || len(s.lowers) > 500 {
		s.lowers = map[string]*ir.Kernel{}
	}
	s.lowers[key] = k
	return k, nil
}

func typeText(q *ir.Param) string { return strings.TrimPrefix(q.Value.Type.String(), "tensor ") }

// callArguments sorts the arguments of the call.
func (s *Session) callArguments(x *syntax.CallExpr, p *Prepared, values map[string]Value) error {
	var params []lang.Param
	for _, q := range p.Decl.Params {
		if q.Kind != "tune" {
			params = append(params, q)
		}
	}
	if len(x.TypeArgs) > len(params) {
		return s.errorf(x, diag.WrongArguments, "kernel %s has %d parameters in square brackets, found %d", p.Decl.Name, len(params), len(x.TypeArgs))
	}
	for i, t := range x.TypeArgs {
		if err := s.define(p, params[i].Name, t); err != nil {
			return err
		}
	}
	at := 0
	for _, a := range x.Args {
		name := ""
		switch {
		case a.Name != nil:
			name = a.Name.Name
		case at < len(p.Decl.Inputs):
			name, at = p.Decl.Inputs[at], at+1
		default:
			return s.errorf(a, diag.WrongArguments, "kernel %s takes %d arguments: %s", p.Decl.Name, len(p.Decl.Inputs), strings.Join(p.Decl.Inputs, ", "))
		}
		switch {
		case slices.Contains(p.Decl.Inputs, name):
			vs, err := s.values([]syntax.Expr{a.X})
			if err != nil {
				return err
			}
			for i, v := range vs { // quantize(…) fills two
				if i > 0 {
					if at >= len(p.Decl.Inputs) {
						return s.errorf(a, diag.WrongArguments, "kernel %s takes %d arguments: %s", p.Decl.Name, len(p.Decl.Inputs), strings.Join(p.Decl.Inputs, ", "))
					}
					name, at = p.Decl.Inputs[at], at+1
				}
				if _, twice := values[name]; twice {
					return s.errorf(a, diag.ArgumentOrder, "argument %s is given twice", name)
				}
				values[name] = v
			}
		case slices.ContainsFunc(p.Decl.Params, func(q lang.Param) bool { return q.Name == name }):
			if err := s.define(p, name, a.X); err != nil {
				return err
			}
		default:
			n, err := s.integer(a.X, "an extent", 1)
			if err != nil {
				return err
			}
			p.Dims[name] = n
		}
	}
	return nil
}

func (s *Session) define(p *Prepared, name string, x syntax.Expr) error {
	v, err := s.Eval(x)
	if err != nil {
		return err
	}
	switch {
	case v.Type.IsValid():
		p.Defines[name] = v.Type.String()
		return nil
	case v.Const != nil:
		if n, ok := v.Const.Int(); ok {
			p.Defines[name] = fmt.Sprint(n)
			return nil
		}
	}
	return s.errorf(x, diag.TypeMismatch, "parameter %s of kernel %s is a type or an integer, found %s", name, p.Decl.Name, v)
}

// infer takes types and static extents that the call leaves out from the arguments.
func (p *Prepared) infer(values map[string]Value) {
	for _, group := range p.Decl.Decl.Params {
		for _, name := range group.Names {
			t := values[name.Name].Tensor
			if t == nil || len(t.Shape) != len(group.Type.Dims) {
				continue
			}
			elem := group.Type.Elem.Name
			if slices.ContainsFunc(p.Decl.Params, func(q lang.Param) bool { return q.Name == elem && q.Kind == "type" }) {
				if _, given := p.Defines[elem]; !given {
					p.Defines[elem] = t.DType.String()
				}
			}
			for i, d := range group.Type.Dims {
				id, ok := syntax.Unparen(d.X).(*syntax.Ident)
				if !ok || slices.ContainsFunc(p.Decl.Params, func(q lang.Param) bool { return q.Name == id.Name }) {
					continue
				}
				if _, ok := p.Dims[id.Name]; !ok {
					p.Dims[id.Name] = int64(t.Shape[i])
				}
			}
		}
	}
}

// argument makes an argument of a value.
func argument(q *ir.Param, v Value) (runtime.Arg, error) {
	if q.Value.Type.Kind == ir.Tensor {
		if v.Tensor == nil {
			return runtime.Arg{}, fmt.Errorf("argument %s is %s, found %s", q.Name, typeText(q), v)
		}
		return runtime.Tensor(v.Tensor), nil
	}
	n, whole, ok := v.number()
	switch {
	case !ok:
		return runtime.Arg{}, fmt.Errorf("argument %s is a scalar %s, found %s", q.Name, typeText(q), v)
	case whole:
		return runtime.Int(int64(n)), nil
	}
	return runtime.Float(n), nil
}

func (p *Prepared) text(values map[string]Value) string {
	var set, in []string
	for _, q := range p.Decl.Params {
		if v, ok := p.Defines[q.Name]; ok {
			set = append(set, q.Name+"="+v)
		}
	}
	for _, name := range p.Decl.Inputs {
		switch v := values[name]; {
		case v.Tensor != nil && len(v.Tensor.Shape) > 0:
			in = append(in, name+" "+v.Tensor.String())
		default:
			n, _, _ := v.number()
			in = append(in, fmt.Sprintf("%s=%g", name, n))
		}
	}
	text := p.Decl.Name
	if set != nil {
		text += "[" + strings.Join(set, ", ") + "]"
	}
	return text + "(" + strings.Join(in, ", ") + ")"
}

// Kernels are the names of kernels with what they take, sorted, for help and completion.
func Kernels(pkg *lang.Package) []string {
	var out []string
	for _, k := range pkg.Kernels() {
		out = append(out, fmt.Sprintf("%s(%s) (%s)", k.Name, strings.Join(k.Inputs, ", "), strings.Join(k.Results, ", ")))
	}
	sort.Strings(out)
	return out
}
