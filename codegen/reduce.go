package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
)

// reduce combines the elements along an axis: first those of each thread, then over the lanes of a warp by butterflies,
// then over warps through shared memory, in a fixed order.
func (lo *lowerer) reduce(o *ir.Op) {
	b := lo.b
	x, axis := o.Args[0], o.Int("axis")
	elem := x.Type.Elem
	src := lo.tiles[x]
	if src.words != nil {
		lo.unpack(src)
	}
	acc := accumulator(elem, o.Str("op"))
	var outDigits []layout.Digit
	n := 1
	for _, d := range src.digits {
		if d.Dim != axis && d.Dim >= 0 {
			outDigits = append(outDigits, d)
			n *= d.Radix
		}
	}
	v := b.NewVar("sum", acc, n)
	lo.partial(o, src, v, outDigits)
	total := func(i node) node { return b.Get(v, i, 1) }
	if lo.t.GPU {
		lo.acrossLanes(o, src.l, v, n)
		if f := lo.acrossWarps(o, src.l, v, n); f != nil {
			total = f
		}
	}
	r := o.Result()
	if r.Type.IsScalar() {
		lo.scalars[r] = lo.reduced(total(b.I32(0)), elem)
		lo.refresh(o)
		return
	}
	t := lo.newTile(r)
	t.at = func(ix index, lanes int) node {
		return lo.each(ix, lanes, func(ix index) node { return lo.reduced(total(lo.flat(ix)), elem) })
	}
	lo.define(r, t)
}

// accumulator is the kind in which a reduction is carried: sums of narrow floats in F32, rounded once at the end.
func accumulator(t dtype.Type, op string) thread.Elem {
	if e := register(t); op == "sum" && (e == thread.F16 || e == thread.BF16) {
		return thread.F32
	}
	return register(t)
}

func (lo *lowerer) reduced(x node, t dtype.Type) node {
	switch {
	case t.IsFloat() && x.Type.Elem != register(t):
		return lo.b.Conv(x, register(t), false)
	case small(t):
		return lo.roundTo(x, t)
	case t.IsInt():
		return lo.wrap(x, t)
	}
	return x
}

// combine applies the reduction to two partial results.
func (lo *lowerer) combine(o *ir.Op, x, y node) node {
	t := o.Args[0].Type.Elem
	op := map[string]thread.Op{"sum": thread.Add, "max": thread.Max, "min": thread.Min, "and": thread.And, "or": thread.Or}[o.Str("op")]
	if unsigned(t) {
		return lo.b.BinU(op, x, y)
	}
	return lo.b.Bin(op, x, y)
}

// neutral is the element that a reduction ignores.
func (lo *lowerer) neutral(o *ir.Op, e thread.Elem) node {
	b := lo.b
	t := o.Args[0].Type.Elem
	switch op := o.Str("op"); {
	case op == "sum" && e.IsFloat():
		return b.Float(e, math.Copysign(0, -1)) // -0 + x is x for every x
	case op == "max" && e.IsFloat():
		return b.Float(e, lowest(t, -1))
	case op == "min" && e.IsFloat():
		return b.Float(e, lowest(t, 1))
	case op == "max":
		return b.Int(e, t.MinInt())
	case op == "min":
		return b.Int(e, t.MaxInt())
	case op == "and" && t.IsBool():
		return b.Int(e, 1)
	case op == "and":
		return b.Int(e, t.Wrap(-1))
	}
	return b.Int(e, 0)
}

// lowest is the value that max (sign -1) or min (sign 1) over floats starts from. NaN loses against any number and a
// reduction of NaNs alone stays NaN, so it is the neutral element of types that have it.
func lowest(t dtype.Type, sign int) float64 {
	if t.HasNaN() {
		return math.NaN()
	}
	return float64(sign) * t.MaxFloat()
}

