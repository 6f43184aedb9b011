package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
)

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
