package girih

import (
	"errors"
	"fmt"
	"io"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/vm"
)

// What can go wrong beside mistakes in the source, for errors.Is. The error itself says more: which argument, what was
// expected, what was found, what to install.
var (
	ErrNoGPU      = errors.New("no usable GPU")            // no driver, no device, or not that one
	ErrNoCompiler = errors.New("no C compiler")            // for "cpu"
	ErrNoLLVM     = errors.New("no LLVM")                  // to compile for a GPU
	ErrArgument   = errors.New("wrong argument")           // a wrong number of them, a tensor for a scalar, a value out of range
	ErrDType      = errors.New("wrong element type")       // of an argument, or no such type
	ErrShape      = errors.New("wrong shape")              // of an argument: rank, extent, divisor
	ErrDevice     = errors.New("wrong device")             // tensors of two devices, or a pointer that is not the device's
	ErrLayout     = errors.New("wrong memory layout")      // packed in another order, or not contiguous
	ErrFreed      = errors.New("the tensor is freed")      // used after Free
	ErrClosed     = errors.New("closed")                   // a device, stream, graph or launcher used after Close
	ErrBundle     = errors.New("unusable generated files") // damaged, or of another version: run go generate
)

// kindError gives an error its kind without a word of its own.
type kindError struct{ kind, err error }

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }

func because(kind, err error) error {
	if err == nil {
		return nil
	}
	return &kindError{kind, err}
}

func errorf(kind error, format string, args ...any) error {
	return &kindError{kind, fmt.Errorf(format, args...)}
}

// SourceError is one or more mistakes in Girih source, or a mistake of a kernel that showed when it ran (an index out of
// bounds in the VM, say), each with its place.
type SourceError struct {
	Diagnostics []Diagnostic // in the order of the source; at least one is no warning
	list        diag.List
}

// Diagnostic is one message about a place in source text. Lines and columns count from 1, columns in runes. Code is stable
// and documented ("G0103"); it is empty for what showed at run time.
type Diagnostic struct {
	File         string
	Line, Column int
	Code         string
	Message      string // what was expected and what was found
	Help         string // what to do; may be empty
	Warning      bool
	Notes        []Note
}

// Note is a second place that has to do with a Diagnostic: where a name was declared, say.
type Note struct {
	File         string
	Line, Column int
	Message      string
}

// Error is one line for each message: "file:line:column: code: message".
func (e *SourceError) Error() string { return e.list.Error() }

// Unwrap gives the compiler's own form.
func (e *SourceError) Unwrap() error { return e.list }

// Render writes the messages with their source lines and carets, for people; color adds ANSI colours.
func (e *SourceError) Render(w io.Writer, color bool) error {
	return e.list.Render(w, diag.Options{Color: color})
}

func sourceError(l diag.List) *SourceError {
	l = l.Sorted()
	e := &SourceError{list: l}
	for _, d := range l {
		at := d.Source.At(d.Span.Start)
		q := Diagnostic{File: at.Path, Line: at.Line, Column: at.Col, Code: d.Code, Message: d.Message, Help: d.Help,
			Warning: d.Severity == diag.Warning}
		for _, n := range d.Notes {
			src := n.Source
			if src == nil {
				src = d.Source
			}
			at := src.At(n.Span.Start)
			q.Notes = append(q.Notes, Note{at.Path, at.Line, at.Col, n.Message})
		}
		e.Diagnostics = append(e.Diagnostics, q)
	}
	return e
}

// published turns an error of the rooms below into one of this package's: with its place in the source where it has one,
// and with its kind.
func published(pkg *lang.Package, k *ir.Kernel, err error) error {
	var list diag.List
	var pe *passes.Error
	var ve *vm.Error
	src := sourceOf(pkg, k)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
		return sourceError(list)
	case src != nil && errors.As(err, &pe) && pe.Span != (ir.Span{}):
		return sourceError(compile.Diagnose(src, pe))
	case errors.As(err, &pe):
		return fmt.Errorf("kernel %s: %s: %w (%s)", k.Name, pe.Code, err, pe.Help)
	case src != nil && errors.As(err, &ve) && ve.Op != nil && ve.Op.Span != (ir.Span{}):
		var l diag.List
		d := l.Errorf(src, diag.Span(ve.Op.Span), "run", "%s", ve.Text)
		if ve.Other != nil {
			d.Note(diag.Span(ve.Other.Span), "the other operation is here")
		}
		e := sourceError(l)
		for i := range e.Diagnostics {
			e.Diagnostics[i].Code = ""
		}
		return e
	case errors.Is(err, cuda.ErrNoDriver), errors.Is(err, cuda.ErrNoDevice):
		return because(ErrNoGPU, err)
	case errors.Is(err, cpu.ErrNoCompiler):
		return because(ErrNoCompiler, err)
	case errors.Is(err, llvm.ErrMissing):
		return because(ErrNoLLVM, err)
	}
	return err
}

// sourceOf is the text that the places of a kernel point into, or nil.
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
