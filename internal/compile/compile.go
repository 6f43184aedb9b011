// Package compile takes a kernel of tile IR to code for a target: passes, lowering, printing, LLVM, with what each stage
// made and took. It is the one place that knows the order of the rooms; the library and the command both stand on it.
package compile

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/girih-lang/girih/codegen"
	"github.com/girih-lang/girih/codegen/ptx"
	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cache"
)

// Options of a compilation. The zero value is the default.
type Options struct {
	Cache  *cache.Cache    // nil compiles every time
	Driver llvm.Driver     // nil finds LLVM
	Off    map[string]bool // passes to leave out
	Dump   func(pass string, k *ir.Kernel)
	Timing func(pass string, d time.Duration)
	Verify bool // check the IR after every pass
}

// Code is a kernel compiled for one target.
type Code struct {
	Kernel  *ir.Kernel // after the passes
	Target  passes.Target
	Thread  *thread.Func // nil when the code came from the cache
	LLVM    []byte       // nil on a CPU, and when the code came from the cache
	PTX     []byte       // nil on a CPU
	Threads int          // of a block
	Shared  int          // bytes of shared memory of a block
	Remarks []passes.Remark
	Steps   []Step
	Cached  bool
}

// Step is the time of one stage.
type Step struct {
	Name string
	Time time.Duration
}

func (c *Code) step(name string, since time.Time) {
	c.Steps = append(c.Steps, Step{name, time.Since(since)})
}

// Target finds a target by name: cpu, or a GPU generation.
func Target(name string) (passes.Target, error) {
	if name == "cpu" {
		return passes.CPU, nil
	}
	t, err := ptx.TargetOf(name)
	if err != nil {
		return passes.Target{}, fmt.Errorf("no target is called %q: expected cpu or a GPU generation; %w", name, err)
	}
	return passes.Target{Name: t.CPU, GPU: true, Warps: 4, MaxShared: t.Shared}, nil
}

// Thread takes a kernel to thread IR, without compiling it further. The kernel itself is not changed.
func Thread(k *ir.Kernel, target passes.Target, o Options) (*Code, error) {
	k = k.Clone()
	c := &Code{Kernel: k, Target: target}
	start := time.Now()
	ctx := &passes.Context{Target: target, Off: o.Off, Timing: o.Timing, After: func(pass string, k *ir.Kernel) error {
		if o.Dump != nil {
			k.Renumber()
			o.Dump(pass, k)
		}
		if o.Verify {
			return k.Verify()
		}
		return nil
	}}
	err := passes.Run(k, ctx)
	c.Remarks = ctx.Remarks
	if err != nil {
		return nil, err
	}
	k.Renumber()
	c.step("passes", start)
	start = time.Now()
	if c.Thread, err = codegen.Lower(k, target); err != nil {
		return nil, err
	}
	c.Threads, c.Shared = c.Thread.Threads, c.Thread.Shared
	c.step("lower", start)
	return c, nil
}

// GPU compiles a kernel to PTX for a GPU generation.
func GPU(ctx context.Context, k *ir.Kernel, target string, o Options) (*Code, error) {
	t, err := Target(target)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	key := cache.NewKey("ptx", k.String(), target, fmt.Sprint(o.Off))
	if o.Cache != nil {
		if e, ok := o.Cache.Get(key); ok {
			if c, err := restore(k, t, e); err == nil {
				c.step("cache", start)
				return c, nil
			}
		}
	}
	driver := findDriver(o)
	c, err := Thread(k, t, o)
	if err != nil {
		return nil, err
	}
	g, err := ptx.TargetOf(target)
	if err != nil {
		return nil, err
	}
	start = time.Now()
	if c.LLVM, err = ptx.Module(c.Thread, g); err != nil {
		return nil, err
	}
	c.step("print", start)
	start = time.Now()
	d, err := driver()
	if err != nil {
		return nil, err
	}
	c.step("load LLVM", start) // what is left of it
	start = time.Now()
	r, err := d.Compile(ctx, c.LLVM, llvm.Options{CPU: g.CPU, Features: g.PTX})
	if err != nil {
		return nil, fmt.Errorf("kernel %s for %s: %w", k.Name, target, err)
	}
	c.PTX = r.Text
	c.step("LLVM", start)
	if o.Cache != nil {
		start = time.Now()
		files := map[string][]byte{"kernel.ptx": c.PTX, "manifest.json": c.manifest()}
		if _, err := o.Cache.Put(key, files, map[string]string{"kernel": k.Name, "target": target}); err == nil {
			c.step("store", start)
		}
	}
	return c, nil
}

// findDriver starts to look for LLVM and to load it, which takes as long as everything before it is needed; the result waits
// for the end of that.
func findDriver(o Options) func() (llvm.Driver, error) {
	if o.Driver != nil {
		return func() (llvm.Driver, error) { return o.Driver, nil }
	}
	type found struct {
		d   llvm.Driver
		err error
	}
	c := make(chan found, 1)
	go func() {
		d, err := llvm.Find()
		c <- found{d, err}
	}()
	return func() (llvm.Driver, error) { f := <-c; return f.d, f.err }
}

// manifest is what a cached entry needs beside the PTX.
type manifest struct {
	Threads int                `json:"threads"`
	Shared  int                `json:"shared"`
	Packs   map[string]packRef `json:"packs,omitempty"`
	Warps   int                `json:"warps"`
	Cluster int                `json:"cluster,omitempty"`
	After   []string           `json:"after,omitempty"`
}

type packRef struct {
	Layout string `json:"layout"`
	Tile   [2]int `json:"tile"`
	Goal   string `json:"goal"`
	Plan   uint64 `json:"plan"` // hash of the plan that the code was compiled for
}

// planHash tells plans apart.
func planHash(p *ir.Plan) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, *p)
	return h.Sum64()
}

func (c *Code) manifest() []byte {
	m := manifest{Threads: c.Threads, Shared: c.Shared, Packs: map[string]packRef{}, Warps: c.Kernel.Warps, Cluster: c.Kernel.Cluster, After: c.Kernel.After}
	for _, p := range c.Kernel.Params {
		if p.Pack != nil {
			m.Packs[p.Name] = packRef{p.Pack.Layout, p.Pack.Tile, p.Pack.Plan.Goal, planHash(p.Pack.Plan)}
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic("compile: " + err.Error()) // plain numbers and strings
	}
	return data
}

// restore makes the code of a cache entry.
func restore(k *ir.Kernel, t passes.Target, e *cache.Entry) (*Code, error) {
	var m manifest
	if err := json.Unmarshal(e.Files["manifest.json"], &m); err != nil {
		return nil, err
	}
	k = k.Clone()
	k.Warps, k.Cluster, k.After = m.Warps, m.Cluster, m.After
	for name, ref := range m.Packs {
		p := k.Param(name)
		l, err := layout.Parse(ref.Layout)
		if err != nil || p == nil {
			return nil, fmt.Errorf("manifest of %s: %q", k.Name, name)
		}
		p.Pack = passes.PackOf(&l, p.Value.Type.Elem, ref.Goal, ref.Tile[0], ref.Tile[1])
		if planHash(p.Pack.Plan) != ref.Plan {
			return nil, fmt.Errorf("manifest of %s: the storage order of %s is another one", k.Name, name)
		}
	}
	return &Code{Kernel: k, Target: t, PTX: e.Files["kernel.ptx"], Threads: m.Threads, Shared: m.Shared, Cached: true}, nil
}
