package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/vm"
)

// executorNames are the values of --on, in the order of reports.
var executorNames = []string{"vm", "cpu", "cuda"}

// missing says why an executor does not exist here and what to do about it.
type missing struct{ reason, install string }

func (m *missing) Error() string { return m.reason }

// opened is a kernel ready on an executor.
type opened struct {
	name    string
	kernel  *ir.Kernel
	program runtime.Program
	code    *compile.Code // nil in the VM
	close   func() error
}

// timer is a program that measures itself better than one run does: cold caches, many samples.
type timer interface {
	Time(ctx context.Context, args []runtime.Arg, samples int) (time.Duration, int64, error)
}

// open makes a kernel ready. The error is a *missing where the executor does not exist here.
func (a *app) open(name string, k *ir.Kernel) (*opened, error) {
	switch name {
	case "cpu":
		return a.openCPU(k)
	case "cuda":
		return a.openCUDA(k)
	}
	p, err := vm.New(k, vm.Options{})
	if err != nil {
		return nil, err
	}
	return &opened{name: "vm", kernel: k, program: p, close: func() error { return nil }}, nil
}

func (a *app) openCUDA(k *ir.Kernel) (*opened, error) {
	d, err := a.gpu()
	if err != nil {
		return nil, err
	}
	c, err := compile.GPU(a.ctx, k, d.Target(), compile.Options{Cache: a.cache()})
	if errors.Is(err, llvm.ErrMissing) {
		return nil, &missing{fmt.Sprintf("no LLVM %d", llvm.Major), fmt.Sprintf("apt-get install llvm-%d", llvm.Major)}
	}
	if err != nil {
		return nil, err
	}
	p, err := cuda.NewProgram(d, cuda.Code{Kernel: c.Kernel, PTX: c.PTX, Threads: c.Threads, Shared: c.Shared})
	if err != nil {
		return nil, err
	}
	return &opened{name: "cuda", kernel: c.Kernel, program: p, code: c, close: p.Close}, nil
}

// cache is the user's cache of compiled kernels.
func (a *app) cache() *cache.Cache {
	if a.kept == nil {
		a.kept = cache.Open(cache.Options{Warn: func(msg string) { fmt.Fprintf(a.errs, "girih: warning: %s\n", msg) }})
	}
	return a.kept
}

// chosen are the executors that --on names, or all of them.
func chosen(on []string) ([]string, error) {
	if len(on) == 0 {
		return executorNames, nil
	}
	var list []string
	for _, name := range on {
		if !slices.Contains(executorNames, name) {
			return nil, usagef("--on %s: no such executor; there are %s", name, strings.Join(executorNames, ", "))
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list, nil
}
