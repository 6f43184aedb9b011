package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cpu"
)

// tuneCmd is `girih tune`. Candidates, the most promising first by the cost model, are compiled in parallel; each is run once
// and held against the VM, then timed with cold caches; the best few are timed again with more samples, and the winner is
// kept on disk for this chip, its driver and the class of these extents. `girih run` and `girih bench` use it from then on.
//
// Candidates run in a process of their own (tune_worker.go): one that hangs, crashes, or leaves the device in an error is
// one candidate lost. Only differences in the tune values count: types, -D and extents are those of the command line.
type tuneCmd struct {
	kernelFlags
	inputFlags
	On      string        `default:"" enum:",vm,cpu,cuda" placeholder:"cuda|cpu|vm" help:"Executor; the fastest that exists here when left out."`
	Budget  time.Duration `default:"60s" help:"Time for all of it, after which the best so far wins (${default})."`
	Limit   time.Duration `default:"10s" help:"Time for one candidate, after which it counts as hung (${default})."`
	Most    int           `default:"200" help:"Candidates at most (${default})."`
	Samples int           `default:"20" help:"Measurements of the finalists, of which the median counts; the first round takes a third (${default})."`
	Dry     bool          `name:"dry-run" help:"Keep nothing."`
	Compile string        `placeholder:"sm_90a" help:"Only compile the candidates for a GPU, into the cache that GIRIH_CACHE names, for a machine that has the GPU and no LLVM."`
	Format  string        `default:"text" enum:"text,json" help:"${enum}."`

	target string
}

// tried is what became of one candidate, and its JSON form.
type tried struct {
	Values   map[string]int64 `json:"values"`
	Status   string           `json:"status"` // ok, wrong, failed, hung, crashed, not compiled
	Time     float64          `json:"time_us,omitempty"`
	Expected float64          `json:"expected_us,omitempty"` // by the cost model
	Error    float64          `json:"error,omitempty"`       // relative, to the VM
	Why      string           `json:"why,omitempty"`

	choice compile.Choice
}

// tuning is the report, and its JSON form.
type tuning struct {
	Kernel   string            `json:"kernel"`
	Defines  map[string]string `json:"defines,omitempty"`
	Executor string            `json:"executor"`
	Chip     string            `json:"chip"`
	Driver   string            `json:"driver"`
	Shape    map[string]int64  `json:"shape"`
	Class    string            `json:"class"`
	Space    int               `json:"space"`      // choices that the declarations span
	Best     *tried            `json:"best"`       // nil when no candidate was right
	Model    *tried            `json:"model"`      // what the cost model picks; nil when it was not measured
	Over     float64           `json:"model_over"` // time of the model's pick by the best
	Tried    []tried           `json:"tried"`
	Took     float64           `json:"seconds"`
	Kept     bool              `json:"kept"`
	Checked  map[string]int64  `json:"checked_shape"` // extents at which results were held against the VM
}

// finalists are timed a second time.
const finalists = 4

func (c *tuneCmd) Run(a *app) error {
	if c.Budget <= 0 || c.Limit <= 0 || c.Most < 1 || c.Samples < 1 {
		return usagef("--budget, --limit, --most and --samples are above 0")
	}
	start := time.Now()
	src, err := c.load()
	if err != nil {
		return err
	}
	if src.pkg == nil {
		return usagef("tune needs source, not tile IR")
	}
	if !src.tunable() {
		return usagef("kernel %s has no tune values to choose: it declares none (`tune BN in [64, 128]`), or -D sets them all", src.decl.Name)
	}
	j, err := src.prepare(&c.inputFlags)
	if err != nil {
		return err
	}
	p, err := c.executor(a)
	if err != nil {
		return err
	}
	c.target = p.Machine.Target
	o := lang.Options{Defines: src.defines, Dims: src.static()}
	list, err := p.Candidates(src.pkg, src.decl.Name, o, j.dims, c.Most)
	if err != nil {
		return compileError(src.pkg, j.k, err)
	}
	if c.Compile != "" {
		return c.precompile(a, j, list)
	}
	rep := &tuning{Kernel: j.k.Name, Defines: src.defines, Executor: c.On, Chip: p.Tuned.Chip, Driver: p.Tuned.Driver, Shape: j.dims,
		Class: compile.Class(j.dims), Space: list[0].Of}
	show := a.progress()
	defer show.stop()
	show.say("the VM makes the results to compare with")
	check, err := c.reference(a, j)
	if err != nil {
		return err
	}
	defer os.RemoveAll(check.dir)
	rep.Checked = check.dims
	w := &worker{a: a, args: c.workerArgs(check), limit: c.Limit}
	defer w.stop()
	c.race(a, j, list, w, rep, start.Add(c.Budget), show)
	show.stop()
	rep.Took = time.Since(start).Seconds()
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if rep.Best != nil && !c.Dry {
		failed := 0
		for _, t := range rep.Tried {
			if t.Status != "ok" {
				failed++
			}
		}
		err := p.Tuned.Keep(src.pkg, src.decl.Name, o, compile.Winner{Shape: j.dims, Values: rep.Best.Values, Time: rep.Best.Time,
			Measured: len(rep.Tried) - failed, Failed: failed, Made: time.Now().UTC().Truncate(time.Second)})
		if err != nil {
			fmt.Fprintf(a.errs, "girih: warning: the winner is not kept: %v\n", plain(err))
		}
		rep.Kept = err == nil
	}
	return c.report(a, j, rep)
}

