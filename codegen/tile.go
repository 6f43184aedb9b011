package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// tile is a thread's share of a tile: a local array, or an expression that is evaluated for each index its only user asks
// for, or words of packed elements.
type tile struct {
	t      ir.Type
	l      *layout.Layout
	digits []layout.Digit // of the local index, minor first
	mixed  bool           // the layout is no digit permutation: coordinates come from its fields
	v      *thread.Var
	again  func(zero node) // loads v once more, from where all blocks load it; zero is a number that compilers cannot know to be 0
	at     func(ix index, lanes int) node
	words  *packed
	lanes  *packedLanes // beside at, on a CPU
	ahead  *ahead       // of a loaded tile, on a CPU
	wide   *Widened     // with factors and offsets left to the sum that uses it
	alias  bool         // v belongs to another tile too
	shared *buffer      // in panels in shared memory, at base
	base   node
}

// part is one digit of a local index: a node with values below n.
type part struct {
	x node
	n int
}

// index is a local index as digits, minor first.
type index []part

// flat is the index as one number.
func (lo *lowerer) flat(ix index) node {
	sum, w := lo.b.I32(0), 1
	for _, p := range ix {
		sum = lo.b.Bin(thread.Add, sum, lo.b.Bin(thread.Mul, p.x, lo.b.I32(w)))
		w *= p.n
	}
	return sum
}

// regroup expresses an index in other digits of the same total size.
func (lo *lowerer) regroup(ix index, digits []layout.Digit) index {
	same := len(ix) == len(digits)
	for i := 0; same && i < len(ix); i++ {
		same = ix[i].n == digits[i].Radix
	}
	if same {
		return ix
	}
	var out index
	rest := append(index{}, ix...)
	for _, d := range digits {
		var got index
		n := 1
		for n < d.Radix && len(rest) > 0 {
			p := rest[0]
			switch {
			case d.Radix/n%p.n == 0: // the whole part
				got = append(got, p)
				n *= p.n
				rest = rest[1:]
			case p.n%(d.Radix/n) == 0: // its low digits
				k := d.Radix / n
				got = append(got, part{lo.b.BinU(thread.Rem, p.x, lo.b.I32(k)), k})
				rest[0] = part{lo.b.BinU(thread.Div, p.x, lo.b.I32(k)), p.n / k}
				n = d.Radix
			default: // the digits do not nest: go through the number
				return lo.split(lo.flat(ix), digits)
			}
		}
		out = append(out, part{lo.flat(got), d.Radix})
	}
	return out
}

func (lo *lowerer) split(flat node, digits []layout.Digit) index {
	var out index
	for i, d := range digits {
		x := flat
		if i < len(digits)-1 {
			x = lo.b.BinU(thread.Rem, flat, lo.b.I32(d.Radix))
			flat = lo.b.BinU(thread.Div, flat, lo.b.I32(d.Radix))
		}
		out = append(out, part{x, d.Radix})
	}
	return out
}

// loops runs body for every local index of a layout, lanes neighbours at a time.
func (lo *lowerer) loops(digits []layout.Digit, lanes int, body func(ix index)) {
	ix := make(index, len(digits))
	var nest func(i int)
	nest = func(i int) {
		if i < 0 {
			body(append(index{}, ix...))
			return
		}
		n, step := digits[i].Radix, 1
		if i == 0 {
			step = lanes
		}
		lo.b.Local(n/step, func(x node) {
			ix[i] = part{lo.b.Bin(thread.Mul, x, lo.b.I32(step)), n}
			nest(i - 1)
		})
	}
	nest(len(digits) - 1)
}

// newTile describes a thread's share of a value.
func (lo *lowerer) newTile(v *ir.Value) *tile {
	return &tile{t: v.Type, l: v.Layout, digits: v.Layout.LocalDigits(), mixed: !v.Layout.IsPermutation()}
}

func (t *tile) locals() int { return t.l.Locals() }

// get evaluates lanes neighbours from a local index.
func (lo *lowerer) get(t *tile, ix index, lanes int) node {
	if t.words != nil {
		lo.unpack(t)
	}
	if t.v != nil {
		return lo.b.Get(t.v, lo.flat(ix), lanes)
	}
	return t.at(lo.regroup(ix, t.digits), lanes)
}

