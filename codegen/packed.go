package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// packed is a thread's share of a packed tile as it lies in memory: words, and where each field is.
type packed struct {
	v    *thread.Var // I32
	plan *ir.Plan
}

// packedTile is the address of the tile at the offsets of a load, and the predicate that the tile exists.
func (lo *lowerer) packedTile(p *ir.Param, tensor *ir.Value, offsets []*ir.Value) (node, node) {
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
	return b.PtrAdd(lo.args[tensor], bytes), pred
}

// pieces visits the pieces of a thread's words: the number of the first word, how many there are, and the offset in the tile.
func (lo *lowerer) pieces(pk *ir.Pack, rank node, f func(word node, vec int, offset node)) {
	b := lo.b
	for _, c := range pk.Chunks() {
		first := b.Bin(thread.Add, b.I32(4*c.Word*pk.Threads), b.Bin(thread.Mul, rank, b.I32(4*c.Vec)))
		b.Local(c.Words/c.Vec, func(i node) {
			word := b.Bin(thread.Add, b.I32(c.Word), b.Bin(thread.Mul, i, b.I32(c.Vec)))
			f(word, c.Vec, b.Bin(thread.Add, first, b.Bin(thread.Mul, i, b.I32(4*c.Vec*pk.Threads))))
		})
	}
}

// rank is the number of this thread among those with different elements.
func (lo *lowerer) rank(t *tile) node {
	b := lo.b
	digits, _, ok := t.l.Digits()
	if !ok {
		return lo.threadDigit(1, lo.f.Threads, lo.f.Threads)
	}
	return lo.once("rank"+t.l.String(), func() node {
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
	at, pred := lo.packedTile(p, o.Args[0], o.Args[1:])
	v := b.NewVar("w", thread.I32, pk.Words)
	lo.pieces(pk, lo.rank(t), func(word node, vec int, offset node) {
		n := &thread.Node{Op: thread.Load, Type: thread.Type{Elem: thread.I32, Lanes: vec}, Args: []node{b.PtrAdd(at, offset)}, Imm: int64(4 * vec), Kind: "stream"}
		if pred != nil {
			n.Args = append(n.Args, pred)
		}
		b.Set(v, word, b.Emit(n))
	})
	t.words = &packed{v, pk.Plan}
	lo.tiles[o.Result()] = t
}

// copyPacked starts the copies of a packed tile: every thread copies the words that it will read.
func (lo *lowerer) copyPacked(o *ir.Op, buf *buffer) {
	b := lo.b
	pk := buf.pack.Pack
	rank := lo.once("tid", func() node { return b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)}) })
	at, pred := lo.packedTile(buf.pack, o.Args[2], o.Args[3:])
	base := lo.slotBase(buf, o.Args[1:2])
	body := func() {
		lo.pieces(pk, rank, func(_ node, vec int, offset node) {
			size := b.I32(4 * vec)
			if pred != nil {
				size = b.Select(pred, size, b.I32(0))
			}
			b.Effect(thread.CpAsync, int64(4*vec), b.PtrAdd(base, offset), b.PtrAdd(at, offset), size)
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
	base := lo.slotBase(buf, o.Args[1:2])
	v := b.NewVar("w", thread.I32, pk.Words)
	lo.pieces(pk, lo.rank(t), func(word node, vec int, offset node) {
		b.Set(v, word, b.Load(thread.Type{Elem: thread.I32, Lanes: vec}, b.PtrAdd(base, offset), nil, 4*vec))
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
