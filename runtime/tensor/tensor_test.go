package tensor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
)

func anyType(t *rapid.T) dtype.Type { return rapid.SampledFrom(dtype.All()).Draw(t, "type") }

func anyShape(t *rapid.T) []int {
	return rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
}

func anyTensor(t *rapid.T, dt dtype.Type) *Tensor {
	x, err := Random(dt, rapid.Uint64().Draw(t, "seed"), anyShape(t)...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNewIsPackedAndZero(t *testing.T) {
	x := New(dtype.U(3), 3, 5)
	assert.Equal(t, 15, x.Len())
	assert.Len(t, x.Data, 6) // 45 bits
	assert.Equal(t, "u3[3, 5]", x.String())
	x.SetCode(14, 5)
	assert.Equal(t, uint64(5), x.Code(14))
	assert.Equal(t, []int{2, 4}, x.Index(14))
	assert.Equal(t, 1, New(dtype.F32).Len(), "no dimensions is a scalar")
	assert.Equal(t, 0, New(dtype.F32, 4, 0).Len())
}

func TestSizeRefusesWhatOverflows(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  string
	}{
		{[]int{-1}, "negative"},
		{[]int{1 << 32, 1 << 32}, "overflows"},
		{[]int{1 << 62, 2}, "overflows"},
		{[]int{1 << 60, 1}, "overflows"}, // fits as a count, not in bits
		{[]int{0, 1 << 40, 1 << 40}, "overflows"},
	} {
		_, err := Make(dtype.F32, c.shape...)
		assert.ErrorContains(t, err, c.want, c.shape)
	}
	_, err := Make(dtype.Invalid, 1)
	assert.ErrorContains(t, err, "invalid")
	n, err := Size(dtype.F32, []int{1 << 40, 0})
	assert.NoError(t, err)
	assert.Zero(t, n)
}

func TestFloatsAndInts(t *testing.T) {
	x := FromFloats(dtype.F4E2M1, []int{4}, []float64{0.5, -6, 2.4, 100})
	assert.Equal(t, []float64{0.5, -6, 2, 6}, x.Floats())
	y := FromInts(dtype.I(5), []int{3}, []int64{-16, 15, 16})
	assert.Equal(t, []int64{-16, 15, -16}, y.Ints())
	assert.Panics(t, func() { FromFloats(dtype.F32, []int{3}, []float64{1}) })
	_, err := y.Reshape(2, 2)
	assert.ErrorContains(t, err, "3 elements")
	r, err := y.Reshape(3, 1)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 1}, r.Shape)
}

// Unpacking to NumPy's nearest type keeps every value, and As brings every code back.
func TestUnpackedRoundTrip(t *testing.T) {
	for _, dt := range dtype.All() {
		if dt.Bits() > 16 {
			continue
		}
		n := 1 << dt.Bits()
		x := New(dt, n)
		for i := range n {
			code := uint64(i)
			if dt.IsBool() {
				code &= 1
			}
			x.SetCode(i, code)
		}
		u := x.Unpacked()
		require.NoError(t, u.Check(), dt)
		back, err := u.As(dt)
		require.NoError(t, err, dt)
		for i := range n {
			a, b := dt.Float(x.Code(i)), dt.Float(back.Code(i))
			if math.IsNaN(a) && math.IsNaN(b) {
				continue
			}
			require.Equal(t, x.Code(i), back.Code(i), "%s code %d", dt, i)
		}
	}
}

func TestAsRefusesToRound(t *testing.T) {
	for _, c := range []struct {
		x    *Tensor
		to   dtype.Type
		want string
	}{
		{FromFloats(dtype.F32, []int{2, 2}, []float64{1, 2, 3, 0.1}), dtype.F16, "at [1, 1] does not exist in f16"},
		{FromInts(dtype.I8, []int{2}, []int64{7, 8}), dtype.I(4), "the value 8 at [1] does not exist in i4 (-8 … 7)"},
		{FromInts(dtype.I8, []int{1}, []int64{-1}), dtype.U(4), "the value -1"},
		{FromInts(dtype.I64, []int{1}, []int64{-1}), dtype.U64, "the value -1"},
		{FromInts(dtype.U64, []int{1}, []int64{-1}), dtype.I64, "18446744073709551615"},
		{FromInts(dtype.I64, []int{1}, []int64{1<<53 + 1}), dtype.F64, "9007199254740993"},
		{FromInts(dtype.U64, []int{1}, []int64{-1}), dtype.F64, "does not exist in f64"},
		{FromInts(dtype.I64, []int{1}, []int64{math.MaxInt64}), dtype.F64, "does not exist in f64"},
		{FromFloats(dtype.F64, []int{1}, []float64{1 << 63}), dtype.I64, "does not exist in i64"},
		{FromFloats(dtype.F64, []int{1}, []float64{math.NaN()}), dtype.F4E2M1, "the value nan"},
		{FromFloats(dtype.F32, []int{1}, []float64{0.5}), dtype.I8, "the value 0.5"},
		{FromFloats(dtype.F32, []int{1}, []float64{2}), dtype.Bool, "0 or 1"},
	} {
		_, err := c.x.As(c.to)
		assert.ErrorContains(t, err, c.want, "%s to %s", c.x, c.to)
	}
	y, err := FromFloats(dtype.F64, []int{2}, []float64{1 << 63, 0}).As(dtype.U64)
	require.NoError(t, err)
	assert.Equal(t, uint64(1<<63), y.Code(0))
	y, err = FromInts(dtype.I64, []int{1}, []int64{1 << 60}).As(dtype.F32)
	require.NoError(t, err)
	assert.Equal(t, []float64{1 << 60}, y.Floats())
}

func TestRandomIsReproducible(t *testing.T) {
	// The known answer of Philox4x32-10 for counter 0 and key 0 (Random123's kat_vectors).
	assert.Equal(t, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox(0, 0))
	a, err := Random(dtype.F32, 7, 100, 100)
	require.NoError(t, err)
	b, _ := Random(dtype.F32, 7, 100, 100)
	c, _ := Random(dtype.F32, 8, 100, 100)
	assert.Equal(t, a.Data, b.Data)
	assert.NotEqual(t, a.Data, c.Data)
	var sum, sq, top float64
	for _, x := range a.Floats() {
		sum += x
		sq += x * x
		top = max(top, math.Abs(x))
	}
	assert.InDelta(t, 0, sum/1e4, 0.04)
	assert.InDelta(t, 1, sq/1e4, 0.05)
	assert.Less(t, top, 4.91)
	for _, dt := range dtype.All() {
		x, err := Random(dt, 1, 33)
		require.NoError(t, err)
		require.NoError(t, x.Check())
		for _, v := range x.Floats() {
			assert.False(t, math.IsNaN(v) || math.IsInf(v, 0), dt)
		}
	}
	u, err := Uniform(dtype.I8, 1, -3, 4, 1000)
	require.NoError(t, err)
	seen := map[int64]bool{}
	for _, v := range u.Ints() {
		seen[v] = true
	}
	assert.Len(t, seen, 7)
}
