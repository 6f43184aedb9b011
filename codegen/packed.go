package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// packed is a thread's share of a packed tile as it lies in memory: words, and where each field is.
type packed struct {
	v    *thread.Var // I32
	plan *ir.Plan
}

// packedTile is the address of the words of this thread in the tile at the offsets of a load (chunk 0), and the
// predicate that the tile exists.
func (lo *lowerer) packedTile(p *ir.Param, tensor *ir.Value, offsets []*ir.Value, rank node) (node, node) {
	b := lo.b
	pk := p.Pack
	var pred node
	tile := [2]node{}
	for d := range 2 {
		tile[d] = b.BinU(thread.Div, lo.scalar(offsets[d]), b.I32(pk.Tile[d]))
		if !lo.facts.Below(offsets[d], tensor.Type.Dims[d]) {
			pred = b.And2(pred, b.Cmp("lt", lo.scalar(offsets[d]), lo.expr(tensor.Type.Dims[d]), true))
		}
	}
	cols := lo.expr(ir.Bin(ir.ECeil, tensor.Type.Dims[1], ir.Int(int64(pk.Tile[1]))))
	n := b.Bin(thread.Add, b.Bin(thread.Mul, b.Conv(tile[0], thread.I64, false), b.Conv(cols, thread.I64, false)), b.Conv(tile[1], thread.I64, false))
	bytes := b.Bin(thread.Mul, n, b.Int(thread.I64, int64(4*pk.Words*pk.Threads)))
	at := b.PtrAdd(lo.args[tensor], bytes)
	return b.PtrAdd(at, b.Bin(thread.Mul, rank, b.I32(4*pk.Vec))), pred
}

// rank is the number of this thread among those with different elements.
func (lo *lowerer) rank(t *tile) node {
	b := lo.b
	digits, _, _ := t.l.Digits()
	return lo.once(lo.coords, "rank"+t.l.String(), func() node {
		sum, weight, w := b.I32(0), 1, 1
		for _, d := range digits {
			if d.Dim >= 0 {
				sum = b.Bin(thread.Add, sum, b.Bin(thread.Mul, lo.threadDigit(weight, d.Radix, t.l.Threads()), b.I32(w)))
				w *= d.Radix
			}
			weight *= d.Radix
		}
		return sum
	})
}

// loadPacked reads the words of a packed tile straight from global memory.
func (lo *lowerer) loadPacked(o *ir.Op, p *ir.Param) {
	b := lo.b
	t := lo.newTile(o.Result())
	pk := p.Pack
	at, pred := lo.packedTile(p, o.Args[0], o.Args[1:], lo.rank(t))
	v := b.NewVar("w", thread.I32, pk.Words)
	b.Local(pk.Words/pk.Vec, func(c node) {
		n := &thread.Node{Op: thread.Load, Type: thread.Type{Elem: thread.I32, Lanes: pk.Vec}, Args: []node{b.PtrAdd(at, b.Bin(thread.Mul, c, b.I32(4*pk.Vec*pk.Threads)))}, Imm: int64(4 * pk.Vec), Kind: "stream"}
		if pred != nil {
			n.Args = append(n.Args, pred)
		}
		b.Set(v, b.Bin(thread.Mul, c, b.I32(pk.Vec)), b.Emit(n))
	})
	t.words = &packed{v, pk.Plan}
	lo.tiles[o.Result()] = t
}

// copyPacked starts the copies of a packed tile: every thread copies the words that it will read.
func (lo *lowerer) copyPacked(o *ir.Op, buf *buffer) {
	b := lo.b
	pk := buf.pack.Pack
	rank := lo.once(lo.coords, "tid", func() node { return b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)}) })
	at, pred := lo.packedTile(buf.pack, o.Args[2], o.Args[3:], rank)
	base := b.PtrAdd(lo.slotBase(buf, o.Args[1:2]), b.Bin(thread.Mul, rank, b.I32(4*pk.Vec)))
	size := b.I32(4 * pk.Vec)
	if pred != nil {
		size = b.Select(pred, size, b.I32(0))
	}
	body := func() {
		b.Local(pk.Words/pk.Vec, func(c node) {
			step := b.Bin(thread.Mul, c, b.I32(4*pk.Vec*pk.Threads))
			from := b.PtrAdd(at, step)
			b.Effect(thread.CpAsync, int64(4*pk.Vec), b.PtrAdd(base, step), from, size)
		})
	}
	if pk.Threads < lo.f.Threads {
		b.If(b.Cmp("lt", rank, b.I32(pk.Threads), false), body, nil)
		return
	}
	body()
}

