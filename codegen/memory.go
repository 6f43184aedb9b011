package codegen

import (
	"slices"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
)

// access holds what an access of a tile to a tensor needs before its first element: the address of the thread's first
// element, strides, and the checks that are left.
type access struct {
	passes.Access
	clips []passes.Clip
	vec   int // neighbours of one access
	elem  dtype.Type
	first node         // element number of the thread's first element, I64 (sub-byte types), or its address
	pos   map[int]node // dimension -> position of the thread's first element, for dimensions checked by element
	pred  node         // checks of the whole tile
}

// start prepares an access for a tile with a given layout.
func (lo *lowerer) start(o *ir.Op, tensor *ir.Value, t *tile, limit int) *access {
	b := lo.b
	a := &access{Access: passes.AccessOf(o), elem: tensor.Type.Elem, pos: map[int]node{}}
	a.clips = lo.facts.Clips(a.Access)
	if f := a.Fast(); f >= 0 {
		a.vec = vector(lo.facts.Vector(a.Access, limit), t.contiguous(f))
	} else {
		a.vec = 1
	}
	n := b.Int(thread.I64, 0)
	for d, off := range a.Offsets {
		x := lo.scalar(off)
		switch a.clips[d] {
		case passes.ClipTile:
			a.pred = b.And2(a.pred, b.Cmp("lt", x, lo.expr(tensor.Type.Dims[d]), true))
		case passes.ClipElem:
			a.pos[d] = x
		}
		n = b.Bin(thread.Add, n, b.Bin(thread.Mul, b.Conv(x, thread.I64, false), lo.stride(tensor.Type, d)))
	}
	for axis, d := range a.Dims {
		if a.Gathered(d) || t.mixed {
			continue // a mixed layout's thread part does not add up with its local part
		}
		c := lo.coord(t.l, axis)
		n = b.Bin(thread.Add, n, b.Bin(thread.Mul, b.Conv(c, thread.I64, false), lo.stride(tensor.Type, d)))
		if p, ok := a.pos[d]; ok {
			a.pos[d] = b.Bin(thread.Add, p, c)
		}
	}
	a.first = n
	if e, ok := memory(a.elem); ok {
		a.first = b.PtrAdd(lo.args[tensor], b.Bin(thread.Mul, n, b.Int(thread.I64, int64(e.Size()))))
	}
	return a
}

// place is the address of the element at a local index (its number for sub-byte types) and the predicate under which it
// may be touched (nil: always).
func (lo *lowerer) place(a *access, tensor *ir.Value, t *tile, ix index) (node, node) {
	p, pred := lo.inside(a, tensor, t, ix)
	return p, lo.b.And2(lo.live(t, ix), pred)
}

// inside is place for an index that is known not to be padding.
func (lo *lowerer) inside(a *access, tensor *ir.Value, t *tile, ix index) (node, node) {
	b := lo.b
	pred := a.pred
	local := make([]node, len(a.Dims)) // contribution of the local index to each axis
	for axis := range local {
		local[axis] = b.I32(0)
	}
	for i, d := range t.digits {
		if d.Dim >= 0 && !t.mixed {
			local[d.Dim] = b.Bin(thread.Add, local[d.Dim], b.Bin(thread.Mul, ix[i].x, b.I32(d.Stride)))
		}
	}
	n := b.Int(thread.I64, 0)
	for axis, d := range a.Dims {
		if a.Gathered(d) {
			continue
		}
		if t.mixed {
			local[axis] = lo.position(t, axis, ix)
		}
		n = b.Bin(thread.Add, n, b.Bin(thread.Mul, b.Conv(local[axis], thread.I64, false), lo.stride(tensor.Type, d)))
		if p, ok := a.pos[d]; ok {
			pred = b.And2(pred, b.Cmp("lt", b.Bin(thread.Add, p, local[axis]), lo.expr(tensor.Type.Dims[d]), true))
		}
	}
	if a.Index != nil {
		i := lo.get(lo.tiles[a.Index], ix, 1)
		n = b.Bin(thread.Add, n, b.Bin(thread.Mul, b.Conv(i, thread.I64, false), lo.stride(tensor.Type, a.Along)))
		x := b.Bin(thread.Add, a.pos[a.Along], i)
		pred = b.And2(pred, b.Cmp("lt", x, lo.expr(tensor.Type.Dims[a.Along]), true))
	}
	for d, p := range a.pos { // dimensions that no axis of the tile runs along
		if !contains(a.Dims, d) {
			pred = b.And2(pred, b.Cmp("lt", p, lo.expr(tensor.Type.Dims[d]), true))
		}
	}
	if e, ok := memory(a.elem); ok {
		return b.PtrAdd(a.first, b.Bin(thread.Mul, n, b.Int(thread.I64, int64(e.Size())))), pred
	}
	return b.Bin(thread.Add, a.first, n), pred
}