// executor fills in --on and gives the picker for it.
func (c *tuneCmd) executor(a *app) (compile.Picker, error) {
	if c.Compile != "" {
		t, err := compile.Target(c.Compile)
		if err != nil || !t.GPU {
			return compile.Picker{}, usagef("--compile %s: expected a GPU target such as sm_90a", c.Compile)
		}
		c.On = "cuda"
		return compile.Picker{Machine: compile.MachineOf(c.Compile), Cache: a.cache()}, nil
	}
	names := []string{c.On}
	if c.On == "" {
		names = []string{"cuda", "cpu", "vm"}
	}
	for _, name := range names {
		p, err := a.picker(name)
		var no *missing
		switch {
		case errors.As(err, &no) && c.On != "":
			return p, runtimef("--on %s: %s", name, no.reason).with("%s", no.install)
		case errors.As(err, &no):
			continue
		}
		c.On = name
		return p, err
	}
	return compile.Picker{}, nil // the VM is always there
}

// precompile is --compile.
func (c *tuneCmd) precompile(a *app, j *job, list []compile.Choice) error {
	good := 0
	var last error
	for _, err := range c.compile(a, j, list) {
		if last = err; err == nil {
			good++
		}
	}
	a.printf("%d of %d candidates compiled for %s\n", good, len(list), c.Compile)
	if good == 0 {
		return compileError(j.src.pkg, j.k, last)
	}
	return nil
}

// race measures candidates until they or the time run out. Candidates are compiled in batches, in parallel; on a GPU the
// next batch is compiled while one is measured, on the CPU that would disturb the times.
func (c *tuneCmd) race(a *app, j *job, list []compile.Choice, w *worker, rep *tuning, end time.Time, show *progress) {
	n := max(2, goruntime.GOMAXPROCS(0))
	batches := slices.Collect(slices.Chunk(list, n))
	compiled := make(chan []error, 1)
	build := func(i int) { compiled <- c.compile(a, j, batches[i]) }
	go build(0)
	left := func() bool { return a.ctx.Err() == nil && time.Until(end) > 0 }
	for i, batch := range batches {
		errs := <-compiled
		overlap := c.On == "cuda" && i+1 < len(batches) && left()
		if overlap {
			go build(i + 1)
		}
		for k, choice := range batch {
			if !left() {
				break
			}
			t := tried{Values: choice.Values, Expected: float64(choice.Time.Nanoseconds()) / 1e3, choice: choice}
			if err := errs[k]; err != nil {
				t.Status, t.Why = "not compiled", firstLine(err.Error())
			} else {
				show.say(fmt.Sprintf("%d of %d: %s", len(rep.Tried)+1, len(list), choice))
				w.measure(&t, max(3, c.Samples/3))
			}
			rep.Tried = append(rep.Tried, t)
		}
		if !left() {
			if overlap {
				<-compiled
			}
			break
		}
		if !overlap && i+1 < len(batches) {
			go build(i + 1)
		}
	}
	if len(rep.Tried) == 0 {
		return
	}
	first := rep.Tried[0].choice.String()
	slices.SortStableFunc(rep.Tried, byTime)
	for i := range min(finalists, len(rep.Tried)) {
		if t := &rep.Tried[i]; t.Status == "ok" && a.ctx.Err() == nil {
			show.say("again: " + t.choice.String())
			w.measure(t, c.Samples)
		}
	}
	slices.SortStableFunc(rep.Tried, byTime)
	if rep.Tried[0].Status == "ok" {
		rep.Best = &rep.Tried[0]
	}
	for i := range rep.Tried {
		if t := &rep.Tried[i]; t.choice.String() == first && t.Status == "ok" && rep.Best != nil {
			rep.Model, rep.Over = t, t.Time/rep.Best.Time
		}
	}
}

