package codegen

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/widen"
	"github.com/girih-lang/girih/passes"
)

// magic is 1.5·2^23: adding it rounds a float of less than 2^22 to an integer, which then stands in the low bits.
const magic = 3 << 22

// stepsOf is the terms of the two halves of each step along K, which must be the same for all columns and the four bytes of a
// word; nil if they are not.
func stepsOf(terms []Term, m *passes.Mma) []Term {
	steps := make([]Term, 2*m.Steps)
	for i, t := range terms {
		w := i / 4
		at := w/4%m.Steps*2 + w/2%2
		if i < 16*m.Steps && w%2 == 0 && i%4 == 0 {
			steps[at] = t
		}
		if t != steps[at] {
			return nil
		}
	}
	return steps
}

// dotLimbs multiplies the digits of a row by bytes on the integer matrix units (passes/limbs.go). Bytes that stand for their value
// times 2^p meet digits of the row times 2^-p.
func (lo *lowerer) dotLimbs(o *ir.Op, t *tile, m *passes.Mma) {
	b := lo.b
	l := &limbs{b: b, kind: m.Kind, steps: slices.Repeat([]Term{{Scale: 1}}, 2*m.Steps)}
	wide, less := lo.multiples(l, o.Args[1], m)
	if l.steps[0].Offset != 0 { // signed elements have become unsigned bytes
		l.kind = "u8s8"
	}
	lo.digits(l, lo.hold(lo.tiles[o.Args[0]]))
	sum := lo.sum(o, t)
	more := o.Args[3:]
	next := func(word string) (v *thread.Var) {
		if o.Flag(word) {
			v, more = lo.hold(lo.tiles[more[0]]), more[1:]
		}
		return v
	}
	zero, factor := next("zero"), next("factor")
	steps := m.Steps / m.Groups
	weight := l.weight()
	for q := range m.Groups {
		rows := l.rows(q, steps, func(t Term) float64 { return -t.Offset / t.Scale }) // what the offsets take from each sum
		var all node                                                                  // the row alone
		if zero != nil {
			ones := l.rows(q, steps, func(t Term) float64 { return 1 / t.Scale })
			none := b.Float(thread.F32, magic)
			all = b.Fma(b.Bin(thread.Sub, ones(1), none), b.Float(thread.F32, 128), b.Bin(thread.Sub, ones(0), none))
		}
		for r0 := 0; r0 < m.Wide; r0 += 2 { // two independent chains of instructions
			n := min(2, m.Wide-r0)
			sums := func(name string, bytes *thread.Var) *thread.Var {
				c := l.counters(name, 4*n)
				for i := range steps * n {
					s, r := q*steps+i/n, i%n
					l.mma(bytes, ((r0+r)*m.Steps+s)*4, s, c, r*4)
				}
				return c
			}
			c := sums("c", wide)
			besides := func(i int) node { return rows(i % 2) }
			if less != nil { // which has no offset
				off := sums("off", less)
				besides = func(i int) node { return l.counted(off, i) }
			}
			for i := 0; i < c.Len; i += 2 {
				low := b.Bin(thread.Sub, l.counted(c, i), besides(i))
				high := b.Bin(thread.Sub, l.counted(c, i+1), besides(i+1))
				at, own := b.I32(r0*2+i/2), b.I32((q*m.Wide+r0)*2+i/2)
				x := b.Fma(high, b.Float(thread.F32, 128), low)
				if zero != nil {
					x = b.Fma(b.Un(thread.Neg, b.Get(zero, own, 1)), all, x)
				}
				x = b.Bin(thread.Mul, x, weight)
				if factor != nil {
					x = b.Fma(x, b.Get(factor, own, 1), b.Get(sum, at, 1))
				} else {
					x = b.Bin(thread.Add, b.Get(sum, at, 1), x)
				}
				b.Set(sum, at, x)
			}
		}
	}
	lo.tiles[o.Result()] = t
}

