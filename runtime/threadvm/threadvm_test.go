package threadvm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

const threads = 64

// block runs a block of 64 threads that has x and y of 64 words each and 1 KiB of shared memory.
func block(t *testing.T, x []int64, build func(b *thread.Builder, tid, x, y *thread.Node)) ([]int64, error) {
	f, b := thread.NewFunc("f", threads)
	f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}}
	f.Shared = 1024
	tid := b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)})
	px := b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: 0})
	py := b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: 1})
	build(b, tid, px, py)
	dims := []ir.Expr{ir.Int(threads)}
	k := &ir.Kernel{Name: "f", Grid: []ir.Expr{ir.Int(1)}, Body: &ir.Block{}, Params: []*ir.Param{
		{Name: "x", Value: &ir.Value{Type: ir.TensorOf(dtype.I32, dims...)}}, {Name: "y", Out: true, Value: &ir.Value{Type: ir.TensorOf(dtype.I32, dims...)}}}}
	prog, err := New(f, k)
	require.NoError(t, err)
	in := tensor.FromInts(dtype.I32, []int{threads}, x)
	out, err := tensor.Make(dtype.I32, threads)
	require.NoError(t, err)
	_, err = prog.Run(context.Background(), []runtime.Arg{runtime.Tensor(in), runtime.Tensor(out)})
	return out.Ints(), err
}

func at(b *thread.Builder, p, i *thread.Node) *thread.Node {
	return b.PtrAdd(p, b.Bin(thread.Mul, i, b.I32(4)))
}

func shared(b *thread.Builder) *thread.Node {
	return b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr)})
}

var word = thread.Scalar(thread.I32)

func count() []int64 {
	x := make([]int64, threads)
	for i := range x {
		x[i] = int64(i)
	}
	return x
}

// Data that goes through shared memory to another thread arrives when, and only when, a barrier stands between.
func TestSharedMemoryNeedsBarriers(t *testing.T) {
	reverse := func(before, after bool) error {
		got, err := block(t, count(), func(b *thread.Builder, tid, x, y *thread.Node) {
			s := shared(b)
			other := b.Bin(thread.Sub, b.I32(threads-1), tid)
			for range 2 {
				b.Store(at(b, s, tid), b.Load(word, at(b, x, tid), nil, 4), nil, 4)
				if before {
					b.Effect(thread.Barrier, 0)
				}
				v := b.Load(word, at(b, s, other), nil, 4)
				if after {
					b.Effect(thread.Barrier, 0)
				}
				b.Store(at(b, y, tid), v, nil, 4)
			}
		})
		if err == nil {
			require.Equal(t, int64(threads-1), got[0])
		}
		return err
	}
	require.NoError(t, reverse(true, true))
	require.ErrorContains(t, reverse(false, true), "has written since the last barrier")
	require.ErrorContains(t, reverse(true, false), "has read since the last barrier")
}

// A barrier of warps orders what the lanes of a warp read and write, and nothing between warps.
func TestSharedMemoryNeedsBarriersOfWarps(t *testing.T) {
	exchange := func(with int, before, after bool) error {
		got, err := block(t, count(), func(b *thread.Builder, tid, x, y *thread.Node) {
			s := shared(b)
			other := b.Bin(thread.Xor, tid, b.I32(with))
			for range 2 {
				b.Store(at(b, s, tid), b.Load(word, at(b, x, tid), nil, 4), nil, 4)
				if before {
					b.Effect(thread.WarpBarrier, 0)
				}
				v := b.Load(word, at(b, s, other), nil, 4)
				b.Load(word, at(b, s, b.Bin(thread.And, tid, b.I32(^7))), nil, 4) // several readers
				if after {
					b.Effect(thread.WarpBarrier, 0)
				}
				b.Store(at(b, y, tid), v, nil, 4)
			}
		})
		if err == nil {
			require.Equal(t, int64(with), got[0])
		}
		return err
	}
	require.NoError(t, exchange(5, true, true))
	require.ErrorContains(t, exchange(5, false, true), "has written since the last barrier")
	require.ErrorContains(t, exchange(5, true, false), "read since the last barrier")
	require.ErrorContains(t, exchange(37, true, true), "has written since the last barrier")
}

