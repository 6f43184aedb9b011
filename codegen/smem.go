package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
)

// buffer is a tile, or a ring of tiles, in shared memory: row-major with a pitch, and with the 16-byte chunks of a row
// exchanged by an XOR with the row number so that columns spread over the banks.
type buffer struct {
	offset  int
	slot    int // bytes of one slot
	shape   []int
	elem    dtype.Type
	size    int // bytes of an element
	pitch   []int
	swizzle int       // bytes: 0, 32, 64 or 128
	scratch bool      // offset counts from the scratch space
	pack    *ir.Param // the words of a packed parameter instead
	own     *private  // each thread's own elements instead
	panels  bool      // rows are cut into panels of 128 bytes
}

// container is the kind of an element in shared memory: types without bytes of their own get the next whole ones.
func container(t dtype.Type) thread.Elem {
	if e, ok := memory(t); ok {
		return e
	}
	switch b := t.Bits(); {
	case b <= 8:
		return thread.I8
	case b <= 16:
		return thread.I16
	case b <= 32:
		return thread.I32
	}
	return thread.I64
}

func newBuffer(offset int, shape []int, elem dtype.Type, swizzle int) *buffer {
	b := &buffer{offset: offset, shape: shape, elem: elem, size: container(elem).Size(), swizzle: swizzle}
	b.pitch, b.slot = passes.Pitches(shape, b.size, swizzle)
	return b
}

func (lo *lowerer) alloc(o *ir.Op) {
	t := o.Result().Type
	buf := newBuffer(o.Int("offset"), t.Shape[1:], t.Elem, o.Int("swizzle"))
	if p := lo.k.Param(o.Str("pack")); p != nil {
		buf.pack = p
		buf.slot = p.Pack.Threads * p.Pack.Words * 4
	} else if o.Flag("private") {
		lo.allocPrivate(o, buf)
	}
	buf.panels = o.Flag("panels")
	lo.buffers[o.Result()] = buf
	lo.inUse++
	lo.beside = lo.beside || o.Flag("kept") // the copies of the next place may be on their way
	lo.shared = max(lo.shared, buf.offset+buf.slot*t.Shape[0])
}

// temporary is a buffer in the scratch space. Its users put a barrier before they write it and another before they read it.
// The scratch space lies behind all buffers; where, is known when the whole kernel is lowered (placeScratch).
func (lo *lowerer) temporary(shape []int, elem dtype.Type) *buffer {
	t := ir.TileOf(elem, shape...)
	s := passes.SwizzleFor(t)
	if _, ok := memory(elem); !ok {
		s = 0
	}
	buf := newBuffer(0, shape, elem, s)
	buf.scratch = true
	lo.reserve(buf.slot)
	return buf
}

func (lo *lowerer) reserve(bytes int) {
	lo.scratch = max(lo.scratch, bytes)
	lo.beside = lo.beside || lo.looping > 0 || lo.inUse > 0
}

// scratchAt is an address in the scratch space.
func (lo *lowerer) scratchAt(offset int) node {
	n := lo.b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: int64(offset)})
	lo.inScratch = append(lo.inScratch, n)
	return n
}

// placeScratch puts the scratch space behind the buffers, or over them when it is only used while none of them is (every use
// begins with a barrier, so that all threads have left the loop that a buffer belongs to); swizzles start at their period.
func (lo *lowerer) placeScratch() {
	size := lo.scratch
	if lo.exchange > 0 {
		size = (size + 1023) &^ 1023
		for _, n := range lo.inExchange {
			n.Imm += int64(size)
		}
		size += lo.exchange
	}
	if size == 0 {
		return
	}
	if !lo.beside && (size <= lo.rings || lo.shared == lo.rings) { // partial results of reductions lie behind the buffers
		lo.shared = max(lo.shared, size)
		return
	}
	base := (lo.shared + 1023) &^ 1023
	for _, n := range append(lo.inScratch, lo.inExchange...) {
		n.Imm += int64(base)
	}
	lo.shared = base + size
}

// slotBase is the address of a slot.
func (lo *lowerer) slotBase(buf *buffer, slots []*ir.Value) node {
	if buf.scratch {
		return lo.scratchAt(buf.offset)
	}
	p := lo.b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: int64(buf.offset)})
	if len(slots) > 0 {
		p = lo.b.PtrAdd(p, lo.b.Bin(thread.Mul, lo.scalar(slots[0]), lo.b.I32(buf.slot)))
	}
	return p
}

// locate is the address of logical coordinates in a slot.
func (lo *lowerer) locate(buf *buffer, base node, coords []node) node {
	b := lo.b
	last := len(coords) - 1
	off := b.Bin(thread.Mul, coords[last], b.I32(buf.size))
	if buf.panels {
		row := coords[0]
		panel := b.Bin(thread.Mul, b.BinU(thread.Div, off, b.I32(128)), b.I32(buf.shape[0]*128))
		in := b.Bin(thread.Xor, b.BinU(thread.Rem, off, b.I32(128)), b.Bin(thread.Shl, b.Bin(thread.And, row, b.I32(7)), b.I32(4)))
		return b.PtrAdd(base, b.Bin(thread.Add, panel, b.Bin(thread.Add, b.Bin(thread.Mul, row, b.I32(128)), in)))
	}
	if buf.swizzle > 0 {
		row := coords[last-1]
		rowBytes := buf.shape[last] * buf.size
		per := max(1, 128/rowBytes) // rows in 128 bytes
		x := b.Bin(thread.And, b.BinU(thread.Div, row, b.I32(per)), b.I32(buf.swizzle/16-1))
		off = b.Bin(thread.Xor, off, b.Bin(thread.Shl, x, b.I32(4)))
	}
	for i := range last {
		off = b.Bin(thread.Add, off, b.Bin(thread.Mul, coords[i], b.I32(buf.pitch[i])))
	}
	return b.PtrAdd(base, off)
}

