package widen

import (
	"math"

	"github.com/girih-lang/girih/ir/dtype"
)

// Floats of three and four bits as bytes. Their values are few multiples of a power of two, so that a byte holds each multiple, and
// PRMT finds four of eight bytes by four nibbles: all codes of three bits. Of four bits, it takes the codes without a sign and those with
// one in turn, and gives zero for the others, as long as the top bit of all entries is clear: magnitudes of the former, and of the latter, which
// whoever multiplies them takes off. (A sum of both would be one instruction for four weights; the matrix units, which have time, take
// another one for 512. Constants in registers that compilers do not know: PRMT takes one that it could name itself, and they move the
// other there for each use.)

// lookup is the bytes of the codes of a float, of those without a sign where it has four bits: the value of a code is unit times its byte.
type lookup struct {
	bytes []int
	unit  float64
}

// tableOf is nil for types that are not looked up.
func tableOf(t dtype.Type) *lookup {
	if !t.IsFloat() || !t.HasSign() || t.Bits() > 4 || t.HasNaN() || t.HasInf() {
		return nil
	}
	unit := math.Min(1, t.MinPositive())
	l := &lookup{unit: unit}
	for c := range min(8, 1<<t.Bits()) {
		n := t.Float(uint64(c)) / unit
		if n != math.Trunc(n) || math.Abs(n) > 127 {
			return nil
		}
		l.bytes = append(l.bytes, int(n))
	}
	return l
}

// words is the entries as two registers.
func (l *lookup) words(where int) (low, high Arg) {
	var k [2]uint32
	for i, b := range l.bytes {
		k[i/4] |= uint32(byte(b)) << (i % 4 * 8)
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
	out := func(x Arg) { d.prog.Outs = append(d.prog.Outs, Out{x, l.unit, 0}) }
	if !whole {
		a, b := l.words(Bits)
		for i := range 2 {
			out(d.step(Step{Code: Prmt, A: a, B: b, C: half(codes, i)}))
		}
		return
	}
	others := d.step(Step{Code: Lop3, A: codes, B: d.bits(8), C: Arg{From: Bits}, Imm: 0xf0 ^ 0xcc})
	a, b := l.words(Held)
	for i := range 2 {
		out(d.step(Step{Code: Prmt, A: a, B: b, C: half(codes, i)}))
		d.prog.Less = append(d.prog.Less, d.step(Step{Code: Prmt, A: a, B: b, C: half(others, i)}))
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
