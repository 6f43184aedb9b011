package tensor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
)

// Signed types: the error of every weight is at most half a step of the codes, plus what rounding the scale costs.
func TestQuantizeErrorIsBounded(t *testing.T) {
	w, err := Normal(dtype.F32, 3, 0.05, 128, 24)
	require.NoError(t, err)
	for _, c := range []struct {
		to  dtype.Type
		bar float64 // relative Frobenius error on normal data, from the width of the codes
	}{
		{dtype.I(2), 0.8}, {dtype.I(3), 0.3}, {dtype.I(4), 0.13}, {dtype.I(6), 0.04}, {dtype.I8, 0.01},
		{dtype.F4E2M1, 0.16}, {dtype.F6E3M2, 0.06}, {dtype.F8E4M3FN, 0.04},
	} {
		for _, group := range []int{32, 64, 128} {
			q, s, err := Quantize(w, c.to, group, dtype.F16)
			require.NoError(t, err)
			assert.Equal(t, []int{128 / group, 24}, s.Shape)
			back, err := Dequantize(q, s, group)
			require.NoError(t, err)
			d, err := Compare(back, w)
			require.NoError(t, err)
			assert.True(t, d.Within(c.bar), "%s by %d: %s", c.to, group, d)
		}
	}
}

func TestQuantizeUnsigned(t *testing.T) {
	w := FromFloats(dtype.F32, []int{4, 2}, []float64{1, -1, 2, -8, -5, -2, 3, -4})
	q, s, err := Quantize(w, dtype.U(2), 4, dtype.F32)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 0}, s.Floats(), "the maximum over the largest code; a column without positives has none")
	assert.Equal(t, []int64{1, 0, 2, 0, 0, 0, 3, 0}, q.Ints())
	for _, n := range []int{1, 4, 5, 8, 64} {
		q, s, err := Quantize(w, dtype.U(n), 2, dtype.F64)
		require.NoError(t, err)
		back, err := Dequantize(q, s, 2)
		require.NoError(t, err)
		assert.Equal(t, 2.0, back.Floats()[2], "the largest of a group is exact in u%d", n)
	}
}

func TestQuantizeEdges(t *testing.T) {
	w := FromFloats(dtype.F32, []int{2, 1}, []float64{0, 0})
	q, s, err := Quantize(w, dtype.I(4), 2, dtype.F16)
	require.NoError(t, err)
	assert.Equal(t, append(q.Ints(), s.Ints()...), []int64{0, 0, 0})

	q, _, err = Quantize(FromFloats(dtype.F32, []int{2, 1}, []float64{-3, 3}), dtype.I(1), 2, dtype.F16)
	require.NoError(t, err)
	assert.Equal(t, []int64{-1, 0}, q.Ints())

	tiny := FromFloats(dtype.F64, []int{1, 1}, []float64{1e-30})
	q, s, err = Quantize(tiny, dtype.I(4), 1, dtype.F16)
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0}, append(q.Floats(), s.Floats()...))

	for _, c := range []struct {
		w     *Tensor
		to    dtype.Type
		group int
		scale dtype.Type
		want  string
	}{
		{New(dtype.F32, 6, 2), dtype.I(4), 4, dtype.F16, "does not divide K = 6"},
		{New(dtype.F32, 6, 2), dtype.I(4), 0, dtype.F16, "at least one row"},
		{New(dtype.I8, 6, 2), dtype.I(4), 2, dtype.F16, "expected a float matrix"},
		{New(dtype.F32, 6), dtype.I(4), 2, dtype.F16, "expected a float matrix"},
		{New(dtype.F32, 6, 2), dtype.F8E8M0, 2, dtype.F16, "cannot hold weights"},
		{New(dtype.F32, 6, 2), dtype.I(4), 2, dtype.I8, "the scale must be a float"},
		{FromFloats(dtype.F32, []int{1, 2}, []float64{1, math.NaN()}), dtype.I(4), 1, dtype.F16, "the weight at [0, 1] is NaN"},
		{FromFloats(dtype.F32, []int{1, 2}, []float64{1, math.Inf(-1)}), dtype.U(4), 1, dtype.F16, "the weight at [0, 1] is -Inf"},
		{FromFloats(dtype.F32, []int{1, 1}, []float64{1e9}), dtype.I(4), 1, dtype.F16, "overflows f16"},
	} {
		_, _, err := Quantize(c.w, c.to, c.group, c.scale)
		assert.ErrorContains(t, err, c.want)
	}
	_, err = Dequantize(New(dtype.I8, 4, 2), New(dtype.F16, 4, 2), 2)
	assert.ErrorContains(t, err, "do not agree")
}

