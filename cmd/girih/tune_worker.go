package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
)

// The two ends of a pipe: tune asks on the worker's standard input, one JSON object a line, and the worker answers on its
// standard output. A worker that answers no more is killed, and another one takes its place.

// question is a candidate to check and to time.
type question struct {
	Values  map[string]int64 `json:"values"`
	NoSplit bool             `json:"no_split,omitempty"`
	Samples int              `json:"samples"`
}

// answer is what became of it. The first answer of a worker has Ready alone.
type answer struct {
	Ready  bool    `json:"ready,omitempty"`
	Status string  `json:"status,omitempty"` // ok, wrong, failed
	Time   float64 `json:"time_us,omitempty"`
	Error  float64 `json:"error,omitempty"`
	Why    string  `json:"why,omitempty"`
	Fatal  bool    `json:"fatal,omitempty"` // the device is of no use to this process any more
}

// checking is where the results to compare with lie.
type checking struct {
	dir  string
	dims map[string]int64 // the extents they are for
}

// checkLimit is the largest number of elements of all arguments together for which the VM computes the whole result; beyond
// it results are held against the VM at smaller extents.
const checkLimit = 1 << 24

// reference runs the VM once, at extents that it is quick for, and keeps the results in files.
func (c *tuneCmd) reference(a *app, j *job) (checking, error) {
	small, err := c.smaller(j)
	if err != nil {
		return checking{}, err
	}
	p, err := vm.New(small.k, vm.Options{})
	if err != nil {
		return checking{}, compileError(small.src.pkg, small.k, err)
	}
	args, err := small.arguments(p.Kernel())
	if err != nil {
		return checking{}, err
	}
	if _, err := p.Run(a.ctx, args); err != nil {
		return checking{}, compileError(small.src.pkg, small.k, err)
	}
	dir, err := os.MkdirTemp("", "girih-tune-")
	if err != nil {
		return checking{}, runtimef("%w", err)
	}
	for name, t := range outputs(p.Kernel(), args) {
		if err := os.WriteFile(filepath.Join(dir, name), t.Data, 0o600); err != nil {
			return checking{}, errors.Join(runtimef("%w", err), os.RemoveAll(dir))
		}
	}
	return checking{dir, small.dims}, nil
}

// smaller halves the largest extents, as long as the kernel takes them, until the VM is quick. Extents that files give
// stay, and so do powers of two up to 64 that divide them, for which the code is compiled.
func (c *tuneCmd) smaller(j *job) (*job, error) {
	for _, from := range j.origin {
		if from != "made up" {
			return j, nil
		}
	}
	fixed := map[string]bool{}
	for j.size() > checkLimit {
		var names []string
		for _, d := range j.k.Dims {
			if d.Static < 0 && j.dims[d.Name] >= 512 && !fixed[d.Name] {
				names = append(names, d.Name)
			}
		}
		if len(names) == 0 {
			break
		}
		name := slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(j.dims[a], j.dims[b]) })
		dims := map[string]int64{}
		for k, n := range j.dims {
			dims[k] = n
		}
		dims[name] = halve(dims[name])
		next, err := c.at(dims)
		if err != nil {
			fixed[name] = true
			continue
		}
		j = next
	}
	return j, nil
}

// at is the job of the command line at other extents.
func (c *tuneCmd) at(dims map[string]int64) (*job, error) {
	f := c.kernelFlags
	f.Shape = nil
	for name, n := range dims {
		f.Shape = append(f.Shape, fmt.Sprintf("%s=%d", name, n))
	}
	slices.Sort(f.Shape)
	src, err := f.load()
	if err != nil {
		return nil, err
	}
	return src.prepare(&c.inputFlags)
}

// halve is about half of n, with the same power of two up to 64 as divisor.
func halve(n int64) int64 {
	p := n & -n
	if p >= 64 {
		return max(n/2&^63, 64)
	}
	h := n / 2 / p * p
	if h/p%2 == 0 {
		h += p
	}
	return h
}

func (j *job) size() (n int) {
	for _, a := range j.named {
		if a.Tensor != nil {
			n += a.Tensor.Len()
		}
	}
	return n
}

