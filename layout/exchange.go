package layout

import (
	"fmt"
	"slices"
)

// Exchange is a conversion through shared memory by a buffer that OptimalShared derives from both layouts. Offsets count
// elements and are linear over F_2: thread t writes its local l at the XOR of the images of the bits of t and l.
//
// Locals that both layouts hold in registers, the same digit on both sides, need not be in the buffer at the same time:
// the exchange then goes in rounds, one for each of their values, and the buffer is that much smaller.
type Exchange struct {
	Elements int // of the buffer
	Rounds   int
	Src, Dst ExchangeSide
}

// ExchangeSide is how one layout meets the buffer.
type ExchangeSide struct {
	Thread, Local []int // offsets of the bits of the thread's number and of the local index; 0 for bits of rounds
	Round         []int // bits of the local index that count rounds, the same order on both sides
	Vector        int   // elements of one access
	Access        Access
}

// maxRounds bounds the rounds of an exchange: each costs two barriers.
const maxRounds = 8

// PlanExchange derives the exchange from src to dst for elements of the given bits (8 to 64, a power of two) in a buffer of
// at most maxBytes, if rounds can make it so. Extents must be powers of two; the layouts may be any that hold every element.
func PlanExchange(src, dst Layout, bits, maxBytes int) (*Exchange, error) {
	for _, n := range append(append([]int{src.Threads(), src.Locals(), dst.Threads(), dst.Locals()}, src.Shape()...), dst.Shape()...) {
		if n&(n-1) != 0 {
			return nil, fmt.Errorf("exchange: an extent of %d; it takes powers of two", n)
		}
	}
	if !slices.Equal(src.Shape(), dst.Shape()) || !src.Surjective() || !dst.Surjective() {
		return nil, fmt.Errorf("exchange: %s and %s do not hold all elements of one shape", src, dst)
	}
	d := log2(src.Size())
	st, sl := src.bitImages()
	dt, dl := dst.bitImages()
	x := &Exchange{Rounds: 1}
	// Rounds: the highest registers that both sides share.
	gone := 0 // bits of the element that count rounds
	for i := len(sl) - 1; i >= 0 && x.Rounds < maxRounds && (1<<d)*bits/8/x.Rounds > maxBytes; i-- {
		if j := slices.Index(dl, sl[i]); j >= 0 && alone(sl[i], st, sl, dt, dl) {
			x.Src.Round, x.Dst.Round = append(x.Src.Round, i), append(x.Dst.Round, j)
			gone |= sl[i]
			x.Rounds *= 2
		}
	}
	squeeze := func(vs []int, skip []int) []int { // over the bits that are left
		var out []int
		for k, v := range vs {
			if slices.Contains(skip, k) {
				continue
			}
			n, at := 0, 0
			for b := range d {
				if gone>>b&1 == 0 {
					n |= v >> b & 1 << at
					at++
				}
			}
			out = append(out, n)
		}
		return out
	}
	left := d - len(x.Src.Round)
	s := layoutOfBits(left, squeeze(st, nil), squeeze(sl, x.Src.Round))
	t := layoutOfBits(left, squeeze(dt, nil), squeeze(dl, x.Dst.Round))
	if rankOf(sl) < len(sl) || rankOf(dl) < len(dl) {
		return nil, fmt.Errorf("exchange: a thread of %s or %s holds an element twice", src, dst)
	}
	x.Elements = 1 << left
	side := func(o *ExchangeSide, inv, l Layout, thread, local []int, stores bool) {
		idle := 0 // copies do not store
		if stores {
			for _, d := range l.Repeats() {
				idle |= (d.Radix - 1) * d.Stride
			}
		}
		*o = ExchangeSide{Round: o.Round}
		for _, v := range squeeze(thread, nil) {
			o.Thread = append(o.Thread, inv.Apply(v)[0])
		}
		kept := squeeze(local, o.Round)
		for i := range local {
			if slices.Contains(o.Round, i) {
				o.Local = append(o.Local, 0)
				continue
			}
			o.Local = append(o.Local, inv.Apply(kept[0])[0])
			kept = kept[1:]
		}
		o.choose(bits, x.Rounds, idle)
	}
	// Threads of mixed layouts may move digits of the vector, so that it cannot be used whole. What is built for narrower
	// vectors has no conflicts then, at the latest for single words.
	for limit := 128 / bits; ; limit /= 2 {
		mem, _, err := optimalShared(s, t, bits, limit)
		if err != nil {
			return nil, err
		}
		inv, err := mem.Offset()
		if err != nil {
			return nil, err
		}
		side(&x.Src, inv, src, st, sl, true)
		side(&x.Dst, inv, dst, dt, dl, false)
		if x.Src.Access.Conflicts()+x.Dst.Access.Conflicts() == 0 || limit*bits <= 32 {
			return x, nil
		}
	}
}

