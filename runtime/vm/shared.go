package vm

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// Memory of a block. A buffer is cut into cells, the finest slots that any operation addresses; each cell knows what has
// touched it since the last barrier. Buffers whose byte ranges overlap share their fate: a write to one destroys the
// other. (The data are kept apart, as values; swizzles have no meaning here.)

func init() {
	register(map[ir.Code]build{
		ir.OpAllocShared: func(*prep, *ir.Op) (step, error) { return nil, nil },
		ir.OpLoadShared:  buildLoadShared, ir.OpStoreShared: buildStoreShared,
	})
}

// buffer is an alloc_shared.
type buffer struct {
	op       *ir.Op
	elem     dtype.Type
	lead     []int // the leading extents that slots address
	cells    int
	cellSize int // elements
	overlaps [][]cellRef
}

type cellRef struct{ buffer, cell int }

// sharedState is a buffer of the running block.
type sharedState struct {
	F     []float64
	I     []int64
	cells []cell
}

// cell is the state of a slot; the operations are those that the next barrier orders, or nil.
type cell struct {
	init    bool
	clobber *ir.Op // wrote to the same bytes through another buffer
	pending *ir.Op // a copy in flight
	landed  *ir.Op // a copy that a wait has completed, but no barrier since
	wrote   *ir.Op
	read    *ir.Op
}

// findShared describes the buffers before anything uses them: how finely they are addressed, and which overlap.
func (p *prep) findShared() error {
	slots := map[*ir.Value]int{}
	p.k.Body.Walk(func(o *ir.Op) bool {
		switch o.Code {
		case ir.OpAllocShared:
			p.shared[o.Result()] = len(p.buffers)
			p.buffers = append(p.buffers, &buffer{op: o, elem: o.Result().Type.Elem})
			slots[o.Result()] = 0
		case ir.OpLoadShared:
			slots[o.Args[0]] = max(slots[o.Args[0]], len(o.Args)-1)
		case ir.OpStoreShared:
			slots[o.Args[1]] = max(slots[o.Args[1]], len(o.Args)-2)
		case ir.OpCopyAsync:
			slots[o.Args[0]] = max(slots[o.Args[0]], 1)
		}
		return true
	})
	for _, b := range p.buffers {
		v := b.op.Result()
		size := 1
		for _, n := range v.Type.Shape {
			if size > maxTile/n {
				return p.fail(b.op, "a buffer %s is too large", v.Type)
			}
			size *= n
		}
		b.lead, b.cells = v.Type.Shape[:slots[v]], 1
		for _, n := range b.lead {
			b.cells *= n
		}
		if b.cells > maxCells {
			return p.fail(b.op, "the VM follows at most %d slots of a buffer, found %d", maxCells, b.cells)
		}
		b.cellSize = size / b.cells
		b.overlaps = make([][]cellRef, b.cells)
		p.bytes += 8 * int64(size)
	}
	p.findOverlaps()
	return nil
}

// maxCells bounds the bookkeeping of a buffer.
const maxCells = 1 << 12

// findOverlaps compares the byte ranges of the cells of buffers that the allocator has placed.
func (p *prep) findOverlaps() {
	for i, a := range p.buffers {
		for j, b := range p.buffers {
			if i == j || a.op.Attr("offset") == nil || b.op.Attr("offset") == nil || a.ownBytes() || b.ownBytes() {
				continue
			}
			lo, _ := a.bytes(0)
			_, hi := a.bytes(a.cells - 1)
			lo2, _ := b.bytes(0)
			_, hi2 := b.bytes(b.cells - 1)
			if lo >= hi2 || lo2 >= hi {
				continue
			}
			for c := range a.cells {
				lo, hi := a.bytes(c)
				for d := range b.cells {
					if lo2, hi2 := b.bytes(d); lo < hi2 && lo2 < hi {
						a.overlaps[c] = append(a.overlaps[c], cellRef{j, d})
					}
				}
			}
		}
	}
}

// ownBytes reports buffers that a target lays out by threads: their bytes are not those of their shape.
func (b *buffer) ownBytes() bool { return b.op.Flag("private") || b.op.Str("pack") != "" }

func (b *buffer) bytes(c int) (lo, hi int) {
	n := b.cellSize * b.elem.Bits()
	off := b.op.Int("offset")
	return off + c*n/8, off + (c*n+n+7)/8
}

func (f *frame) newShared(bs []*buffer) {
	for _, b := range bs {
		s := sharedState{cells: make([]cell, b.cells)}
		if b.elem.IsFloat() {
			s.F = make([]float64, b.cells*b.cellSize)
		} else {
			s.I = make([]int64, b.cells*b.cellSize)
		}
		f.shared = append(f.shared, s)
	}
}

