package widen

import (
	"math"

	"github.com/girih-lang/girih/ir/dtype"
)

// Floats of three and four bits as bytes. Their values are few multiples of a power of two, so that a byte holds each multiple, and
// PRMT finds four of eight bytes by four nibbles: all codes of three bits. Of four bits, it takes the codes without a sign and those with
// one in turn, and gives zero for the others, as long as the top bit of all entries is clear: the two results are added. What is left in
// seven bits has no sign; the least multiple is counted as zero. (An OR would do for the sum. But logic, shifts and PRMT are all of one
// unit, which is what binds, and of additions compilers put half on another one. Constants in registers that compilers do not know: PRMT
// takes one that it could name itself, and they move the other there for each use.)

// lookup is the bytes of the codes of a float: the value of a code is unit times its byte, less low.
type lookup struct {
	bytes []int
	unit  float64
	low   int // of the least multiple; 0 for signed bytes
}

// tableOf is nil for types that are not looked up.
func tableOf(t dtype.Type) *lookup {
	if !t.IsFloat() || !t.HasSign() || t.Bits() > 4 || t.HasNaN() || t.HasInf() {
		return nil
	}
	unit := math.Min(1, t.MinPositive())
	l := &lookup{unit: unit}
	if t.Bits() == 4 {
		l.low = int(t.MaxFloat() / unit)
	}
	for c := range 1 << t.Bits() {
		n := t.Float(uint64(c)) / unit
		if t.Bits() == 4 && 2*l.low > 127 || n != math.Trunc(n) || math.Abs(n) > 127 {
			return nil
		}
		l.bytes = append(l.bytes, int(n)+l.low)
	}
	return l
}

// words is eight entries as two registers.
func (l *lookup) words(from, where int) (low, high Arg) {
	var k [2]uint32
	for i := range 8 {
		k[i/4] |= uint32(byte(l.bytes[from+i])) << (i % 4 * 8)
	}
	return Arg{From: where, K: k[0]}, Arg{From: where, K: k[1]}
}

// lookUp widens eight elements to two registers of bytes.
func (d *deriver) lookUp(bits, need []int) {
	l := tableOf(d.t)
	whole := len(bits) == d.l.cols // nothing beside it to clear
	var codes Arg
	if rs := regsOf(bits, need); len(rs) == 1 && whole {
		codes = d.rotation(rs[0])
	} else {
		codes = d.gather(bits, need, 0)
	}
	half := func(x Arg, i int) Arg {
		if i == 0 {
			return x
		}
		return d.step(Step{Code: Shr, A: x, Imm: 16})
	}
	out := func(x Arg) {
		d.prog.Outs = append(d.prog.Outs, Out{x, l.unit, -float64(l.low) * l.unit})
	}
	if !whole {
		a, b := l.words(0, Bits)
		for i := range 2 {
			out(d.step(Step{Code: Prmt, A: a, B: b, C: half(codes, i)}))
		}
		return
	}
	others := d.step(Step{Code: Lop3, A: codes, B: d.bits(8), C: Arg{From: Bits}, Imm: 0xf0 ^ 0xcc})
	a, b := l.words(0, Held)
	e, f := l.words(8, Held)
	for i := range 2 {
		x := d.step(Step{Code: Prmt, A: a, B: b, C: half(codes, i)})
		y := d.step(Step{Code: Prmt, A: e, B: f, C: half(others, i)})
		out(d.step(Step{Code: Add, A: x, B: y}))
	}
}

// InBytes is the goal of elements that are multiplied as bytes, and whether there is one that loses nothing: all integers of up to
// 8 bits have one, and floats that are looked up.
func InBytes(t dtype.Type) (Goal, bool) {
	g := Goal{To: dtype.I8, Scaled: true}
	switch {
	case t.IsInt() && t.Bits() <= 8:
		if !t.IsSigned() {
			g.To = dtype.U8
		}
		return g, true
	case t.IsFloat():
		return g, tableOf(t) != nil
	}
	return Goal{}, false
}

// Unit is the number of which all values of a float that is looked up are multiples.
func Unit(t dtype.Type) float64 { return tableOf(t).unit }
