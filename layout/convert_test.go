package layout

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// genPair draws two register layouts of one shape and thread count, related closely enough for all classes to occur.
func genPair(t *rapid.T) (a, b Layout) {
	nl, nt := rapid.IntRange(0, 4).Draw(t, "locals"), rapid.IntRange(0, 7).Draw(t, "threads")
	radix := func(n int) []int {
		r := make([]int, n)
		for i := range r {
			r[i] = 2
			if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
				r[i] = 3
			}
		}
		return r
	}
	th, lo := radix(nt), radix(nl)
	all := slices.Concat(th, lo)
	split := rapid.IntRange(0, len(all)).Draw(t, "split")
	perm := rapid.Permutation(upTo(len(all))).Draw(t, "dims")
	var out []axis
	pos := make([]int, len(all))
	out = append(out, axis{}, axis{})
	for k, d := range perm {
		o := 0
		if k >= split {
			o = 1
		}
		out[o].rad = append(out[o].rad, all[d])
		pos[d] = k
	}
	make1 := func(pos []int) *lin {
		l := newLin(axesOf([][]int{th, lo}, reg...), cloneAxes(out))
		for i, o := range pos {
			l.m[i*l.no+o] = 1
		}
		return l
	}
	x, y := make1(pos), make1(pos)
	ri := radices(y.in)
	for range rapid.IntRange(0, 4).Draw(t, "moves") { // exchange or add columns of one radix within a chosen range
		from := rapid.SampledFrom([]int{0, min(5, nt), nt}).Draw(t, "from")
		if from >= len(ri) {
			continue
		}
		i, j := rapid.IntRange(from, len(ri)-1).Draw(t, "i"), rapid.IntRange(from, len(ri)-1).Draw(t, "j")
		if i == j || ri[i] != ri[j] {
			continue
		}
		if rapid.Bool().Draw(t, "add") {
			axpy(y.col(i), y.col(j), 1, ri[i])
		} else {
			p, q := slices.Clone(y.col(i)), slices.Clone(y.col(j))
			copy(y.col(i), q)
			copy(y.col(j), p)
		}
	}
	if nt > 0 && rapid.IntRange(0, 5).Draw(t, "replicate") == 0 { // the destination drops a thread digit and repeats instead
		clear(y.col(rapid.IntRange(0, nt-1).Draw(t, "digit")))
	}
	return wrap(x), wrap(y)
}

func TestClassify(t *testing.T) {
	seen := map[Class]int{}
	rapid.Check(t, func(t *rapid.T) {
		a, b := genPair(t)
		c, err := Classify(a, b)
		require.NoError(t, err)
		seen[c]++
		// The oracle works on tables only.
		want := Shared
		if withinByTable(a, b, 32) {
			want = Shuffle
		}
		m, ok := registerMapByTable(a, b)
		if ok {
			want = Register
		}
		if sameTable(a, b) {
			want = None
		}
		require.Equal(t, want, c, "%s -> %s", a, b)
		got, gotOK := RegisterMap(a, b)
		require.Equal(t, ok, gotOK)
		if ok {
			require.Len(t, got, len(m))
			for th := range a.Threads() {
				for l, s := range got {
					require.Equal(t, b.At(th, l), a.At(th, s))
				}
			}
		}
		c4, err := ClassifyIn(a, b, 4, 16)
		require.NoError(t, err)
		require.Equal(t, c4 <= Shuffle, c <= Register || withinByTable(a, b, 4))
		require.Equal(t, c4 == CrossBlock, !withinByTable(a, b, 16) && c > Register)
	})
	for _, c := range []Class{None, Register, Shuffle, Shared} {
		assert.Positive(t, seen[c], c)
	}
}