func TestCompare(t *testing.T) {
	f := func(x ...float64) *Tensor { return FromFloats(dtype.F64, []int{len(x)}, x) }
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want *Tensor
		rel, abs  float64
		nans      int
	}{
		{f(1, 2), f(1, 2), 0, 0, 0},
		{f(), f(), 0, 0, 0},
		{f(0, 0), f(0, 0), 0, 0, 0},
		{f(3, 4.5), f(3, 4), 0.1, 0.5, 0},
		{f(1, 0), f(0, 0), inf, 1, 0},
		{f(nan, 1), f(1, 1), inf, inf, 1},
		{f(1, nan), f(1, nan), inf, inf, 1},
		{f(inf, 1), f(inf, 1), 0, 0, 0},
		{f(inf, 1), f(-inf, 1), inf, inf, 0},
		{f(1, 1), f(inf, 1), inf, inf, 0},
		{f(2e300, 0), f(1e300, 0), 1, 1e300, 0},
		{f(2e-300, 0), f(1e-300, 0), 1, 1e-300, 0},
		{f(1.5e308, 1.5e308), f(-1.5e308, 1.5e308), inf, inf, 0},
	} {
		d, err := Compare(c.got, c.want)
		require.NoError(t, err)
		name := [2][]float64{c.got.Floats(), c.want.Floats()}
		if math.IsInf(c.rel, 1) {
			assert.Equal(t, c.rel, d.RelFro, name)
			assert.False(t, d.Within(1e300), name)
		} else {
			assert.InDelta(t, c.rel, d.RelFro, 1e-12, name)
		}
		assert.Equal(t, c.abs, d.MaxAbs, name)
		assert.Equal(t, c.nans, d.NaNs, name)
		assert.NotEmpty(t, d.String())
	}
	_, err := Compare(New(dtype.F32, 2, 3), New(dtype.F32, 3, 2))
	assert.ErrorContains(t, err, "the shapes differ: the result is [2, 3], the oracle is [3, 2]")
}

func TestCompareFindsThePlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anyTensor(t, dtype.F32)
		if x.Len() == 0 {
			return
		}
		y := x.Convert(dtype.F64)
		i := rapid.IntRange(0, x.Len()-1).Draw(t, "i")
		v := y.Floats()
		v[i] += 10
		d, err := Compare(FromFloats(dtype.F64, y.Shape, v), x)
		require.NoError(t, err)
		assert.Equal(t, x.Index(i), d.At)
		assert.Equal(t, v[i], d.Got)
	})
}

// Two runs of one program may both compute a NaN. One that only one has is a difference, and so is what neither has written.
func TestMatch(t *testing.T) {
	for _, dt := range []dtype.Type{dtype.F16, dtype.BF16, dtype.F32, dtype.F64, dtype.F8E5M2} {
		v := []float64{1, math.NaN(), 3}
		x, y := FromFloats(dt, []int{3}, v), FromFloats(dtype.F64, []int{3}, v)
		d, err := Match(x, y)
		require.NoError(t, err)
		assert.True(t, d.Within(0))
		assert.Equal(t, 1, d.Both)
		assert.Equal(t, "equal, 1 of 3 elements NaN on both sides", d.String())
		back, err := Match(y, x)
		require.NoError(t, err)
		assert.Equal(t, dt.Bits() >= 16, back.Within(0), dt)
		d, err = Compare(x, y)
		require.NoError(t, err)
		assert.False(t, d.Within(1))
		y.SetCode(1, ^uint64(0)) // poison
		d, err = Match(x, y)
		require.NoError(t, err)
		assert.False(t, d.Within(1))
		d, err = Match(FromFloats(dt, []int{3}, []float64{1, 2, math.NaN()}), FromFloats(dtype.F64, []int{3}, v))
		require.NoError(t, err)
		assert.Equal(t, 2, d.NaNs)
	}
}
