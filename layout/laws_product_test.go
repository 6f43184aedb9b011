package layout

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLaw1Product(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genReg(t, 64), genReg(t, 64)
		c, err := a.Mul(b)
		require.NoError(t, err)
		rank := max(a.Rank(), b.Rank())
		pad := func(x []int, v int) []int {
			return append(slices.Repeat([]int{v}, rank-len(x)), x...)
		}
		sb := pad(b.Shape(), 1)
		for th := range c.Threads() {
			for lo := range c.Locals() {
				ia := pad(a.At(th/b.Threads(), lo/b.Locals()), 0)
				ib := pad(b.At(th%b.Threads(), lo%b.Locals()), 0)
				for d := range ia {
					ia[d] = ia[d]*sb[d] + ib[d]
				}
				require.Equal(t, ia, c.At(th, lo), "%s * %s = %s at %d:%d", a, b, c, th, lo)
			}
		}
		require.True(t, Must(a.Mul(Layout{})).Equal(a))
		require.True(t, Must(Layout{}.Mul(a)).Equal(a))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := genReg(t, 200), genReg(t, 200), genReg(t, 200)
		require.Equal(t, Must(Must(a.Mul(b)).Mul(c)), Must(a.Mul(Must(b.Mul(c)))), "associative")
	})
	require.False(t, Spatial(2).Local(3).Equal(Local(3).Spatial(2)), "not commutative")
}

func TestLaw2Divide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genReg(t, 256), genReg(t, 256)
		c := Must(a.Mul(b))
		ones := slices.Repeat([]int{1}, c.Rank())
		grown := func(x Layout) Layout { return Must(Local(ones...).Mul(x)) } // to the rank of the product
		q, err := c.DivideRight(b)
		require.NoError(t, err, "%s / %s", c, b)
		require.Equal(t, grown(a), q)
		q, err = c.DivideLeft(a)
		require.NoError(t, err, "%s \\ %s", a, c)
		require.Equal(t, grown(b), q)
	})
}

// A quotient exists exactly when enumeration finds one.
func TestLaw2DivideComplete(t *testing.T) {
	// All digit permutations of up to two axes over small 1-D and 2-D shapes, by shape.
	type key struct{ th, lo, s string }
	byKey := map[key][]Layout{}
	var all []Layout
	for _, out := range [][][]int{{{}}, {{2}}, {{3}}, {{2, 2}}, {{2, 3}}, {{2, 2, 3}}, {{2, 2, 2}}} {
		for _, l := range allPerms(axesOf(out)) {
			k := key{fmt.Sprint(l.Threads()), fmt.Sprint(l.Locals()), fmt.Sprint(l.Shape())}
			dup := false
			for _, o := range byKey[k] {
				dup = dup || o.Equal(l)
			}
			if !dup {
				byKey[k] = append(byKey[k], l)
				all = append(all, l)
			}
		}
	}
	found, none := 0, 0
	for _, a := range all {
		for _, b := range all {
			if a.Threads()%b.Threads() != 0 || a.Locals()%b.Locals() != 0 || a.Size()%b.Size() != 0 {
				continue
			}
			cs := byKey[key{fmt.Sprint(a.Threads() / b.Threads()), fmt.Sprint(a.Locals() / b.Locals()), fmt.Sprint([]int{a.Size() / b.Size()})}]
			check := func(got Layout, err error, prod func(c Layout) Layout) {
				var want *Layout
				for _, c := range cs {
					if prod(c).Equal(a) {
						want = &c
						break
					}
				}
				if want == nil {
					none++
					require.Error(t, err, "%s by %s", a, b)
					return
				}
				found++
				require.NoError(t, err, "%s by %s is %s", a, b, *want)
				require.True(t, got.Equal(*want))
			}
			q, err := a.DivideRight(b)
			check(q, err, func(c Layout) Layout { return Must(c.Mul(b)) })
			q, err = a.DivideLeft(b)
			check(q, err, func(c Layout) Layout { return Must(b.Mul(c)) })
		}
	}
	require.Greater(t, found, 200)
	require.Greater(t, none, 200)
}

