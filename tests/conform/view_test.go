package conform

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/tensor"
)

const viewText = `package views

kernel View[S type, T type, A int, B int](x S[M, A]) (y T[M, B]) {
	grid m in M by 4
	y[m, :] = view[T](x[m, :])
}
`

// TestView holds the bits of a row under a view against the bits of the row itself, for every kind of ratio of widths, on
// every executor.
func TestView(t *testing.T) {
	_, noCC := cpu.Find()
	for seed, c := range []struct {
		from, to string
		n        int
	}{
		{"u8", "u4", 32}, {"u4", "u8", 64}, {"u8", "u1", 16}, {"u1", "u32", 128}, {"u32", "u3", 24}, {"u3", "u8", 64}, {"i5", "u7", 14},
		{"f32", "u16", 32}, {"u16", "bf16", 8}, {"u32", "f16", 12}, {"i4", "f32", 64}, {"u8", "f6e3m2", 96}, {"f6e3m2", "u8", 32}, {"u64", "i8", 6},
		{"u6", "u64", 64}, {"f8e4m3fn", "f4e2m1", 20}, {"i7", "i7", 9}, {"u12", "u16", 28},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			t.Parallel()
			s, err := dtype.Parse(c.from)
			require.NoError(t, err)
			d, err := dtype.Parse(c.to)
			require.NoError(t, err)
			m, bits := 5, c.n*s.Bits()
			n := bits / d.Bits()
			x := tensor.New(s, m, c.n)
			rnd := rand.New(rand.NewSource(int64(seed)))
			for i := range x.Len() {
				x.SetCode(i, rnd.Uint64()>>(64-s.Bits()))
			}
			got := executors(t, viewText, "View", map[string]string{"S": c.from, "T": c.to, "A": fmt.Sprint(c.n), "B": fmt.Sprint(n)},
				map[string]runtime.Arg{"x": {Tensor: x}}, map[string]int64{"M": int64(m)}, noCC == nil)["y"]
			for r := range m {
				for b := range bits {
					if isNaN(s, x.Code(r*c.n+b/s.Bits())) || isNaN(d, got.Code(r*n+b/d.Bits())) {
						continue // a NaN stays one, its payload does not
					}
					want := x.Code(r*c.n+b/s.Bits()) >> (b % s.Bits()) & 1
					have := got.Code(r*n+b/d.Bits()) >> (b % d.Bits()) & 1
					require.Equal(t, want, have, "row %d, bit %d", r, b)
				}
			}
		})
	}
}

func isNaN(t dtype.Type, code uint64) bool { return t.IsFloat() && t.Float(code) != t.Float(code) }
