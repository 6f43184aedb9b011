package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// packedLanes is a packed tile on a CPU (passes.PackLanes): lane j of vector v of columns holds column 16v+j, as a stream of
// its elements along K, cut into words of which those of 16 lanes lie side by side. Nothing has to cross lanes: a shift
// and what the type needs give 16 columns of one row.
type packedLanes struct {
	lo     *lowerer
	t      dtype.Type
	pack   *ir.Pack
	base   node // address of the tile
	next   node // bytes to the tile below
	pred   node // the tile exists; nil: always
	tensor *ir.Value
}

// loadLanes describes a packed tile; its elements are read where they are used.
func (lo *lowerer) loadLanes(o *ir.Op, p *ir.Param) {
	b := lo.b
	t := lo.newTile(o.Result())
	w := &packedLanes{lo: lo, t: o.Args[0].Type.Elem, pack: p.Pack, tensor: o.Args[0]}
	w.base, w.pred = lo.packedTile(p, o.Args[0], o.Args[1:])
	cols := lo.expr(ir.Bin(ir.ECeil, o.Args[0].Type.Dims[1], ir.Int(int64(p.Pack.Tile[1]))))
	w.next = b.Bin(thread.Mul, b.Conv(cols, thread.I64, false), b.Int(thread.I64, int64(4*p.Pack.Words*p.Pack.Threads)))
	t.lanes = w
	t.at = func(ix index, _ int) node { return w.element(ix[0].x, ix[1].x) }
	lo.define(o.Result(), t)
}

// perPanel is the number of words of a lane for one vector of columns.
func (w *packedLanes) perPanel() int { return w.pack.Tile[0] * w.t.Bits() / 32 }

// element is one element, for users other than a dot.
func (w *packedLanes) element(col, row node) node {
	b := w.lo.b
	bits, n := w.t.Bits(), w.pack.Threads
	lane, panel := b.BinU(thread.Rem, col, b.I32(n)), b.BinU(thread.Div, col, b.I32(n))
	bit := b.Bin(thread.Mul, row, b.I32(bits))
	word, at := b.BinU(thread.Div, bit, b.I32(32)), b.BinU(thread.Rem, bit, b.I32(32))
	first := b.Bin(thread.Add, b.Bin(thread.Mul, panel, b.I32(w.perPanel())), word)
	read := func(word, pred node) node {
		off := b.Bin(thread.Mul, b.Bin(thread.Add, b.Bin(thread.Mul, word, b.I32(n)), lane), b.I32(4))
		return b.Load(thread.Scalar(thread.I32), b.PtrAdd(w.base, off), pred, 4)
	}
	x := b.BinU(thread.Shr, read(first, w.pred), at)
	if 32%bits != 0 { // it may go on in the next word
		over := b.Cmp("gt", b.Bin(thread.Add, at, b.I32(bits)), b.I32(32), false)
		y := read(b.Bin(thread.Add, first, b.I32(1)), b.And2(w.pred, over))
		x = b.Bin(thread.Or, x, b.Bin(thread.Shl, y, b.Select(over, b.Bin(thread.Sub, b.I32(32), at), b.I32(0))))
	}
	return w.lo.fromBits(b.Bin(thread.And, x, b.I32(1<<bits-1)), w.t)
}

// packedOperand finds a packed tile below casts that change no value.
func (lo *lowerer) packedOperand(v *ir.Value, e thread.Elem, k int) *packedLanes {
	if e != thread.F32 {
		return nil
	}
	for v.Def != nil && v.Def.Code == ir.OpCast && len(v.Def.Attrs) == 0 && exactCast(v.Def.Args[0].Type.Elem, v.Type.Elem) {
		v = v.Def.Args[0]
	}
	if t := lo.tiles[v]; t != nil && t.lanes != nil {
		return t.lanes
	}
	return nil
}

// exactCast reports that every number of a type of at most 8 bits is one of another type, of which all are ones of F32.
func exactCast(from, to dtype.Type) bool {
	if to != dtype.F16 && to != dtype.BF16 && to != dtype.F32 {
		return from == to
	}
	if from.Bits() > 8 || from.IsBool() {
		return from == to || to == dtype.F32 && (from == dtype.F16 || from == dtype.BF16)
	}
	for c := range uint64(1) << from.Bits() {
		if x := numberOf(from, c); to.Round(x) != x && !math.IsNaN(x) {
			return false
		}
	}
	return true
}

func numberOf(t dtype.Type, code uint64) float64 {
	if t.IsInt() {
		return float64(t.Int(code))
	}
	return t.Float(code)
}

