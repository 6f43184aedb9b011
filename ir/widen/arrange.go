package widen

import "slices"

// integerWords lists arrangements of the whole fields in the columns of a half or byte: where the bits of field after field
// lie, least significant first. The columns between them are left for fields in pieces.
func integerWords(bits, cols int) [][]int {
	whole := cols / bits
	rest := cols - whole*bits
	var out [][]int
	var build func(cols []int, at, spare int)
	build = func(cols []int, at, spare int) {
		if len(cols) == whole*bits {
			out = append(out, slices.Clone(cols))
			return
		}
		for gap := 0; gap <= spare; gap++ {
			build(append(slices.Clone(cols), run(at+gap, bits)...), at+gap+bits, spare-gap)
		}
	}
	build(nil, 0, rest)
	return out
}

// signsBelow moves the sign of every field of a byte below its other bits, into the next byte: the rotation that brings these
// to the bottom of a byte then brings the sign to the top.
func signsBelow(cols []int, bits int) {
	for i := bits - 1; i < len(cols); i += bits {
		cols[i] += 8 - bits
	}
}

// floatWords lists arrangements in which the magnitudes and the signs of the whole fields need few rotations. A
// magnitude at column c stands right after a rotation by c-q, q being its place in the goal; a sign at column s after one
// by s-15. Where both are the same, one instruction takes the element out. Rotations
// are by less than 16, to the left or to the right; to the left they are plain shifts where a column lies below its place.
// The second result is the number of instructions of such a word.
func floatWords(need []int, whole int, left bool) (out [][]int, least int) {
	n := len(need) - 1
	q := need[0]
	sign := need[n]
	type word struct {
		mags  []int
		signs []int
		cost  int
	}
	var best []word
	cost := 1 << 30
	try := func(mags []int) {
		used := 0
		rot := map[int]int{} // rotation -> magnitude
		for i, c := range mags {
			for j := range n {
				used |= 1 << ((c + j) % 16)
			}
			rot[((c-q)%16+16)%16] = i
		}
		w := word{mags: slices.Clone(mags), signs: make([]int, whole)}
		for i := range w.signs {
			w.signs[i] = -1
		}
		shifts, matched := len(rot), 0
		if _, ok := rot[0]; ok {
			shifts--
		}
		var other []int
		for s := range 16 {
			if used>>s&1 != 0 {
				continue
			}
			if i, ok := rot[(s-sign+16)%16]; ok {
				w.signs[i] = s
				matched++
			} else {
				other = append(other, s)
			}
		}
		// The rest of the signs: the unrotated one first, since it costs nothing.
		slices.SortStableFunc(other, func(a, b int) int {
			free := func(s int) int {
				if s == sign%16 {
					return 0
				}
				return 1
			}
			return free(a) - free(b)
		})
		for i := range w.signs {
			if w.signs[i] < 0 {
				w.signs[i] = other[0]
				if other[0] != sign%16 {
					shifts++
				}
				other = other[1:]
			}
		}
		w.cost = 16 * (shifts + 2*whole - matched)
		for _, i := range rot { // shifts to the left are the cheapest rotations
			if left && mags[i] > q {
				w.cost++
			}
		}
		if w.cost < cost {
			best = slices.DeleteFunc(best, func(v word) bool { return v.cost > w.cost })
		}
		if cost = min(cost, w.cost); w.cost == cost && len(best) < 24 {
			best = append(best, w)
		}
	}
	var build func(mags []int, used int)
	build = func(mags []int, used int) {
		if len(mags) == whole {
			try(mags)
			return
		}
		from := 0
		if len(mags) > 0 {
			from = mags[len(mags)-1] + 1
		}
		for c := from; c < 16; c++ {
			m := 0
			for j := range n {
				m |= 1 << ((c + j) % 16)
			}
			if used&m == 0 {
				build(append(slices.Clone(mags), c), used|m)
			}
		}
	}
	build(nil, 0)
	for _, w := range best {
		var cols []int
		for i, c := range w.mags {
			for j := range n {
				cols = append(cols, absolute((c+j)%16, need[j], left))
			}
			cols = append(cols, absolute(w.signs[i], sign, left))
		}
		out = append(out, cols)
	}
	return out, cost / 16
}

// absolute is the bit of a word at which the low element of a pair keeps a bit of column c that must stand at position o:
// the one from which a rotation by less than 16, to the left or to the right, brings it there.
func absolute(c, o int, left bool) int {
	if left {
		return (o - ((o-c)%16+16)%16 + 32) % 32
	}
	return o + ((c-o)%16+16)%16
}
