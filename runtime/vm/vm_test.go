package vm

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The build fails here first when an operation is added without its meaning.
func TestEveryOperationHasSemantics(t *testing.T) {
	assert.Empty(t, Missing(), "operations without VM semantics")
}

func parse(t require.TestingT, text string) *ir.Kernel {
	k, err := ir.Parse(text)
	require.NoError(t, err, text)
	return k
}

// launch runs a kernel on tensors and scalars (float64, int) by name and returns the results by name.
func launch(t require.TestingT, k *ir.Kernel, opt Options, in map[string]any) (map[string]*tensor.Tensor, error) {
	g, err := New(k, opt)
	if err != nil {
		return nil, err
	}
	named := map[string]runtime.Arg{}
	for n, v := range in {
		switch v := v.(type) {
		case *tensor.Tensor:
			named[n] = runtime.Tensor(v)
		case float64:
			named[n] = runtime.Float(v)
		case int:
			named[n] = runtime.Int(int64(v))
		}
	}
	args, err := runtime.Arguments(g.Kernel(), named, nil)
	require.NoError(t, err)
	_, err = g.Run(context.Background(), args)
	out := map[string]*tensor.Tensor{}
	for i, p := range k.Params {
		if p.Out {
			out[p.Name] = args[i].Tensor
		}
	}
	return out, err
}

func random(seed uint64, dt dtype.Type, shape ...int) *tensor.Tensor {
	t, err := tensor.Normal(dt, seed, 1, shape...)
	if err != nil {
		panic(err)
	}
	return t
}

const addText = `kernel @Add(%0 a: tensor f32[N], %1 b: tensor f32[N]) -> (%2 c: tensor f32[N]) dims(N) grid(ceil(N, 64)) {
  %3 = program_id {axis = 0} : i32
  %4 = const {value = 64} : i32
  %5 = mul %3, %4 : i32
  %6 = load %0, %5 {dims = [0]} : f32[64]
  %7 = load %1, %5 {dims = [0]} : f32[64]
  %8 = add %6, %7 : f32[64]
  store %8, %2, %5 {dims = [0]}
}`

func TestAdd(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		a, b := random(1, dtype.F32, n), random(2, dtype.F32, n)
		for _, opt := range []Options{{}, {Check: true}, {Exact: true}} {
			out, err := launch(t, parse(t, addText), opt, map[string]any{"a": a, "b": b, "c": tensor.New(map[bool]dtype.Type{false: dtype.F32, true: dtype.F64}[opt.Exact], n)})
			require.NoError(t, err)
			c := out["c"].Floats()
			for i, x := range a.Floats() {
				want := x + b.Floats()[i]
				if !opt.Exact {
					want = float64(float32(want))
				}
				require.Equal(t, want, c[i])
			}
		}
	}
}

const softmaxText = `kernel @Softmax(%0 x: tensor f16[M, N]) -> (%1 y: tensor f16[M, N]) dims(M, N = 50) grid(M) {
  %2 m = program_id {axis = 0} : i32
  %3 = const {value = 0} : i32
  %4 = load %0, %2, %3 {dims = [1]} : f16[50]
  %5 = cast %4 : f32[50]
  %6 = reduce %5 {axis = 0, op = "max"} : f32
  %7 = broadcast %6 : f32[50]
  %8 = sub %5, %7 : f32[50]
  %9 = exp %8 : f32[50]
  %10 = reduce %9 {axis = 0, op = "sum"} : f32
  %11 = broadcast %10 : f32[50]
  %12 = div %9, %11 : f32[50]
  %13 = cast %12 : f16[50]
  store %13, %1, %2, %3 {dims = [1]}
}`

func TestSoftmax(t *testing.T) {
	x := random(3, dtype.F16, 33, 50)
	out, err := launch(t, parse(t, softmaxText), Options{}, map[string]any{"x": x})
	require.NoError(t, err)
	exact, err := launch(t, parse(t, softmaxText), Options{Exact: true}, map[string]any{"x": x})
	require.NoError(t, err)
	assert.Equal(t, dtype.F64, exact["y"].DType)
	v, y, e := x.Floats(), out["y"].Floats(), exact["y"].Floats()
	for m := range 33 {
		sum := 0.0
		for n := range 50 {
			sum += math.Exp(v[m*50+n])
		}
		for n := range 50 {
			want := math.Exp(v[m*50+n]) / sum
			require.InEpsilon(t, want, e[m*50+n], 1e-13)
			require.InEpsilon(t, want, y[m*50+n], 1e-3)
		}
	}
}

