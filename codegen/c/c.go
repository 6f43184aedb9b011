// Package c prints thread IR as C11 for GCC and Clang.
//
// The model: [Print] walks a [thread.Func] once and translates node by node into one translation unit. What it adds is
// what the C compiler needs to make good machine code of it:
//
//   - a value that is used once becomes part of its user's expression, so that a loop over a tile is one line; any other
//     value is a constant of the innermost scope (value.go);
//   - integers wrap by unsigned arithmetic, except where their ranges prove that nothing can overflow (ranges.go): those stay
//     signed, because only of such an index does a compiler know that it runs along an array;
//   - vectors fall apart into lanes, which compilers join again;
//   - local arrays lie on the stack when they are small and else in one struct, so that the compiler can tell them apart;
//   - float formats and functions that C lacks are inline functions without branches (prelude.go, math.go), of which only
//     those in use are printed.
//
// Every float operation rounds once to nearest even: the text wants -ffp-contract=off and no -ffast-math, and floats of 16
// bits go through float, which is harmless for + - * / and square roots since 24 bits are at least twice 11 and two more.
// There is no undefined behaviour where the operations keep their contracts. The text is a function of the input alone.
//
// The exported function has one C ABI for all kernels:
//
//	int32_t NAME(void **args, const int64_t grid[6], void *scratch)
//
// args[i] points to the value of parameter i (an address for a tensor, else the scalar), as in cuLaunchKernel. grid is
// {gx, gy, gz, first, end, next}: it runs the blocks with linear numbers x + gx*(y + gy*z) from first to end-1. If next is not 0,
// it is the address of an int64_t, the first block that nobody has taken: the function takes ranges of the same length from there,
// atomically, until the grid is done, so that callers on several threads share a grid without coming back for each range.
// scratch has NAME_scratch bytes (an exported int64_t), aligned to 64, for one call at a time. The result is 0, or [BadStep].
//
// The boundary: it knows C and thread IR; nothing of tiles or layouts, and it runs no compiler.
package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// Options choose what Print adds. The zero value is right for running.
type Options struct {
	Comment string // lines for the head of the text, such as where the kernel comes from
	Stack   int    // bytes of local arrays of a block that may lie on the stack; 0 is 32 KB
}

// BadStep is the result of a kernel that met a loop with a step below 1. The blocks after that one have not run.
const BadStep = 1

// largest is the size in bytes above which a local array always lies in scratch memory.
const largest = 4096

// Error is a function that cannot be printed as C: it has an operation that only a GPU has, or breaks a rule of thread IR.
type Error struct {
	Kernel string
	Op     string // operation of thread IR, empty when the whole function is meant
	Text   string
}

func (e *Error) Error() string {
	s := "kernel " + e.Kernel + " for the CPU: "
	if e.Op != "" {
		s += e.Op + ": "
	}
	return s + e.Text
}

// Print gives the translation unit of a function. Errors are *Error.
func Print(f *thread.Func, o Options) (text []byte, err error) {
	p := &printer{f: f, o: o, sym: Symbol(f.Name)}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok { // a malformed tree: name the operation instead of a stack
				e = p.err("internal error: %v", r)
			}
			text, err = nil, e
		}
	}()
	if f.Threads != 1 {
		return nil, p.err("a block of %d threads: expected 1", f.Threads)
	}
	return p.unit(), nil
}

func (p *printer) err(format string, args ...any) *Error {
	e := &Error{Kernel: p.f.Name, Text: fmt.Sprintf(format, args...)}
	if p.node != nil {
		e.Op = p.node.Op.String()
	}
	return e
}

func (p *printer) fail(format string, args ...any) { panic(p.err(format, args...)) }

// reserved are names that a kernel cannot have as a C symbol: keywords, and functions that compilers know or that the
// dynamic linker would find elsewhere. Everything with a small first letter is avoided below; these are the others.
func reserved(name string) bool {
	c := name[0]
	return c >= 'a' && c <= 'z' || c == '_' || c >= '0' && c <= '9' || strings.HasSuffix(name, "_scratch") || strings.HasSuffix(name, "_block")
}

// Symbol is the name of the exported function of a kernel: its own, with "girih_" before it where that could mean something
// else in C, as all names do that start with a small letter.
func Symbol(kernel string) string {
	name := clean(kernel)
	if name == "" || reserved(name) {
		return "girih_" + name
	}
	return name
}

// clean replaces what C does not allow in a name.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, s)
}
