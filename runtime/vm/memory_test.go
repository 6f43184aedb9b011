package vm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func ints(n []int) string { return strings.Join(strings.Fields(fmt.Sprint(n)), ", ") }

// window is a random access: a tensor, a tile of some of its axes in any order, and offsets that may lie outside.
type window struct {
	dt                    dtype.Type
	shape, tile, dims, at []int
}

func drawWindow(t *rapid.T) (w window) {
	w.dt = rapid.SampledFrom(dtype.All()).Draw(t, "type")
	rank := rapid.IntRange(1, 3).Draw(t, "rank")
	var order []int
	for d := range rank {
		w.shape = append(w.shape, rapid.IntRange(0, 7).Draw(t, "extent"))
		w.at = append(w.at, rapid.IntRange(-4, 8).Draw(t, "offset"))
		order = append(order, d)
	}
	order = rapid.Permutation(order).Draw(t, "order")
	w.dims = order[:rapid.IntRange(0, rank).Draw(t, "tile rank")]
	for range w.dims {
		w.tile = append(w.tile, rapid.IntRange(1, 6).Draw(t, "tile extent"))
	}
	return w
}

// each calls f with the row-major index in the tile and in the tensor (-1 outside).
func (w *window) each(f func(tile, at int)) {
	n := 1
	for _, s := range w.tile {
		n *= s
	}
	for i := range n {
		pos := append([]int{}, w.at...)
		rest := i
		for a := len(w.tile) - 1; a >= 0; a-- {
			pos[w.dims[a]] += rest % w.tile[a]
			rest /= w.tile[a]
		}
		at := 0
		for d, p := range pos {
			if p < 0 || p >= w.shape[d] {
				at = -1
				break
			}
			at = at*w.shape[d] + p
		}
		f(i, at)
	}
}

// run moves between tensor x (or y) and a tensor of the tile's shape; ops has the load and the store.
func (w *window) run(t require.TestingT, x *tensor.Tensor, out []int, ops string) *tensor.Tensor {
	var offs []string
	named := map[string]any{"x": x}
	params := ""
	for d, o := range w.at {
		params += fmt.Sprintf(", %%%d o%d: i32", 2+d, d)
		offs = append(offs, fmt.Sprintf("%%%d", 2+d))
		named[fmt.Sprintf("o%d", d)] = o
	}
	all := make([]int, len(w.tile))
	zeros := ""
	for i := range all {
		all[i] = i
		zeros += ", %9"
	}
	typ := w.dt.String()
	if len(w.tile) > 0 {
		typ += ints(w.tile)
	}
	r := strings.NewReplacer("OFFS", strings.Join(offs, ", "), "DIMS", ints(w.dims), "ZEROS", zeros, "ALL", ints(all), "TILE", typ)
	text := fmt.Sprintf("kernel @k(%%0 x: tensor %s%s%s) -> (%%1 y: tensor %s%s) grid(1) {\n%%9 = const {value = 0} : i32\n%s}", w.dt, ints(x.Shape), params, w.dt, ints(out), r.Replace(ops))
	res, err := launch(t, parse(t, text), Options{}, named)
	require.NoError(t, err, text)
	return res["y"]
}

func TestLoadClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWindow(t)
		x := random(rapid.Uint64().Draw(t, "seed"), w.dt, w.shape...)
		y := w.run(t, x, w.tile, "%10 = load %0, OFFS {dims = DIMS} : TILE\nstore %10, %1ZEROS {dims = ALL}")
		w.each(func(i, at int) {
			want := w.dt.Text(0)
			if at >= 0 {
				want = w.dt.Text(x.Code(at))
			}
			require.Equal(t, want, w.dt.Text(y.Code(i)))
		})
	})
}

func TestStoreDrops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWindow(t)
		x := random(rapid.Uint64().Draw(t, "seed"), w.dt, w.tile...)
		y := w.run(t, x, w.shape, "%10 = load %0ZEROS {dims = ALL} : TILE\nstore %10, %1, OFFS {dims = DIMS}")
		want := tensor.New(w.dt, w.shape...)
		poison(want)
		w.each(func(i, at int) {
			if at >= 0 {
				want.SetCode(at, x.Code(i))
			}
		})
		for i := range want.Len() {
			require.Equal(t, w.dt.Text(want.Code(i)), w.dt.Text(y.Code(i)))
		}
	})
}

func TestShapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := rapid.IntRange(1, 5).Draw(t, "m"), rapid.IntRange(1, 5).Draw(t, "n")
		x := random(1, dtype.F32, m, n)
		text := strings.NewReplacer("M", fmt.Sprint(m), "N", fmt.Sprint(n)).Replace(`kernel @k(%0 x: tensor f32[M, N]) -> (%1 t: tensor f32[N, M], %2 s: tensor f32[M], %3 b: tensor f32[M, N], %4 c: tensor f32[N]) grid(1) {
  %5 = const {value = 0} : i32
  %6 = load %0, %5, %5 {dims = [0, 1]} : f32[M, N]
  %7 = transpose %6 {perm = [1, 0]} : f32[N, M]
  store %7, %1, %5, %5 {dims = [0, 1]}
  %8 = reduce %6 {axis = 1, op = "sum"} : f32[M]
  store %8, %2, %5 {dims = [0]}
  %9 = reshape %8 : f32[M, 1]
  %10 = broadcast %9 : f32[M, N]
  store %10, %3, %5, %5 {dims = [0, 1]}
  %11 = reduce %6 {axis = 0, op = "max"} : f32[N]
  store %11, %4, %5 {dims = [0]}
}`)
		out, err := launch(t, parse(t, text), Options{}, map[string]any{"x": x})
		require.NoError(t, err)
		v := x.Floats()
		top := append([]float64{}, v[:n]...)
		for i := range m {
			sum := 0.0
			for j := range n {
				sum += v[i*n+j]
				top[j] = max(top[j], v[i*n+j])
				require.Equal(t, v[i*n+j], out["t"].Floats()[j*m+i])
			}
			require.Equal(t, float64(float32(sum)), out["s"].Floats()[i])
			require.Equal(t, float64(float32(sum)), out["b"].Floats()[i*n+(n-1)])
		}
		require.Equal(t, top, out["c"].Floats())
	})
}

