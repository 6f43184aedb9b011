package ir

import (
	"math"
	"testing"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func arg(name string, t dtype.Type, shape ...int) ArgShape {
	return ArgShape{Name: name, DType: t, Shape: shape}
}

func TestBind(t *testing.T) {
	k, err := Parse(linearText)
	require.NoError(t, err)
	x, w, s := arg("x", dtype.F16, 5, 384), arg("w", dtype.U(4), 384, 1536), arg("s", dtype.F16, 3, 1536)
	eps := ArgShape{Name: "eps", DType: dtype.F32, Scalar: true}
	dims, err := k.Bind([]ArgShape{x, w, s, eps, arg("y", dtype.F16, 5, 1536)}, nil)
	require.NoError(t, err)
	assert.Equal(t, map[string]int64{"M": 5, "K": 384, "N": 1536}, dims)
	grid, err := k.GridSize(dims)
	require.NoError(t, err)
	assert.Equal(t, [3]int64{1, 24, 1}, grid)
	out, err := k.OutShapes(dims)
	require.NoError(t, err)
	assert.Equal(t, [][]int{{5, 1536}}, out)

	// Nothing to do is legal.
	dims, err = k.Bind([]ArgShape{arg("x", dtype.F16, 0, 0)}, nil)
	require.NoError(t, err)
	grid, err = k.GridSize(dims)
	require.NoError(t, err)
	assert.Equal(t, [3]int64{0, 24, 1}, grid)

	for want, c := range map[string]struct {
		args  []ArgShape
		extra map[string]int64
	}{
		`argument "s": dimension 0 is 4, expected K/128 = 3 (K = 384 from argument "x", dimension 1)`:                 {args: []ArgShape{x, w, arg("s", dtype.F16, 4, 1536)}},
		`argument "w": dimension 0 is 256, expected K = 384 (from argument "x", dimension 1)`:                         {args: []ArgShape{arg("w", dtype.U(4), 256, 1536), x}},
		`argument "w": dimension 1 is 8, expected N = 1536 (static)`:                                                  {args: []ArgShape{x, arg("w", dtype.U(4), 384, 8)}},
		`dimension K is 100 (from argument "x", dimension 1), expected a multiple of 128: an extent of "s" is K/128`:  {args: []ArgShape{arg("x", dtype.F16, 5, 100)}},
		`argument "x": dimension 1 is 384, expected K = 256 (given explicitly)`:                                       {[]ArgShape{x}, map[string]int64{"K": 256}},
		`dimension N is given as 8, expected 1536 (static)`:                                                           {[]ArgShape{x}, map[string]int64{"N": 8}},
		`kernel Linear has no dimension Q; it has M, K, N`:                                                            {[]ArgShape{x}, map[string]int64{"Q": 8}},
		`dimension M is -1, expected 0 to 2147483647`:                                                                 {nil, map[string]int64{"M": -1}},
		`dimension M of kernel Linear has no value: it is dimension 0 of "x", dimension 0 of "y"; give it explicitly`: {args: []ArgShape{w}},
		`argument "x": rank is 1 (shape [5]), expected 2: tensor f16[M, K]`:                                           {args: []ArgShape{arg("x", dtype.F16, 5)}},
		`argument "x": elements are f32, expected f16`:                                                                {args: []ArgShape{arg("x", dtype.F32, 5, 5)}},
		`argument "x": a scalar, expected tensor f16[M, K]`:                                                           {args: []ArgShape{{Name: "x", Scalar: true}}},
		`argument "eps": a tensor, expected the scalar f32`:                                                           {args: []ArgShape{arg("eps", dtype.F32)}},
		`kernel Linear has no parameter "q"; it has x, w, s, eps, y`:                                                  {args: []ArgShape{arg("q", dtype.F32)}},
		`argument "x" is given twice`:                                                                                 {args: []ArgShape{x, x}},
		`argument "x": dimension 0 is 2147483648, expected 0 to 2147483647`:                                           {args: []ArgShape{arg("x", dtype.F16, 1<<31, 5)}},
	} {
		_, err := k.Bind(c.args, c.extra)
		assert.EqualError(t, err, want)
	}

	k.Dims[1].Div = 1
	_, err = k.Bind([]ArgShape{arg("x", dtype.F16, 5, 400)}, nil)
	assert.EqualError(t, err, `argument "s": dimension 0: K/128 is not exact: 400 is not a multiple of 128 (K = 400 from argument "x", dimension 1)`)
}

func TestSpecialize(t *testing.T) {
	k, err := Parse(linearText)
	require.NoError(t, err)
	c, err := k.Specialize(map[string]int64{"K": 256})
	require.NoError(t, err)
	assert.Equal(t, int64(256), c.Dim("K").Static)
	assert.Equal(t, int64(-1), k.Dim("K").Static)
	_, err = k.Specialize(map[string]int64{"N": 2})
	assert.EqualError(t, err, `dimension N is given as 2, expected 1536 (static)`)
}

func TestExprArithmetic(t *testing.T) {
	eval := func(text string, a, b int64) (int64, error) {
		e, err := ParseExpr(text)
		require.NoError(t, err)
		return e.Eval(map[string]int64{"A": a, "B": b})
	}
	for _, c := range []struct {
		text       string
		a, b, want int64
	}{
		{"A/B", -7, 2, -4}, {"A%B", -7, 2, 1}, {"ceil(A, B)", -7, 2, -3}, {"ceil(A, B)", math.MaxInt64, 2, 1 << 62}, {"A - B", 0, math.MaxInt64, -math.MaxInt64},
		{"A*B", math.MinInt64, 1, math.MinInt64}, {"A + B", -3, 3, 0}, {"A - B", 5, 0, 5}, {"A + B", 5, 0, 5},
	} {
		n, err := eval(c.text, c.a, c.b)
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, n, c.text)
	}
	for _, c := range []struct {
		text string
		a, b int64
	}{
		{"A + B", math.MaxInt64, 1}, {"A - B", math.MinInt64, 1}, {"A*B", 1 << 40, 1 << 40}, {"A*B", -1, math.MinInt64}, {"A*B", math.MinInt64, -1}, {"A/B", 1, 0}, {"A/B", 1, -1},
	} {
		_, err := eval(c.text, c.a, c.b)
		assert.Error(t, err, c.text)
	}
}
