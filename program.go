package girih

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"
	"weak"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	girun "github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
)

// program is a kernel loaded on a device. It is unloaded when no kernel and no launcher has it any more, or when the device
// is closed.
type program struct {
	dev  *Device
	abi  *ir.Kernel // with the facts and storage orders of the code
	code *loaded
}

// loaded is the executor's part, which outlives the program until it is closed.
type loaded struct {
	vm      girun.Program
	cpu     *cpu.Library
	gpu     *cuda.Program
	threads uint32
}

func (l *loaded) close() error {
	switch {
	case l.cpu != nil:
		return l.cpu.Close()
	case l.gpu != nil:
		return l.gpu.Close()
	}
	return nil
}

// programKey is what a variant's programs differ by.
type programKey struct {
	dev   *Device
	facts string
	tune  string
}

// maxFact is the largest power of two that the extents at hand are examined for; see compile.Specialise.
const maxFact = 64

// facts is the key of what compile.Specialise would learn. partial is when dims has not all dimensions.
func (v *variant) facts(d *Device, dims map[string]int64) string {
	if d.kind == onVM || v.k.opts.generic {
		return "" // the VM reads no facts
	}
	var b strings.Builder
	for _, f := range v.ir.Dims {
		n := dims[f.Name]
		if f.Static >= 0 || n <= 0 {
			b.WriteByte('-')
			continue
		}
		b.WriteString(strconv.FormatInt(min(n&-n, maxFact), 10))
		b.WriteByte(',')
	}
	return b.String()
}

// program is the code for a device and extents: what is loaded, else what is embedded, else compiled.
func (v *variant) program(ctx context.Context, d *Device, dims map[string]int64, t *tuning) (*program, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	key := programKey{d, v.facts(d, dims), t.text}
	v.mu.Lock()
	p := v.programs[key]
	v.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := d.load(ctx, v, t, dims)
	if err != nil {
		return nil, published(v.k.pkg, v.ir, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for k := range v.programs {
		if k.dev != d && k.dev.isClosed() {
			delete(v.programs, k)
		}
	}
	v.programs[key] = p
	return p, nil
}

func (d *Device) isClosed() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.closed
}

// load finds or makes a program. Kernels with the same text share it; of several callers one compiles.
func (d *Device) load(ctx context.Context, v *variant, t *tuning, dims map[string]int64) (*program, error) {
	var e *embedded
	if t.values == nil {
		e = v.match(d, dims)
	}
	spec := t.ir
	parts := []string{spec.String()}
	if e != nil {
		parts = append(parts, "embedded", e.code.Target, e.code.SHA256)
	} else if d.kind != onVM && !v.k.opts.generic {
		spec = t.ir.Clone()
		compile.Specialise(spec, dims)
		parts = []string{spec.String()}
	}
	key := cache.NewKey(append(parts, v.ir.Source)...)
	if p := d.loadedProgram(key); p != nil {
		return p, nil
	}
	// The compilation goes on for the others when this caller gives up.
	work := d.flight.DoChan(string(key[:]), func() (any, error) {
		if p := d.loadedProgram(key); p != nil {
			return p, nil
		}
		start := time.Now()
		ctx := context.WithoutCancel(ctx)
		var p *program
		var how string
		var err error
		if e != nil {
			how = "embedded"
			p, err = d.fromBundle(ctx, v, e)
		} else {
			p, how, err = d.compile(ctx, spec)
		}
		if err != nil {
			return nil, err
		}
		d.log.Debug("girih: kernel loaded", "kernel", v.ir.Name, "device", d.name, "target", d.Target(), "from", how,
			"time", time.Since(start))
		return p, d.keep(key, p)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-work:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*program), nil
	}
}

func (d *Device) loadedProgram(key cache.Key) *program {
	d.progMu.Lock()
	defer d.progMu.Unlock()
	return d.programs[key].Value()
}

// keep makes the program findable for as long as somebody holds it.
func (d *Device) keep(key cache.Key, p *program) error {
	d.progMu.Lock()
	defer d.progMu.Unlock()
	if d.programs == nil {
		return errors.Join(d.errClosed(), p.code.close())
	}
	w := weak.Make(p)
	d.programs[key] = w
	runtime.AddCleanup(p, func(l *loaded) {
		d.progMu.Lock()
		mine := d.programs != nil // else Close has done it
		if d.programs[key] == w {
			delete(d.programs, key)
		}
		d.progMu.Unlock()
		if mine {
			_ = d.Sync() // what is queued still needs the code
			_ = l.close()
		}
	}, p.code)
	return nil
}

// pack is the storage order of a parameter, nil for row-major.
func (p *program) pack(name string) *ir.Pack {
	if q := p.abi.Param(name); q != nil {
		return q.Pack
	}
	return nil
}

// values are what is passed, in order: see docs/abi.md.
func (p *program) values(c *call) []uint64 {
	var vals []uint64
	for i, q := range p.abi.Params {
		a := c.args[i]
		if a.t != nil {
			vals = append(vals, uint64(a.t.address()))
			continue
		}
		vals = append(vals, a.num.bits(q.Value.Type.Elem))
	}
	for _, f := range p.abi.Dims {
		if f.Static < 0 {
			vals = append(vals, uint64(c.dims[f.Name]))
		}
	}
	return vals
}

// order names a storage order for comparing; "" is row-major.
func order(p *ir.Pack) string {
	if p == nil {
		return ""
	}
	return bundle.PackOf(p).Hash
}

// pinned is values in memory that C may read, with the vector of their addresses.
type pinned struct {
	values []uint64
	ptrs   []unsafe.Pointer
}

func pin(values []uint64) *pinned {
	v := &pinned{values: slices.Clone(values), ptrs: make([]unsafe.Pointer, len(values))}
	if len(values) == 0 {
		return v
	}
	for i := range v.ptrs {
		v.ptrs[i] = unsafe.Pointer(&v.values[i])
	}
	pin := new(runtime.Pinner)
	pin.Pin(&v.values[0])
	pin.Pin(&v.ptrs[0])
	runtime.AddCleanup(v, func(pin *runtime.Pinner) { pin.Unpin() }, pin)
	return v
}

func gridOf(k *ir.Kernel, dims map[string]int64) ([3]int64, error) {
	g, err := k.GridSize(dims)
	if err != nil {
		return g, errorf(ErrShape, "%w", err)
	}
	return g, nil
}
