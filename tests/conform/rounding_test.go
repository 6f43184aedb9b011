package conform

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/tensor"
)

// targets are types to round to: of every kind, with and without infinities, NaN and −0.
func targets(t *testing.T) (ts []dtype.Type) {
	for _, name := range []string{"f64", "f32", "tf32", "bf16", "f16", "f8e4m3fn", "f8e5m2", "f8e4m3fnuz", "f8e5m2fnuz", "f8e8m0", "f8e3m4", "f7e6m0", "f6e3m2", "f5e1m3", "f4e2m1", "f3e2m0",
		"i1", "i4", "u5", "i8", "i16", "u24", "i32", "u32", "i53", "i64", "u64"} {
		e, err := dtype.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		ts = append(ts, e)
	}
	return ts
}

// castModes lists the ways to write a conversion, of the value a with the random words r.
func castModes(from, to dtype.Type) (forms []string) {
	if from.IsFloat() || to.IsFloat() {
		for _, round := range []string{"round: nearest", "round: zero", "round: stochastic, bits: r"} {
			forms = append(forms, fmt.Sprintf("%s(a, %s)", to, round))
			if to.IsFloat() {
				for _, s := range []bool{false, true} {
					forms = append(forms, fmt.Sprintf("%s(a, %s, saturate: %t)", to, round, s))
				}
			}
		}
		return forms
	}
	return []string{fmt.Sprintf("%s(a, saturate: true)", to)}
}

// corners are codes of a type at which rounding is decided: the ends, powers of two, numbers next to values of other types
// and half way between them, subnormals, NaN and infinities; then random ones.
func corners(from dtype.Type, others []dtype.Type, n int, rnd *rand.Rand) []uint64 {
	var codes []uint64
	mask := ^uint64(0) >> (64 - from.Bits())
	if from.IsInt() {
		codes = []uint64{0, 1, 2, mask, mask - 1, mask >> 1, mask>>1 + 1}
	} else {
		for _, v := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), from.MaxFloat(), -from.MaxFloat()} {
			codes = append(codes, from.FromFloat(v, dtype.Mode{}))
		}
		codes = append(codes, 1)
	}
	for len(codes) < n {
		to := others[rnd.Intn(len(others))]
		switch {
		case rnd.Intn(4) == 0:
			codes = append(codes, rnd.Uint64()>>rnd.Intn(64)&mask)
		case from.IsInt():
			codes = append(codes, from.FromFloat(math.Ldexp(float64(rnd.Intn(64)+1), rnd.Intn(from.Bits()+2)), dtype.Mode{})+uint64(rnd.Intn(3))-1)
		default:
			c := rnd.Uint64() & (^uint64(0) >> (64 - to.Bits()))
			v, w := to.Float(c), 0.0
			if to.IsInt() {
				w = v + 1
			} else if next, ok := to.Next(c, true); ok {
				w = to.Float(next)
			}
			mid := from.FromFloat(v/2+w/2, dtype.Mode{})
			codes = append(codes, mid+uint64(rnd.Intn(3))-1)
		}
	}
	for i := range codes {
		codes[i] &= mask
	}
	return codes[:n]
}

// Conversions with a rounding and an overflow rule of their own: the VM (that is ir/dtype), what the compiler makes for a
// GPU and for a CPU, and compiled C agree in every bit.
func TestRoundings(t *testing.T) {
	_, noCC := cpu.Find()
	const n = 384
	ts := targets(t)
	for i, from := range ts {
		t.Run(from.String(), func(t *testing.T) {
			t.Parallel()
			if !some(i, 3) && from != dtype.F32 && from != dtype.F64 && from != dtype.U(64) {
				t.Skip("set GIRIH_LONG to run it")
			}
			rnd := rand.New(rand.NewSource(int64(i)))
			var outs, stores strings.Builder
			k := 0
			for j, to := range ts {
				if !some(j, i%6) && from != dtype.F32 || from == dtype.F32 && to == from {
					continue
				}
				for _, form := range castModes(from, to) {
					fmt.Fprintf(&outs, "y%d %s[N], ", k, to)
					fmt.Fprintf(&stores, "\ty%d[n] = %s\n", k, form)
					k++
				}
			}
			text := fmt.Sprintf("package rounding\n\nkernel Cast(x %s[N], z u32[N]) (%s) {\n\tgrid n in N by 128\n\ta, r := x[n], z[n]\n%s}\n",
				from, strings.TrimSuffix(outs.String(), ", "), stores.String())
			x, z := tensor.New(from, n), tensor.New(dtype.U(32), n)
			for j, c := range corners(from, ts, n, rnd) {
				x.SetCode(j, c)
				z.SetCode(j, []uint64{0, 1<<32 - 1, 1 << 31, rnd.Uint64() >> 32}[rnd.Intn(4)])
			}
			args := map[string]runtime.Arg{"x": runtime.Tensor(x), "z": runtime.Tensor(z)}
			executors(t, text, "Cast", nil, args, dims{"N": n}, noCC == nil && from == dtype.U(64))
		})
	}
}
