package layout

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Coordinates computed from the fields are those of the map, for any matrices.
func TestFieldsAreTheMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := genMatrix(rt, axesOf([][]int{genRadices(rt, 64, "thread"), genRadices(rt, 32, "local")}, ThreadAxis, LocalAxis),
			axesOf([][]int{genRadices(rt, 64, "rows"), genRadices(rt, 64, "columns")}))
		part := func(x, radix int, terms []Term) int {
			v := 0
			for _, t := range terms {
				if d := x / t.Weight % t.Radix * t.Image; radix%2 == 0 {
					v ^= d
				} else {
					v += d
				}
			}
			return v
		}
		for th := range l.Threads() {
			for i := range l.Locals() {
				for d, want := range l.At(th, i) {
					got := 0
					for _, f := range l.Fields(d) {
						x, y := part(th, f.Radix, f.Thread), part(i, f.Radix, f.Local)
						if f.Radix%2 == 0 {
							got += (x ^ y) * f.Stride
						} else {
							got += (x + y) % f.Radix * f.Stride
						}
					}
					require.Equal(rt, want, got, "%s thread %d local %d dim %d", l, th, i, d)
				}
			}
		}
	})
}

// The minor digit of a mixed layout is a vector: in every thread its locals are neighbours from an aligned place on.
func TestLocalDigitsAreVectors(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := genMatrix(rt, axesOf([][]int{genRadices(rt, 64, "thread"), genRadices(rt, 32, "local")}, ThreadAxis, LocalAxis),
			axesOf([][]int{genRadices(rt, 64, "rows"), genRadices(rt, 64, "columns")}))
		ds := l.LocalDigits()
		n := 1
		for _, d := range ds {
			n *= d.Radix
		}
		require.Equal(rt, l.Locals(), n)
		if len(ds) == 0 || l.IsPermutation() || ds[0].Dim < 0 {
			return
		}
		v := ds[0].Radix
		for th := range l.Threads() {
			for i := range l.Locals() {
				at := l.At(th, i/v*v)
				require.Zero(rt, at[ds[0].Dim]%v)
				at[ds[0].Dim] += i % v
				require.Equal(rt, at, l.At(th, i), "%s", l)
			}
		}
	})
}

// Threads that are no repetition hold every element that is held; and where no thread holds an element twice, each of
// them once.
func TestRepeats(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := genMatrix(rt, axesOf([][]int{genRadices(rt, 64, "thread"), genRadices(rt, 16, "local")}, ThreadAxis, LocalAxis),
			axesOf([][]int{genRadices(rt, 64, "rows"), genRadices(rt, 32, "columns")}))
		all, kept := map[string]bool{}, map[string]int{}
		inside := true
		for th := range l.Threads() {
			mine := map[string]bool{}
			for i := range l.Locals() {
				e := fmt.Sprint(l.At(th, i))
				inside = inside && !mine[e]
				all[e], mine[e] = true, true
				if !Repeated(l.Repeats(), th) {
					kept[e]++
				}
			}
		}
		require.Len(rt, kept, len(all), "%s", l)
		for e, n := range kept {
			require.True(rt, n == 1 || !inside, "%s: %s %d times", l, e, n)
		}
	})
}

// The difference that is named is there, and equal layouts have none.
func TestDifference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		out := axesOf([][]int{genRadices(rt, 32, "rows"), genRadices(rt, 32, "columns")})
		in := axesOf([][]int{genRadices(rt, 64, "thread"), genRadices(rt, 16, "local")}, ThreadAxis, LocalAxis)
		a, b := genMatrix(rt, in, out), genMatrix(rt, in, out)
		require.Empty(rt, Difference(a, a))
		require.Equal(rt, slices.EqualFunc(flatTable(a), flatTable(b), func(x, y int) bool { return x == y }), Difference(a, b) == "", "%s %s", a, b)
	})
	a, b := Local(2, 1).Spatial(8, 4).Local(1, 2), Spatial(16, 2).Local(1, 4)
	require.Equal(t, "the first differing digit is number 0 of thread: thread 1 is element (0, 2) in the first and (0, 4) in the second", Difference(a, b))
	require.Equal(t, "the first has 32 points of thread, the second 16", Difference(Spatial(32), Spatial(16).Local(2)))
	require.Equal(t, "dim 1 has 8 elements in the first and 4 in the second", Difference(Spatial(4, 8), Spatial(4, 4)))
}

func TestDraw(t *testing.T) {
	l, err := Parse("basis(2,4){lane: [(0,1), (1,2)], local: [(0,3)]}")
	require.NoError(t, err)
	require.Equal(t, "     0    1    2    3\n0  0:0  1:0  1:1  0:1\n1  3:1  2:1  2:0  3:0", l.Draw(8, 8))
	require.Equal(t, "       0      1      2\n0  0,2:0  1,3:0  4,6:0  …\n…", Spatial(2, 2).Replicate(2).Spatial(1, 2).Draw(1, 3))
}
