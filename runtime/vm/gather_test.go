package vm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A gather from any tensor, by an index that varies along any axes of the tile, is what a loop over its elements reads.
func TestGather(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dt := rapid.SampledFrom(dtype.All()).Draw(t, "type")
		rank := rapid.IntRange(1, 3).Draw(t, "rank")
		along := rapid.IntRange(0, rank-1).Draw(t, "along")
		var shape, at []int
		for d := range rank {
			low := 0
			if d == along {
				low = 1
			}
			shape = append(shape, rapid.IntRange(low, 7).Draw(t, "extent"))
			at = append(at, rapid.IntRange(-4, 8).Draw(t, "offset"))
		}
		var tile, dims []int
		for _, d := range rapid.Permutation([]int{0, 1, 2}[:rank]).Draw(t, "order") {
			n := 1
			if d == along {
				n = rapid.IntRange(0, 2).Draw(t, "axes of the index") // may also stand for none, or for two
			}
			for range n {
				tile, dims = append(tile, rapid.IntRange(1, 5).Draw(t, "tile extent")), append(dims, d)
			}
		}
		if len(tile) == 0 {
			tile, dims = []int{3}, []int{along}
		}
		x, index := random(1, dt, shape...), tensor.New(dtype.I32, tile...)
		for i := range index.Len() {
			n := rapid.IntRange(0, shape[along]-1).Draw(t, "index")
			index.SetCode(i, uint64(uint32(n-at[along])))
		}
		y, err := gatherText(t, dt, shape, at, tile, dims, along, x, index)
		require.NoError(t, err)
		for i := range index.Len() {
			pos, rest := append([]int{}, at...), i
			for a := len(tile) - 1; a >= 0; a-- {
				if dims[a] != along {
					pos[dims[a]] += rest % tile[a]
				}
				rest /= tile[a]
			}
			pos[along] += int(index.Ints()[i])
			want, from := dt.Text(0), 0
			inside := true
			for d, p := range pos {
				inside = inside && p >= 0 && p < shape[d]
				from = from*shape[d] + p
			}
			if inside {
				want = dt.Text(x.Code(from))
			}
			require.Equal(t, want, dt.Text(y.Code(i)))
		}
	})
}

// An index outside is reported with its value, wherever it stands; one whose element lies outside by another dimension reads
// nothing and is nobody's mistake.
func TestGatherOutside(t *testing.T) {
	index := tensor.New(dtype.I32, 2, 2)
	for i, n := range []int{0, 3, 1, -1} {
		index.SetCode(i, uint64(uint32(n)))
	}
	x := random(1, dtype.F32, 4, 1)
	_, err := gatherText(t, dtype.F32, []int{4, 1}, []int{0, 0}, []int{2, 2}, []int{0, 1}, 0, x, index)
	require.NoError(t, err, "column 1 is outside of x")
	index.SetCode(2, 4)
	_, err = gatherText(t, dtype.F32, []int{4, 1}, []int{0, 0}, []int{2, 2}, []int{0, 1}, 0, x, index)
	require.ErrorContains(t, err, "element [1] of the index is 4: dimension 0 of x has the extent 4")
}

func gatherText(t require.TestingT, dt dtype.Type, shape, at, tile, dims []int, along int, x, index *tensor.Tensor) (*tensor.Tensor, error) {
	var offs, zeros, all []string
	named := map[string]any{"x": x, "i": index}
	params := ""
	for d, o := range at {
		params += fmt.Sprintf(", %%%d o%d: i32", 3+d, d)
		offs = append(offs, fmt.Sprintf("%%%d", 3+d))
		named[fmt.Sprintf("o%d", d)] = o
	}
	for i := range tile {
		zeros, all = append(zeros, "%9"), append(all, fmt.Sprint(i))
	}
	text := strings.NewReplacer("TENSOR", dt.String()+ints(shape), "TILE", dt.String()+ints(tile), "INDEX", "i32"+ints(tile), "PARAMS", params,
		"ZEROS", strings.Join(zeros, ", "), "ALL", strings.Join(all, ", "), "OFFS", strings.Join(offs, ", "), "DIMS", ints(dims), "ALONG", fmt.Sprint(along)).
		Replace("kernel @k(%0 x: tensor TENSOR, %1 i: tensor INDEXPARAMS) -> (%2 y: tensor TILE) grid(1) {\n%9 = const {value = 0} : i32\n" +
			"%10 = load %1, ZEROS {dims = [ALL]} : INDEX\n%11 = gather %0, %10, OFFS {along = ALONG, dims = DIMS} : TILE\nstore %11, %2, ZEROS {dims = [ALL]}\n}")
	res, err := launch(t, parse(t, text), Options{Check: true}, named)
	return res["y"], err
}
