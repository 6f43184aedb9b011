package girih

import (
	"maps"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime/cuda"
)

// tuning is a variant with tune values.
type tuning struct {
	ir     *ir.Kernel
	values map[string]int64 // nil: as declared, the first candidates
	text   string           // of the values
	whole  bool             // sums are not split in parts
}

// pickKey is what picks are remembered by.
type pickKey struct {
	dev   *Device
	class string // of the extents
}

// open are the tune values that no option sets.
func (k *Kernel) open() (names []string) {
	for _, p := range k.decl.Params {
		if _, set := k.opts.defines[p.Name]; p.Kind == "tune" && !set {
			names = append(names, p.Name)
		}
	}
	return names
}

// pick chooses the tune values that no option sets, for a device and extents: those of a packed argument (fixed), else those
// of embedded code, else what `girih tune` has measured here, else what the cost model expects to be fastest. Where extents
// are missing from dims, and in the VM, whose results do not depend on them, they are as declared.
func (v *variant) pick(d *Device, dims map[string]int64, fixed *tuning) (*tuning, error) {
	declared := &tuning{ir: v.ir}
	switch {
	case fixed != nil && fixed.values == nil, d.kind == onVM, v.k.opts.generic, len(v.k.open()) == 0 && d.kind != onCPU, v.match(d, dims) != nil:
		return declared, nil
	case fixed != nil:
		if t, err := v.lower(compile.Choice{Values: fixed.values, NoSplit: fixed.whole}, fixed.text); err == nil {
			return t, nil
		}
		return declared, nil // packed for another kernel: its order will not fit
	}
	key := pickKey{d, compile.Class(dims)}
	v.mu.Lock()
	t := v.picks[key]
	v.mu.Unlock()
	if t != nil {
		return t, nil
	}
	c, err := d.picker().Pick(v.k.pkg, v.k.decl.Name, lang.Options{Defines: v.k.opts.defines, Dims: v.dims}, dims)
	if err != nil {
		return nil, published(v.k.pkg, v.ir, err)
	}
	if t = declared; c.From == "model" || c.From == "tuned" || d.kind == onCPU {
		text := c.String()
		if c.NoSplit {
			text += " in one part"
		}
		if t, err = v.lower(c, text); err != nil {
			return nil, err
		}
	}
	d.log.Debug("girih: tune values", "kernel", v.ir.Name, "device", d.name, "values", c.String(), "from", c.From)
	v.mu.Lock()
	defer v.mu.Unlock()
	for k := range v.picks {
		if k.dev != d && k.dev.isClosed() {
			delete(v.picks, k)
		}
	}
	v.picks[key] = t
	return t, nil
}

// lower makes the variant with chosen values, once.
func (v *variant) lower(c compile.Choice, text string) (*tuning, error) {
	v.mu.Lock()
	t := v.tunings[text]
	v.mu.Unlock()
	if t != nil {
		return t, nil
	}
	defines := c.Defines(nil)
	maps.Copy(defines, v.k.opts.defines) // what was set stays
	low, err := lang.Lower(v.k.pkg, v.k.decl.Name, lang.Options{Defines: defines, Dims: v.dims, NoSplit: c.NoSplit})
	if err != nil {
		return nil, published(v.k.pkg, nil, err)
	}
	t = &tuning{ir: low, values: c.Values, text: text, whole: c.NoSplit}
	v.mu.Lock()
	defer v.mu.Unlock()
	if old := v.tunings[text]; old != nil {
		return old, nil
	}
	v.tunings[text] = t
	return t, nil
}

// picker knows the device.
func (d *Device) picker() compile.Picker {
	p := compile.Picker{Machine: compile.MachineOf(d.Target()), Cache: d.kept}
	if g := d.gpu; g != nil {
		p.Machine = compile.Chip(g.Target(), g.Name, g.SMs, g.L2, g.MemoryClockKHz, g.MemoryBusBits)
		p.Tuned = &compile.Tuned{Dir: compile.TunedDir(d.kept), Executor: "cuda", Chip: g.Name, Driver: cuda.Release()}
	}
	return p
}
