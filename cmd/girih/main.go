// Command girih compiles, runs and explains tile kernels.
//
// The model: a verb is one file with one struct, whose fields are its flags and whose Run is what it does. A verb loads a
// kernel (load.go), gives it a specialisation and arguments (arguments.go, input.go), and hands it to the compiler or to
// the executors (executors.go). Errors come back as values that carry the exit code of the contract (errors.go): 0 fine,
// 1 a check failed, 2 usage, 3 compile error, 4 runtime error.
//
// The boundary: nothing here decides what a kernel means or how it is compiled.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/girih-lang/girih/internal/testrun"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cuda"
)

// commands is the command line; kong reads it from the struct tags.
type commands struct {
	Run     runCmd     `cmd:"" help:"Run a kernel on every executor that exists here and check it against an fp64 oracle."`
	Build   buildCmd   `cmd:"" help:"Compile a kernel for a target and write what a stage of the compiler makes."`
	Explain explainCmd `cmd:"" help:"Show what the compiler decided, line by line."`
	Bench   benchCmd   `cmd:"" help:"Measure a kernel: time, GB/s, share of the read bandwidth measured in the same run."`
	Tune    tuneCmd    `cmd:"" help:"Measure candidates for the tune values of a kernel and keep the best for this chip."`
	Worker  workerCmd  `cmd:"" hidden:"" name:"tune-worker"`
	Test    testCmd    `cmd:"" help:"Run the test blocks and examples of packages on every executor that exists here."`
	userCommands

	Gen      genCmd      `cmd:"" help:"Generate typed Go functions with embedded code, or a C header, for go:generate."`
	Layout   layoutCmd   `cmd:"" help:"Draw a layout as a table, as SVG or as JSON."`
	Num      numCmd      `cmd:"" help:"Explain what a number is in a format."`
	Quantize quantizeCmd `cmd:"" help:"Quantise a matrix to codes and scales, and report the error."`
	Fmt      fmtCmd      `cmd:"" help:"Format source files."`
	Doctor   doctorCmd   `cmd:"" help:"Say which tools and devices were found here, and what each missing one costs."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// app is what the verbs share.
type app struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	errs   io.Writer
	color  bool // on standard error, where diagnostics go
	colors bool // on standard output
	kept   *cache.Cache
	device *cuda.Device // once something needs the GPU
}

func main() { os.Exit(girih(os.Args[1:])) }

// girih runs one command line and gives its exit code. A panic is a mistake of ours, never of the user: it says so, and
// shows the trace only to who asks for it.
func girih(args []string) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app{ctx: ctx, in: os.Stdin, out: os.Stdout, errs: os.Stderr, color: colorful(os.Stderr), colors: colorful(os.Stdout)}
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(a.errs, "girih: internal error: %v\nThis is a bug of girih: please report it with the command and the source. GIRIH_DEBUG=1 shows the trace.\n", r)
			if os.Getenv("GIRIH_DEBUG") == "1" {
				fmt.Fprintf(a.errs, "%s", debug.Stack())
			}
			code = exitRuntime
		}
	}()
	var cli commands
	done := -1 // the exit code once kong has printed help
	parser, err := kong.New(&cli, kong.Name("girih"), kong.Bind(a), kong.Writers(a.out, a.errs),
		kong.Description("Tile kernels in one source: run in a virtual machine, on the CPU through C, on NVIDIA GPUs through LLVM and PTX."),
		kong.UsageOnError(), kong.Vars{"cases": fmt.Sprint(testrun.DefaultCases)}, kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Exit(func(n int) { done = n }))
	if err != nil {
		panic(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	line, err := parser.Parse(negative(args))
	if done >= 0 {
		return done
	}
	if err != nil {
		return a.report(usagef("%w", err).with("see girih %s--help", verbOf(err)))
	}
	return a.report(line.Run())
}

// negative lets `girih num f16 -3` be a number and not a flag: such arguments go to the end, behind a --.
func negative(args []string) []string {
	if args[0] != "num" {
		return args
	}
	var flags, numbers []string
	for _, a := range args {
		if len(a) > 1 && a[0] == '-' && (strings.ContainsRune("0123456789.", rune(a[1])) || strings.HasPrefix(a, "-inf")) {
			numbers = append(numbers, a)
		} else {
			flags = append(flags, a)
		}
	}
	if numbers == nil {
		return args
	}
	return append(append(flags, "--"), numbers...)
}

// verbOf is the verb that a mistake in the command line belongs to, with a space behind it; "" without one.
func verbOf(err error) string {
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context != nil && pe.Context.Selected() != nil {
		return pe.Context.Selected().Name + " "
	}
	return ""
}

// colorful says whether to colour what is written to f: a terminal, where NO_COLOR (no-color.org) is not set.
func colorful(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

func (a *app) render(l diag.List) { _ = l.Render(a.errs, diag.Options{Color: a.color, Limit: 20}) }
