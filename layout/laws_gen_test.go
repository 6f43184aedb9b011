package layout

import (
	"slices"

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
