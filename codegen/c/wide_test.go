package c_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/thread"
)

// TestWide runs the operations on wide vectors: x holds 10, 11, …
func TestWide(t *testing.T) {
	k := newKit("Wide")
	i := k.I32
	f32 := func(n *thread.Node) *thread.Node { return k.Conv(n, thread.F32, false) }
	out := k.NewVar("out", thread.I32, 64)
	lanes := func(n *thread.Node, at ...int) {
		if n.Type.Elem == thread.F32 {
			n = k.Bitcast(n, thread.Wide(thread.I32))
		}
		k.Set(out, i(16), n)
		for _, j := range at {
			k.result(k.Get(out, i(16+j), 1))
		}
	}
	x := k.Load(thread.Wide(thread.I32), k.PtrAdd(k.x, i(4)), nil, 4) // 11 … 26
	c3 := k.Splat(i(3))
	s := k.Splat(k.in(0))
	k.Effect(thread.Prefetch, 0, k.x)
	lanes(k.Bin(thread.Sub, k.Bin(thread.Add, x, s), c3), 0, 15)                                           // 18 33
	lanes(k.Bin(thread.Mul, x, c3), 1)                                                                     // 36
	lanes(k.BinU(thread.Shr, k.Bin(thread.Shl, x, k.Splat(i(28))), k.Splat(i(28))), 0, 5)                  // 11, 0
	lanes(k.Bin(thread.Shr, k.Bin(thread.Shl, x, k.Splat(i(28))), k.Splat(i(28))), 0, 6)                   // -5, 1
	lanes(k.Bin(thread.Xor, k.Bin(thread.Or, k.Bin(thread.And, x, k.Splat(i(12))), c3), k.Splat(i(1))), 0) // (8|3)^1 = 10
	lanes(k.Select(k.Cmp("lt", x, s, false), c3, k.Select(k.Cmp("eq", x, k.Splat(i(12)), false), s, x)), 0, 1)
	neg := k.Bin(thread.Sub, s, x) // -1 …
	lanes(k.Conv(neg, thread.F32, false), 0)
	lanes(k.Emit(&thread.Node{Op: thread.Conv, Type: thread.Wide(thread.F32), Args: []*thread.Node{x}, Uns: true}), 0)
	var t16, t32 []float64
	for j := range 32 {
		t16, t32 = append(t16, float64(j)), append(t32, float64(-j))
	}
	lanes(k.Lookup(t16[:16], x), 0, 5, 6) // 11 0 1
	lanes(k.Lookup(t32, x), 0, 15)        // -11 -26
	r := k.NewRegisters("r", thread.F32, 2)
	k.Set(r, i(0), k.Splat(k.Float(thread.F32, 0.5)))
	k.Set(r, i(16), k.Splat(f32(k.in(2))))
	k.For(i(0), i(3), i(1), func(n *thread.Node) {
		a, b := k.GetWide(r, i(0)), k.GetWide(r, i(16))
		k.Set(r, i(0), b)
		k.Set(r, i(16), k.Fma(a, k.Conv(x, thread.F32, false), k.Splat(f32(n))))
	})
	lanes(k.GetWide(r, i(0)), 0) // (0.5, 12) (12, 5.5) (5.5, 133) (133, …)
	d := k.NewVar("d", thread.F64, 9)
	k.Local(9, func(n *thread.Node) { k.Set(d, n, k.Conv(n, thread.F64, false)) })
	k.Set(d, i(0), k.Fma(k.GetWide(d, i(1)), k.Splat(k.Float(thread.F64, 2)), k.Splat(k.Float(thread.F64, 1)))) // not aligned
	k.result(k.Conv(k.Get(d, i(7), 1), thread.I32, false))                                                      // 17
	nan := k.Select(k.Cmp("eq", x, k.Splat(i(12)), false), k.Splat(k.Float(thread.F32, math.NaN())), k.Splat(k.Float(thread.F32, 1)))
	lanes(nan, 0)
	f := func(x float32) int32 { return int32(math.Float32bits(x)) }
	k.expect(t, 18, 33, 36, 11, 0, -5, 1, 10, 11, 10, f(-1), f(11), f(11), f(0), f(1), f(-11), f(-26), f(133), 17, f(1))
}

func TestWideRefused(t *testing.T) {
	for want, build := range map[string]func(b *thread.Builder, p *thread.Node){
		"an index of the registers": func(b *thread.Builder, p *thread.Node) {
			r := b.NewRegisters("r", thread.F32, 2)
			b.Set(r, b.I32(32), b.Splat(b.Float(thread.F32, 0)))
		},
		"under a condition": func(b *thread.Builder, p *thread.Node) {
			r := b.NewRegisters("r", thread.F32, 2)
			b.Set(r, b.I32(0), b.Load(thread.Wide(thread.F32), p, b.Cmp("lt", b.Conv(b.Load(thread.Scalar(thread.I32), p, nil, 4), thread.I32, false), b.I32(1), false), 4))
		},
		"is not defined for": func(b *thread.Builder, p *thread.Node) {
			r := b.NewRegisters("r", thread.F32, 2)
			b.Set(r, b.I32(0), b.Un(thread.Sqrt, b.Splat(b.Float(thread.F32, 0))))
		},
		"a vector of type": func(b *thread.Builder, p *thread.Node) {
			v := b.NewVar("v", thread.I8, 64)
			b.Set(v, b.I32(0), b.GetWide(v, b.I32(0)))
		},
	} {
		f, b := thread.NewFunc("K", 1)
		f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}}
		build(b, b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr)}))
		_, err := c.Print(f, c.Options{})
		require.ErrorContains(t, err, want)
	}
}
