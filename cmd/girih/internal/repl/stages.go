package repl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/cmd/girih/internal/layoutview"
	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
)

// defaultTarget is what GPU code is shown for where nobody says.
const defaultTarget = "sm_90a"

// stage is a command that shows what a stage of the compiler makes of a kernel.
func stage(name string) func(*REPL, string) error {
	return func(r *REPL, args string) error {
		target := defaultTarget
		if name == "c" {
			target = "cpu"
		}
		if i := strings.LastIndex(args, " for "); i >= 0 {
			args, target = args[:i], strings.TrimSpace(args[i+5:])
		}
		t, err := compile.Target(target)
		if err != nil {
			return err
		}
		decl, k, err := r.kernel(args)
		if err != nil {
			return err
		}
		text, err := r.stage(name, decl, k, t)
		if err != nil {
			var pe *passes.Error
			if errors.As(err, &pe) {
				return fmt.Errorf("%s: %s; %s", pe.Code, pe.Text, pe.Help)
			}
			return err
		}
		r.printf("%s", text)
		return nil
	}
}

func (r *REPL) stage(name string, decl lang.Kernel, k *ir.Kernel, t passes.Target) (string, error) {
	switch name {
	case "tile":
		return k.String(), nil
	case "explain":
		return "", r.o.Explain(r.o.Out, r.s.Pkg, decl, k, t.Name)
	case "ptx":
		if !t.GPU {
			return "", fmt.Errorf("%s has no PTX", t.Name)
		}
		code, err := compile.GPU(r.s.Ctx, k, t.Name, compile.Options{Cache: r.o.Cache})
		if errors.Is(err, llvm.ErrMissing) {
			return "", fmt.Errorf("compiling for a GPU needs LLVM %d: %w", llvm.Major, err)
		}
		if err != nil {
			return "", err
		}
		return string(code.PTX), nil
	}
	code, err := compile.Thread(k, t, compile.Options{})
	if err != nil {
		return "", err
	}
	if name == "thread" {
		return code.Thread.String(), nil
	}
	text, err := c.Print(code.Thread, c.Options{})
	return string(text), err
}

// kernel is what a command's line names: a call of a kernel, with arguments, or a kernel alone, with its defaults.
func (r *REPL) kernel(text string) (decl lang.Kernel, k *ir.Kernel, err error) {
	x, err := r.parse(text)
	if err != nil {
		return decl, nil, err
	}
	switch x := x.(type) {
	case *syntax.CallExpr:
		p, err := r.s.Prepare(x)
		if err != nil {
			return decl, nil, err
		}
		return p.Decl, p.Kernel, nil
	case *syntax.Ident:
		if decl, err = r.s.Pkg.Kernel(x.Name); err != nil {
			return decl, nil, err
		}
		if len(decl.Static) > 0 {
			return decl, nil, fmt.Errorf("kernel %s is compiled for fixed extents (%s): name a call of it, such as %s(x)", x.Name, strings.Join(decl.Static, ", "), x.Name)
		}
		k, err = lang.Lower(r.s.Pkg, x.Name, lang.Options{})
		return decl, k, err
	}
	return decl, nil, fmt.Errorf("%s: a kernel or a call of one is expected", text)
}

// layoutText is the layout that an expression denotes, or that of its value.
func (r *REPL) layoutText(text string) (string, error) {
	v, err := r.eval(text)
	switch {
	case err != nil:
		return "", err
	case v.Layout == nil:
		return "", fmt.Errorf("%s is %s and has no layout; give it one with @", strings.TrimSpace(text), v)
	}
	return v.Layout.String(), nil
}

func (r *REPL) layout(text string) error {
	l, err := r.layoutText(text)
	if err != nil {
		return err
	}
	return layoutview.Run(r.o.Out, layoutview.Args{Expr: l, Color: r.o.Color})
}

func (r *REPL) convert(text string) error {
	from, to, ok := strings.Cut(text, " to ")
	if !ok {
		return fmt.Errorf("its form is :convert EXPR to EXPR")
	}
	a, err := r.layoutText(from)
	if err != nil {
		return err
	}
	b, err := r.layoutText(to)
	if err != nil {
		return err
	}
	return layoutview.Run(r.o.Out, layoutview.Args{Expr: a, To: b, Color: r.o.Color})
}

// time measures a call: the program's own measure where it has one, else the median of runs.
func (r *REPL) time(text string) error {
	x, err := r.parse(text)
	if err != nil {
		return err
	}
	call, ok := x.(*syntax.CallExpr)
	if !ok {
		return fmt.Errorf("%s: a call of a kernel is expected", text)
	}
	p, err := r.s.Prepare(call)
	if err != nil {
		return err
	}
	args, err := p.Args()
	if err != nil {
		return err
	}
	start := time.Now()
	prog, err := r.s.Device.Program(r.s.Ctx, p.Kernel)
	if err != nil {
		return err
	}
	ready := time.Since(start)
	took, bytes, err := measure(r.s.Ctx, prog, args)
	if err != nil {
		return err
	}
	r.printf("%s on %s: %v, %.3g GB/s (ready after %v)\n", p.Text, r.s.Device.Name, short(took), float64(bytes)/float64(max(took, 1)), short(ready))
	return nil
}

func short(d time.Duration) time.Duration {
	for unit := time.Second; unit > 1; unit /= 10 {
		if d >= unit {
			return d.Round(unit / 100)
		}
	}
	return d
}

func measure(ctx context.Context, p *script.Program, args []runtime.Arg) (time.Duration, int64, error) {
	st, err := p.Run(ctx, args)
	if err != nil {
		return 0, 0, err
	}
	n := int(min(20, max(1, 2*time.Second/max(st.Time, 1))))
	switch t := p.Program.(type) {
	case interface {
		Time(context.Context, []runtime.Arg, int) (time.Duration, int64, error)
	}:
		return t.Time(ctx, args, n)
	case interface {
		Time(context.Context, []runtime.Arg, int) (time.Duration, error)
	}:
		d, err := t.Time(ctx, args, n)
		return d, st.Bytes, err
	}
	var took []time.Duration
	for range n {
		if st, err = p.Run(ctx, args); err != nil {
			return 0, 0, err
		}
		took = append(took, st.Time)
	}
	slices.Sort(took)
	return took[len(took)/2], st.Bytes, nil
}
