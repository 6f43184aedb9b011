package layout

import (
	"fmt"
	mathbits "math/bits"
	"slices"
)

// Access is the traffic of one load or store of a whole tile between registers and shared memory: 32 banks of 4 bytes, 32
// threads a warp. A warp's access of up to 4 bytes a thread is one wavefront when free of conflicts, of 8 bytes two (half
// warps) and of 16 bytes four (quarter warps); words wanted twice are broadcast.
type Access struct {
	Vector     int // elements per thread and instruction
	VectorBits int // their width
	Accesses   int // instructions, over all warps
	Ideal      int // wavefronts without conflicts
	Wavefronts int // wavefronts as they are
}

// Conflicts is the number of wavefronts lost to bank conflicts.
func (a Access) Conflicts() int { return a.Wavefronts - a.Ideal }

func (a Access) String() string {
	return fmt.Sprintf("%d accesses of %d bits, %d wavefronts, %d of them bank conflicts", a.Accesses, a.VectorBits, a.Wavefronts, a.Conflicts())
}

// BankConflicts counts, by walking every access, what it costs to move the tile between the register layout reg and the
// memory layout mem of elements of the given width. A vector is a power of two of elements, at most 64 and at most 16
// bytes, aligned, all in one thread, in the same locals for all threads. Of the widths that both layouts allow, the one
// with the fewest wavefronts is taken, then the widest: a wider access can conflict where a narrower one does not.
func BankConflicts(reg, mem Layout, bits int) (Access, error) {
	if !reg.IsRegister() {
		return Access{}, fmt.Errorf("bank conflicts: the hardware axes are %v; it takes a register layout and a memory layout", reg.Axes())
	}
	if bits < 1 || bits > 128 {
		return Access{}, fmt.Errorf("bank conflicts: elements of %d bits; it takes 1 to 128", bits)
	}
	if !slices.Equal(reg.Shape(), mem.Shape()) {
		return Access{}, fmt.Errorf("bank conflicts: the shapes are %s and %s", shapeText(reg.Shape()), shapeText(mem.Shape()))
	}
	inv, err := mem.Offset()
	if err != nil {
		return Access{}, fmt.Errorf("bank conflicts: %w", err)
	}
	return countAccess(offsets(reg, inv), reg.Threads(), reg.Locals(), bits), nil
}

// offsets lists the element offset of every thread and local; inv maps an index to its offset.
func offsets(reg, inv Layout) []int {
	nt, nl := reg.Threads(), reg.Locals()
	off := make([]int, 0, nt*nl)
	idx, o := make([]int, 0, reg.Rank()), make([]int, 0, 1)
	for t := range nt {
		for l := range nl {
			idx = reg.AppendAt(idx, t, l)
			o = inv.lin().apply(idx, o)
			off = append(off, o[0])
		}
	}
	return off
}

// countAccess does the walk, given the element offset of every thread and local.
func countAccess(off []int, nt, nl, bits int) Access {
	best := countVector(off, nt, nl, bits, 1)
	for v := 2; v*bits <= 128 && v <= min(nl, 64) && vectorOf(off, nt, nl, v); v *= 2 {
		if a := countVector(off, nt, nl, bits, v); a.Wavefronts <= best.Wavefronts {
			best = a
		}
	}
	return best
}

func countVector(off []int, nt, nl, bits, v int) Access {
	a := Access{Vector: v, VectorBits: v * bits}
	phase := 32
	for w := a.VectorBits; w > 32; w -= w / 2 {
		phase /= 2
	}
	// One access per group of locals; the groups are those of thread 0.
	seen := map[int]bool{}
	for l := range nl {
		g := off[l] / v
		if seen[g] && v > 1 {
			continue
		}
		seen[g] = true
		for w := 0; w < nt; w += 32 {
			a.Accesses++
			for p := w; p < min(w+32, nt); p += phase {
				var banks [32][]int
				worst := 1
				for t := p; t < min(p+phase, nt); t++ {
					from := off[t*nl+l] / v * v * bits
					for word := from / 32; word <= (from+v*bits-1)/32; word++ {
						b := word % 32
						if !slices.Contains(banks[b], word) {
							banks[b] = append(banks[b], word)
							worst = max(worst, len(banks[b]))
						}
					}
				}
				a.Ideal++
				a.Wavefronts += worst
			}
		}
	}
	return a
}

// vectorOf reports whether the locals fall into groups of v, the same for all threads, that are aligned runs of v elements.
func vectorOf(off []int, nt, nl, v int) bool {
	group := map[int][]int{}
	for l := range nl {
		g := off[l] / v
		group[g] = append(group[g], l)
	}
	for _, ls := range group {
		for t := range nt {
			var got uint64
			base := off[t*nl+ls[0]] / v
			for _, l := range ls {
				o := off[t*nl+l]
				if o/v != base {
					return false
				}
				got |= 1 << (o % v)
			}
			if mathbits.OnesCount64(got) != v {
				return false
			}
		}
	}
	return true
}

// Wavefronts counts what an access of up to 32 threads takes: at has the byte of each, negative for those that take no
// part, and each moves the given number of bytes. ideal is what the width takes without conflicts.
func Wavefronts(at []int, bytes int) (n, ideal int) {
	phase := 32
	for w := 4; w < bytes; w *= 2 {
		phase /= 2
	}
	var words [32][32]int // of each bank
	for p := 0; p < len(at); p += phase {
		var held [32]int
		worst := 0
		for _, a := range at[p:min(p+phase, len(at))] {
			if a < 0 {
				continue
			}
			for w := a / 4; w <= (a+bytes-1)/4; w++ {
				b := w % 32
				if n := held[b]; !slices.Contains(words[b][:n], w) {
					words[b][n] = w
					held[b]++
					worst = max(worst, n+1)
				}
			}
		}
		n += worst
		ideal += min(worst, 1)
	}
	return n, ideal
}
