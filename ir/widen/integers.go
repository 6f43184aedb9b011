package widen

import "math"

// integer puts the field under the exponent at which its lowest bit counts as one: 2^e + x. The top bit of a signed field
// is inverted on the way, which adds half its range.
func (d *deriver) integer(bits, need []int) Out {
	p := need[0]
	e := d.l.man - p
	flip := uint32(d.l.bias+e) << d.l.man
	sub := math.Ldexp(1, e)
	if d.t.IsSigned() {
		flip |= 1 << need[len(need)-1]
		sub += math.Ldexp(1, len(need)-1)
	}
	return d.minus(d.gather(bits, need, flip), sub)
}

// plain puts the field at the bottom of its lane, under zeros or, for signed elements, under copies of the sign.
func (d *deriver) plain(bits, need []int) Arg {
	if !d.t.IsSigned() {
		if rs := regsOf(bits, need); len(rs) == 1 && len(bits) == d.l.cols {
			return d.rotation(rs[0])
		}
		return d.gather(bits, need, 0)
	}
	n := len(bits) - 1
	sign := regsOf(bits[n:], need[n:])[0]
	if rs := regsOf(bits, need); len(rs) == 1 && len(bits) == d.l.cols {
		return d.rotation(sign)
	}
	x := d.step(Step{Code: Prmt, A: d.rotation(sign), B: Arg{From: Bits}, C: Arg{From: Bits, K: 0xba98}})
	for _, r := range regsOf(bits[:n], need[:n]) {
		x = d.step(Step{Code: Lop3, A: d.rotation(r), B: d.bits(maskOf(r, bits[:n], need[:n])), C: x, Imm: 0xf0&0xcc | 0x33&0xaa})
	}
	return x
}

// scaled leaves the field where it is, and turns the top bit of a signed one, which adds half its range.
func (d *deriver) scaled(bits, need []int) Out {
	n, flip, sub := len(need), uint32(0), 0.0
	if d.t.IsSigned() {
		flip, sub = 1<<need[n-1], math.Ldexp(1, n-1)
	}
	return Out{d.gather(bits, need, flip), math.Ldexp(1, -need[0]), -sub}
}

func (d *deriver) minus(x Arg, sub float64) Out {
	if d.deferred {
		return Out{x, 1, -sub}
	}
	return Out{d.step(Step{Code: FAdd, A: x, B: d.num(-sub)}), 1, 0}
}

// split widens bytes to bf16, whose mantissa holds seven bits: the low seven count from 128, and the top bit gives what
// is missing, 128 less or none for unsigned (as a bit of the exponent of a power of two, times the right one), 128 or 256
// less for signed elements (the last bit of the exponent).
func (d *deriver) split() bool {
	low := run(0, 7)
	var tops [][]int
	if d.t.IsSigned() {
		tops = [][]int{{7}}
	} else {
		for o := 10; o <= 14; o++ {
			tops = append(tops, []int{o})
		}
	}
	lows, highs := make([][]int, len(d.bitsOf)), make([][]int, len(d.bitsOf))
	var units [][]int
	for i, bits := range d.bitsOf {
		lows[i], highs[i] = bits[:7], bits[7:]
		units = append(units, lows[i])
	}
	base := choose(units, [][]int{low}, regsOf)
	taken := map[reg]bool{}
	for i := range lows {
		for _, r := range regsOf(lows[i], base[i]) {
			taken[r] = true
		}
	}
	d.rotated = map[reg]uint64{}
	at := make([][]int, len(highs))
	for i, bits := range highs {
		at[i] = tops[len(tops)-1]
		for _, o := range tops {
			r := regsOf(bits, o)[0]
			if taken[r] || r.by == 0 {
				at[i] = o
			}
		}
		taken[regsOf(bits, at[i])[0]] = true
		mark(d.rotated, bits, at[i], d.l)
		mark(d.rotated, lows[i], low, d.l)
	}
	for i := range lows {
		a := d.gather(lows[i], low, 0x4300) // 128 + x
		o := at[i][0]
		if d.t.IsSigned() {
			x := d.gather(highs[i], at[i], 0xc300) // -128 or -256
			d.prog.Outs = append(d.prog.Outs, Out{d.step(Step{Code: FAdd, A: a, B: x}), 1, 0})
			continue
		}
		x := d.gather(highs[i], at[i], 1<<o) // a power of two where the top bit is clear
		y := -math.Ldexp(1, 7+127-1<<(o-7))
		d.prog.Outs = append(d.prog.Outs, Out{d.step(Step{Code: Fma, A: x, B: d.num(y), C: a}), 1, 0})
	}
	return true
}

// bytes widens elements of eight bits that lie in bytes, in any order.
func (d *deriver) bytes(k kind) bool {
	for i := 0; i < len(d.plan.Fields); i += 2 {
		lo, hi := d.plan.Fields[i], d.plan.Fields[i+1]
		if len(lo.Pieces) != 1 || len(hi.Pieces) != 1 || lo.Pieces[0].Bit%8 != 0 || hi.Pieces[0].Bit%8 != 0 || lo.Pieces[0].Word != hi.Pieces[0].Word {
			return false
		}
		w := Arg{From: Word, N: lo.Pieces[0].Word}
		a, b := uint32(lo.Pieces[0].Bit/8), uint32(hi.Pieces[0].Bit/8)
		switch k {
		case bytes:
			// 0x64 above a byte is 1024 + x. Signed elements want their top bit inverted, four at a time. (Storing it
			// inverted would make what is read beyond the edge of a tensor, zeros, another number.)
			sub := 1024.0
			if d.t.IsSigned() {
				sub += 128
				w = d.step(Step{Code: Lop3, A: w, B: d.bits(0x8080), C: d.bits(0), Imm: 0xf0 ^ 0xcc})
			}
			x := d.step(Step{Code: Prmt, A: w, B: d.bits(0x6464), C: Arg{From: Bits, K: a | 4<<4 | b<<8 | 4<<12}})
			d.prog.Outs = append(d.prog.Outs, d.minus(x, sub))
		case top:
			x := d.step(Step{Code: Prmt, A: w, B: d.bits(0), C: Arg{From: Bits, K: 4 | a<<4 | 4<<8 | b<<12}})
			d.prog.Outs = append(d.prog.Outs, Out{x, 1, 0})
		default:
			if a%2 != 0 || b != a+1 {
				return false
			}
			x := d.step(Step{Code: FP8, A: w, Imm: a / 2, Kind: "e4m3"})
			d.prog.Outs = append(d.prog.Outs, Out{x, 1, 0})
		}
	}
	return true
}