// workerArgs are the arguments of the worker: those of the command line that say which kernel with which data.
func (c *tuneCmd) workerArgs(check checking) []string {
	args := []string{"tune-worker", "--on", c.On, "--reference", check.dir, "--seed", strconv.FormatUint(c.Seed, 10), "--check-shape", commas(check.dims)}
	for _, d := range c.Define {
		args = append(args, "-D", d)
	}
	if len(c.Shape) > 0 {
		args = append(args, "--shape", strings.Join(c.Shape, ","))
	}
	for _, in := range c.In {
		args = append(args, "--in", in)
	}
	if c.NoIn {
		args = append(args, "--no-input")
	}
	if c.NoS {
		args = append(args, "--no-specialise")
	}
	args = append(args, "--", c.File)
	if c.Kernel != "" {
		args = append(args, c.Kernel)
	}
	return args
}

func commas(dims map[string]int64) string { return strings.ReplaceAll(extents(dims), " ", ",") }

// worker is a process that runs candidates, started when there is something for it.
type worker struct {
	a     *app
	args  []string
	limit time.Duration

	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan answer
	errs    *tail
	fails   int // starts in a row that failed
}

// startLimit is how long a worker may take to make its inputs.
const startLimit = 5 * time.Minute

func (w *worker) start() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	w.cmd = exec.Command(exe, w.args...)
	w.errs = &tail{}
	w.cmd.Stderr = w.errs
	w.cmd.WaitDelay = time.Second // for pipes that a child of a killed worker may hold
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.cmd.Start(); err != nil {
		return err
	}
	answers := make(chan answer)
	w.answers = answers
	go func() {
		defer close(answers)
		d := json.NewDecoder(out)
		for {
			var x answer
			if d.Decode(&x) != nil {
				return
			}
			answers <- x
		}
	}()
	x, err := w.receive(startLimit)
	switch {
	case err != nil:
		return fmt.Errorf("the worker did not start: %w", err)
	case !x.Ready:
		w.kill()
		return fmt.Errorf("the worker did not start: %s", x.Why)
	}
	return nil
}

var errHung = errors.New("it did not answer in time")

// receive waits for an answer. A worker that gives none is gone afterwards.
func (w *worker) receive(limit time.Duration) (answer, error) {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case x, ok := <-w.answers:
		if ok {
			return x, nil
		}
		err := w.cmd.Wait()
		w.cmd = nil
		text := w.errs.last()
		if err != nil && text != "" {
			return answer{}, fmt.Errorf("%w: %s", err, text)
		}
		if err == nil {
			err = errors.New("the process ended")
		}
		return answer{}, err
	case <-t.C:
		w.kill()
		return answer{}, errHung
	case <-w.a.ctx.Done():
		w.kill()
		return answer{}, w.a.ctx.Err()
	}
}

func (w *worker) kill() {
	if w.cmd == nil {
		return
	}
	_ = w.cmd.Process.Kill()
	for range w.answers { // until the pipe closes
	}
	_ = w.cmd.Wait()
	w.cmd = nil
}

func (w *worker) stop() {
	if w.cmd == nil {
		return
	}
	w.in.Close()
	done := time.AfterFunc(5*time.Second, func() { _ = w.cmd.Process.Kill() })
	for range w.answers {
	}
	_ = w.cmd.Wait()
	done.Stop()
	w.cmd = nil
}

// measure has a candidate checked and timed, and fills in what became of it.
func (w *worker) measure(t *tried, samples int) {
	if w.fails > 2 {
		t.Status, t.Why = "failed", "no worker starts any more"
		return
	}
	if w.cmd == nil {
		if err := w.start(); err != nil {
			w.fails++
			t.Status, t.Why = "failed", firstLine(err.Error())
			return
		}
		w.fails = 0
	}
	_ = json.NewEncoder(w.in).Encode(question{t.Values, t.choice.NoSplit, samples}) // that the worker is gone shows when it should answer
	x, err := w.receive(w.limit)
	switch {
	case errors.Is(err, errHung):
		t.Status, t.Why = "hung", fmt.Sprintf("no result within %s", w.limit)
	case err != nil:
		t.Status, t.Why = "crashed", firstLine(err.Error())
	default:
		t.Status, t.Time, t.Error, t.Why = x.Status, x.Time, x.Error, x.Why
		if x.Fatal {
			w.stop()
		}
	}
}

