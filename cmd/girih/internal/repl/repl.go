// Package repl is the conversation of `girih repl`: it takes lines, and answers.
//
// The model. Lines are gathered until the parser says that they are whole. What starts with a colon is a command
// (commands.go); a declaration joins the package of the session, in place of what had its names; everything else are
// statements on whole tensors (internal/script), and an expression shows its value. After a mistake the session is as it was.
//
// The boundary: it knows no terminal. Editing, colours of the prompt and the history are the caller's, so that a script is
// answered as a person is.
package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/cache"
)

// Options connect a conversation with where it takes place.
type Options struct {
	Out   io.Writer
	Errs  io.Writer
	Color bool
	Cache *cache.Cache
	// Explain prints what the compiler decided for a kernel of the package, line by line.
	Explain func(w io.Writer, pkg *lang.Package, decl lang.Kernel, k *ir.Kernel, target string) error
	// Doc prints the page of a diagnostic's code; false if there is none.
	Doc func(w io.Writer, name string) bool
}

// REPL is one conversation.
type REPL struct {
	o       Options
	s       *script.Session
	decls   []*chunk
	devices map[string]*script.Device
	pending string
	asked   int // inputs so far: the number in the names of their sources
	Failed  bool
	Quit    bool
}

// chunk is one declaration that is part of the session.
type chunk struct {
	source string // its path in messages
	text   string
	names  []string
}

// New starts a conversation.
func New(o Options) (*REPL, error) {
	r := &REPL{o: o, devices: map[string]*script.Device{}}
	pkg, err := lang.LoadTexts("repl", []string{"[0]"}, map[string]string{"[0]": ""})
	if err != nil {
		return nil, err
	}
	d, err := r.device("vm")
	if err != nil {
		return nil, err
	}
	r.s = &script.Session{Pkg: pkg, Device: d, Out: o.Out, Dir: ".", Seed: 1, Specialise: true}
	return r, nil
}

// Close gives the executors back.
func (r *REPL) Close() error {
	var err error
	for _, d := range r.devices {
		err = errors.Join(err, d.Close())
	}
	return err
}

func (r *REPL) device(name string) (*script.Device, error) {
	if d := r.devices[name]; d != nil {
		return d, nil
	}
	d, err := script.Open(name, r.o.Cache)
	var missing *script.Missing
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("%s is not here: %s; %s", name, missing.Reason, missing.Install)
	}
	if err == nil {
		r.devices[name] = d
	}
	return d, err
}

// More says that the lines so far are the beginning of something.
func (r *REPL) More() bool { return r.pending != "" }

// Drop forgets the lines that have been gathered.
func (r *REPL) Drop() { r.pending = "" }

// End says that no more lines come: what is gathered is answered as it is.
func (r *REPL) End() {
	if r.pending != "" {
		r.answer(r.pending, true)
	}
}

// Line takes a line.
func (r *REPL) Line(line string) {
	if r.pending == "" && strings.HasPrefix(strings.TrimSpace(line), ":") {
		r.guard(func() error { return r.command(strings.TrimSpace(line)) })
		return
	}
	r.pending += line + "\n"
	r.answer(r.pending, false)
}

// answer runs a text if it is whole, or in any case.
func (r *REPL) answer(text string, whole bool) {
	if strings.TrimSpace(text) == "" {
		r.pending = ""
		return
	}
	src := diag.NewSource(fmt.Sprintf("[%d]", r.asked+1), text)
	var run func() error
	var errs diag.List
	if declares(text) {
		var f *syntax.File
		f, errs = syntax.Parse(src)
		run = func() error { return r.declare(src, f) }
	} else {
		var stmts []syntax.Stmt
		stmts, errs = syntax.ParseStmts(src)
		run = func() error { return r.statements(src, stmts) }
	}
	if !whole && syntax.Incomplete(errs) {
		return
	}
	r.pending = ""
	r.asked++
	r.guard(func() error {
		if err := errs.Err(); err != nil {
			return err
		}
		return run()
	})
}

var declaring = []string{"kernel", "func", "layout", "const", "package", "test", "input"}

// declares says whether a text starts with a declaration, comments aside.
func declares(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		f := strings.Fields(line)
		return len(f) > 1 && slices.Contains(declaring, f[0]) && f[1] != ":=" && f[1] != "="
	}
	return true // comments alone: the doc of what follows
}