// A thread that only its own warp's barrier divides from the readers of another warp may not write.
func TestBarriersOfWarpsDoNotOrderOtherWarps(t *testing.T) {
	_, err := block(t, count(), func(b *thread.Builder, tid, x, y *thread.Node) {
		s := shared(b)
		b.Store(at(b, s, tid), tid, nil, 4)
		b.Effect(thread.Barrier, 0)
		b.Store(at(b, y, tid), b.Load(word, at(b, s, b.I32(3)), nil, 4), nil, 4) // all read word 3
		b.Effect(thread.WarpBarrier, 0)
		b.If(b.Cmp("eq", tid, b.I32(3), false), func() { b.Store(at(b, s, tid), tid, nil, 4) }, nil)
	})
	require.ErrorContains(t, err, "read since the last barrier")
}

func TestMistakesAreFound(t *testing.T) {
	for want, build := range map[string]func(b *thread.Builder, tid, x, y *thread.Node){
		"bytes [256, 260) of x, which has 256": func(b *thread.Builder, tid, x, _ *thread.Node) {
			b.Load(word, at(b, x, b.Bin(thread.Add, tid, b.I32(1))), nil, 4)
		},
		"bytes [-4, 0) of x": func(b *thread.Builder, tid, x, _ *thread.Node) {
			b.Load(word, at(b, x, b.Bin(thread.Sub, tid, b.I32(1))), nil, 4)
		},
		"not aligned to 8": func(b *thread.Builder, tid, x, _ *thread.Node) {
			b.Load(thread.Type{Elem: thread.I32, Lanes: 2}, at(b, x, b.BinU(thread.Rem, tid, b.I32(8))), nil, 8)
		},
		"x, which is no result": func(b *thread.Builder, tid, x, _ *thread.Node) { b.Store(at(b, x, tid), tid, nil, 4) },
		"is written by thread": func(b *thread.Builder, tid, _, y *thread.Node) {
			b.Store(at(b, y, b.BinU(thread.Div, tid, b.I32(2))), tid, nil, 4)
		},
		"which nothing has written": func(b *thread.Builder, tid, _, _ *thread.Node) { b.Load(word, at(b, shared(b), tid), nil, 4) },
		"the block has 1024": func(b *thread.Builder, tid, _, _ *thread.Node) {
			b.Store(at(b, shared(b), b.Bin(thread.Mul, tid, b.I32(16))), tid, nil, 4)
		},
		"without a barrier between them": func(b *thread.Builder, tid, _, _ *thread.Node) {
			b.Store(at(b, shared(b), b.BinU(thread.Div, tid, b.I32(2))), tid, nil, 4)
		},
		"a copy is in flight": func(b *thread.Builder, tid, x, _ *thread.Node) {
			p := at(b, shared(b), tid)
			b.Effect(thread.CpAsync, 4, p, at(b, x, tid), b.I32(4))
			b.Effect(thread.CpCommit, 0)
			b.Effect(thread.CpWait, 1)
			b.Load(word, p, nil, 4)
		},
		"thread 1 is not here": func(b *thread.Builder, tid, _, _ *thread.Node) {
			b.If(b.Cmp("eq", tid, b.I32(0), false), func() { b.Effect(thread.Barrier, 0) }, nil)
		},
		"division by zero": func(b *thread.Builder, tid, _, y *thread.Node) {
			b.Store(at(b, y, tid), b.Bin(thread.Div, tid, tid), nil, 4)
		},
		"a shift of 32 bits by 32": func(b *thread.Builder, tid, _, y *thread.Node) {
			b.Store(at(b, y, tid), b.Bin(thread.Shl, tid, b.Bin(thread.Add, tid, b.I32(1))), nil, 4)
		},
	} {
		_, err := block(t, count(), build)
		assert.ErrorContains(t, err, want)
	}
}

