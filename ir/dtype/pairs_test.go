package dtype

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// long says whether tests that take minutes run.
func long() bool { return os.Getenv("GIRIH_LONG") != "" }

// convertAll holds the fast conversion of some values to a type (Round, and Encode in bulk) against the exact one.
func convertAll(t *testing.T, from string, to Type, values []float64) {
	data := make([]byte, PackedLen(to.Bits(), len(values)))
	if to.IsFloat() {
		to.Encode(data, 0, values)
	}
	for i, x := range values {
		code := to.FromFloat(x, to.Mode())
		if !to.IsFloat() {
			want := math.Trunc(x)
			switch {
			case math.IsNaN(x):
				want = 0
			case want > float64(to.MaxInt()):
				want = float64(to.MaxInt())
			case want < float64(to.MinInt()):
				want = float64(to.MinInt())
			}
			got := float64(to.Int(to.FromFloat(x, Mode{Round: TowardZero, Saturate: true})))
			if got != want {
				t.Fatalf("%s: %g to %s is %g, expected %g", from, x, to, got, want)
			}
			continue
		}
		if got := Get(data, to.Bits(), i); got != code {
			t.Fatalf("%s: %g to %s in bulk is %#x, exactly %#x", from, x, to, got, code)
		}
		if got, want := to.Round(x), to.Float(code); math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
			t.Fatalf("%s: %g rounded to %s is %g, exactly %g", from, x, to, got, want)
		}
	}
}

// Every code of every type of at most 16 bits into every type that is not wider, and back: what a wider type makes of a
// narrower one's value is that value. An ordinary run takes all sources of 8 bits, f16 and bf16.
func TestAllPairs(t *testing.T) {
	for _, from := range All() {
		if from.Bits() > 16 || from.IsBool() || from.Bits() > 8 && !long() && from != F16 && from != BF16 {
			continue
		}
		var values []float64
		for c := range uint64(1) << from.Bits() {
			if from.IsFloat() {
				values = append(values, from.Float(c))
			} else {
				values = append(values, float64(from.Int(c)))
			}
		}
		for _, to := range All() {
			if to.IsBool() || to.Bits() > 16 {
				continue
			}
			if to.Bits() <= from.Bits() {
				convertAll(t, from.String(), to, values)
				continue
			}
			if !to.IsFloat() || !from.IsFloat() || to.ManBits() < from.ManBits() || to.MaxFloat() < from.MaxFloat() || to.MinPositive() > from.MinPositive() || !to.HasSign() {
				continue
			}
			for c, x := range values {
				if y := to.Round(x); y != x && x == x && !(math.IsInf(x, 0) && !to.HasInf()) && !(math.IsInf(x, 0) && to.Saturates()) {
					require.Failf(t, "not kept", "%s code %#x = %g became %g in %s", from, c, x, y, to)
				}
			}
		}
	}
}

// Random f32 (bit patterns, so that every exponent is as likely as any other) into every narrower float; 10⁷ of them in a
// long run.
func TestRandomF32(t *testing.T) {
	n := 20_000
	if long() {
		n = 10_000_000
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	const chunk = 10_000
	values := make([]float64, chunk)
	for range n / chunk {
		for i := range values {
			values[i] = float64(math.Float32frombits(rnd.Uint32()))
		}
		for _, to := range All() {
			if !to.IsBool() && to.Bits() <= 16 {
				convertAll(t, "f32", to, values)
			}
		}
	}
}
