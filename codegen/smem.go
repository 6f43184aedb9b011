package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
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
	pack    *ir.Param // the words of a packed parameter instead
	own     *private  // each thread's own elements instead
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
	lo.buffers[o.Result()] = buf
	lo.shared = max(lo.shared, buf.offset+buf.slot*t.Shape[0])
}

// temporary is a buffer in the scratch space behind all others. Its users put a barrier before they write it and another
// before they read it.
func (lo *lowerer) temporary(shape []int, elem dtype.Type) *buffer {
	t := ir.TileOf(elem, shape...)
	s := passes.SwizzleFor(t)
	if _, ok := memory(elem); !ok {
		s = 0
	}
	buf := newBuffer((lo.shared+1023)&^1023, shape, elem, s)
	lo.reserve(buf.slot)
	return buf
}

func (lo *lowerer) reserve(bytes int) {
	lo.scratch = max(lo.scratch, bytes+((lo.shared+1023)&^1023)-lo.shared)
}

// slotBase is the address of a slot.
func (lo *lowerer) slotBase(buf *buffer, slots []*ir.Value) node {
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
func (t *tile) width(buf *buffer) int {
	last := len(buf.shape) - 1
	v := vector(t.contiguous(last), 16/buf.size)
	for v > 1 && (buf.shape[last]%v != 0 || len(buf.shape) > 1 && buf.pitch[last-1]%(v*buf.size) != 0) {
		v /= 2
	}
	return v
}

func (lo *lowerer) positions(t *tile, ix index) []node {
	c := make([]node, len(t.t.Shape))
	for a := range c {
		c[a] = lo.position(t, a, ix)
	}
	return c
}

// write stores a tile to a buffer.
func (lo *lowerer) write(buf *buffer, base node, t *tile) {
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

// read loads a tile from a buffer into an array, in the tile's layout.
func (lo *lowerer) read(buf *buffer, base node, t *tile) {
	if lo.matrices(buf, base, t) {
		return
	}
	e := container(buf.elem)
	_, whole := memory(buf.elem)
	vec := t.width(buf)
	v := lo.b.NewVar("r", register(buf.elem), t.locals())
	lo.loops(t.digits, vec, func(ix index) {
		x := lo.b.Load(thread.Type{Elem: e, Lanes: vec}, lo.locate(buf, base, lo.positions(t, ix)), lo.live(t, ix), vec*e.Size())
		if e == register(buf.elem) {
			lo.b.Set(v, lo.flat(ix), x)
			return
		}
		for i := range vec {
			y := lo.b.Extract(x, i)
			if whole {
				y = lo.fromMemory(y, buf.elem)
			} else {
				y = lo.fromBits(lo.b.Conv(y, map[bool]thread.Elem{true: thread.I64, false: thread.I32}[buf.elem.Bits() > 32], true), buf.elem)
			}
			lo.b.Set(v, lo.flat(lo.step(ix, i)), y)
		}
	})
	t.v = v
}

// matrix8 is the share of 32 lanes in an 8×8 matrix of 16-bit elements as ldmatrix gives it (PTX ISA, ldmatrix), plain and
// transposed.
var matrix8 = [2]layout.Layout{layout.Spatial(8, 4).Local(1, 2), layout.ColumnSpatial(4, 8).Local(2, 1)}

// matrices reads a tile of 16-bit elements with ldmatrix when its layout consists of 8×8 matrices: four, two or one at a
// time, each lane giving the address of one row.
func (lo *lowerer) matrices(buf *buffer, base node, t *tile) bool {
	if !lo.t.GPU || buf.size != 2 || len(buf.shape) != 2 || buf.pitch[0]%16 != 0 {
		return false
	}
	if _, ok := memory(buf.elem); !ok || (t.padded(0) || t.padded(1)) {
		return false
	}
	for trans := range 2 {
		q, err := t.l.DivideRight(matrix8[trans])
		if err != nil {
			continue
		}
		_, qd, ok := q.Digits()
		if !ok {
			continue
		}
		n := 1
		for n < 4 && q.Locals()%(2*n) == 0 {
			n *= 2
		}
		lo.ldmatrix(buf, base, t, q, qd, n, trans == 1)
		return true
	}
	return false
}

func (lo *lowerer) ldmatrix(buf *buffer, base node, t *tile, q layout.Layout, qd []layout.Digit, n int, trans bool) {
	b := lo.b
	v := b.NewVar("m", register(buf.elem), t.locals())
	lane := b.Bin(thread.And, lo.threadDigit(1, lo.f.Threads, lo.f.Threads), b.I32(31))
	row := b.Bin(thread.And, lane, b.I32(7))
	which := b.BinU(thread.Shr, lane, b.I32(3)) // the matrix whose row this lane addresses
	if n < 4 {
		which = b.Bin(thread.And, which, b.I32(n-1))
	}
	// Thread digits of q are the warps: those of the whole layout above the 32 lanes.
	warp := func(dim int) node { return lo.warpCoord(t.l, dim, buf, trans) }
	lo.b.Local(q.Locals()/n, func(g node) {
		m := b.Bin(thread.Add, b.Bin(thread.Mul, g, b.I32(n)), which)
		ix := lo.split(m, qd)
		c := [2]node{warp(0), warp(1)}
		for i, d := range qd {
			if d.Dim >= 0 {
				c[d.Dim] = b.Bin(thread.Add, c[d.Dim], b.Bin(thread.Mul, ix[i].x, b.I32(8*d.Stride)))
			}
		}
		// A row of a matrix in memory is 8 elements along the last axis; lane r of the eight addresses row r.
		c[0] = b.Bin(thread.Add, c[0], row)
		args := []node{lo.locate(buf, base, c[:])}
		for i := range n {
			args = append(args, b.Bin(thread.Mul, b.Bin(thread.Add, b.Bin(thread.Mul, g, b.I32(n)), b.I32(i)), b.I32(2)))
		}
		kind := ""
		if trans {
			kind = "trans"
		}
		b.Emit(&thread.Node{Op: thread.Ldmatrix, Imm: int64(n), Kind: kind, Args: args, Var: v})
	})
	t.v = v
}

// warpCoord is the coordinate that the digits of the thread number above the lane contribute.
func (lo *lowerer) warpCoord(l *layout.Layout, dim int, _ *buffer, _ bool) node {
	digits, _, _ := l.Digits()
	sum, weight := lo.b.I32(0), 1
	for _, d := range digits {
		if weight >= 32 && d.Dim == dim {
			sum = lo.b.Bin(thread.Add, sum, lo.b.Bin(thread.Mul, lo.threadDigit(weight, d.Radix, l.Threads()), lo.b.I32(d.Stride)))
		}
		weight *= d.Radix
	}
	return sum
}

// convert moves a tile to another layout: by renaming registers when every element stays in its thread, else through
// shared memory.
func (lo *lowerer) convert(o *ir.Op) {
	src := lo.tiles[o.Args[0]]
	t := lo.newTile(o.Result())
	if !lo.t.GPU {
		t.at = func(ix index, lanes int) node { return lo.get(src, ix, lanes) }
		lo.define(o.Result(), t)
		return
	}
	if src.words != nil {
		lo.unpack(src)
	}
	if m := renaming(src.l, t.l); m != nil {
		from := lo.hold(src)
		t.v = lo.b.NewVar("n", from.Elem, len(m))
		for i, j := range m {
			lo.b.Set(t.v, lo.b.I32(i), lo.b.Get(from, lo.b.I32(j), 1))
		}
		lo.tiles[o.Result()] = t
		return
	}
	lo.through(src, t)
	lo.tiles[o.Result()] = t
}

// through moves a tile through shared memory.
func (lo *lowerer) through(src, dst *tile) {
	buf := lo.temporary(src.t.Shape, src.t.Elem)
	base := lo.slotBase(buf, nil)
	lo.b.Effect(thread.Barrier, 0)
	lo.write(buf, base, src)
	lo.b.Effect(thread.Barrier, 0)
	lo.read(buf, base, dst)
}

// renaming lists for each local index of dst the local index of src that holds the same element in every thread, or nil.
func renaming(src, dst *layout.Layout) []int {
	m, ok := layout.RegisterMap(*src, *dst)
	if !ok {
		return nil
	}
	return m
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
	lo.read(buf, lo.slotBase(buf, o.Args[1:]), t)
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