// partial combines what one thread holds. On a CPU, where the whole axis is one loop, sixteen running results keep the
// vector units busy.
func (lo *lowerer) partial(o *ir.Op, src *tile, v *thread.Var, out []layout.Digit) {
	b := lo.b
	axis := o.Int("axis")
	start := lo.neutral(o, v.Elem)
	read := func(ix index) node {
		x := lo.get(src, ix, 1)
		if p := lo.live(src, ix); p != nil {
			x = b.Select(p, x, b.Conv(lo.neutral(o, v.Elem), x.Type.Elem, false))
		}
		return b.Conv(x, v.Elem, false)
	}
	if lo.partialWide(o, src, v, start, read) {
		return
	}
	if !lo.t.GPU && len(src.digits) > 0 && src.digits[0].Dim == axis && src.digits[0].Radix%16 == 0 && src.digits[0].Radix > 16 {
		lanes := b.NewVar("part", v.Elem, 16)
		d0 := src.digits[0].Radix
		lo.loops(src.digits[1:], 1, func(rest index) {
			b.Local(16, func(i node) { b.Set(lanes, i, start) })
			b.Local(d0/16, func(c node) {
				b.Local(16, func(i node) {
					ix := append(index{part{b.Bin(thread.Add, b.Bin(thread.Mul, c, b.I32(16)), i), d0}}, rest...)
					b.Set(lanes, i, lo.combine(o, b.Get(lanes, i, 1), read(ix)))
				})
			})
			to := lo.flat(keep(rest, src.digits[1:], axis))
			b.Set(v, to, start)
			b.Local(16, func(i node) { b.Set(v, to, lo.combine(o, b.Get(v, to, 1), b.Get(lanes, i, 1))) })
		})
		return
	}
	lo.loops(out, 1, func(ix index) { b.Set(v, lo.flat(ix), start) })
	lo.loops(src.digits, 1, func(ix index) {
		to := lo.flat(keep(ix, src.digits, axis))
		b.Set(v, to, lo.combine(o, b.Get(v, to, 1), read(ix)))
	})
}

// keep drops the digits of an axis from an index.
func keep(ix index, digits []layout.Digit, axis int) index {
	var out index
	for i, d := range digits {
		if d.Dim != axis && d.Dim >= 0 {
			out = append(out, ix[i])
		}
	}
	return out
}

func powerOfTwo(n int) bool { return n&(n-1) == 0 }

func (lo *lowerer) acrossLanes(o *ir.Op, l *layout.Layout, v *thread.Var, n int) {
	b := lo.b
	digits, _, _ := l.Digits()
	for mask, d := range lanesOf(digits, o.Int("axis")) {
		_ = mask
		b.Local(n, func(i node) {
			x := b.Get(v, i, 1)
			b.Set(v, i, lo.combine(o, x, lo.shuffle(x, d)))
		})
	}
}

// lanesOf lists the lane masks of the bits of an axis that lie within a warp.
func lanesOf(digits []layout.Digit, axis int) []int {
	var masks []int
	weight := 1
	for _, d := range digits {
		low := min(d.Radix, max(1, 32/weight)) // the part of the digit below the warp
		if d.Dim == axis && powerOfTwo(weight) && powerOfTwo(d.Radix) && weight < 32 {
			for m := 1; m < low; m *= 2 {
				masks = append(masks, m*weight)
			}
		}
		weight *= d.Radix
	}
	return masks
}

// shuffle is x in the lane whose number differs by mask; 64-bit and narrow values go as words.
func (lo *lowerer) shuffle(x node, mask int) node {
	b := lo.b
	word := func(w node) node {
		return b.Emit(&thread.Node{Op: thread.Shfl, Type: thread.Scalar(thread.I32), Args: []node{w}, Imm: int64(mask)})
	}
	switch x.Type.Elem {
	case thread.I32:
		return word(x)
	case thread.F32:
		return b.Bitcast(word(b.Bitcast(x, thread.Scalar(thread.I32))), x.Type)
	case thread.Bool:
		return b.Cmp("ne", word(b.Conv(x, thread.I32, true)), b.I32(0), false)
	case thread.F16, thread.BF16:
		w := word(b.Conv(b.Bitcast(x, thread.Scalar(thread.I16)), thread.I32, true))
		return b.Bitcast(b.Conv(w, thread.I16, true), x.Type)
	}
	y := b.Bitcast(x, thread.Type{Elem: thread.I32, Lanes: 2})
	return b.Bitcast(b.Vec(word(b.Extract(y, 0)), word(b.Extract(y, 1))), x.Type)
}

