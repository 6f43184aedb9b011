package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/testrun"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/runtime/tensor"
)

// testCmd is `girih test`.
type testCmd struct {
	Paths      []string `arg:"" optional:"" help:"Files and directories; DIR/... takes in those below. The current directory when left out."`
	On         []string `placeholder:"vm|cpu|cuda" help:"Executors to run on; all that exist here when left out."`
	Filter     string   `name:"run" placeholder:"REGEXP" help:"Only tests whose names match."`
	Seed       uint64   `help:"Of random numbers and of the sampling of ranges; a new one each time when left out. It is printed."`
	Cases      int      `short:"n" default:"${cases}" help:"Combinations that a for statement runs, at most (${default})."`
	Specialise bool     `help:"Compile kernels for the extents of each case, as a run does, and not for any extents."`
	Verbose    bool     `short:"v" help:"Print every test, not only those that fail."`
	Format     string   `default:"text" enum:"text,json" help:"${enum}."`
}

// Run exits with 1 where an expectation does not hold, with 3 where a test does not compile.
func (c *testCmd) Run(a *app) error {
	on, err := chosen(c.On)
	if err != nil {
		return err
	}
	o := testrun.Options{On: on, Seed: c.Seed, Cases: c.Cases, Specialise: c.Specialise, Cache: a.cache()}
	if o.Seed == 0 {
		o.Seed = uint64(rand.Uint32())
	}
	if c.Cases < 1 {
		return usagef("--cases %d: expected at least 1", c.Cases)
	}
	if c.Filter != "" {
		if o.Filter, err = regexp.Compile(c.Filter); err != nil {
			return usagef("--run: %w", err)
		}
	}
	if len(c.Paths) == 0 {
		c.Paths = []string{"."}
	}
	pkgs, err := testrun.Load(c.Paths)
	if err != nil {
		return loadError(err)
	}
	p := a.progress()
	o.Progress = p.say
	rep, err := testrun.Run(a.ctx, pkgs, o)
	p.stop()
	if err != nil {
		return err
	}
	for _, m := range rep.Absent {
		if len(c.On) > 0 {
			return runtimef("--on %s: %s", m.Executor, m.Reason).with("%s", m.Install)
		}
	}
	if c.Format == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		err = e.Encode(rep)
	} else {
		c.text(a, rep)
	}
	return errors.Join(err, verdict(rep))
}

// verdict is the exit code of a report.
func verdict(rep *testrun.Report) error {
	code := exitFine
	for _, r := range rep.Results {
		switch {
		case r.Pass:
		case r.Failure.Compile:
			code = exitCompile
		case code == exitFine:
			code = exitCheck
		}
	}
	if code == exitFine {
		return nil
	}
	return &failure{code: code, err: fmt.Errorf("%d of %d tests failed", rep.Failed(), len(rep.Results)), quiet: true}
}

func (c *testCmd) text(a *app, rep *testrun.Report) {
	cases, kernels, total := 0, 0, 0.0
	tests := map[string]bool{}
	for _, r := range rep.Results {
		cases, kernels, total = cases+r.Cases, kernels+r.Kernels, total+r.Time
		tests[fmt.Sprint(r.File, r.Line, r.Name)] = true
		if r.Pass && !c.Verbose {
			continue
		}
		a.printf("%s  %-24s %-5s %d cases, %d kernel calls, %s\n", a.mark(r.Pass), r.Name, r.Executor, r.Cases, r.Kernels, duration(time.Duration(r.Time*1e9)))
		if f := r.Failure; f != nil {
			c.failure(a, f, r)
		}
	}
	for _, m := range rep.Absent {
		a.printf("not on %s: %s; %s\n", m.Executor, m.Reason, m.Install)
	}
	verdict := "ok"
	if n := rep.Failed(); n > 0 {
		verdict = fmt.Sprintf("%d FAILED", n)
	}
	if len(rep.Results) == 0 {
		verdict = "no tests"
	}
	var on []string
	for _, r := range rep.Results {
		if !strings.Contains(strings.Join(on, " "), r.Executor) {
			on = append(on, r.Executor)
		}
	}
	a.printf("%s: %d tests on %s, %d cases, %d kernel calls, %s, seed %d\n", verdict, len(tests), orNone(on), cases, kernels, duration(time.Duration(total*1e9)), rep.Seed)
}

func (a *app) mark(pass bool) string {
	switch {
	case pass && a.colors:
		return "\x1b[32mok  \x1b[0m"
	case pass:
		return "ok  "
	case a.colors:
		return "\x1b[1;31mFAIL\x1b[0m"
	}
	return "FAIL"
}

// failure prints what does not hold, where, and for which values.
func (c *testCmd) failure(a *app, f *testrun.Failure, r testrun.Result) {
	var list diag.List
	if f.Compile && errors.As(f.Original, &list) {
		a.printf("%s", indent(list.Text()))
	} else if f.Line > 0 {
		var l diag.List
		l.Errorf(f.Src, f.At, "failed", "%s", f.Message)
		a.printf("%s", indent(l.Text()))
	} else {
		a.printf("    %s: %s\n", f.File, f.Message)
	}
	if len(f.Values) > 0 {
		var vs []string
		for _, b := range f.Values {
			vs = append(vs, fmt.Sprintf("%s = %d", b.Name, b.Value))
		}
		a.printf("    for       %s", strings.Join(vs, ", "))
		if f.Shrunk > 0 {
			a.printf("   (the smallest of %d tried)", f.Shrunk+1)
		}
		a.printf("\n")
	}
	if f.Call != "" {
		a.printf("    kernel    %s on %s\n", f.Call, r.Executor)
	}
	if f.First != nil {
		a.printf("    element   %s is %s, expected %s\n", tensor.ShapeString(f.First), f.Got, f.Want)
	}
	a.printf("    again     girih test %s --run '^%s$' --on %s --seed %d\n", r.File, regexp.QuoteMeta(r.Name), r.Executor, f.Seed)
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ") + "\n"
}