func (f *frame) resetShared() {
	f.open, f.groups = nil, nil
	for i := range f.shared {
		clear(f.shared[i].cells)
	}
}

// slotRef addresses a slot of a buffer.
type slotRef struct {
	op    *ir.Op
	index int // of the buffer
	*buffer
	slots []int
}

func (p *prep) slotRef(o *ir.Op, buf *ir.Value, slots []*ir.Value) (*slotRef, error) {
	i, ok := p.shared[buf]
	if !ok {
		return nil, p.fail(o, "the buffer does not come from alloc_shared")
	}
	return &slotRef{o, i, p.buffers[i], p.args(slots...)}, nil
}

// find gives the cells of the slot.
func (r *slotRef) find(f *frame) (first, n int, err error) {
	n = r.cells
	for i, s := range r.slots {
		at, extent := f.I[s][0], int64(r.lead[i])
		if at < 0 || at >= extent {
			return 0, 0, f.fail(r.op, r.buffer.op, "slot index %d of the buffer is %d, expected 0 to %d", i, at, extent-1)
		}
		n /= r.lead[i]
		first += int(at) * n
	}
	return first, n, nil
}

// reading checks that the slot has been written and that the writes are visible, and gives the range of elements.
func (r *slotRef) reading(f *frame) (lo, hi int, err error) {
	first, n, err := r.find(f)
	if err != nil {
		return 0, 0, err
	}
	for i := first; i < first+n; i++ {
		switch c := &f.shared[r.index].cells[i]; {
		case c.pending != nil:
			err = f.fail(r.op, c.pending, "reads slot %d while a copy to it is in flight: a wait is missing", i)
		case c.landed != nil:
			err = f.fail(r.op, c.landed, "reads slot %d without a barrier after the wait for the copy to it", i)
		case c.wrote != nil:
			err = f.fail(r.op, c.wrote, "reads slot %d without a barrier after the store to it", i)
		case c.clobber != nil:
			err = f.fail(r.op, c.clobber, "reads slot %d, whose bytes another buffer has overwritten", i)
		case !c.init:
			err = f.fail(r.op, r.buffer.op, "reads slot %d, which nothing has written", i)
		case r.buffer.op.Flag("private"):
			continue // each thread has its own part, in program order
		default:
			c.read = r.op
			continue
		}
		return 0, 0, err
	}
	return first * r.cellSize, (first + n) * r.cellSize, nil
}

// writing checks that nothing else uses the slot and gives its cells.
func (r *slotRef) writing(f *frame) (first, n int, err error) {
	if first, n, err = r.find(f); err != nil {
		return 0, 0, err
	}
	for i := first; i < first+n; i++ {
		if err := r.free(f, i, &f.shared[r.index].cells[i]); err != nil {
			return 0, 0, err
		}
		for _, o := range r.overlaps[i] {
			c := &f.shared[o.buffer].cells[o.cell]
			if err := r.free(f, i, c); err != nil {
				return 0, 0, err
			}
			c.init, c.clobber = false, r.op
		}
		f.shared[r.index].cells[i].clobber = nil
	}
	return first, n, nil
}

func (r *slotRef) free(f *frame, i int, c *cell) error {
	switch {
	case c.pending != nil:
		return f.fail(r.op, c.pending, "writes slot %d while a copy to its bytes is in flight", i)
	case c.read != nil:
		return f.fail(r.op, c.read, "writes slot %d without a barrier after it was read", i)
	case c.landed != nil:
		return f.fail(r.op, c.landed, "writes slot %d without a barrier after the copy to its bytes", i)
	case c.wrote != nil:
		return f.fail(r.op, c.wrote, "writes slot %d without a barrier after the store to its bytes", i)
	}
	return nil
}

func buildLoadShared(p *prep, o *ir.Op) (step, error) {
	r, err := p.slotRef(o, o.Args[0], o.Args[1:])
	d := p.slot(o.Result())
	return func(f *frame) error {
		lo, hi, err := r.reading(f)
		if err != nil {
			return err
		}
		if s := f.shared[r.index]; s.F != nil {
			copy(f.F[d], s.F[lo:hi])
		} else {
			copy(f.I[d], s.I[lo:hi])
		}
		return nil
	}, err
}

func buildStoreShared(p *prep, o *ir.Op) (step, error) {
	r, err := p.slotRef(o, o.Args[1], o.Args[2:])
	x := p.slot(o.Args[0])
	return func(f *frame) error {
		first, n, err := r.writing(f)
		if err != nil {
			return err
		}
		s := &f.shared[r.index]
		for i := first; i < first+n; i++ {
			s.cells[i].init, s.cells[i].wrote = true, o
		}
		if s.F != nil {
			copy(s.F[first*r.cellSize:], f.F[x])
		} else {
			copy(s.I[first*r.cellSize:], f.I[x])
		}
		return nil
	}, err
}
