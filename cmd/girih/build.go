package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/passes"
)

// buildCmd is `girih build`. Code is compiled for what the source declares of the extents; --shape binds the static ones and
// tells divisors of the others, as a run does.
type buildCmd struct {
	kernelFlags
	Target  string   `required:"" placeholder:"cpu|sm_80|sm_90a|…" help:"What to compile for."`
	Emit    string   `default:"" help:"The stage whose text is wanted: ast, tile, thread, llvm, ptx, c, sass, or bundle for code with its manifest and C header. Left out: ptx, or c for cpu."`
	Output  string   `short:"o" default:"-" placeholder:"PATH" help:"Where to write; - is standard output. A bundle is a directory, or a zip file where PATH ends in .zip."`
	Timings bool     `help:"Print what each step took, to standard error."`
	Pass    []string `short:"d" name:"pass" sep:"none" placeholder:"PASS/on|off|dump|time" help:"Switch a pass off, or print the tile IR or the time after it (all/dump, all/time), to standard error."`
	NoCache bool     `help:"Compile even if the code is in the cache."`
}

// passFlags are what -d asks for.
type passFlags struct{ off, dump, time map[string]bool }

// stages says which targets have which stages.
var gpuStages, cpuStages = []string{"llvm", "ptx", "sass"}, []string{"c"}

func (c *buildCmd) Run(a *app) error {
	target, err := compile.Target(c.Target)
	if err != nil {
		return usagef("--target: %w", err)
	}
	if err := c.stage(target); err != nil {
		return err
	}
	flags, err := readPasses(c.Pass)
	if err != nil {
		return err
	}
	var steps []compile.Step
	start := time.Now()
	known, text, found := c.lookup(a, flags)
	if text != nil {
		if c.Timings {
			a.timings(found, time.Since(start), time.Since(start), true)
		}
		return a.output(c.Output, text)
	}
	start = time.Now()
	src, err := c.load()
	if err != nil {
		return err
	}
	if c.Emit == "ast" {
		return c.ast(a, src)
	}
	steps = append(steps, compile.Step{Name: "read and parse", Time: time.Since(start)})
	since := time.Now()
	k, choice, err := src.pick(compile.Picker{Machine: compile.MachineOf(target.Name), Cache: a.cache()}, src.dims)
	if err != nil {
		return err
	}
	compile.Specialise(k, src.dims)
	if choice.From == "model" {
		steps = append(steps, compile.Step{Name: fmt.Sprintf("pick %s", choice), Time: time.Since(since)})
		since = time.Now()
	}
	steps = append(steps, compile.Step{Name: "check and lower", Time: time.Since(since)})
	if c.Emit == "tile" {
		return a.output(c.Output, []byte(k.String()))
	}
	since = time.Now()
	o := compile.Options{Off: flags.off, Dump: flags.dumper(a.errs), Timing: flags.timer(a.errs)}
	if !c.NoCache && o.Dump == nil && o.Timing == nil && c.cached() {
		o.Cache = a.cache()
	}
	code, text, err := c.compile(a, k, target, o)
	if err != nil {
		return compileError(src.pkg, k, err)
	}
	if c.Timings {
		a.timings(append(steps, code.Steps...), time.Since(since), time.Since(start), code.Cached)
	}
	known.keep(c, k.Name, text)
	if c.Emit == "bundle" {
		return writeBundle(c.Output, k, code, text, src, choice)
	}
	return a.output(c.Output, text)
}

// stage fills in and checks --emit.
func (c *buildCmd) stage(t passes.Target) error {
	if c.Emit == "" {
		c.Emit = "ptx"
		if !t.GPU {
			c.Emit = "c"
		}
	}
	wrong, has := gpuStages, cpuStages
	if t.GPU {
		wrong, has = cpuStages, gpuStages
	}
	if slices.Contains(wrong, c.Emit) || !slices.Contains(slices.Concat([]string{"ast", "tile", "thread", "bundle"}, has), c.Emit) {
		return usagef("--emit %s: the target %s has no such stage; it has ast, tile, thread, %s, bundle", c.Emit, t.Name, strings.Join(has, ", "))
	}
	if c.Emit == "bundle" && c.Output == "-" {
		return usagef("--emit bundle writes several files: name a directory or a .zip file with -o")
	}
	return nil
}

// cached says whether the cache keeps what is asked for.
func (c *buildCmd) cached() bool { return slices.Contains([]string{"ptx", "sass", "bundle"}, c.Emit) }

