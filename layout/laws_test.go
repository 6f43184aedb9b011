package layout

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The laws of the algebra, each against the explicit table of the map as oracle.

var primes = []int{2, 3, 5}

// genRadices draws a list of primes whose product stays at or below max.
func genRadices(t *rapid.T, max int, label string) []int {
	var out []int
	n := rapid.IntRange(0, 6).Draw(t, label+" digits")
	for range n {
		p := rapid.SampledFrom(primes).Draw(t, label)
		if max/p < 1 {
			break
		}
		max /= p
		out = append(out, p)
	}
	return out
}

func axesOf(rad [][]int, names ...string) []axis {
	out := make([]axis, len(rad))
	for k := range rad {
		out[k].rad = slices.Clone(rad[k])
		if names != nil {
			out[k].name = names[k]
		}
	}
	return out
}

// genMatrix draws an arbitrary layout: random digits on both sides and a random matrix, mostly sparse.
func genMatrix(t *rapid.T, in []axis, out []axis) Layout {
	l := newLin(cloneAxes(in), cloneAxes(out))
	ri, ro := radices(l.in), radices(l.out)
	dense := rapid.IntRange(0, 3).Draw(t, "density")
	for i := range ri {
		for o := range ro {
			if ri[i] == ro[o] && rapid.IntRange(0, 3).Draw(t, "entry") < dense {
				l.m[i*l.no+o] = int32(rapid.IntRange(0, ri[i]-1).Draw(t, "coef"))
			}
		}
	}
	return wrap(l)
}

// genPerm draws a digit permutation with replication and gaps: output digits are dealt to the hardware axes.
func genPerm(t *rapid.T, out []axis, names []string, replicate, gaps bool) Layout {
	ro := radices(out)
	order := rapid.Permutation(upTo(len(ro))).Draw(t, "order")
	in := make([]axis, len(names))
	from := make([][]int, len(names))
	for k, n := range names {
		in[k].name = n
	}
	for _, o := range order {
		k := rapid.IntRange(0, len(names)-1).Draw(t, "axis")
		if gaps && rapid.IntRange(0, 5).Draw(t, "gap") == 0 {
			continue
		}
		in[k].rad = append(in[k].rad, ro[o])
		from[k] = append(from[k], o)
		if replicate && rapid.IntRange(0, 5).Draw(t, "replicate") == 0 {
			in[k].rad = append(in[k].rad, rapid.SampledFrom(primes).Draw(t, "copies"))
			from[k] = append(from[k], -1)
		}
	}
	l := newLin(in, cloneAxes(out))
	i := 0
	for k := range from {
		for _, o := range from[k] {
			if o >= 0 {
				l.m[i*l.no+o] = 1
			}
			i++
		}
	}
	return wrap(l)
}

func genOut(t *rapid.T, rank, max int) []axis {
	var rad [][]int
	for range rank {
		r := genRadices(t, max, "out")
		max /= product(r)
		rad = append(rad, r)
	}
	return axesOf(rad)
}

var reg = []string{ThreadAxis, LocalAxis}

// genReg draws a register layout of either kind with at most max hardware points and elements.
func genReg(t *rapid.T, max int) Layout {
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return genProduct(t, max)
	case 1:
		return genPerm(t, genOut(t, rapid.IntRange(0, 3).Draw(t, "rank"), max), reg, true, true)
	}
	in := genOut(t, 2, max)
	in[0].name, in[1].name = ThreadAxis, LocalAxis
	return genMatrix(t, in, genOut(t, rapid.IntRange(0, 3).Draw(t, "rank"), max))
}

// genProduct draws a chain of surface constructors.
func genProduct(t *rapid.T, max int) Layout {
	var a Layout
	for range rapid.IntRange(0, 4).Draw(t, "factors") {
		rank := rapid.IntRange(0, 3).Draw(t, "rank")
		var shape []int
		for range rank {
			n := rapid.SampledFrom([]int{1, 1, 2, 3, 4, 5, 6, 8, 10}).Draw(t, "extent")
			if n > max {
				n = 1
			}
			max /= n
			shape = append(shape, n)
		}
		switch rapid.IntRange(0, 4).Draw(t, "word") {
		case 0:
			a = a.Local(shape...)
		case 1:
			a = a.Spatial(shape...)
		case 2:
			a = a.ColumnLocal(shape...)
		case 3:
			a = a.ColumnSpatial(shape...)
		case 4:
			n := rapid.IntRange(1, 6).Draw(t, "copies")
			if n > max {
				n = 1
			}
			max /= n
			a = a.Replicate(n)
		}
	}
	return a
}

// points calls f for every hardware point of a layout.
func points(a Layout, f func(h []int)) {
	var size []int
	for _, x := range a.lin().in {
		size = append(size, x.size())
	}
	grid3(size, f)
}

func grid3(size []int, f func(x []int)) {
	x := make([]int, len(size))
	for {
		f(x)
		k := len(x) - 1
		for ; k >= 0; k-- {
			if x[k]++; x[k] < size[k] {
				break
			}
			x[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// mustSame is require.Equal for indices, fast enough for every point.
func mustSame(t *rapid.T, want, got []int, a Layout) {
	if !slices.Equal(want, got) {
		t.Fatalf("%s: %v, not %v", a, got, want)
	}
}

func sizes(a Layout) (in, out []int) {
	for _, x := range a.lin().in {
		in = append(in, x.size())
	}
	return in, a.Shape()
}

// sameTable is the oracle of equality.
func sameTable(a, b Layout) bool {
	ia, oa := sizes(a)
	ib, ob := sizes(b)
	if !slices.Equal(ia, ib) || !slices.Equal(oa, ob) || !slices.Equal(a.Axes(), b.Axes()) {
		return false
	}
	same := true
	points(a, func(h []int) { same = same && slices.Equal(a.Apply(h...), b.Apply(h...)) })
	return same
}

func ravel(x, shape []int) int {
	n := 0
	for k := range shape {
		n = n*shape[k] + x[k]
	}
	return n
}

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
