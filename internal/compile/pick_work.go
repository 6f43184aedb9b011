package compile

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
)

// work is what one block of a kernel does, counted from its tile IR once the layouts are known. Counts are those of an
// average block: tiles at the edge of a tensor move and compute less than their extent. Instructions are those of one warp.
type work struct {
	grid    [3]int64
	band    int  // ir.Kernel.Band
	digits  bool // dots are sums of digits (passes/limbs.go)
	lasting bool // the kernel is persistent
	warps   int
	loops   []loop
	edge    part      // outside of loops
	reads   []traffic // of the whole kernel
	writes  float64   // bytes of a block
	carry   float64   // registers of a thread that live through a loop
	temps   float64   // registers of the widest operation
	shared  int       // bytes of exchanges between warps, which lie over the rings
	beside  int       // bytes that do not
	loaded  float64   // bytes that a block loads outside of loops
	cluster int       // blocks of a cluster; 0 without one
}

// part is straight-line work of one warp.
type part struct {
	issue   float64 // instructions
	mma     float64 // those of the matrix units, counted apart
	tensor  float64 // clocks of the matrix units of an SM that wgmma of the block takes
	bytes   float64 // that the block reads from global memory
	latency float64 // dependent trips to memory
}

// loop is a loop at the top of the kernel, with all that is inside of it.
type loop struct {
	trips  float64
	each   part // one iteration
	stages int  // of the ring; 1 without one
	slot   int  // bytes of one stage
	copied float64
}

// traffic is one load of a tensor over the whole kernel.
type traffic struct {
	block  float64 // bytes that one block reads
	unique float64 // bytes of the tensor
	of     *ir.Param
	again  bool    // the block has read the same before
	axes   [3]bool // of the grid that the place depends on
}

// measure counts the work of a kernel after the layout pass.
type measure struct {
	k        *ir.Kernel
	facts    *passes.Facts
	dims     map[string]int64
	w        *work
	into     *part
	loop     *loop
	trips    float64
	ring     bool
	wgmma    bool                 // the target has it
	wide     float64              // registers of the widest elementwise operation
	owner    map[*ir.Value]*ir.Op // counter of a loop
	deferred map[*ir.Value]bool   // widened integers whose offsets are left to a dot
}

// layoutsOnly runs the passes up to the one that assigns layouts: what follows only spends time.
func layoutsOnly(k *ir.Kernel, t passes.Target) error {
	c := &passes.Context{Target: t}
	for _, p := range passes.Table {
		if err := p.Run(k, c); err != nil {
			return err
		}
		if p.Name == "layout" {
			break
		}
	}
	return nil
}

func workOf(k *ir.Kernel, dims map[string]int64, t passes.Target) (*work, error) {
	grid, err := k.GridSize(dims)
	if err != nil {
		return nil, err
	}
	m := &measure{k: k, facts: passes.NewFacts(k), dims: dims, w: &work{grid: grid, band: k.Band, lasting: k.Persistent, warps: k.Warps}, trips: 1, wgmma: t.HasWgmma(), owner: map[*ir.Value]*ir.Op{}, deferred: map[*ir.Value]bool{}}
	m.into = &m.w.edge
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpDot {
			switch f := passes.MmaOf(o, k.Warps, o.Result().Layout); {
			case f == nil:
			case f.Groups > 0:
				m.w.digits = true
			case f.Swap && f.Wide >= 4 && f.Narrow <= 2:
				m.deferred[o.Args[1]] = true
			}
		}
		if o.Code == ir.OpFor {
			m.owner[o.Regions[0].Args[0]] = o
		}
		return true
	})
	m.block(k.Body)
	if m.w.temps == 0 { // operands of the matrix units are widened piece by piece; other tiles live whole
		m.w.temps = m.wide
	}
	return m.w, nil
}

func (m *measure) block(b *ir.Block) {
	for _, o := range b.Ops {
		m.op(o)
	}
}

// blocks is the number of blocks of the grid.
func (w *work) blocks() float64 {
	return float64(w.grid[0]) * float64(w.grid[1]) * float64(w.grid[2]) * float64(max(w.cluster, 1))
}

// kept reports a persistent kernel whose ring is in use while sums are exchanged, as passes/chain.go has it but for places that are loaded.
func (w *work) kept() bool { return w.lasting && len(w.loops) == 1 && w.loops[0].stages > 1 }

// runsOn reports one whose range is long enough for the ring to run on from place to place.
func (w *work) runsOn() bool { return w.kept() && w.loops[0].trips >= float64(w.loops[0].stages-1) }

// ring is the bytes of shared memory of a block. Rings of loops that follow each other stand side by side; what is exchanged
// after them lies over them.
func (w *work) ring() int {
	n := 0
	for _, l := range w.loops {
		if l.stages > 1 && l.slot > 0 {
			n += l.stages * l.slot
		}
	}
	if w.kept() {
		return n + w.shared + w.beside
	}
	return max(n, w.shared) + w.beside
}

// same reports loads that are of the same tensor region, which the cache serves once.
func (t traffic) shares(grid [3]int64, band int, concurrent float64) float64 {
	// Axis 0 varies fastest, or a band of axis 1: blocks that run together cover it first.
	distinct, left := 1.0, concurrent
	if n := float64(min(int64(band), grid[1])); n > 0 {
		if t.axes[1] {
			distinct = min(n, max(1, left))
		}
		left /= n
		grid[1] = max(1, grid[1]/int64(n))
	}
	for i, g := range grid {
		c := min(float64(g), max(1, left))
		left /= float64(max(g, 1))
		if t.axes[i] {
			distinct *= c
		}
	}
	return distinct
}
