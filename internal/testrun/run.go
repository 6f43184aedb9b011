package testrun

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/cache"
)

// Options choose what runs and where. The zero value is not useful: see DefaultCases.
type Options struct {
	On         []string // executors; those that do not exist are in Report.Absent
	Seed       uint64
	Cases      int            // combinations of values that a `for` runs, at most
	Filter     *regexp.Regexp // on names of tests; nil runs all
	Specialise bool           // compile for the extents of each case
	Cache      *cache.Cache
	Progress   func(text string) // told what starts; may be nil
}

// DefaultCases is how many combinations are run where nobody says.
const DefaultCases = 16

// A Result is one test on one executor.
type Result struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Name     string   `json:"name"`
	Executor string   `json:"executor"`
	Pass     bool     `json:"pass"`
	Cases    int      `json:"cases"`   // bodies run
	Skipped  int      `json:"skipped"` // of these, by an assumption
	Kernels  int      `json:"kernels"` // calls of kernels
	Time     float64  `json:"seconds"`
	Failure  *Failure `json:"failure,omitempty"`
}

// A Failure says what does not hold, and for what.
type Failure struct {
	File     string       `json:"file"`
	Line     int          `json:"line"`
	Column   int          `json:"column"`
	Message  string       `json:"message"`
	Values   []Binding    `json:"values,omitempty"` // of the ranges, shrunk
	Call     string       `json:"call,omitempty"`   // the last call of a kernel
	Seed     uint64       `json:"seed"`
	Error    *float64     `json:"relative_error,omitempty"`
	First    []int        `json:"first,omitempty"` // the first element beyond the bar
	Got      string       `json:"got,omitempty"`
	Want     string       `json:"want,omitempty"`
	Shrunk   int          `json:"shrunk"` // smaller cases that were tried
	Compile  bool         `json:"compile,omitempty"`
	Original error        `json:"-"` // a diag.List for a mistake in the text
	At       diag.Span    `json:"-"`
	Src      *diag.Source `json:"-"`
}

// A Binding is the value of a range.
type Binding struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// A Report is everything that ran.
type Report struct {
	Seed    uint64            `json:"seed"`
	Results []Result          `json:"results"`
	Absent  []*script.Missing `json:"absent,omitempty"`
}

// Failed is the number of results that are failures.
func (r *Report) Failed() int {
	n := 0
	for _, x := range r.Results {
		if !x.Pass {
			n++
		}
	}
	return n
}

// Run runs the tests of packages. The error is a context's, or that of an executor that is broken; failing tests are in the
// report.
func Run(ctx context.Context, pkgs []*lang.Package, o Options) (rep *Report, err error) {
	rep = &Report{Seed: o.Seed, Results: []Result{}}
	for _, name := range o.On {
		d, err := script.Open(name, o.Cache)
		var missing *script.Missing
		if errors.As(err, &missing) {
			rep.Absent = append(rep.Absent, missing)
			continue
		}
		if err != nil {
			return rep, err
		}
		for _, p := range pkgs {
			if err = run(ctx, p, d, o, rep); err != nil {
				break
			}
			if err = d.Forget(); err != nil {
				break
			}
		}
		if err = errors.Join(err, d.Close()); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

func run(ctx context.Context, p *lang.Package, d *script.Device, o Options, rep *Report) error {
	for _, t := range p.Tests() {
		if o.Filter != nil && !o.Filter.MatchString(t.Name.Name) {
			continue
		}
		if o.Progress != nil {
			o.Progress(fmt.Sprintf("%s: %s on %s", p.Path, t.Name.Name, d.Name))
		}
		src := p.Source(t)
		r := newRunner(ctx, p, src, d, o)
		res := r.test(t.Name.Name, src.LineOf(t.Span().Start), t.Body.Stmts)
		if err := p.CheckTest(t); err != nil && res.Pass {
			res.Pass, res.Failure = false, r.failure(err)
		}
		rep.Results = append(rep.Results, res)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	for _, e := range Examples(p) {
		checked := slices.ContainsFunc(rep.Results, func(r Result) bool { return r.Name == e.Name && r.File == e.src.Path && r.Line == e.Line })
		if checked && e.declares() {
			continue // declarations do not run
		}
		if o.Filter != nil && !o.Filter.MatchString(e.Name) {
			continue
		}
		rep.Results = append(rep.Results, e.run(ctx, p, d, o))
	}
	return nil
}

func newRunner(ctx context.Context, p *lang.Package, src *diag.Source, d *script.Device, o Options) *runner {
	r := &runner{seed: o.Seed, limit: max(o.Cases, 1)}
	r.s = &script.Session{Ctx: ctx, Pkg: p, Src: src, Device: d, Dir: filepath.Dir(src.Path), Seed: o.Seed, Specialise: o.Specialise, Each: r.each}
	return r
}

// test runs statements and says what came of it.
func (r *runner) test(name string, line int, body []syntax.Stmt) Result {
	start := time.Now()
	err := r.s.Exec(body)
	if errors.Is(err, script.Skip{}) {
		r.skipped, err = r.skipped+1, nil
	}
	res := Result{File: r.s.Src.Path, Line: line, Name: name, Executor: r.s.Device.Name, Pass: err == nil, Cases: max(r.cases, 1),
		Skipped: r.skipped, Kernels: r.calls + len(r.s.Calls), Time: time.Since(start).Seconds()}
	if err != nil {
		res.Failure = r.failure(err)
	}
	return res
}

// failure words an error for the report.
func (r *runner) failure(err error) *Failure {
	f := &Failure{Seed: r.seed, Message: err.Error(), Original: err, Src: r.s.Src}
	var c *caseError
	if errors.As(err, &c) {
		f.Values, f.Call, f.Shrunk, err = c.values, c.call, c.tried, c.err
		f.Message = err.Error()
	} else if n := len(r.s.Calls); n > 0 {
		f.Call = r.s.Calls[n-1].Text
	}
	var sf *script.Failure
	var list diag.List
	switch {
	case errors.As(err, &sf):
		f.place(sf.Src, sf.At)
		f.Message = sf.Text
		if sf.Msg != "" {
			f.Message = sf.Msg + ": " + sf.Text
		}
		if sf.Claim != nil {
			f.claim(sf.Claim)
		}
	case errors.As(err, &list) && len(list) > 0:
		d := list.Sorted()[0]
		f.place(d.Source, d.Span)
		f.Message, f.Compile = d.Code+": "+d.Message, true
	default:
		f.File = r.s.Src.Path
	}
	return f
}

func (f *Failure) place(src *diag.Source, at diag.Span) {
	p := src.At(at.Start)
	f.File, f.Line, f.Column, f.At, f.Src = p.Path, p.Line, p.Col, at, src
}

func (f *Failure) claim(c *script.Claim) {
	if e := c.Diff.RelFro; e == e && e < 1e308 {
		f.Error = &e
	}
	at, got, want := c.First, c.Got, c.Want
	if at == nil {
		at, got, want = c.Diff.At, c.Diff.Got, c.Diff.Want
	}
	f.First, f.Got, f.Want = at, fmt.Sprintf("%g", got), fmt.Sprintf("%g", want)
}
