package cpu

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/tensor"
)

var bg = context.Background()

func needCompiler(t testing.TB) {
	_, err := Find()
	need.Tool(t, "cc", err)
}

// off is a cache that keeps nothing: tests do not touch the user's.
var off = cache.Open(cache.Options{Dir: "off"})

func program(t testing.TB, k *ir.Kernel, f *thread.Func, o Options) *Program {
	needCompiler(t)
	if o.Cache == nil {
		o.Cache = off
	}
	p, err := New(k, f, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func signature(t testing.TB, text string) *ir.Kernel {
	k, err := ir.Parse(text)
	require.NoError(t, err)
	return k
}

func arg(b *thread.Builder, i int) *thread.Node {
	return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(b.Func.Params[i].Elem), Imm: int64(i)})
}

func block(b *thread.Builder, axis int64) *thread.Node {
	return b.Emit(&thread.Node{Op: thread.BlockID, Type: thread.Scalar(thread.I32), Imm: axis})
}

func index64(b *thread.Builder, x *thread.Node) *thread.Node { return b.Conv(x, thread.I64, false) }

// element is the address of element i (I64) of f32 memory.
func element(b *thread.Builder, p, i *thread.Node) *thread.Node {
	return b.PtrAdd(p, b.Bin(thread.Mul, i, b.Int(thread.I64, 4)))
}

const addText = `kernel @Add(%0 a: tensor f32[N], %1 b: tensor f32[N]) -> (%2 c: tensor f32[N]) dims(N) grid(ceil(N, 256)) {}`

// vectorAdd is c = a + b in blocks of 256, clipped.
func vectorAdd() *thread.Func {
	f, b := thread.NewFunc("Add", 1)
	f.Params = []thread.Param{{Name: "a", Elem: thread.Ptr}, {Name: "b", Elem: thread.Ptr}, {Name: "c", Elem: thread.Ptr, Out: true}, {Name: "N", Elem: thread.I64}}
	n := b.Conv(arg(b, 3), thread.I32, false)
	start := b.Bin(thread.Mul, block(b, 0), b.I32(256))
	at := func(i int) *thread.Node { return element(b, arg(b, i), index64(b, start)) }
	pa, pb, pc := at(0), at(1), at(2)
	b.Local(256, func(i *thread.Node) {
		in := b.Cmp("lt", b.Bin(thread.Add, start, i), n, true)
		off := index64(b, i)
		x := b.Load(thread.Scalar(thread.F32), element(b, pa, off), in, 4)
		y := b.Load(thread.Scalar(thread.F32), element(b, pb, off), in, 4)
		b.Store(element(b, pc, off), b.Bin(thread.Add, x, y), in, 4)
	})
	return f
}

func normal(t testing.TB, seed uint64, shape ...int) *tensor.Tensor {
	x, err := tensor.Normal(dtype.F32, seed, 1, shape...)
	require.NoError(t, err)
	return x
}

