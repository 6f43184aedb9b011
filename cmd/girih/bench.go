package main

import (
	"encoding/json"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/stdlib"
)

// benchCmd is `girih bench`. Times are medians. On a GPU caches are cold: launches rotate through copies of the arguments that
// are four times as large as the L2 cache; on the CPU they are as the run before left them. The bytes are those of all
// arguments once, the least that has to be moved. The ceiling is the bandwidth of reading memory, measured in the same run:
// on a GPU by summing the rows of a 2 GiB matrix, on the CPU by adding up 256 MiB on all processors.
type benchCmd struct {
	kernelFlags
	inputFlags
	On      []string `placeholder:"vm|cpu|cuda" help:"Executors; cpu and cuda where they exist when left out."`
	Samples int      `default:"20" help:"Measurements of which the median is shown."`
	Format  string   `default:"text" enum:"text,json" help:"${enum}."`
}

// measured is one line of the report, and its JSON form.
type measured struct {
	Kernel   string            `json:"kernel"`
	Defines  map[string]string `json:"defines,omitempty"`
	Executor string            `json:"executor"`
	Shape    map[string]int64  `json:"shape"`
	Time     float64           `json:"time_us"`
	Bytes    int64             `json:"bytes"`
	Rate     float64           `json:"gbps"`
	Ceiling  float64           `json:"ceiling_gbps,omitempty"` // absent in the VM
	Share    float64           `json:"share,omitempty"`
}

func (c *benchCmd) Run(a *app) error {
	on, err := chosen(c.On)
	if err != nil {
		return err
	}
	if c.Samples < 1 || c.Samples > 1e6 {
		return usagef("--samples %d: expected 1 to 1000000", c.Samples)
	}
	src, err := c.load()
	if err != nil {
		return err
	}
	j, err := src.prepare(&c.inputFlags)
	if err != nil {
		return err
	}
	var list []measured
	var absent []absence
	for _, name := range on {
		if name == "vm" && len(c.On) == 0 {
			continue // it is not there to be fast
		}
		m, err := c.measure(a, j, name)
		var no *missing
		switch {
		case errors.As(err, &no) && len(c.On) > 0:
			return runtimef("--on %s: %s", name, no.reason).with("%s", no.install)
		case errors.As(err, &no):
			absent = append(absent, absence{name, no})
		case err != nil:
			return fmt.Errorf("on %s: %w", name, compileError(src.pkg, j.k, err))
		default:
			list = append(list, m)
		}
	}
	if c.Format == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		if list == nil {
			list = []measured{}
		}
		return e.Encode(list)
	}
	a.printf("%s\n\n", j.title())
	rows := [][]string{{"executor", "time", "moved", "GB/s", "ceiling", "share"}}
	for _, m := range list {
		ceiling, share := "-", "-"
		if m.Ceiling > 0 {
			ceiling, share = fmt.Sprintf("%.3g", m.Ceiling), fmt.Sprintf("%.0f %%", 100*m.Share)
		}
		rows = append(rows, []string{m.Executor, duration(time.Duration(m.Time * 1e3)), size(m.Bytes), fmt.Sprintf("%.3g", m.Rate), ceiling, share})
	}
	a.table(rows, "lrrrrr")
	for _, m := range absent {
		a.printf("not on %s: %s; %s\n", m.name, m.why.reason, m.why.install)
	}
	return nil
}

// measure times the kernel on one executor, and the executor's ceiling.
func (c *benchCmd) measure(a *app, j *job, name string) (m measured, err error) {
	o, err := a.open(name, j.k)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	args, err := j.arguments(j.k)
	if err != nil {
		return m, err
	}
	took, bytes, err := timed(a, o, args, c.Samples)
	if err != nil {
		return m, err
	}
	m = measured{Kernel: j.k.Name, Defines: j.src.defines, Executor: name, Shape: j.dims, Time: float64(took.Nanoseconds()) / 1e3, Bytes: bytes,
		Rate: float64(bytes) / float64(max(took.Nanoseconds(), 1))}
	switch name {
	case "cpu":
		m.Ceiling = readCPU()
	case "cuda":
		if m.Ceiling, err = readCUDA(a); err != nil {
			return m, fmt.Errorf("measuring the read bandwidth: %w", err)
		}
	}
	if m.Ceiling > 0 {
		m.Share = m.Rate / m.Ceiling
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

// readCPU is the bandwidth in GB/s at which all processors together read 256 MiB: the best of five passes.
func readCPU() float64 {
	data := make([]uint64, 32<<20)
	n := goruntime.GOMAXPROCS(0)
	sums := make([]uint64, n*8) // one cache line each
	each := func(f func(w int, part []uint64)) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for w := range n {
			wg.Go(func() { f(w, data[len(data)*w/n:len(data)*(w+1)/n]) })
		}
		wg.Wait()
		return time.Since(start)
	}
	each(func(_ int, part []uint64) { // each processor touches its own part first, so that it lies near it
		for i := range part {
			part[i] = uint64(i)
		}
	})
	best := time.Duration(1<<63 - 1)
	for range 5 {
		best = min(best, each(func(w int, part []uint64) {
			var a, b, c, d uint64
			for ; len(part) >= 8; part = part[8:] {
				a += part[0] + part[4]
				b += part[1] + part[5]
				c += part[2] + part[6]
				d += part[3] + part[7]
			}
			sums[w*8] = a + b + c + d
		}))
	}
	return float64(len(data)) * float64(unsafe.Sizeof(data[0])) / float64(best.Nanoseconds())
}

// readCUDA is the bandwidth in GB/s of a kernel that does little but read.
func readCUDA(a *app) (float64, error) {
	text, _ := stdlib.Source("reduce")
	pkg, err := lang.LoadSource("reduce.girih", text)
	if err != nil {
		return 0, err
	}
	src := &kernelSource{pkg: pkg, defines: map[string]string{"T": "f32"}, dims: map[string]int64{"M": 32768, "N": 16384},
		given: map[string]bool{}}
	if src.decl, err = pkg.Kernel("SumRows"); err != nil {
		return 0, err
	}
	k, err := src.lower()
	if err != nil {
		return 0, err
	}
	j := &job{src: src, k: k, named: map[string]runtime.Arg{}, dims: src.dims}
	for _, p := range k.Params {
		if p.Out {
			continue
		}
		shape, err := j.shape(p)
		if err != nil {
			return 0, err
		}
		j.named[p.Name] = runtime.Tensor(tensor.New(p.Value.Type.Elem, shape...))
	}
	compile.Specialise(k, src.dims)
	o, err := a.openCUDA(k)
	if err != nil {
		return 0, err
	}
	args, err := j.arguments(k)
	if err != nil {
		return 0, errors.Join(err, o.close())
	}
	took, bytes, err := timed(a, o, args, 20)
	return float64(bytes) / float64(max(took.Nanoseconds(), 1)), errors.Join(err, o.close())
}
