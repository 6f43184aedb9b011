package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
)

func (lo *lowerer) dot(o *ir.Op) {
	t := lo.newTile(o.Result())
	if !lo.t.GPU {
		lo.dotCPU(o, t)
		return
	}
	if m := passes.MmaOf(o, lo.k.Warps, o.Result().Layout); m != nil && o.Args[0].Layout.Equal(*m.A) && o.Args[1].Layout.Equal(*m.B) {
		lo.dotMma(o, t, m)
		return
	}
	lo.dotFma(o, t)
}

// sum is the array that a dot accumulates into: the accumulator's own when the dot is its only user and the loop carries
// it on, else a copy.
func (lo *lowerer) sum(o *ir.Op, t *tile) *thread.Var {
	acc := lo.tiles[o.Args[2]]
	if len(lo.users[o.Args[2]]) == 1 && acc.v != nil && !acc.alias {
		t.v = acc.v
		return acc.v
	}
	v := lo.b.NewVar("acc", register(t.t.Elem), t.locals())
	lo.loops(t.digits, 1, func(ix index) { lo.b.Set(v, lo.flat(ix), lo.get(acc, ix, 1)) })
	t.v = v
	return v
}

// fragments lists the coordinates, in fragments, of every fragment that a thread holds, in the order of local indices.
func fragmentsOf(l *layout.Layout, each int, rows, cols int) [][2]int {
	var out [][2]int
	for i := 0; i < l.Locals(); i += each {
		at := l.At(0, i)
		out = append(out, [2]int{at[0] / rows, at[1] / cols})
	}
	return out
}

// dotMma issues one matrix instruction for every pair of operand fragments.
func (lo *lowerer) dotMma(o *ir.Op, t *tile, m *passes.Mma) {
	b := lo.b
	form := thread.MmaForms[m.Kind]
	if m.Groups > 0 {
		lo.dotLimbs(o, t, m)
		return
	}
	if m.Swap && o.Flag("wgmma") {
		lo.dotWgmma(o, t, m)
		return
	}
	if m.Swap {
		wide, narrow := lo.hold(lo.tiles[o.Args[1]]), lo.hold(lo.tiles[o.Args[0]])
		sum := lo.sum(o, t)
		w := lo.tiles[o.Args[1]].wide
		var more *thread.Var // what the offsets add to each row of sums: a chain of its own, which no other waits for
		if w != nil {
			more = lo.offsets(w, m, narrow)
		}
		// Two rows of fragments at a time: two independent chains of instructions, and sums that are finished early.
		for r0 := 0; r0 < m.Wide; r0 += 2 {
			for i := range m.Steps * min(2, m.Wide-r0) {
				s, r := i/min(2, m.Wide-r0), r0+i%min(2, m.Wide-r0)
				for j := range m.Narrow {
					b.Emit(&thread.Node{Op: thread.Mma, Kind: m.Kind, Vars: []*thread.Var{wide, narrow, sum},
						Args: []node{b.I32((r*m.Steps + s) * 8), b.I32((j*m.Steps + s) * 4), b.I32((r*m.Narrow + j) * 4)}})
				}
			}
		}
		if more != nil {
			for i := range sum.Len {
				b.Set(sum, b.I32(i), b.Bin(thread.Add, b.Get(sum, b.I32(i), 1), b.Get(more, b.I32(i%more.Len), 1)))
			}
		}
		if w != nil && w.Terms[0].Scale != 1 {
			b.Local(sum.Len, func(i node) {
				b.Set(sum, i, b.Bin(thread.Mul, b.Get(sum, i, 1), b.Float(thread.F32, w.Terms[0].Scale)))
			})
		}
		lo.tiles[o.Result()] = t
		return
	}
	av, bv := lo.operand(lo.tiles[o.Args[0]], form), lo.operand(lo.tiles[o.Args[1]], form)
	cv := lo.sum(o, t)
	per := 1 // elements of an operand in one entry of its array
	if form.In == thread.I8 {
		per = 4
	}
	index := func(fs [][2]int, size int) map[[2]int]int {
		at := map[[2]int]int{}
		for i, f := range fs {
			at[f] = i * size
		}
		return at
	}
	as := index(fragmentsOf(m.A, form.A*per, form.M, form.K), form.A)
	bs := index(fragmentsOf(m.B, form.B*per, form.K, form.N), form.B)
	cs := fragmentsOf(m.C, form.C, form.M, form.N)
	for k := range o.Args[0].Type.Shape[1] / form.K {
		for i, c := range cs {
			b.Emit(&thread.Node{Op: thread.Mma, Kind: m.Kind, Vars: []*thread.Var{av, bv, cv},
				Args: []node{b.I32(as[[2]int{c[0], k}]), b.I32(bs[[2]int{k, c[1]}]), b.I32(i * form.C)}})
		}
	}
	lo.tiles[o.Result()] = t
}

// operand is the array of an operand's fragments; bytes are packed four to a word, where they do not lie so already.
func (lo *lowerer) operand(t *tile, form thread.MmaForm) *thread.Var {
	if form.In == thread.I8 && t.words != nil && inBytes(t.words.plan) {
		return t.words.v
	}
	v := lo.hold(t)
	if form.In != thread.I8 {
		return v
	}
	b := lo.b
	w := b.NewVar("w", thread.I32, v.Len/4)
	b.Local(w.Len, func(i node) {
		word := b.I32(0)
		for j := range 4 {
			x := b.Get(v, b.Bin(thread.Add, b.Bin(thread.Mul, i, b.I32(4)), b.I32(j)), 1)
			word = b.Bin(thread.Or, word, b.Bin(thread.Shl, b.Bin(thread.And, x, b.I32(255)), b.I32(8*j)))
		}
		b.Set(w, i, word)
	})
	return w
}