// alone reports that an image is one bit of the element which nothing else moves, on neither side.
func alone(x int, lists ...[]int) bool {
	n := 0
	for _, list := range lists {
		for _, y := range list {
			if y&x != 0 {
				n++
				if y != x {
					return false
				}
			}
		}
	}
	return x != 0 && x&(x-1) == 0 && n == 2
}

// bitImages are the row-major elements of the bits of thread and local.
func (a Layout) bitImages() (thread, local []int) {
	shape := a.Shape()
	flat := func(t, l int) int {
		n := 0
		for d, x := range a.At(t, l) {
			n = n*shape[d] + x
		}
		return n
	}
	for i := range log2(a.Threads()) {
		thread = append(thread, flat(1<<i, 0))
	}
	for i := range log2(a.Locals()) {
		local = append(local, flat(0, 1<<i))
	}
	return thread, local
}

// layoutOfBits is the layout of a vector of 1<<d elements with the given images of the bits of thread and local.
func layoutOfBits(d int, thread, local []int) Layout {
	l := newLin([]axis{{ThreadAxis, twos(len(thread))}, {LocalAxis, twos(len(local))}}, []axis{{rad: twos(d)}})
	for i, x := range append(slices.Clone(thread), local...) {
		for k := range d {
			l.col(i)[k] = int32(x >> k & 1)
		}
	}
	return wrap(l)
}

func twos(n int) []int { return slices.Repeat([]int{2}, n) }

// choose takes the width of an access: the fewest wavefronts, then the fewest instructions. Elements of an access lie
// side by side in the same locals for all threads, so threads must not touch the low bits of an offset. Threads with any
// of the idle bits take no part.
func (o *ExchangeSide) choose(bits, rounds, idle int) {
	span := &bitEchelon{}
	locals := 1
	for i, x := range o.Local {
		if !slices.Contains(o.Round, i) {
			span.add(x, 0)
			locals *= 2
		}
	}
	count := func(v int) Access { // of one warp
		a := Access{Vector: v, VectorBits: v * bits}
		at := make([]int, 32)
		seen := map[int]bool{}
		for l := range 1 << len(o.Local) {
			base := combine(o.Local, l) &^ (v - 1)
			if !o.inRound(l, 0) || seen[base] {
				continue
			}
			seen[base] = true
			for t := range at {
				if at[t] = -1; t&idle == 0 {
					at[t] = (combine(o.Thread, t) ^ base) * bits / 8
				}
			}
			n, ideal := Wavefronts(at, v*bits/8)
			a.Accesses, a.Ideal, a.Wavefronts = a.Accesses+1, a.Ideal+ideal, a.Wavefronts+n
		}
		return a
	}
	n := rounds
	for i := 5; i < len(o.Thread); i++ {
		if idle>>i&1 == 0 {
			n *= 2
		}
	}
	for v := 1; v*bits <= 128 && v <= locals; v *= 2 {
		low := v - 1
		for _, x := range o.Thread {
			if x&low != 0 {
				low = -1
			}
		}
		for b := 1; b < v && low >= 0; b *= 2 {
			if _, ok := span.try(b); !ok {
				low = -1
			}
		}
		if low < 0 {
			break
		}
		a := count(v)
		if o.Vector == 0 || a.Wavefronts+a.Accesses <= o.Access.Wavefronts+o.Access.Accesses {
			o.Vector, o.Access = v, a
		}
	}
	o.Access.Accesses *= n
	o.Access.Ideal *= n
	o.Access.Wavefronts *= n
}

// inRound reports that a local index belongs to a round.
func (o *ExchangeSide) inRound(local, round int) bool {
	for k, i := range o.Round {
		if local>>i&1 != round>>k&1 {
			return false
		}
	}
	return true
}

// Groups lists the accesses of a round: the offset of the local part, and the locals in the order of the elements.
func (o *ExchangeSide) Groups(round int) (offsets []int, locals [][]int) {
	at := map[int]int{}
	for l := range 1 << len(o.Local) {
		if !o.inRound(l, round) {
			continue
		}
		x := combine(o.Local, l)
		base := x &^ (o.Vector - 1)
		k, ok := at[base]
		if !ok {
			k = len(offsets)
			at[base] = k
			offsets, locals = append(offsets, base), append(locals, make([]int, o.Vector))
		}
		locals[k][x-base] = l
	}
	return offsets, locals
}
