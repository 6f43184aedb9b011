package script

import (
	"context"
	"errors"
	"fmt"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/vm"
)

// Executors are the names that Open knows.
var Executors = []string{"vm", "cpu", "cuda"}

// Missing says why an executor does not exist here, and what to install.
type Missing struct {
	Executor string `json:"executor"`
	Reason   string `json:"reason"`
	Install  string `json:"install"`
}

func (m *Missing) Error() string { return m.Executor + ": " + m.Reason }

// A Device makes programs of kernels and keeps them until it is closed. It is used by one goroutine at a time.
type Device struct {
	Name string
	gpu  *cuda.Device
	kept *cache.Cache
	made map[string]*Program
}

// A Program is a kernel ready to run, with what was compiled for it (nil in the VM).
type Program struct {
	runtime.Program
	Code  *compile.Code
	close func() error
}

// Open opens an executor: vm, cpu or cuda. The error is a *Missing where it does not exist. kept may be nil.
func Open(name string, kept *cache.Cache) (*Device, error) {
	d := &Device{Name: name, kept: kept, made: map[string]*Program{}}
	switch name {
	case "vm":
		return d, nil
	case "cpu":
		_, err := cpu.Find()
		if errors.Is(err, cpu.ErrNoCompiler) {
			return nil, &Missing{name, "no C compiler", "apt-get install gcc libc6-dev, or name one in GIRIH_CC"}
		}
		return d, err
	case "cuda":
		gpu, err := cuda.Open(0)
		switch {
		case errors.Is(err, cuda.ErrNoDriver):
			return nil, &Missing{name, "no CUDA driver", "install NVIDIA's driver, R570 or later"}
		case errors.Is(err, cuda.ErrNoDevice):
			return nil, &Missing{name, "the CUDA driver finds no GPU", "see nvidia-smi and CUDA_VISIBLE_DEVICES"}
		case err != nil:
			return nil, err
		}
		if _, err := llvm.Find(); errors.Is(err, llvm.ErrMissing) {
			return nil, errors.Join(&Missing{name, fmt.Sprintf("no LLVM %d", llvm.Major), fmt.Sprintf("apt-get install llvm-%d", llvm.Major)}, gpu.Close())
		}
		d.gpu = gpu
		return d, nil
	}
	return nil, fmt.Errorf("no executor is called %q; there are vm, cpu and cuda", name)
}

// Program makes a kernel ready, or finds it ready.
func (d *Device) Program(ctx context.Context, k *ir.Kernel) (*Program, error) {
	key := k.Source + "\n" + k.String()
	if p := d.made[key]; p != nil {
		return p, nil
	}
	p, err := d.compile(ctx, k)
	if err != nil {
		return nil, err
	}
	d.made[key] = p
	return p, nil
}

func (d *Device) compile(ctx context.Context, k *ir.Kernel) (*Program, error) {
	switch d.Name {
	case "cpu":
		code, err := compile.Thread(k, passes.CPU, compile.Options{})
		if err != nil {
			return nil, err
		}
		p, err := cpu.NewContext(ctx, code.Kernel, code.Thread, cpu.Options{Cache: d.kept})
		if err != nil {
			return nil, err
		}
		return &Program{p, code, p.Close}, nil
	case "cuda":
		code, err := compile.GPU(ctx, k, d.gpu.Target(), compile.Options{Cache: d.kept})
		if err != nil {
			return nil, err
		}
		p, err := cuda.NewProgram(d.gpu, cuda.Code{Kernel: code.Kernel, PTX: code.PTX, Threads: code.Threads, Shared: code.Shared})
		if err != nil {
			return nil, err
		}
		return &Program{p, code, p.Close}, nil
	}
	p, err := vm.New(k, vm.Options{})
	return &Program{p, nil, func() error { return nil }}, err
}

// Forget unloads the programs that were made; a long session must not keep all of them.
func (d *Device) Forget() error {
	var err error
	for key, p := range d.made {
		err = errors.Join(err, p.close())
		delete(d.made, key)
	}
	return err
}

// Close unloads everything and gives the device back.
func (d *Device) Close() error {
	err := d.Forget()
	if d.gpu != nil {
		err = errors.Join(err, d.gpu.Close())
	}
	return err
}
