package widen

import (
	"fmt"
	"strings"
	"sync"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// String is the goal in the form that ParseGoal reads: "f16", "bf16+fp8".
func (g Goal) String() string {
	s := g.To.String()
	if g.FP8 {
		s += "+fp8"
	}
	if g.Scaled {
		s += "+scaled"
	}
	return s
}

// ParseGoal reads a goal; false for text that is none.
func ParseGoal(s string) (Goal, bool) {
	g := Goal{}
	s, g.Scaled = strings.CutSuffix(s, "+scaled")
	s, g.FP8 = strings.CutSuffix(s, "+fp8")
	t, err := dtype.Parse(s)
	g.To = t
	return g, err == nil
}

// Words is the number of 32-bit words that n fields take.
func Words(bits, n int) int {
	if bits > 16 {
		return (n*bits + 31) / 32
	}
	return ((n+1)/2*bits + 15) / 16
}

var (
	placed sync.Map // place's argument -> *ir.Plan
)

// Place lays n elements of a type out in 32-bit words for a goal, in units: the fields 2i and 2i+1 lie at the same bits of
// the two halves of words, or, for a goal of 8 bits, the fields 4i to 4i+3 at the same bits of the four bytes (8i to 8i+7 at those
// of the eight nibbles, where they are looked up). A half, byte or nibble
// holds as many whole fields as fit; what is left of them together makes further fields in pieces, so that odd widths waste
// nothing. Among the placements that do, it takes the one whose program is shortest. Types that have no program for the goal
// get the same placement as integers of their width in pairs, as do numbers of elements that bytes do not hold in whole
// units; widths above 16 follow each other bit by bit. The plan is shared: it must not be changed.
func Place(t dtype.Type, g Goal, n int) *ir.Plan {
	key := fmt.Sprint(t, g, n)
	if p, ok := placed.Load(key); ok {
		return p.(*ir.Plan)
	}
	p := place(t, g, n)
	p.Goal = g.String()
	placed.Store(key, p)
	return p
}

func place(t dtype.Type, g Goal, n int) *ir.Plan {
	bits := t.Bits()
	if bits > 16 {
		return stream(bits, n)
	}
	k := kindOf(t, g)
	switch k {
	case scaled:
		if p := inBytes(bits, n); p != nil {
			return p
		}
		return place(t, Goal{To: g.To}, n)
	case native: // neighbours in neighbouring bytes
		return stream(bits, n)
	case via:
		h, _ := g.through(t)
		return place(t, h, n)
	}
	l, ok := laneOf(t, g)
	if !ok || l.cols == 32 || k == none || l.cols <= 8 && n%l.unit() != 0 {
		l, _ = wider(dtype.F16)
		t, k = dtype.U(bits), none
	}
	b := &placer{bits: bits, l: l, units: (n + l.unit() - 1) / l.unit(), n: n, needs: need(t, l), words: Words(bits, n)}
	if len(b.needs) == 0 {
		b.needs = [][]int{run(0, bits)}
	}
	switch k {
	case split:
		// The low seven bits of two fields and their top bits: 0-6 and 14, 7-13 and 15.
		return b.plan([]int{0, 1, 2, 3, 4, 5, 6, 14, 7, 8, 9, 10, 11, 12, 13, 15})
	case float:
		return b.floats()
	}
	best, cost := (*ir.Plan)(nil), 0
	for _, a := range integerWords(bits, l.cols) {
		if k == plain && t.IsSigned() {
			signsBelow(a, bits)
		}
		p := b.plan(a)
		c := 0
		if n%l.unit() == 0 {
			if prog, ok := Derive(p, t, g, true); ok {
				c = prog.Ops()
			}
		}
		if best == nil || c < cost {
			best, cost = p, c
		}
	}
	return best
}

// floats is the best plan for a float, whose positions are the same for all elements.
func (b *placer) floats() *ir.Plan {
	type start struct {
		placer
		arrangements [][]int
	}
	var starts []start
	least := 1 << 30
	for _, need := range b.needs {
		for _, left := range []bool{true, false} {
			a, c := floatWords(need, 16/b.bits, left)
			if c < least {
				starts, least = nil, c
			}
			if c == least {
				p := *b
				p.needs, p.left = [][]int{need}, left
				starts = append(starts, start{p, a})
			}
		}
	}
	var best *ir.Plan
	cost := 1 << 30
	for _, s := range starts {
		for _, a := range s.arrangements[:min(len(s.arrangements), max(1, 100/len(starts)))] {
			plan := s.plan(a)
			if c := floatCost(unitsOf(plan, b.l), s.needs[0], b.l); c < cost {
				best, cost = plan, c
			}
		}
	}
	return best
}

// floatCost orders plans of a float by the instructions that they take when all elements have their bits at the positions of
// need: one for each register that a unit draws from, one for each rotation. Shifts to the left cost a little less: they
// are multiplications as well, for which GPUs have another unit.
func floatCost(units [][]int, need []int, l lane) int {
	n := 0
	rotated := map[reg]uint64{}
	for _, bits := range units {
		n += len(regsOf(bits, need))
		mark(rotated, bits, need, l)
	}
	n *= 1024
	for r, want := range rotated {
		switch {
		case r.by == 0:
		case leftward(r, want):
			n += 1023
		default:
			n += 1024
		}
	}
	return n
}

// stream lays fields out one after the other.
func stream(bits, n int) *ir.Plan {
	p := &ir.Plan{Bits: bits, Fields: make([]ir.Field, n)}
	for i := range n {
		var at []int
		for j := range bits {
			at = append(at, i*bits+j)
		}
		p.Fields[i] = fieldOf(at)
	}
	return p
}

// inBytes lays n fields of 1, 2 or 4 bits out for a scaled goal: four to the bytes of a word at the same bits, word after word,
// then the next bits of all words. So neighbouring units stand at the same bits, as far as there are words for them. Nil where
// they do not fill whole words.
func inBytes(bits, n int) *ir.Plan {
	if n*bits%32 != 0 {
		return nil
	}
	words := n * bits / 32
	p := &ir.Plan{Bits: bits, Fields: make([]ir.Field, n)}
	for i := range p.Fields {
		u := i / 4
		p.Fields[i].Pieces = []ir.Piece{{Word: u % words, Bit: i%4*8 + u/words*bits, Len: bits}}
	}
	return p
}
