package c

import (
	"fmt"
	"sort"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// Accesses to a tile are clipped element by element, and compilers vectorise a loop with such a condition badly or, for narrow
// elements on most machines, not at all. Nearly all tiles lie inside their tensors: a loop over local indices whose
// clips can all be decided ahead is printed twice, without them behind one test and with them in the other branch, where the
// loops further in try the same for their rows.

// clips finds the comparisons in a nest of local loops that hold for all iterations when the returned C condition does. There
// are none when the condition is empty.
func (p *printer) clips(loop *thread.Node) (cond string, decided []*thread.Node) {
	inside := map[*thread.Block]bool{}
	var cmps []*thread.Node
	size := 0
	var list func(b *thread.Block)
	list = func(b *thread.Block) {
		if b == nil {
			return
		}
		inside[b] = true
		size += len(b.Nodes)
		for _, n := range b.Nodes {
			if n.Op == thread.Cmp && n.Kind == "lt" && n.Uns && n.Type.Lanes == 1 && n.Args[0].Type.Elem == thread.I32 && p.uses[n] > 0 && !p.taken[n] && !p.always(n) {
				cmps = append(cmps, n)
			}
			list(n.Body)
			list(n.Else)
		}
	}
	list(loop.Body)
	if size > 400 {
		return "", nil // twice as much text is not worth it
	}
	conds := map[string]bool{}
	for _, n := range cmps {
		x, ok := p.linear(n.Args[0], inside)
		y, ok2 := p.linear(n.Args[1], inside)
		if !ok || !ok2 || len(x.parts) > 3 || len(y.parts) > 1 || y.lo != y.hi {
			continue
		}
		sum := func(k int64, parts []string) string {
			s := fmt.Sprintf("%dll", k)
			for i, q := range parts {
				if i == 0 && k == 0 {
					s = "(int64_t)" + q
				} else {
					s += " + " + q
				}
			}
			return s
		}
		conds[sum(x.lo, x.parts)+" >= 0"] = true
		conds[sum(x.hi, x.parts)+" < "+sum(y.lo, y.parts)] = true
		decided = append(decided, n)
	}
	var all []string
	for c := range conds {
		all = append(all, c)
	}
	sort.Strings(all)
	return strings.Join(all, " && "), decided
}

// sum is a sum of names of values from outside of a nest, and of what varies inside it between two bounds.
type sum struct {
	parts  []string
	lo, hi int64
}

// linear splits an I32. The sum in 64 bits is that of the value where it is not negative and below 2^31: wrapping on the way
// does not matter then.
func (p *printer) linear(n *thread.Node, inside map[*thread.Block]bool) (sum, bool) {
	const far = 1 << 31
	if n.Op == thread.Const {
		return sum{nil, n.Imm, n.Imm}, true
	}
	if lit, ok := p.everywhere(n); ok {
		return sum{[]string{lit}, 0, 0}, true
	}
	if !inside[p.home[n]] {
		if v := p.vals[n]; v != nil {
			return sum{[]string{p.atom(n)}, 0, 0}, true
		}
		return sum{}, false
	}
	if n.Op == thread.Add {
		x, ok := p.linear(n.Args[0], inside)
		y, ok2 := p.linear(n.Args[1], inside)
		s := sum{append(append([]string{}, x.parts...), y.parts...), x.lo + y.lo, x.hi + y.hi}
		return s, ok && ok2 && s.lo > -far && s.hi < far
	}
	r := p.rangeOf(n)
	return sum{nil, r.lo, r.hi}, r.lo > -far/2 && r.hi < far/2
}

// everywhere is the name of an argument or a block number: they exist in all blocks.
func (p *printer) everywhere(n *thread.Node) (string, bool) {
	if n.Op == thread.BlockID || n.Op == thread.Arg && n.Type.Elem == thread.I32 {
		lit, ok := p.literal(n)
		return lit[0], ok
	}
	return "", false
}

// always reports a comparison that the ranges of its operands decide.
func (p *printer) always(n *thread.Node) bool {
	if n.Op != thread.Cmp || n.Kind != "lt" || n.Type.Lanes != 1 || !n.Args[0].Type.Elem.IsInt() || !p.bounded(n.Args[0]) || !p.bounded(n.Args[1]) {
		return false
	}
	x, y := p.rangeOf(n.Args[0]), p.rangeOf(n.Args[1])
	return x.hi < y.lo && (!n.Uns || x.lo >= 0)
}

// versions prints a loop over local indices, twice where that takes its clips away.
func (p *printer) versions(n *thread.Node) {
	if n.Loop {
		if cond, cmps := p.clips(n); len(cmps) > 0 {
			p.before(n)
			for _, i := range []int{0, 1, 2} { // the bounds are used in both
				p.atom(n.Args[i])
			}
			p.line("if (%s) { // nothing to clip", cond)
			p.indent += "\t"
			for _, c := range cmps {
				p.taken[c] = true
			}
			p.plainLoop(n)
			for _, c := range cmps {
				delete(p.taken, c)
			}
			p.indent = p.indent[1:]
			p.line("} else {")
			p.indent += "\t"
			p.plainLoop(n)
			p.indent = p.indent[1:]
			p.line("}")
			return
		}
	}
	p.plainLoop(n)
}