// readPacked reads a thread's words from a slot of shared memory.
func (lo *lowerer) readPacked(o *ir.Op, t *tile, buf *buffer) {
	b := lo.b
	pk := buf.pack.Pack
	base := b.PtrAdd(lo.slotBase(buf, o.Args[1:2]), b.Bin(thread.Mul, lo.rank(t), b.I32(4*pk.Vec)))
	v := b.NewVar("w", thread.I32, pk.Words)
	b.Local(pk.Words/pk.Vec, func(c node) {
		p := b.PtrAdd(base, b.Bin(thread.Mul, c, b.I32(4*pk.Vec*pk.Threads)))
		b.Set(v, b.Bin(thread.Mul, c, b.I32(pk.Vec)), b.Load(thread.Type{Elem: thread.I32, Lanes: pk.Vec}, p, nil, 4*pk.Vec))
	})
	t.words = &packed{v, pk.Plan}
	lo.tiles[o.Result()] = t
}

// unpack gives a packed tile an array of single elements, for users other than a widening cast.
func (lo *lowerer) unpack(t *tile) {
	b := lo.b
	v := b.NewVar("u", register(t.t.Elem), len(t.words.plan.Fields))
	for i := range t.words.plan.Fields {
		b.Set(v, b.I32(i), lo.fromBits(lo.field(t.words, i), t.t.Elem))
	}
	t.v, t.words = v, nil
}

// field is the code of a field, with zeros above it.
func (lo *lowerer) field(w *packed, i int) node {
	b := lo.b
	kind := thread.I32
	if w.plan.Bits > 32 {
		kind = thread.I64
	}
	sum, at := b.Int(kind, 0), 0
	for _, p := range w.plan.Fields[i].Pieces {
		x := b.BinU(thread.Shr, b.Get(w.v, b.I32(p.Word), 1), b.I32(p.Bit))
		if p.Bit+p.Len < 32 {
			x = b.Bin(thread.And, x, b.Int(thread.I32, int64(uint64(1)<<uint(p.Len)-1)))
		}
		sum = b.Bin(thread.Or, sum, b.Bin(thread.Shl, b.Conv(x, kind, true), b.Int(kind, int64(at))))
		at += p.Len
	}
	return sum
}

// widen converts a packed tile to a wider type without taking single elements out, where a fast sequence is known; it
// reports whether it did.
func (lo *lowerer) widen(src, dst *tile, from dtype.Type) bool {
	e := register(dst.t.Elem)
	plan := src.words.plan
	if (e != thread.F16 && e != thread.BF16) || small(dst.t.Elem) || plan.Bits > 8 || len(plan.Fields)%2 != 0 {
		return false
	}
	v := lo.b.NewVar("x", e, len(plan.Fields))
	for i := 0; i < len(plan.Fields); i += 2 {
		w, at := lo.pair(src.words, plan.Fields[i])
		var x node
		switch {
		case from.IsInt():
			x = lo.widenInt(w, at, from, e)
		default:
			x = lo.widenFloat(w, at, from, e)
		}
		if x == nil {
			return false
		}
		lo.b.Set(v, lo.b.I32(i), x)
	}
	dst.v = v
	return true
}

// pair brings the pieces of a field together: a word that holds the field at bit at of both halves. Other bits are not
// cleared.
func (lo *lowerer) pair(w *packed, f ir.Field) (node, int) {
	b := lo.b
	if len(f.Pieces) == 1 {
		return b.Get(w.v, b.I32(f.Pieces[0].Word), 1), f.Pieces[0].Bit
	}
	sum, at := b.I32(0), 0
	for _, p := range f.Pieces {
		x := lo.shift(b.Get(w.v, b.I32(p.Word), 1), p.Bit-at)
		sum = lo.merge(x, lo.both((1<<p.Len-1)<<at), sum)
		at += p.Len
	}
	return sum, 0
}

// merge is (x & mask) | y in one instruction.
func (lo *lowerer) merge(x, mask, y node) node {
	return lo.b.Emit(&thread.Node{Op: thread.Lop3, Type: thread.Scalar(thread.I32), Args: []node{x, mask, y}, Imm: 0xf0&0xcc | 0xaa})
}

// both repeats 16 bits in both halves of a word.
func (lo *lowerer) both(x int) node { return lo.b.Int(thread.I32, int64(int32(uint32(x)*0x10001))) }

// shift moves a word right (left when negative).
func (lo *lowerer) shift(x node, by int) node {
	if by >= 0 {
		return lo.b.BinU(thread.Shr, x, lo.b.I32(by))
	}
	return lo.b.Bin(thread.Shl, x, lo.b.I32(-by))
}

