package layout

import "slices"

// Field is a run of digits of one tensor dimension, for code that computes coordinates under a layout that is no digit
// permutation. The coordinate along the dimension is the sum over its fields of (field value)·Stride. The value of a field
// of radix 2^k is the XOR of what the terms add, that of an odd prime p their sum modulo p.
type Field struct {
	Radix, Stride int
	Thread, Local []Term
}

// Term is what one prime digit of a hardware axis adds to a field: the digit (index / Weight) % Radix, times Image.
type Term struct{ Weight, Radix, Image int }

// Fields lists the fields of a dimension of a register layout, minor first. Digits that nothing enters are left out.
func (a Layout) Fields(dim int) []Field {
	l := a.lin()
	b := base(l.out, dim)
	weights, ri := strides(l.in), radices(l.in)
	nt := len(l.in[0].rad)
	var out []Field
	stride, open := 1, false
	for j, r := range l.out[dim].rad {
		if r != 2 || !open {
			out = append(out, Field{Radix: 1, Stride: stride})
		}
		open = r == 2
		f := &out[len(out)-1]
		for i := range l.ni {
			c := int(l.m[i*l.no+b+j])
			if c == 0 {
				continue
			}
			side := &f.Thread
			if i >= nt {
				side = &f.Local
			}
			k := slices.IndexFunc(*side, func(t Term) bool { return t.Weight == weights[i] })
			if k < 0 {
				k = len(*side)
				*side = append(*side, Term{weights[i], ri[i], 0})
			}
			(*side)[k].Image += c * f.Radix // the place of this digit in the field: radices of a run are all 2, its coefficients 1
		}
		f.Radix *= r
		stride *= r
	}
	return slices.DeleteFunc(out, func(f Field) bool { return len(f.Thread)+len(f.Local) == 0 })
}

// Mixed is the Dim of a digit of a local index that is no digit of one dimension; see LocalDigits.
const Mixed = -2

// LocalDigits cuts the local index into digits, minor first, for any register layout. Under a digit permutation they are those
// of Digits. Under any other layout they are the neighbours along one dimension that the lowest locals hold, in places
// that no other digit enters, so that they make a vector in every thread; and the rest, whose Dim is Mixed.
func (a Layout) LocalDigits() []Digit {
	if _, local, ok := a.Digits(); ok {
		return local
	}
	l := a.lin()
	nt := len(l.in[0].rad)
	run := Digit{Radix: 1, Dim: -1, Stride: 1}
	for i := nt; i < l.ni; i++ {
		o := slices.IndexFunc(l.col(i), func(c int32) bool { return c != 0 })
		if o < 0 || l.owner(o) != i || l.col(i)[o] != 1 || slices.ContainsFunc(l.col(i)[o+1:], func(c int32) bool { return c != 0 }) {
			break
		}
		d, at := locate(l.out, o)
		if run.Radix > 1 && d != run.Dim || product(l.out[d].rad[:at]) != run.Radix || l.in[1].rad[i-nt] != l.out[d].rad[at] {
			break
		}
		run.Dim = d
		run.Radix *= l.out[d].rad[at]
	}
	var out []Digit
	if run.Radix > 1 {
		out = append(out, run)
	}
	if rest := a.Locals() / run.Radix; rest > 1 {
		out = append(out, Digit{Radix: rest, Dim: Mixed})
	}
	return out
}

// Repeats lists the digits of the thread's number, as weight and radix, that reach nothing which the thread's locals and lower
// digits do not reach: where they are 0, every element is held, once by each way the locals hold it. Who stores a tile
// takes these threads only.
func (a Layout) Repeats() []Digit {
	var out []Digit
	if thread, _, ok := a.Digits(); ok {
		w := 1
		for _, d := range thread {
			if d.Dim < 0 && d.Radix > 1 {
				out = append(out, Digit{Radix: d.Radix, Dim: -1, Stride: w})
			}
			w *= d.Radix
		}
		return out
	}
	l := a.lin()
	nt := len(l.in[0].rad)
	e := newEchelon(radices(l.out), 0)
	for i := nt; i < l.ni; i++ {
		e.add(l.col(i), -1)
	}
	w := 1
	for i, r := range l.in[0].rad {
		if ok, _ := e.add(l.col(i), -1); !ok {
			out = append(out, Digit{Radix: r, Dim: -1, Stride: w})
		}
		w *= r
	}
	return out
}

// Repeated reports that a thread does not take part in storing: one of its digits in Repeats is not 0.
func Repeated(repeats []Digit, thread int) bool {
	for _, d := range repeats {
		if thread/d.Stride%d.Radix != 0 {
			return true
		}
	}
	return false
}
