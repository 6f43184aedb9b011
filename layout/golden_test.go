package layout

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eachPoint checks a fragment against the formulas of the PTX manual.
func eachPoint(t *testing.T, name string, l Layout, threads, locals int, f func(lane, i int) (row, col int)) {
	t.Helper()
	require.Equal(t, threads, l.Threads(), name)
	require.Equal(t, locals, l.Locals(), name)
	require.True(t, l.Bijective(), name)
	for lane := range threads {
		for i := range locals {
			r, c := f(lane, i)
			require.Equal(t, []int{r, c}, l.At(lane, i), "%s %d:%d", name, lane, i)
		}
	}
}

func TestPTXFragments(t *testing.T) {
	// m16n8k16 f16: groupID = laneid >> 2, threadID_in_group = laneid % 4.
	eachPoint(t, "A f16", MMAA(16), 32, 8, func(lane, i int) (int, int) {
		g, tg := lane>>2, lane%4
		row, col := g, tg*2+i&1
		if !(i < 2 || 4 <= i && i < 6) {
			row = g + 8
		}
		if i >= 4 {
			col += 8
		}
		return row, col
	})
	eachPoint(t, "B f16", MMAB(16), 32, 4, func(lane, i int) (int, int) {
		row := lane%4*2 + i&1
		if i >= 2 {
			row += 8
		}
		return row, lane >> 2
	})
	eachPoint(t, "C", MMAC(), 32, 4, func(lane, i int) (int, int) {
		row := lane >> 2
		if i >= 2 {
			row += 8
		}
		return row, lane%4*2 + i&1
	})
	// m16n8k32, 8 bits.
	eachPoint(t, "A s8", MMAA(8), 32, 16, func(lane, i int) (int, int) {
		row, col := lane>>2, lane%4*4+i&3
		if !(i < 4 || 8 <= i && i < 12) {
			row += 8
		}
		if i >= 8 {
			col += 16
		}
		return row, col
	})
	eachPoint(t, "B s8", MMAB(8), 32, 8, func(lane, i int) (int, int) {
		row := lane%4*4 + i&3
		if i >= 4 {
			row += 16
		}
		return row, lane >> 2
	})
	// m16n8k64, 4 bits.
	eachPoint(t, "A s4", MMAA(4), 32, 32, func(lane, i int) (int, int) {
		row, col := lane>>2, lane%4*8+i&7
		if !(i < 8 || 16 <= i && i < 24) {
			row += 8
		}
		if i >= 16 {
			col += 32
		}
		return row, col
	})
	// m16n8k8, tf32.
	eachPoint(t, "A tf32", MMAA(32), 32, 4, func(lane, i int) (int, int) {
		row, col := lane>>2, lane%4
		if i == 1 || i == 3 {
			row += 8
		}
		if i >= 2 {
			col += 4
		}
		return row, col
	})
	eachPoint(t, "B tf32", MMAB(32), 32, 2, func(lane, i int) (int, int) { return lane%4 + 4*i, lane >> 2 })
	// m16n8k8 f16 and m16n8k16 8 bits.
	eachPoint(t, "A half", MMAAHalf(16), 32, 4, func(lane, i int) (int, int) { return lane>>2 + i/2*8, lane%4*2 + i&1 })
	eachPoint(t, "B half", MMABHalf(8), 32, 4, func(lane, i int) (int, int) { return lane%4*4 + i, lane >> 2 })
	// m8n8k4 f64.
	eachPoint(t, "A f64", MMAF64A(), 32, 1, func(lane, _ int) (int, int) { return lane >> 2, lane % 4 })
	eachPoint(t, "B f64", MMAF64B(), 32, 1, func(lane, _ int) (int, int) { return lane % 4, lane >> 2 })
	eachPoint(t, "C f64", MMAF64C(), 32, 2, func(lane, i int) (int, int) { return lane >> 2, lane%4*2 + i })
	// ldmatrix and stmatrix: thread t has row t/4, bytes 4·(t%4) to +3.
	for _, bits := range []int{4, 8, 16, 32} {
		eachPoint(t, "ldmatrix", LdMatrix(bits), 32, 32/bits, func(lane, i int) (int, int) { return lane / 4, lane%4*(32/bits) + i })
	}
	eachPoint(t, "ldmatrix.trans", LdMatrixTrans(), 32, 2, func(lane, i int) (int, int) { return lane%4*2 + i, lane / 4 })
	// ldmatrix.x4 in the usual order fills the A operand.
	assert.True(t, ColumnLocal(2, 2).must(LdMatrix(16)).Equal(MMAA(16)))
	// wgmma m64nNk16 D: row 16·warp + lane/4 + 8·(i/2 % 2), column 2·(lane%4) + i%2 + 8·(i/4).
	for n := 8; n <= 256; n += 8 {
		eachPoint(t, fmt.Sprint("wgmma D ", n), WGMMAD(n), 128, n/2, func(th, i int) (int, int) {
			return 16*(th/32) + th%32/4 + 8*(i/2%2), th%4*2 + i%2 + i/4*8
		})
	}
	eachPoint(t, "wgmma A", WGMMAA(16), 128, 8, func(th, i int) (int, int) {
		return 16*(th/32) + th%32/4 + 8*(i/2%2), th%4*2 + i%2 + i/4*8
	})
	for name := range fragments {
		for _, args := range []string{"", "16", "8", "3", "1,2"} {
			l, err := Parse(name + "(" + args + ")")
			if err == nil {
				assert.True(t, l.Bijective(), name)
			}
		}
	}
}

