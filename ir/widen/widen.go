// Package widen derives how packed elements of 1 to 8 bits become wider numbers: where their bits should lie in 32-bit
// words ([Place]), and, from where they lie, the instructions that widen them ([Derive]).
//
// The model. Elements come in units, as many as a register holds: pairs of 16-bit floats, or four bytes. The fields of a unit
// lie at the same bits of the halves or bytes of a word (or of several words), so that one mask takes all out. What a target
// type needs is a list of positions: the bits of an integer go under the exponent whose last place counts as one (or to the
// bottom of a byte), the magnitude of a small float goes to the top of the wider mantissa, its sign to bit 15. A register in
// which some bits stand right is a word or a rotation of one; a rotation serves every unit that finds its bits in it. A unit
// then costs one LOP3 for each register it draws from (and a signed byte one PRMT), and what is left is a constant offset
// (integers under an exponent) or a constant factor (floats), which the caller may leave to whatever comes later. Nothing
// here depends on a particular width or format; only bytes, which PRMT and the conversions of f8 formats take whole, and NaNs
// have steps of their own.
//
// The boundary: the package knows numbers and bits. It knows nothing of tiles, layouts or the text of any target; a
// [Program] is data, which codegen turns into thread IR and the tests run on plain integers.
package widen

import (
	"slices"

	"github.com/girih-lang/girih/ir/dtype"
)

// Goal is what elements are widened to.
type Goal struct {
	To  dtype.Type // F16, BF16, F32, or I8 and U8 (of integers: casts between integers wrap; and Scaled)
	FP8 bool       // the target converts pairs of f8e4m3fn and f8e5m2 to f16 itself (PTX: sm_90)

	// Scaled lets a byte stand for a multiple of its element, plus a constant: for a product whose other factor makes up for it.
	// Integers of 1, 2 and 4 bits stand anywhere in their bytes then, which takes no more than a mask, and floats of up to 4 bits are
	// looked up.
	Scaled bool
}

// Code is the operation of a step.
type Code uint8

const (
	Shr    Code = iota // A >> Imm
	Shl                // A << Imm
	Rot                // A rotated right by Imm
	Lop3               // the bitwise function Imm of A, B, C (truth table: A = 0xF0, B = 0xCC, C = 0xAA)
	Prmt               // four bytes of A (0-3) and B (4-7) by the low four nibbles of C; bit 3 of a nibble: the byte's top bit, eight times
	Add                // A + B, integers
	FAdd               // A + B, floats of the goal
	FMul               // A · B
	Fma                // A · B + C
	FMin               // the smaller of A and B, floats of the goal; the other operand of a NaN
	Equal              // all ones in the lanes where A and B are equal as floats of the goal, zeros elsewhere
	FP8                // the pair of f8 in half Imm of A as a pair of f16; Kind "e4m3" or "e5m2"
	Repair             // the pair of floats A in the other 16-bit type: Kind "f16" or "bf16" names that of the result
	ToF32              // lane Imm of the pair A, of the 16-bit type Kind, as f32
)

// From where an operand comes.
const (
	Word  = iota // word N of the thread's words
	Value        // result of step N
	Bits         // the constant K
	Held         // the constant K, which is worth a register of its own
	Splat        // the float constant F in every lane
)

// Arg is an operand.
type Arg struct {
	From int
	N    int
	K    uint32
	F    float64
}

// Step is one instruction on registers of 32 bits.
type Step struct {
	Code    Code
	A, B, C Arg
	Imm     uint32
	Kind    string
}

// Out is a register with a result: a pair of elements (four when the goal has 8 bits, one when it has 32). A unit has one, or two where it
// is looked up. The value of an
// element is Scale·x + Offset; both are trivial (1 and 0) unless the program was derived deferred.
type Out struct {
	X             Arg
	Scale, Offset float64
}

// Program widens all fields of a plan.
type Program struct {
	Steps []Step
	Outs  []Out // for the units in order
	Less  []Arg // where it is not nil, what is to be taken off the X of each of them first: signed bytes
}

// Ops counts instructions of the arithmetic units.
func (p *Program) Ops() int {
	n := 0
	for _, s := range p.Steps {
		n++
		if s.Code == Repair {
			n += 2 // two conversions to f32, one back
		}
	}
	return n
}

// Order lists the outs so that each comes as soon as the words that it draws from have been used: words and their rotations
// then live briefly.
func (p *Program) Order() []int {
	last := make([]int, len(p.Steps)) // the highest word behind a step
	of := func(a Arg) int {
		switch a.From {
		case Word:
			return a.N
		case Value:
			return last[a.N]
		}
		return 0
	}
	for i, s := range p.Steps {
		last[i] = max(of(s.A), of(s.B), of(s.C))
	}
	order := make([]int, len(p.Outs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return of(p.Outs[i].X) - of(p.Outs[j].X) })
	return order
}

// Through is the 16-bit type that arithmetic is in when the program ends with a conversion; Invalid when it does not.
func (p *Program) Through() dtype.Type {
	for _, s := range p.Steps {
		switch {
		case s.Code == ToF32 && s.Kind == "bf16", s.Code == Repair && s.Kind == "f16":
			return dtype.BF16
		case s.Code == ToF32, s.Code == Repair:
			return dtype.F16
		}
	}
	return dtype.Invalid
}

