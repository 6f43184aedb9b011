package layout

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLaw9Dims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genReg(t, 128), genReg(t, 128)
		rank := max(a.Rank(), b.Rank())
		ones := slices.Repeat([]int{1}, rank)
		a, b = Must(Local(ones...).Mul(a)), Must(Local(ones...).Mul(b))
		var dims []int
		for d := range rank {
			if rapid.Bool().Draw(t, "reduced") {
				dims = append(dims, d)
			}
		}
		keep := rapid.Bool().Draw(t, "keep")
		ra, rb := Must(a.Reduce(keep, dims...)), Must(b.Reduce(keep, dims...))
		c := Must(a.Mul(b))
		rc := Must(c.Reduce(keep, dims...))
		require.Equal(t, Must(ra.Mul(rb)), rc)
		// What a thread holds after the reduction is what it held, projected.
		for th := range c.Threads() {
			proj := func(x []int) string {
				var y []int
				for d, v := range x {
					if !slices.Contains(dims, d) {
						y = append(y, v)
					} else if keep {
						y = append(y, 0)
					}
				}
				return fmt.Sprint(y)
			}
			want, got := map[string]bool{}, map[string]bool{}
			for lo := range c.Locals() {
				want[proj(c.At(th, lo))] = true
			}
			for lo := range rc.Locals() {
				got[fmt.Sprint(append([]int{}, rc.At(th, lo)...))] = true
			}
			if len(want) == 1 && want["[]"] {
				continue
			}
			require.Equal(t, want, got)
			require.Len(t, got, rc.Locals())
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a := genReg(t, 256)
		p := rapid.Permutation(upTo(a.Rank())).Draw(t, "p")
		q := rapid.Permutation(upTo(a.Rank())).Draw(t, "q")
		pq := make([]int, len(p))
		for k := range q {
			pq[k] = p[q[k]]
		}
		require.Equal(t, Must(a.Permute(pq...)), Must(Must(a.Permute(p...)).Permute(q...)))
		ap := Must(a.Permute(p...))
		points(a, func(h []int) {
			x, y := a.Apply(h...), ap.Apply(h...)
			for k := range p {
				require.Equal(t, x[p[k]], y[k])
			}
		})
		f := a.Flatten()
		points(a, func(h []int) { mustSame(t, []int{ravel(a.Apply(h...), a.Shape())}, f.Apply(h...), f) })
		require.Equal(t, a, Must(f.Reshape(a.Shape()...)))
		s := a.Shape()
		for d := range s {
			if s[d]%2 == 0 {
				split := slices.Concat(s[:d], []int{s[d] / 2, 2}, s[d+1:])
				if r, err := a.Reshape(split...); err == nil {
					points(a, func(h []int) {
						mustSame(t, a.Apply(h...)[:d], r.Apply(h...)[:d], r)
						mustSame(t, []int{ravel(a.Apply(h...), s)}, []int{ravel(r.Apply(h...), split)}, r)
					})
					require.Equal(t, a, Must(r.Reshape(s...)))
				} else {
					var re *RefineError
					require.ErrorAs(t, err, &re)
				}
			}
		}
		b := genReg(t, 64)
		c := Must(a.Concat(b))
		for range 20 {
			th, lo := rapid.IntRange(0, c.Threads()-1).Draw(t, "t"), rapid.IntRange(0, c.Locals()-1).Draw(t, "l")
			require.Equal(t, append(a.At(th/b.Threads(), lo/b.Locals()), b.At(th%b.Threads(), lo%b.Locals())...), c.At(th, lo))
		}
	})
}

// xorLayout is the independent p = 2 implementation: images of the powers of two, joined by XOR.
type xorLayout struct {
	dims []int // log2 of every dim
	th   [][]int
	lo   [][]int
}

func (x xorLayout) at(t, l int) []int {
	out := make([]int, len(x.dims))
	for k, v := range x.th {
		if t>>k&1 == 1 {
			for d := range out {
				out[d] ^= v[d]
			}
		}
	}
	for k, v := range x.lo {
		if l>>k&1 == 1 {
			for d := range out {
				out[d] ^= v[d]
			}
		}
	}
	return out
}

func TestLaw10XOR(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() (xorLayout, Layout) {
			var x xorLayout
			for range rapid.IntRange(1, 3).Draw(t, "rank") {
				x.dims = append(x.dims, rapid.IntRange(0, 3).Draw(t, "bits"))
			}
			vec := func() []int {
				v := make([]int, len(x.dims))
				for d := range v {
					v[d] = rapid.IntRange(0, 1<<x.dims[d]-1).Draw(t, "v")
				}
				return v
			}
			for range rapid.IntRange(0, 4).Draw(t, "threads") {
				x.th = append(x.th, vec())
			}
			for range rapid.IntRange(0, 3).Draw(t, "locals") {
				x.lo = append(x.lo, vec())
			}
			s := "basis("
			for d, b := range x.dims {
				if d > 0 {
					s += ","
				}
				s += fmt.Sprint(1 << b)
			}
			s += "){thread:["
			list := func(vs [][]int) {
				for k, v := range vs {
					if k > 0 {
						s += ","
					}
					s += shapeText(v)
				}
			}
			list(x.th)
			s += "],local:["
			list(x.lo)
			return x, Must(Parse(s + "]}"))
		}
		x, a := draw()
		y, b := draw()
		for th := range a.Threads() {
			for lo := range a.Locals() {
				require.Equal(t, x.at(th, lo), a.At(th, lo))
			}
		}
		if len(x.dims) == len(y.dims) {
			c := Must(a.Mul(b))
			for th := range c.Threads() {
				for lo := range c.Locals() {
					v, w := x.at(th>>len(y.th), lo>>len(y.lo)), y.at(th, lo)
					for d := range v {
						v[d] = v[d]<<y.dims[d] | w[d]
					}
					require.Equal(t, v, c.At(th, lo))
				}
			}
		}
	})
}
