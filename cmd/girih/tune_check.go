package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/girih-lang/girih/runtime/vm"
)

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