func TestAdd(t *testing.T) {
	k := signature(t, strings.Replace(addText, "ceil(N, 256)", "(N + 255) / 256", 1))
	p := program(t, k, vectorAdd(), Options{Threads: 4})
	assert.Contains(t, string(p.Source), "restrict")
	for _, n := range []int{0, 1, 255, 256, 257, 100_003} {
		x, y, z := normal(t, 1, n), normal(t, 2, n), tensor.New(dtype.F32, n)
		s, err := p.Run(bg, []runtime.Arg{runtime.Tensor(x), runtime.Tensor(y), runtime.Tensor(z)})
		require.NoError(t, err)
		assert.Equal(t, int64(12*n), s.Bytes)
		xs, ys, zs := x.Floats(), y.Floats(), z.Floats()
		for i := range zs {
			require.Equal(t, float64(float32(xs[i])+float32(ys[i])), zs[i], i)
		}
	}
	x, z := normal(t, 1, 1000), tensor.New(dtype.F32, 1000)
	args := []runtime.Arg{runtime.Tensor(x), runtime.Tensor(x), runtime.Tensor(z)}
	d, err := p.Time(bg, args, 3)
	require.NoError(t, err)
	assert.Positive(t, d)

	// Memory that is not aligned to elements, on every side.
	odd := func(x *tensor.Tensor) *tensor.Tensor {
		mem := make([]byte, len(x.Data)+1)
		copy(mem[1:], x.Data)
		return &tensor.Tensor{DType: x.DType, Shape: x.Shape, Data: mem[1:]}
	}
	oz := odd(tensor.New(dtype.F32, 1000))
	_, err = p.Run(bg, []runtime.Arg{runtime.Tensor(odd(x)), runtime.Tensor(x), runtime.Tensor(oz)})
	require.NoError(t, err)
	assert.Equal(t, z.Data, oz.Data)

	_, err = p.Run(bg, args[:2])
	assert.EqualError(t, err, "kernel Add takes 3 arguments, found 2")
	part := &tensor.Tensor{DType: dtype.F32, Shape: []int{10}, Data: x.Data[4:44]}
	head := &tensor.Tensor{DType: dtype.F32, Shape: []int{10}, Data: x.Data[:40]}
	_, err = p.Run(bg, []runtime.Arg{runtime.Tensor(head), runtime.Tensor(head), runtime.Tensor(part)})
	assert.EqualError(t, err, `argument "c": the result shares its memory with argument "a"`)

	stopped, cancel := context.WithCancel(bg)
	cancel()
	_, err = p.Run(stopped, args)
	assert.ErrorIs(t, err, context.Canceled)
}

// TestSoftmax is a softmax of rows, with a maximum, a sum and exp2 in local arrays.
func TestSoftmax(t *testing.T) {
	const n = 300
	f, b := thread.NewFunc("Softmax", 1)
	f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}, {Name: "M", Elem: thread.I64}}
	row := b.Bin(thread.Mul, index64(b, block(b, 0)), b.Int(thread.I64, n))
	px, py := element(b, arg(b, 0), row), element(b, arg(b, 1), row)
	v, top, sum := b.NewVar("v", thread.F32, n), b.NewVar("top", thread.F32, 1), b.NewVar("sum", thread.F32, 1)
	zero := b.I32(0)
	b.Set(top, zero, b.Float(thread.F32, math.Inf(-1)))
	b.Local(n, func(i *thread.Node) {
		b.Set(v, i, b.Load(thread.Scalar(thread.F32), element(b, px, index64(b, i)), nil, 4))
	})
	b.Local(n, func(i *thread.Node) { b.Set(top, zero, b.Bin(thread.Max, b.Get(top, zero, 1), b.Get(v, i, 1))) })
	b.Set(sum, zero, b.Float(thread.F32, 0))
	m := b.Get(top, zero, 1)
	b.Local(n, func(i *thread.Node) {
		e := b.Un(thread.Exp2, b.Bin(thread.Mul, b.Bin(thread.Sub, b.Get(v, i, 1), m), b.Float(thread.F32, math.Log2E)))
		b.Set(v, i, e)
		b.Set(sum, zero, b.Bin(thread.Add, b.Get(sum, zero, 1), e))
	})
	b.Local(n, func(i *thread.Node) {
		b.Store(element(b, py, index64(b, i)), b.Bin(thread.Div, b.Get(v, i, 1), b.Get(sum, zero, 1)), nil, 4)
	})
	k := signature(t, `kernel @Softmax(%0 x: tensor f32[M, 300]) -> (%1 y: tensor f32[M, 300]) dims(M) grid(M) {}`)
	p := program(t, k, f, Options{})
	x, y := normal(t, 3, 17, n), tensor.New(dtype.F32, 17, n)
	_, err := p.Run(bg, []runtime.Arg{runtime.Tensor(x), runtime.Tensor(y)})
	require.NoError(t, err)
	xs, ys := x.Floats(), y.Floats()
	for r := range 17 {
		var s float64
		for _, a := range xs[r*n : (r+1)*n] {
			s += math.Exp(a)
		}
		for i := range n {
			assert.InEpsilon(t, math.Exp(xs[r*n+i])/s, ys[r*n+i], 2e-6)
		}
	}
}

