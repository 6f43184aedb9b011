package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/vm"
)

// The exit codes of the contract (design: command line).
const (
	exitFine = iota
	exitCheck
	exitUsage
	exitCompile
	exitRuntime
)

// failure is an error with its exit code and what to do about it.
type failure struct {
	code  int
	err   error
	help  string
	quiet bool // everything about it has been printed
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// with adds a line that says what to do.
func (f *failure) with(format string, args ...any) *failure {
	f.help = fmt.Sprintf(format, args...)
	return f
}

func usagef(format string, args ...any) *failure {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...)}
}

func runtimef(format string, args ...any) *failure {
	return &failure{code: exitRuntime, err: fmt.Errorf(format, args...)}
}

// report prints an error and gives the exit code. What has no code of its own is a runtime error.
func (a *app) report(err error) int {
	if err == nil {
		return exitFine
	}
	var list diag.List
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitRuntime, err: err}
		if errors.As(err, &list) {
			f.code = exitCompile
		}
	}
	if f.quiet {
		return f.code
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.errs, "girih: interrupted")
		return exitRuntime
	}
	if errors.As(err, &list) {
		a.render(list)
		return f.code
	}
	fmt.Fprintf(a.errs, "girih: %s\n", clean(err.Error()))
	if f.help != "" {
		fmt.Fprintf(a.errs, "help: %s\n", f.help)
	}
	return f.code
}

// clean drops what the levels of a chain repeat and keeps control characters off the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return '\uFFFD'
		}
		return r
	}, s)
}

// compileError gives an error of the compiler its place in the source: an error of a pass or of the VM names operations,
// which know where they come from. pkg is nil for a kernel that was read as tile IR.
func compileError(pkg *lang.Package, k *ir.Kernel, err error) error {
	var pe *passes.Error
	var ve *vm.Error
	var list diag.List
	var f *failure
	src := sourceOf(pkg, k)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.As(err, &list):
		return &failure{code: exitCompile, err: list}
	case src != nil && errors.As(err, &pe) && pe.Span != (ir.Span{}):
		return &failure{code: exitCompile, err: compile.Diagnose(src, pe)}
	case errors.As(err, &pe):
		return (&failure{code: exitCompile, err: fmt.Errorf("kernel %s: %s: %s", k.Name, pe.Code, pe.Text)}).with("%s", pe.Help)
	case src != nil && errors.As(err, &ve) && ve.Op != nil:
		var l diag.List
		d := l.Errorf(src, diag.Span(ve.Op.Span), "runtime error", "%s", ve.Text)
		if ve.Other != nil {
			d.Note(diag.Span(ve.Other.Span), "the other operation is here")
		}
		return &failure{code: exitRuntime, err: l}
	}
	return &failure{code: exitCompile, err: err}
}

// sourceOf is the text that the spans of a kernel point into, or nil.
func sourceOf(pkg *lang.Package, k *ir.Kernel) *diag.Source {
	if pkg == nil || k == nil {
		return nil
	}
	for _, s := range pkg.Sources {
		if s.Path == k.Source {
			return s
		}
	}
	return nil
}