// widenInt puts the field under the exponent at which its lowest bit counts as one: the word is then 2^e + x, and one
// subtraction leaves x. A signed field has its top bit inverted on the way, which adds half its range, and the
// subtraction takes that back too. No other instruction is needed when the field lies inside the mantissa.
func (lo *lowerer) widenInt(w node, at int, from dtype.Type, e thread.Elem) node {
	b := lo.b
	man, bias := 10, 15
	if e == thread.BF16 {
		man, bias = 7, 127
	}
	bits := from.Bits()
	if bits > man {
		return lo.widenByte(w, at, from)
	}
	if at+bits > man {
		s := at // a shift by a multiple of the width is shared by several fields
		if n := at - at%8; at%8+bits <= man && n > 0 {
			s = n
		}
		w, at = lo.shift(w, s), at-s
	}
	exp := bias + man - at
	magic := exp << man
	sub := math.Ldexp(1, man-at)
	if from.IsSigned() {
		magic ^= 1 << (at + bits - 1)
		sub += math.Ldexp(1, bits-1)
	}
	x := b.Emit(&thread.Node{Op: thread.Lop3, Type: thread.Scalar(thread.I32), Args: []node{w, lo.both((1<<bits - 1) << at), lo.both(magic)}, Imm: 0xf0&0xcc ^ 0xaa})
	h := b.Bitcast(x, thread.Type{Elem: e, Lanes: 2})
	return b.Bin(thread.Sub, h, b.Emit(&thread.Node{Op: thread.Const, Type: thread.Type{Elem: e, Lanes: 2}, F: sub}))
}

// widenByte widens a pair of bytes to bf16, whose mantissa is too short for the trick: through F32.
func (lo *lowerer) widenByte(w node, at int, from dtype.Type) node {
	b := lo.b
	var xs []node
	for _, bit := range []int{at, at + 16} {
		x := b.Bin(thread.And, lo.shift(w, bit), b.I32(1<<from.Bits()-1))
		sub := 0x1p23
		if from.IsSigned() {
			x = b.Bin(thread.Xor, x, b.I32(1<<(from.Bits()-1)))
			sub += math.Ldexp(1, from.Bits()-1)
		}
		x = b.Bitcast(b.Bin(thread.Or, x, b.I32(0x4b000000)), thread.Scalar(thread.F32))
		xs = append(xs, b.Bin(thread.Sub, x, b.Float(thread.F32, sub)))
	}
	return b.Conv(b.Vec(xs...), thread.BF16, false)
}

// widenFloat moves magnitude and sign of a small float to their places in the wider one and multiplies by the difference
// of the biases, which is exact and makes subnormals right. Formats with NaN or infinity take the general path.
func (lo *lowerer) widenFloat(w node, at int, from dtype.Type, e thread.Elem) node {
	b := lo.b
	man, bias, exps := 10, 15, 5
	if e == thread.BF16 {
		man, bias, exps = 7, 127, 8
	}
	m := from.ManBits()
	if !from.HasSign() || m > man || from.ExpBits() > exps || from.HasInf() || from.HasNaN() && len(specials(from)) > 2 {
		return nil
	}
	n := from.ExpBits() + m
	mag := lo.shift(w, at-(man-m))
	sign := lo.shift(w, at+n-15)
	mask := (1<<n - 1) << (man - m)
	x := lo.merge(sign, lo.both(0x8000), b.Bin(thread.And, mag, lo.both(mask)))
	h := b.Bitcast(x, thread.Type{Elem: e, Lanes: 2})
	if from.ExpBits() < exps || from.Bias() != bias {
		h = b.Bin(thread.Mul, h, b.Emit(&thread.Node{Op: thread.Const, Type: thread.Type{Elem: e, Lanes: 2}, F: math.Ldexp(1, bias-from.Bias())}))
	}
	if from.HasNaN() { // one magnitude is NaN, or the code of -0 is (fnuz)
		code := b.Bin(thread.And, lo.shift(w, at), lo.both(1<<from.Bits()-1))
		var xs []node
		for i := range 2 {
			c := b.Bin(thread.And, lo.shift(code, 16*i), b.I32(1<<from.Bits()-1))
			y := b.Extract(h, i)
			for _, s := range specials(from) {
				y = b.Select(b.Cmp("eq", c, b.Int(thread.I32, s.code), false), b.Float(e, s.value), y)
			}
			xs = append(xs, y)
		}
		h = b.Vec(xs...)
	}
	return h
}