// A pipelined sum over chunks: what the pipelining pass makes of a loop, three slots, two copies in flight.
const pipelineText = `kernel @Sum(%0 x: tensor f16[N]) -> (%1 y: tensor f16[8]) dims(N) grid(1) {
  %2 = alloc_shared {swizzle = 0} : shared f16[3, 8] loc(1:2)
  %3 = const {value = 0} : i32
  %4 = const {value = 1} : i32
  %5 = const {value = 2} : i32
  %6 = const {value = 3} : i32
  %7 = const {value = 8} : i32
  %8 = const {value = 16} : i32
  %9 = dim {expr = "ceil(N, 8)"} : i32
  copy_async %2, %3, %0, %3 {dims = [0]} loc(10:11)
  commit
  copy_async %2, %4, %0, %7 {dims = [0]} loc(20:21)
  commit
  %10 = const {value = 0} : f16[8]
  %11 = for %3, %9, %4, %10 : f16[8] {
    |%12: i32, %13: f16[8]|
    wait {groups = 1}
    barrier
    %14 = rem %12, %6 : i32
    %15 = load_shared %2, %14 : f16[8] loc(30:31)
    %16 = add %13, %15 : f16[8]
    %17 = add %12, %5 : i32
    %18 = rem %17, %6 : i32
    %19 = mul %17, %7 : i32
    copy_async %2, %18, %0, %19 {dims = [0]} loc(40:41)
    commit
    yield %16
  }
  store %11, %1, %3 {dims = [0]}
}`

func TestPipeline(t *testing.T) {
	x := random(1, dtype.F16, 100)
	run := func(from, to string) error {
		text := strings.Replace(pipelineText, from, to, 1)
		require.True(t, from == to || text != pipelineText)
		out, err := launch(t, parse(t, text), Options{}, map[string]any{"x": x})
		if err == nil {
			want := make([]float64, 8)
			for i, v := range x.Floats() {
				want[i%8] = dtype.F16.Round(want[i%8] + v)
			}
			require.Equal(t, want, out["y"].Floats())
		}
		return err
	}
	require.NoError(t, run("", ""))
	assert.EqualError(t, run("wait {groups = 1}", "wait {groups = 2}"),
		"block (0, 0, 0): load_shared at bytes 30:31: reads slot 0 while a copy to it is in flight: a wait is missing (copy_async at bytes 10:11)")
	assert.EqualError(t, run("    barrier\n", ""),
		"block (0, 0, 0): load_shared at bytes 30:31: reads slot 0 without a barrier after the wait for the copy to it (copy_async at bytes 10:11)")
	// With two slots, the copy overwrites what the same iteration has read.
	assert.EqualError(t, run("%6 = const {value = 3}", "%6 = const {value = 2}"),
		"block (0, 0, 0): copy_async at bytes 40:41: writes slot 0 without a barrier after it was read (load_shared at bytes 30:31)")
	assert.EqualError(t, run("%6 = const {value = 3}", "%6 = const {value = 4}"),
		"block (0, 0, 0): copy_async at bytes 40:41: slot index 0 of the buffer is 3, expected 0 to 2 (alloc_shared at bytes 1:2)")
}

func TestSharedHazards(t *testing.T) {
	const head = `kernel @k() -> (%0 y: tensor i8[4]) grid(1) {
  %1 = const {value = 0} : i32
  %2 = const {value = 7} : i8[4]
  %3 = alloc_shared {offset = 0} : shared i8[2, 4]
  %4 = alloc_shared {offset = 4} : shared i8[4]
  `
	run := func(body string) error {
		_, err := launch(t, parse(t, head+body+"\n%90 = const {value = 1} : i32\n}"), Options{}, nil)
		return err
	}
	assert.NoError(t, run("store_shared %2, %3, %1 barrier %5 = load_shared %3, %1 : i8[4] store %5, %0, %1 {dims = [0]}"))
	assert.NoError(t, run("store_shared %2, %3, %1 barrier store_shared %2, %4 barrier %5 = load_shared %3, %1 : i8[4]"))
	assert.ErrorContains(t, run("store_shared %2, %3, %1 %5 = load_shared %3, %1 : i8[4]"), "reads slot 0 without a barrier after the store to it (store_shared)")
	assert.ErrorContains(t, run("%5 = load_shared %3, %1 : i8[4]"), "reads slot 0, which nothing has written (alloc_shared)")
	one := "%7 = const {value = 1} : i32\nstore_shared %2, %3, %7 barrier "
	assert.ErrorContains(t, run(one+"store_shared %2, %4 barrier %5 = load_shared %3, %7 : i8[4]"), "reads slot 1, whose bytes another buffer has overwritten (store_shared)")
	assert.ErrorContains(t, run(one+"%5 = load_shared %3, %7 : i8[4] store_shared %2, %4"), "writes slot 0 without a barrier after it was read (load_shared)")
}
