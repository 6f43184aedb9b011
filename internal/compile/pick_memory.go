package compile

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
)

func (m *measure) load(o *ir.Op) {
	a := passes.AccessOf(o)
	p := m.k.ParamOf(o.Args[0])
	bytes, unique := m.covered(a)
	t := traffic{block: bytes * m.trips * m.repeats(), unique: unique}
	for _, x := range a.Offsets {
		m.axes(x, &t.axes, 0)
	}
	t.of = p
	for _, u := range m.w.reads {
		t.again = t.again || u.of == p && u.block == t.block && u.axes == t.axes
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
	early := a.Index == nil && m.ring && m.loop != nil && m.trips == 1 && (packed || vec*float64(a.Tensor.Elem.Bits()) >= 32)
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
	if f.Groups > 0 { // what a warp takes to cut 128 elements, to join and weigh two digits for each sum, and to make bytes of the weights
		each := 4.0
		if o.Flag("factor") {
			each++
		}
		weight, times := byteWeight(o.Args[1].Type.Elem)
		m.into.issue += m.trips * (95 + each*n*float64(f.Groups) + float64(f.B.Locals())*weight)
		m.w.beside += m.k.Warps * passes.LimbBytes
		wide := f.Wide * times
		if o.Flag("zero") { // the row alone
			wide++
		}
		m.into.mma += m.trips * float64(wide*f.Steps)
	} else if m.wgmma && f.Warpgroups(o, m.k.Warps) { // measured: m64n8 16 clocks, m64n32 20, m64n64 37 (docs/performance-log.md)
		cols := float64(o.Args[0].Type.Shape[0])
		m.into.tensor += m.trips * float64(m.k.Warps) / 4 * float64(f.Wide) * k / 16 * max(16, 0.57*cols)
	} else {
		m.into.mma += m.trips * n / 4 * k / float64(f.K)
	}
	steps := k / float64(f.K)
	operands := 0.0
	for i, l := range []float64{float64(f.A.Locals()), float64(f.B.Locals())} {
		if f.Groups > 0 { // words of the weights, which become bytes piece by piece, and all that cutting the row takes
			operands = 26 + 2.05*n + float64(planWords(o.Args[1].Type.Elem.Bits(), f.B.Locals()))
			break
		}
		if m.wgmma && f.Warpgroups(o, m.k.Warps) {
			if i == 1 { // all of it is widened before the instructions start; the other one is read from shared memory
				operands += l * registers(o.Args[i].Type.Elem)
			}
			continue
		}
		operands += 0.8 * l / steps * registers(o.Args[i].Type.Elem)
	}
	if f.Swap && f.Groups == 0 && f.Wide >= 4 && f.Narrow == 2 {
		operands += 16 // the chain of offsets
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