// Worked values of Tilus' tests and documentation.
func TestTilusValues(t *testing.T) {
	l := func(s string) Layout { return Must(Parse(s)) }
	eq := func(a, b string) { t.Helper(); assert.True(t, l(a).Equal(l(b)), "%s = %s, not %s", a, l(a), l(b)) }
	a := l("spatial(2,4)*local(2,1)")
	assert.Equal(t, []int{4, 4}, a.Shape())
	th, lo, _ := a.Digits()
	assert.Equal(t, []Digit{{4, 1, 1}, {2, 0, 2}}, th)
	assert.Equal(t, []Digit{{2, 0, 1}}, lo)
	th, lo, _ = l("local(3,4).spatial(2,3)").Digits()
	assert.Equal(t, []Digit{{3, 1, 1}, {2, 0, 1}}, th)
	assert.Equal(t, []Digit{{4, 1, 3}, {3, 0, 2}}, lo)
	th, lo, _ = l("spatial(2,3).local(3,4)").Digits()
	assert.Equal(t, []Digit{{3, 1, 4}, {2, 0, 3}}, th)
	assert.Equal(t, []Digit{{4, 1, 1}, {3, 0, 1}}, lo)
	eq("spatial(3,4).reduce(0)", "replicate(3).spatial(4)")
	for th := range 12 {
		assert.Equal(t, []int{th % 4}, l("spatial(3,4).reduce(0)").At(th, 0)) // [0,4,8]:0 …
	}
	q := func(a, b, want string) {
		t.Helper()
		got, err := l(a).DivideRight(l(b))
		require.NoError(t, err)
		assert.True(t, got.Equal(l(want)), "%s", got)
	}
	q("spatial(2,4).local(2,1)", "spatial(1,2).local(2,1)", "spatial(2,2)")
	q("spatial(6)", "spatial(3)", "spatial(2)")
	q("spatial(6)", "spatial(2)", "spatial(3)")
	got, err := l("spatial(2,12).local(2,3)").DivideLeft(l("spatial(2,1).local(2,1)"))
	require.NoError(t, err)
	assert.True(t, got.Equal(l("spatial(1,12).local(1,3)")), "%s", got)
	_, err = l("spatial(6)").DivideRight(l("spatial(4)"))
	assert.ErrorContains(t, err, "axis thread has 6 points, not a multiple of 4")
	_, err = l("spatial(3).spatial(4)").DivideRight(l("spatial(2).local(2)"))
	assert.Error(t, err)

	r := l("spatial(2,4).local(3,2).spatial(6,8)")
	assert.Equal(t, []int{36, 64}, r.Shape())
	s := Must(r.Reshape(2, 3, 6, 4, 2, 8))
	th, lo, _ = s.Digits()
	assert.Equal(t, []Digit{{8, 5, 1}, {6, 2, 1}, {4, 3, 1}, {2, 0, 1}}, th)
	assert.Equal(t, []Digit{{2, 4, 1}, {3, 1, 1}}, lo)
	assert.Equal(t, r, Must(s.Reshape(36, 64)))

	// shared_reshape: (3,4):(1,3) over 12 is column-major 3×4, and cannot become 4×3.
	c := Must(ColumnMajor(3, 4).Reshape(12))
	assert.True(t, Must(c.Reshape(3, 4)).Equal(ColumnMajor(3, 4)))
	_, err = c.Reshape(4, 3)
	assert.EqualError(t, err, "reshape: (12) flattened factors as 3×4 here and has no boundary at 3")
}

