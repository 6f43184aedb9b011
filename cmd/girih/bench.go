package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/runtime"
)

// benchCmd is `girih bench`. Times are medians. On a GPU caches are cold: launches rotate through copies of the arguments that
// are four times as large as the L2 cache; on the CPU they are as the run before left them. The bytes are those of all
// arguments once, the least that has to be moved. The ceiling is the bandwidth of reading memory, measured in the same run:
// on a GPU by summing the rows of a 2 GiB matrix, on the CPU by adding up 256 MiB on all processors in C.
//
// Several values of an extent, --shape M=1/4/16,N=8192, make a row each. --beside sets another kernel or a stored figure
// beside every row: FILE:KERNEL is measured with the same extents, types and tune choices of its own; NAME=MICROSECONDS is a
// figure that was measured elsewhere; FILE.json holds what `girih bench --format json` printed, and rows of the same
// executor and shape are compared.
type benchCmd struct {
	kernelFlags
	inputFlags
	On      []string `placeholder:"vm|cpu|cuda" help:"Executors; cpu and cuda where they exist when left out."`
	Samples int      `default:"20" help:"Measurements of which the median is shown."`
	Beside  []string `placeholder:"FILE:KERNEL|FILE.json|NAME=µS" sep:"none" help:"A second kernel, or a stored figure, to set beside."`
	Format  string   `default:"text" enum:"text,json" help:"${enum}."`
}

// measured is one line of the report, and its JSON form.
type measured struct {
	Kernel   string            `json:"kernel"`
	Defines  map[string]string `json:"defines,omitempty"` // of -D
	Executor string            `json:"executor"`
	Shape    map[string]int64  `json:"shape"`
	Time     float64           `json:"time_us"`
	Bytes    int64             `json:"bytes"`
	Rate     float64           `json:"gbps"`
	Ceiling  float64           `json:"ceiling_gbps,omitempty"` // absent in the VM
	Share    float64           `json:"share,omitempty"`
	FLOPs    float64           `json:"gflops,omitempty"` // billions of additions and multiplications of dots a second
	Tune     map[string]int64  `json:"tune,omitempty"`
	Picked   string            `json:"picked,omitempty"` // where the tune values come from: declared, model, tuned
	Note     string            `json:"note,omitempty"`
	Beside   []beside          `json:"beside,omitempty"`

	tiles string
}

// beside is another figure for the same shape.
type beside struct {
	Name  string  `json:"name"`
	Time  float64 `json:"time_us"`
	Ratio float64 `json:"ratio"`            // its time by ours: above 1 we are faster
	Where string  `json:"stored,omitempty"` // not measured in this run
}

func (c *benchCmd) Run(a *app) error {
	on, err := chosen(c.On)
	if err != nil {
		return err
	}
	if c.Samples < 1 || c.Samples > 1e6 {
		return usagef("--samples %d: expected 1 to 1000000", c.Samples)
	}
	others, err := c.besides()
	if err != nil {
		return err
	}
	shapes, err := spread(c.Shape)
	if err != nil {
		return err
	}
	b := bencher{a: a, c: c, ceilings: map[string]float64{}}
	p := a.progress()
	defer p.stop()
	list := []measured{}
	var absent []absence
	title := ""
	for _, shape := range shapes {
		flags := c.kernelFlags
		flags.Shape = shape
		j, err := b.job(&flags)
		if err != nil {
			return err
		}
		if title == "" {
			title = j.title()
		}
		for _, name := range on {
			if name == "vm" && len(c.On) == 0 {
				continue // it is not there to be fast
			}
			p.say(j.k.Name + " on " + name)
			m, err := b.measure(j, name)
			var no *missing
			switch {
			case errors.As(err, &no) && len(c.On) > 0:
				return runtimef("--on %s: %s", name, no.reason).with("%s", no.install)
			case errors.As(err, &no):
				if !slices.ContainsFunc(absent, func(m absence) bool { return m.name == name }) {
					absent = append(absent, absence{name, no})
				}
				continue
			case err != nil:
				return fmt.Errorf("on %s: %w", name, compileError(j.src.pkg, j.k, err))
			}
			for _, o := range others {
				x, ok, err := o.beside(&b, &flags, m)
				if err != nil {
					return fmt.Errorf("--beside %s: %w", o.text, err)
				}
				if ok {
					x.Ratio = x.Time / m.Time
					m.Beside = append(m.Beside, x)
				}
			}
			list = append(list, m)
		}
	}
	p.stop()
	if c.Format == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	b.print(title, list, len(shapes) > 1)
	for _, m := range absent {
		a.printf("not on %s: %s; %s\n", m.name, m.why.reason, m.why.install)
	}
	return nil
}

// spread makes the rows of --shape: every combination of the values that a dimension has, M=1/4/16.
func spread(list []string) ([][]string, error) {
	rows := [][]string{nil}
	for _, text := range list {
		name, values, _ := strings.Cut(text, "=")
		var next [][]string
		for _, row := range rows {
			for _, v := range strings.Split(values, "/") {
				next = append(next, append(slices.Clone(row), name+"="+v))
			}
		}
		if rows = next; len(rows) > 1000 {
			return nil, usagef("--shape has more than 1000 combinations")
		}
	}
	if len(list) > 0 && !strings.Contains(strings.Join(list, ""), "/") {
		return [][]string{list}, nil // said better when it is read
	}
	return rows, nil
}

