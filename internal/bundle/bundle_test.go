package bundle

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// packBy stores a matrix by the words of docs/abi.md and nothing else.
func packBy(p Pack, t *tensor.Tensor) []byte {
	rows, cols := t.Shape[0], t.Shape[1]
	across := (cols + p.Tile[1] - 1) / p.Tile[1]
	tiles := (rows + p.Tile[0] - 1) / p.Tile[0] * across
	out := make([]byte, tiles*p.Threads*p.Words*4)
	at := func(digits [][3]int, n int) (rc [2]int) {
		for _, d := range digits {
			rc[d[1]] += n % d[0] * d[2]
			n /= d[0]
		}
		return rc
	}
	for tile := range tiles {
		for th := range p.Threads {
			for e, pieces := range p.Fields {
				a, b := at(p.Thread, th), at(p.Element, e)
				r, c := a[0]+b[0], a[1]+b[1]
				if r >= p.Tile[0] || c >= p.Tile[1] {
					continue
				}
				r, c = r+tile/across*p.Tile[0], c+tile%across*p.Tile[1]
				if r >= rows || c >= cols {
					continue
				}
				code := t.Code(r*cols + c)
				for _, x := range pieces {
					first, n := 0, p.Vector
					for x[0] >= first+(p.Words-first)/n*n {
						first += (p.Words - first) / n * n
						n /= 2
					}
					w := tile*p.Threads*p.Words + first*p.Threads + ((x[0]-first)/n*p.Threads+th)*n + (x[0]-first)%n
					v := binary.LittleEndian.Uint32(out[4*w:])
					v |= uint32(code&(1<<x[2]-1)) << x[1]
					binary.LittleEndian.PutUint32(out[4*w:], v)
					code >>= x[2]
				}
			}
		}
	}
	return out
}

// The rule of docs/abi.md gives what Kernel.Pack gives.
func TestPackRule(t *testing.T) {
	for _, text := range []string{"spatial(1, 4).column_local(4, 2).column_spatial(4, 8).local(2, 1)", "local(4, 4)", "spatial(8, 4).local(2, 4)",
		"spatial(4, 8).replicate(2).local(2, 2)"} {
		l, err := layout.Parse(text)
		require.NoError(t, err)
		shape := l.Shape()
		for _, elem := range []dtype.Type{dtype.U(4), dtype.U(3), dtype.I8, dtype.F6E3M2, dtype.F16} {
			plan := passes.PackOf(&l, elem, "f16", shape[0], shape[1])
			p := PackOf(plan)
			require.NotEmpty(t, append(p.Thread, p.Element...), text)
			x := tensor.New(elem, 2*shape[0]-1, shape[1]+1)
			for i := range x.Len() {
				x.SetCode(i, rand.Uint64N(1<<elem.Bits()))
			}
			want, err := runtime.Pack(x, plan)
			require.NoError(t, err)
			assert.Equal(t, want, packBy(p, x), "%s of %s", text, elem)
		}
	}
}

func TestManifest(t *testing.T) {
	k, err := ir.Parse(`kernel @k(%0 x: tensor f16[M, K], %1 eps: f16, %2 n: u4) -> (%3 y: tensor f32[M]) dims(M, K = 4) grid(ceil(M, 16), M * 2 + 1) {}`)
	require.NoError(t, err)
	d := Describe(k)
	var pass []string
	for _, p := range d.Params {
		pass = append(pass, p.Pass)
	}
	assert.Equal(t, []string{"ptr", "f16", "u32", "ptr"}, pass)
	m := &Manifest{ABI: Version, Package: "k", Sources: map[string]string{}, Kernels: []Kernel{d}}
	m.Kernels[0].Doc = "a list [1,2] and a [\nbracket"
	back, err := Decode(m.Encode())
	require.NoError(t, err)
	assert.Equal(t, m.Kernels[0].Doc, back.Kernels[0].Doc)
	assert.Equal(t, m.Encode(), back.Encode())
	_, err = Decode([]byte(`{"abi": 3}`))
	assert.ErrorContains(t, err, "version 3")

	// The stack program is the grid.
	for _, n := range []int64{0, 1, 16, 17, 1000} {
		want, err := k.GridSize(map[string]int64{"M": n, "K": 4})
		require.NoError(t, err)
		var stack []int64
		for _, in := range d.Program {
			two := func(f func(a, b int64) int64) {
				k := len(stack)
				stack = append(stack[:k-2], f(stack[k-2], stack[k-1]))
			}
			switch in.Op {
			case "const":
				stack = append(stack, in.N)
			case "dim":
				stack = append(stack, n)
			case "add":
				two(func(a, b int64) int64 { return a + b })
			case "mul":
				two(func(a, b int64) int64 { return a * b })
			case "ceil":
				two(func(a, b int64) int64 { return (a + b - 1) / b })
			default:
				t.Fatal(in.Op)
			}
		}
		assert.Equal(t, want[:2], stack)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"abi": 2, "kernels": [{"name": "k", "codes": [{"target": "cpu", "dims": [{"name": "M", "divisor": 0}], "packs": {"w": {"layout": "local(2)", "tile": [0, 4]}}}]}]}`))
	f.Add([]byte(`{"abi": 2, "kernels": [{"name": "k", "codes": [{"packs": {"w": {"layout": "local(2)", "tile": [1, 4]}}}]}]}`))
	k, err := ir.Parse(`kernel @k(%0 w: tensor u4[M, K]) -> (%1 y: tensor f32[M]) dims(M, K) grid(M) {}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		for _, mk := range m.Kernels {
			for _, c := range mk.Codes {
				_, _ = c.Restore(k)
				c.Fits(map[string]int64{"M": 3})
			}
		}
	})
}

// Code that does not wait must not be launched as if it did, and code that waits must be that of a kernel which says after what.
func TestDependent(t *testing.T) {
	after, err := ir.Parse(`kernel @k(%0 x: tensor f16[M]) -> (%1 y: tensor f16[M]) dims(M) grid(M) after(x) {}`)
	require.NoError(t, err)
	plain := after.Clone()
	plain.After = nil
	for _, c := range []struct {
		k         *ir.Kernel
		dependent bool
		want      []string
	}{{after, true, []string{"x"}}, {after, false, nil}, {plain, false, nil}} {
		k, err := (&Code{Target: "sm_90a", Dependent: c.dependent}).Restore(c.k)
		require.NoError(t, err)
		assert.Equal(t, c.want, k.After)
	}
	assert.Equal(t, []string{"x"}, after.After)
	_, err = (&Code{Target: "sm_90a", Dependent: true}).Restore(plain)
	assert.ErrorContains(t, err, "the code for sm_90a starts before the kernel ahead of it ends, but kernel k does not say after what")
}