// A copy has landed after the wait for its own thread, after a barrier for all; bytes beyond the count are zero.
func TestCopyAsync(t *testing.T) {
	got, err := block(t, count(), func(b *thread.Builder, tid, x, y *thread.Node) {
		s := shared(b)
		n := b.Select(b.Cmp("lt", tid, b.I32(8), false), b.I32(4), b.I32(0))
		b.Effect(thread.CpAsync, 4, at(b, s, tid), at(b, x, tid), n)
		b.Effect(thread.CpCommit, 0)
		b.Effect(thread.CpWait, 0)
		b.Effect(thread.Barrier, 0)
		b.Store(at(b, y, tid), b.Load(word, at(b, s, b.Bin(thread.Xor, tid, b.I32(1))), nil, 4), nil, 4)
	})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 0, 3, 2, 5, 4, 7, 6, 0, 0}, got[:10])
}

// Both arms of a conditional run for their threads, in loops and with arrays.
func TestMasks(t *testing.T) {
	got, err := block(t, count(), func(b *thread.Builder, tid, _, y *thread.Node) {
		v := b.NewVar("v", thread.I32, 1)
		b.Set(v, b.I32(0), b.I32(0))
		b.For(b.I32(0), b.I32(3), b.I32(1), func(i *thread.Node) {
			b.If(b.Cmp("eq", b.BinU(thread.Rem, tid, b.I32(3)), i, false), func() {
				b.Set(v, b.I32(0), b.Bin(thread.Add, i, b.I32(10)))
			}, func() { b.Set(v, b.I32(0), b.Bin(thread.Add, b.Get(v, b.I32(0), 1), b.I32(100))) })
		})
		b.Store(at(b, y, tid), b.Get(v, b.I32(0), 1), nil, 4)
	})
	require.NoError(t, err)
	require.Equal(t, []int64{210, 111, 12}, got[:3])
}

func TestShuffle(t *testing.T) {
	got, err := block(t, count(), func(b *thread.Builder, tid, _, y *thread.Node) {
		b.Store(at(b, y, tid), b.Emit(&thread.Node{Op: thread.Shfl, Type: word, Args: []*thread.Node{tid}, Imm: 5}), nil, 4)
	})
	require.NoError(t, err)
	for i, v := range got {
		require.Equal(t, int64(i^5), v)
	}
}

// Rounding agrees with the types' own, on random bits and on every 16-bit code.
func TestRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	types := map[thread.Elem]dtype.Type{thread.F16: dtype.F16, thread.BF16: dtype.BF16, thread.F32: dtype.F32}
	for e, dt := range types {
		for range 20000 {
			x := math.Float64frombits(r.Uint64())
			if r.IntN(2) == 0 {
				x = math.Ldexp(r.NormFloat64(), r.IntN(60)-40)
			}
			if x != x {
				continue
			}
			require.Equal(t, dt.FromFloat(x, dt.Mode()), toFloat(e, x), "%s of %g", dt, x)
		}
		for c := range 1 << 16 {
			if e != thread.F32 && dt.Float(uint64(c)) == dt.Float(uint64(c)) {
				require.Equal(t, uint64(c), toFloat(e, float(e, uint64(c))))
			}
		}
	}
}

// A fused multiply-add rounds once even where float64 ends half way between two F32.
func TestFmaRoundsOnce(t *testing.T) {
	f := fma(thread.F32)
	bits := func(x float32) []uint64 { return []uint64{uint64(math.Float32bits(x))} }
	d := make([]uint64, 1)
	// 1 + 2^-24 + 2^-60: a tie in float64, above it exactly.
	f(d, bits(0x1p-30), bits(0x1p-30), bits(1))
	require.Equal(t, float32(1), math.Float32frombits(uint32(d[0])))
	f(d, bits(1+0x1p-12), bits(0x1p-24+0x1p-47), bits(1))
	require.Equal(t, float32(1+0x1p-23), math.Float32frombits(uint32(d[0])))
}

func TestWords(t *testing.T) {
	d := make([]uint64, 1)
	lop3(d, []uint64{0xf0f0}, []uint64{0xff00}, []uint64{0x0001}, 0xf0&0xcc|0xaa)
	require.Equal(t, uint64(0xf001), d[0])
	prmt(d, []uint64{0x33221100}, []uint64{0x77665544}, []uint64{0x0726})
	require.Equal(t, uint64(0x00772266), d[0])
}
