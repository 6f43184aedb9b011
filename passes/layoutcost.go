package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// The model that layouts are chosen by. It counts cycles of a block on a multiprocessor, in eighths, from what one warp does
// in one access: layouts are linear, so that all warps and all locals do alike. Its conversions are estimates (of the
// conflict-free way); what a conversion really takes is planned once the layouts stand.
const (
	tick    = 8         // units of a cycle
	sector  = 1 * tick  // 32 bytes of global memory that an access of a warp touches
	issue   = 1 * tick  // an access of memory, by a warp
	alu     = tick / 4  // an instruction on a register, by a warp: there are four schedulers
	mmaOp   = 4 * tick  // a matrix instruction of m16n8k16
	spill   = 4 * tick  // a register of a thread beyond plenty, by a warp
	tooMuch = 1 << 32   // of shared memory
	plenty  = 128       // registers of a thread that one tile may take before the others go short
	atomic  = 48 * tick // an element without bytes of its own is stored bit by bit, by two atomic operations
	doubt   = 2         // times its cycles that a conversion must save: it is estimated, nothing hides its latency, and it takes registers
	gather  = 8 * tick  // and read byte by byte
)

func (s *solver) warps() int64 { return int64(s.k.Warps) }

// alone is what a class costs by itself in a layout: its accesses of memory, its instructions and its registers.
func (s *solver) alone(o *ir.Op, l *layout.Layout) int64 {
	w := s.warps()
	switch {
	case o.Code == ir.OpLoad:
		return s.load(o, l)
	case o.Code == ir.OpGather:
		return s.global(o, l, false)
	case o.Code == ir.OpStore:
		n := int64(0)
		if to := s.coalesced(o, l); to != nil {
			n = s.move(l, to, o.Args[0].Type)
			l = to
		}
		return n + s.global(o, l, true)
	case o.Code == ir.OpDot:
		return s.dot(o, l)
	case elementwise(o):
		return int64(l.Locals()) * w * alu
	}
	return 0
}

// registers is what a tile costs that takes many.
func (s *solver) registers(t ir.Type, l *layout.Layout) int64 {
	n := int64(l.Locals()) * int64(max(16, t.Elem.Bits())) / 32
	return max(0, n-plenty) * s.warps() * spill
}

// load is a load as it will be: of packed words, through a ring in shared memory, or from global memory.
func (s *solver) load(o *ir.Op, l *layout.Layout) int64 {
	t := o.Result().Type
	w, bits := s.warps(), int64(t.Elem.Bits())
	if p := s.k.ParamOf(o.Args[0]); p != nil && p.Packed {
		words := (int64(l.Locals())*bits + 31) / 32
		return words * w * (sector + issue/4)
	}
	a := AccessOf(o)
	if n := s.facts.Vector(a, 16) * t.Elem.Bits() / 8; !s.ring[o] || n < 4 {
		return s.global(o, l, false)
	}
	size := int64(container(t.Elem.Bits()))
	if privateVector(s.facts, a, l) > 0 {
		words := int64(l.Locals()) * size / 4
		return s.global(o, l, false) + words*w*tick + words*w/4*issue
	}
	bytes := int64(t.Size()) * size
	return bytes/32*sector + (bytes/512+1)*issue + s.shared(RowsOf(t, SwizzleFor(t)), l) + 30*tick // a barrier in each iteration
}

// shared is the reading of rows in shared memory.
func (s *solver) shared(r Rows, l *layout.Layout) int64 {
	w := s.warps()
	if _, n, _, ok := r.Matrices(l); ok {
		return int64(l.Locals()) / 2 * w * (tick + issue/int64(n))
	}
	v := r.Vector(l)
	at := make([]int, min(32, l.Threads()))
	c := make([]int, 0, 8)
	for t := range at {
		c = l.AppendAt(c, t, 0)
		if at[t] = -1; inside(c, r.Shape) {
			at[t] = r.Offset(c)
		}
	}
	n, _ := layout.Wavefronts(at, v*r.Size)
	return int64(l.Locals()/v) * w * (int64(n)*tick + issue)
}

// global is an access of global memory in a layout.
func (s *solver) global(o *ir.Op, l *layout.Layout, write bool) int64 {
	a := AccessOf(o)
	fast, bits := a.Fast(), a.Tensor.Elem.Bits()
	limit, whole := s.facts.Vector(a, 16), bits%8 == 0 && bits&(bits-1) == 0
	if !whole {
		limit = s.facts.Run(a)
	}
	v := 1
	if local := l.LocalDigits(); len(local) > 0 && local[0].Dim == fast && local[0].Stride == 1 {
		for 2*v <= limit && local[0].Radix%(2*v) == 0 {
			v *= 2
		}
	}
	warps, repeats := s.warps(), []layout.Digit(nil)
	if write {
		repeats = l.Repeats()
		for _, d := range repeats {
			if d.Stride%32 == 0 {
				warps /= int64(d.Radix)
			}
		}
	}
	rows := a.Dims[fast] == a.Tensor.Rank()-1 && !a.scattered(fast)
	var seen [32]int
	n := 0
	c := make([]int, 0, 8)
lanes:
	for t := range min(32, l.Threads()) {
		if c = l.AppendAt(c, t, 0); !inside(c, a.Shape) || layout.Repeated(repeats, t) {
			continue
		}
		key := 0
		for i, x := range c {
			if i == fast && rows {
				x = x * bits / 256
			}
			key = key<<12 | x&(1<<12-1)
		}
		for _, k := range seen[:n] {
			if k == key {
				continue lanes
			}
		}
		seen[n] = key
		n++
	}
	accesses := int64(l.Locals()/v) * max(1, warps)
	cost := accesses * int64(n) * sector
	switch {
	case whole || v*bits%8 == 0:
		cost += accesses * int64((v*bits+127)/128) * issue
	case write:
		cost += accesses * int64(v) * atomic
	default:
		cost += accesses * int64(v) * gather
	}
	return cost
}

