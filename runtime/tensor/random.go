package tensor

import (
	"math"
	"math/bits"

	"github.com/girih-lang/girih/ir/dtype"
)

// Random is the made-up input of a type: normal values of deviation 1 for floats, every code with equal chance for
// integers, a fair coin for bool. f8e8m0, a scale format, gets powers of two from 2^-8 to 2^8. The result is a
// function of (type, shape, seed) alone, on every machine.
func Random(dt dtype.Type, seed uint64, shape ...int) (*Tensor, error) {
	switch {
	case dt == dtype.F8E8M0:
		t, err := Make(dt, shape...)
		if err != nil {
			return nil, err
		}
		for i := range t.Data {
			t.Data[i] = byte(127 - 8 + bounded(philox(seed, uint64(i)), 17))
		}
		return t, nil
	case dt.IsFloat():
		return Normal(dt, seed, 1, shape...)
	case dt.IsBool():
		return Uniform(dt, seed, 0, 2, shape...)
	}
	t, err := Make(dt, shape...)
	if err != nil {
		return nil, err
	}
	for i, n := 0, t.Len(); i < n; i++ {
		w := philox(seed, uint64(i))
		t.SetCode(i, uint64(w[0])|uint64(w[1])<<32)
	}
	return t, nil
}

// Normal is a tensor of near-normal values of mean 0 and the given deviation, rounded to the type: saturated, so that
// a narrow type gets no infinity. A value is the sum of the eight 16-bit words of one Philox block (Irwin–Hall): it
// needs no logarithm or cosine, whose last bit differs between machines; it reaches at most 4.9 deviations.
func Normal(dt dtype.Type, seed uint64, deviation float64, shape ...int) (*Tensor, error) {
	// Var(uniform on 0…2^16−1) = (2^32−1)/12, eight of them add up.
	scale := deviation / math.Sqrt(8*(1<<32-1)/12.0)
	return fill(dt, seed, shape, func(w [4]uint32) float64 {
		sum := 0
		for _, v := range w {
			sum += int(v&0xffff) + int(v>>16)
		}
		return float64(sum-4*0xffff) * scale
	})
}

// Uniform is a tensor of values drawn from [lo, hi): for a float type 53 random bits scaled and rounded, for an integer
// type the integer part (towards −∞) of that.
func Uniform(dt dtype.Type, seed uint64, lo, hi float64, shape ...int) (*Tensor, error) {
	return fill(dt, seed, shape, func(w [4]uint32) float64 {
		u := float64((uint64(w[0])|uint64(w[1])<<32)>>11) / (1 << 53)
		// The explicit conversion forbids a fused multiply-add: results must not depend on the machine.
		x := lo + float64(u*(hi-lo))
		if !dt.IsFloat() {
			x = math.Floor(x)
		}
		return x
	})
}

func fill(dt dtype.Type, seed uint64, shape []int, value func([4]uint32) float64) (*Tensor, error) {
	t, err := Make(dt, shape...)
	if err != nil {
		return nil, err
	}
	for i, n := 0, t.Len(); i < n; i++ {
		t.SetCode(i, dt.FromFloat(value(philox(seed, uint64(i))), dtype.Mode{Saturate: true}))
	}
	return t, nil
}

func bounded(w [4]uint32, n uint32) uint32 {
	hi, _ := bits.Mul32(w[0], n)
	return hi
}

// philox is block i of the Philox4x32-10 stream whose key is the seed: a counter-based generator, so that element i is
// a function of (seed, i) and can be made anywhere, in any order. Constants and the order of the lanes: Salmon, Moraes,
// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
func philox(seed, i uint64) [4]uint32 {
	const m0, m1, w0, w1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85
	k0, k1 := uint32(seed), uint32(seed>>32)
	c := [4]uint32{uint32(i), uint32(i >> 32), 0, 0}
	for range 10 {
		h0, l0 := bits.Mul32(m0, c[0])
		h1, l1 := bits.Mul32(m1, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k0, l1, h0 ^ c[3] ^ k1, l0}
		k0 += w0
		k1 += w1
	}
	return c
}