// lanes is the vector length for arithmetic on a tile: pairs of 16-bit floats on a GPU.
func (lo *lowerer) lanes(t *tile) int {
	if !lo.t.GPU || len(t.digits) == 0 || t.digits[0].Radix%2 != 0 {
		return 1
	}
	if e := register(t.t.Elem); e == thread.F16 || e == thread.BF16 {
		return 2
	}
	return 1
}

// hold gives the tile a local array.
func (lo *lowerer) hold(t *tile) *thread.Var {
	if t.words != nil {
		lo.unpack(t)
	}
	if t.v == nil {
		v := lo.b.NewVar("t", register(t.t.Elem), t.locals())
		lanes := lo.lanes(t)
		lo.loops(t.digits, lanes, func(ix index) { lo.b.Set(v, lo.flat(ix), t.at(ix, lanes)) })
		t.v, t.at = v, nil
	}
	return t.v
}

// define records the value's tile; unless a single user in the same block can evaluate it in place, it gets an array now.
func (lo *lowerer) define(v *ir.Value, t *tile) {
	lo.tiles[v] = t
	if t.at == nil || cheap(v) {
		return
	}
	if _, n := lo.light(v); n > 0 {
		return
	}
	u := lo.users[v]
	if len(u) == 1 && lo.home[u[0]] == lo.home[v.Def] && inPlace(u[0]) {
		return
	}
	lo.hold(t)
}

// cheap tiles are evaluated wherever they are used.
func cheap(v *ir.Value) bool {
	return v.Def.Code == ir.OpConst || v.Def.Code == ir.OpIota || v.Def.Code == ir.OpBroadcast && v.Def.Args[0].Type.IsScalar()
}

// inPlace reports users that evaluate each element of an operand once.
func inPlace(o *ir.Op) bool {
	switch o.Code {
	case ir.OpReshape, ir.OpTranspose, ir.OpReduce, ir.OpStore, ir.OpDot, ir.OpConvert, ir.OpYield, ir.OpFor, ir.OpStoreShared, ir.OpCast, ir.OpBitcast, ir.OpCmp, ir.OpSelect, ir.OpFma:
		return true
	}
	return o.Code.Info().Class != ir.ClassOther
}

// padded reports that the layout of a tile reaches beyond the tile along an axis.
func (t *tile) padded(axis int) bool { return t.l.Shape()[axis] > t.t.Shape[axis] }

// position is the logical coordinate along an axis of a local index.
func (lo *lowerer) position(t *tile, axis int, ix index) node {
	ix = lo.regroup(ix, t.digits)
	if t.mixed {
		return lo.mixedPosition(t.l, axis, lo.flat(ix))
	}
	x := lo.coord(t.l, axis)
	for i, d := range t.digits {
		if d.Dim == axis {
			x = lo.b.Bin(thread.Add, x, lo.b.Bin(thread.Mul, ix[i].x, lo.b.I32(d.Stride)))
		}
	}
	return x
}

// live is the predicate that an index lies inside the tile and not in its padding, or nil when all do.
func (lo *lowerer) live(t *tile, ix index) node {
	var p node
	for a := range t.t.Shape {
		if t.padded(a) {
			p = lo.b.And2(p, lo.b.Cmp("lt", lo.position(t, a, ix), lo.b.I32(t.t.Shape[a]), false))
		}
	}
	return p
}

// contiguous is the number of neighbours along an axis that follow each other in the local index.
func (t *tile) contiguous(axis int) int {
	if len(t.digits) > 0 && t.digits[0].Dim == axis && t.digits[0].Stride == 1 {
		return t.digits[0].Radix
	}
	return 1
}

// vector is the largest power of two that divides both numbers.
func vector(a, b int) int {
	v := 1
	for a%(2*v) == 0 && b%(2*v) == 0 {
		v *= 2
	}
	return v
}

// step advances the minor digit of an index.
func (lo *lowerer) step(ix index, by int) index {
	if by == 0 {
		return ix
	}
	out := append(index{}, ix...)
	out[0].x = lo.b.Bin(thread.Add, out[0].x, lo.b.I32(by))
	return out
}
