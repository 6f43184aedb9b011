package widen

import (
	"math"
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// Derive gives the program that widens the fields of a plan to the goal, or false where none is known: the type has no
// sequence, or the fields of a unit do not lie side by side. Deferred leaves constant offsets and factors to the caller.
func Derive(p *ir.Plan, from dtype.Type, g Goal, deferred bool) (*Program, bool) {
	l, ok := laneOf(from, g)
	if !ok || p.Bits != from.Bits() || len(p.Fields)*l.cols%32 != 0 {
		return nil, false
	}
	d := &deriver{plan: p, t: from, g: g, l: l, deferred: deferred, prog: &Program{}, have: map[Step]Arg{}}
	switch kindOf(from, g) {
	case integer, plain, float, split, scaled, table:
		return d.prog, d.fields()
	case bytes, top, native:
		return d.prog, d.bytes(kindOf(from, g))
	case via:
		return derivedVia(p, from, g, deferred)
	}
	return nil, false
}

// derivedVia widens to another 16-bit type and converts: exactly to f32, with one rounding from there to f16 or bf16.
func derivedVia(p *ir.Plan, from dtype.Type, g Goal, deferred bool) (*Program, bool) {
	h, _ := g.through(from)
	if len(p.Fields)%2 != 0 {
		return nil, false
	}
	prog, ok := Derive(p, from, h, deferred && g.To == dtype.F32)
	if !ok {
		return nil, false
	}
	outs := prog.Outs
	prog.Outs = nil
	add := func(s Step, o Out) {
		prog.Steps = append(prog.Steps, s)
		prog.Outs = append(prog.Outs, Out{Arg{From: Value, N: len(prog.Steps) - 1}, o.Scale, o.Offset})
	}
	for _, o := range outs {
		if g.To == dtype.F32 {
			add(Step{Code: ToF32, A: o.X, Imm: 0, Kind: h.To.String()}, o)
			add(Step{Code: ToF32, A: o.X, Imm: 1, Kind: h.To.String()}, o)
		} else {
			add(Step{Code: Repair, A: o.X, Kind: g.To.String()}, o)
		}
	}
	return prog, true
}

type deriver struct {
	plan     *ir.Plan
	t        dtype.Type
	g        Goal
	l        lane
	deferred bool
	prog     *Program
	have     map[Step]Arg // steps by content: nothing is computed twice
	bitsOf   [][]int      // of each unit
	rotated  map[reg]uint64
}

// reg is a word rotated right.
type reg struct{ word, by int }

func (d *deriver) step(s Step) Arg {
	if a, ok := d.have[s]; ok {
		return a
	}
	d.prog.Steps = append(d.prog.Steps, s)
	a := Arg{From: Value, N: len(d.prog.Steps) - 1}
	d.have[s] = a
	return a
}

func (d *deriver) bits(x uint32) Arg { return Arg{From: Bits, K: d.l.splat(x)} }
func (d *deriver) num(x float64) Arg { return Arg{From: Splat, F: x} }

// regsOf lists the registers from which the bits of a unit come when they must stand at the positions of need.
func regsOf(bits, need []int) []reg {
	var s []reg
	for i, b := range bits {
		r := reg{b / 32, (b%32 - need[i] + 32) % 32}
		if !slices.Contains(s, r) {
			s = append(s, r)
		}
	}
	return s
}

// maskOf is the positions of a lane whose bits a unit draws from a register.
func maskOf(r reg, bits, need []int) (m uint32) {
	for j, b := range bits {
		if r == (reg{b / 32, (b%32 - need[j] + 32) % 32}) {
			m |= 1 << need[j]
		}
	}
	return m
}

// fields widens units whose bits lie anywhere.
func (d *deriver) fields() bool {
	for i, f := range d.plan.Fields {
		lane := i % d.l.unit()
		first := bitsOf(d.plan.Fields[i-lane])
		for j, b := range bitsOf(f) {
			if b != first[j]/32*32+(first[j]+lane*d.l.cols)%32 {
				return false
			}
		}
	}
	d.bitsOf = unitsOf(d.plan, d.l)
	needs := need(d.t, d.l)
	var chosen [][]int
	k := kindOf(d.t, d.g)
	if (k == scaled || k == table) && !d.deferred {
		return false
	}
	switch k {
	case split:
		return d.split()
	case float: // all alike
		best := slices.MinFunc(needs, func(a, b []int) int { return floatCost(d.bitsOf, a, d.l) - floatCost(d.bitsOf, b, d.l) })
		chosen = slices.Repeat([][]int{best}, len(d.bitsOf))
	case scaled: // as they lie
		for _, bits := range d.bitsOf {
			chosen = append(chosen, run(bits[0]%8, len(bits)))
		}
	default:
		chosen = choose(d.bitsOf, needs, regsOf)
	}
	d.use(chosen)
	for i, bits := range d.bitsOf {
		if k == table {
			d.lookUp(bits, chosen[i])
			continue
		}
		d.prog.Outs = append(d.prog.Outs, d.unit(bits, chosen[i]))
	}
	return true
}

// unitsOf lists where the bits of each unit lie: those of its first field.
func unitsOf(p *ir.Plan, l lane) [][]int {
	var units [][]int
	for i := 0; i < len(p.Fields); i += l.unit() {
		units = append(units, bitsOf(p.Fields[i]))
	}
	return units
}

// use records which positions of every rotation are looked at, so that a plain shift takes the place of a rotation whose
// wrapped bits nobody wants.
func (d *deriver) use(chosen [][]int) {
	d.rotated = map[reg]uint64{}
	for i, bits := range d.bitsOf {
		mark(d.rotated, bits, chosen[i], d.l)
	}
}

// mark adds the positions of a unit to those that are looked at in each rotation.
func mark(rotated map[reg]uint64, bits, need []int, l lane) {
	for j, b := range bits {
		r := reg{b / 32, (b%32 - need[j] + 32) % 32}
		rotated[r] |= uint64(l.splat(1 << need[j]))
	}
}

// leftward reports that a rotation of which some positions are looked at is a shift to the left.
func leftward(r reg, want uint64) bool { return want&(1<<uint(32-r.by)-1) == 0 }

// rotation is a word in which some bits stand right.
func (d *deriver) rotation(r reg) Arg {
	w := Arg{From: Word, N: r.word}
	switch {
	case r.by == 0:
		return w
	case d.rotated[r]<<uint(r.by) < 1<<32:
		return d.step(Step{Code: Shr, A: w, Imm: uint32(r.by)})
	case leftward(r, d.rotated[r]):
		return d.step(Step{Code: Shl, A: w, Imm: uint32(32 - r.by)})
	}
	return d.step(Step{Code: Rot, A: w, Imm: uint32(r.by)})
}

// gather brings the bits of a unit to their positions in one register, other bits cleared, and inverts those of flip.
func (d *deriver) gather(bits, need []int, flip uint32) Arg {
	rs := regsOf(bits, need)
	x, all := d.rotation(rs[0]), maskOf(rs[0], bits, need)
	for i, r := range rs[1:] {
		y, m := d.rotation(r), maskOf(r, bits, need)
		if flip == 0 { // nothing to put in: clear at the first and merge
			if i == 0 {
				x = d.step(Step{Code: Lop3, A: x, B: d.bits(all), C: d.bits(0), Imm: 0xf0 & 0xcc})
			}
			x = d.step(Step{Code: Lop3, A: y, B: d.bits(m), C: x, Imm: 0xf0&0xcc | 0xaa})
		} else {
			x = d.step(Step{Code: Lop3, A: x, B: d.bits(all), C: y, Imm: 0xf0&0xcc | 0x33&0xaa})
		}
		all |= m
	}
	if flip == 0 && len(rs) > 1 {
		return x
	}
	return d.step(Step{Code: Lop3, A: x, B: d.bits(all), C: d.bits(flip), Imm: 0xf0&0xcc ^ 0xaa})
}

// unit widens one unit.
func (d *deriver) unit(bits, need []int) Out {
	switch kindOf(d.t, d.g) {
	case plain:
		return Out{d.plain(bits, need), 1, 0}
	case scaled:
		return d.scaled(bits, need)
	case integer:
		return d.integer(bits, need)
	}
	return d.float(bits, need)
}

// maxFactor is the largest factor that is left: sums of products with what it is left of must stay normal numbers of f32
// for all activations that a 16-bit float holds to its last bit. The 2^126 between f4e2m1 and bf16 would make most of
// them 0.
const maxFactor = 0x1p32

// float moves sign and magnitude to their places; the difference of the biases remains as a factor, which is exact and
// makes subnormals right.
func (d *deriver) float(bits, need []int) Out {
	n, q := len(need)-1, need[0]
	over := d.t.ExpBits() == d.l.exps && d.t.ManBits() > 0
	// fnuz: minus zero is NaN. With a low bit put in, it is the one element that equals minus the least number of the goal.
	// Before sm_90 bf16 is not compared.
	low := uint32(0)
	if d.t.HasNaN() && !d.t.HasNegZero() && (d.g.FP8 || d.l.man == 10) {
		low = 1
	}
	var x Arg
	if over { // the largest exponent is finite in the source and infinite in the goal: NaN patterns become infinity
		mag := d.gather(bits[:n], need[:n], 0)
		mag = d.step(Step{Code: FMin, A: mag, B: d.num(math.Inf(1))})
		sign := d.rotation(regsOf(bits[n:], need[n:])[0])
		x = d.step(Step{Code: Lop3, A: sign, B: d.bits(1 << need[n]), C: mag, Imm: 0xf0&0xcc | 0xaa})
	} else {
		x = d.gather(bits, need, low)
	}
	var nan Arg
	switch {
	case !d.t.HasNaN():
	case d.t.HasNegZero(): // fn: the largest magnitude is NaN, which one more carries over into the bit above
		y := d.step(Step{Code: Add, A: x, B: d.bits(1 << q)})
		if d.l.man == 10 && q+n == 14 { // that bit completes the exponent
			x = d.step(Step{Code: Lop3, A: y, B: d.bits(1 << 14), C: x, Imm: 0xf0&0xcc | 0xaa})
			break
		}
		nan = d.fill(y, q+n)
	case low != 0:
		minus := d.step(Step{Code: Equal, A: x, B: d.bits(0x8001)})
		x = d.step(Step{Code: Lop3, A: x, B: d.bits(0xfffe), C: minus, Imm: 0xf0&0xcc | 0xaa})
	default: // fnuz: any magnitude but zero carries when the largest is added
		y := d.step(Step{Code: Add, A: x, B: d.bits((1<<n - 1) << q)})
		y = d.rol(y, need[n]-(q+n))
		y = d.step(Step{Code: Lop3, A: x, B: y, C: d.bits(0), Imm: 0xf0 & 0x33})
		nan = d.fill(y, need[n])
	}
	f := math.Ldexp(1, d.l.bias-d.t.Bias()+d.l.man-d.t.ManBits()-q)
	out := Out{x, f, 0}
	for out.Scale != 1 && (!d.deferred || out.Scale > maxFactor) {
		by := min(out.Scale, math.Ldexp(1, d.l.bias)) // the largest power of two that the goal has
		out = Out{d.step(Step{Code: FMul, A: out.X, B: d.num(by)}), out.Scale / by, 0}
	}
	if d.t.HasNaN() && nan != (Arg{}) {
		out.X = d.step(Step{Code: Lop3, A: out.X, B: nan, C: d.bits(0), Imm: 0xf0 | 0xcc})
	}
	return out
}

// rol rotates left.
func (d *deriver) rol(x Arg, by int) Arg {
	if by == 0 {
		return x
	}
	return d.step(Step{Code: Rot, A: x, Imm: uint32(32 - by)})
}

// fill makes all bits of a lane equal to one of them.
func (d *deriver) fill(x Arg, bit int) Arg {
	x = d.rol(x, d.l.cols-1-bit)
	sel := uint32(0xbb99)
	if d.l.cols == 32 {
		sel = 0xbbbb
	}
	return d.step(Step{Code: Prmt, A: x, B: Arg{From: Bits}, C: Arg{From: Bits, K: sel}})
}