// tail keeps the end of what is written to it.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if n := len(t.data); n > 4096 {
		t.data = slices.Clone(t.data[n-4096:])
	}
	return len(p), nil
}

// last is the first line of the message that matters: that of a panic or a fatal error, else the last line.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.data)), "\n")
	for _, l := range lines {
		if strings.HasPrefix(l, "panic:") || strings.HasPrefix(l, "fatal error:") || strings.HasPrefix(l, "SIG") {
			return l
		}
	}
	return lines[len(lines)-1]
}

// workerCmd is the other end: `girih tune-worker`, which nobody but tune starts.
type workerCmd struct {
	kernelFlags
	inputFlags
	On         string
	Reference  string
	CheckShape string
}

func (c *workerCmd) Run(a *app) error {
	out := json.NewEncoder(a.out)
	r, err := c.prepare(a)
	if err != nil {
		return out.Encode(answer{Why: err.Error()})
	}
	if err := out.Encode(answer{Ready: true}); err != nil {
		return err
	}
	in := bufio.NewScanner(a.in)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			return err
		}
		if err := out.Encode(r.run(a, q)); err != nil {
			return err
		}
	}
	return in.Err()
}

// runner is a worker with its inputs made.
type runner struct {
	on     string
	full   *job
	small  *job // at the extents that the VM ran; the same as full where it ran the whole
	want   map[string]*tensor.Tensor
	first  map[string]*tensor.Tensor // results of the first right candidate at the full extents
	faults map[string]string
}

func (c *workerCmd) prepare(a *app) (*runner, error) {
	t := tuneCmd{kernelFlags: c.kernelFlags, inputFlags: c.inputFlags}
	src, err := t.load()
	if err != nil {
		return nil, err
	}
	r := &runner{on: c.On, want: map[string]*tensor.Tensor{}, faults: faults()}
	if r.full, err = src.prepare(&t.inputFlags); err != nil {
		return nil, err
	}
	r.small = r.full
	if commas(r.full.dims) != c.CheckShape {
		dims := map[string]int64{}
		text, err := pairs("--check-shape", strings.Split(c.CheckShape, ","))
		if err != nil {
			return nil, err
		}
		for name, n := range text {
			if dims[name], err = strconv.ParseInt(n, 10, 64); err != nil {
				return nil, err
			}
		}
		if r.small, err = t.at(dims); err != nil {
			return nil, err
		}
	}
	for _, p := range r.small.k.Params {
		if !p.Out {
			continue
		}
		shape, err := p.Shape(r.small.dims)
		if err != nil {
			return nil, err
		}
		x, err := tensor.Make(p.Value.Type.Elem, shape...)
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(filepath.Join(c.Reference, p.Name))
		if err != nil || len(data) != len(x.Data) {
			return nil, fmt.Errorf("the VM's result %s: %d bytes, expected %d: %w", p.Name, len(data), len(x.Data), err)
		}
		x.Data = data
		r.want[p.Name] = x
	}
	return r, nil
}

// faults are mistakes that tests have candidates make: GIRIH_TUNE_FAULT is a list such as BM=16:hang,BN=32:crash,BK=64:wrong.
func faults() map[string]string {
	m := map[string]string{}
	for _, f := range strings.Split(os.Getenv("GIRIH_TUNE_FAULT"), ",") {
		if on, what, ok := strings.Cut(f, ":"); ok {
			m[on] = what
		}
	}
	return m
}

func (r *runner) fault(values map[string]int64) string {
	for name, n := range values {
		if what, ok := r.faults[fmt.Sprintf("%s=%d", name, n)]; ok {
			return what
		}
	}
	return ""
}

// run checks one candidate and times it.
func (r *runner) run(a *app, q question) answer {
	what := r.fault(q.Values)
	switch what {
	case "hang":
		time.Sleep(time.Hour)
	case "crash":
		os.Exit(86)
	}
	choice := compile.Choice{Values: q.Values, NoSplit: q.NoSplit}
	worst, one, err := r.check(a, choice, what == "wrong")
	if x, bad := failed(err); bad {
		x.Error = worst
		return x
	}
	if r.small == r.full { // slow ones get fewer samples
		q.Samples = min(q.Samples, samples(one))
	}
	took, err := r.time(a, choice, q.Samples)
	if x, bad := failed(err); bad {
		return x
	}
	return answer{Status: "ok", Time: float64(took.Nanoseconds()) / 1e3, Error: worst}
}

