package runtime

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Every width, on shapes that end inside a tile, comes back as it was.
func TestPackRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	l := layout.Spatial(1, 4).ColumnLocal(4, 2).ColumnSpatial(4, 8).Local(2, 1)
	for bits := 1; bits <= 40; bits++ {
		p := passes.PackOf(&l, dtype.U(bits), "f16", 32, 64)
		for _, shape := range [][2]int{{32, 64}, {64, 128}, {33, 70}, {5, 3}} {
			x := tensor.New(dtype.U(bits), shape[0], shape[1])
			for i := range x.Len() {
				x.SetCode(i, rnd.Uint64()&(1<<uint(bits)-1))
			}
			data, err := Pack(x, p)
			require.NoError(t, err)
			back, err := Unpack(data, p, x.DType, shape[0], shape[1])
			require.NoError(t, err)
			require.Equal(t, x.Data, back.Data, "%d bits, %v", bits, shape)
		}
	}
}