// acrossWarps combines over the digits of the axis that shuffles do not reach: every thread writes its partial results,
// and whoever wants an element reads all its partial results in the same order. The result is nil when there is only one
// part; else it evaluates the element with a local index, from shared memory that nothing else uses.
func (lo *lowerer) acrossWarps(o *ir.Op, l *layout.Layout, v *thread.Var, n int) func(i node) node {
	b := lo.b
	digits, _, _ := l.Digits()
	type digit struct{ weight, radix int }
	var far []digit
	weight, parts := 1, 1
	group := b.I32(0) // number of the thread among those that differ in other digits
	var mine node     // of the lanes that hold the same partial result, one writes it
	width := 1
	for _, d := range digits {
		w, r := weight, d.Radix
		weight *= r
		if d.Dim == o.Int("axis") {
			near := 1
			if powerOfTwo(w) && powerOfTwo(r) && w < 32 {
				near = min(r, 32/w)
			}
			if near > 1 { // combined already: its threads hold the same
				mine = b.And2(mine, b.Cmp("eq", lo.threadDigit(w, near, l.Threads()), b.I32(0), false))
				w, r = w*near, r/near
			}
			if r > 1 {
				far = append(far, digit{w, r})
				parts *= r
			}
			continue
		}
		group = b.Bin(thread.Add, group, b.Bin(thread.Mul, lo.threadDigit(w, r, l.Threads()), b.I32(width)))
		width *= r
	}
	if parts == 1 {
		return nil
	}
	which, k := b.I32(0), 1
	for _, d := range far {
		which = b.Bin(thread.Add, which, b.Bin(thread.Mul, lo.threadDigit(d.weight, d.radix, l.Threads()), b.I32(k)))
		k *= d.radix
	}
	e := v.Elem
	size := e.Size()
	offset := (lo.shared + 127) &^ 127 // of its own, so that no barrier is needed first
	lo.shared = offset + parts*width*n*size
	base := b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: int64(offset)})
	// [part][local][group]: neighbouring threads write neighbouring words.
	at := func(part, i node) node {
		row := b.Bin(thread.Add, b.Bin(thread.Mul, part, b.I32(n)), i)
		return b.PtrAdd(base, b.Bin(thread.Mul, b.Bin(thread.Add, b.Bin(thread.Mul, row, b.I32(width)), group), b.I32(size)))
	}
	if lo.looping > 0 {
		b.Effect(thread.Barrier, 0) // the iteration before may still be read
	}
	b.Local(n, func(i node) { b.Store(at(which, i), b.Get(v, i, 1), mine, size) })
	b.Effect(thread.Barrier, 0)
	if n == 1 && width == 1 && parts >= 16 && parts <= 32 && powerOfTwo(parts) && lo.f.Threads%32 == 0 {
		// A lane for each part, then butterflies: a warp that read all parts would spend more than on a row of 64 elements a lane.
		x := b.Load(thread.Scalar(e), at(lo.threadDigit(1, parts, lo.f.Threads), b.I32(0)), nil, size)
		for mask := 1; mask < parts; mask *= 2 {
			x = lo.combine(o, x, lo.shuffle(x, mask))
		}
		return func(node) node { return x }
	}
	return func(i node) node {
		x := b.Load(thread.Scalar(e), at(b.I32(0), i), nil, size)
		for p := 1; p < parts; p++ {
			x = lo.combine(o, x, b.Load(thread.Scalar(e), at(b.I32(p), i), nil, size))
		}
		return x
	}
}
