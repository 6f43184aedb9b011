package layout

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLaw8Equality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genReg(t, 4096)
		// The same map with its runs in another order: a random walk of legal swaps.
		l := a.lin().clone()
		for range 20 {
			if l.ni > 1 {
				if i := rapid.IntRange(0, l.ni-2).Draw(t, "swap"); l.linkedIn(i) {
					l.swapIn(i)
				}
			}
			if l.no > 1 {
				if o := rapid.IntRange(0, l.no-2).Draw(t, "swap"); l.linkedOut(o) {
					l.swapOut(o)
				}
			}
		}
		points(a, func(h []int) {
			if x := a.Apply(h...); !slices.Equal(x, l.apply(h, nil)) {
				t.Fatalf("%s at %v", a, h)
			}
		})
		b := wrap(l)
		require.True(t, a.Equal(b))
		require.Equal(t, a, b)
		require.Equal(t, a.String(), b.String())
		back, err := Parse(a.String())
		require.NoError(t, err, a.String())
		require.True(t, a.Equal(back), "%s -> %s", a, back)
		c := genReg(t, 64)
		require.Equal(t, sameTable(a, c), a.Equal(c))
	})
}

// Equal maps have equal canonical forms: exhaustively, over every matrix between small mixed-radix spaces.
func TestLaw8Exhaustive(t *testing.T) {
	orders := func(rad []int) [][]int {
		var out [][]int
		seen := map[string]bool{}
		var rec func(rest, taken []int)
		rec = func(rest, taken []int) {
			if len(rest) == 0 && !seen[fmt.Sprint(taken)] {
				seen[fmt.Sprint(taken)] = true
				out = append(out, taken)
			}
			for i := range rest {
				rec(slices.Delete(slices.Clone(rest), i, i+1), append(slices.Clone(taken), rest[i]))
			}
		}
		rec(rad, nil)
		return out
	}
	check := func(in, out [][]int) {
		byTable := map[string]Layout{}
		count := 0
		var rec func(k int, axes []axis, from [][]int, done func([]axis))
		rec = func(k int, axes []axis, from [][]int, done func([]axis)) {
			if k == len(from) {
				done(axes)
				return
			}
			for _, o := range orders(from[k]) {
				rec(k+1, append(slices.Clone(axes), axis{name: fmt.Sprint("x", k), rad: o}), from, done)
			}
		}
		rec(0, nil, in, func(ia []axis) {
			rec(0, nil, out, func(oa []axis) {
				ri, ro := radices(ia), radices(oa)
				var free []int
				for i := range ri {
					for o := range ro {
						if ri[i] == ro[o] {
							free = append(free, i*len(ro)+o)
						}
					}
				}
				var fill func(l *lin, k int)
				fill = func(l *lin, k int) {
					if k == len(free) {
						a := wrap(l.clone())
						tab := ""
						points(a, func(h []int) { tab += fmt.Sprint(a.Apply(h...)) })
						old, ok := byTable[tab]
						if !ok {
							byTable[tab] = a
						} else if !old.Equal(a) || a.Surjective() && old.String() != a.String() {
							t.Fatalf("one map, two canonical forms:\n%s\n%s", old, a)
						}
						count++
						return
					}
					for c := range ri[free[k]/len(ro)] {
						l.m[free[k]] = int32(c)
						fill(l, k+1)
					}
				}
				fill(newLin(cloneAxes(ia), cloneAxes(oa)), 0)
			})
		})
		t.Logf("%v -> %v: %d matrices, %d maps", in, out, count, len(byTable))
	}
	check([][]int{{2, 3}}, [][]int{{2, 3}})
	check([][]int{{2, 3}}, [][]int{{2, 3}, {2, 3}})
	check([][]int{{2, 3}, {2, 3}}, [][]int{{2, 3}})
	check([][]int{{2, 2, 3}}, [][]int{{2, 2, 3}})
	check([][]int{{2, 3}}, [][]int{{2, 2, 3}})
	check([][]int{{2, 3}, {3}}, [][]int{{2, 2, 3}})
	check([][]int{{2, 3}}, [][]int{{2, 2, 3, 3}})
	check([][]int{{2, 3, 5}}, [][]int{{2, 3, 5}})
}