// TestMatmul is c = a·b for tiles of 16×32, with the tile of b in scratch memory, and a loop with run-time bounds.
func TestMatmul(t *testing.T) {
	const bm, bn, bk = 16, 32, 64
	f, b := thread.NewFunc("Matmul", 1)
	f.Params = []thread.Param{{Name: "a", Elem: thread.Ptr}, {Name: "b", Elem: thread.Ptr}, {Name: "c", Elem: thread.Ptr, Out: true}, {Name: "M", Elem: thread.I64}, {Name: "N", Elem: thread.I64}, {Name: "K", Elem: thread.I64}}
	size := func(i int) *thread.Node { return b.Conv(arg(b, i), thread.I32, false) }
	m, n, kk := size(3), size(4), size(5)
	m0, n0 := b.Bin(thread.Mul, block(b, 0), b.I32(bm)), b.Bin(thread.Mul, block(b, 1), b.I32(bn))
	acc, tb := b.NewVar("acc", thread.F32, bm*bn), b.NewVar("b", thread.F32, bk*bn)
	add := func(x, y *thread.Node) *thread.Node { return b.Bin(thread.Add, x, y) }
	mul := func(x *thread.Node, y int) *thread.Node { return b.Bin(thread.Mul, x, b.I32(y)) }
	where := func(p, i, stride, j *thread.Node) *thread.Node {
		return element(b, p, add(b.Bin(thread.Mul, index64(b, i), index64(b, stride)), index64(b, j)))
	}
	inside := func(i, x, j, y *thread.Node) *thread.Node {
		return b.Bin(thread.And, b.Cmp("lt", i, x, true), b.Cmp("lt", j, y, true))
	}
	b.Local(bm*bn, func(i *thread.Node) { b.Set(acc, i, b.Float(thread.F32, 0)) })
	b.For(b.I32(0), kk, b.I32(bk), func(k0 *thread.Node) {
		b.Local(bk, func(i *thread.Node) {
			b.Local(bn, func(j *thread.Node) {
				r, c := add(k0, i), add(n0, j)
				b.Set(tb, add(mul(i, bn), j), b.Load(thread.Scalar(thread.F32), where(arg(b, 1), r, n, c), inside(r, kk, c, n), 4))
			})
		})
		b.Local(bm, func(i *thread.Node) {
			b.Local(bk, func(l *thread.Node) {
				r, c := add(m0, i), add(k0, l)
				x := b.Load(thread.Scalar(thread.F32), where(arg(b, 0), r, kk, c), inside(r, m, c, kk), 4)
				b.Local(bn, func(j *thread.Node) {
					at := add(mul(i, bn), j)
					b.Set(acc, at, b.Fma(x, b.Get(tb, add(mul(l, bn), j), 1), b.Get(acc, at, 1)))
				})
			})
		})
	})
	b.Local(bm, func(i *thread.Node) {
		b.Local(bn, func(j *thread.Node) {
			r, c := add(m0, i), add(n0, j)
			b.Store(where(arg(b, 2), r, n, c), b.Get(acc, add(mul(i, bn), j), 1), inside(r, m, c, n), 4)
		})
	})
	k := signature(t, `kernel @Matmul(%0 a: tensor f32[M, K], %1 b: tensor f32[K, N]) -> (%2 c: tensor f32[M, N]) dims(M, N, K) grid((M + 15) / 16, (N + 31) / 32) {}`)
	p := program(t, k, f, Options{Threads: 2})
	assert.Positive(t, p.lib.scratch)
	const M, N, K = 37, 71, 130
	x, w, y := normal(t, 5, M, K), normal(t, 6, K, N), tensor.New(dtype.F32, M, N)
	_, err := p.Run(bg, []runtime.Arg{runtime.Tensor(x), runtime.Tensor(w), runtime.Tensor(y)})
	require.NoError(t, err)
	xs, ws, want := x.Floats(), w.Floats(), make([]float64, M*N)
	for i := range M {
		for l := range K {
			for j := range N {
				want[i*N+j] += xs[i*K+l] * ws[l*N+j]
			}
		}
	}
	oracle := tensor.FromFloats(dtype.F64, []int{M, N}, want)
	d, err := tensor.Compare(y, oracle)
	require.NoError(t, err)
	assert.True(t, d.Within(1e-6), d)
}