// bencher measures; ceilings are measured once a run.
type bencher struct {
	a        *app
	c        *benchCmd
	ceilings map[string]float64
}

func (b *bencher) job(f *kernelFlags) (*job, error) {
	src, err := f.load()
	if err != nil {
		return nil, err
	}
	return src.prepare(&b.c.inputFlags)
}

// measure times the kernel on one executor, and the executor's ceiling.
func (b *bencher) measure(j *job, name string) (m measured, err error) {
	k, choice, err := j.on(b.a, name)
	if err != nil {
		return m, err
	}
	o, err := b.a.open(name, k)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	args, err := j.arguments(k)
	if err != nil {
		return m, err
	}
	took, bytes, err := timed(b.a, o, args, b.c.Samples)
	if err != nil {
		return m, err
	}
	ns := float64(max(took.Nanoseconds(), 1))
	m = measured{Kernel: j.k.Name, Defines: j.src.defines, Executor: name, Shape: j.dims, Time: ns / 1e3, Bytes: bytes,
		Rate: float64(bytes) / ns, Tune: choice.Values, Picked: choice.From, Note: choice.Note, tiles: told(choice)}
	if n, err := compile.Operations(j.k, j.dims); err == nil {
		m.FLOPs = n / ns
	}
	ceiling, ok := b.ceilings[name]
	if !ok {
		switch name {
		case "cpu":
			ceiling = readCPU(b.a)
		case "cuda":
			if ceiling, err = readCUDA(b.a); err != nil {
				return m, fmt.Errorf("measuring the read bandwidth: %w", err)
			}
		}
		b.ceilings[name] = ceiling
	}
	if m.Ceiling = ceiling; ceiling > 0 {
		m.Share = m.Rate / ceiling
	}
	return m, nil
}

// timed is the median time of a program that cannot time itself, or its own figure.
func timed(a *app, o *opened, args []runtime.Arg, samples int) (time.Duration, int64, error) {
	if t, ok := o.program.(timer); ok {
		return t.Time(a.ctx, args, samples)
	}
	var took []time.Duration
	var bytes int64
	for range samples {
		st, err := o.program.Run(a.ctx, args)
		if err != nil {
			return 0, 0, err
		}
		took, bytes = append(took, st.Time), st.Bytes
	}
	slices.Sort(took)
	return took[len(took)/2], bytes, nil
}

// other is one --beside.
type other struct {
	text         string
	file, kernel string     // to measure
	stored       []measured // from a file of JSON
	name         string     // of a figure
	us           float64
}

func (c *benchCmd) besides() ([]other, error) {
	var list []other
	for _, text := range c.Beside {
		o := other{text: text}
		name, figure, isFigure := strings.Cut(text, "=")
		i := strings.LastIndexByte(text, ':')
		switch {
		case strings.HasSuffix(text, ".json"):
			data, err := os.ReadFile(text)
			if err != nil {
				return nil, usagef("--beside: %w", plain(err))
			}
			if err := json.Unmarshal(data, &o.stored); err != nil {
				return nil, usagef("--beside %s: not what girih bench --format json prints: %w", text, err)
			}
		case isFigure:
			us, err := strconv.ParseFloat(figure, 64)
			if err != nil || us <= 0 {
				return nil, usagef("--beside %s: a stored figure is a time in microseconds, above 0", text)
			}
			o.name, o.us = name, us
		case i > 0 && i < len(text)-1:
			o.file, o.kernel = text[:i], text[i+1:]
		default:
			return nil, usagef("--beside %s: expected FILE:KERNEL, FILE.json or NAME=MICROSECONDS", text)
		}
		list = append(list, o)
	}
	return list, nil
}

// beside finds the figure to set beside a measurement; it is not ok where a file has none for the shape.
func (o other) beside(b *bencher, f *kernelFlags, m measured) (beside, bool, error) {
	switch {
	case o.name != "":
		return beside{Name: o.name, Time: o.us, Where: "command line"}, true, nil
	case o.file == "":
		for _, x := range o.stored {
			if x.Executor == m.Executor && fmt.Sprint(x.Shape) == fmt.Sprint(m.Shape) {
				return beside{Name: x.Kernel, Time: x.Time, Where: o.text}, true, nil
			}
		}
		return beside{}, false, nil
	}
	flags := *f
	flags.File, flags.Kernel = o.file, o.kernel
	flags.Define = nil
	src, err := (&kernelFlags{File: o.file, Kernel: o.kernel}).load()
	if err != nil {
		return beside{}, false, err
	}
	for _, d := range f.Define { // what it does not have is not meant for it
		name, _, _ := strings.Cut(d, "=")
		for _, p := range src.decl.Params {
			if p.Name == name && p.Kind != "tune" {
				flags.Define = append(flags.Define, d)
			}
		}
	}
	j, err := b.job(&flags)
	if err != nil {
		return beside{}, false, err
	}
	x, err := b.measure(j, m.Executor)
	if err != nil {
		return beside{}, false, compileError(j.src.pkg, j.k, err)
	}
	return beside{Name: x.Kernel, Time: x.Time}, true, nil
}
