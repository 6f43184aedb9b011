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
	digits, _, ok := t.l.Digits()
	if !ok {
		return lo.threadDigit(1, lo.f.Threads, lo.f.Threads)
	}
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