func TestClassifyKnown(t *testing.T) {
	p := func(s string) Layout { return Must(Parse(s)) }
	check := func(a, b string, want Class) {
		t.Helper()
		c, err := Classify(p(a), p(b))
		require.NoError(t, err)
		assert.Equal(t, want, c, "%s -> %s", a, b)
	}
	check("mma_c()", "local(2,1).spatial(8,4).local(1,2)", None)
	check("spatial(32).local(2)*local(3)", "spatial(32).local(6)", None)
	check("spatial(8,4).local(2,2)", "spatial(8,4).column_local(2,2)", Register)
	check("replicate(32).local(4,4)", "replicate(32).column_local(4,4)", Register)
	check("spatial(32).local(4)", "local(4).spatial(32)", Shuffle)
	check("replicate(32).local(64)", "spatial(32).local(2)", Shuffle)
	check("spatial(128).local(4)", "local(4).spatial(128)", Shared)
	check("spatial(48)", "column_spatial(48)", None)
	check("spatial(3,16)", "column_spatial(3,16)", Shared)
	check("spatial(32)", "spatial(16).local(2)", Shared)
	// The accumulator of one m16n8 pair is the A operand of the next: FlashAttention's free conversion.
	check("local(1,2)*mma_c()", "mma_a(16)", None)
	m, ok := RegisterMap(p("local(1,2)*mma_c()"), p("mma_a(16)"))
	assert.True(t, ok)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, m)
	_, err := Classify(p("local(4)"), p("local(8)"))
	assert.ErrorContains(t, err, "shapes are (4) and (8)")
	_, err = Classify(p("basis(4){local:[(1)]}"), p("local(4)"))
	assert.ErrorContains(t, err, "needs element [2], which no thread holds")
}

// The construction gives no bank conflict on either side, counted by walking the accesses.
func TestOptimalShared(t *testing.T) {
	n := 0
	one := func(t *rapid.T) {
		bits := rapid.SampledFrom([]int{8, 16, 32, 64}).Draw(t, "bits")
		nt := rapid.SampledFrom([]int{32, 64, 128}).Draw(t, "threads")
		extra := rapid.SampledFrom([]int{1, 1, 3, 5}).Draw(t, "odd")
		d := rapid.IntRange(0, 5).Draw(t, "locals")
		out := axesOf([][]int{slices.Repeat([]int{2}, rapid.IntRange(0, 5).Draw(t, "rows")), nil})
		for k := len(out[0].rad); k < d+len(factor(nt)); k++ {
			out[1].rad = append(out[1].rad, 2)
		}
		if extra > 1 {
			out[1].rad = append(out[1].rad, extra)
		}
		draw := func() Layout {
			ro := radices(out)
			in := axesOf([][]int{factor(nt), slices.Repeat([]int{2}, len(ro)-len(factor(nt)))}, reg...)
			if extra > 1 {
				in[1].rad[len(in[1].rad)-1] = extra
			}
			l := newLin(in, cloneAxes(out))
			two := len(ro)
			if extra > 1 {
				two--
				l.m[two*l.no+two] = 1
			}
			pos := rapid.Permutation(upTo(two)).Draw(t, "pos")
			for i, o := range pos {
				l.m[i*l.no+o] = 1
			}
			if rapid.Bool().Draw(t, "linear") { // any invertible matrix is a product of such additions
				for range 3 * two {
					i, j := rapid.IntRange(0, two-1).Draw(t, "i"), rapid.IntRange(0, two-1).Draw(t, "j")
					if i != j {
						axpy(l.col(i), l.col(j), 1, 2)
					}
				}
			}
			return wrap(l)
		}
		s, e := draw(), draw()
		mem, v, err := optimalShared(s, e, bits, 128/bits)
		require.NoError(t, err)
		require.True(t, mem.IsMemory() && mem.Bijective())
		for _, r := range []Layout{s, e} {
			a, err := BankConflicts(r, mem, bits)
			require.NoError(t, err)
			require.Zero(t, a.Conflicts(), "%s through %s, %d bits: %s", r, mem, bits, a)
			a = countVector(offsets(r, Must(mem.Offset())), r.Threads(), r.Locals(), bits, v)
			require.Zero(t, a.Conflicts(), "%s through %s, %d bits, vectors of %d: %s", r, mem, bits, v, a)
		}
		n++
	}
	rapid.Check(t, one)
	rapid.Check(t, one)
	if !testing.Short() {
		assert.GreaterOrEqual(t, n, 2000)
	}
}
