package layout

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLaw4Inverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genReg(t, 4096)
		if a.Surjective() {
			s := Must(a.RightInverse())
			grid3(a.Shape(), func(x []int) { mustSame(t, x, a.Apply(s.Apply(x...)...), a) })
			c, err := Compose(s, a)
			require.NoError(t, err)
			require.True(t, c.Equal(wrap(identityOf(c.lin().in))))
		}
		if a.Injective() {
			r := Must(a.LeftInverse())
			points(a, func(h []int) { mustSame(t, h, r.Apply(a.Apply(h...)...), a) })
		}
		if a.Bijective() {
			s, r := Must(a.RightInverse()), Must(a.LeftInverse())
			require.Equal(t, s, r)
			require.Equal(t, a, Must(s.LeftInverse()))
		}
	})
	// A permutation takes the first holder.
	rapid.Check(t, func(t *rapid.T) {
		a := genPerm(t, genOut(t, 2, 256), reg, true, false)
		s := Must(a.RightInverse())
		first := map[string][]int{}
		points(a, func(h []int) {
			k := fmt.Sprint(a.Apply(h...))
			if _, ok := first[k]; !ok {
				first[k] = slices.Clone(h)
			}
		})
		grid3(a.Shape(), func(x []int) { require.Equal(t, first[fmt.Sprint(x)], s.Apply(x...)) })
	})
}

func TestLaw5Complement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genReg(t, 4096)
		c := a.Complement()
		require.True(t, c.Injective())
		img := map[int]bool{}
		points(a, func(h []int) { img[ravel(a.Apply(h...), a.Shape())] = true })
		require.Equal(t, a.Size(), len(img)*c.AxisSize(RestAxis))
		// Every element is exactly one sum of an image and a complement element: the digits add without meeting.
		sum := map[int]bool{}
		if j, ok := joined(a, c); ok {
			points(j, func(h []int) { sum[ravel(j.Apply(h...), j.Shape())] = true })
			require.Len(t, sum, a.Size())
		}
		if a.Surjective() {
			require.Equal(t, 1, c.AxisSize(RestAxis))
		}
		cc := c.Complement()
		require.Equal(t, len(img), cc.AxisSize(RestAxis))
		require.Equal(t, c.AxisSize(RestAxis), cc.Complement().AxisSize(RestAxis))
	})
}

// joined puts two layouts of the same dims side by side when their digits agree.
func joined(a, b Layout) (Layout, bool) {
	x, y := a.lin().clone(), b.lin().clone()
	for k := range x.out {
		if align(x, outSide, k, y, outSide, k, "") != nil {
			return Layout{}, false
		}
	}
	for k := range x.out {
		if !slices.Equal(x.out[k].rad, y.out[k].rad) {
			return Layout{}, false
		}
	}
	j := newLin(append(x.in, y.in...), x.out)
	copy(j.m, x.m)
	copy(j.m[len(x.m):], y.m)
	return wrap(j), true
}

func TestLaw6LogicalDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{4, 6, 12, 24, 30, 60, 64}).Draw(t, "n")
		a := genMatrix(t, []axis{{"x", factor(n)}}, genOut(t, 2, 256))
		b := genPerm(t, []axis{{rad: factor(n)}}, []string{"y"}, false, true)
		d, err := LogicalDivide(a, b)
		ab, err2 := Compose(b, a)
		if err != nil {
			require.Error(t, err2)
			return
		}
		require.NoError(t, err2)
		require.Equal(t, n, d.AxisSize("y")*d.AxisSize(RestAxis))
		for y := range d.AxisSize("y") {
			require.Equal(t, ab.Apply(y), d.Apply(y, 0))
		}
		img, got := map[int]int{}, map[int]int{}
		points(a, func(h []int) { img[ravel(a.Apply(h...), a.Shape())]++ })
		points(d, func(h []int) { got[ravel(d.Apply(h...), d.Shape())]++ })
		require.Equal(t, img, got)
		c := b.Complement() // the second mode is ordered
		last := -1
		for r := range c.AxisSize(RestAxis) {
			v := c.Apply(r)[0]
			require.Greater(t, v, last)
			last = v
		}
	})
}

func TestLaw7Kernel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genReg(t, 4096)
		k := a.Kernel()
		n := k.AxisSize("free")
		require.Equal(t, n, a.Copies())
		held := map[int]int{}
		hw := 0
		points(a, func(h []int) { held[ravel(a.Apply(h...), a.Shape())]++; hw++ })
		for e, c := range held {
			if c != n {
				t.Fatalf("element %d held %d times, not %d", e, c, n)
			}
		}
		if a.Surjective() {
			require.Equal(t, hw, a.Size()*n)
		}
		require.True(t, k.Injective())
		zero := make([]int, a.Rank())
		for f := range n {
			if !slices.Equal(zero, a.Apply(k.Apply(f)...)) {
				t.Fatalf("kernel point %d", f)
			}
		}
		d := a.DropKernel()
		require.True(t, d.Injective())
		img := map[int]bool{}
		points(d, func(h []int) { img[ravel(d.Apply(h...), d.Shape())] = true })
		require.Len(t, img, len(held))
		for e := range img {
			if held[e] == 0 {
				t.Fatalf("element %d was not held", e)
			}
		}
	})
}
