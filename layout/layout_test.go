package layout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMMAAccumulator(t *testing.T) {
	c := Local(2, 1).Spatial(8, 4).Local(1, 2)
	assert.Equal(t, []int{16, 8}, c.Shape())
	assert.Equal(t, 32, c.Threads())
	assert.Equal(t, 4, c.Locals())
	tab := c.Table()
	assert.Equal(t, [][]int{{0, 0}, {0, 1}, {8, 0}, {8, 1}}, tab[0])
	assert.Equal(t, [][]int{{7, 6}, {7, 7}, {15, 6}, {15, 7}}, tab[31])
	th, lo, ok := c.Digits()
	require.True(t, ok)
	assert.Equal(t, []Digit{{4, 1, 2}, {8, 0, 1}}, th)
	assert.Equal(t, []Digit{{2, 1, 1}, {2, 0, 8}}, lo)
}

func TestUnitAndPadding(t *testing.T) {
	var u Layout
	assert.Equal(t, 0, u.Rank())
	assert.Equal(t, 1, u.Threads())
	assert.Equal(t, [][][]int{{{}}}, u.Table())
	a := Spatial(4).Local(2, 3)
	assert.Equal(t, []int{2, 12}, a.Shape())
	assert.Equal(t, []int{1, 3}, a.At(1, 3))
	r := Spatial(2).Replicate(3)
	assert.Equal(t, 6, r.Threads())
	assert.Equal(t, []int{1}, r.At(5, 0))
	th, _, ok := r.Digits()
	require.True(t, ok)
	assert.Equal(t, []Digit{{3, -1, 0}, {2, 0, 1}}, th)
}

func TestCanonicalComposite(t *testing.T) {
	assert.True(t, Local(2).Local(3).Equal(Local(3).Local(2)))
	assert.Equal(t, Local(6), Local(3).Local(2))
	assert.False(t, Spatial(2).Local(3).Equal(Local(3).Spatial(2)))
	assert.True(t, Replicate(2).Replicate(3).Equal(Replicate(6)))
}

func BenchmarkConstruct(b *testing.B) {
	for b.Loop() {
		_ = Local(2, 1).Spatial(8, 4).Local(1, 2)
	}
}

func BenchmarkAt(b *testing.B) {
	l := Local(4, 8).Local(2, 1).Spatial(8, 4).Local(1, 2)
	var buf [2]int
	for b.Loop() {
		_ = l.AppendAt(buf[:0], 13, 77)
	}
}
