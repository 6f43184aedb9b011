package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// Dots on a CPU, after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", 2008): a block of rows
// by columns of the sum stays in vector registers while K goes by, one multiply-add for each vector and step. The right
// operand is laid out in panels as wide as the block, so that it streams through the first cache in order; the left one is
// read an element at a time. The compiler could not do this with loops over arrays: it would keep the sum in memory.

// Of the 32 vector registers a block of the sum takes at most blockSums; the rest hold operands.
const (
	blockSums = 24
	blockRows = 16
)

// shapeCPU is the block of a sum in registers: rows by vectors.
func shapeCPU(rows, vectors int) (r, v int) {
	switch {
	case rows == 1:
		v = 8
	case rows <= 4:
		v = 4
	case rows <= 8:
		v = 2
	default:
		v = 2
	}
	for vectors%v != 0 {
		v--
	}
	r = min(rows, blockRows, blockSums/v)
	parts := (rows + r - 1) / r
	return (rows + parts - 1) / parts, v
}

// dotCPU multiplies in blocks of registers where the columns fill vectors, else element by element.
func (lo *lowerer) dotCPU(o *ir.Op, t *tile) {
	acc := t.t.Elem
	e := register(acc)
	k, n := o.Args[1].Type.Shape[0], o.Args[1].Type.Shape[1]
	lanes := thread.WideLanes(e)
	if n%lanes != 0 || e != thread.F32 && e != thread.F64 && e != thread.I32 && e != thread.I64 {
		lo.dotRows(o, t)
		return
	}
	b := lo.b
	av := lo.hold(lo.raised(lo.tiles[o.Args[0]], acc))
	d := &blockDot{lo: lo, m: o.Args[0].Type.Shape[0], k: k, n: n, parts: 1, lanes: lanes, e: e, av: av}
	if t.t.Rank() == 3 {
		d.parts = t.t.Shape[0]
	}
	d.rows, d.vectors = shapeCPU(d.m, n/lanes)
	d.packed = lo.packedOperand(o.Args[1], e, k)
	if d.packed == nil || d.m > blockRows || k/d.parts%d.packed.period() != 0 {
		d.panels(lo.raised(lo.tiles[o.Args[1]], acc), turned(o.Args[1]))
	}
	for _, x := range o.Args[:2] {
		if h := lo.readAhead(x); h != nil {
			d.next = append(d.next, h)
		}
	}
	if z := o.Args[2].Def; z != nil && z.Code == ir.OpConst && isZero(z) {
		d.fresh = true
		t.v = b.NewVar("acc", e, t.locals())
		d.cv = t.v
	} else {
		d.cv = lo.sum(o, t)
	}
	d.emit()
	lo.tiles[o.Result()] = t
}

func isZero(o *ir.Op) bool {
	switch x := o.Attr("value").(type) {
	case float64:
		return x == 0
	case int64:
		return x == 0
	}
	return false
}

// blockDot is one dot of [m, k] by [k, n].
type blockDot struct {
	lo            *lowerer
	m, k, n       int
	parts         int  // of K, with sums of their own
	part          node // the current one
	lanes         int
	rows, vectors int // of a block
	e             thread.Elem
	av, bv, cv    *thread.Var  // [m][k], [n / (vectors*lanes)][k][vectors*lanes], [parts][m][n]
	packed        *packedLanes // the right operand where it is widened on the way
	fresh         bool         // the sum starts at zero
	next          []*ahead     // what the next iteration loads
}

// width is the number of columns of a panel.
func (d *blockDot) width() int { return d.vectors * d.lanes }

// turned reports a transposed tile, whose columns are rows in memory.
func turned(v *ir.Value) bool {
	for v.Def != nil && v.Def.Code == ir.OpCast {
		v = v.Def.Args[0]
	}
	return v.Def != nil && v.Def.Code == ir.OpTranspose
}

// panels lays the right operand out: for each panel its rows, one after the other. It reads in the order of memory, whole rows for all
// panels, since the operand comes from afar and the panels are near. Of a transposed tile it reads along the columns: the strided side
// are then the stores, all within the panel.
func (d *blockDot) panels(src *tile, turned bool) {
	lo, b := d.lo, d.lo.b
	d.bv = b.NewVar("panel", d.e, d.k*d.n)
	w := d.width()
	if d.packed != nil {
		d.widenPanels()
		return
	}
	move := func(p, kk, j node) {
		col := b.Bin(thread.Add, b.Bin(thread.Mul, p, b.I32(w)), j)
		x := lo.get(src, index{part{col, d.n}, part{kk, d.k}}, 1)
		b.Set(d.bv, b.Bin(thread.Add, b.Bin(thread.Mul, b.Bin(thread.Add, b.Bin(thread.Mul, p, b.I32(d.k)), kk), b.I32(w)), j), x)
	}
	if turned {
		b.Local(d.n/w, func(p node) { b.Local(w, func(j node) { b.Local(d.k, func(kk node) { move(p, kk, j) }) }) })
		return
	}
	b.Local(d.k, func(kk node) { b.Local(d.n/w, func(p node) { b.Local(w, func(j node) { move(p, kk, j) }) }) })
}

