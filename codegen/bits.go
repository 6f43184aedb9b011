package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// Elements that share bytes are moved a run at a time where a thread holds one: neighbours in memory that together fill
// whole bytes, aligned, so that no other thread touches them and no atomic is needed. What a run needs of the tensor is
// known when compiling (extents and offsets that its length divides); where it is not, single elements move.

// run is the number of elements that one thread moves at a time, 1 when it cannot.
func (lo *lowerer) run(a *access, t *tile) int {
	f := a.Fast()
	if f < 0 {
		return 1
	}
	g := vector(lo.facts.Run(a.Access), t.contiguous(f))
	for g > 1 && g*a.elem.Bits() > 256 {
		g /= 2
	}
	if g*a.elem.Bits()%8 != 0 {
		return 1
	}
	return g
}

// unit is the widest integer in which a run of bits can be moved: its size and place are multiples of it.
func unit(bits int) thread.Elem {
	switch {
	case bits%32 == 0:
		return thread.I32
	case bits%16 == 0:
		return thread.I16
	}
	return thread.I8
}

// runAt is the address of a run from the number of its first element.
func (lo *lowerer) runAt(t dtype.Type, base, at node) node {
	b := lo.b
	return b.PtrAdd(base, b.BinU(thread.Shr, b.Bin(thread.Mul, at, b.Int(thread.I64, int64(t.Bits()))), b.Int(thread.I64, 3)))
}

// storeRun writes codes that fill whole bytes.
func (lo *lowerer) storeRun(t dtype.Type, p, pred node, xs []node) {
	b := lo.b
	bits := t.Bits()
	e := unit(bits * len(xs))
	n := 8 * e.Size()
	out := make([]node, bits*len(xs)/n)
	for i := range out {
		out[i] = b.I32(0)
	}
	for i, x := range xs {
		code := lo.toBits(x, t)
		for at := i * bits; at < (i+1)*bits; {
			w, off := at/n, at%n
			l := min((i+1)*bits-at, n-off)
			piece := code
			if done := at - i*bits; done > 0 {
				piece = b.BinU(thread.Shr, piece, lo.likeInt(piece, int64(done)))
			}
			piece = b.Conv(piece, thread.I32, true)
			out[w] = b.Bin(thread.Or, out[w], b.Bin(thread.Shl, piece, b.I32(off)))
			at += l
		}
	}
	lanes := 1
	for lanes < 4 && e == thread.I32 && len(out)%(2*lanes) == 0 {
		lanes *= 2
	}
	for i := 0; i < len(out); i += lanes {
		v := make([]node, lanes)
		for j := range v {
			v[j] = b.Conv(out[i+j], e, false)
		}
		b.Store(b.PtrAdd(p, b.I32(i*e.Size())), b.Vec(v...), pred, lanes*e.Size())
	}
}

// loadRun reads n elements that fill whole bytes.
func (lo *lowerer) loadRun(t dtype.Type, p, pred node, n int) []node {
	b := lo.b
	bits := t.Bits()
	e := unit(bits * n)
	words := bits * n / (8 * e.Size())
	lanes := 1
	for lanes < 4 && e == thread.I32 && words%(2*lanes) == 0 {
		lanes *= 2
	}
	// Narrow units are joined to words, so that elements are taken out of words in any case.
	total := (bits*n + 31) / 32
	v := make([]node, total)
	for i := 0; i < words; i += lanes {
		x := b.Load(thread.Type{Elem: e, Lanes: lanes}, b.PtrAdd(p, b.I32(i*e.Size())), pred, lanes*e.Size())
		for j := range lanes {
			y := b.Conv(b.Extract(x, j), thread.I32, true)
			at := (i + j) * 8 * e.Size()
			y = b.Bin(thread.Shl, y, b.I32(at%32))
			if v[at/32] == nil {
				v[at/32] = y
			} else {
				v[at/32] = b.Bin(thread.Or, v[at/32], y)
			}
		}
	}
	out := make([]node, n)
	kind := thread.I32
	if bits > 32 {
		kind = thread.I64
	}
	for i := range out {
		sum, got := b.Int(kind, 0), 0
		for at := i * bits; got < bits; {
			l := min(bits-got, 32-at%32)
			x := b.BinU(thread.Shr, v[at/32], b.I32(at%32))
			if at%32+l < 32 {
				x = b.Bin(thread.And, x, b.Int(thread.I32, int64(uint64(1)<<uint(l)-1)))
			}
			sum = b.Bin(thread.Or, sum, b.Bin(thread.Shl, b.Conv(x, kind, true), b.Int(kind, int64(got))))
			at, got = at+l, got+l
		}
		out[i] = lo.fromBits(sum, t)
	}
	return out
}

// storeBitsTile stores a tile of elements that share bytes.
func (lo *lowerer) storeBitsTile(a *access, tensor *ir.Value, t *tile, ix index, g int) {
	p, pred := lo.place(a, tensor, t, ix)
	if g == 1 {
		lo.storeBits(a.elem, lo.args[tensor], p, pred, lo.get(t, ix, 1))
		return
	}
	xs := make([]node, 0, g)
	for i := 0; i < g; {
		n := min(lo.lanes(t), g-i)
		x := lo.get(t, lo.step(ix, i), n)
		for j := range n {
			xs = append(xs, lo.b.Extract(x, j))
		}
		i += n
	}
	lo.storeRun(a.elem, lo.runAt(a.elem, lo.args[tensor], p), pred, xs)
}
