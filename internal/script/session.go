package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
)

// A Session is where statements run: what names stand for, and where kernels are called. The zero value with Pkg, Src and
// Device set is ready. It is used by one goroutine.
type Session struct {
	Ctx        context.Context
	Pkg        *lang.Package // whose kernels, functions, layouts and constants are visible
	Src        *diag.Source  // of the statements
	Device     *Device       // on which kernels are called
	Out        io.Writer     // of print; nil drops it
	Dir        string        // that paths in file(…) are relative to
	Seed       uint64        // of random numbers
	Specialise bool          // compile kernels for the extents at hand, as `girih run` does, and not for any

	// Each runs the body of a for statement for values of its ranges; nil runs it for all of them, in order.
	Each func(f *syntax.ForStmt, ranges []Range, body func(values []int64) error) error

	Calls []Call // of kernels, in order

	vars   []map[string]Value // scopes, innermost last
	temps  map[string]Value   // values of what the host has computed, by a name that no text can have
	draws  uint64
	lowers map[string]*ir.Kernel
}

// A Call is one call of a kernel.
type Call struct {
	Kernel string
	Text   string // Softmax[bf16](x f16[3, 5])
	Stats  runtime.Stats
}

// Names are the values that have a name, innermost first where one hides another.
func (s *Session) Names() map[string]Value {
	all := map[string]Value{}
	for _, scope := range s.vars {
		maps.Copy(all, scope)
	}
	return all
}

// Lookup is the value of a name.
func (s *Session) Lookup(name string) (Value, bool) {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if v, ok := s.vars[i][name]; ok {
			return v, true
		}
	}
	return Value{}, false
}

// Set gives a name a value, in the innermost scope.
func (s *Session) Set(name string, v Value) {
	if len(s.vars) == 0 {
		s.push()
	}
	s.vars[len(s.vars)-1][name] = v
}

// Reset forgets all values, calls and how many random numbers were drawn.
func (s *Session) Reset() { s.vars, s.temps, s.Calls, s.draws = nil, nil, nil, 0 }

// Forget takes a name away.
func (s *Session) Forget(name string) {
	for _, scope := range s.vars {
		delete(scope, name)
	}
}

func (s *Session) push() { s.vars = append(s.vars, map[string]Value{}) }
func (s *Session) pop()  { s.vars = s.vars[:len(s.vars)-1] }

// runCode marks diagnostics about what happened when something ran.
const runCode = "run"

// errorf is a mistake at a place of the text.
func (s *Session) errorf(at syntax.Node, code, format string, args ...any) *Mistake {
	var l diag.List
	d := l.Errorf(s.Src, at.Span(), code, format, args...)
	return &Mistake{l, d}
}

// A Mistake is an error at a place. It is a diag.List for errors.As.
type Mistake struct {
	list diag.List
	d    *diag.Diagnostic
}

func (m *Mistake) Error() string { return m.list.Error() }
func (m *Mistake) Unwrap() error { return m.list }

func (m *Mistake) help(format string, args ...any) *Mistake {
	m.d.WithHelp(format, args...)
	return m
}

// names is what the compiler is told of all values.
func (s *Session) names() map[string]lower.Name {
	out := map[string]lower.Name{}
	for _, m := range append(append([]map[string]Value(nil), s.vars...), s.temps) {
		for name, v := range m {
			if n, ok := v.name(); ok {
				out[name] = n
			} else {
				delete(out, name)
			}
		}
	}
	return out
}

func (s *Session) find(name string) Value {
	if v, ok := s.temps[name]; ok {
		return v
	}
	v, _ := s.Lookup(name)
	return v
}

// compute runs statements and expressions of the language in the VM, exactly or with the rounding of their types.
func (s *Session) compute(stmts []syntax.Stmt, xs []syntax.Expr, exact bool) ([]Value, error) {
	sc, err := lang.Evaluate(s.Pkg, s.Src, s.names(), stmts, xs)
	if err != nil {
		return nil, err
	}
	results := map[string]*tensor.Tensor{}
	if sc.Kernel != nil {
		if results, err = s.runScript(sc.Kernel, exact); err != nil {
			return nil, err
		}
	}
	var out []Value
	for _, r := range sc.Results {
		switch {
		case r.Const != nil:
			out = append(out, Value{Const: r.Const})
		case r.Param == "":
			out = append(out, Value{Type: r.Type})
		default:
			t := results[r.Param]
			if r.Scalar {
				if t, err = t.Reshape(); err != nil {
					return nil, err
				}
			}
			out = append(out, Value{Tensor: t})
		}
	}
	return out, nil
}

func (s *Session) runScript(k *ir.Kernel, exact bool) (map[string]*tensor.Tensor, error) {
	p, err := vm.New(k, vm.Options{Exact: exact})
	if err != nil {
		return nil, s.located(k, err)
	}
	named := map[string]runtime.Arg{}
	for _, q := range k.Params {
		if !q.Out {
			named[q.Name] = asArg(s.find(q.Name).Tensor)
		}
	}
	args, err := runtime.Arguments(p.Kernel(), named, nil)
	if err != nil {
		return nil, err
	}
	if _, err := p.Run(s.context(), args); err != nil {
		return nil, s.located(k, err)
	}
	out := map[string]*tensor.Tensor{}
	for i, q := range p.Kernel().Params {
		if q.Out {
			out[q.Name] = args[i].Tensor
		}
	}
	return out, nil
}

func asArg(t *tensor.Tensor) runtime.Arg {
	switch {
	case len(t.Shape) > 0:
		return runtime.Tensor(t)
	case t.DType.IsFloat():
		return runtime.Float(t.Floats()[0])
	}
	return runtime.Int(t.Ints()[0])
}

func (s *Session) context() context.Context {
	if s.Ctx == nil {
		return context.Background()
	}
	return s.Ctx
}

// located gives an error of a pass or of the VM its place in the text that the kernel comes from.
func (s *Session) located(k *ir.Kernel, err error) error {
	var pe *passes.Error
	var ve *vm.Error
	src := s.source(k)
	var l diag.List
	switch {
	case src == nil:
		return err
	case errors.As(err, &pe) && pe.Span != (ir.Span{}):
		l = compile.Diagnose(src, pe)
	case errors.As(err, &pe):
		return fmt.Errorf("kernel %s: %s: %w", k.Name, pe.Code, err)
	case errors.As(err, &ve) && ve.Op != nil:
		d := l.Errorf(src, diag.Span(ve.Op.Span), runCode, "%s", ve.Text)
		if ve.Other != nil {
			d.Note(diag.Span(ve.Other.Span), "the other operation is here")
		}
	default:
		return err
	}
	return l
}

func (s *Session) source(k *ir.Kernel) *diag.Source {
	if s.Src != nil && s.Src.Path == k.Source {
		return s.Src
	}
	for _, src := range s.Pkg.Sources {
		if src.Path == k.Source {
			return src
		}
	}
	return nil
}
