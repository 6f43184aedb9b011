package dtype

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryNameReadsBack(t *testing.T) {
	seen := map[Type]bool{}
	for _, ty := range All() {
		got, err := Parse(ty.String())
		require.NoError(t, err)
		require.Equal(t, ty, got)
		require.False(t, seen[ty])
		seen[ty] = true
		require.False(t, ty.IsInt() && ty.IsFloat())
	}
	// bool, 2·64 integers, f16 bf16 tf32 f32 f64, 27 fNeXmY (f8e5m2 among them), e4m3fn, two fnuz, e8m0
	assert.Len(t, seen, 1+128+5+27+4)
}

func TestConstructors(t *testing.T) {
	for n := 3; n <= 8; n++ {
		for e := 1; e < n; e++ {
			f := F(e, n-1-e)
			require.True(t, f.IsFloat())
			require.Equal(t, []int{n, e, n - 1 - e}, []int{f.Bits(), f.ExpBits(), f.ManBits()})
			ieee := f == F8E5M2
			require.Equal(t, []bool{ieee, ieee}, []bool{f.HasInf(), f.HasNaN()})
		}
	}
	for _, bad := range []Type{I(0), I(65), U(0), U(-1), U(65), F(0, 3), F(1, 0), F(8, 0), F(5, 10), F(7, 1), F(-1, -1)} {
		require.Equal(t, Invalid, bad)
	}
	require.Equal(t, I(13), mustParse(t, "i13"))
	require.Equal(t, F8E5M2, F(5, 2))
	require.NotEqual(t, F8E4M3FN, F(4, 3))
}

func TestWhyNot(t *testing.T) {
	for name, want := range map[string]string{
		"f9e3m2": "3 to 8 bits", "f6e6m0": "N = 1+X+Y", "i0": "1 to 64 bits", "u65": "u1…u64", "i007": "leading zeros",
		"F16": `"f16"`, "fp8": `"f8e4m3fn"`, "float": `"f32"`, "": "there are", "f8e4m3z": "no variant", "f4e0m3": "exponent bit",
		"f99999999999999999999e1m1": "3 to 8 bits", strings.Repeat("x", 1000): "…",
	} {
		ty, err := Parse(name)
		require.Error(t, err, name)
		require.Equal(t, Invalid, ty)
		require.ErrorContains(t, err, want)
		require.Less(t, len(err.Error()), 300)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"u4", "f6e3m2", "f8e4m3fnuz", "f9e3m2", "f6e6m0", "i0", "f8e4m3\x00", "bf16", "tf320", "fe", "f8e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ty, err := Parse(s)
		if err != nil {
			require.Equal(t, Invalid, ty)
			require.Less(t, len(err.Error()), 500)
			return
		}
		require.Equal(t, s, ty.String())
	})
}

func mustParse(t *testing.T, s string) Type {
	ty, err := Parse(s)
	require.NoError(t, err)
	return ty
}
