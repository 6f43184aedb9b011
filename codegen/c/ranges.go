package c

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
)

// interval is the range of an integer value, both ends inclusive.
type interval struct{ lo, hi int64 }

// whole is the range of a kind. That of I64 is cut at 2^62, so that sums of two ends do not overflow here.
func whole(e thread.Elem) interval {
	switch e {
	case thread.Bool:
		return interval{0, 1}
	case thread.I8:
		return interval{math.MinInt8, math.MaxInt8}
	case thread.I16:
		return interval{math.MinInt16, math.MaxInt16}
	case thread.I32:
		return interval{math.MinInt32, math.MaxInt32}
	}
	return interval{-1 << 62, 1 << 62}
}

// rangeOf is what is known of an integer; wide I64 values that may leave ±2^62 have the range of the kind, which then means
// nothing: bounded tells.
func (p *printer) rangeOf(n *thread.Node) interval {
	if r, ok := p.ranges[n]; ok {
		return r
	}
	e := n.Type.Elem
	r := whole(e)
	if n.Type.Lanes == 1 && (e == thread.I32 || e == thread.I64) {
		if s, ok := p.exact(n); ok && s.lo <= s.hi && s.lo >= r.lo && s.hi <= r.hi {
			r = s
		}
	}
	p.ranges[n] = r
	return r
}

// bounded reports a value of which more is known than its kind.
func (p *printer) bounded(n *thread.Node) bool {
	return n.Type.Elem == thread.I32 || p.rangeOf(n) != whole(n.Type.Elem)
}

// fits reports that the mathematical result of a node lies in its kind, so that C's signed arithmetic gives it.
func (p *printer) fits(n *thread.Node) bool {
	s, ok := p.exact(n)
	r := whole(n.Type.Elem)
	return ok && s.lo >= r.lo && s.hi <= r.hi
}

// exact is the range of the mathematical result of a node; ok is false where nothing is known of it.
func (p *printer) exact(n *thread.Node) (r interval, ok bool) {
	if n.Type.Lanes != 1 || n.Type.Elem != thread.I32 && n.Type.Elem != thread.I64 {
		return r, false
	}
	none := interval{}
	switch n.Op {
	case thread.Const:
		return interval{n.Imm, n.Imm}, true
	case thread.BlockID:
		return interval{0, math.MaxInt32}, true
	case thread.Tid:
		return interval{0, 0}, true
	case thread.LoopVar:
		f := p.loops[n]
		if f == nil {
			return none, false
		}
		from, to, step := p.rangeOf(f.Args[0]), p.rangeOf(f.Args[1]), p.rangeOf(f.Args[2])
		if step.lo < 1 {
			return none, false
		}
		return interval{from.lo, max(from.lo, to.hi-1)}, true
	case thread.Conv:
		a := n.Args[0]
		if !a.Type.Elem.IsInt() && a.Type.Elem != thread.Bool {
			return none, false
		}
		x := p.rangeOf(a)
		if n.Uns && x.lo < 0 {
			if a.Type.Elem == thread.I64 || a.Type.Elem.Size() >= n.Type.Elem.Size() {
				return none, false
			}
			return interval{0, 1<<(8*a.Type.Elem.Size()) - 1}, true
		}
		if a.Type.Elem == thread.I64 && !p.bounded(a) {
			return none, false
		}
		return x, true
	case thread.Select:
		x, y := p.rangeOf(n.Args[1]), p.rangeOf(n.Args[2])
		return interval{min(x.lo, y.lo), max(x.hi, y.hi)}, p.bounded(n.Args[1]) && p.bounded(n.Args[2])
	case thread.Add, thread.Sub, thread.Mul, thread.Div, thread.Rem, thread.Min, thread.Max, thread.And, thread.Shl, thread.Shr:
		x, y := p.rangeOf(n.Args[0]), p.rangeOf(n.Args[1])
		return binaryRange(n, x, y, p.bounded(n.Args[0]), p.bounded(n.Args[1]))
	}
	return none, false
}

func binaryRange(n *thread.Node, x, y interval, knownX, knownY bool) (interval, bool) {
	if n.Op == thread.And { // a mask that is not negative bounds whatever it is applied to
		switch {
		case knownY && y.lo >= 0:
			return interval{0, y.hi}, true
		case knownX && x.lo >= 0:
			return interval{0, x.hi}, true
		}
		return x, false
	}
	if !knownX || !knownY || n.Uns && (x.lo < 0 || y.lo < 0) {
		return x, false
	}
	switch n.Op {
	case thread.Add:
		return interval{x.lo + y.lo, x.hi + y.hi}, true
	case thread.Sub:
		return interval{x.lo - y.hi, x.hi - y.lo}, true
	case thread.Mul:
		if m := max(-x.lo, x.hi); m != 0 && max(-y.lo, y.hi) > (1<<62)/m {
			return x, false // the product of two ends could overflow here
		}
		a, b, c, d := x.lo*y.lo, x.lo*y.hi, x.hi*y.lo, x.hi*y.hi
		return interval{min(a, b, c, d), max(a, b, c, d)}, true
	case thread.Min:
		return interval{min(x.lo, y.lo), min(x.hi, y.hi)}, true
	case thread.Max:
		return interval{max(x.lo, y.lo), max(x.hi, y.hi)}, true
	case thread.Div:
		if y.lo >= 1 && x.lo >= 0 {
			return interval{x.lo / y.hi, x.hi / y.lo}, true
		}
	case thread.Rem:
		if y.lo >= 1 && x.lo >= 0 {
			return interval{0, min(x.hi, y.hi-1)}, true
		}
	case thread.Shl:
		if y.lo == y.hi && y.lo >= 0 && y.lo < 31 && max(-x.lo, x.hi) <= 1<<31 {
			return interval{x.lo << y.lo, x.hi << y.lo}, true
		}
	case thread.Shr:
		if y.lo == y.hi && y.lo >= 0 && y.lo < 63 {
			return interval{x.lo >> y.lo, x.hi >> y.lo}, true
		}
	}
	return x, false
}
