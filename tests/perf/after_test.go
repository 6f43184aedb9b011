package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The row with the word compiles to a kernel that has it, and its line in a table is read as what it is.
func TestAfter(t *testing.T) {
	rs := withAfter([]row{{"linear", "Linear", map[string]string{"W": "u4"}, map[string]int64{"M": 1, "N": 4096, "K": 4096}, 0}, {"add", "Add", nil, map[string]int64{"N": 8}, 0}})
	require.Len(t, rs, 3)
	for i, want := range [][]string{nil, {"x"}, nil} {
		k, err := rs[i].lower("sm_90a")
		require.NoError(t, err)
		require.Equal(t, want, k.After)
		got, _, err := parseRow([]string{"", rs[i].name(), rs[i].shape(), "1.5"})
		require.NoError(t, err)
		require.Equal(t, rs[i].file, got.file)
		require.Equal(t, rs[i].name(), got.name())
	}
	require.Equal(t, rs[0].defines, rs[1].defines, "the same tiling")
}
