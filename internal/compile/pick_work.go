package compile

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
)

// work is what one block of a kernel does, counted from its tile IR once the layouts are known. Counts are those of an
// average block: tiles at the edge of a tensor move and compute less than their extent. Instructions are those of one warp.
type work struct {
	grid   [3]int64
	warps  int
	loops  []loop
	edge   part      // outside of loops
	reads  []traffic // of the whole kernel
	writes float64   // bytes of a block
	carry  float64   // registers of a thread that live through a loop
	temps  float64   // registers of the widest operation
	shared int       // bytes beside the rings: exchange between warps
	loaded float64   // bytes that a block loads outside of loops
}

// part is straight-line work of one warp.
type part struct {
	issue    float64 // instructions
	mma      float64 // those of the matrix units, counted apart
	bytes    float64 // that the block reads from global memory
	barriers float64
	latency  float64 // dependent trips to memory
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
	axes   [3]bool // of the grid that the place depends on
}

// measure counts the work of a kernel after the layout pass.
type measure struct {
	k     *ir.Kernel
	facts *passes.Facts
	dims  map[string]int64
	w     *work
	into  *part
	loop  *loop
	trips float64
	ring  bool
	wide  float64              // registers of the widest elementwise operation
	owner map[*ir.Value]*ir.Op // counter of a loop
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

func workOf(k *ir.Kernel, dims map[string]int64) (*work, error) {
	grid, err := k.GridSize(dims)
	if err != nil {
		return nil, err
	}
	m := &measure{k: k, facts: passes.NewFacts(k), dims: dims, w: &work{grid: grid, warps: k.Warps}, trips: 1, owner: map[*ir.Value]*ir.Op{}}
	m.into = &m.w.edge
	k.Body.Walk(func(o *ir.Op) bool {
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

// op counts one operation. Weights are instructions of a warp for one register's worth of the tile; those of slow
// functions count how long they keep their unit busy.
func (m *measure) op(o *ir.Op) {
	switch o.Code {
	case ir.OpFor:
		m.forLoop(o)
		return
	case ir.OpIf:
		for _, g := range o.Regions {
			m.block(g)
		}
		return
	case ir.OpLoad:
		m.load(o)
		return
	case ir.OpStore:
		m.store(o)
		return
	case ir.OpDot:
		m.dot(o)
		return
	case ir.OpReduce:
		m.reduce(o)
		return
	case ir.OpConvert:
		n := locals(o.Result())
		m.into.issue += m.trips * (2*n + 8)
		m.into.barriers += 2 * m.trips
		m.w.shared = max(m.w.shared, elements(o.Result())*max(1, o.Result().Type.Elem.Bits()/8))
		return
	case ir.OpBroadcast, ir.OpReshape, ir.OpTranspose, ir.OpConst, ir.OpIota, ir.OpYield, ir.OpDim, ir.OpProgramID:
		return
	}
	if len(o.Results) == 0 {
		return
	}
	r := o.Result()
	if r.Type.Kind != ir.Tile {
		return
	}
	n := locals(r)
	m.into.issue += m.trips * n * weight(o)
	if !r.Type.IsScalar() {
		m.wide = max(m.wide, 2*n*registers(r.Type.Elem))
	}
}

func weight(o *ir.Op) float64 {
	e := o.Result().Type.Elem
	half := 1.0
	if e.IsFloat() && e.Bits() == 16 {
		half = 0.5 // two at a time
	}
	switch o.Code {
	case ir.OpCast:
		return castWeight(o.Args[0].Type.Elem, e)
	case ir.OpExp, ir.OpExp2, ir.OpLog, ir.OpLog2, ir.OpSqrt, ir.OpRsqrt:
		return 6
	case ir.OpSin, ir.OpCos, ir.OpTanh, ir.OpErf:
		return 24
	case ir.OpDiv, ir.OpRem:
		return 9
	case ir.OpSelect, ir.OpCmp:
		return 1
	}
	return half
}

// castWeight is what widening costs: fields that lie at the same bits of both halves of a word take two operations a pair.
func castWeight(from, to dtype.Type) float64 {
	b := from.Bits()
	switch {
	case from.IsBool() || to.IsBool():
		return 1
	case b <= 8 && from.IsInt() && to.IsFloat():
		if b&(b-1) != 0 {
			return 1.5
		}
		return 1.1
	case b <= 8 && from.IsFloat() && to.IsFloat():
		if from.HasNaN() || from.HasInf() {
			return 8
		}
		return 1.8
	case from.Bits() == 16 && to.Bits() == 16 && from != to:
		return 1
	case to.IsFloat() && to.Bits() <= 8:
		return 3
	case from.IsFloat() && to.IsFloat() && to.Bits() == 16:
		return 0.5
	}
	return 1
}

func (m *measure) forLoop(o *ir.Op) {
	trips := m.count(o)
	top := m.loop == nil
	for i := range o.Results {
		m.w.carry = max(m.w.carry, m.carried(o, i))
	}
	if !top {
		before := m.trips
		m.trips *= trips
		m.block(o.Regions[0])
		m.into.issue += m.trips * loopIssue
		m.trips = before
		return
	}
	l := &loop{trips: trips, stages: max(1, o.Int("pipeline"))}
	m.loop, m.into, m.ring = l, &l.each, l.stages > 1
	m.block(o.Regions[0])
	l.each.issue += loopIssue
	m.loop, m.into, m.ring = nil, &m.w.edge, false
	m.w.loops = append(m.w.loops, *l)
}

// loopIssue is the instructions of a loop's own: counters, slots, branches.
const loopIssue = 24

// carried is the registers of all values that a loop carries, seen from value i: counted once, at the first.
func (m *measure) carried(o *ir.Op, i int) float64 {
	if i > 0 {
		return 0
	}
	n := 0.0
	for _, r := range o.Results {
		n += locals(r) * registers(r.Type.Elem)
	}
	return n
}

func (m *measure) count(o *ir.Op) float64 {
	from, ok1 := m.eval(o.Args[0])
	to, ok2 := m.eval(o.Args[1])
	step, ok3 := m.eval(o.Args[2])
	if !ok1 || !ok2 || !ok3 || step <= 0 {
		return 8 // bounds from data: a guess
	}
	return float64(max(0, (to-from+step-1)/step))
}

// eval is a scalar for a block in the middle of the grid.
func (m *measure) eval(v *ir.Value) (int64, bool) {
	if l := m.owner[v]; l != nil {
		from, ok1 := m.eval(l.Args[0])
		to, ok2 := m.eval(l.Args[1])
		return (from + to) / 2, ok1 && ok2
	}
	o := v.Def
	if o == nil || !v.Type.IsScalar() || v.Type.Elem.IsFloat() {
		return 0, false
	}
	switch o.Code {
	case ir.OpConst:
		n, ok := o.Attr("value").(int64)
		return n, ok
	case ir.OpDim:
		e, err := ir.ParseExpr(o.Str("expr"))
		if err != nil {
			return 0, false
		}
		n, err := e.Eval(m.dims)
		return n, err == nil
	case ir.OpProgramID:
		return m.w.grid[o.Int("axis")] / 2, true
	case ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpDiv, ir.OpMin, ir.OpMax:
		a, ok1 := m.eval(o.Args[0])
		b, ok2 := m.eval(o.Args[1])
		if !ok1 || !ok2 {
			return 0, false
		}
		switch o.Code {
		case ir.OpAdd:
			return a + b, true
		case ir.OpSub:
			return a - b, true
		case ir.OpMul:
			return a * b, true
		case ir.OpMin:
			return min(a, b), true
		case ir.OpMax:
			return max(a, b), true
		}
		return a / max(b, 1), b > 0
	}
	return 0, false
}

// axes are the axes of the grid that a scalar depends on.
func (m *measure) axes(v *ir.Value, set *[3]bool, depth int) {
	if l := m.owner[v]; l != nil {
		m.axes(l.Args[0], set, depth+1)
		return
	}
	if v.Def == nil || depth > 16 {
		return
	}
	if v.Def.Code == ir.OpProgramID {
		set[v.Def.Int("axis")] = true
	}
	for _, a := range v.Def.Args {
		m.axes(a, set, depth+1)
	}
}

// covered is the bytes of an access that lie inside the tensor, on average over the places that it visits.
func (m *measure) covered(a passes.Access) (bytes, whole float64) {
	bytes = float64(a.Tensor.Elem.Bits()) / 8
	whole = bytes
	for i, n := range a.Shape {
		extent, err := a.Tensor.Dims[a.Dims[i]].Eval(m.dims)
		if err != nil || extent <= 0 {
			extent = int64(n)
		}
		tiles := (extent + int64(n) - 1) / int64(n)
		bytes *= float64(extent) / float64(tiles)
	}
	for _, d := range a.Tensor.Dims {
		if n, err := d.Eval(m.dims); err == nil {
			whole *= float64(n)
		}
	}
	return bytes, whole
}

func (m *measure) load(o *ir.Op) {
	a := passes.AccessOf(o)
	p := m.k.ParamOf(o.Args[0])
	bytes, unique := m.covered(a)
	t := traffic{block: bytes * m.trips * m.repeats(), unique: unique}
	for _, x := range a.Offsets {
		m.axes(x, &t.axes, 0)
	}
	m.w.reads = append(m.w.reads, t)
	m.into.bytes += m.trips * bytes
	r := o.Result()
	if r.Type.IsScalar() {
		m.into.issue += m.trips * 4
		m.into.latency = max(m.into.latency, m.trips)
		return
	}
	n, per := locals(r), 1.0 // registers' worth of elements, accesses
	slot := 0
	packed := p != nil && p.Packed
	vec := float64(m.facts.Vector(a, 16))
	if packed {
		words := float64(planWords(a.Tensor.Elem.Bits(), int(n)))
		v := 1.0
		for v < 4 && int(words)%int(2*v) == 0 {
			v *= 2
		}
		per = words / v
		slot = int(words) * 4 * 32 * m.k.Warps
	} else {
		run := contiguous(r, a.Fast())
		per = n / min(vec, run)
		slot = elements(r) * max(1, a.Tensor.Elem.Bits()/8)
	}
	early := m.ring && m.loop != nil && m.trips == 1 && (packed || vec*float64(a.Tensor.Elem.Bits()) >= 32)
	switch {
	case early && (packed || passes.PrivateVector(m.facts, a, r) > 0):
		if !packed {
			slot = int(n) * 32 * m.k.Warps * a.Tensor.Elem.Bits() / 8
		}
		m.into.issue += 2*per + per
	case early:
		copies := float64(elements(r)) / vec / float64(32*m.k.Warps)
		reads := per
		if a.Tensor.Elem.Bits() == 16 {
			reads = n / 8 // ldmatrix
		}
		m.into.issue += 2*max(1, copies) + 1.5*reads
		m.into.barriers++
	default:
		m.into.issue += m.trips * (3*per + 2)
		m.into.latency = max(m.into.latency, m.trips) // loads beside each other wait together
		if m.loop == nil {
			m.w.loaded += bytes
		}
		return
	}
	m.loop.slot += slot
	m.loop.copied += bytes
}

// repeats is how often what is counted now runs: the trips of the loop around it.
func (m *measure) repeats() float64 {
	if m.loop != nil {
		return m.loop.trips
	}
	return 1
}

func (m *measure) store(o *ir.Op) {
	a := passes.AccessOf(o)
	bytes, _ := m.covered(a)
	m.w.writes += bytes * m.trips * m.repeats()
	v := o.Args[0]
	if v.Type.IsScalar() {
		m.into.issue += m.trips * 4
		return
	}
	vec := min(float64(m.facts.Vector(a, 16)), contiguous(v, a.Fast()))
	m.into.issue += m.trips * (3*locals(v)/vec + 2)
}

func (m *measure) dot(o *ir.Op) {
	r := o.Result()
	n := locals(r)
	k := float64(o.Args[0].Type.Shape[1])
	f := passes.MmaOf(o, m.k.Warps, r.Layout)
	if r.Type.Rank() == 3 {
		k /= float64(r.Type.Shape[0])
	}
	if f == nil {
		m.into.issue += m.trips * n * k * 1.5
		return
	}
	m.into.mma += m.trips * n / 4 * k / float64(f.K)
	steps := k / float64(f.K)
	operands := 0.0
	for i, l := range []float64{float64(f.A.Locals()), float64(f.B.Locals())} {
		operands += 0.8 * l / steps * registers(o.Args[i].Type.Elem)
	}
	m.w.temps = max(m.w.temps, operands)
	if c := o.Args[2].Def; c != nil && c.Code == ir.OpConst && m.loop != nil {
		m.w.temps = max(m.w.temps, operands+n) // a sum of its own beside the one that is carried
	}
}

func (m *measure) reduce(o *ir.Op) {
	x, r := o.Args[0], o.Result()
	n := locals(x)
	parts := max(1, n*32*float64(m.k.Warps)/float64(max(1, elements(x)))) // copies
	out := 1.0
	if !r.Type.IsScalar() {
		out = locals(r)
	}
	m.into.issue += m.trips * (n + 10*out)
	m.into.barriers += m.trips * 2
	m.into.issue += m.trips * out * float64(m.k.Warps) / 2
	m.w.shared = max(m.w.shared, int(float64(elements(x))*parts/max(1, n)*4))
	if r.Type.Rank() > 0 && !r.Type.IsScalar() && x.Type.Rank() == 3 {
		m.w.shared = max(m.w.shared, elements(x)*4)
	}
}

func locals(v *ir.Value) float64 {
	if v.Layout == nil {
		return 1
	}
	return float64(v.Layout.Locals())
}

func elements(v *ir.Value) int {
	n := 1
	for _, s := range v.Type.Shape {
		n *= s
	}
	return n
}

// registers is the 32-bit registers of one element.
func registers(t dtype.Type) float64 {
	switch b := t.Bits(); {
	case b > 32:
		return 2
	case t.IsFloat() && b == 16:
		return 0.5
	}
	return 1
}

// contiguous is the neighbours along a tile axis that lie in one thread.
func contiguous(v *ir.Value, axis int) float64 {
	_, local, ok := v.Layout.Digits()
	n := 1
	for _, d := range local {
		if !ok || d.Dim != axis || d.Stride != n {
			break
		}
		n *= d.Radix
	}
	return float64(max(1, n))
}

// planWords is the 32-bit words that n fields take (passes.PlanFor).
func planWords(bits, n int) int {
	if bits > 16 {
		return (n*bits + 31) / 32
	}
	return ((n+1)/2*bits + 15) / 16
}

// blocks is the number of blocks of the grid.
func (w *work) blocks() float64 {
	return float64(w.grid[0]) * float64(w.grid[1]) * float64(w.grid[2])
}

// ring is the bytes of shared memory of a block. Rings of loops that follow each other stand side by side.
func (w *work) ring() int {
	n := 0
	for _, l := range w.loops {
		if l.stages > 1 && l.slot > 0 {
			n += l.stages * l.slot
		}
	}
	if w.shared > 0 {
		n = (n + 1023) &^ 1023
	}
	return n + w.shared
}

// same reports loads that are of the same tensor region, which the cache serves once.
func (t traffic) shares(grid [3]int64, concurrent float64) float64 {
	// Axis 0 varies fastest: blocks that run together cover it first.
	distinct, left := 1.0, concurrent
	for i, g := range grid {
		c := min(float64(g), max(1, left))
		left /= float64(max(g, 1))
		if t.axes[i] {
			distinct *= c
		}
	}
	return distinct
}
