package repl

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

// command is a row of the table of what starts with a colon.
type command struct {
	name, args, doc string
	run             func(r *REPL, args string) error
}

var commands []command

func init() {
	commands = []command{
		{"help", "[NAME]", "this table; or what a command, a function, a kernel or an error's code is", (*REPL).help},
		{"on", "vm|cpu|cuda", "call kernels there from now on", (*REPL).on},
		{"type", "EXPR", "type and shape of a value", (*REPL).typeOf},
		{"layout", "EXPR", "draw a layout, or that of a value", (*REPL).layout},
		{"convert", "EXPR to EXPR", "what brings one layout to the other", (*REPL).convert},
		{"tile", "KERNEL | CALL", "tile IR of a kernel", stage("tile")},
		{"thread", "KERNEL | CALL [for TARGET]", "thread IR", stage("thread")},
		{"ptx", "KERNEL | CALL [for TARGET]", "PTX (sm_90a)", stage("ptx")},
		{"c", "KERNEL | CALL", "C text", stage("c")},
		{"explain", "KERNEL | CALL [for TARGET]", "what the compiler decided, line by line (sm_90a)", stage("explain")},
		{"time", "CALL", "median time of a kernel on the current executor", (*REPL).time},
		{"compare", "ON ON EXPR", "the same expression on two executors, and how far the results are apart", (*REPL).compare},
		{"load", "FILE | NAME = FILE[#TENSOR]", "the declarations of a .girih file; or a tensor of a .npy or .safetensors file", (*REPL).load},
		{"save", "FILE | NAME FILE", "the declarations to a .girih file; or a tensor to an .npy file", (*REPL).save},
		{"names", "", "values, kernels and functions of the session", (*REPL).names},
		{"seed", "N", "of random numbers from now on", (*REPL).seed},
		{"clear", "", "forget everything", (*REPL).clear},
		{"quit", "", "end", func(r *REPL, _ string) error { r.Quit = true; return nil }},
	}
}

// command runs a line that starts with a colon. A name may be cut short where that is clear.
func (r *REPL) command(line string) error {
	name, args, _ := strings.Cut(strings.TrimPrefix(line, ":"), " ")
	args = strings.TrimSpace(args)
	var found []command
	for _, c := range commands {
		if c.name == name {
			return r.run(c, args)
		}
		if name != "" && strings.HasPrefix(c.name, name) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return r.run(found[0], args)
	}
	return fmt.Errorf("there is no command :%s; :help lists them", name)
}

func (r *REPL) run(c command, args string) error {
	if args == "" && c.args != "" && !strings.HasPrefix(c.args, "[") {
		return fmt.Errorf("its form is :%s %s", c.name, c.args)
	}
	return c.run(r, args)
}

func (r *REPL) printf(format string, args ...any) { fmt.Fprintf(r.o.Out, format, args...) }

func (r *REPL) help(name string) error {
	if name == "" {
		for _, c := range commands {
			r.printf(":%-8s %-28s %s\n", c.name, c.args, c.doc)
		}
		r.printf("\nWhat is declared (kernel, func, layout, const) and values (x := iota(f32, 4, 4)) stay. An expression shows its value:\n" +
			"x + 1, x[1, :], x @ x (the matrix product; @ binds loosest), Softmax(x), close(a, b, rel: 1e-3).\n" +
			"x @ local(2,2) gives a layout. A line goes on below while it is not whole; Tab completes.\n")
		return nil
	}
	name = strings.TrimPrefix(name, ":")
	for _, c := range commands {
		if c.name == name {
			r.printf(":%s %s\n    %s\n", c.name, c.args, c.doc)
			return nil
		}
	}
	for _, f := range script.HostFuncs {
		if f.Name == name {
			r.printf("%s\n    %s\n", f.Form, f.Doc)
			if !lower.IsBuiltin(name) {
				return nil
			}
		}
	}
	for _, b := range lower.Builtins() {
		if b.Name == name {
			r.printf("%s\n    %s\n", b.Form, b.Doc)
			return nil
		}
	}
	for _, k := range r.s.Pkg.Kernels() {
		if k.Name == name {
			head := k.Source.Slice(diag.Span{Start: k.Decl.Span().Start, End: k.Decl.Body.Span().Start})
			r.printf("%s\n", strings.TrimSpace(head))
			if k.Doc != "" {
				r.printf("    %s\n", strings.ReplaceAll(k.Doc, "\n", "\n    "))
			}
			return nil
		}
	}
	if r.o.Doc != nil && r.o.Doc(r.o.Out, name) {
		return nil
	}
	return fmt.Errorf("nothing is called %s", name)
}

func (r *REPL) on(name string) error {
	d, err := r.device(name)
	if err == nil {
		r.s.Device = d
	}
	return err
}

// parse reads an expression of a command's line.
func (r *REPL) parse(text string) (syntax.Expr, error) {
	src := diag.NewSource("command", text)
	x, errs := syntax.ParseExpr(src)
	r.s.Src = src
	return x, errs.Err()
}

