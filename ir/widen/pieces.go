package widen

import (
	"slices"

	"github.com/girih-lang/girih/ir"
)

// placer builds a plan from one arrangement of whole fields.
type placer struct {
	bits, units, n, words int
	l                     lane
	needs                 [][]int
	left                  bool // pieces come from rotations to the left
}

// plan places the units: whole fields word by word, the rest in the columns that whole fields leave.
func (b *placer) plan(cols []int) *ir.Plan {
	whole := len(cols) / b.bits
	var units [][]int
	have := map[reg]bool{}
	for w := range b.words {
		for i := range whole {
			if len(units) == b.units {
				break
			}
			var at []int
			for j, c := range cols[i*b.bits : (i+1)*b.bits] {
				at = append(at, 32*w+c%32)
				if len(b.needs) == 1 {
					have[reg{w, (c - b.needs[0][j] + 32) % 32}] = true
				}
			}
			units = append(units, at)
		}
	}
	// Columns that are free, as a set for each word.
	free := make([]int, b.words)
	for w := range free {
		free[w] = 1<<b.l.cols - 1
		if whole*w < len(units) {
			for i, c := range cols {
				if whole*w+i/b.bits < len(units) {
					free[w] &^= 1 << (c % b.l.cols)
				}
			}
		}
	}
	for len(units) < b.units {
		at := b.pieces(free, have, cols)
		for _, x := range at {
			free[x/32] &^= 1 << (x % b.l.cols)
		}
		units = append(units, at)
	}
	p := &ir.Plan{Bits: b.bits, Fields: make([]ir.Field, b.n)}
	for i := range p.Fields {
		lane := i % b.l.unit()
		at := slices.Clone(units[i/b.l.unit()])
		for j, x := range at {
			at[j] = x/32*32 + (x+lane*b.l.cols)%32
		}
		p.Fields[i] = fieldOf(at)
	}
	return p
}

// pieces finds columns for one more unit among those that are free, so that it draws from few registers, and from such
// as are there or serve whole fields as well.
func (b *placer) pieces(free []int, have map[reg]bool, cols []int) []int {
	var best []int
	var bestNew []reg
	cost := 1 << 30
	for _, need := range b.needs {
		at, fresh, c := b.cover(need, free, have, cols)
		if at != nil && c < cost {
			best, bestNew, cost = at, fresh, c
		}
	}
	for _, r := range bestNew {
		have[r] = true
	}
	return best
}

func (b *placer) cover(need, free []int, have map[reg]bool, cols []int) (at []int, fresh []reg, cost int) {
	at = make([]int, len(need))
	for i := range at {
		at[i] = -1
	}
	left := slices.Clone(free)
	mine := map[reg]bool{}
	for todo := len(need); todo > 0; {
		var pick reg
		pickScore, pickN, pickCost := -1<<30, 0, 0
		for w := range left {
			if left[w] == 0 {
				continue
			}
			for k := range b.l.cols {
				r := reg{w, k}
				if b.left {
					r.by = (32 - k) % 32
				}
				n := 0
				for i, o := range need {
					if at[i] < 0 && left[w]>>((o+r.by)%b.l.cols)&1 != 0 {
						n++
					}
				}
				if n == 0 {
					continue
				}
				c := 1
				if mine[r] {
					c = 0
				} else if r.by != 0 && !have[r] {
					c += b.marginal(r, have, cols)
				}
				// Leave single columns where they are most useful: take as many at once as there are, cheap ones first.
				if s := 8*n - 9*c; s > pickScore {
					pick, pickScore, pickN, pickCost = r, s, n, c
				}
			}
		}
		if pickN == 0 {
			return nil, nil, 0
		}
		for i, o := range need {
			c := (o + pick.by) % b.l.cols
			if at[i] < 0 && left[pick.word]>>c&1 != 0 {
				at[i] = 32*pick.word + (o+pick.by)%32
				left[pick.word] &^= 1 << c
				todo--
			}
		}
		if pick.by != 0 && !have[pick] && !mine[pick] {
			fresh = append(fresh, pick)
		}
		mine[pick] = true
		cost += pickCost
	}
	return at, fresh, cost
}

// marginal is what one more rotation of a word costs: nothing when it serves whole fields of an integer that would have
// needed one anyway.
func (b *placer) marginal(r reg, have map[reg]bool, cols []int) int {
	if len(b.needs) == 1 {
		return 1
	}
	with := []int{0, r.by}
	without := []int{0}
	for h := range have {
		if h.word == r.word {
			with, without = append(with, h.by), append(without, h.by)
		}
	}
	return 1 + b.shifts(cols, with) - b.shifts(cols, without)
}

// shifts is the number of rotations that the whole fields of a word need beside given ones.
func (b *placer) shifts(cols, have []int) int {
	n, covered := 0, -1
	for i := 0; i < len(cols); i += b.bits {
		c := cols[i]
		fits := func(k int) bool { return c >= k && c-k+b.bits <= b.l.man }
		if slices.ContainsFunc(have, fits) || c+b.bits <= covered {
			continue
		}
		n++
		covered = c + b.l.man
	}
	return n
}

// bitsOf lists where the bits of a field lie: 32·word + bit, least significant first.
func bitsOf(f ir.Field) []int {
	var s []int
	for _, p := range f.Pieces {
		for i := range p.Len {
			s = append(s, 32*p.Word+p.Bit+i)
		}
	}
	return s
}

// fieldOf is the inverse of bitsOf.
func fieldOf(bits []int) ir.Field {
	var f ir.Field
	for i, b := range bits {
		if i > 0 && b == bits[i-1]+1 && b%32 != 0 {
			f.Pieces[len(f.Pieces)-1].Len++
			continue
		}
		f.Pieces = append(f.Pieces, ir.Piece{Word: b / 32, Bit: b % 32, Len: 1})
	}
	return f
}