// compile makes the text that is wanted.
func (c *buildCmd) compile(a *app, k *ir.Kernel, t passes.Target, o compile.Options) (*compile.Code, []byte, error) {
	if !t.GPU {
		code, err := compile.Thread(k, t, o)
		if err != nil {
			return nil, nil, err
		}
		if c.Emit == "thread" {
			return code, []byte(code.Thread.String()), nil
		}
		text, err := printC(code)
		return code, text, err
	}
	if c.Emit == "thread" {
		code, err := compile.Thread(k, t, o)
		if err != nil {
			return nil, nil, err
		}
		return code, []byte(code.Thread.String()), nil
	}
	code, err := compile.GPU(a.ctx, k, t.Name, o)
	if err != nil {
		return nil, nil, noLLVM(err)
	}
	switch c.Emit {
	case "llvm":
		return code, code.LLVM, nil
	case "sass":
		text, err := sass(a, code)
		return code, text, err
	}
	return code, code.PTX, nil
}

func printC(code *compile.Code) ([]byte, error) {
	return c.Print(code.Thread, c.Options{})
}

// noLLVM says how to get LLVM where it is missing; that is no mistake of the kernel.
func noLLVM(err error) error {
	if errors.Is(err, llvm.ErrMissing) {
		return runtimef("compiling for a GPU needs LLVM %d: %w", llvm.Major, err)
	}
	return err
}

// sass assembles and disassembles.
func sass(a *app, code *compile.Code) ([]byte, error) {
	as, err := ptxas.Find()
	if err != nil {
		return nil, runtimef("--emit sass: %w", err)
	}
	cubin, _, err := as.Assemble(a.ctx, code.PTX, code.Target.Name)
	if err != nil {
		return nil, err
	}
	text, err := ptxas.Disassemble(a.ctx, cubin)
	if err != nil {
		return nil, runtimef("--emit sass: %w", err)
	}
	return text, nil
}

func (c *buildCmd) ast(a *app, s *kernelSource) error {
	if s.pkg == nil {
		return usagef("--emit ast: tile IR has no syntax tree")
	}
	var b bytes.Buffer
	for _, f := range s.pkg.Files {
		b.WriteString(syntax.Dump(f))
	}
	return a.output(c.Output, b.Bytes())
}

func (a *app) timings(steps []compile.Step, compiled, total time.Duration, cached bool) {
	var rows [][]string
	for _, s := range steps {
		rows = append(rows, []string{s.Name, duration(s.Time)})
	}
	from := "compiled"
	if cached {
		from = "compiled, from the cache"
	}
	rows = append(rows, []string{"total", duration(total)}, []string{from, duration(compiled)})
	to := *a
	to.out, to.colors = a.errs, false
	to.table(append([][]string{{"step", "time"}}, rows...), "lr")
}

// readPasses reads -d.
func readPasses(list []string) (passFlags, error) {
	f := passFlags{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	var names []string
	for _, p := range passes.Table {
		names = append(names, p.Name)
	}
	for _, text := range list {
		name, what, ok := strings.Cut(text, "/")
		i := slices.Index(names, name)
		switch {
		case !ok || !slices.Contains([]string{"on", "off", "dump", "time"}, what):
			return f, usagef("-d %s: expected PASS/on, PASS/off, PASS/dump or PASS/time", text)
		case i < 0 && (name != "all" || what == "on" || what == "off"):
			return f, usagef("-d %s: no pass is called %s; there are %s (and all for dump and time)", text, name, strings.Join(names, ", "))
		case what == "off" && passes.Table[i].Required:
			return f, usagef("-d %s: the pass cannot be left out; it %s", text, passes.Table[i].Doc)
		case what == "off":
			f.off[name] = true
		case what == "on":
			delete(f.off, name)
		case what == "dump":
			f.dump[name] = true
		case what == "time":
			f.time[name] = true
		}
	}
	return f, nil
}

func (f passFlags) dumper(w io.Writer) func(string, *ir.Kernel) {
	if len(f.dump) == 0 {
		return nil
	}
	return func(pass string, k *ir.Kernel) {
		if f.dump["all"] || f.dump[pass] {
			fmt.Fprintf(w, "// after %s\n%s\n", pass, k)
		}
	}
}

func (f passFlags) timer(w io.Writer) func(string, time.Duration) {
	if len(f.time) == 0 {
		return nil
	}
	return func(pass string, d time.Duration) {
		if f.time["all"] || f.time[pass] {
			fmt.Fprintf(w, "%-8s %s\n", pass, duration(d))
		}
	}
}
