package conform

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
)

const narrowText = `package narrow

kernel Arith[T type](x T[M, N], z T[M, N]) (add T[M, N], sub T[M, N], mul T[M, N], div T[M, N], lo T[M, N], hi T[M, N]) {
	grid m in M by 4, n in N by 128
	a := x[m, n]
	b := z[m, n]
	add[m, n] = a + b
	sub[m, n] = a - b
	mul[m, n] = a * b
	div[m, n] = a / b
	lo[m, n] = min(a, b)
	hi[m, n] = max(a, b)
}

kernel Words[T type](x T[M, N], z T[M, N]) (rem T[M, N], and T[M, N], or T[M, N], xor T[M, N], not T[M, N], shl T[M, N], shr T[M, N], ones i32[M, N], zeros i32[M, N]) {
	grid m in M by 4, n in N by 128
	a := x[m, n]
	b := z[m, n]
	rem[m, n] = a % b
	and[m, n] = a & b
	or[m, n] = a | b
	xor[m, n] = a ^ b
	not[m, n] = ^a
	shl[m, n] = a << b
	shr[m, n] = a >> b
	ones[m, n] = popcount(a)
	zeros[m, n] = clz(a)
}
`

// executors runs a kernel on the VM, on its thread IR for a GPU, as C where there is a compiler, and on a GPU where there is one and
// GIRIH_CACHE names a directory; the results must be those of the VM bit for bit (NaNs: NaN), and are returned.
func executors(t *testing.T, text, kernel string, defines map[string]string, args map[string]runtime.Arg, dims map[string]int64, native bool) map[string]*tensor.Tensor {
	pkg, err := lang.LoadSource("narrow.girih", text)
	require.NoError(t, err)
	k, err := lang.Lower(pkg, kernel, lang.Options{Defines: defines, AnyTune: true})
	require.NoError(t, err)
	ctx := context.Background()
	want, err := run(ctx, k, args, dims, vm.Options{})
	require.NoError(t, err)
	compile.Specialise(k, dims)
	same := func(who string, got map[string]*tensor.Tensor) {
		for name, w := range want {
			g := got[name]
			for i := range w.Len() {
				if g.Code(i) == w.Code(i) || w.DType.IsFloat() && w.DType.Float(w.Code(i)) != w.DType.Float(w.Code(i)) && g.DType.Float(g.Code(i)) != g.DType.Float(g.Code(i)) {
					continue
				}
				var in []string
				for a, x := range args {
					in = append(in, fmt.Sprintf("%s=%s", a, x.Tensor.DType.Text(x.Tensor.Code(i))))
				}
				t.Fatalf("%s %v, %s, %s: %s became %s, expected %s", kernel, defines, who, name, strings.Join(in, " "), g.DType.Text(g.Code(i)), w.DType.Text(w.Code(i)))
			}
		}
	}
	gpu, err := compile.Target("sm_90a")
	require.NoError(t, err)
	for _, target := range []passes.Target{gpu, passes.CPU} {
		c, err := compile.Thread(k, target, compile.Options{Verify: true})
		require.NoError(t, err)
		prog, err := threadvm.New(c.Thread, c.Kernel)
		require.NoError(t, err)
		got, err := Results(ctx, prog, c.Kernel, args, dims)
		require.NoError(t, err, "%s %v", kernel, defines)
		same("threads of "+target.Name, got)
		if !target.GPU && native {
			prog, err := cpu.New(c.Kernel, c.Thread, cpu.Options{Cache: cache.Open(cache.Options{Dir: "off"}), Flags: []string{"-O1"}})
			require.NoError(t, err)
			defer prog.Close()
			got, err := Results(ctx, prog, c.Kernel, args, dims)
			require.NoError(t, err)
			same("C", got)
		}
	}
	if st := store(); st != nil {
		dev, target := anyGPU(), "sm_90a"
		if dev != nil {
			target = dev.Target()
		} else if need.Required("cuda") {
			t.Fatal("GIRIH_REQUIRE wants a GPU, and there is none that can be opened")
		}
		c, err := compile.GPU(ctx, k, target, compile.Options{Cache: st, Verify: true})
		if _, missing := llvm.Find(); err != nil && missing != nil && dev == nil && !need.Required("llvm") {
			return want // nothing to run it, and nothing to fill the cache with
		}
		require.NoError(t, err)
		if dev != nil {
			prog, err := cuda.NewProgram(dev, cuda.Code{Kernel: c.Kernel, PTX: c.PTX, Threads: c.Threads, Shared: c.Shared})
			require.NoError(t, err)
			defer prog.Close()
			got, err := Results(ctx, prog, c.Kernel, args, dims)
			require.NoError(t, err, "%s %v", kernel, defines)
			same("the GPU", got)
		}
	}
	return want
}

// anyGPU is the first GPU, open as long as the process lives, or nil.
var anyGPU = sync.OnceValue(func() *cuda.Device {
	dev, err := cuda.Open(0)
	if err != nil {
		return nil
	}
	return dev
})

// ramp holds every code of a type, many times over, in an order that pairs them all.
func ramp(t dtype.Type, m, n, by int) *tensor.Tensor {
	x := tensor.New(t, m, n)
	for i := range x.Len() {
		x.SetCode(i, uint64(i/by)&(1<<min(t.Bits(), 63)-1))
	}
	return x
}

// some picks every sixth type in an ordinary run, and all with GIRIH_LONG set.
func some(i, of int) bool { return os.Getenv("GIRIH_LONG") != "" || i%6 == of }

