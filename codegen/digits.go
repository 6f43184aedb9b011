package codegen

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/passes"
)

// limbs cuts a row of floats into digits for the columns of an integer matrix instruction. With R(i) the row times 2^(shift-14i),
// rounded to an integer, piece i is R(i) - 2^14·R(i+1), at most 2^13 in magnitude, and the row the sum of piece i times
// 2^(14i-shift), since R(4) is 0. A piece is two digits: its low seven bits, and what is above them with the sign. All that is in F32,
// whose 24 bits lose nothing of a row of f16 or bf16 whose R(0) is exact.
type limbs struct {
	b      *thread.Builder
	kind   string // of the matrix instruction
	steps  []Term // what the bytes of each half of a step stand for
	lane   node   // of the warp: 4g+c
	shift  node
	pieces int         // that may be other than 0
	row    *thread.Var // the digits of the lane's column g, four to a word
	bad    node        // some elements of the row are not finite
}

const digitWords = passes.Limbs

// digits makes l.row of the 128 elements of the row that the warp holds, four in a lane: each lane cuts its own, and finds
// those of its column in shared memory.
func (lo *lowerer) digits(l *limbs, x *thread.Var) {
	b := l.b
	l.lane = lo.threadDigit(1, 32, lo.f.Threads)
	if x.Elem == thread.F16 {
		l.absolute(x)
	} else {
		l.relative(x)
	}
	store, load := lo.digitExchange(l.lane)
	b.Effect(thread.WarpBarrier, 0)
	for i, w := range l.cut(x) {
		b.Store(b.PtrAdd(store[i%2], b.I32(4*digitWords*i)), w, nil, 4)
	}
	b.Effect(thread.WarpBarrier, 0)
	l.row = b.NewVar("d", thread.I32, 8)
	for i, p := range load {
		b.Set(l.row, b.I32(4*i), b.Load(thread.Type{Elem: thread.I32, Lanes: 4}, p, nil, 16))
	}
}

// digitExchange is where a lane's digits go in shared memory, even and odd ones, and where it finds those of its column: of the first and
// the second four groups of lanes. Words lie by [c][digit][g], with the halves of g exchanged in odd digits and a gap behind each c, so
// that neither the stores nor the loads of 16 bytes meet in a bank.
func (lo *lowerer) digitExchange(lane node) (store, load [2]node) {
	b := lo.b
	offset := (lo.shared + 127) &^ 127 // of its own, so that no barrier of the block is needed
	lo.shared = offset + lo.f.Threads/32*passes.LimbBytes
	base := b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: int64(offset)})
	words := func(p, n node) node { return b.PtrAdd(p, b.Bin(thread.Mul, n, b.I32(4))) }
	c, g := b.Bin(thread.And, lane, b.I32(3)), b.BinU(thread.Div, lane, b.I32(4))
	warp := lo.threadDigit(32, max(1, lo.f.Threads/32), lo.f.Threads)
	mine := b.PtrAdd(base, b.Bin(thread.Add, b.Bin(thread.Mul, warp, b.I32(passes.LimbBytes)), b.Bin(thread.Mul, c, b.I32(passes.LimbBytes/4))))
	row := words(mine, b.Bin(thread.Mul, g, b.I32(digitWords)))
	half := b.Bin(thread.Mul, b.Bin(thread.And, g, b.I32(1)), b.I32(4))
	return [2]node{words(mine, g), words(mine, b.Bin(thread.Xor, g, b.I32(4)))}, [2]node{words(row, half), words(row, b.Bin(thread.Xor, half, b.I32(4)))}
}

// absolute cuts f16 at fixed places: all finite ones are multiples of 2^-24 below 2^16, and exact. Bytes that stand for multiples of
// their value need as many bits more.
func (l *limbs) absolute(x *thread.Var) {
	b := l.b
	shift := 24
	for _, s := range l.steps {
		shift = max(shift, 24-math.Ilogb(s.Scale))
	}
	l.shift, l.pieces = b.I32(shift), 3
	if shift > 25 { // 42 bits are not enough
		l.pieces = 4
	}
	zero := b.Emit(&thread.Node{Op: thread.Const, Type: thread.Type{Elem: thread.F16, Lanes: 2}})
	nan := b.Fma(b.Get(x, b.I32(2), 2), zero, b.Bin(thread.Mul, b.Get(x, b.I32(0), 2), zero))
	sum := b.Bin(thread.Add, b.Conv(b.Extract(nan, 0), thread.F32, false), b.Conv(b.Extract(nan, 1), thread.F32, false))
	l.bad = b.Emit(&thread.Node{Op: thread.AnyLane, Type: thread.Scalar(thread.Bool), Args: []node{b.Cmp("ne", sum, sum, false)}})
}

