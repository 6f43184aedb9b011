package girih_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/stdlib"
)

var ctx = context.Background()

func TestCall(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		k := compile(t, vadd, "")
		for _, n := range []int{1, 127, 128, 1000, 1024} { // three sets of facts at least
			a, b := vector(t, d, n, func(i int) float32 { return float32(i) }), vector(t, d, n, func(i int) float32 { return float32(2 * i) })
			out, err := k.Call(ctx, a, b)
			require.NoError(t, err)
			require.Len(t, out, 1)
			c, err := girih.Slice[float32](out[0])
			require.NoError(t, err)
			for i := range c {
				require.Equal(t, float32(3*i), c[i])
			}
			assert.Equal(t, []int{n}, out[0].Shape())
			assert.Equal(t, girih.F32, out[0].DType())
			assert.Same(t, d, out[0].Device())
		}
	})
}

// Every kind of mistake is an error of its kind that names the argument.
func TestArguments(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		k := compile(t, vadd, "")
		vm := open(t, "vm")
		a := vector(t, d, 8, func(int) float32 { return 1 })
		b := vector(t, d, 8, func(int) float32 { return 1 })
		other := vector(t, vm, 8, func(int) float32 { return 1 })
		short := vector(t, d, 7, func(int) float32 { return 1 })
		ints, err := girih.FromSlice(d, make([]int32, 8))
		require.NoError(t, err)
		matrix, err := a.Reshape(2, 4)
		require.NoError(t, err)
		freed := vector(t, d, 8, func(int) float32 { return 1 })
		require.NoError(t, freed.Free())
		require.NoError(t, freed.Free())
		var none *girih.Tensor
		for _, c := range []struct {
			kind error
			want string
			args []any
		}{
			{girih.ErrArgument, "kernel vadd(a, b) (c) takes 2 arguments here, found 1", []any{a}},
			{girih.ErrArgument, `argument "b": nil, expected f32[N]`, []any{a, nil}},
			{girih.ErrArgument, `argument "b": nil, expected f32[N]`, []any{a, none}},
			{girih.ErrArgument, `argument "a": a int, expected a *Tensor of f32[N]`, []any{3, a}},
			{girih.ErrDType, `argument "b": elements are i32, expected f32[N]`, []any{a, ints}},
			{girih.ErrShape, `argument "b": dimension 0 is 7, expected N = 8 (from argument "a", dimension 0)`, []any{a, short}},
			{girih.ErrShape, `argument "a": rank is 2`, []any{matrix, a}},
			{girih.ErrDevice, `argument "b": a tensor on vm, but those before are on ` + d.Name(), []any{a, other}},
			{girih.ErrFreed, "is freed", []any{a, freed}},
		} {
			_, err := k.Call(ctx, c.args...)
			require.ErrorIs(t, err, c.kind)
			assert.ErrorContains(t, err, c.want)
		}
		_, err = k.Prepare(ctx, a, b, matrix)
		assert.ErrorIs(t, err, girih.ErrShape)
		_, err = k.Prepare(ctx, a, b, a)
		assert.ErrorContains(t, err, `argument "c": the result shares its memory with argument "a"`)
		view, err := a.Reshape(8)
		require.NoError(t, err)
		_, err = k.Prepare(ctx, a, b, view)
		assert.ErrorIs(t, err, girih.ErrArgument)

		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, err = k.Call(cancelled, a, b)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestSourceError(t *testing.T) {
	_, err := girih.Compile("kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z\n}\n", "")
	var se *girih.SourceError
	require.ErrorAs(t, err, &se)
	require.NotEmpty(t, se.Diagnostics)
	d := se.Diagnostics[0]
	assert.Equal(t, "source.girih", d.File)
	assert.Equal(t, [2]int{3, 9}, [2]int{d.Line, d.Column})
	assert.Equal(t, "G0101", d.Code)
	assert.True(t, strings.HasPrefix(err.Error(), "source.girih:3:9: G0101: "), err)
	var list diag.List
	assert.ErrorAs(t, err, &list)
	var b strings.Builder
	require.NoError(t, se.Render(&b, false))
	assert.Contains(t, b.String(), "^")

	_, err = girih.Compile(vadd, "other")
	assert.ErrorIs(t, err, girih.ErrArgument)
	_, err = girih.Compile(vadd, "", girih.Set("Z", 1))
	assert.ErrorAs(t, err, &se)
	_, err = girih.Compile(vadd, "", girih.Set("BN", 1.5))
	assert.ErrorIs(t, err, girih.ErrArgument)
	_, err = girih.Compile(vadd, "", girih.Dim("N", 0))
	assert.ErrorIs(t, err, girih.ErrShape)
	_, err = girih.Load("testdata/none.girih")
	assert.Error(t, err)
}

func TestLoadFS(t *testing.T) {
	fsys := fstest.MapFS{"k/a.girih": {Data: []byte(vadd)}, "k/b.girih": {Data: []byte("package vadd\n\nkernel Neg(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = -x[n]\n}\n")}}
	p, err := girih.LoadFS(fsys, "k")
	require.NoError(t, err)
	assert.Equal(t, "vadd", p.Name())
	assert.Equal(t, []string{"vadd", "Neg"}, p.Kernels())
	k, err := p.Kernel("vadd")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, k.Inputs())
	assert.Equal(t, []string{"c"}, k.Results())
	assert.Contains(t, k.Doc(), "adds vectors")
	_, err = p.Kernel("")
	assert.ErrorContains(t, err, "vadd, Neg")
	_, err = girih.LoadFS(fsys, "none")
	assert.Error(t, err)
}

