package compile

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/ir/widen"
	"github.com/girih-lang/girih/passes"
)

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
	case ir.OpLoad, ir.OpGather:
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
		m.w.shared = max(m.w.shared, elements(o.Result())*max(1, o.Result().Type.Elem.Bits()/8))
		return
	case ir.OpClusterSum:
		m.w.cluster = max(m.k.Cluster, 1)
		m.into.issue += m.trips * locals(o.Result()) * 4 // stores, and the parts of the share that it stores
		m.w.shared = max(m.w.shared, elements(o.Result())*4)
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
	w := weight(o)
	switch {
	case o.Code != ir.OpCast:
	case m.deferred[r]:
		w = max(0.5, w-0.5) // offsets are left to the sum
	}
	m.into.issue += m.trips * n * w
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
			return 3
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
	case ir.OpClusterRank:
		return 0, true
	case ir.OpClusterSize:
		return int64(max(m.k.Cluster, 1)), true
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

// byteWeight is the instructions of one packed weight that becomes a byte for a product with digits, from its program, and by how many bytes
// the digits are multiplied for it.
func byteWeight(from dtype.Type) (instructions float64, operands int) {
	const n = 64
	g, _ := widen.InBytes(from)
	prog, ok := widen.Derive(widen.Place(from, g, n), from, g, true)
	switch {
	case !ok:
		return 1, 1
	case prog.Less != nil:
		return float64(prog.Ops()) / n, 2
	}
	return float64(prog.Ops()) / n, 1
}