// guard runs something; a mistake is shown, and the session goes on. Ctrl-C ends what runs.
func (r *REPL) guard(f func() error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r.s.Ctx = ctx
	defer func() {
		if p := recover(); p != nil {
			r.Failed = true
			fmt.Fprintf(r.o.Errs, "internal error: %v\nThis is a bug of girih: please report it with the lines before.\n", p)
			if os.Getenv("GIRIH_DEBUG") == "1" {
				fmt.Fprintf(r.o.Errs, "%s", debug.Stack())
			}
		}
	}()
	if err := f(); err != nil {
		r.Failed = true
		r.complain(err)
	}
}

func (r *REPL) complain(err error) {
	var list diag.List
	var f *script.Failure
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(r.o.Errs, "interrupted")
	case errors.As(err, &list):
		_ = list.Render(r.o.Errs, diag.Options{Color: r.o.Color, Limit: 10})
	case errors.As(err, &f):
		var l diag.List
		l.Errorf(f.Src, f.At, "failed", "%s", f.Text)
		_ = l.Render(r.o.Errs, diag.Options{Color: r.o.Color})
	default:
		fmt.Fprintf(r.o.Errs, "%s\n", err)
	}
}

// statements runs statements; the value of an expression is shown.
func (r *REPL) statements(src *diag.Source, stmts []syntax.Stmt) error {
	r.s.Src = src
	for _, st := range stmts {
		x, ok := st.(*syntax.ExprStmt)
		if !ok {
			if err := r.s.Exec([]syntax.Stmt{st}); err != nil {
				return err
			}
			continue
		}
		v, err := r.s.Eval(x.X)
		if err != nil {
			return err
		}
		r.show(v)
	}
	return nil
}

func (r *REPL) show(v script.Value) {
	fmt.Fprint(r.o.Out, script.Show(v, script.ShowOptions{Histogram: true}))
}

// declare adds declarations to the package of the session.
func (r *REPL) declare(src *diag.Source, f *syntax.File) error {
	next := slices.Clone(r.decls)
	for _, d := range f.Decls {
		names := declared(d)
		next = slices.DeleteFunc(next, func(c *chunk) bool {
			return slices.ContainsFunc(c.names, func(n string) bool { return slices.Contains(names, n) })
		})
		for _, n := range names {
			r.s.Forget(n)
		}
		// Lines above the declaration keep its places those of the text.
		start := d.Span().Start
		if doc := docOf(d); doc != nil {
			start = doc.Span().Start
		}
		text := strings.Repeat("\n", src.LineOf(start)-1) + src.Slice(diag.Span{Start: start, End: d.Span().End}) + "\n"
		name := src.Path
		for i := 2; slices.ContainsFunc(next, func(c *chunk) bool { return c.source == name }); i++ {
			name = fmt.Sprintf("%s#%d", src.Path, i)
		}
		next = append(next, &chunk{name, text, names})
	}
	var order []string
	texts := map[string]string{"[0]": ""}
	order = append(order, "[0]")
	for _, c := range next {
		order, texts[c.source] = append(order, c.source), c.text
	}
	pkg, err := lang.LoadTexts("repl", order, texts)
	if err == nil {
		err = lang.Check(pkg)
	}
	if err != nil {
		return err
	}
	r.s.Pkg, r.decls = pkg, next
	for _, d := range r.devices {
		if err := d.Forget(); err != nil {
			return err
		}
	}
	return nil
}

func declared(d syntax.Decl) []string {
	switch d := d.(type) {
	case *syntax.KernelDecl:
		return []string{d.Name.Name}
	case *syntax.FuncDecl:
		return []string{d.Name.Name}
	case *syntax.LayoutDecl:
		return []string{d.Name.Name}
	case *syntax.TestDecl:
		return []string{"test " + d.Name.Name}
	case *syntax.InputDecl:
		return []string{"input " + d.Kernel.Name}
	case *syntax.ConstDecl:
		var out []string
		for _, n := range d.Names {
			out = append(out, n.Name)
		}
		return out
	}
	return nil
}

func docOf(d syntax.Decl) *syntax.Doc {
	switch d := d.(type) {
	case *syntax.KernelDecl:
		return d.Doc
	case *syntax.FuncDecl:
		return d.Doc
	case *syntax.LayoutDecl:
		return d.Doc
	case *syntax.ConstDecl:
		return d.Doc
	case *syntax.TestDecl:
		return d.Doc
	case *syntax.InputDecl:
		return d.Doc
	}
	return nil
}