// allPerms lists every bijective deal of the digits of out, in every order, to thread and local.
func allPerms(out []axis) []Layout {
	n := digits(out)
	ro := radices(out)
	var res []Layout
	var perm func(rest, taken []int)
	perm = func(rest, taken []int) {
		if len(rest) == 0 {
			for nt := 0; nt <= n; nt++ {
				l := &lin{}
				in := axesOf([][]int{nil, nil}, reg...)
				for i, o := range taken {
					k := 1
					if i < nt {
						k = 0
					}
					in[k].rad = append(in[k].rad, ro[o])
				}
				l = newLin(in, cloneAxes(out))
				for i, o := range taken {
					l.m[i*l.no+o] = 1
				}
				res = append(res, wrap(l))
			}
			return
		}
		for i := range rest {
			perm(slices.Delete(slices.Clone(rest), i, i+1), append(slices.Clone(taken), rest[i]))
		}
	}
	perm(upTo(n), nil)
	return res
}

func TestLaw3Compose(t *testing.T) {
	refused, done := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := genReg(t, 4096)
		// g's hardware axes have the sizes of f's dims, often with other factorings.
		in := cloneAxes(f.lin().out)
		for k := range in {
			in[k].name = fmt.Sprint("a", k)
			if rapid.Bool().Draw(t, "refactor") {
				in[k].rad = rapid.Permutation(in[k].rad).Draw(t, "rad")
			}
		}
		g := genMatrix(t, in, genOut(t, rapid.IntRange(0, 2).Draw(t, "rank"), 4096))
		if rapid.Bool().Draw(t, "identity") {
			g = wrap(identityOf(in))
		}
		h, err := Compose(f, g)
		chains := true
		for k := range in {
			_, ok := common(chain(f.lin().segments(outSide, k)), chain(g.lin().segments(inSide, k)))
			chains = chains && ok
		}
		if !chains {
			refused++
			var re *RefineError
			require.True(t, errors.As(err, &re))
			return
		}
		if err != nil { // only digits tied across dims may refuse although each chain refines
			require.False(t, f.IsPermutation(), "%s ; %s: %s", f, g, err)
			return
		}
		done++
		points(f, func(x []int) { mustSame(t, g.Apply(f.Apply(x...)...), h.Apply(x...), h) })
	})
	require.Positive(t, refused)
	require.Positive(t, done)
	_, err := Compose(Must(Parse("spatial(3).local(4)")), Must(Parse("spatial(4).local(3)")).lin().inverse())
	require.EqualError(t, err, "compose: dim 0 factors as 3×4 here and 4×3 there")
}

func identityOf(in []axis) *lin {
	l := newLin(cloneAxes(in), cloneAxes(in))
	for i := range l.ni {
		l.m[i*l.no+i] = 1
	}
	return l
}

func TestLaw3Associative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genOut(t, 4, 4096)
		x := axesOf([][]int{s[0].rad}, "x")
		y, z, w := axesOf([][]int{s[1].rad}, "y"), axesOf([][]int{s[2].rad}, "z"), axesOf([][]int{s[3].rad}, "w")
		f, g, h := genMatrix(t, x, y), genMatrix(t, y, z), genMatrix(t, z, w)
		fg, e1 := Compose(f, g)
		gh, e2 := Compose(g, h)
		if e1 != nil || e2 != nil {
			return
		}
		l, e1 := Compose(fg, h)
		r, e2 := Compose(f, gh)
		if e1 != nil || e2 != nil {
			return
		}
		require.Equal(t, l, r)
		id := Identity([]string{"x"}, product(s[0].rad))
		require.True(t, Must(Compose(id, f)).Equal(f))
	})
}