// multiples is the weights as bytes, four to a word, and leaves in l.steps what they stand for: by the program of the plan, or, where
// that serves other users of the weights too, or the author has laid them out, as whole integers or one by one.
func (lo *lowerer) multiples(l *limbs, weights *ir.Value, m *passes.Mma) (bytes, less *thread.Var) {
	b, t := lo.b, lo.tiles[weights]
	from := weights.Type.Elem
	g, _ := widen.InBytes(from)
	if t.words != nil {
		if w := widenHolding(b, lo.held, t.words.v, t.words.plan, from, g, true); w != nil {
			if steps := stepsOf(w.Terms, m); steps != nil {
				l.steps = steps
				if lo.holds {
					lo.looked = max(lo.looked, t.locals())
				}
				return w.V, w.Less
			}
		}
		if w := lo.widened(t, g.To, from, false); w != nil {
			return w.V, nil
		}
		lo.unpack(t)
	}
	if from.IsFloat() {
		unit := widen.Unit(from)
		for i := range l.steps {
			l.steps[i].Scale = unit
		}
		x, whole := lo.hold(t), &tile{v: b.NewVar("n", thread.I32, t.locals())}
		b.Local(whole.v.Len, func(i node) {
			v := b.Bin(thread.Mul, b.Conv(b.Get(x, i, 1), thread.F32, false), b.Float(thread.F32, 1/unit))
			b.Set(whole.v, i, b.Conv(v, thread.I32, false))
		})
		t = whole
	}
	return lo.operand(t, thread.MmaForms[m.Kind]), nil
}

// mma multiplies a fragment of bytes by the digits of a step.
func (l *limbs) mma(a *thread.Var, at, step int, c *thread.Var, to int) {
	b := l.b
	b.Emit(&thread.Node{Op: thread.Mma, Kind: l.kind, Vars: []*thread.Var{a, l.row, c}, Args: []node{b.I32(at), b.I32(step * 2), b.I32(to)}})
}

// counters are sums that start at the bits of magic as a float: what they count is then a float without a conversion.
func (l *limbs) counters(name string, n int) *thread.Var {
	c := l.b.NewVar(name, thread.I32, n)
	for i := range n {
		l.b.Set(c, l.b.I32(i), l.b.I32(0x4b400000))
	}
	return c
}

// counted is magic plus what a counter has counted.
func (l *limbs) counted(c *thread.Var, i int) node {
	return l.b.Bitcast(l.b.Get(c, l.b.I32(i), 1), thread.Scalar(thread.F32))
}

// rows counts bytes that are the same in all columns of weights, a chain of instructions of its own: what a step of a group has of them is a
// function of the step's terms. The sums have magic on top.
func (l *limbs) rows(group, steps int, of func(t Term) float64) func(j int) node {
	b := l.b
	c := b.NewVar("bias", thread.I32, 4)
	sum := l.counters("offset", 4)
	any := false
	for s := group * steps; s < (group+1)*steps; s++ {
		for i := range 4 { // a word of each half of the step, and of the rows below
			n := int(of(l.steps[2*s+i/2]))
			any = any || n != 0
			b.Set(c, b.I32(i), b.Int(thread.I32, int64(int32(uint32(n)*0x1010101))))
		}
		if any {
			l.mma(c, 0, s, sum, 0)
		}
	}
	return func(j int) node {
		if !any {
			return b.Float(thread.F32, magic)
		}
		return l.counted(sum, j)
	}
}

// held is a constant that neither LLVM nor ptxas knows, so that they keep it in a register: ptxas moves a constant that an instruction
// cannot name into a register before each use.
func (lo *lowerer) held(k uint32) node {
	b := lo.b
	lo.holds = true
	zero := lo.in(lo.head, lo.exprs, "zero", func() node {
		warp := b.BinU(thread.Div, b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)}), b.I32(32))
		return b.Bin(thread.Xor, warp, lo.shuffle(warp, 1))
	})
	return lo.in(lo.head, lo.exprs, fmt.Sprint("held ", k), func() node { return b.Bin(thread.Xor, zero, b.Int(thread.I32, int64(int32(k)))) })
}