func narrowTypes() []dtype.Type {
	var ts []dtype.Type
	for _, t := range dtype.All() {
		if t.Bits() <= 8 && !t.IsBool() {
			ts = append(ts, t)
		}
	}
	return ts
}

// Every code of every type of up to 8 bits into every other one, stored: whole words by a thread, and (at an odd length)
// elements that share bytes with other threads' ones.
func TestNarrowCasts(t *testing.T) {
	_, noCC := cpu.Find()
	for i, from := range narrowTypes() {
		t.Run(from.String(), func(t *testing.T) {
			t.Parallel()
			if !some(i, 1) && from != dtype.F8E5M2 {
				t.Skip("set GIRIH_LONG to run it")
			}
			var outs, stores strings.Builder
			for j, to := range narrowTypes() {
				fmt.Fprintf(&outs, "y%d %s[M, N], ", j, to)
				fmt.Fprintf(&stores, "\ty%d[m, n] = %s(a)\n", j, to)
			}
			text := fmt.Sprintf("package narrow\n\nkernel Cast(x %s[M, N]) (%s) {\n\tgrid m in M by 2, n in N by 256\n\ta := x[m, n]\n%s}\n",
				from, strings.TrimSuffix(outs.String(), ", "), stores.String())
			for _, n := range []int{256, 131} {
				args := map[string]runtime.Arg{"x": runtime.Tensor(ramp(from, 3, n, 1))}
				executors(t, text, "Cast", nil, args, dims{"M": 3, "N": int64(n)}, noCC == nil && (i+n)%5 == 0)
			}
		})
	}
}

// All pairs of codes of every type of up to 8 bits under every operation.
func TestNarrowArithmetic(t *testing.T) {
	_, noCC := cpu.Find()
	for i, e := range narrowTypes() {
		t.Run(e.String(), func(t *testing.T) {
			t.Parallel()
			if !some(i, 2) && e != dtype.F8E5M2 {
				t.Skip("set GIRIH_LONG to run it")
			}
			codes := 1 << e.Bits()
			n := max(32, codes)
			m := codes * codes / n
			args := map[string]runtime.Arg{"x": runtime.Tensor(ramp(e, max(m, 1), n, 1)), "z": runtime.Tensor(ramp(e, max(m, 1), n, codes))}
			d := dims{"M": int64(max(m, 1)), "N": int64(n)}
			executors(t, narrowText, "Arith", map[string]string{"T": e.String()}, args, d, noCC == nil && i%5 == 0)
			if e.IsInt() {
				executors(t, narrowText, "Words", map[string]string{"T": e.String()}, args, d, noCC == nil && i%5 == 1)
			}
		})
	}
}

// Arithmetic at every width above 8 bits: the values at the ends of the range, powers of two and their neighbours, and
// random ones, all paired.
func TestWideArithmetic(t *testing.T) {
	_, noCC := cpu.Find()
	const n = 48
	for bits := 9; bits <= 64; bits++ {
		for j, e := range []dtype.Type{dtype.U(bits), dtype.I(bits)} {
			t.Run(e.String(), func(t *testing.T) {
				t.Parallel()
				switch bits {
				case 16, 31, 32, 33, 63, 64:
				default:
					if !some(2*bits+j, bits%6) {
						t.Skip("set GIRIH_LONG to run it")
					}
				}
				rnd := rand.New(rand.NewSource(int64(bits)))
				codes := []uint64{0, 1, 2, 3, 1<<(bits-1) - 1, 1 << (bits - 1), 1<<(bits-1) + 1, 1<<bits - 2, 1<<bits - 1, uint64(bits) - 1, uint64(bits), uint64(bits) + 1}
				for len(codes) < n {
					codes = append(codes, rnd.Uint64()>>rnd.Intn(64))
				}
				x, z := tensor.New(e, n, n), tensor.New(e, n, n)
				for i := range n * n {
					x.SetCode(i, codes[i%n])
					z.SetCode(i, codes[i/n])
				}
				args := map[string]runtime.Arg{"x": runtime.Tensor(x), "z": runtime.Tensor(z)}
				native := noCC == nil && (bits >= 31 && bits <= 33 || bits >= 63)
				executors(t, narrowText, "Arith", map[string]string{"T": e.String()}, args, dims{"M": n, "N": n}, native)
				executors(t, narrowText, "Words", map[string]string{"T": e.String()}, args, dims{"M": n, "N": n}, native)
			})
		}
	}
}

// The shifts of PTX read 32 bits of a count: that of a 64-bit element is reduced before (TestWideArithmetic sees it on a GPU only).
func TestShiftCounts(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	for _, op := range []string{"<<", ">>"} {
		pkg, err := lang.LoadSource("shift.girih", fmt.Sprintf("package p\nkernel Shift(x u64[N], z u64[N]) (y u64[N]) {\n\tgrid n in N by 32\n\ty[n] = x[n] %s z[n]\n}\n", op))
		require.NoError(t, err)
		k, err := lang.Lower(pkg, "Shift", lang.Options{})
		require.NoError(t, err)
		c, err := compile.GPU(context.Background(), k, "sm_90a", compile.Options{})
		require.NoError(t, err)
		require.Regexp(t, `and\.b32\s+(%r\d+), %r\d+, 63;\n\s*sh[lr]\.[bu]64\s+%rd\d+, %rd\d+, (%r\d+);`, c.PTX)
	}
}