func (r *REPL) eval(text string) (script.Value, error) {
	x, err := r.parse(text)
	if err != nil {
		return script.Value{}, err
	}
	return r.s.Eval(x)
}

func (r *REPL) typeOf(text string) error {
	v, err := r.eval(text)
	if err != nil {
		return err
	}
	parts := v.Tuple
	if parts == nil {
		parts = []script.Value{v}
	}
	for _, p := range parts {
		switch {
		case p.Tensor != nil:
			r.printf("%s: %d bytes\n", p.Tensor, len(p.Tensor.Data))
		default:
			r.printf("%s\n", p)
		}
	}
	return nil
}

func (r *REPL) names(string) error {
	all := r.s.Names()
	var list []string
	for n := range all {
		list = append(list, n)
	}
	sort.Strings(list)
	for _, n := range list {
		r.printf("%-12s %s\n", n, all[n])
	}
	for _, k := range script.Kernels(r.s.Pkg) {
		r.printf("kernel       %s\n", k)
	}
	for _, c := range r.decls {
		for _, n := range c.names {
			if what := r.s.Pkg.Declares(n); what != "kernel" && what != "" {
				r.printf("%-12s %s\n", what, n)
			}
		}
	}
	return nil
}

func (r *REPL) seed(text string) error {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return fmt.Errorf(":seed %s: expected a number from 0 to 2^64-1", text)
	}
	r.s.Seed = n
	return nil
}

func (r *REPL) clear(string) error {
	pkg, err := lang.LoadTexts("repl", []string{"[0]"}, map[string]string{"[0]": ""})
	if err != nil {
		return err
	}
	r.decls, r.s.Pkg = nil, pkg
	r.s.Reset()
	for _, d := range r.devices {
		err = errors.Join(err, d.Forget())
	}
	return err
}

// load reads declarations, or a tensor.
func (r *REPL) load(text string) error {
	if name, path, ok := strings.Cut(text, "="); ok {
		if name = strings.TrimSpace(name); !syntax.IsName(name) {
			return fmt.Errorf("%q is no name", name)
		}
		path, entry, _ := strings.Cut(strings.TrimSpace(path), "#")
		t, err := script.LoadTensor(path, entry)
		if err != nil {
			return err
		}
		r.s.Set(name, script.Value{Tensor: t})
		r.printf("%s = %s\n", name, t)
		return nil
	}
	p, err := lang.Load(text)
	if err != nil {
		return err
	}
	for i, f := range p.Files {
		if err := r.declare(p.Sources[i], f); err != nil {
			return err
		}
	}
	r.s.Dir = filepath.Dir(text)
	for _, k := range script.Kernels(p) {
		r.printf("%s\n", k)
	}
	return nil
}

// save writes declarations, or a tensor.
func (r *REPL) save(text string) error {
	if strings.HasSuffix(text, lang.Extension) {
		var parts []string
		for _, c := range r.decls {
			parts = append(parts, strings.TrimSpace(c.text)+"\n")
		}
		out, err := syntax.Format(diag.NewSource(text, strings.Join(parts, "\n")))
		if err != nil {
			return err
		}
		return os.WriteFile(text, out, 0o666)
	}
	name, path, ok := strings.Cut(text, " ")
	v, found := r.s.Lookup(name)
	switch {
	case !ok:
		return fmt.Errorf("its form is :save FILE%s or :save NAME FILE.npy", lang.Extension)
	case !found || v.Tensor == nil:
		return fmt.Errorf("%s is no tensor", name)
	}
	return tensor.SaveNpy(strings.TrimSpace(path), v.Tensor, false)
}

// compare evaluates an expression on two executors.
func (r *REPL) compare(text string) error {
	f := strings.Fields(text)
	if len(f) < 3 || !slices.Contains(script.Executors, f[0]) || !slices.Contains(script.Executors, f[1]) {
		return fmt.Errorf("its form is :compare vm cuda EXPR")
	}
	rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(text, f[0])), f[1]))
	x, err := r.parse(rest)
	if err != nil {
		return err
	}
	was, calls := r.s.Device, len(r.s.Calls)
	defer func() { r.s.Device = was }()
	var got [2][]script.Value
	for i, name := range f[:2] {
		if r.s.Device, err = r.device(name); err != nil {
			return err
		}
		v, err := r.s.Again(x)
		if err != nil {
			return err
		}
		if got[i] = v.Tuple; v.Tuple == nil {
			got[i] = []script.Value{v}
		}
	}
	if len(r.s.Calls) == calls {
		return fmt.Errorf("the expression calls no kernel: everything else runs in the VM")
	}
	for i := range got[0] {
		a, b := got[0][i].Tensor, got[1][i].Tensor
		if a == nil || b == nil {
			continue
		}
		d, err := tensor.Match(b, a)
		if err != nil {
			return err
		}
		r.printf("%s against %s, %s: %s\n", f[1], f[0], a, d)
	}
	return nil
}
