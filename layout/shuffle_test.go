package layout

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// execute runs a plan on all threads of a block, values being element numbers.
func execute(t require.TestingT, p *ShufflePlan, src, dst Layout) [][]int {
	shape := src.Shape()
	n := src.Threads()
	spread := func(x, bit int) int { return x&(1<<bit-1) | x>>bit<<(bit+1) }
	srcPair, dstPair, pairs := p.Pairs()
	out := make([][]int, n)
	for i := range out {
		out[i] = make([]int, dst.Locals())
	}
	halves := 1
	if pairs {
		halves = 2
	}
	for half := range halves {
		type V *[]int // a value for each thread
		mk := func(f func(th int) int) V {
			v := make([]int, n)
			for th := range v {
				v[th] = f(th)
			}
			return &v
		}
		lane := func(th int) int {
			x := 0
			for i, y := range p.Lane() {
				if th>>i&1 != 0 {
					x ^= y
				}
			}
			return x
		}
		reads := map[int]V{}
		res := RunShuffle(p, func(r int) V {
			if reads[r] == nil {
				reads[r] = mk(func(th int) int {
					if pairs {
						r := spread(r, srcPair) | half<<srcPair
						return number(shape, src.At(th, r))
					}
					return number(shape, src.At(th, r))
				})
			}
			return reads[r]
		}, func(mask int, x, y V) V {
			return mk(func(th int) int {
				if bits.OnesCount(uint(th&mask))%2 == 1 {
					return (*x)[th]
				}
				return (*y)[th]
			})
		}, func(v V, by int) V {
			return mk(func(th int) int { return (*v)[th&^31|(lane(th)^by)] })
		})
		for l, v := range res {
			if pairs {
				l = spread(l, dstPair) | half<<dstPair
			}
			for th := range out {
				out[th][l] = (*v)[th]
			}
		}
	}
	return out
}

func number(shape, at []int) int {
	n := 0
	for d, x := range at {
		n = n*shape[d] + x
	}
	return n
}

func requireMoves(t require.TestingT, src, dst Layout, pairs bool) *ShufflePlan {
	p, err := PlanShuffle(src, dst, pairs)
	require.NoError(t, err, "%s to %s", src, dst)
	for th, row := range execute(t, p, src, dst) {
		for l, got := range row {
			require.Equal(t, number(dst.Shape(), dst.At(th, l)), got, "%s to %s: thread %d local %d", src, dst, th, l)
		}
	}
	return p
}

// Random conversions within a warp: a random linear source (with copies), and a destination made of combinations of its lanes
// and registers, with other copies.
func TestShuffleMovesEveryElement(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := rapid.IntRange(5, 8).Draw(rt, "d")
		warps := rapid.IntRange(0, 2).Draw(rt, "warps")
		copies := rapid.IntRange(0, 2).Draw(rt, "copies")
		inWarp := d - warps // bits that a warp holds
		vec := func(of []int) int {
			x := 0
			for i, v := range of {
				if rapid.Bool().Draw(rt, "bit") {
					x ^= v
				}
				_ = i
			}
			return x
		}
		var unit, warpUnit []int
		for i := range d {
			if i < inWarp {
				unit = append(unit, 1<<i)
			} else {
				warpUnit = append(warpUnit, 1<<i)
			}
		}
		// A list of n vectors that spans the units: the units mixed and shuffled, then copies and zeros.
		spanning := func(n int) []int {
			vs := append([]int(nil), unit...)
			if rapid.Bool().Draw(rt, "mixed") {
				for i := range vs {
					vs[i] ^= vec(vs[:i])
				}
			}
			for len(vs) < n {
				vs = append(vs, vec(vs)*rapid.IntRange(0, 1).Draw(rt, "zero"))
			}
			return rapid.Permutation(vs).Draw(rt, "order")
		}
		mk := func(n int) Layout {
			vs := spanning(max(n, 5))
			thread := append([]int(nil), vs[:5]...)
			for _, w := range warpUnit {
				thread = append(thread, w^vec(unit))
			}
			return layoutOfBits(d, thread, vs[5:])
		}
		src := mk(inWarp + copies)
		dst := mk(inWarp + rapid.IntRange(0, 2).Draw(rt, "copies of dst"))
		requireMoves(rt, src, dst, rapid.Bool().Draw(rt, "pairs"))
	})
}

// The known factorisations come out: one exchange of a lane with a register digit costs half the registers; a change of
// lanes costs all; copies that are there already cost nothing.
func TestShuffleCounts(t *testing.T) {
	for _, c := range []struct {
		src, dst          string
		shuffles, selects int
	}{
		{"spatial(32).local(4)", "spatial(16).local(4).spatial(2)", 2, 8},
		{"local(4).spatial(32)", "local(4).spatial(32)", 0, 0},
		{"spatial(4, 8).local(1, 4)", "column_spatial(4, 8).local(1, 4)", 4, 0},
		{"replicate(32).local(64)", "spatial(32).local(2)", 0, 62},
		{"spatial(32).local(4)", "replicate(32).local(128)", 128, 0},
	} {
		src, dst := Must(Parse(c.src)), Must(Parse(c.dst))
		p := requireMoves(t, src, dst, false)
		sh, se := p.Count()
		t.Logf("%s to %s: %d shuffles, %d selects", c.src, c.dst, sh, se)
		require.LessOrEqual(t, sh, c.shuffles, c.src)
		require.LessOrEqual(t, se, c.selects, c.src)
	}
}
