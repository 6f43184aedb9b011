package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows with words compile to kernels that have them, and their lines in a table are read as what they are.
func TestWords(t *testing.T) {
	rs := withWords([]row{{file: "matmul", kernel: "MatmulNT", defines: map[string]string{"T": "f16"}, dims: map[string]int64{"M": 64, "N": 64, "K": 64}}}, "persistent; persistent order(swizzle(8))")
	rs = append(rs, withWords([]row{{file: "linear", kernel: "Linear", defines: map[string]string{"W": "u4", "persist": "0"}, dims: map[string]int64{"M": 1, "N": 4096, "K": 4096}}}, "after(x)")...)
	require.Len(t, rs, 5)
	for i, want := range []struct {
		persistent bool
		band       int
		after      []string
	}{{}, {persistent: true}, {persistent: true, band: 8}, {}, {after: []string{"x"}}} {
		k, err := rs[i].lower("sm_90a")
		require.NoError(t, err)
		require.Equal(t, want.persistent, k.Persistent)
		require.Equal(t, want.band, k.Band)
		require.Equal(t, want.after, k.After)
		got, _, err := parseRow([]string{"", rs[i].name(), rs[i].shape(), "1.5"})
		require.NoError(t, err)
		require.Equal(t, rs[i].file, got.file)
		require.Equal(t, rs[i].words, got.words)
		require.Equal(t, rs[i].name(), got.name())
	}
	require.Equal(t, rs[0].defines, rs[1].defines, "the same tiling")
}
