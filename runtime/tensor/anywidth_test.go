package tensor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
)

// Tensors of every type and any length, the last byte partly filled, come back from .npy files (packed and not) and from
// safetensors as they went in; packed files take ⌈n·bits/8⌉ bytes behind their header.
func TestAnyWidthAnyLength(t *testing.T) {
	dir := t.TempDir()
	types := dtype.All()
	rapid.Check(t, func(t *rapid.T) {
		dt := rapid.SampledFrom(types).Draw(t, "type")
		shape := rapid.SampledFrom([][]int{{1}, {2}, {3}, {5}, {7}, {9}, {31}, {33}, {64}, {65}, {127}, {3, 5}, {1, 1, 7}, {0}, {4, 0}}).Draw(t, "shape")
		x, err := Make(dt, shape...)
		require.NoError(t, err)
		for i := range x.Len() {
			c := rapid.Uint64().Draw(t, "code")
			switch {
			case dt.IsBool():
				c &= 1
			case dt == dtype.TF32:
				c &^= 1<<13 - 1
			case dt.IsFloat() && dt.Float(c) != dt.Float(c): // of NaNs only the canonical one is kept
				c = 0
			}
			x.SetCode(i, c)
		}
		for _, packed := range []bool{false, true} {
			path := filepath.Join(dir, "x.npy")
			require.NoError(t, SaveNpy(path, x, packed))
			f, err := LoadNpy(path)
			require.NoError(t, err)
			if packed {
				require.Len(t, f.Data, (x.Len()*dt.Bits()+7)/8)
			}
			y, err := f.AsArgument(dt, packed, shape)
			require.NoError(t, err)
			require.Equal(t, x.Data, y.Data, "%s packed %t", x, packed)
			require.Equal(t, x.Shape, y.Shape)
		}
		path := filepath.Join(dir, "x.safetensors")
		require.NoError(t, SaveSafetensors(path, map[string]*Tensor{"x": x}, nil))
		s, err := OpenSafetensors(path)
		require.NoError(t, err)
		y, err := s.Tensor("x")
		require.NoError(t, err)
		require.NoError(t, s.Close())
		require.Equal(t, dt, y.DType)
		require.Equal(t, x.Data, y.Data, "%s", x)
		require.Equal(t, x.Shape, y.Shape)
		require.NoError(t, os.Remove(path))
	})
}