// lane describes the elements of a goal, or of what is looked up for it: the columns that a unit's bits may lie in, and the fields of the
// float. All bits of an integer count as its mantissa.
type lane struct {
	cols, man, bias, exps int
}

func laneOf(from dtype.Type, g Goal) (lane, bool) {
	if kindOf(from, g) == table {
		return lane{cols: 4, man: 4}, true
	}
	return wider(g.To)
}

// wider is the lane of an element of a goal.
func wider(t dtype.Type) (lane, bool) {
	switch t {
	case dtype.F16:
		return lane{16, 10, 15, 5}, true
	case dtype.BF16:
		return lane{16, 7, 127, 8}, true
	case dtype.F32:
		return lane{32, 23, 127, 8}, true
	case dtype.I8, dtype.U8:
		return lane{cols: 8, man: 8}, true
	}
	return lane{}, false
}

// unit is the number of elements in a register.
func (l lane) unit() int { return 32 / l.cols }

// splat repeats the bits of a lane in all lanes of a word.
func (l lane) splat(x uint32) uint32 {
	switch l.cols {
	case 4:
		return x * 0x11111111
	case 8:
		return x * 0x1010101
	case 16:
		return x * 0x10001
	}
	return x
}

// kind is how a type is widened.
type kind uint8

const (
	none    kind = iota // no sequence is known: element by element
	integer             // under an exponent: an offset remains
	plain               // to the bottom of a wider integer
	float               // sign and magnitude moved: a factor remains
	bytes               // PRMT puts a byte under an exponent
	top                 // PRMT: the bytes are the top halves of the goal
	native              // the target's own conversion
	split               // bytes to bf16, whose mantissa has seven bits: the top bit apart
	scaled              // where it lies in its byte: a factor remains, and an offset
	table               // PRMT looks four nibbles up: a factor remains, and an offset
	via                 // through another goal: see Goal.through
)

// through is the 16-bit type by whose way a type is widened to a goal that it has no sequence of its own for: floats to f32
// always, and f8 formats that are the top half of f16, or that the target converts, to bf16; formats whose exponents f16 has
// not, to f16 (where they round).
func (g Goal) through(t dtype.Type) (Goal, bool) {
	if !t.IsFloat() || !t.HasSign() || t.Bits() > 8 {
		return Goal{}, false
	}
	h, b := Goal{To: dtype.F16, FP8: g.FP8}, Goal{To: dtype.BF16, FP8: g.FP8}
	switch k := kindOf(t, h); {
	case g.To == dtype.F32 && k != none && k != via && (k != float || t.ExpBits() < 5):
		return h, true
	case g.To == dtype.F32:
		return b, true
	case g.To == dtype.BF16 && (k == top || k == native):
		return h, true
	case g.To == dtype.F16:
		return b, true
	}
	return Goal{}, false
}

func kindOf(t dtype.Type, g Goal) kind {
	l, ok := wider(g.To)
	n := t.Bits()
	if !ok || n > 8 {
		return none
	}
	if g.Scaled && g.To == dtype.I8 && tableOf(t) != nil {
		return table
	}
	if t.IsInt() {
		switch {
		case l.cols == 8 && g.Scaled && n < 8 && 8%n == 0:
			return scaled
		case l.cols == 8:
			return plain
		case n == 8 && l.man == 7:
			return split
		case n == 8 && l.cols == 16:
			return bytes
		}
		return integer
	}
	if !t.IsFloat() || !t.HasSign() || l.cols == 8 {
		return none
	}
	if l.man == 10 {
		switch {
		case t == dtype.F8E5M2:
			return top
		case t == dtype.F8E4M3FN && g.FP8:
			return native
		case t.ExpBits() > l.exps, t.ExpBits() == l.exps && (t.Bias() != l.bias || t.HasNaN() || t.ManBits() > 1):
			return via // the largest exponent means something else in f16
		}
		return float
	}
	if _, ok := g.through(t); ok {
		return via
	}
	return float
}

// need lists the positions that the bits of an element may have in its lane, one list for each choice. Bit i of the
// element stands at position need[i]. The exponent of a float has one place. With a single exponent bit a float is a whole
// number and a sign, and may stand anywhere in the mantissa, as a subnormal number; all elements alike, so that there is
// one factor. (In bf16 that would be too small a number for sums in f32.) A wider integer has one place for each bit,
// and so has what is looked up.
func need(t dtype.Type, l lane) [][]int {
	n := t.Bits()
	if l.cols == 4 {
		return [][]int{run(0, n)}
	}
	if l.cols == 8 {
		if t.IsSigned() { // the sign where PRMT spreads it from
			return [][]int{append(run(0, n-1), 7)}
		}
		return [][]int{run(0, n)}
	}
	if t.IsInt() {
		var all [][]int
		for p := 0; p+n <= l.man; p++ {
			all = append(all, run(p, n))
		}
		return all
	}
	all := [][]int{append(run(l.man-t.ManBits(), n-1), l.cols-1)}
	if l.man == 10 && t.ExpBits() == 1 {
		for p := range l.man - t.ManBits() {
			all = append(all, append(run(p, n-1), l.cols-1))
		}
	}
	return all
}

func run(from, n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = from + i
	}
	return s
}