// dotFma runs on the ordinary units: both operands go to shared memory in the accumulator's type, and each thread walks
// along K for the elements it holds.
func (lo *lowerer) dotFma(o *ir.Op, t *tile) {
	b := lo.b
	acc := t.t.Elem
	ta, tb := lo.raised(lo.tiles[o.Args[0]], acc), lo.raised(lo.tiles[o.Args[1]], acc)
	bufA := lo.temporary(ta.t.Shape, acc)
	bufA.swizzle = 0
	bufB := newBuffer(bufA.offset+(bufA.slot+15)&^15, tb.t.Shape, acc, 0)
	bufB.scratch = true
	lo.reserve(bufB.offset + bufB.slot)
	baseA, baseB := lo.slotBase(bufA, nil), lo.slotBase(bufB, nil)
	b.Effect(thread.Barrier, 0)
	lo.write(bufA, baseA, ta)
	lo.write(bufB, baseB, tb)
	b.Effect(thread.Barrier, 0)
	cv := lo.sum(o, t)
	e := register(acc)
	row, col := lo.axisDigits(t, 0), lo.axisDigits(t, 1)
	rv, cvv := b.NewVar("a", e, size(row)), b.NewVar("b", e, size(col))
	k := o.Args[0].Type.Shape[1]
	b.For(b.I32(0), b.I32(k), b.I32(1), func(kk node) {
		gather := func(v *thread.Var, ds []layout.Digit, axis int, buf *buffer, base node) {
			lo.loops(ds, 1, func(ix index) {
				p := lo.coord(t.l, axis)
				for i, d := range ds {
					p = b.Bin(thread.Add, p, b.Bin(thread.Mul, ix[i].x, b.I32(d.Stride)))
				}
				var live node
				if t.padded(axis) {
					live = b.Cmp("lt", p, b.I32(t.t.Shape[axis]), false)
				}
				c := []node{p, kk}
				if axis == 1 {
					c = []node{kk, p}
				}
				b.Set(v, lo.flat(ix), b.Load(thread.Scalar(e), lo.locate(buf, base, c), live, e.Size()))
			})
		}
		gather(rv, row, 0, bufA, baseA)
		gather(cvv, col, 1, bufB, baseB)
		lo.loops(t.digits, 1, func(ix index) {
			x := b.Get(rv, lo.flat(keep(ix, t.digits, 1)), 1)
			y := b.Get(cvv, lo.flat(keep(ix, t.digits, 0)), 1)
			i := lo.flat(ix)
			b.Set(cv, i, lo.multiplyAdd(x, y, b.Get(cv, i, 1)))
		})
	})
	lo.tiles[o.Result()] = t
}

func (lo *lowerer) multiplyAdd(x, y, z node) node {
	if x.Type.Elem.IsFloat() {
		return lo.b.Fma(x, y, z)
	}
	return lo.b.Bin(thread.Add, lo.b.Bin(thread.Mul, x, y), z)
}

// axisDigits are the local digits of one axis.
func (lo *lowerer) axisDigits(t *tile, axis int) []layout.Digit {
	var ds []layout.Digit
	for _, d := range t.digits {
		if d.Dim == axis {
			ds = append(ds, d)
		}
	}
	return ds
}

func size(ds []layout.Digit) int {
	n := 1
	for _, d := range ds {
		n *= d.Radix
	}
	return n
}

// raised is a tile in the type of the accumulator.
func (lo *lowerer) raised(t *tile, acc dtype.Type) *tile {
	if t.t.Elem == acc {
		return t
	}
	src := t
	r := &tile{t: t.t.WithElem(acc), l: t.l, digits: t.digits, mixed: t.mixed}
	r.at = func(ix index, lanes int) node { return lo.cast(lo.get(src, ix, lanes), src.t.Elem, acc) }
	return r
}

// dotRows keeps the operands in arrays of the accumulator's type and lets the innermost loop run along a row of the
// result, which the C compiler vectorises.
func (lo *lowerer) dotRows(o *ir.Op, t *tile) {
	b := lo.b
	acc := t.t.Elem
	ta, tb := lo.raised(lo.tiles[o.Args[0]], acc), lo.raised(lo.tiles[o.Args[1]], acc)
	av, bv := lo.hold(ta), lo.hold(tb)
	cv := lo.sum(o, t)
	m, k, n := ta.t.Shape[0], ta.t.Shape[1], tb.t.Shape[1]
	b.Local(m, func(i node) {
		b.Local(k, func(kk node) {
			x := b.Get(av, b.Bin(thread.Add, b.Bin(thread.Mul, i, b.I32(k)), kk), 1)
			b.Local(n, func(j node) {
				at := b.Bin(thread.Add, b.Bin(thread.Mul, i, b.I32(n)), j)
				b.Set(cv, at, lo.multiplyAdd(x, b.Get(bv, b.Bin(thread.Add, b.Bin(thread.Mul, kk, b.I32(n)), j), 1), b.Get(cv, at, 1)))
			})
		})
	})
	lo.tiles[o.Result()] = t
}
