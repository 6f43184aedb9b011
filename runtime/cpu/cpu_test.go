package cpu

import (
	"context"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/tensor"
)

func TestFind(t *testing.T) {
	t.Setenv("GIRIH_CC", "")
	t.Setenv("PATH", t.TempDir())
	_, err := Find()
	require.ErrorIs(t, err, ErrNoCompiler)
	assert.ErrorContains(t, err, "looked for cc, gcc and clang")
	assert.ErrorContains(t, err, "GIRIH_CC")
	t.Setenv("GIRIH_CC", "no-such-cc -m64")
	_, err = Find()
	require.ErrorIs(t, err, ErrNoCompiler)
	assert.ErrorContains(t, err, `GIRIH_CC is "no-such-cc -m64"`)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mycc"), []byte("#!/bin/sh\n"), 0o700))
	t.Setenv("PATH", dir)
	t.Setenv("GIRIH_CC", "mycc -m64")
	cc, err := Find()
	require.NoError(t, err)
	assert.Equal(t, []string{"-m64"}, cc.Args)
}

func TestCompileError(t *testing.T) {
	needCompiler(t)
	_, err := Load(bg, "K", []byte("int K(void) { return y; }\n"), Options{Cache: off})
	var ce *CompileError
	require.ErrorAs(t, err, &ce)
	assert.Contains(t, ce.Stderr, "y")
	assert.ErrorContains(t, err, "internal error: the C compiler refused the code of K (exit status 1):")
	assert.ErrorContains(t, err, "Please report this")
	_, err = Load(bg, "K", []byte("int J(void) { return 0; }\n"), Options{Cache: off})
	assert.ErrorContains(t, err, "the code of K is not complete")
	stopped, cancel := context.WithCancel(bg)
	cancel()
	_, err = Load(stopped, "K", []byte("int K(void) { return 1; }\n"), Options{Cache: off})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestCache(t *testing.T) {
	needCompiler(t)
	store := cache.Open(cache.Options{Dir: t.TempDir()})
	k := signature(t, strings.Replace(addText, "ceil(N, 256)", "(N + 255) / 256", 1))
	first := program(t, k, vectorAdd(), Options{Cache: store})
	assert.False(t, first.Cached())
	// Another process would make a compiler of its own: its identity comes from the cache too.
	cc, err := Find()
	require.NoError(t, err)
	second := program(t, k, vectorAdd(), Options{Cache: store, Compiler: cc})
	assert.True(t, second.Cached())
	portable := program(t, k, vectorAdd(), Options{Cache: store, Portable: true})
	assert.False(t, portable.Cached())
	x, z := normal(t, 1, 700), tensor.New(dtype.F32, 700)
	require.NoError(t, first.Close())
	require.NoError(t, first.Close())
	args := []runtime.Arg{runtime.Tensor(x), runtime.Tensor(x), runtime.Tensor(z)}
	_, err = second.Run(bg, args)
	require.NoError(t, err)
	_, err = first.Run(bg, args)
	assert.EqualError(t, err, "the code of Add has been closed")
}

// TestConcurrent runs one program from many goroutines, with collections and a Close in between.
func TestConcurrent(t *testing.T) {
	k := signature(t, strings.Replace(addText, "ceil(N, 256)", "(N + 255) / 256", 1))
	p := program(t, k, vectorAdd(), Options{Threads: 3})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				n := 1000*g + 37*i
				x, z := normal(t, uint64(g), n), tensor.New(dtype.F32, n)
				_, err := p.Run(bg, []runtime.Arg{runtime.Tensor(x), runtime.Tensor(x), runtime.Tensor(z)})
				assert.NoError(t, err)
				xs, zs := x.Floats(), z.Floats()
				for j := range zs {
					if zs[j] != xs[j]+xs[j] {
						assert.Equal(t, xs[j]+xs[j], zs[j])
						return
					}
				}
				goruntime.GC()
			}
		})
	}
	wg.Wait()
}

// TestPacked writes elements that share bytes, into a result that is no whole number of words.
func TestPacked(t *testing.T) {
	f, b := thread.NewFunc("Ones", 1)
	f.Params = []thread.Param{{Name: "y", Elem: thread.Ptr, Out: true}}
	b.Effect(thread.AtomicOr, 0, arg(b, 0), b.I32(0x7ffffff))
	k := signature(t, `kernel @Ones() -> (%0 y: tensor u3[9]) dims() grid(1) {}`)
	p := program(t, k, f, Options{})
	mem := []byte{0, 0, 0, 0, 0xaa, 0xaa}
	y := &tensor.Tensor{DType: dtype.U(3), Shape: []int{9}, Data: mem[:4]}
	mem[4] = 0xaa
	for _, at := range []int{0, 1} {
		clear(mem)
		mem[5] = 0xaa
		y.Data = mem[at : at+4 : at+4]
		_, err := p.Run(bg, []runtime.Arg{runtime.Tensor(y)})
		require.NoError(t, err)
		assert.Equal(t, []int64{7, 7, 7, 7, 7, 7, 7, 7, 7}, y.Ints())
		assert.Equal(t, byte(0xaa), mem[5])
	}
}