func contains(s []int, x int) bool {
	for _, y := range s {
		if x == y {
			return true
		}
	}
	return false
}

// load lowers a load or a gather, whose elements have their position along one dimension from the index.
func (lo *lowerer) load(o *ir.Op) {
	r, tensor := o.Result(), o.Args[0]
	if p := lo.k.ParamOf(tensor); p != nil && p.Pack != nil {
		if !lo.t.GPU {
			lo.loadLanes(o, p)
			return
		}
		lo.loadPacked(o, p)
		return
	}
	if r.Type.IsScalar() {
		lo.scalars[r] = lo.loadScalar(o)
		return
	}
	t := lo.newTile(r)
	a := lo.start(o, tensor, t, 16)
	if !lo.t.GPU {
		// One thread: the C compiler vectorises the loop of the user.
		t.at = func(ix index, _ int) node {
			p, pred := lo.place(a, tensor, t, ix)
			return lo.loadElem(a.elem, lo.args[tensor], p, pred)
		}
		t.ahead = lo.ahead(o, a, t)
		lo.define(r, t)
		return
	}
	t.v = lo.b.NewVar("g", register(a.elem), t.locals())
	lo.tiles[r] = t
	lo.loadInto(t, a, tensor)
	if _, whole := memory(a.elem); whole && constant(a.Offsets) {
		if p := lo.k.ParamOf(tensor); p != nil && !p.Out {
			t.again = func(zero node) {
				b := *a
				b.first = lo.b.PtrAdd(a.first, zero)
				lo.loadInto(t, &b, tensor)
			}
		}
	}
}

// constant reports offsets that are the same for all blocks.
func constant(offsets []*ir.Value) bool {
	return !slices.ContainsFunc(offsets, func(x *ir.Value) bool { return x.Def == nil || x.Def.Code != ir.OpConst })
}

// loadInto fills a tile's array from memory.
func (lo *lowerer) loadInto(t *tile, a *access, tensor *ir.Value) {
	v := t.v
	e, whole := memory(a.elem)
	if !whole {
		a.vec = lo.run(a, t)
	}
	lo.loops(t.digits, a.vec, func(ix index) {
		p, pred := lo.place(a, tensor, t, ix)
		if !whole {
			if a.vec == 1 {
				lo.b.Set(v, lo.flat(ix), lo.loadElem(a.elem, lo.args[tensor], p, pred))
				return
			}
			for i, x := range lo.loadRun(a.elem, lo.runAt(a.elem, lo.args[tensor], p), pred, a.vec) {
				lo.b.Set(v, lo.flat(lo.step(ix, i)), x)
			}
			return
		}
		x := lo.b.Load(thread.Type{Elem: e, Lanes: a.vec}, p, pred, a.vec*e.Size())
		if e == register(a.elem) {
			lo.b.Set(v, lo.flat(ix), x)
			return
		}
		for i := range a.vec {
			lo.b.Set(v, lo.flat(lo.step(ix, i)), lo.fromMemory(lo.b.Extract(x, i), a.elem))
		}
	})
}

func (lo *lowerer) loadScalar(o *ir.Op) node {
	b := lo.b
	a := passes.AccessOf(o)
	t := o.Args[0].Type
	n := b.Int(thread.I64, 0)
	var pred node
	for d, off := range a.Offsets {
		x := lo.scalar(off)
		n = b.Bin(thread.Add, n, b.Bin(thread.Mul, b.Conv(x, thread.I64, false), lo.stride(t, d)))
		if !lo.facts.Below(off, t.Dims[d]) {
			pred = b.And2(pred, b.Cmp("lt", x, lo.expr(t.Dims[d]), true))
		}
	}
	if e, ok := memory(t.Elem); ok {
		n = b.PtrAdd(lo.args[o.Args[0]], b.Bin(thread.Mul, n, b.Int(thread.I64, int64(e.Size()))))
	}
	return lo.loadElem(t.Elem, lo.args[o.Args[0]], n, pred)
}

