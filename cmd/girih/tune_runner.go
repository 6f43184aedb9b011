package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
)

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