var errWrong = errors.New("wrong result")

func failed(err error) (answer, bool) {
	var ce *cuda.Error
	switch {
	case err == nil:
		return answer{}, false
	case errors.Is(err, errWrong):
		return answer{Status: "wrong", Why: err.Error()}, true
	}
	return answer{Status: "failed", Why: firstLine(err.Error()), Fatal: errors.As(err, &ce)}, true
}

// kernel is the candidate as it is compiled for the full extents, whichever job runs it.
func (r *runner) kernel(j *job, c compile.Choice) (*ir.Kernel, error) {
	k, err := j.src.with(c).lower()
	if err == nil && j.specialise {
		compile.Specialise(k, r.full.dims)
	}
	return k, err
}

// check runs the candidate once where the VM ran, and compares; it also tells how long that run took.
func (r *runner) check(a *app, c compile.Choice, spoil bool) (worst float64, one time.Duration, err error) {
	k, err := r.kernel(r.small, c)
	if err != nil {
		return 0, 0, err
	}
	o, err := a.open(r.on, k)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	args, err := r.small.arguments(k)
	if err != nil {
		return 0, 0, err
	}
	st, err := o.program.Run(a.ctx, args)
	if err != nil {
		return 0, 0, err
	}
	worst, err = r.compare(r.small, k, outputs(k, args), r.want, spoil)
	return worst, st.Time, err
}

func (r *runner) compare(j *job, k *ir.Kernel, got, want map[string]*tensor.Tensor, spoil bool) (worst float64, err error) {
	for _, p := range k.Params {
		if !p.Out {
			continue
		}
		if spoil && len(got[p.Name].Data) > 0 {
			got[p.Name].Data[0] ^= 0x55
			got[p.Name].Data[len(got[p.Name].Data)-1] ^= 0x55
		}
		d, err := tensor.Match(got[p.Name], want[p.Name])
		if err != nil {
			return worst, err
		}
		worst = max(worst, d.RelFro)
		if b := bar(j, p.Value.Type.Elem); !d.Within(b) {
			if math.IsNaN(worst) || math.IsInf(worst, 0) {
				worst = 0 // JSON has no such numbers
			}
			return worst, fmt.Errorf("%w: %s is off by %.2g where %.2g is allowed; %s", errWrong, p.Name, d.RelFro, b, d)
		}
	}
	return worst, nil
}

// time measures the candidate at the full extents. Where the VM did not run there, its results are held against those of the
// first candidate.
func (r *runner) time(a *app, c compile.Choice, samples int) (took time.Duration, err error) {
	k, err := r.kernel(r.full, c)
	if err != nil {
		return 0, err
	}
	o, err := a.open(r.on, k)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	args, err := r.full.arguments(k)
	if err != nil {
		return 0, err
	}
	if p, ok := o.program.(*cuda.Program); ok {
		took, err = timeCUDA(a.device, p, k, args, samples)
	} else {
		took, _, err = timed(a, o, args, samples)
	}
	if err != nil || r.small == r.full {
		return took, err
	}
	got := outputs(k, args)
	if r.first == nil {
		r.first = got
		return took, nil
	}
	_, err = r.compare(r.full, k, got, r.first, false)
	return took, err
}

// timeCUDA is cuda.Program.Time with the results copied back: arguments are packed and copied once.
func timeCUDA(d *cuda.Device, p *cuda.Program, k *ir.Kernel, args []runtime.Arg, samples int) (time.Duration, error) {
	call, err := runtime.Check(k, args)
	if err != nil {
		return 0, err
	}
	sets := min(d.ColdSets(int(call.Bytes)), 64)
	b, err := p.Bind(args, sets)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	calls := sets
	for calls < 16 {
		calls += sets
	}
	t, err := d.Time(cuda.TimeOptions{Samples: samples, Calls: calls}, b.Launch)
	if err != nil {
		return 0, err
	}
	return t.Median, b.Results()
}