// dot is a product whose accumulator has a layout: on the matrix units, or as multiply-adds with both operands in shared
// memory, which each thread reads along K.
func (s *solver) dot(o *ir.Op, l *layout.Layout) int64 {
	if m := s.mmaFor(o, l); m != nil {
		return s.matrixCost(o, m, l)
	}
	return s.multiplyAdds(o, l)
}

// matrixCost is a product on the matrix units, with the conversions where l is not the layout that it sums in.
func (s *solver) matrixCost(o *ir.Op, m *Mma, l *layout.Layout) int64 {
	t := o.Result().Type
	parts := 1
	if t.Rank() == 3 {
		parts = t.Shape[0]
	}
	steps := max(1, o.Args[0].Type.Shape[1]/parts/16)
	return int64(m.C.Locals()/4*steps)*s.warps()*mmaOp + s.move(l, m.C, t) + s.move(m.C, l, t)
}

// multiplyAdds is a product on the ordinary units.
func (s *solver) multiplyAdds(o *ir.Op, l *layout.Layout) int64 {
	w, k := s.warps(), int64(o.Args[0].Type.Shape[1])
	rows, cols := int64(1), int64(1)
	for _, d := range l.LocalDigits() {
		if d.Dim == 0 {
			rows *= int64(d.Radix)
		} else {
			cols *= int64(d.Radix)
		}
	}
	return k*(rows*cols*alu+(rows+cols)*2*tick)*w + int64(Costs.Roundtrip)*tick
}

// reduce is the combination of what a thread holds, of lanes by butterflies, and of warps through shared memory.
func (s *solver) reduce(o *ir.Op, l *layout.Layout) int64 {
	w := s.warps()
	digits, local, _ := l.Digits()
	axis, n := o.Int("axis"), int64(1)
	for _, d := range local {
		if d.Dim != axis && d.Dim >= 0 {
			n *= int64(d.Radix)
		}
	}
	cost := int64(l.Locals()) * w * alu
	weight, parts := 1, int64(1)
	for _, d := range digits {
		if d.Dim == axis {
			near := min(d.Radix, max(1, 32/weight))
			for m := 1; m < near; m *= 2 {
				cost += n * w * (int64(Costs.Shuffle)*tick + alu)
			}
			parts *= int64(d.Radix / near)
		}
		weight *= d.Radix
	}
	if cost > int64(l.Locals())*w*alu {
		cost += int64(Costs.ShuffleLatency) * tick
	}
	if parts > 1 {
		cost += int64(Costs.Roundtrip)/2*tick + n*w*(issue+tick) + n*parts*w*(issue+tick)
	}
	return cost
}

type moveKey struct {
	from, to *layout.Layout
	bits     int
}

// move estimates a conversion.
func (s *solver) move(from, to *layout.Layout, t ir.Type) int64 {
	from, to = s.intern(from), s.intern(to)
	if from == to {
		return 0
	}
	key := moveKey{from, to, t.Elem.Bits()}
	n, ok := s.moves[key]
	if !ok {
		n = s.estimate(from, to, t) * doubt
		s.moves[key] = n
	}
	return n
}

func (s *solver) estimate(from, to *layout.Layout, t ir.Type) int64 {
	class, err := layout.Classify(*from, *to)
	if err == nil && class <= layout.Register {
		return 0
	}
	w, size := s.warps(), int64(container(t.Elem.Bits()))
	binary := true
	for _, n := range append(from.Shape(), from.Locals(), to.Locals()) {
		binary = binary && n&(n-1) == 0
	}
	rows := RowsOf(t, SwizzleFor(t))
	side := func(l *layout.Layout) int64 {
		if !binary { // there is no exchange for the two: it goes through rows
			return s.shared(rows, l)
		}
		wave := max(1, int64(l.Locals())*size/4)
		return wave*w*tick + max(1, wave/4)*w*issue
	}
	cost := int64(Costs.Roundtrip)*tick + side(from) + side(to)
	bytes := t.Size() * int(size)
	if bytes > MaxScratch {
		cost += int64(bytes/MaxScratch*Costs.Roundtrip) * tick
	}
	if min(bytes, MaxScratch) > s.room {
		cost = tooMuch
	}
	if err == nil && class == layout.Shuffle {
		n := int64(max(from.Locals(), to.Locals())) * max(2, size) / 4
		cost = min(cost, int64(Costs.ShuffleLatency)*tick+n*w*(int64(Costs.Shuffle)*tick+2*alu))
	}
	return cost
}

// between is what an operation costs whose operand and result have the given layouts: conversions before and after it.
func (s *solver) between(o *ir.Op, arg int, have, want *layout.Layout) int64 {
	a, r := o.Args[arg].Type, o.Result().Type
	if o.Code == ir.OpDot {
		m := s.mmaFor(o, want)
		switch {
		case m == nil:
			return 0
		case arg == 0:
			return s.move(have, m.A, a)
		case arg > 2:
			return s.move(have, m.G, a)
		default:
			return s.move(have, m.B, a)
		}
	}
	operand, result, ok := inPlace(o, have, want, s.threads)
	if !ok {
		return (int64(Costs.Roundtrip)*tick + s.shared(plainRows(a), have) + s.shared(plainRows(r), want)) * doubt
	}
	cost := s.move(have, operand, a) + s.move(result, want, r)
	if o.Code == ir.OpReduce {
		cost += s.reduce(o, operand)
	}
	return cost
}