// period is the number of fields after which the places in words repeat.
func (w *packedLanes) period() int {
	n := 32
	for b := w.t.Bits(); b%2 == 0; b /= 2 {
		n /= 2
	}
	return n
}

// walk goes along K, or a part of it, for the vectors of one panel of a dot.
func (w *packedLanes) walk(d *blockDot, p, part node, parts int, step func(kk node, xs []node)) {
	b := w.lo.b
	fields := w.period()
	words := fields * w.t.Bits() / 32
	line := 4 * w.pack.Threads
	turns := d.k / parts / fields
	from := b.Bin(thread.Mul, part, b.I32(turns))
	b.For(from, b.Bin(thread.Add, from, b.I32(turns)), b.I32(1), func(g node) {
		ws := make([][]node, d.vectors)
		for v := range ws {
			panel := b.Bin(thread.Add, b.Bin(thread.Mul, p, b.I32(d.vectors)), b.I32(v))
			first := b.Bin(thread.Add, b.Bin(thread.Mul, panel, b.I32(w.perPanel())), b.Bin(thread.Mul, g, b.I32(words)))
			at := b.PtrAdd(w.base, b.Bin(thread.Mul, first, b.I32(line)))
			for i := range words {
				q := b.PtrAdd(at, b.I32(i*line))
				ws[v] = append(ws[v], b.Load(thread.Wide(thread.I32), q, nil, 4))
				b.Effect(thread.Prefetch, 0, b.PtrAdd(q, w.next))
			}
		}
		for i := range fields {
			xs := make([]node, d.vectors)
			for v := range xs {
				xs[v] = w.widen(ws[v], i)
			}
			step(b.Bin(thread.Add, b.Bin(thread.Mul, g, b.I32(fields)), b.I32(i)), xs)
		}
	})
}

// widenPanels widens all of a tile into the panels of a dot.
func (d *blockDot) widenPanels() {
	b, w := d.lo.b, d.packed
	fill := func() {
		b.Local(d.n/d.width(), func(p node) {
			w.walk(d, p, b.I32(0), 1, func(kk node, xs []node) {
				row := b.Bin(thread.Add, b.Bin(thread.Mul, p, b.I32(d.k)), kk)
				for v, x := range xs {
					b.Set(d.bv, b.Bin(thread.Add, b.Bin(thread.Mul, row, b.I32(d.width())), b.I32(v*d.lanes)), x)
				}
			})
		})
	}
	if w.pred == nil {
		fill()
		return
	}
	b.If(w.pred, fill, func() { b.Local(d.k*d.n, func(i node) { b.Set(d.bv, i, d.zero()) }) })
}

// widen gives field i of a period as F32.
func (w *packedLanes) widen(ws []node, i int) node {
	b := w.lo.b
	bits := w.t.Bits()
	c := func(n int) node { return b.Splat(b.I32(n)) }
	word, at := i*bits/32, i*bits%32
	x := ws[word]
	if at > 0 {
		x = b.BinU(thread.Shr, x, c(at))
	}
	top := at + bits // bits from here on are other fields, or zeros
	if top > 32 {
		x = b.Bin(thread.Or, x, b.Bin(thread.Shl, ws[word+1], c(32-at)))
	}
	if bits <= 5 { // a table of all numbers: only the low bits of an index count
		return w.table(bits, x, func(code uint64) float64 { return numberOf(w.t, code) })
	}
	if w.t.IsFloat() && w.t.HasSign() && 1+w.t.ExpBits() <= 5 && w.t.ManBits() <= 5 {
		return w.twoTables(x)
	}
	if w.t.IsSigned() && w.t.IsInt() {
		if top == 32 {
			return b.Conv(b.Bin(thread.Shr, ws[word], c(32-bits)), thread.F32, false)
		}
		return b.Conv(b.Bin(thread.Shr, b.Bin(thread.Shl, x, c(32-bits)), c(32-bits)), thread.F32, false)
	}
	if top != 32 {
		x = b.Bin(thread.And, x, c(1<<bits-1))
	}
	if w.t.IsInt() {
		return b.Conv(x, thread.F32, false)
	}
	return w.float(x)
}

// table looks a function of the low n bits of each lane up.
func (w *packedLanes) table(n int, x node, f func(code uint64) float64) node {
	size := 16
	if n == 5 {
		size = 32
	}
	t := make([]float64, size)
	for j := range t {
		t[j] = f(uint64(j) & (1<<n - 1))
	}
	return w.lo.b.Lookup(t, x)
}