// TestScalars passes one scalar of each kind, as its own type says.
func TestScalars(t *testing.T) {
	f, b := thread.NewFunc("Scalars", 1)
	elems := []thread.Elem{thread.F16, thread.BF16, thread.F32, thread.F64, thread.I32, thread.I32, thread.I64, thread.Bool, thread.F32}
	for _, e := range elems {
		f.Params = append(f.Params, thread.Param{Name: "s", Elem: e})
	}
	f.Params = append(f.Params, thread.Param{Name: "y", Elem: thread.Ptr, Out: true})
	for i, e := range elems {
		x := arg(b, i)
		if e == thread.Bool {
			x = b.Conv(x, thread.I32, true)
		}
		b.Store(b.PtrAdd(arg(b, len(elems)), b.I32(8*i)), b.Conv(x, thread.F64, false), nil, 8)
	}
	k := signature(t, `kernel @Scalars(%0 a: f16, %1 b: bf16, %2 c: f32, %3 d: f64, %4 e: i5, %5 f: u8, %6 g: i64, %7 h: bool, %8 i: f8e4m3fn) -> (%9 y: tensor f64[9]) dims() grid(1) {}`)
	p := program(t, k, f, Options{})
	y := tensor.New(dtype.F64, 9)
	_, err := p.Run(bg, []runtime.Arg{runtime.Float(0.1), runtime.Float(0.1), runtime.Float(0.1), runtime.Float(0.1), runtime.Int(-3), runtime.Int(200), runtime.Int(-1 << 40), runtime.Int(1), runtime.Float(0.1), runtime.Tensor(y)})
	require.NoError(t, err)
	assert.Equal(t, []float64{dtype.F16.Round(0.1), dtype.BF16.Round(0.1), float64(float32(0.1)), 0.1, -3, 200, -1 << 40, 1, dtype.F8E4M3FN.Round(0.1)}, y.Floats())
}

// TestBadStep has a loop that would never end.
func TestBadStep(t *testing.T) {
	f, b := thread.NewFunc("Loop", 1)
	f.Params = []thread.Param{{Name: "n", Elem: thread.I32}, {Name: "y", Elem: thread.Ptr, Out: true}}
	b.For(b.I32(0), b.I32(10), arg(b, 0), func(i *thread.Node) { b.Store(arg(b, 1), i, nil, 4) })
	k := signature(t, `kernel @Loop(%0 n: i32) -> (%1 y: tensor i32[1]) dims() grid(1) {}`)
	p := program(t, k, f, Options{})
	y := tensor.New(dtype.I32, 1)
	_, err := p.Run(bg, []runtime.Arg{runtime.Int(3), runtime.Tensor(y)})
	require.NoError(t, err)
	assert.Equal(t, []int64{9}, y.Ints())
	_, err = p.Run(bg, []runtime.Arg{runtime.Int(0), runtime.Tensor(y)})
	assert.EqualError(t, err, "kernel Loop: a loop has a step below 1")
}

// TestNext has one call take further ranges from a counter, and none where others have taken them all.
func TestNext(t *testing.T) {
	f, b := thread.NewFunc("Mark", 1)
	f.Params = []thread.Param{{Name: "y", Elem: thread.Ptr, Out: true}}
	n := b.Emit(&thread.Node{Op: thread.BlockID, Type: thread.Scalar(thread.I32)})
	b.Store(b.PtrAdd(arg(b, 0), b.Bin(thread.Mul, n, b.I32(4))), b.I32(1), nil, 4)
	k := signature(t, `kernel @Mark() -> (%0 y: tensor i32[10]) dims() grid(10) {}`)
	p := program(t, k, f, Options{})
	for next, want := range map[int64][]int64{3: {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 7: {1, 1, 1, 0, 0, 0, 0, 1, 1, 1}, 10: {1, 1, 1, 0, 0, 0, 0, 0, 0, 0}} {
		y := tensor.New(dtype.I32, 10)
		bound, err := p.bind([]runtime.Arg{runtime.Tensor(y)})
		require.NoError(t, err)
		counter := new(int64)
		*counter = next
		bound.pin.Pin(counter)
		assert.Zero(t, p.lib.call(bound.ptrs, &[6]int64{10, 1, 1, 0, 3, int64(uintptr(unsafe.Pointer(counter)))}, nil))
		assert.GreaterOrEqual(t, *counter, int64(10))
		bound.release()
		assert.Equal(t, want, y.Ints(), next)
	}
}

func TestAlign(t *testing.T) {
	for _, n := range []int{0, 1, 100} {
		b := align64(n)
		assert.Len(t, *b, n)
		assert.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(*b)))%64)
	}
}
