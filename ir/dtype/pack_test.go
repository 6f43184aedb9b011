package dtype

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// bitString is the stream as one number: bit k of the stream is bit k of the number.
func bitString(data []byte) *big.Int {
	rev := make([]byte, len(data))
	for i, b := range data {
		rev[len(data)-1-i] = b
	}
	return new(big.Int).SetBytes(rev)
}

func field(data []byte, bits, i int) uint64 {
	v := new(big.Int).Rsh(bitString(data), uint(bits*i))
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1))
	return v.And(v, mask).Uint64()
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestGetPut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for bits := 1; bits <= 64; bits++ {
		for n := range 20 {
			size := PackedLen(bits, n)
			require.Equal(t, (bits*n+7)/8, size)
			data := randomBytes(rng, size)
			for i := range n {
				require.Equal(t, field(data, bits, i), Get(data, bits, i))
			}
			for i := range n {
				was := bytes.Clone(data)
				v := rng.Uint64()
				Put(data, bits, i, v)
				require.Equal(t, v&(^uint64(0)>>(64-bits)), Get(data, bits, i))
				Put(data, bits, i, Get(was, bits, i))
				require.Equal(t, was, data, "neighbours are left alone")
			}
		}
	}
	require.Equal(t, 1<<40, PackedLen(64, 1<<37))
	require.Equal(t, 13, PackedLen(5, 20))
}

// Bulk access is element access, for every type, any start and any length, the last byte partly filled.
func TestBulkIsElementwise(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for _, ty := range All() {
		bits := ty.Bits()
		for trial := range 24 {
			start, n := rng.IntN(19), rng.IntN(40)
			if trial == 0 {
				start, n = 0, 256
			}
			data := randomBytes(rng, PackedLen(bits, start+n))
			fs, is := make([]float64, n), make([]int64, n)
			ty.Decode(fs, data, start)
			ty.DecodeInt(is, data, start)
			for k := range n {
				c := Get(data, bits, start+k)
				if !same(ty.Float(c), fs[k]) || ty.Int(c) != is[k] {
					t.Fatalf("%v element %d of %x: %v %v, not %v %v", ty, start+k, data, fs[k], is[k], ty.Float(c), ty.Int(c))
				}
			}
			data = append(data, randomBytes(rng, rng.IntN(3))...) // bytes behind, to be left alone
			src := make([]float64, n)
			isrc := make([]int64, n)
			for k := range src {
				isrc[k] = int64(rng.Uint64()) >> rng.IntN(64)
				src[k] = math.Ldexp(rng.NormFloat64(), rng.IntN(30)-15)
				switch rng.IntN(20) {
				case 0:
					src[k] = math.NaN()
				case 1:
					src[k] = math.Inf(1 - 2*rng.IntN(2))
				case 2:
					src[k] = math.Float64frombits(rng.Uint64())
				}
			}
			want, iwant := bytes.Clone(data), bytes.Clone(data)
			got, igot := bytes.Clone(data), bytes.Clone(data)
			for k := range n {
				m := ty.Mode()
				if !ty.IsFloat() {
					m.Round = TowardZero
				}
				Put(want, bits, start+k, ty.FromFloat(src[k], m))
				Put(iwant, bits, start+k, ty.FromInt(isrc[k], false))
			}
			ty.Encode(got, start, src)
			ty.EncodeInt(igot, start, isrc)
			if !bytes.Equal(want, got) || !bytes.Equal(iwant, igot) {
				t.Fatalf("%v start %d n %d:\n%x\n%x\n%x\n%x", ty, start, n, want, got, iwant, igot)
			}
			r := make([]float64, n)
			ty.RoundAll(r, src)
			for k := range r {
				if !same(r[k], ty.Round(src[k])) {
					t.Fatalf("RoundAll %v of %v", ty, src[k])
				}
			}
		}
	}
}

func BenchmarkBulk(b *testing.B) {
	const n = 1 << 12
	src, dst := make([]float64, n), make([]float64, n)
	for i := range src {
		src[i] = rand.NormFloat64()
	}
	for _, ty := range []Type{F16, BF16, F32, F8E4M3FN, F6E3M2, U(4), I(5), U(3)} {
		data := make([]byte, PackedLen(ty.Bits(), n))
		is := make([]int64, n)
		ty.Encode(data, 0, src)
		per := func(b *testing.B) { b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds()/1e6, "Melem/s") }
		b.Run(ty.String()+"/decode", func(b *testing.B) {
			for b.Loop() {
				ty.Decode(dst, data, 0)
			}
			per(b)
		})
		b.Run(ty.String()+"/decodeint", func(b *testing.B) {
			for b.Loop() {
				ty.DecodeInt(is, data, 0)
			}
			per(b)
		})
		b.Run(ty.String()+"/encode", func(b *testing.B) {
			for b.Loop() {
				ty.Encode(data, 0, src)
			}
			per(b)
		})
		b.Run(ty.String()+"/round", func(b *testing.B) {
			for b.Loop() {
				ty.RoundAll(dst, src)
			}
			per(b)
		})
	}
}