// loadElem reads one element: at an address, or by number for types without bytes of their own.
func (lo *lowerer) loadElem(t dtype.Type, base, at, pred node) node {
	b := lo.b
	if e, ok := memory(t); ok {
		return lo.fromMemory(b.Load(thread.Scalar(e), at, pred, e.Size()), t)
	}
	// Bits [n*b, (n+1)*b) of the tensor: they touch at most (b+14)/8 bytes. The last byte is read only when it is needed,
	// so that nothing beyond the tensor is touched.
	bits := t.Bits()
	bit := b.Bin(thread.Mul, at, b.Int(thread.I64, int64(bits)))
	p := b.PtrAdd(base, b.BinU(thread.Shr, bit, b.Int(thread.I64, 3)))
	off := b.Bin(thread.And, b.Conv(bit, thread.I32, false), b.I32(7))
	kind := thread.I32
	if bits > 25 {
		kind = thread.I64
	}
	sum := b.Int(kind, 0)
	for i := range (bits + 14) / 8 {
		need := pred
		if 8*i >= bits { // reached only when the element starts late in its first byte
			need = b.And2(pred, b.Cmp("gt", b.Bin(thread.Add, off, b.I32(bits)), b.I32(8*i), false))
		}
		x := b.Conv(b.Load(thread.Scalar(thread.I8), b.PtrAdd(p, b.I32(i)), need, 1), kind, true)
		sh := b.Bin(thread.Sub, b.I32(8*i), off)
		if i == 0 {
			sum = b.BinU(thread.Shr, x, b.Conv(off, kind, true))
		} else {
			if 8*i < map[thread.Elem]int{thread.I32: 32, thread.I64: 64}[kind] {
				sum = b.Bin(thread.Or, sum, b.Bin(thread.Shl, x, b.Conv(sh, kind, true)))
			} else { // the ninth byte of an element of more than 57 bits
				in := b.Cmp("gt", off, b.I32(0), false)
				y := b.Bin(thread.Shl, x, b.Conv(b.Select(in, sh, b.I32(0)), kind, true))
				sum = b.Bin(thread.Or, sum, b.Select(in, y, b.Int(kind, 0)))
			}
		}
	}
	if bits < 64 {
		sum = b.Bin(thread.And, sum, b.Int(kind, int64(uint64(1)<<uint(bits)-1)))
	}
	if kind == thread.I64 && bits <= 32 {
		sum = b.Conv(sum, thread.I32, false)
	}
	return lo.fromBits(sum, t)
}

// fromMemory brings a whole-byte element to its register kind.
func (lo *lowerer) fromMemory(x node, t dtype.Type) node {
	switch {
	case t.IsBool():
		return lo.b.Cmp("ne", x, lo.likeInt(x, 0), false)
	case t.IsInt():
		return lo.b.Conv(x, register(t), unsigned(t))
	case small(t):
		return lo.decode(lo.b.Conv(x, thread.I32, true), t)
	}
	return x
}

// toMemory is the inverse of fromMemory.
func (lo *lowerer) toMemory(x node, t dtype.Type) node {
	e, _ := memory(t)
	switch {
	case t.IsBool():
		return lo.b.Conv(x, thread.I8, true)
	case t.IsInt():
		return lo.b.Conv(x, e, false)
	case small(t):
		return lo.b.Conv(lo.codeOf(x, t), e, false)
	}
	return x
}

func (lo *lowerer) store(o *ir.Op) {
	val, tensor := o.Args[0], o.Args[1]
	e, whole := memory(tensor.Type.Elem)
	if val.Type.IsScalar() {
		lo.storeScalar(o)
		return
	}
	t := lo.tiles[val]
	if t.words != nil {
		lo.unpack(t)
	}
	a := lo.start(o, tensor, t, 16)
	vec := a.vec
	if !lo.t.GPU {
		vec = 1
	}
	if !whole {
		vec = lo.run(a, t)
	}
	copies, mine := 1, node(nil)
	if lo.t.GPU {
		if copies, mine = lo.warpCopy(t.l); t.locals()/vec%copies != 0 {
			copies = 1
		}
		if copies > 1 {
			a.pred = lo.b.And2(a.pred, lo.firstLane(t.l))
		} else {
			a.pred = lo.b.And2(a.pred, lo.first(t.l))
		}
	}
	piece := func(ix index) {
		if !whole {
			lo.storeBitsTile(a, tensor, t, ix, vec)
			return
		}
		p, pred := lo.place(a, tensor, t, ix)
		var xs []node
		for i := 0; i < vec; {
			n := min(lo.lanes(t), vec-i)
			x := lo.get(t, lo.step(ix, i), n)
			for j := range n {
				xs = append(xs, lo.toMemory(lo.b.Extract(x, j), a.elem))
			}
			i += n
		}
		lo.b.Store(p, lo.b.Vec(xs...), pred, vec*e.Size())
	}
	if r := t.run(a.Fast()); lo.t.GPU && whole && copies == 1 {
		if n := vector(lo.facts.Vector(a.Access, 16), r.n); n > vec && t.fits(r, n) {
			lo.storeRuns(a, tensor, t, r, n)
			return
		}
	}
	lo.loops(t.digits, vec, func(ix index) {
		if copies == 1 {
			lo.byTurn(lo.b.BinU(thread.Div, lo.flat(ix), lo.b.I32(vec)), func() { piece(ix) })
			return
		}
		// Warps that hold the same share the work, and what is evaluated on the way.
		turn := lo.b.BinU(thread.Rem, lo.b.BinU(thread.Div, lo.flat(ix), lo.b.I32(vec)), lo.b.I32(copies))
		lo.b.If(lo.b.Cmp("eq", mine, turn, false), func() {
			lo.byTurn(lo.b.BinU(thread.Div, lo.flat(ix), lo.b.I32(vec*copies)), func() { piece(ix) })
		}, nil)
	})
}

