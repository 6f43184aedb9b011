package layout

import (
	"fmt"
	"math/bits"
)

// ShufflePlan is a conversion within warps of 32 lanes as a number of rounds. In a round every lane offers one register and
// takes the one that another lane offers.
//
// Let C be the map from where a value is wanted (thread t, local l) to where it is (thread s, local r), and φ a linear map
// from lanes to registers. In round j thread t takes what belongs in its local l = j + φ(t). C is one to one, so φ can be
// chosen such that t -> s is one to one too in every round (its lane part is M·t + c(j) with M = C_LL + C_LR·φ, and two
// subspaces of equal dimension have a common complement). The register that lane s must offer is then A·s + B·j, a
// function of lane and round. So the source first exchanges registers under the bits of A·s, which are selects, each
// round is one shuffle, and the destination exchanges registers under the bits of φ(t). Where M is the identity a shuffle
// is a butterfly, and rounds with c(j) = 0 take none at all. This is the factorisation (registers)(lanes)(registers) of
// Triton's warp-local conversions, for any linear map instead of transpositions of single digits.
type ShufflePlan struct {
	SrcLocals, DstLocals int

	srcBits, dstBits, regs int // of locals on both sides, and of registers in the rounds
	pre, post              []choice
	round                  []int // images of the bits of j: register offered (B), above 5 bits of lane taken from
	lane                   []int // images of the bits of the thread: lane taken from
	pairs                  bool
	srcPair, dstPair       int // local bits that are carried together, with pairs
}

// choice exchanges registers x and x^by in threads where mask has an odd number of bits in common with the thread.
type choice struct{ mask, by int }

// PlanShuffle is the shuffle from src to dst. With pairs two registers that belong together on both sides are carried as
// one where there are such; elements of 16 bits want that. An error says why there is none: the extents must be powers of
// two and the conversion within warps.
func PlanShuffle(src, dst Layout, pairs bool) (*ShufflePlan, error) {
	for _, n := range append(append([]int{src.Threads(), src.Locals(), dst.Locals()}, src.Shape()...), dst.Shape()...) {
		if n&(n-1) != 0 {
			return nil, fmt.Errorf("shuffle: an extent of %d; it takes powers of two", n)
		}
	}
	class, err := Classify(src, dst)
	if err != nil {
		return nil, err
	}
	if class > Shuffle || src.Threads() < 32 {
		return nil, fmt.Errorf("shuffle: the conversion is of class %s", class)
	}
	c := newCarrier(src, dst)
	p := &ShufflePlan{SrcLocals: src.Locals(), DstLocals: dst.Locals(), srcBits: c.srcBits, dstBits: c.dstBits}
	if pairs {
		p.pairs, p.dstPair, p.srcPair = c.pair()
		if p.pairs {
			c.drop(p.dstPair, p.srcPair)
			p.srcBits--
			p.dstBits--
		}
	}
	p.plan(c)
	return p, nil
}

// Pairs reports that two registers are carried as one: those that differ in the returned bits of the local index.
func (p *ShufflePlan) Pairs() (src, dst int, ok bool) { return p.srcPair, p.dstPair, p.pairs }

// carrier is C as bit vectors: lanes in bits 0-4, registers above.
type carrier struct {
	srcBits, dstBits, regs int
	warps                  int
	col                    []int // images of lane bits, register bits, then warp bits (only what they add to lane and register)
}

func log2(n int) int { return bits.Len(uint(n)) - 1 }

// newCarrier chooses C: where a lane has the element itself it stays there, else a single digit of the source that has it,
// else any solution that keeps C one to one. Registers beyond the source's are copies of its registers; registers beyond
// the destination's are not wanted and take what is left.
func newCarrier(src, dst Layout) *carrier {
	shape := src.Shape()
	flat := func(l Layout, thread, local int) int {
		n := 0
		for d, x := range l.At(thread, local) {
			n = n*shape[d] + x
		}
		return n
	}
	threads := log2(src.Threads())
	c := &carrier{srcBits: log2(src.Locals()), dstBits: log2(dst.Locals()), warps: threads - 5}
	var s, d []int
	for i := range 5 {
		s, d = append(s, flat(src, 1<<i, 0)), append(d, flat(dst, 1<<i, 0))
	}
	for i := range c.srcBits {
		s = append(s, flat(src, 0, 1<<i))
	}
	for i := range c.dstBits {
		d = append(d, flat(dst, 0, 1<<i))
	}
	e := &bitEchelon{}
	for i, x := range s {
		e.add(x, 1<<i)
	}
	regs := &bitEchelon{}
	for i, x := range s[5:] {
		regs.add(x, 1<<(5+i))
	}
	c.regs = max(c.srcBits, c.dstBits+e.rank()-rankOf(d))
	kernel := e.kernel
	for i := c.srcBits; i < c.regs; i++ { // copies of registers change no element
		kernel = append(kernel, 1<<(5+i))
	}
	used := &bitEchelon{}
	take := func(x int) bool { return used.add(x, 0) }
	for i, want := range d {
		var candidates []int
		own := 0 // the lane bit itself: the value stays in its lane
		if i < 5 {
			own = 1 << i
		}
		have := 0
		if i < 5 {
			have = s[i]
		}
		for k, x := range s[5:] {
			if x == want^have {
				candidates = append(candidates, own|1<<(5+k))
			}
		}
		if y, ok := regs.try(want ^ have); ok {
			candidates = append(candidates, own|y)
		}
		for k, x := range s {
			if x == want {
				candidates = append(candidates, 1<<k)
			}
		}
		p := e.solve(want)
		candidates = append(candidates, p)
		for _, k := range kernel {
			candidates = append(candidates, p^k)
		}
		for _, x := range candidates {
			if take(x) {
				c.col = append(c.col, x)
				break
			}
		}
	}
	for len(c.col) < 5+c.regs { // registers that nobody wants
		for k := 5 + c.regs - 1; k >= 0; k-- {
			if take(1 << k) {
				c.col = append(c.col, 1<<k)
				break
			}
		}
	}
	for i := 5; i < threads; i++ {
		c.col = append(c.col, e.solve(flat(src, 1<<i, 0)^flat(dst, 1<<i, 0)))
	}
	return c
}

