package conform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/examples"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/stdlib"
)

// Words of the grid that say which block takes which place, and when.
var gridWords = []string{"persistent", "order(swizzle(3))", "order(swizzle(8)) persistent"}

// withWords is a kernel's text with words at the end of its grid line.
func withWords(t *testing.T, text, words string) string {
	lines := strings.Split(text, "\n")
	for i, s := range lines {
		if strings.HasPrefix(s, "\tgrid ") {
			code, comment, _ := strings.Cut(s, "//")
			lines[i] = strings.TrimRight(code, " ") + " " + words + " //" + comment
		}
	}
	return strings.Join(lines, "\n")
}

// whole is a tensor of small whole numbers, so that sums in any order are exact.
func whole(t dtype.Type, m, n int) *tensor.Tensor {
	x := tensor.New(t, m, n)
	for i := range x.Len() {
		x.SetCode(i, t.FromFloat(float64((i*7+i/n)%5)-2, t.Mode()))
	}
	return x
}

// A product with clipped tiles and rings, a sum in digits, also over clusters, and sums of rows, with more places than blocks, are the same to
// the bit whichever block takes which place.
func TestGridWords(t *testing.T) {
	for _, words := range gridWords {
		t.Run(words, func(t *testing.T) {
			matmul, _ := stdlib.Source("matmul")
			a := map[string]runtime.Arg{"a": runtime.Tensor(whole(dtype.F16, 100, 72)), "b": runtime.Tensor(whole(dtype.F16, 72, 150))}
			for _, tile := range []string{"16", "64"} { // mma.sync, wgmma
				executors(t, withWords(t, matmul, words), "Matmul", map[string]string{"T": "f16", "BM": tile, "BN": "64", "BK": "32", "stages": "3"}, a, dims{"M": 100, "N": 150, "K": 72}, true)
			}
			persist := "0" // a tune value of Linear says so
			if strings.Contains(words, "persistent") {
				persist = "1"
			}
			more := strings.TrimSpace(strings.Replace(words, "persistent", "", 1))
			for _, k := range []int{256, 1280} { // a part of the first has fewer iterations than copies are started ahead
				l := map[string]runtime.Arg{"x": runtime.Tensor(whole(dtype.F16, 1, k)), "w": runtime.Tensor(ramp(dtype.U(4), k, 200, 1)), "s": runtime.Tensor(whole(dtype.F16, k/128, 200))}
				for _, blocks := range []string{"1", "2"} {
					executors(t, withWords(t, examples.Linear, more), "Linear", map[string]string{"persist": persist, "W": "u4", "BM": "1", "BN": "32", "splits": "2", "warps": "2", "blocks": blocks}, l, dims{"M": 1, "N": 200, "K": int64(k)}, false)
				}
			}
			m := map[string]runtime.Arg{"x": runtime.Tensor(whole(dtype.F16, 20, 640)), "w": runtime.Tensor(ramp(dtype.I(3), 640, 200, 1)), "s": runtime.Tensor(whole(dtype.F16, 5, 200))}
			executors(t, withWords(t, examples.Linear, more+" after(x)"), "Linear", map[string]string{"persist": persist, "W": "i3", "BM": "8", "BN": "64", "BK": "64", "splits": "2", "warps": "4", "stages": "4"}, m, dims{"M": 20, "N": 200, "K": 640}, false)
			if !strings.Contains(words, "order") { // which takes two ranges
				reduce, _ := stdlib.Source("reduce")
				x := map[string]runtime.Arg{"x": runtime.Tensor(whole(dtype.F32, 37, 500))}
				executors(t, withWords(t, reduce, words), "SumRows", map[string]string{"T": "f32", "BM": "4", "BN": "128"}, x, dims{"M": 37, "N": 500}, false)
			}
		})
	}
}

// Any number of blocks covers every place once.
func TestPersistentLaunch(t *testing.T) {
	k := &ir.Kernel{Name: "K", Persistent: true, Cluster: 2, Grid: make([]ir.Expr, 3)}
	for resident, want := range map[int]uint32{0: 60, 1: 2, 3: 2, 8: 8, 1000: 60} {
		g, err := k.LaunchGrid([3]int64{2, 3, 5}, resident)
		require.NoError(t, err)
		require.Equal(t, [3]uint32{want, 1, 1}, g)
	}
	_, err := (&ir.Kernel{Name: "K", Band: 2, Grid: []ir.Expr{ir.Int(1 << 20), ir.Int(1 << 11)}}).GridSize(nil)
	require.ErrorContains(t, err, "at most 1073741824 blocks")
	g, err := k.LaunchGrid([3]int64{0, 3, 5}, 100)
	require.NoError(t, err)
	require.Zero(t, g[0])
}

// Three ranges, with bands that divide nothing or are wider than the grid: each place is taken once.
const batchText = `package batch

kernel Batch(x f16[B, M, K], w f16[K, N]) (y f32[B, M, N]) {
	grid b in B, m in M by 16, n in N by 64 WORDS
	acc := zeros[f32](16, 64)
	for k in K by 32 pipeline(3) { acc += dot(x[b, m, k], w[k, n]) }
	y[b, m, n] = acc
}

kernel Some(x f16[M, K], w f16[K, N]) (y f32[M, N]) {
	grid i in cdiv(M, 16), j in cdiv(N, 64) WORDS
	acc := zeros[f32](16, 64)
	if i % 3 == 1 {
		for k in K by 32 pipeline(3) { acc += dot(x[i by 16, k], w[k, j by 64]) }
	}
	y[i by 16, j by 64] = acc
}
`

func TestGridWordsOfThreeRangesAndIfs(t *testing.T) {
	for _, words := range append(gridWords, "order(swizzle(1))", "order(swizzle(1024)) persistent") {
		t.Run(words, func(t *testing.T) {
			text := strings.ReplaceAll(batchText, "WORDS", words)
			for _, k := range []int{8, 64, 200} {
				w := runtime.Tensor(whole(dtype.F16, k, 136))
				x := tensor.New(dtype.F16, 3, 70, k)
				copy(x.Data, whole(dtype.F16, 3*70, k).Data)
				executors(t, text, "Batch", nil, map[string]runtime.Arg{"x": runtime.Tensor(x), "w": w}, dims{"B": 3, "M": 70, "N": 136, "K": int64(k)}, true)
				executors(t, text, "Some", nil, map[string]runtime.Arg{"x": runtime.Tensor(whole(dtype.F16, 160, k)), "w": w}, dims{"M": 160, "N": 136, "K": int64(k)}, false)
			}
		})
	}
}
