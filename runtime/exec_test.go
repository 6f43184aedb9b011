package runtime

import (
	"testing"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	k, err := ir.Parse(`kernel @k(%0 x: tensor f16[M, K], %1 eps: f16, %2 n: u8) -> (%3 y: tensor f32[M]) dims(M, K = 4) grid(M) {}`)
	require.NoError(t, err)
	x, y := tensor.New(dtype.F16, 3, 4), tensor.New(dtype.F32, 3)
	c, err := Check(k, []Arg{Tensor(x), Float(0.1), Float(3), Tensor(y)})
	require.NoError(t, err)
	assert.Equal(t, []int64{3}, c.Dynamic)
	assert.Equal(t, int64(24+12), c.Bytes)
	assert.Equal(t, int64(3), c.Blocks())
	assert.Equal(t, dtype.F16.Round(0.1), c.Args[1].Float)
	assert.Equal(t, int64(3), c.Args[2].Int)
	_, err = Check(k, []Arg{Tensor(x), Int(1), Int(255), Tensor(y)})
	require.NoError(t, err)

	for want, args := range map[string][]Arg{
		`kernel k takes 4 arguments, found 0`:                                             nil,
		`argument "x" is missing: expected tensor f16[M, K]`:                              {{}, Int(1), Int(1), Tensor(y)},
		`argument "n": 2.5 is not an integer, expected u8`:                                {Tensor(x), Int(1), Float(2.5), Tensor(y)},
		`argument "n": -1 does not fit u8, expected 0 to 255`:                             {Tensor(x), Int(1), Int(-1), Tensor(y)},
		`argument "y": elements are f16, expected f32`:                                    {Tensor(x), Int(1), Int(1), Tensor(tensor.New(dtype.F16, 3))},
		`argument "y": dimension 0 is 2, expected M = 3 (from argument "x", dimension 0)`: {Tensor(x), Int(1), Int(1), Tensor(tensor.New(dtype.F32, 2))},
		`argument "y": a scalar, expected tensor f32[M]`:                                  {Tensor(x), Int(1), Int(1), Int(1)},
		`argument "eps": a tensor, expected the scalar f16`:                               {Tensor(x), Tensor(x), Int(1), Tensor(y)},
		`argument "y": the result shares its memory with argument "x"`:                    {Tensor(x), Int(1), Int(1), Tensor(x)},
		`argument "x": f16[3, 4] needs 24 bytes, but its data has 1`:                      {Tensor(&tensor.Tensor{DType: dtype.F16, Shape: []int{3, 4}, Data: make([]byte, 1)}), Int(1), Int(1), Tensor(y)},
	} {
		_, err := Check(k, args)
		assert.EqualError(t, err, want)
	}
}

func TestArguments(t *testing.T) {
	k, err := ir.Parse(`kernel @k(%0 x: tensor f16[M]) -> (%1 y: tensor f32[M, N]) dims(M, N) grid(M) {}`)
	require.NoError(t, err)
	x := Tensor(tensor.New(dtype.F16, 3))
	args, err := Arguments(k, map[string]Arg{"x": x}, map[string]int64{"N": 5})
	require.NoError(t, err)
	assert.Equal(t, []int{3, 5}, args[1].Tensor.Shape)
	_, err = Arguments(k, map[string]Arg{"x": x}, nil)
	assert.ErrorContains(t, err, "dimension N of kernel k has no value")
	_, err = Arguments(k, nil, nil)
	assert.EqualError(t, err, `argument "x" is missing: expected tensor f16[M]`)
	_, err = Arguments(k, map[string]Arg{"x": x, "z": x}, nil)
	assert.EqualError(t, err, `kernel k has no parameter "z"`)
}