// pair finds a register bit of the destination that comes from a register bit of the source and mixes with nothing: the
// lowest one.
func (c *carrier) pair() (ok bool, dst, src int) {
	for i := range min(c.dstBits, c.regs) {
		x := c.col[5+i]
		if x&(x-1) != 0 || x < 32 || log2(x) >= 5+c.srcBits {
			continue
		}
		alone := true
		for k, y := range c.col {
			alone = alone && (k == 5+i || y&x == 0)
		}
		if alone {
			return true, i, log2(x) - 5
		}
	}
	return false, 0, 0
}

// drop takes a register bit out on both sides.
func (c *carrier) drop(dst, src int) {
	var col []int
	for k, x := range c.col {
		if k != 5+dst {
			low := 1<<(5+src) - 1
			col = append(col, x&low|x>>1&^low)
		}
	}
	c.col = col
	c.srcBits, c.dstBits, c.regs = c.srcBits-1, c.dstBits-1, c.regs-1
}

// combine is the image of x under the linear map with the given images of bits.
func combine(col []int, x int) int {
	y := 0
	for i := 0; x != 0; i, x = i+1, x>>1 {
		if x&1 != 0 {
			y ^= col[i]
		}
	}
	return y
}

func (p *ShufflePlan) plan(c *carrier) {
	const lanes = 31
	p.regs = c.regs
	lane, reg, warp := c.col[:5], c.col[5:5+c.regs], c.col[5+c.regs:]
	// φ sends a basis of the lanes that M would lose to registers that bring them back, themselves if possible.
	im := &bitEchelon{}
	for i, x := range lane {
		im.add(x&lanes, 1<<i)
	}
	byReg := &bitEchelon{}
	for i, x := range reg {
		byReg.add(x&lanes, 1<<i)
	}
	phi := make([]int, 5)
	span := &bitEchelon{}
	for _, x := range lane {
		span.add(x&lanes, 0)
	}
	for _, n := range im.kernel {
		// A lost vector whose registers hold the same loses nothing: several lanes then take from one.
		if combine(lane, n)>>5&(1<<c.srcBits-1) == 0 {
			continue
		}
		at := log2(n) // n combines this bit with bits that are no such bit of another lost vector
		var candidates []int
		if g, ok := byReg.try(1 << at); ok {
			candidates = append(candidates, g)
		}
		for i := range reg {
			candidates = append(candidates, 1<<i)
		}
		for _, g := range candidates {
			if span.add(combine(reg, g)&lanes, 0) {
				phi[at] = g
				break
			}
		}
	}
	m, a := make([]int, 5), make([]int, 5) // M, and the registers behind it, by bits of t
	for i := range 5 {
		x := lane[i] ^ combine(reg, phi[i])
		m[i], a[i] = x&lanes, x>>5
	}
	inv := &bitEchelon{}
	for i, x := range m {
		inv.add(x, 1<<i)
	}
	source := func(s int) int { return combine(a, inv.solve(s)) } // A
	for i := range 5 {
		p.lane = append(p.lane, m[i])
	}
	threadReg := make([]int, 0, 5+len(warp))
	for i := range 5 {
		threadReg = append(threadReg, source(1<<i))
	}
	for _, w := range warp {
		p.lane = append(p.lane, w&lanes)
		threadReg = append(threadReg, source(w&lanes)^w>>5)
	}
	p.round = make([]int, c.regs)
	for i, x := range reg {
		p.round[i] = x&lanes | (source(x&lanes)^x>>5)<<5
	}
	p.pre, p.post = choices(threadReg), choices(phi)
}

