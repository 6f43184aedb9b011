package layout

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every element arrives, no access conflicts, and the buffer keeps its bound where registers allow it.
func TestExchangeMovesEveryElement(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		warpBits := rapid.IntRange(0, 2).Draw(rt, "warps")
		dims := rapid.IntRange(1, 3).Draw(rt, "rank")
		threads := 5 + warpBits
		n := threads + rapid.IntRange(0, 5).Draw(rt, "locals")
		extent := make([]int, dims)
		var of []int
		for range n {
			k := rapid.IntRange(0, dims-1).Draw(rt, "dim")
			of = append(of, k)
			extent[k]++
		}
		mk := func() Layout {
			l := Local(append([]int(nil), unitShape(dims)...)...)
			for i, k := range rapid.Permutation(upTo(n)).Draw(rt, "order") {
				s := unitShape(dims)
				s[of[i]] = 2
				if k < threads {
					l = l.Spatial(s...)
				} else {
					l = l.Local(s...)
				}
			}
			if rapid.Bool().Draw(rt, "linear") { // any invertible matrix is a product of such additions
				m := l.lin().clone()
				for range 2 * n {
					i, j := rapid.IntRange(0, n-1).Draw(rt, "i"), rapid.IntRange(0, n-1).Draw(rt, "j")
					if i != j {
						axpy(m.col(i), m.col(j), 1, 2)
					}
				}
				l = wrap(m)
			}
			return l
		}
		src, dst := mk(), mk()
		bits := []int{8, 16, 32, 64}[rapid.IntRange(0, 3).Draw(rt, "bits")]
		limit := 1 << rapid.IntRange(6, 16).Draw(rt, "limit")
		x, err := PlanExchange(src, dst, bits, limit)
		require.NoError(rt, err)
		require.Zero(rt, x.Src.Access.Conflicts(), "%s to %s", src, dst)
		require.Zero(rt, x.Dst.Access.Conflicts(), "%s to %s", src, dst)
		shape := src.Shape()
		for round := range x.Rounds {
			mem := make([]int, x.Elements)
			each := func(o *ExchangeSide, f func(thread, local, offset int)) {
				offs, locals := o.Groups(round)
				for th := range 1 << len(o.Thread) {
					for g, base := range offs {
						for k, l := range locals[g] {
							f(th, l, combine(o.Thread, th)^base+k)
						}
					}
				}
			}
			each(&x.Src, func(th, l, off int) { mem[off] = number(shape, src.At(th, l)) })
			each(&x.Dst, func(th, l, off int) { require.Equal(rt, number(shape, dst.At(th, l)), mem[off]) })
		}
	})
}

func unitShape(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}
