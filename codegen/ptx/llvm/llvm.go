// Package llvm compiles the text of LLVM modules to PTX with LLVM 22.
//
// The model: a [Driver] takes the text that codegen/ptx prints and gives PTX, or the optimised LLVM text. There are two, and
// they give the same bytes for the same module and options (a test holds them together):
//
//   - in process: libLLVM is loaded with dlopen and driven through its C interface. Some 10 ms for a kernel.
//   - as processes: opt and llc, joined by a pipe. Some 25 ms, most of it their start.
//
// [Find] prefers the first and falls back to the second; GIRIH_LLVM=inprocess|process|off overrides.
//
// # What happens when LLVM fails
//
// LLVM reports in four ways, and a host program must survive each:
//
//  1. Parse errors, verifier errors and errors of the pass pipeline's text come back as values.
//  2. Backend diagnostics (an inline-assembly constraint nobody knows, an unsupported feature) go to the context's diagnostic
//     handler. Without one LLVM prints them and calls exit; every context here has one.
//  3. report_fatal_error ("Cannot select", "unknown intrinsic" …) calls a handler that must not return, else LLVM ends the
//     process. Ours hands the message to the waiting caller and then parks its thread for good: every compilation runs on a
//     thread and in an LLVM context of its own, and LLVM holds no global lock at these points, so the other threads go on. The
//     price is one thread and one context (some MB) that are never freed. After [MaxFatal] of those the in-process driver
//     declines further work, and the driver of Find goes on with processes where they exist.
//  4. A crash inside LLVM (a bug of LLVM's: a fault, or memory exhausted) cannot be caught in process. Modules come only from
//     our own printers and are verified first, which removes the known causes; a host that wants walls regardless sets
//     GIRIH_LLVM=process, where even a crash is an error value like any other.
//
// A worker process of the same binary was weighed for 3 and 4: it would need a hook in the main function of every program that
// embeds Girih, and opt and llc give the same walls without one.
//
// A cancelled context makes Compile return at once. The process driver ends its children; LLVM in process cannot be
// interrupted, so there the compilation finishes in the background and its result is dropped.
//
// The boundary: this package knows LLVM's tools and its C interface, and nothing of tiles or of how modules are printed.
package llvm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Major is the version of LLVM that the drivers accept: the text of modules and of PTX changes between major versions.
const Major = 22

// triple is the target of every module.
const triple = "nvptx64-nvidia-cuda"

// Emit says what a compilation gives.
type Emit int

// What Compile can give.
const (
	Asm Emit = iota // PTX
	LL              // LLVM text after the passes
)

// Options of one compilation.
type Options struct {
	CPU      string // "sm_90a"; must not be empty
	Features string // "+ptx87", the PTX version; empty for the least that the CPU asks
	Passes   string // opt's -passes syntax; empty for DefaultPasses
	Emit     Emit
}

// Timings says where the time went. The process driver fills Passes (until opt ended) and Codegen (from then until llc ended),
// which overlap the processes' start; the others are of the in-process driver.
type Timings struct {
	Parse, Verify, Passes, Codegen, Total time.Duration
}

// String is a one-line summary for --timings and debugging.
func (t Timings) String() string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("parse %.2f ms, verify %.2f ms, passes %.2f ms, codegen %.2f ms, total %.2f ms",
		ms(t.Parse), ms(t.Verify), ms(t.Passes), ms(t.Codegen), ms(t.Total))
}

// Result of a compilation.
type Result struct {
	Text    []byte // PTX or LLVM text
	Timings Timings
}

// Driver compiles modules. It is safe for concurrent use.
type Driver interface {
	// Name is "inprocess" or "process".
	Name() string
	// Version is LLVM's, "22.1.8", for cache keys and `girih doctor`.
	Version() string
	// Path is the library or the directory of the tools.
	Path() string
	// Compile compiles one module of LLVM text. Its errors are *Error, or the context's.
	Compile(ctx context.Context, module []byte, o Options) (Result, error)
}

// Stage is the part of LLVM that refused a module.
type Stage string

// The stages.
const (
	StageParse   Stage = "parse"   // not LLVM text
	StageVerify  Stage = "verify"  // LLVM text that breaks LLVM's rules
	StagePasses  Stage = "passes"  // the pass pipeline's text is wrong
	StageCodegen Stage = "codegen" // no PTX for this module on this target
	StageCrash   Stage = "crash"   // LLVM itself failed
)

// Error is LLVM's refusal of a module. Modules are printed by the compiler, so to a user this is an internal error; the line is
// of the module's text.
type Error struct {
	Driver  string
	Stage   Stage
	Line    int // 1-based line of the module's text; 0 if LLVM said none
	Message string
}

// Error is one line for messages of one line.
func (e *Error) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf(" at line %d of the module", e.Line)
	}
	return fmt.Sprintf("LLVM (%s, %s)%s: %s", e.Driver, e.Stage, at, e.Message)
}

// moduleName is what LLVM calls the text it reads, in messages and in the "; ModuleID" line of its output. opt and llc call
// their standard input so, and the in-process driver follows them.
const moduleName = "<stdin>"

// located splits "<stdin>:12:3: error: text" into its line and text; LLVM's parser writes errors so, with the source line and
// a caret on the lines that follow.
func located(msg string) (line int, text string) {
	msg = strings.TrimSpace(msg)
	i := strings.Index(msg, moduleName+":")
	if i < 0 {
		return 0, msg
	}
	var col int
	rest := msg[i+len(moduleName)+1:]
	if n, _ := fmt.Sscanf(rest, "%d:%d:", &line, &col); n != 2 {
		return 0, msg
	}
	if _, after, ok := strings.Cut(rest, "error: "); ok {
		return line, strings.TrimSpace(after)
	}
	return line, rest
}

// CPUs are the targets from Ampere on that LLVM 22 has.
var CPUs = strings.Fields(`sm_80 sm_86 sm_87 sm_88 sm_89 sm_90 sm_90a sm_100 sm_100a sm_100f sm_101 sm_101a sm_101f
	sm_103 sm_103a sm_103f sm_110 sm_110a sm_110f sm_120 sm_120a sm_120f sm_121 sm_121a sm_121f`)

// ISAs are the PTX versions from sm_80's first on that LLVM 22 can write.
var ISAs = strings.Fields(`ptx70 ptx71 ptx72 ptx73 ptx74 ptx75 ptx76 ptx77 ptx78 ptx80 ptx81 ptx82 ptx83 ptx84 ptx85 ptx86
	ptx87 ptx88 ptx90`)

// check refuses options and modules that would only confuse LLVM.
func check(driver string, module []byte, o *Options) error {
	if len(module) == 0 {
		return &Error{driver, StageParse, 0, "the module is empty"}
	}
	if o.CPU == "" {
		return &Error{driver, StageCodegen, 0, "no CPU was named; expected one such as sm_80 or sm_90a"}
	}
	// LLVM only prints a warning for a CPU or a feature it does not know, and goes on with another.
	if !slices.Contains(CPUs, o.CPU) {
		return &Error{driver, StageCodegen, 0, fmt.Sprintf("LLVM %d knows no CPU %q; it knows %s", Major, o.CPU, strings.Join(CPUs, " "))}
	}
	if o.Features != "" && !slices.Contains(ISAs, strings.TrimPrefix(o.Features, "+")) {
		return &Error{driver, StageCodegen, 0, fmt.Sprintf("%q is no PTX version; expected +ptxNN out of %s", o.Features, strings.Join(ISAs, " "))}
	}
	if o.Passes == "" {
		o.Passes = DefaultPasses
	}
	return nil
}