// matmulText clips at every edge; A·B with tiles of 16 × 8 and steps of 32.
func matmulText(elem, acc, out string) string {
	r := strings.NewReplacer("ELEM", elem, "ACC", acc, "OUT", out)
	return r.Replace(`kernel @Matmul(%0 a: tensor ELEM[M, K], %1 b: tensor ELEM[K, N]) -> (%2 c: tensor OUT[M, N]) dims(M, K, N) grid(ceil(N, 8), ceil(M, 16)) {
  %3 = program_id {axis = 0} : i32
  %4 = program_id {axis = 1} : i32
  %5 = const {value = 8} : i32
  %6 = const {value = 16} : i32
  %7 = mul %3, %5 : i32
  %8 = mul %4, %6 : i32
  %9 = const {value = 0} : i32
  %10 = const {value = 32} : i32
  %11 = dim {expr = "K"} : i32
  %12 = const {value = 0} : ACC[16, 8]
  %13 = for %9, %11, %10, %12 : ACC[16, 8] {
    |%14: i32, %15: ACC[16, 8]|
    %16 = load %0, %8, %14 {dims = [0, 1]} : ELEM[16, 32]
    %17 = load %1, %14, %7 {dims = [0, 1]} : ELEM[32, 8]
    %18 = dot %16, %17, %15 : ACC[16, 8]
    yield %18
  }
  %19 = cast %13 : OUT[16, 8]
  store %19, %2, %8, %7 {dims = [0, 1]}
}`)
}

func TestMatmul(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {16, 32, 8}, {17, 33, 9}, {33, 100, 20}, {5, 0, 3}} {
		m, k, n := s[0], s[1], s[2]
		a, b := random(4, dtype.F16, m, k), random(5, dtype.F16, k, n)
		out, err := launch(t, parse(t, matmulText("f16", "f32", "f32")), Options{Check: true}, map[string]any{"a": a, "b": b})
		require.NoError(t, err)
		x, y, c := a.Floats(), b.Floats(), out["c"].Floats()
		for i := range m {
			for j := range n {
				want := 0.0
				for l := range k {
					want += x[i*k+l] * y[l*n+j]
				}
				require.InDelta(t, want, c[i*n+j], 1e-5)
			}
		}
	}
	// Integers are exact and wrap; 4-bit inputs need no alignment.
	a, b := random(6, dtype.I(4), 7, 65), random(7, dtype.I(4), 65, 11)
	out, err := launch(t, parse(t, matmulText("i4", "i32", "i8")), Options{}, map[string]any{"a": a, "b": b})
	require.NoError(t, err)
	for i := range 7 {
		for j := range 11 {
			want := int64(0)
			for l := range 65 {
				want += a.Ints()[i*65+l] * b.Ints()[l*11+j]
			}
			require.Equal(t, int64(int8(want)), out["c"].Ints()[i*11+j])
		}
	}
}

// Carried values that trade places are exchanged at once.
func TestForSwapsAndIf(t *testing.T) {
	k := parse(t, `kernel @Fib(%0 n: i32) -> (%1 y: tensor i32[2]) grid(1) {
  %2 = const {value = 0} : i32
  %3 = const {value = 1} : i32
  %4, %5 = for %2, %0, %3, %2, %3 : i32, i32 {
    |%6: i32, %7: i32, %8: i32|
    %9 = add %7, %8 : i32
    %10 = reshape %8 : i32
    yield %10, %9
  }
  %11, %12 = for %2, %3, %3, %4, %5 : i32, i32 {
    |%13: i32, %14: i32, %15: i32|
    yield %15, %14
  }
  %16 = cmp %11, %12 {pred = "gt"} : bool
  %17 = if %16 : i32 {
    yield %11
  } {
    %18 = neg %12 : i32
    yield %18
  }
  store %11, %1, %2 {dims = []}
  store %17, %1, %3 {dims = []}
}`)
	out, err := launch(t, k, Options{}, map[string]any{"n": 10})
	require.NoError(t, err)
	assert.Equal(t, []int64{89, 89}, out["y"].Ints())
	out, err = launch(t, k, Options{}, map[string]any{"n": 0})
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 1}, out["y"].Ints())
}

