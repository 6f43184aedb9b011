package dtype

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A second opinion that shares no line with us: ml_dtypes 0.6.0 and NumPy 2 converted every f16 and then every bf16
// code (through f32), without saturating, and listed the values of every code as f32. testdata/ml_dtypes.json holds the
// SHA-256 of the little-endian results, every NaN replaced by the canonical code. Left out, because ml_dtypes defines them otherwise: NaN into formats
// without NaN (it gives ±0, we the largest value), and what is below 2^−126 into f8e8m0 (zero is NaN there, 2^−127 here;
// and it takes 1.25·2^−127 up to 2^−126, which is not the nearest).
func TestAgreesWithMLDtypes(t *testing.T) {
	raw, err := os.ReadFile("testdata/ml_dtypes.json")
	require.NoError(t, err)
	var golden map[string]struct{ Encode, Decode string }
	require.NoError(t, json.Unmarshal(raw, &golden))
	require.Len(t, golden, 10)
	for name, want := range golden {
		ty := mustParse(t, name)
		var codes, vals []byte
		put := func(c uint64) {
			if ty.Bits() > 8 {
				codes = append(codes, byte(c), byte(c>>8))
			} else {
				codes = append(codes, byte(c))
			}
		}
		for _, src := range []Type{F16, BF16} {
			for c := range uint64(1 << 16) {
				x := src.Float(c)
				if x != x && strings.Contains("f6e3m2 f6e2m3 f4e2m1", name) || math.Abs(x) < 0x1p-126 && ty == F8E8M0 {
					continue
				}
				put(ty.FromFloat(x, Mode{}))
			}
		}
		for c := range uint64(1) << ty.Bits() {
			v := ty.Float(c)
			b := math.Float32bits(float32(v))
			if v != v {
				b = 0x7fc00000
			}
			vals = binary.LittleEndian.AppendUint32(vals, b)
		}
		sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
		require.Equal(t, want.Encode, sum(codes), "encode %s", name)
		require.Equal(t, want.Decode, sum(vals), "decode %s", name)
	}
}