// twoTables gives the value of a small float as start + step · mantissa, where sign and exponent choose start and step:
// both are exact, subnormals too, and no bits have to be cleared.
func (w *packedLanes) twoTables(x node) node {
	b, t := w.lo.b, w.t
	e, m := t.ExpBits(), t.ManBits()
	number := func(code uint64) float64 { // as if there were neither NaN nor infinity
		exp, man := int(code>>m&(1<<e-1)), float64(code&(1<<m-1))
		v := math.Ldexp(man, 1-t.Bias()-m)
		if exp > 0 {
			v = math.Ldexp(man+math.Ldexp(1, m), exp-t.Bias()-m)
		}
		if code>>(e+m) != 0 {
			v = -v
		}
		return v
	}
	hi := x
	if m > 0 {
		hi = b.BinU(thread.Shr, x, b.Splat(b.I32(m)))
	}
	r := w.table(1+e, hi, func(c uint64) float64 { return number(c << m) })
	if m > 0 {
		step := w.table(1+e, hi, func(c uint64) float64 { return number(c<<m|1) - number(c<<m) })
		r = b.Fma(step, w.table(max(m, 4), x, func(c uint64) float64 { return float64(c & (1<<m - 1)) }), r)
	}
	code := b.Bin(thread.And, x, b.Splat(b.I32(1<<t.Bits()-1)))
	return w.unusual(code, r)
}

// unusual puts NaN and infinities in.
func (w *packedLanes) unusual(code, x node) node {
	b, t := w.lo.b, w.t
	c := func(n int64) node { return b.Splat(b.Int(thread.I32, n)) }
	f := func(x float64) node { return b.Splat(b.Float(thread.F32, x)) }
	if !t.HasNaN() && !t.HasInf() {
		return x
	}
	mask := int64(1)<<(t.ExpBits()+t.ManBits()) - 1
	mag := b.Bin(thread.And, code, c(mask))
	ss := specials(t)
	if len(ss) == 2 && ss[0].code == ss[1].code&mask && math.IsNaN(ss[0].value) && math.IsNaN(ss[1].value) { // one magnitude
		return b.Select(b.Cmp("eq", mag, c(ss[0].code), false), f(math.NaN()), x)
	}
	for _, s := range ss {
		x = b.Select(b.Cmp("eq", code, c(s.code), false), f(s.value), x)
	}
	if t.HasInf() {
		x = b.Select(b.Cmp("gt", mag, c(mask>>t.ManBits()<<t.ManBits()), false), f(math.NaN()), x)
	}
	return x
}

// float gives the value of a code of a small float. Unlike decode it makes no subnormal F32 on the way, which processors are slow at: a
// subnormal goes through an integer.
func (w *packedLanes) float(code node) node {
	b, t := w.lo.b, w.t
	c := func(n int64) node { return b.Splat(b.Int(thread.I32, n)) }
	f := func(x float64) node { return b.Splat(b.Float(thread.F32, x)) }
	f32 := thread.Wide(thread.F32)
	if !t.HasSign() { // f8e8m0
		x := b.Bitcast(b.Bin(thread.Shl, code, c(23)), f32)
		x = b.Select(b.Cmp("eq", code, c(0), false), f(0x1p-127), x)
		return b.Select(b.Cmp("eq", code, c(255), false), f(math.NaN()), x)
	}
	e, m := t.ExpBits(), t.ManBits()
	mag := b.Bin(thread.And, code, c(int64(1)<<(e+m)-1))
	sign := b.Bin(thread.Shl, b.BinU(thread.Shr, code, c(int64(e+m))), c(31))
	normal := b.Bitcast(b.Bin(thread.Add, b.Bin(thread.Shl, mag, c(int64(23-m))), c(int64(127-t.Bias())<<23)), f32)
	tiny := b.Bin(thread.Mul, b.Conv(mag, thread.F32, false), f(math.Ldexp(1, 1-t.Bias()-m)))
	x := b.Select(b.Cmp("lt", mag, c(1<<m), false), tiny, normal)
	x = b.Bitcast(b.Bin(thread.Or, b.Bitcast(x, thread.Wide(thread.I32)), sign), f32)
	return w.unusual(code, x)
}

// WidenLanes emits what widens the fields of a packed tile on a CPU: from the words of one period, each a wide vector of I32
// with the words of 16 columns, wide vectors of F32, one for each row. A period is the least number of rows that fill words.
func WidenLanes(b *thread.Builder, t dtype.Type, words []*thread.Node) (rows []*thread.Node) {
	w := &packedLanes{lo: &lowerer{b: b}, t: t}
	for i := range w.period() {
		rows = append(rows, w.widen(words, i))
	}
	return rows
}
