package compile

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// exhaustive is the largest number of choices that are all looked at; larger spaces are searched one value at a time.
const exhaustive = 24

// near is how much worse a choice is taken to be for each value that is not the preferred one (search.prefer): what the model
// cannot tell apart stays as it was declared.
const near = 0.02

// score is what choices are compared by: the estimate, and a little for each value that is not preferred.
func (s *search) score(e Estimate, v map[string]int64) float64 {
	t := e.Time
	for name, n := range v {
		if n != s.lead[name] {
			t *= 1 + near
		}
	}
	return t
}

// best searches the space.
func (s *search) best(c *model, m Machine, dims map[string]int64) Choice {
	large := map[string]int64{} // what stands for the class of these extents
	for name, n := range dims {
		large[name] = n
		if n > 64 {
			large[name] = classOf(n)
		}
	}
	s.findFree()
	s.prefer(dims)
	score := func(v map[string]int64) float64 { return s.score(s.costs(c, m, large, v), v) }
	space := s.choice(s.first(), "model").Of
	var win map[string]int64
	if space <= exhaustive {
		win = s.all(score)
	} else {
		ahead := func(v map[string]int64, name string) { s.ahead(m, large, v, name) }
		win = s.descend(s.first(), score, ahead)
		for _, start := range append(s.sampled(m, large, score), s.last()) {
			if other := s.descend(start, score, ahead); score(other) < score(win) {
				win = other
			}
		}
	}
	r := s.choice(win, "model")
	r.Tried, r.Counted = len(s.seen), len(s.works)
	t := s.costs(c, m, large, win).Time
	if math.IsInf(t, 1) {
		r = s.choice(s.first(), "declared")
		r.Note = fmt.Sprintf("no choice of tune values fits %s", m.Target)
		return r
	}
	r.Time = time.Duration(t)
	return r
}

// samples is the number of choices of which the best ones are further starting points.
const samples, starts = 240, 8

// sampled is the best of choices that are spread over the space, the same in every run: values that only fit together are not
// found one at a time.
func (s *search) sampled(m Machine, dims map[string]int64, score func(map[string]int64) float64) []map[string]int64 {
	r := rand.New(rand.NewPCG(20, 26))
	var vs []map[string]int64
	var wg sync.WaitGroup
	for range samples {
		v := s.first()
		for _, n := range s.open {
			v[n] = s.values[n][r.IntN(len(s.values[n]))]
		}
		vs = append(vs, v)
		wg.Go(func() { s.work(m, dims, v) })
	}
	wg.Wait()
	slices.SortStableFunc(vs, func(a, b map[string]int64) int { return cmp.Compare(score(a), score(b)) })
	return vs[:starts]
}

// last has the last candidate of every value: the other end of what the author thought of.
func (s *search) last() map[string]int64 {
	v := s.first()
	for _, n := range s.open {
		v[n] = s.values[n][len(s.values[n])-1]
	}
	return v
}

// all looks at every choice.
func (s *search) all(score func(map[string]int64) float64) map[string]int64 {
	win, best := s.first(), math.Inf(1)
	s.each(exhaustive, func(v map[string]int64) {
		if t := score(v); t < best {
			win, best = maps.Clone(v), t
		}
	})
	return win
}

// ahead counts the work of all choices that differ in one value, on all processors.
func (s *search) ahead(m Machine, dims, v map[string]int64, name string) {
	if name == s.free {
		return
	}
	var wg sync.WaitGroup
	for _, n := range s.values[name] {
		w := maps.Clone(v)
		w[name] = n
		wg.Go(func() { s.work(m, dims, w) })
	}
	wg.Wait()
}

// descend changes the one value that helps most until none helps.
func (s *search) descend(v map[string]int64, score func(map[string]int64) float64, ahead func(map[string]int64, string)) map[string]int64 {
	best := score(v)
	for range 12 {
		name, to := "", int64(0)
		for _, n := range s.open {
			ahead(v, n)
			was := v[n]
			for _, x := range s.values[n] {
				v[n] = x
				if t := score(v); t < best {
					best, name, to = t, n, x
				}
			}
			v[n] = was
		}
		if name == "" {
			break
		}
		v[name] = to
	}
	return v
}