// Examples of CuTe's layout algebra document, (shape):(stride), mode 0 the most minor.
func TestCuTe(t *testing.T) {
	cute := func(n int, shape, stride []int) Layout { return Must(FromStrides("i", n, shape, stride)) }
	// A = (6,2):(8,2), B = (4,3):(3,1): A∘B = ((2,2),3):((24,2),8).
	a := cute(48, []int{6, 2}, []int{8, 2})
	b := cute(12, []int{4, 3}, []int{3, 1})
	r := Must(Compose(b, a))
	assert.True(t, r.Equal(cute(48, []int{2, 2, 3}, []int{24, 2, 8})), "%s", r)
	// 20:2 ∘ (5,4):(4,1) = (5,4):(8,2).
	assert.True(t, Must(Compose(cute(20, []int{5, 4}, []int{4, 1}), cute(40, []int{20}, []int{2}))).Equal(cute(40, []int{5, 4}, []int{8, 2})))
	// (10,2):(16,4) ∘ (5,4):(1,5) = (5,(2,2)):(16,(80,4)).
	assert.True(t, Must(Compose(cute(20, []int{5, 4}, []int{1, 5}), cute(160, []int{10, 2}, []int{16, 4}))).
		Equal(cute(160, []int{5, 2, 2}, []int{16, 80, 4})))
	// Coalesce: (2,(1,6)):(1,(6,2)) = 12:1.
	assert.True(t, cute(12, []int{2, 1, 6}, []int{1, 6, 2}).Equal(cute(12, []int{12}, []int{1})))
	// Complements.
	comp := func(n int, shape, stride, cs, cst []int) {
		t.Helper()
		got := cute(n, shape, stride).Complement()
		want := Must(FromStrides(RestAxis, n, cs, cst))
		assert.True(t, got.Equal(want), "%s, not %s", got, want)
	}
	comp(24, []int{4}, []int{1}, []int{6}, []int{4})
	comp(24, []int{6}, []int{4}, []int{4}, []int{1})
	comp(24, []int{4, 6}, []int{1, 4}, nil, nil)
	comp(24, []int{4}, []int{2}, []int{2, 3}, []int{1, 8})
	comp(24, []int{2, 4}, []int{1, 6}, []int{3}, []int{2})
	comp(24, []int{2, 2}, []int{1, 6}, []int{3, 2}, []int{2, 12})
	// logical_divide((4,2,3):(2,1,8), 4:2) = ((2,2),(2,3)):((4,1),(2,8)).
	d := Must(LogicalDivide(cute(24, []int{4, 2, 3}, []int{2, 1, 8}), Must(FromStrides("tile", 24, []int{4}, []int{2}))))
	for i := range 4 {
		for j := range 6 {
			assert.Equal(t, []int{i%2*4 + i/2 + j%2*2 + j/2*8}, d.Apply(i, j))
		}
	}
	// The divisibility condition.
	_, err := Compose(cute(12, []int{4, 3}, []int{3, 1}), cute(12, []int{3, 4}, []int{4, 1}))
	assert.NoError(t, err)
	_, err = Compose(cute(12, []int{3, 4}, []int{4, 1}), cute(12, []int{3, 4}, []int{4, 1}))
	assert.EqualError(t, err, "compose: dim 0 factors as 3×4 here and 4×3 there")
	for _, bad := range [][2][]int{{{2, 2}, {1, 1}}, {{4, 2}, {1, 5}}, {{5}, {1}}} {
		_, err := FromStrides("i", 12, bad[0], bad[1])
		assert.Error(t, err, bad)
	}
}

func TestSwizzles(t *testing.T) {
	for _, s := range []Swizzle{NoSwizzle, Swizzle32B, Swizzle64B, Swizzle128B, {2, 0, 3}, {1, 1, 2}} {
		l := Must(s.Layout(2048))
		for o := range 2048 {
			require.Equal(t, []int{s.Apply(o)}, l.Apply(o))
			require.Equal(t, o, s.Apply(s.Apply(o)))
		}
	}
	// 128 bytes: 16-byte chunk c of row r of 128 bytes sits at chunk c ^ (r % 8).
	for r := range 16 {
		for c := range 8 {
			assert.Equal(t, r*128+(c^r%8)*16+3, Swizzle128B.Apply(r*128+c*16+3))
		}
	}
	sw := Must(Parse("row_major(8,64).swizzle(128,16)"))
	inv := Must(sw.Offset())
	for r := range 8 {
		for c := range 64 {
			assert.Equal(t, []int{r*64 + (c/8^r)*8 + c%8}, inv.Apply(r, c))
		}
	}
	// Rows of 64 f16 read by columns of 16-byte chunks: the plain layout has 8-way conflicts, the swizzled one none.
	reg := Must(Parse("spatial(1,4).spatial(8,1).local(1,8)"))
	plain, err := BankConflicts(reg, Must(Parse("row_major(1,1).row_major(8,32)")), 16)
	require.NoError(t, err)
	assert.Equal(t, 8, plain.Vector)
	col := Must(Parse("local(1,8).spatial(32,1).local(1,8)"))
	bad, err := BankConflicts(col, RowMajor(32, 64), 16)
	require.NoError(t, err)
	assert.Equal(t, Access{Vector: 8, VectorBits: 128, Accesses: 8, Ideal: 32, Wavefronts: 256}, bad)
	good, err := BankConflicts(col, Must(Parse("row_major(32,64).swizzle(128,16)")), 16)
	require.NoError(t, err)
	assert.Equal(t, 0, good.Conflicts())
	for _, s := range []string{"row_major(4,4).swizzle(128,16)", "local(64).swizzle(128,16)", "row_major(64,64).swizzle(100,16)", "row_major(64,64).swizzle(128,12)", "row_major(64,64).swizzle(128)"} {
		_, err := Parse(s)
		assert.Error(t, err, s)
	}
}