// emit walks over the blocks: all rows of a panel before the next one.
func (d *blockDot) emit() {
	b := d.lo.b
	full, rest := d.m/d.rows, d.m%d.rows
	body := func() {
		b.Local(d.n/d.width(), func(p node) {
			d.each(func() {
				if full > 0 {
					b.Local(full, func(i node) {
						number := b.Bin(thread.Add, b.Bin(thread.Mul, p, b.I32(full)), i)
						if d.parts > 1 {
							number = nil
						}
						d.block(p, b.Bin(thread.Mul, i, b.I32(d.rows)), d.rows, number)
					})
				}
				if rest > 0 {
					d.block(p, b.I32(full*d.rows), rest, nil)
				}
			})
		})
	}
	if d.packed != nil && d.bv == nil && d.packed.pred != nil {
		if d.fresh {
			b.Local(d.parts*d.m*d.n, func(i node) { b.Set(d.cv, i, d.zero()) })
		}
		b.If(d.packed.pred, body, nil)
		return
	}
	body()
}

// each walks over the parts.
func (d *blockDot) each(body func()) {
	if d.parts == 1 {
		d.part = d.lo.b.I32(0)
		body()
		return
	}
	d.lo.b.Local(d.parts, func(q node) {
		d.part = q
		body()
	})
}

func (d *blockDot) zero() node {
	if d.e.IsFloat() {
		return d.lo.b.Float(d.e, 0)
	}
	return d.lo.b.Int(d.e, 0)
}

// block sums rows from i on of panel p. Blocks with a number read ahead.
func (d *blockDot) block(p, i node, rows int, number node) {
	b := d.lo.b
	acc := b.NewRegisters("r", d.e, rows*d.vectors)
	reg := func(r, v int) node { return b.I32((r*d.vectors + v) * d.lanes) }
	at := func(r, v int) node { // in the sum
		row := b.Bin(thread.Add, b.Bin(thread.Add, i, b.I32(r)), b.Bin(thread.Mul, d.part, b.I32(d.m)))
		return b.Bin(thread.Add, b.Bin(thread.Add, b.Bin(thread.Mul, row, b.I32(d.n)), b.Bin(thread.Mul, p, b.I32(d.width()))), b.I32(v*d.lanes))
	}
	for r := range rows {
		for v := range d.vectors {
			x := b.Splat(d.zero())
			if !d.fresh {
				x = b.GetWide(d.cv, at(r, v))
			}
			b.Set(acc, reg(r, v), x)
		}
	}
	step := func(kk node, xs []node) { // one step along K
		for r := range rows {
			a := b.Splat(b.Get(d.av, b.Bin(thread.Add, b.Bin(thread.Mul, b.Bin(thread.Add, i, b.I32(r)), b.I32(d.k)), kk), 1))
			for v, x := range xs {
				at := reg(r, v)
				b.Set(acc, at, d.lo.multiplyAdd(a, x, b.GetWide(acc, at)))
			}
		}
	}
	if d.packed != nil && d.bv == nil {
		d.packed.walk(d, p, d.part, d.parts, step)
	} else {
		unroll, depth := 1, d.k/d.parts
		for unroll < 4 && depth%(2*unroll) == 0 {
			unroll *= 2
		}
		from := b.Bin(thread.Mul, d.part, b.I32(depth))
		b.For(from, b.Bin(thread.Add, from, b.I32(depth)), b.I32(unroll), func(k0 node) {
			for u := range unroll {
				kk := b.Bin(thread.Add, k0, b.I32(u))
				xs := make([]node, d.vectors)
				for v := range xs {
					row := b.Bin(thread.Add, b.Bin(thread.Mul, p, b.I32(d.k)), kk)
					xs[v] = b.GetWide(d.bv, b.Bin(thread.Add, b.Bin(thread.Mul, row, b.I32(d.width())), b.I32(v*d.lanes)))
				}
				step(kk, xs)
			}
			if number == nil {
				return
			}
			turns := d.k / unroll
			at := b.Bin(thread.Add, b.Bin(thread.Mul, number, b.I32(turns)), b.BinU(thread.Div, k0, b.I32(unroll)))
			for _, h := range d.next {
				d.lo.ask(h, at, d.n/d.width()*(d.m/d.rows)*turns)
			}
		})
	}
	for r := range rows {
		for v := range d.vectors {
			b.Set(d.cv, at(r, v), b.GetWide(acc, reg(r, v)))
		}
	}
}
