package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/passes"
)

// private describes a buffer in which every thread keeps its own elements, as a register file that copies can fill early:
// piece i of thread t lies at (i*threads + t) times the size of a piece, so that a warp touches consecutive bytes.
type private struct {
	reader *ir.Value // the tile that is read from it
	vec    int       // elements of a piece; 0 until the first copy is lowered
}

func (lo *lowerer) allocPrivate(o *ir.Op, buf *buffer) {
	v := passes.Reader(lo.k, o.Result())
	buf.own = &private{reader: v}
	buf.slot = v.Layout.Locals() * lo.f.Threads * buf.size
}

// copyPrivate starts the copies of a thread's own pieces.
func (lo *lowerer) copyPrivate(o *ir.Op, buf *buffer) {
	b := lo.b
	tensor := o.Args[2]
	t := lo.newTile(buf.own.reader)
	a := lo.start(o, tensor, t, 16)
	if buf.own.vec != 0 && buf.own.vec != a.vec {
		lo.fail("G0506", "", "copies of %d and of %d elements into one buffer", buf.own.vec, a.vec)
	}
	buf.own.vec = a.vec
	bytes := a.vec * buf.size
	base := lo.ownBase(buf, o.Args[1:2], bytes)
	lo.loops(t.digits, a.vec, func(ix index) {
		p, pred := lo.inside(a, tensor, t, ix)
		n := b.I32(bytes)
		if pred != nil {
			n = b.Select(pred, n, b.I32(0))
		}
		lo.when(lo.live(t, ix), func() { b.Effect(thread.CpAsync, int64(bytes), b.PtrAdd(base, lo.piece(ix, buf)), p, n) })
	})
}

// when runs f under a predicate, or always when it is nil.
func (lo *lowerer) when(p node, f func()) {
	if p == nil {
		f()
		return
	}
	lo.b.If(p, f, nil)
}

// ownBase is the address of the thread's first piece in a slot.
func (lo *lowerer) ownBase(buf *buffer, slot []*ir.Value, bytes int) node {
	tid := lo.threadDigit(1, lo.f.Threads, lo.f.Threads)
	return lo.b.PtrAdd(lo.slotBase(buf, slot), lo.b.Bin(thread.Mul, tid, lo.b.I32(bytes)))
}

// piece is the distance of the piece at a local index from the thread's first one.
func (lo *lowerer) piece(ix index, buf *buffer) node {
	return lo.b.Bin(thread.Mul, lo.flat(ix), lo.b.I32(buf.size*lo.f.Threads))
}

// readPrivate reads the thread's own pieces back.
func (lo *lowerer) readPrivate(o *ir.Op, t *tile, buf *buffer) {
	b := lo.b
	vec := buf.own.vec
	bytes := vec * buf.size
	base := lo.ownBase(buf, o.Args[1:], bytes)
	e := container(buf.elem)
	v := b.NewVar("o", register(buf.elem), t.locals())
	lo.loops(t.digits, vec, func(ix index) {
		x := b.Load(thread.Type{Elem: e, Lanes: vec}, b.PtrAdd(base, lo.piece(ix, buf)), lo.live(t, ix), bytes)
		if e == register(buf.elem) {
			b.Set(v, lo.flat(ix), x)
			return
		}
		for i := range vec {
			b.Set(v, lo.flat(lo.step(ix, i)), lo.fromMemory(b.Extract(x, i), buf.elem))
		}
	})
	t.v = v
	lo.tiles[o.Result()] = t
}