// width is the number of neighbours along the last axis that one access of shared memory may cover.
func (t *tile) width(buf *buffer) int { return buf.rows().Vector(t.l) }

func (lo *lowerer) positions(t *tile, ix index) []node {
	c := make([]node, len(t.t.Shape))
	for a := range c {
		c[a] = lo.position(t, a, ix)
	}
	return c
}

// write stores a tile to a buffer.
func (lo *lowerer) write(buf *buffer, base node, t *tile) {
	if lo.stored(buf, base, t) {
		return
	}
	e := container(buf.elem)
	vec := t.width(buf)
	first := lo.first(t.l)
	lo.loops(t.digits, vec, func(ix index) {
		pred := lo.b.And2(first, lo.live(t, ix))
		var xs []node
		for i := 0; i < vec; {
			n := min(lo.lanes(t), vec-i)
			x := lo.get(t, lo.step(ix, i), n)
			for j := range n {
				xs = append(xs, lo.contain(lo.b.Extract(x, j), buf.elem))
			}
			i += n
		}
		lo.b.Store(lo.locate(buf, base, lo.positions(t, ix)), lo.b.Vec(xs...), pred, vec*e.Size())
	})
}

func (lo *lowerer) contain(x node, t dtype.Type) node {
	if _, ok := memory(t); ok {
		return lo.toMemory(x, t)
	}
	return lo.b.Conv(lo.toBits(x, t), container(t), true)
}

// uncontain is the inverse of contain.
func (lo *lowerer) uncontain(x node, t dtype.Type) node {
	if _, ok := memory(t); ok {
		return lo.fromMemory(x, t)
	}
	kind := thread.I32
	if t.Bits() > 32 {
		kind = thread.I64
	}
	return lo.fromBits(lo.b.Conv(x, kind, true), t)
}

// read loads a tile from a buffer into an array, in the tile's layout.
func (lo *lowerer) read(buf *buffer, base node, t *tile) {
	if lo.matrices(buf, base, t) {
		return
	}
	e := container(buf.elem)
	vec := t.width(buf)
	v := lo.b.NewVar("r", register(buf.elem), t.locals())
	lo.loops(t.digits, vec, func(ix index) {
		x := lo.b.Load(thread.Type{Elem: e, Lanes: vec}, lo.locate(buf, base, lo.positions(t, ix)), lo.live(t, ix), vec*e.Size())
		if e == register(buf.elem) {
			lo.b.Set(v, lo.flat(ix), x)
			return
		}
		for i := range vec {
			y := lo.uncontain(lo.b.Extract(x, i), buf.elem)
			lo.b.Set(v, lo.flat(lo.step(ix, i)), y)
		}
	})
	t.v = v
}

func (lo *lowerer) loadShared(o *ir.Op) {
	buf := lo.buffers[o.Args[0]]
	t := lo.newTile(o.Result())
	if buf.pack != nil {
		lo.readPacked(o, t, buf)
		return
	}
	if buf.own != nil {
		lo.readPrivate(o, t, buf)
		return
	}
	base := lo.slotBase(buf, o.Args[1:])
	if buf.panels { // read by the matrix instruction itself
		t.shared, t.base = buf, base
	} else {
		lo.read(buf, base, t)
	}
	lo.tiles[o.Result()] = t
}

func (lo *lowerer) storeShared(o *ir.Op) {
	buf := lo.buffers[o.Args[1]]
	lo.write(buf, lo.slotBase(buf, o.Args[2:]), lo.tiles[o.Args[0]])
}

// copyAsync starts the copy of a tile: each thread copies chunks of up to 16 bytes that neighbouring threads continue.
func (lo *lowerer) copyAsync(o *ir.Op) {
	buf, tensor := lo.buffers[o.Args[0]], o.Args[2]
	if buf.pack != nil {
		lo.copyPacked(o, buf)
		return
	}
	if buf.own != nil {
		lo.copyPrivate(o, buf)
		return
	}
	b := lo.b
	acc := passes.AccessOf(o)
	vec := lo.facts.Vector(acc, 16)
	l := passes.CopyLayout(buf.shape, acc.Fast(), vec, lo.f.Threads)
	val := &ir.Value{Type: ir.TileOf(buf.elem, buf.shape...), Layout: l}
	t := lo.newTile(val)
	a := lo.start(o, tensor, t, 16)
	base := lo.slotBase(buf, o.Args[1:2])
	mine := lo.first(l)
	bytes := vec * buf.size
	lo.loops(t.digits, vec, func(ix index) {
		p, pred := lo.place(a, tensor, t, ix)
		live := lo.b.And2(mine, lo.live(t, ix))
		n := b.I32(bytes)
		if pred != nil {
			n = b.Select(pred, n, b.I32(0))
		}
		dst := lo.locate(buf, base, lo.positions(t, ix))
		cp := func() { b.Effect(thread.CpAsync, int64(bytes), dst, p, n) }
		if live != nil {
			b.If(live, cp, nil)
		} else {
			cp()
		}
	})
}
