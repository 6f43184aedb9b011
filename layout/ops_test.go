package layout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplitAxis(t *testing.T) {
	l := Must(Parse("warps(2,2).local(2,1).spatial(8,4).local(1,2)"))
	s := Must(l.SplitAxis(ThreadAxis, 32, "lane", "warp"))
	assert.Equal(t, []string{"lane", "warp", "local"}, s.Axes())
	for th := range 128 {
		for lo := range 4 {
			assert.Equal(t, l.At(th, lo), s.Apply(th%32, th/32, lo))
		}
	}
	// A composite run is cut wherever the division is exact.
	s = Must(Spatial(12).SplitAxis(ThreadAxis, 3, "a", "b"))
	assert.Equal(t, []int{7}, s.Apply(1, 2))
	_, err := Must(Parse("spatial(3).spatial(4).permute(0)")).SplitAxis(ThreadAxis, 5, "a", "b")
	assert.ErrorContains(t, err, "12 points, not a multiple of 5")
	_, err = ColumnSpatial(3, 4).SplitAxis(ThreadAxis, 4, "a", "b")
	assert.EqualError(t, err, "split: axis thread factors as 4×3 here and has no boundary at 4")
	_, err = Local(4).SplitAxis("lane", 2, "a", "b")
	assert.ErrorContains(t, err, "no axis lane")
}

func TestSliceAndDims(t *testing.T) {
	l := Must(Parse("local(2,1).spatial(8,4).local(1,2)"))
	s := Must(l.Slice(0)) // row 0: four threads, two locals
	assert.True(t, s.Equal(Spatial(4).Local(2)), "%s", s)
	s = Must(Must(Parse("row_major(4,6,8)")).Slice(1))
	assert.True(t, s.Equal(RowMajor(4, 8)))
	_, err := Must(Parse("row_major(8,64).swizzle(128,16)")).Slice(0)
	assert.EqualError(t, err, "slice: digit 6 of axis offset moves along dim 0, which is sliced, and dim 1, which stays")
	assert.Equal(t, []int{1, 16, 1, 8, 1}, Must(l.ExpandDims(0, 2, 4)).Shape())
	assert.Equal(t, l, Must(Must(l.ExpandDims(0, 2, 4)).Squeeze(0, 2, 4)))
	assert.True(t, Must(l.FlattenDims(0, 1)).Equal(l.Flatten()))
	for _, f := range []func() (Layout, error){
		func() (Layout, error) { return l.Squeeze(0) },
		func() (Layout, error) { return l.Permute(0) },
		func() (Layout, error) { return l.Permute(0, 0) },
		func() (Layout, error) { return l.Permute(0, 2) },
		func() (Layout, error) { return l.Reshape(5, 5) },
		func() (Layout, error) { return l.Reshape(-128) },
		func() (Layout, error) { return l.ExpandDims(4) },
		func() (Layout, error) { return l.FlattenDims(1, 0) },
		func() (Layout, error) { return l.Reduce(false, 2) },
		func() (Layout, error) { return l.Bits(4) },
		func() (Layout, error) { return l.Offset() },
		func() (Layout, error) { return LogicalDivide(l, Replicate(2)) },
		func() (Layout, error) { return Compose(l, RowMajor(128)) },
		func() (Layout, error) { return Local(3, 3).Mul(RowMajor(2)) },
	} {
		_, err := f()
		assert.Error(t, err)
	}
}

// A view of memory as another width is a reshape of its bits.
func TestBits(t *testing.T) {
	u4 := Must(RowMajor(16, 8).Bits(4))
	u8 := Must(RowMajor(16, 4).Bits(8))
	require.Equal(t, []int{16, 8, 4}, u4.Shape())
	assert.True(t, Must(u4.Reshape(16, 4, 8)).Equal(u8))
}

func BenchmarkClassify(b *testing.B) {
	x, y := Must(Parse("warps(2,2).local(4,8).mma_c()")), Must(Parse("local(1,8).spatial(16,8).local(8,2)"))
	for b.Loop() {
		_, _ = Classify(x, y)
	}
}

func BenchmarkOptimalShared(b *testing.B) {
	x, y := Must(Parse("warps(2,2).local(4,8).mma_c()")), Must(Parse("local(1,8).spatial(16,8).local(8,2)"))
	for b.Loop() {
		_, _ = OptimalShared(x, y, 16)
	}
}

func BenchmarkBankConflicts(b *testing.B) {
	x, y := Must(Parse("warps(2,2).local(4,8).mma_c()")), RowMajor(128, 128)
	for b.Loop() {
		_, _ = BankConflicts(x, y, 16)
	}
}