func (lo *lowerer) storeScalar(o *ir.Op) {
	b := lo.b
	a := passes.AccessOf(o)
	t := o.Args[1].Type
	n := b.Int(thread.I64, 0)
	var pred node
	for d, off := range a.Offsets {
		x := lo.scalar(off)
		n = b.Bin(thread.Add, n, b.Bin(thread.Mul, b.Conv(x, thread.I64, false), lo.stride(t, d)))
		if !lo.facts.Below(off, t.Dims[d]) {
			pred = b.And2(pred, b.Cmp("lt", x, lo.expr(t.Dims[d]), true))
		}
	}
	if lo.summed {
		pred = b.And2(pred, b.Cmp("eq", lo.clusterRank(), b.I32(0), false))
	}
	if lo.t.GPU {
		pred = b.And2(pred, lo.once("thread0", func() node {
			return b.Cmp("eq", lo.threadDigit(1, lo.f.Threads, lo.f.Threads), b.I32(0), false)
		}))
	}
	e, ok := memory(t.Elem)
	if !ok {
		lo.storeBits(t.Elem, lo.args[o.Args[1]], n, pred, lo.scalar(o.Args[0]))
		return
	}
	p := b.PtrAdd(lo.args[o.Args[1]], b.Bin(thread.Mul, n, b.Int(thread.I64, int64(e.Size()))))
	b.Store(p, lo.toMemory(lo.scalar(o.Args[0]), t.Elem), pred, e.Size())
}

// storeBits writes an element that shares bytes with its neighbours, which other threads may write at the same time:
// atomically, bit by bit field, in the words of four bytes it lies in.
func (lo *lowerer) storeBits(t dtype.Type, base, at, pred, x node) {
	b := lo.b
	bits := t.Bits()
	bit := b.Bin(thread.Mul, at, b.Int(thread.I64, int64(bits)))
	word := b.BinU(thread.Shr, bit, b.Int(thread.I64, 5))
	p := b.PtrAdd(base, b.Bin(thread.Shl, word, b.Int(thread.I64, 2)))
	off := b.Bin(thread.And, bit, b.Int(thread.I64, 31))
	code := b.Conv(lo.toBits(x, t), thread.I64, true)
	mask := b.Int(thread.I64, int64(uint64(1)<<uint(bits)-1))
	code = b.Bin(thread.And, code, mask)
	for i := range (bits + 31 + 31) / 32 {
		need := pred
		var c, m node
		if i == 0 {
			c, m = b.Bin(thread.Shl, code, off), b.Bin(thread.Shl, mask, off)
		} else {
			// The bits from 32*i-off on; the count is between 1 and 63 when they exist.
			sh := b.Bin(thread.Sub, b.Int(thread.I64, int64(32*i)), off)
			in := b.Cmp("lt", sh, b.Int(thread.I64, int64(bits)), false)
			need = b.And2(pred, in)
			sh = b.Select(in, sh, b.Int(thread.I64, 0))
			c, m = b.BinU(thread.Shr, code, sh), b.BinU(thread.Shr, mask, sh)
		}
		q := b.PtrAdd(p, b.I32(4*i))
		lo.atomic(thread.AtomicAnd, q, b.Un(thread.Not, b.Conv(m, thread.I32, false)), need)
		lo.atomic(thread.AtomicOr, q, b.Conv(c, thread.I32, false), need)
	}
}

func (lo *lowerer) atomic(op thread.Op, p, x, pred node) {
	args := []node{p, x}
	if pred != nil {
		args = append(args, pred)
	}
	lo.b.Effect(op, 0, args...)
}