// Static dimensions come from the arguments, and each value is a kernel of its own.
func TestStaticDimensions(t *testing.T) {
	text, ok := stdlib.Source("softmax")
	require.True(t, ok)
	for _, name := range []string{"vm", "cpu"} {
		d := open(t, name)
		k := compile(t, text, "Softmax", girih.Set("T", girih.F32))
		for _, n := range []int{3, 64} {
			x, err := d.FromFloats(girih.F32, make([]float64, 2*n), 2, n)
			require.NoError(t, err)
			out, err := k.Call(ctx, x)
			require.NoError(t, err)
			v, err := out[0].Floats()
			require.NoError(t, err)
			for _, p := range v {
				require.InDelta(t, 1/float64(n), p, 1e-6)
			}
		}
	}
	fixed := compile(t, text, "Softmax", girih.Set("T", "f32"), girih.Dim("N", 5))
	x, err := open(t, "vm").New(girih.F32, 2, 4)
	require.NoError(t, err)
	_, err = fixed.Call(ctx, x)
	assert.ErrorIs(t, err, girih.ErrShape)
}

func TestScalars(t *testing.T) {
	d := open(t, "vm")
	const text = "kernel S(x f32[N], a f16, n u8, b bool) (y f32[N]) {\n\tgrid i in N by 64\n\ty[i] = x[i] * f32(a) + f32(n) + where(b, f32(100), f32(0))\n}\n"
	k, err := girih.Compile(text, "")
	require.NoError(t, err)
	x := vector(t, d, 3, func(i int) float32 { return float32(i) })
	out, err := k.Call(ctx, x, 0.5, 7, true)
	require.NoError(t, err)
	v, err := out[0].Floats()
	require.NoError(t, err)
	assert.Equal(t, []float64{107, 107.5, 108}, v)
	for _, bad := range [][]any{{0.5, 256, true}, {0.5, -1, true}, {0.5, 2.5, true}, {"a", 1, true}, {0.5, 1, 2}, {x, 1, true}} {
		_, err = k.Call(ctx, append([]any{x}, bad...)...)
		assert.ErrorIs(t, err, girih.ErrArgument, "%v", bad)
	}
}

// What the VM finds while it runs has a place in the source.
func TestRunError(t *testing.T) {
	d, err := girih.Open("vm", girih.Checked())
	require.NoError(t, err)
	defer d.Close()
	k := compile(t, "kernel A(x f32[N]) (y f32[4]) {\n\tgrid n in N by 4\n\ty[:] = x[n]\n}\n", "")
	_, err = k.Call(ctx, vector(t, d, 8, func(i int) float32 { return float32(i) }))
	var se *girih.SourceError
	require.ErrorAs(t, err, &se)
	assert.Equal(t, 3, se.Diagnostics[0].Line)
	assert.Contains(t, err.Error(), "race")
}

