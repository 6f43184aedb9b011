package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
)

// gpu is the first GPU, opened once and kept until the process ends. The error is a *missing where there is none.
func (a *app) gpu() (*cuda.Device, error) {
	if a.device != nil {
		return a.device, nil
	}
	d, err := cuda.Open(0)
	switch {
	case errors.Is(err, cuda.ErrNoDriver):
		return nil, &missing{"no CUDA driver", "install NVIDIA's driver, R570 or later"}
	case errors.Is(err, cuda.ErrNoDevice):
		return nil, &missing{"the CUDA driver finds no GPU", "see nvidia-smi and CUDA_VISIBLE_DEVICES"}
	case err != nil:
		return nil, err
	}
	a.device = d
	return d, nil
}

// picker chooses tune values for an executor: measured winners of this chip first, then the cost model.
func (a *app) picker(name string) (compile.Picker, error) {
	p := compile.Picker{Cache: a.cache(), Tuned: &compile.Tuned{Dir: compile.TunedDir(a.cache()), Executor: name}}
	switch name {
	case "cuda":
		d, err := a.gpu()
		if err != nil {
			return p, err
		}
		p.Machine = compile.Chip(d.Target(), d.Name, d.SMs, d.L2, d.MemoryClockKHz, d.MemoryBusBits)
		p.Tuned.Chip, p.Tuned.Driver = d.Name, cuda.Release()
	case "cpu":
		c, err := cpu.Find()
		if errors.Is(err, cpu.ErrNoCompiler) {
			return p, &missing{"no C compiler", "apt-get install gcc libc6-dev, or name one in GIRIH_CC"}
		}
		if err != nil {
			return p, err
		}
		id, err := c.Identity(a.ctx, a.cache())
		if err != nil {
			return p, err
		}
		sum := sha256.Sum256([]byte(id))
		p.Machine = compile.MachineOf("cpu")
		p.Tuned.Chip = fmt.Sprintf("%s, %d processors", processor(), goruntime.GOMAXPROCS(0))
		p.Tuned.Driver = fmt.Sprintf("%s %s", filepath.Base(c.Path), hex.EncodeToString(sum[:4]))
	default:
		p.Machine = compile.MachineOf("vm")
		p.Tuned.Chip, p.Tuned.Driver = "vm", "girih"
	}
	return p, nil
}

// processor is the name of the CPU.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return goruntime.GOARCH
	}
	defer f.Close()
	b := make([]byte, 4096)
	n, _ := f.Read(b)
	for line := range bytes.Lines(b[:n]) {
		if name, rest, _ := bytes.Cut(line, []byte(":")); string(bytes.TrimSpace(name)) == "model name" {
			return cmp.Or(string(bytes.TrimSpace(rest)), goruntime.GOARCH)
		}
	}
	return goruntime.GOARCH
}

// static are the extents of dimensions that must be bound when compiling, as far as they are known.
func (s *kernelSource) static() map[string]int64 {
	m := map[string]int64{}
	for _, name := range s.decl.Static {
		if n, ok := s.dims[name]; ok {
			m[name] = n
		}
	}
	return m
}

// pick chooses the tune values that -D leaves open, for the extents in dims, and lowers the kernel with them. Without tune
// values the choice is zero.
func (s *kernelSource) pick(p compile.Picker, dims map[string]int64) (*ir.Kernel, compile.Choice, error) {
	t, c := *s, compile.Choice{}
	if s.pkg == nil || !s.tunable() {
		t.noSplit = t.noSplit || compile.InOnePart(p.Machine.Target)
	} else {
		var err error
		if c, err = p.Pick(s.pkg, s.decl.Name, lang.Options{Defines: s.defines, Dims: s.static()}, dims); err != nil {
			if k, err := s.lower(); err != nil {
				return k, c, err // with its place in the source, or what is missing
			}
			return nil, c, err
		}
		t = *s.with(c)
	}
	k, err := t.lower()
	if err != nil {
		return k, c, err
	}
	if err := k.Multiples(dims); err != nil {
		return nil, c, usagef("%w", err)
	}
	return k, c, nil
}

// with is the source with chosen tune values.
func (s *kernelSource) with(c compile.Choice) *kernelSource {
	t := *s
	t.defines, t.noSplit = c.Defines(s.defines), c.NoSplit
	return &t
}

// tunable reports tune values that -D leaves open.
func (s *kernelSource) tunable() bool {
	for _, p := range s.decl.Params {
		if _, given := s.defines[p.Name]; p.Kind == "tune" && !given {
			return true
		}
	}
	return false
}

// on is the job's kernel with tune values for an executor, compiled for the extents at hand.
func (j *job) on(a *app, name string) (*ir.Kernel, compile.Choice, error) {
	if j.src.pkg == nil || !j.src.tunable() && name != "cpu" {
		return j.k, compile.Choice{}, nil
	}
	p, err := a.picker(name)
	if err != nil {
		return nil, compile.Choice{}, err
	}
	k, c, err := j.src.pick(p, j.dims)
	if err == nil && j.specialise {
		compile.Specialise(k, j.dims)
	}
	return k, c, err
}

// told is a choice as reports show it; empty where there was nothing to choose.
func told(c compile.Choice) string {
	how := map[string]string{"model": "picked by the cost model", "tuned": "tuned", "declared": "the first candidates"}[c.From]
	if how == "" {
		return ""
	}
	text := c.String() + ", " + how
	if c.Note != "" {
		text += " (" + c.Note + ")"
	}
	return text
}