// byTime orders candidates that were right by time, then the others.
func byTime(x, y tried) int {
	switch {
	case x.Status != "ok" && y.Status != "ok":
		return 0
	case x.Status != "ok":
		return 1
	case y.Status != "ok":
		return -1
	case x.Time < y.Time:
		return -1
	case x.Time > y.Time:
		return 1
	}
	return 0
}

// compile puts the code of candidates into the cache, in parallel.
func (c *tuneCmd) compile(a *app, j *job, batch []compile.Choice) []error {
	errs := make([]error, len(batch))
	var g errgroup.Group
	g.SetLimit(goruntime.GOMAXPROCS(0))
	for i, choice := range batch {
		g.Go(func() error {
			errs[i] = c.build(a, j, choice)
			return nil
		})
	}
	_ = g.Wait()
	return errs
}

func (c *tuneCmd) build(a *app, j *job, choice compile.Choice) (err error) {
	k, err := j.src.with(choice).lower()
	if err != nil || c.On == "vm" {
		return err
	}
	if j.specialise {
		compile.Specialise(k, j.dims)
	}
	if c.On == "cpu" {
		code, err := compile.Thread(k, passes.CPU, compile.Options{})
		if err != nil {
			return err
		}
		p, err := cpu.NewContext(a.ctx, code.Kernel, code.Thread, cpu.Options{Cache: a.cache()})
		if err != nil {
			return err
		}
		return p.Close()
	}
	_, err = compile.GPU(a.ctx, k, c.target, compile.Options{Cache: a.cache()})
	if errors.Is(err, llvm.ErrMissing) {
		return fmt.Errorf("no LLVM %d here, and the code is not in the cache", llvm.Major)
	}
	return err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// report prints what was found. No candidate at all that is right is an error.
func (c *tuneCmd) report(a *app, j *job, rep *tuning) error {
	lost := map[string]int{}
	for _, t := range rep.Tried {
		if t.Status != "ok" {
			lost[t.Status]++
		}
	}
	if c.Format == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		if err := e.Encode(rep); err != nil {
			return err
		}
	} else {
		a.printf("%s\n%s, %s, driver %s; %d of %d candidates in %.1f s\n\n", j.title(), rep.Executor, rep.Chip, rep.Driver, len(rep.Tried), rep.Space, rep.Took)
		rows := [][]string{{"tune values", "time", "expected", "error to vm"}}
		for i, t := range rep.Tried {
			if i == 10 || t.Status != "ok" {
				break
			}
			expected := "-"
			if t.Expected > 0 {
				expected = duration(time.Duration(t.Expected * 1e3))
			}
			rows = append(rows, []string{t.choice.String(), duration(time.Duration(t.Time * 1e3)), expected, sci(t.Error)})
		}
		if len(rows) > 1 {
			a.table(rows, "lrrr")
		}
		for _, t := range rep.Tried {
			if t.Status != "ok" && lost[t.Status] > 0 {
				a.printf("%s: %d, such as %s: %s\n", t.Status, lost[t.Status], t.choice, t.Why)
				lost[t.Status] = 0
			}
		}
		if fmt.Sprint(rep.Checked) != fmt.Sprint(rep.Shape) {
			a.printf("results were held against the VM at %s, and against each other at %s\n", extents(rep.Checked), extents(rep.Shape))
		}
		if rep.Model != nil {
			a.printf("without tuning: %s, %.1f %% slower than the best\n", rep.Model.choice, 100*(rep.Over-1))
		}
		if rep.Kept {
			a.printf("kept: girih run and girih bench use %s here for extents like these\n", rep.Best.choice)
		}
	}
	if rep.Best == nil {
		why := "no candidate ran"
		for _, t := range rep.Tried {
			why = fmt.Sprintf("none of %d candidates gave the right result; %s: %s: %s", len(rep.Tried), t.choice, t.Status, t.Why)
			break
		}
		return &failure{code: exitCheck, err: errors.New(why)}
	}
	return nil
}
