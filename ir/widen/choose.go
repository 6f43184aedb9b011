package widen

import "slices"

// choose picks positions for every unit so that few rotations serve all of them. Units that draw from several words
// choose first, those positions whose rotations serve most others; units of one word then take rotations that are there,
// or the one that serves most of their word.
func choose(units, needs [][]int, regs func(bits, need []int) []reg) [][]int {
	out := make([][]int, len(units))
	have := map[reg]bool{}
	fresh := func(rs []reg) (n int) {
		for _, r := range rs {
			if r.by != 0 && !have[r] {
				n++
			}
		}
		return n
	}
	take := func(i int, need []int) {
		out[i] = need
		for _, r := range regs(units[i], need) {
			have[r] = true
		}
	}
	byWord := map[int][]int{}
	var mixed []int
	for i, bits := range units {
		w := bits[0] / 32
		if slices.ContainsFunc(bits, func(b int) bool { return b/32 != w }) {
			mixed = append(mixed, i)
		} else {
			byWord[w] = append(byWord[w], i)
		}
	}
	// served counts the units of the words of some rotations that need nothing more than these.
	served := func(rs []reg) (n int) {
		for _, r := range rs {
			if r.by == 0 || have[r] {
				continue
			}
			for _, j := range byWord[r.word] {
				if out[j] != nil {
					continue
				}
				for _, need := range needs {
					if t := regs(units[j], need); len(t) == 1 && t[0] == r {
						n++
						break
					}
				}
			}
		}
		return n
	}
	for _, i := range mixed {
		best, score := needs[0], -1<<30
		for _, need := range needs {
			rs := regs(units[i], need)
			if s := served(rs) - 2*fresh(rs) - len(rs); s > score {
				best, score = need, s
			}
		}
		take(i, best)
	}
	var words []int
	for w := range byWord {
		words = append(words, w)
	}
	slices.Sort(words)
	for _, w := range words {
		for left := byWord[w]; len(left) > 0; {
			var rest []int
			for _, i := range left { // what costs nothing new
				var best []int
				for _, need := range needs {
					if rs := regs(units[i], need); fresh(rs) == 0 && (best == nil || len(rs) < len(regs(units[i], best))) {
						best = need
					}
				}
				if best != nil && (len(regs(units[i], best)) == 1 || len(needs) == 1) {
					take(i, best)
				} else {
					rest = append(rest, i)
				}
			}
			if left = rest; len(left) == 0 {
				break
			}
			at, best, score := 0, []int(nil), -1<<30
			for j, i := range left {
				for _, need := range needs {
					rs := regs(units[i], need)
					if s := served(rs) - 8*fresh(rs) - len(rs); s > score {
						at, best, score = j, need, s
					}
				}
			}
			take(left[at], best)
			left = slices.Delete(left, at, at+1)
		}
	}
	return out
}
