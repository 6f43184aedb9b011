package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
)

// runCmd is `girih run`. Without --on the kernel runs wherever it can here, and a table says for each executor how far each
// result is from the oracle, how long one run took, and how many bytes it had to move.
//
// A run is a JIT compilation for the extents at hand: each dynamic dimension is compiled for with the largest power of two
// up to 64 that divides its extent, besides what the source declares, so that 4096 columns get vector loads and 4095 do
// not. The code is still good for every extent with the same divisors. --no-specialise leaves it at the declarations.
type runCmd struct {
	kernelFlags
	inputFlags
	On    []string `placeholder:"vm|cpu|cuda" help:"Executors to run on; all that exist here when left out."`
	Out   []string `placeholder:"NAME=FILE" sep:"none" help:"Write a result: NAME=y.npy unpacked in the nearest NumPy type, NAME:packed=y.npy its raw bytes. It is that of the first executor, which is the VM when --on is left out."`
	Check string   `default:"oracle" enum:"oracle,vm,none" help:"What results are held against: the fp64 oracle, the VM, or nothing (${enum})."`
}

// row is one line of the report.
type row struct {
	executor string
	result   string
	diff     tensor.Diff
	bar      float64
	time     time.Duration
	bytes    int64
	failed   bool
	checked  bool
	tiles    string // the tune values and where they come from
}

func (c *runCmd) Run(a *app) error {
	on, err := chosen(c.On)
	if err != nil {
		return err
	}
	src, err := c.load()
	if err != nil {
		return err
	}
	j, err := src.prepare(&c.inputFlags)
	if err != nil {
		return err
	}
	outs, err := checkOutputs(j.k, c.Out)
	if err != nil {
		return err
	}
	p := a.progress()
	defer p.stop()
	p.say("what " + j.k.Name + " should give")
	want, err := j.reference(a, c.Check)
	if err != nil {
		return compileError(src.pkg, j.k, err)
	}
	var rows []row
	var absent []absence
	var first map[string]*tensor.Tensor
	var failures []error
	for _, name := range on {
		p.say(j.k.Name + " on " + name)
		got, more, err := j.execute(a, name, want)
		var no *missing
		switch {
		case errors.As(err, &no) && len(c.On) > 0:
			return runtimef("--on %s: %s", name, no.reason).with("%s", no.install)
		case errors.As(err, &no):
			absent = append(absent, absence{name, no})
		case err != nil:
			failures = append(failures, fmt.Errorf("on %s: %w", name, compileError(src.pkg, j.k, err)))
		default:
			rows = append(rows, more...)
			if first == nil {
				first = got
			}
		}
	}
	p.stop()
	a.printRun(j, rows, absent, c.Check)
	if len(failures) > 0 {
		return a.several(failures)
	}
	if i := slices.IndexFunc(rows, func(r row) bool { return r.failed }); i >= 0 {
		r := rows[i]
		return &failure{code: exitCheck, err: fmt.Errorf("%s: %s is off by %.2g where %.2g is allowed; %s", r.executor, r.result, r.diff.RelFro, r.bar, r.diff)}
	}
	return writeOutputs(outs, first)
}

// several reports all errors but the last, which it returns to be reported by the caller.
func (a *app) several(errs []error) error {
	for _, err := range errs[:len(errs)-1] {
		a.report(err)
	}
	return errs[len(errs)-1]
}

// reference is what results are held against: nil for nothing.
func (j *job) reference(a *app, check string) (map[string]*tensor.Tensor, error) {
	if check == "none" {
		return nil, nil
	}
	p, err := vm.New(j.k, vm.Options{Exact: check == "oracle"})
	if err != nil {
		return nil, err
	}
	args, err := j.arguments(p.Kernel())
	if err != nil {
		return nil, err
	}
	if _, err := p.Run(a.ctx, args); err != nil {
		return nil, err
	}
	return outputs(p.Kernel(), args), nil
}