// relative cuts bf16 from the largest exponent of the warp's 128 elements downwards: 55 bits, of which bytes that stand for multiples
// of their value take up to seven. What is below 2^-47 of the largest element counts as 0. The weights of digits are powers that
// F32 has, so that the largest exponent counts as -72 at least.
func (l *limbs) relative(x *thread.Var) {
	b := l.b
	const field, top = 0x7f80, 180
	most := b.I32(0)
	for i := range 2 {
		w := b.Bitcast(b.Get(x, b.I32(2*i), 2), thread.Scalar(thread.I32))
		for _, e := range []node{b.Bin(thread.And, w, b.I32(field)), b.Bin(thread.And, b.BinU(thread.Shr, w, b.I32(16)), b.I32(field))} {
			most = b.Bin(thread.Max, most, e)
		}
	}
	most = b.Emit(&thread.Node{Op: thread.MaxLane, Type: thread.Scalar(thread.I32), Args: []node{most}})
	l.bad = b.Cmp("eq", most, b.I32(field), false)
	e := b.Bin(thread.Max, b.BinU(thread.Shr, most, b.I32(7)), b.I32(top-126+1))
	l.shift, l.pieces = b.Bin(thread.Sub, b.I32(top), e), 4
}

// power is 2^e as F32.
func (l *limbs) power(e node) node {
	b := l.b
	return b.Bitcast(b.Bin(thread.Shl, b.Bin(thread.Add, e, b.I32(127)), b.I32(23)), thread.Scalar(thread.F32))
}

// places is by how many bits the bytes that meet the lane's elements stand too high.
func (l *limbs) places() node {
	b := l.b
	table, same := 0, true
	for g := range 8 {
		p := -math.Ilogb(l.steps[g].Scale)
		table |= p << (4 * g)
		same = same && p == table&15
	}
	if same {
		return b.I32(table & 15)
	}
	g := b.BinU(thread.Div, l.lane, b.I32(4))
	return b.Bin(thread.And, b.BinU(thread.Shr, b.Int(thread.I32, int64(int32(uint32(table)))), b.Bin(thread.Mul, g, b.I32(4))), b.I32(15))
}

// weight is what digit 2c counts, of which, and of the next one, lane c of a group has the sums; NaN where the row has no digits.
func (l *limbs) weight() node {
	b := l.b
	c := b.Bin(thread.And, l.lane, b.I32(3))
	return b.Select(l.bad, b.Float(thread.F32, math.NaN()), l.power(b.Bin(thread.Sub, b.Bin(thread.Mul, c, b.I32(14)), l.shift)))
}

// cut is the digits of the lane's four elements: a word for each digit.
func (l *limbs) cut(x *thread.Var) []node {
	b := l.b
	num := func(v float64) node { return b.Float(thread.F32, v) }
	word := func(x node) node { return b.Bitcast(x, thread.Scalar(thread.I32)) }
	prmt := func(x, y node, sel int) node {
		return b.Emit(&thread.Node{Op: thread.Prmt, Type: thread.Scalar(thread.I32), Args: []node{x, y, b.I32(sel)}})
	}
	top := b.Bin(thread.Sub, l.shift, l.places())
	var pieces [4][4]node
	for j := range 4 {
		v := b.Conv(b.Get(x, b.I32(j), 1), thread.F32, false)
		for i := range l.pieces {
			pieces[i][j] = b.Fma(v, l.power(b.Bin(thread.Sub, top, b.I32(14*i))), num(magic))
		}
		for i := range l.pieces - 1 {
			pieces[i][j] = b.Fma(b.Bin(thread.Add, pieces[i+1][j], num(-magic)), num(-1<<14), pieces[i][j])
		}
	}
	words := make([]node, digitWords)
	for i := range words {
		words[i] = b.I32(0)
	}
	for i, p := range pieces[:l.pieces] {
		x, y := prmt(word(p[0]), word(p[1]), 0x5410), prmt(word(p[2]), word(p[3]), 0x5410)
		words[2*i] = b.Bin(thread.And, prmt(x, y, 0x6420), b.I32(0x7f7f7f7f))
		words[2*i+1] = prmt(b.Bin(thread.Shl, x, b.I32(1)), b.Bin(thread.Shl, y, b.I32(1)), 0x7531)
	}
	return words
}