func TestErrors(t *testing.T) {
	run := func(body string, opt Options) error {
		_, err := launch(t, parse(t, "kernel @k(%0 n: i32, %1 x: tensor f32[4]) -> (%2 y: tensor f32[4]) grid(2) {"+body+"}"), opt,
			map[string]any{"n": 0, "x": tensor.New(dtype.F32, 4), "y": tensor.New(dtype.F32, 4)})
		return err
	}
	for body, want := range map[string]string{
		"for %0, %0, %0 loc(7:9) { |%3: i32| yield }":               "block (0, 0, 0): for at bytes 7:9: the step is 0, expected at least 1",
		"%3 = const {value = 1} : f32 store %3, %1, %0 {dims = []}": "stores to x, which is an input",
		`%3 = dim {expr = "Q +"} : i32`:                             `expression "Q +": 1:4: expected an extent, found the end`,
		`%3 = dim {expr = "Q"} : i32`:                               `dimension Q has no value`,
		"%3 = const {value = 0} : f32[65536, 65536]":                "the VM holds tiles of at most 268435456 elements and 8 axes, not f32[65536, 65536]",
		"%3 = neg %1 : f32":                                         "takes tiles, found tensor f32[4]",
	} {
		assert.ErrorContains(t, run(body, Options{}), want)
	}
	// Races and reads of nothing are found on request; the results differ from run to run otherwise.
	store := "%3 = const {value = 1} : f32[4] store %3, %2, %0 {dims = [0]} loc(5:6)"
	assert.NoError(t, run(store, Options{Threads: 1}))
	assert.EqualError(t, run(store, Options{Check: true}), "block (1, 0, 0): store at bytes 5:6: race: element [0] of y is also written by block [0 0 0] (store at bytes 5:6)")
	load := "%3 = load %2, %0 {dims = [0]} : f32[4]"
	assert.NoError(t, run(load, Options{}))
	assert.ErrorContains(t, run(load, Options{Check: true}), "reads element [0] of the result y before anything has written it")
	assert.ErrorContains(t, run("%3 = const {value = 1} : f32[1] %4 = program_id {axis = 0} : i32 store %3, %2, %4 {dims = [0]} %5 = load %2, %0 {dims = [0]} : f32[1]", Options{Check: true}),
		"race: element [0] of y is written by block [0 0 0]")
}

func TestResultsArePoison(t *testing.T) {
	y, z := tensor.New(dtype.F16, 3), tensor.New(dtype.U(3), 3)
	_, err := launch(t, parse(t, "kernel @k() -> (%0 y: tensor f16[3], %1 z: tensor u3[3]) grid(1) {}"), Options{}, map[string]any{"y": y, "z": z})
	require.NoError(t, err)
	assert.True(t, math.IsNaN(y.Floats()[2]))
	assert.Equal(t, []int64{7, 7, 7}, z.Ints())
	assert.Equal(t, []byte{0xff, 1}, z.Data)
}

// A loop without end stops with its context.
func TestCancel(t *testing.T) {
	k := parse(t, "kernel @k(%0 n: i32, %1 one: i32) grid(4) { %2 = for %0, %0, %1, %0 : i32 { |%3: i32, %4: i32| %5 = for %0, %1, %1, %4 : i32 {|%6: i32, %7: i32| yield %7} yield %5 } for %1, %0, %1 {|%8: i32| yield} }")
	g, err := New(k, Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = g.Run(ctx, []runtime.Arg{runtime.Int(math.MaxInt32), runtime.Int(1)})
	if err == nil { // fast machines get through
		return
	}
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func BenchmarkElementwise(b *testing.B) {
	for _, elem := range []string{"f32", "f16", "bf16", "i32", "i4"} {
		b.Run(elem, func(b *testing.B) {
			var s strings.Builder
			fmt.Fprintf(&s, "kernel @k(%%0 x: tensor %[1]s[N]) -> (%%1 y: tensor %[1]s[N]) dims(N) grid(ceil(N, 1024)) { %%2 = program_id {axis = 0} : i32 %%3 = const {value = 1024} : i32 %%4 = mul %%2, %%3 : i32 %%5 = load %%0, %%4 {dims = [0]} : %[1]s[1024]\n", elem)
			const ops = 32
			for i := range ops {
				fmt.Fprintf(&s, "%%%d = %s %%%d, %%5 : %s[1024]\n", 6+i, []string{"add", "mul", "sub", "max"}[i%4], 5+i, elem)
			}
			fmt.Fprintf(&s, "store %%%d, %%1, %%4 {dims = [0]}}", 5+ops)
			k := parse(b, s.String())
			const n = 1 << 18
			dt := k.Params[0].Value.Type.Elem
			g, err := New(k, Options{Threads: 1})
			require.NoError(b, err)
			args := []runtime.Arg{runtime.Tensor(random(1, dt, n)), runtime.Tensor(tensor.New(dt, n))}
			for b.Loop() {
				_, err := g.Run(context.Background(), args)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N)*n*ops/b.Elapsed().Seconds()/1e6, "Mresults/s")
		})
	}
}

// One program serves many launches at once, and blocks of different workers do not meet.
func TestConcurrentRuns(t *testing.T) {
	g, err := New(parse(t, addText), Options{Threads: 4})
	require.NoError(t, err)
	errs := make(chan error)
	for i := range 8 {
		go func() {
			n := 500 + i
			a, c := random(uint64(i), dtype.F32, n), tensor.New(dtype.F32, n)
			_, err := g.Run(context.Background(), []runtime.Arg{runtime.Tensor(a), runtime.Tensor(a), runtime.Tensor(c)})
			for j, x := range a.Floats() {
				if y := c.Floats()[j]; err == nil && y != x+x {
					err = fmt.Errorf("element %d of %d is %v, expected %v", j, n, y, x+x)
				}
			}
			errs <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-errs)
	}
}