// execute runs on one executor, and compares and measures.
func (j *job) execute(a *app, name string, want map[string]*tensor.Tensor) (got map[string]*tensor.Tensor, rows []row, err error) {
	k, choice, err := j.on(a, name)
	if err != nil {
		return nil, nil, err
	}
	o, err := a.open(name, k)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	args, err := j.arguments(k)
	if err != nil {
		return nil, nil, err
	}
	st, err := o.program.Run(a.ctx, args)
	if err != nil {
		return nil, nil, err
	}
	if t, ok := o.program.(timer); ok {
		if st.Time, st.Bytes, err = t.Time(a.ctx, args, samples(st.Time)); err != nil {
			return nil, nil, err
		}
	}
	got = outputs(k, args)
	for _, p := range j.k.Params {
		if !p.Out {
			continue
		}
		r := row{executor: name, result: p.Name, time: st.Time, bytes: st.Bytes, tiles: told(choice)}
		if w := want[p.Name]; w != nil {
			if r.diff, err = tensor.Match(got[p.Name], w); err != nil {
				return nil, nil, err
			}
			r.checked, r.bar = true, bar(j, p.Value.Type.Elem)
			r.failed = !r.diff.Within(r.bar)
		}
		rows = append(rows, r)
	}
	return got, rows, nil
}

// samples is how many runs are measured, given what one takes: 20, or as many as fit into two seconds.
func samples(one time.Duration) int {
	return int(min(20, max(1, 2*time.Second/max(one, 1))))
}

// bar is the largest relative Frobenius error that a result of a type may have (design: what must hold). Errors of a sum
// grow with the root of its length; what the kernel sums over is at most its longest dimension. Types without a bar of their
// own get their rounding error twice over.
func bar(j *job, t dtype.Type) float64 {
	b := typeBar(j, t)
	if !t.IsFloat() {
		return b
	}
	// What the author rounds on the way counts too: a result in f32 of a sum in f16 is as good as f16.
	j.k.Body.Walk(func(o *ir.Op) bool {
		if c := o.Code.Info().Class; o.Code == ir.OpCast || c == ir.ClassUnary || c == ir.ClassBinary || o.Code == ir.OpFma {
			from := o.Args[0].Type.Elem
			if e := o.Result().Type.Elem; e.IsFloat() && (o.Code != ir.OpCast || from.IsFloat() && from.ManBits() > e.ManBits()) && !onlyStored(j, o.Result()) {
				b = max(b, typeBar(j, e))
			}
		}
		return true
	})
	return b
}

// onlyStored reports a value that goes to results and nowhere else: its rounding is that of the result.
func onlyStored(j *job, v *ir.Value) bool {
	stored := true
	j.k.Body.Walk(func(o *ir.Op) bool {
		for _, a := range o.Args {
			stored = stored && (a != v || o.Code == ir.OpStore)
		}
		return stored
	})
	return stored
}

func typeBar(j *job, t dtype.Type) float64 {
	switch {
	case !t.IsFloat():
		return 0
	case t == dtype.F16:
		return 1e-3
	case t == dtype.BF16:
		return 6e-3
	case t == dtype.F32:
		return 1e-6 * math.Sqrt(float64(sumLength(j)))
	case t == dtype.F64:
		return 1e-14 * math.Sqrt(float64(sumLength(j)))
	}
	return math.Ldexp(1, -t.ManBits())
}

// sumLength bounds the number of terms of a sum: the longest dimension if the kernel contracts, reduces or loops, else 1.
func sumLength(j *job) int64 {
	sums := j.k.Body.Walk(func(o *ir.Op) bool { return o.Code != ir.OpDot && o.Code != ir.OpReduce && o.Code != ir.OpFor })
	if sums {
		return 1
	}
	longest := int64(1)
	for _, n := range j.dims {
		longest = max(longest, n)
	}
	return longest
}

var _ runtime.Program = (*vm.Program)(nil)