// choices writes a linear map from threads to registers as exchanges, one for each vector of a basis of its image.
func choices(col []int) []choice {
	e := &bitEchelon{}
	for i, x := range col {
		e.add(x, 1<<i)
	}
	var out []choice
	basis := append([]int(nil), e.vs...)
	for k, v := range basis {
		mask := 0
		for i, x := range col {
			if e.coordinates(x)>>k&1 != 0 {
				mask |= 1 << i
			}
		}
		out = append(out, choice{mask, v})
	}
	return out
}

// RunShuffle carries values out. read gives register r of the source; choose gives x in threads where mask has an odd number
// of bits in common with the thread's number, else y; take gives what the lane offers whose number is lane(t) ^ by with
// lane the map of Lane. The result has a value for each register of the destination. With Pairs, registers are those
// without the bits that are carried together.
func RunShuffle[V comparable](p *ShufflePlan, read func(r int) V, choose func(mask int, x, y V) V, take func(v V, by int) V) []V {
	n := 1 << p.regs
	known := make([]map[int]V, 2)
	known[0], known[1] = map[int]V{}, map[int]V{}
	// stage(k, x) is register x before the k-th exchange, counted from the last.
	var exchange func(which int, cs []choice, x int, base func(int) V) V
	exchange = func(which int, cs []choice, x int, base func(int) V) V {
		if len(cs) == 0 {
			return base(x)
		}
		key := len(cs)*n + x
		if v, ok := known[which][key]; ok {
			return v
		}
		c := cs[len(cs)-1]
		y := exchange(which, cs[:len(cs)-1], x, base)
		other := exchange(which, cs[:len(cs)-1], x^c.by, base)
		v := y
		if other != y {
			v = choose(c.mask, other, y)
		}
		known[which][key] = v
		return v
	}
	got := map[int]V{}
	receive := func(j int) V {
		if v, ok := got[j]; ok {
			return v
		}
		r := 0
		for i, x := range p.round {
			if j>>i&1 != 0 {
				r ^= x
			}
		}
		v := exchange(0, p.pre, r>>5, func(x int) V { return read(x & (1<<p.srcBits - 1)) })
		if by := r & 31; by != 0 || !p.Butterfly() {
			v = take(v, by)
		}
		got[j] = v
		return v
	}
	out := make([]V, 1<<p.dstBits)
	for l := range out {
		out[l] = exchange(1, p.post, l, receive)
	}
	return out
}

// Butterfly reports that lane(t) = t: every shuffle only flips bits of the lane.
func (p *ShufflePlan) Butterfly() bool {
	for i, x := range p.lane {
		if i < 5 && x != 1<<i || i >= 5 && x != 0 {
			return false
		}
	}
	return true
}

// Lane lists the images of the bits of the thread's number under the map from thread to the lane taken from.
func (p *ShufflePlan) Lane() []int { return p.lane }

// Count is the number of shuffles and selects of a thread.
func (p *ShufflePlan) Count() (shuffles, selects int) {
	next := 1 << p.srcBits
	fresh := func() int { next++; return next }
	RunShuffle(p, func(r int) int { return r }, func(int, int, int) int { selects++; return fresh() }, func(int, int) int { shuffles++; return fresh() })
	return shuffles, selects
}

// bitEchelon is a basis over F_2 with what each vector was made of.
type bitEchelon struct {
	vs, pivot, comb []int
	kernel          []int // combinations of what was added that vanish
}

func (e *bitEchelon) rank() int { return len(e.vs) }

func rankOf(xs []int) int {
	e := &bitEchelon{}
	for _, x := range xs {
		e.add(x, 0)
	}
	return e.rank()
}

// reduce takes out of x what the basis spans: what is left, the vectors used, and what they were made of.
func (e *bitEchelon) reduce(x int) (rest, used, comb int) {
	for k, v := range e.vs {
		if x&e.pivot[k] != 0 {
			x ^= v
			used |= 1 << k
			comb ^= e.comb[k]
		}
	}
	return x, used, comb
}

// add extends the basis by x, made of id; it reports whether x was independent.
func (e *bitEchelon) add(x, id int) bool {
	rest, _, comb := e.reduce(x)
	if rest == 0 {
		e.kernel = append(e.kernel, comb^id)
		return false
	}
	e.vs, e.pivot, e.comb = append(e.vs, rest), append(e.pivot, rest&-rest), append(e.comb, comb^id)
	return true
}

// try expresses x by what was added.
func (e *bitEchelon) try(x int) (comb int, ok bool) {
	rest, _, comb := e.reduce(x)
	return comb, rest == 0
}

func (e *bitEchelon) solve(x int) int {
	comb, _ := e.try(x)
	return comb
}

// coordinates are the vectors of the basis that x is made of, as bits.
func (e *bitEchelon) coordinates(x int) int {
	_, used, _ := e.reduce(x)
	return used
}
