package passes

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The exact choice is as cheap as the best of all, on any graph of classes; the step by step one is no worse than the first
// candidates.
func TestChoiceIsTheCheapest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &solver{}
		n := rapid.IntRange(1, 6).Draw(rt, "classes")
		all := 1
		for id := range n {
			c := &class{id: id, labels: make([]label, rapid.IntRange(1, 4).Draw(rt, "labels"))}
			all *= len(c.labels)
			s.classes = append(s.classes, c)
		}
		var fs []factor
		table := func(vars ...int) {
			size := 1
			for _, v := range vars {
				size *= len(s.classes[v].labels)
			}
			f := factor{vars: vars}
			for range size {
				f.cost = append(f.cost, int64(rapid.IntRange(0, 9).Draw(rt, "cost")))
			}
			fs = append(fs, f)
		}
		for a := range n {
			table(a)
			for b := a + 1; b < n; b++ {
				if rapid.Bool().Draw(rt, "edge") {
					table(a, b)
				}
			}
		}
		sum := func(pick []int) (n int64) {
			for _, f := range fs {
				n += f.cost[s.at(f.vars, pick)]
			}
			return n
		}
		pick := make([]int, n)
		first := sum(pick)
		best := first
		for i := range all {
			for v, c := range s.classes {
				pick[v] = i % len(c.labels)
				i /= len(c.labels)
			}
			best = min(best, sum(pick))
		}
		got, ok := s.eliminate(fs)
		require.True(rt, ok)
		require.Equal(rt, best, sum(got))
		require.LessOrEqual(rt, sum(s.improve(fs)), first)
	})
}
