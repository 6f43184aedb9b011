// Package ptx prints thread IR as an LLVM module for NVIDIA GPUs and has LLVM make PTX of it.
//
// The model: [Module] walks a [thread.Func] once and translates node by node. What it adds is only what the machine needs:
//
//   - loops over local indices are unrolled, with their counter a constant, so that integer arithmetic on it folds away;
//   - local arrays become SSA values on the way (locals.go): there is no alloca, so nothing can end in local memory, and an
//     index that is still unknown when printing is an error that names the array;
//   - vectors are held as parts of one register each (value.go): a float, a pair of halves, four bytes;
//   - memory accesses of any width and alignment become the widest instructions that the alignment allows, and predicated
//     ones become predicated instructions, not branches (memory.go);
//   - functions that the hardware lacks are formulas in thread IR themselves (formula.go), so that a test can evaluate on the
//     host the very arithmetic that the GPU runs.
//
// Arithmetic is strict: no fast-math flag is ever set, so LLVM writes add.rn and mul.rn, which ptxas may not contract, and
// subnormals are kept. The text is a function of the input alone.
//
// The boundary: this package knows PTX instructions and NVIDIA's targets; it knows nothing of tiles, layouts or the types of
// the language. Running LLVM is package llvm's work, checking the PTX with NVIDIA's assembler is package ptxas's.
package ptx

import (
	"context"
	"fmt"
	"regexp"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/thread"
)

// Error is a kernel that cannot be printed for a GPU. Where Internal is set the lowering gave thread IR that breaks a rule of
// this package; otherwise the kernel asks for something that the target does not have, and the message says what to do.
type Error struct {
	Kernel   string
	Target   string
	Op       string // operation of thread IR, empty when the whole function is meant
	Message  string
	Internal bool
}

func (e *Error) Error() string {
	s := "kernel " + e.Kernel + " for " + e.Target + ": "
	if e.Internal {
		s += "internal error: "
	}
	if e.Op != "" {
		s += e.Op + ": "
	}
	return s + e.Message
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// Module prints the function as the text of an LLVM module with one kernel of the function's name. Parameters are passed in
// order, addresses as 64-bit global addresses aligned to 16 bytes, Bool as a byte. The kernel has a block of f.Threads × 1 × 1
// threads and addresses f.Shared bytes of dynamic shared memory, which the launch must grant. Tensors that are not written
// must not overlap with those that are. Errors are *Error.
func Module(f *thread.Func, t Target) (text []byte, err error) {
	p := &printer{f: f, t: t}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok { // a rule broken deep inside llx or here: name the operation instead of a stack
				e = &Error{Kernel: f.Name, Target: t.CPU, Message: fmt.Sprint(r), Internal: true}
				if p.node != nil {
					e.Op = p.node.Op.String()
				}
			}
			text, err = nil, e
		}
	}()
	switch {
	case !identifier.MatchString(f.Name):
		p.fail("%q is no name that PTX accepts: expected letters, digits, _ and $", f.Name)
	case f.Threads < 1 || f.Threads > 1024:
		p.fail("a block of %d threads: expected 1 to 1024", f.Threads)
	case f.Shared > t.Shared:
		p.refuse("the kernel needs %d bytes of shared memory for each block, and %s has %d: use smaller tiles or fewer stages", f.Shared, t.CPU, t.Shared)
	}
	p.function()
	return p.m.Text(), nil
}

// Compile prints the function and compiles it to PTX. Errors are *Error, *llvm.Error, or the context's.
func Compile(ctx context.Context, f *thread.Func, t Target, d llvm.Driver) ([]byte, error) {
	text, err := Module(f, t)
	if err != nil {
		return nil, err
	}
	r, err := d.Compile(ctx, text, llvm.Options{CPU: t.CPU, Features: t.PTX})
	if err != nil {
		return nil, fmt.Errorf("kernel %s for %s: %w", f.Name, t.CPU, err)
	}
	return r.Text, nil
}

// fail reports thread IR that the printer cannot accept.
func (p *printer) fail(format string, args ...any) {
	e := p.err(format, args...)
	e.Internal = true
	panic(e)
}

// refuse reports what the target lacks.
func (p *printer) refuse(format string, args ...any) { panic(p.err(format, args...)) }

func (p *printer) err(format string, args ...any) *Error {
	e := &Error{Kernel: p.f.Name, Target: p.t.CPU, Message: fmt.Sprintf(format, args...)}
	if p.node != nil {
		e.Op = p.node.Op.String()
	}
	return e
}
