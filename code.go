package girih

import (
	"context"
	"runtime"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/vm"
)

// compile makes code for the device.
func (d *Device) compile(ctx context.Context, k *ir.Kernel) (p *program, how string, err error) {
	p = &program{dev: d, code: &loaded{}}
	switch d.kind {
	case onVM:
		vp, err := vm.New(k, vm.Options{Check: d.checked})
		p.abi, p.code.vm = k, vp
		return p, "prepared", err
	case onCPU:
		t, err := compile.Thread(k, passes.CPU, compile.Options{})
		if err != nil {
			return nil, "", err
		}
		text, err := c.Print(t.Thread, c.Options{})
		if err != nil {
			return nil, "", err
		}
		p.abi = t.Kernel
		p.code.cpu, err = cpu.Load(ctx, c.Symbol(t.Thread.Name), text, cpu.Options{Cache: d.kept})
		if err != nil {
			return nil, "", err
		}
		return p, origin(p.code.cpu.Hit), nil
	}
	g, err := compile.GPU(ctx, k, d.gpu.Target(), compile.Options{Cache: d.kept})
	if err != nil {
		return nil, "", err
	}
	p.abi = g.Kernel
	err = d.loadPTX(p, g.Kernel, g.PTX, g.Threads, g.Shared)
	return p, origin(g.Cached), err
}

func origin(hit bool) string {
	if hit {
		return "cache"
	}
	return "compiled"
}

// loadPTX loads code on the GPU. What the driver makes of PTX takes tens of milliseconds, so that it is kept too.
func (d *Device) loadPTX(p *program, k *ir.Kernel, ptx []byte, threads, shared int) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	version, _, err := cuda.Version()
	if err != nil {
		return err
	}
	code := cuda.Code{Kernel: k, PTX: ptx, Threads: threads, Shared: shared}
	key := cache.NewKey("cubin", string(ptx), d.gpu.Target(), d.gpu.Name, version)
	e, hit := d.kept.Get(key)
	if hit {
		code.Cubin = e.Files["kernel.cubin"]
		p.code.gpu, err = cuda.NewProgram(d.gpu, code)
	}
	if !hit || err != nil {
		code.Cubin = nil
		if p.code.gpu, err = cuda.NewProgram(d.gpu, code); err != nil {
			return err
		}
		_, _ = d.kept.Put(key, map[string][]byte{"kernel.cubin": p.code.gpu.Cubin()}, map[string]string{"kernel": k.Name, "target": d.Target()})
	}
	p.code.threads = uint32(threads)
	return nil
}

// match finds embedded code for the device and the extents: for just this target first, else for an older GPU generation
// without a suffix, whose PTX newer ones take. On the VM there is nothing to match.
func (v *variant) match(d *Device, dims map[string]int64) *embedded {
	var best *embedded
	newest := 0
	for i := range v.embedded {
		e := &v.embedded[i]
		if !e.code.Fits(dims) {
			continue
		}
		switch {
		case d.kind == onVM:
		case e.code.Target == d.Target():
			return e
		case d.kind == onGPU:
			n, err := strconv.Atoi(strings.TrimPrefix(e.code.Target, "sm_"))
			if err == nil && n > newest && n <= d.gpu.Major*10+d.gpu.Minor {
				best, newest = e, n
			}
		}
	}
	return best
}

// fromBundle loads embedded code.
func (d *Device) fromBundle(ctx context.Context, v *variant, e *embedded) (*program, error) {
	k, err := e.code.Restore(v.ir)
	if err != nil {
		return nil, because(ErrBundle, err)
	}
	text, err := e.b.file(e.code.File, e.code.SHA256)
	if err != nil {
		return nil, err
	}
	p := &program{dev: d, abi: k, code: &loaded{}}
	if d.kind == onGPU {
		return p, d.loadPTX(p, k, text, e.code.Threads, e.code.Shared)
	}
	if e.code.Object != "" && e.code.System == runtime.GOOS+"/"+runtime.GOARCH {
		so, err := e.b.file(e.code.Object, "")
		if err != nil {
			return nil, err
		}
		if p.code.cpu, err = cpu.LoadObject(e.code.Symbol, so, cpu.Options{Cache: d.kept}); err == nil {
			return p, nil
		}
		d.log.Debug("girih: the embedded shared object does not load; compiling its C text", "kernel", k.Name, "error", err)
	}
	p.code.cpu, err = cpu.Load(ctx, e.code.Symbol, text, cpu.Options{Cache: d.kept})
	return p, err
}