func TestOpen(t *testing.T) {
	for _, name := range []string{"", "gpu", "cuda:x", "cuda:-1", "vm:0"} {
		_, err := girih.Open(name)
		assert.ErrorIs(t, err, girih.ErrDevice, name)
	}
	if fakeGPU == nil {
		_, err := girih.Open("cuda:7")
		assert.ErrorIs(t, err, girih.ErrNoGPU)
	}
	t.Setenv("GIRIH_CC", "no-such-compiler")
	_, err := girih.Open("cpu")
	assert.ErrorIs(t, err, girih.ErrNoCompiler)
	d, err := girih.Open("cpu", girih.Prebuilt())
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.Contains(t, girih.Devices(), "vm")
}

func TestClosed(t *testing.T) {
	for _, name := range []string{"vm", "cpu", "cuda:0"} {
		t.Run(name, func(t *testing.T) {
			if name == "cuda:0" && fakeGPU != nil {
				t.Skip(fakeGPU)
			}
			d, err := girih.Open(name)
			if errors.Is(err, girih.ErrNoCompiler) {
				t.Skip(err)
			}
			require.NoError(t, err)
			k := compile(t, vadd, "")
			a, b, c := vector(t, d, 8, func(int) float32 { return 1 }), vector(t, d, 8, func(int) float32 { return 1 }), vector(t, d, 8, func(int) float32 { return 1 })
			l, err := k.Prepare(ctx, a, b, c)
			require.NoError(t, err)
			s, err := d.NewStream()
			require.NoError(t, err)
			g, err := s.Capture(func() error { return l.Launch(ctx, s) })
			require.NoError(t, err)
			e, err := d.Record(s)
			require.NoError(t, err)
			require.NoError(t, d.Close())
			require.NoError(t, d.Close())
			_, errCall := k.Call(ctx, a, b)
			_, errRead := a.Floats()
			_, errNew := d.New(girih.F32, 1)
			_, errStream := d.NewStream()
			_, errPointer := a.Pointer()
			for i, err := range []error{errCall, errRead, errNew, errStream, errPointer, l.Launch(ctx, nil), l.Launch(ctx, s),
				g.Launch(ctx, nil), s.Sync(), e.Sync(), d.Sync(), a.SetBytes(make([]byte, 32))} {
				assert.ErrorIs(t, err, girih.ErrClosed, "%d", i)
			}
			for _, err := range []error{a.Free(), l.Close(), g.Close(), s.Close(), e.Close()} {
				assert.NoError(t, err)
			}
			assert.ErrorIs(t, l.Launch(ctx, nil), girih.ErrClosed)
		})
	}
}

// Extents may be 0: nothing runs, and results are empty.
func TestEmpty(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		x, err := girih.FromSlice(d, []float32{})
		require.NoError(t, err)
		out, err := compile(t, vadd, "").Call(ctx, x, x)
		require.NoError(t, err)
		assert.Equal(t, []int{0}, out[0].Shape())
		v, err := out[0].Floats()
		require.NoError(t, err)
		assert.Empty(t, v)
	})
}

// Without Generic there is code for each set of facts about the extents, with it one for all.
func TestGeneric(t *testing.T) {
	for want, options := range map[int][]girih.Option{3: nil, 1: {girih.Generic()}} {
		d := open(t, "cpu")
		k := compile(t, vadd, "", options...)
		for _, n := range []int{64, 128, 192, 100, 7} { // multiples of 64, of 4, of 1
			x := vector(t, d, n, func(int) float32 { return 1 })
			_, err := k.Call(ctx, x, x)
			require.NoError(t, err)
		}
		assert.Equal(t, want, girih.LoadedPrograms(d))
		runtime.KeepAlive(k)
	}
}

// Who gives up waiting for a compilation does not stop it for the others.
func TestCancelledWait(t *testing.T) {
	d := open(t, "cpu")
	k := compile(t, strings.Replace(vadd, "a[n] + b[n]", "a[n] + b[n] * 3.0", 1), "")
	x := vector(t, d, 8, func(int) float32 { return 1 })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c, cancel := context.WithCancel(ctx)
			if i%2 == 0 {
				go cancel()
			}
			defer cancel()
			_, err := k.Call(c, x, x)
			if i%2 == 1 || !errors.Is(err, context.Canceled) {
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}
