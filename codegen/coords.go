package codegen

import (
	"fmt"
	"math/bits"
	"strconv"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/layout"
)

// coord is the part of a logical coordinate along dim that the thread's number contributes, under a digit permutation.
func (lo *lowerer) coord(l *layout.Layout, dim int) node {
	digits, _, _ := l.Digits()
	key := fmt.Sprint(dim, digits)
	return lo.once(key, func() node {
		sum, weight := lo.b.I32(0), 1
		for _, d := range digits {
			if d.Dim == dim {
				sum = lo.b.Bin(thread.Add, sum, lo.b.Bin(thread.Mul, lo.threadDigit(weight, d.Radix, l.Threads()), lo.b.I32(d.Stride)))
			}
			weight *= d.Radix
		}
		return sum
	})
}

// threadDigit is (tid / weight) % radix.
func (lo *lowerer) threadDigit(weight, radix, threads int) node {
	t := lo.once("tid", func() node { return lo.b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)}) })
	t = lo.b.BinU(thread.Div, t, lo.b.I32(weight))
	if weight*radix < threads || lo.f.Threads > threads {
		t = lo.b.BinU(thread.Rem, t, lo.b.I32(radix))
	}
	return t
}

// mixedPosition is the logical coordinate along dim of a local index, given as a number, under any layout: field by field,
// what the thread and the local index add, by XOR or modulo an odd prime.
func (lo *lowerer) mixedPosition(l *layout.Layout, dim int, local node) node {
	b := lo.b
	sum := b.I32(0)
	for i, f := range l.Fields(dim) {
		key := fmt.Sprint("field ", dim, " ", i, " ", l)
		x := lo.once(key, func() node {
			return lo.part(lo.threadDigit(1, lo.f.Threads, lo.f.Threads), f.Radix, f.Thread)
		})
		y := lo.part(local, f.Radix, f.Local)
		if f.Radix%2 == 0 {
			x = b.Bin(thread.Xor, x, y)
		} else if x = b.Bin(thread.Add, x, y); len(f.Thread)+len(f.Local) > 1 || f.Local == nil && f.Thread[0].Image > 1 || f.Thread == nil && f.Local[0].Image > 1 {
			x = b.BinU(thread.Rem, x, b.I32(f.Radix))
		}
		sum = b.Bin(thread.Add, sum, b.Bin(thread.Mul, x, b.I32(f.Stride)))
	}
	return sum
}

// part is what the terms of one axis add to a field, x being the point on the axis.
func (lo *lowerer) part(x node, radix int, terms []layout.Term) node {
	b := lo.b
	if radix%2 == 0 {
		var col []int
		plain := true
		for _, t := range terms {
			i := bits.TrailingZeros(uint(t.Weight))
			if plain = plain && t.Weight == 1<<i; !plain {
				break
			}
			for len(col) <= i {
				col = append(col, 0)
			}
			col[i] = t.Image
		}
		if plain {
			return lo.linearOf(x, col)
		}
	}
	sum := b.I32(0)
	for _, t := range terms {
		d := b.BinU(thread.Rem, b.BinU(thread.Div, x, b.I32(t.Weight)), b.I32(t.Radix))
		if d = b.Bin(thread.Mul, d, b.I32(t.Image)); radix%2 == 0 {
			sum = b.Bin(thread.Xor, sum, d)
		} else {
			sum = b.Bin(thread.Add, sum, d)
		}
	}
	return sum
}

// linear is the map over F_2 of the thread's number that sends bit i to col[i], computed once.
func (lo *lowerer) linear(col []int) node {
	key := "linear"
	for _, c := range col {
		key += " " + strconv.Itoa(c)
	}
	return lo.once(key, func() node { return lo.linearOf(lo.threadDigit(1, lo.f.Threads, lo.f.Threads), col) })
}

// linearOf is the map over F_2 of x that sends bit i to col[i], as shifts and masks.
func (lo *lowerer) linearOf(x node, col []int) node {
	b := lo.b
	masks := map[int]int{} // shift to the left -> bits of x
	low, high := 0, 0
	for i, c := range col {
		for ; c != 0; c &= c - 1 {
			s := bits.TrailingZeros(uint(c)) - i
			masks[s] ^= 1 << i
			low, high = min(low, s), max(high, s)
		}
	}
	sum := b.I32(0)
	for s := low; s <= high; s++ {
		if masks[s] == 0 {
			continue
		}
		y := b.Bin(thread.And, x, b.I32(masks[s]))
		if s >= 0 {
			y = b.Bin(thread.Shl, y, b.I32(s))
		} else {
			y = b.BinU(thread.Shr, y, b.I32(-s))
		}
		sum = b.Bin(thread.Xor, sum, y)
	}
	return sum
}

// parity is the predicate that the thread's number has an odd number of bits in common with mask.
func (lo *lowerer) parity(mask int) node {
	return lo.once(fmt.Sprint("parity", mask), func() node {
		b := lo.b
		if mask&(mask-1) == 0 {
			return b.Cmp("ne", b.Bin(thread.And, lo.threadDigit(1, lo.f.Threads, lo.f.Threads), b.I32(mask)), b.I32(0), false)
		}
		col := make([]int, bits.Len(uint(mask)))
		for i := range col {
			col[i] = mask >> i & 1
		}
		return b.Cmp("ne", lo.linear(col), b.I32(0), false)
	})
}

// first is the predicate that the thread is the first of those that hold the same elements, or nil when all differ.
func (lo *lowerer) first(l *layout.Layout) node {
	var p node
	for _, d := range l.Repeats() {
		p = lo.b.And2(p, lo.zeroDigit(l, d))
	}
	return p
}

func (lo *lowerer) zeroDigit(l *layout.Layout, d layout.Digit) node {
	return lo.once(fmt.Sprint("first", d.Stride, d.Radix), func() node {
		return lo.b.Cmp("eq", lo.threadDigit(d.Stride, d.Radix, l.Threads()), lo.b.I32(0), false)
	})
}

// warpCopy counts the warps that hold the same elements in the same locals, and numbers this one among them.
func (lo *lowerer) warpCopy(l *layout.Layout) (n int, mine node) {
	n, mine = 1, lo.b.I32(0)
	if !l.IsPermutation() {
		return n, mine
	}
	for _, d := range l.Repeats() {
		if d.Stride%32 == 0 {
			mine = lo.b.Bin(thread.Add, mine, lo.b.Bin(thread.Mul, lo.threadDigit(d.Stride, d.Radix, l.Threads()), lo.b.I32(n)))
			n *= d.Radix
		}
	}
	return n, mine
}

// firstLane is the predicate that the lane is the first of those of its warp that hold the same elements, or nil.
func (lo *lowerer) firstLane(l *layout.Layout) node {
	var p node
	for _, d := range l.Repeats() {
		if d.Stride%32 != 0 {
			p = lo.b.And2(p, lo.zeroDigit(l, d))
		}
	}
	return p
}
