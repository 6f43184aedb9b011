package girih_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/examples"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/stdlib"
)

func TestLauncher(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		k := compile(t, vadd, "")
		one := func(int) float32 { return 1 }
		a, b, c := vector(t, d, 300, func(i int) float32 { return float32(i) }), vector(t, d, 300, one), vector(t, d, 300, one)
		l, err := k.Prepare(ctx, a, b, c)
		require.NoError(t, err)
		defer l.Close()
		s, err := d.NewStream()
		require.NoError(t, err)
		defer s.Close()
		start, err := d.Record(s)
		require.NoError(t, err)
		require.NoError(t, l.Launch(ctx, s))
		stop, err := d.Record(s)
		require.NoError(t, err)
		require.NoError(t, stop.Sync())
		took, err := stop.Since(start)
		require.NoError(t, err)
		assert.Positive(t, took)
		require.NoError(t, s.Wait(stop))
		require.NoError(t, s.Sync())
		v, err := girih.Slice[float32](c)
		require.NoError(t, err)
		assert.Equal(t, float32(300), v[299])

		// Another argument for the same launcher.
		a2 := vector(t, d, 300, func(i int) float32 { return float32(-i) })
		require.NoError(t, l.Set("a", a2))
		require.NoError(t, l.Launch(ctx, nil))
		v, err = girih.Slice[float32](c)
		require.NoError(t, err)
		assert.Equal(t, float32(-298), v[299])
		assert.ErrorIs(t, l.Set("a", vector(t, d, 299, one)), girih.ErrShape)
		assert.ErrorIs(t, l.Set("a", c), girih.ErrArgument) // the result
		assert.ErrorIs(t, l.Set("z", c), girih.ErrArgument)

		ended, cancel := context.WithCancel(ctx)
		cancel()
		assert.ErrorIs(t, l.Launch(ended, s), context.Canceled)
		other, err := open(t, "vm").NewStream()
		require.NoError(t, err)
		assert.ErrorIs(t, l.Launch(ctx, other), girih.ErrDevice)
		require.NoError(t, a.Free())
		require.NoError(t, l.Launch(ctx, s)) // a is not its argument any more
		require.NoError(t, a2.Free())
		err = l.Launch(ctx, s)
		assert.ErrorIs(t, err, girih.ErrFreed)
		assert.ErrorContains(t, err, `argument "a"`)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		assert.ErrorIs(t, l.Launch(ctx, s), girih.ErrClosed)
		require.NoError(t, l.Close())
		assert.ErrorIs(t, l.Launch(ctx, nil), girih.ErrClosed)
		_, err = start.Since(stop)
		assert.NoError(t, err)
		require.NoError(t, stop.Close())
		assert.ErrorIs(t, stop.Sync(), girih.ErrClosed)
	})
}

func TestGraph(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		k := compile(t, vadd, "")
		zero := func(int) float32 { return 0 }
		one := vector(t, d, 100, func(int) float32 { return 1 })
		x, y := vector(t, d, 100, zero), vector(t, d, 100, zero)
		there, err := k.Prepare(ctx, x, one, y) // y = x + 1
		require.NoError(t, err)
		back, err := k.Prepare(ctx, y, one, x) // x = y + 1
		require.NoError(t, err)
		s, err := d.NewStream()
		require.NoError(t, err)
		defer s.Close()
		g, err := s.Capture(func() error {
			if _, err := s.Capture(func() error { return nil }); err == nil {
				t.Error("a capture within a capture")
			}
			for range 5 {
				if err := there.Launch(ctx, s); err != nil {
					return err
				}
				if err := back.Launch(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
		require.NoError(t, err)
		v, err := girih.Slice[float32](x)
		require.NoError(t, err)
		assert.Equal(t, float32(0), v[50], "capturing must not run")
		for range 3 {
			require.NoError(t, g.Launch(ctx, s))
		}
		require.NoError(t, s.Sync())
		v, err = girih.Slice[float32](x)
		require.NoError(t, err)
		assert.Equal(t, float32(30), v[50])
		_, err = s.Capture(func() error { return io.ErrUnexpectedEOF })
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NoError(t, one.Free())
		assert.ErrorIs(t, g.Launch(ctx, s), girih.ErrFreed)
		require.NoError(t, g.Close())
		assert.ErrorIs(t, g.Launch(ctx, s), girih.ErrClosed)
	})
}

func TestPack(t *testing.T) {
	for _, name := range []string{"vm", "cpu", "cuda:0"} {
		t.Run(name, func(t *testing.T) {
			d := open(t, name)
			source := strings.ReplaceAll(examples.Linear, "Linear", "vadd") // the stand-in loads it, but cannot run it
			k := compile(t, source, "", girih.Set("W", girih.U4), girih.Set("G", 64), girih.Set("BN", 64), girih.Set("BK", 64))
			const m, n, kk = 5, 70, 128
			codes := make([]uint64, kk*n)
			for i := range codes {
				codes[i] = rand.Uint64N(16)
			}
			w, err := d.FromCodes(girih.U4, codes, kk, n)
			require.NoError(t, err)
			p, err := k.Pack(ctx, "w", w, girih.Dim("M", m)) // for the tune values of these calls
			require.NoError(t, err)
			assert.Equal(t, girih.U4, p.DType())
			assert.Equal(t, []int{kk, n}, p.Shape())
			back, err := p.Unpack()
			require.NoError(t, err)
			got, err := back.Codes()
			require.NoError(t, err)
			assert.Equal(t, codes, got)
			_, err = k.Pack(ctx, "x", w)
			assert.ErrorIs(t, err, girih.ErrArgument)
			_, err = k.Pack(ctx, "w", back)
			assert.NoError(t, err)
			_, err = k.Pack(ctx, "w", back, girih.Set("BM", 8))
			assert.ErrorIs(t, err, girih.ErrArgument)

			x, err := d.Random(girih.F16, 1, m, kk)
			require.NoError(t, err)
			s, err := d.Random(girih.F16, 2, kk/64, n)
			require.NoError(t, err)
			y, err := d.New(girih.F16, m, n)
			require.NoError(t, err)
			if name == "cuda:0" {
				assert.NotEqual(t, "row-major", p.Order())
				l, err := k.Prepare(ctx, x, p, s, y)
				require.NoError(t, err)
				require.NoError(t, l.Close())
				l, err = k.Prepare(ctx, x, w, s, y) // packs by itself
				require.NoError(t, err)
				assert.ErrorIs(t, l.Set("w", w), girih.ErrLayout)
				require.NoError(t, l.Set("w", p))
				require.NoError(t, l.Close())
				other := compile(t, source, "", girih.Set("W", girih.U4), girih.Set("G", 64), girih.Set("BN", 128), girih.Set("BK", 64))
				_, err = other.Prepare(ctx, x, p, s, y)
				assert.ErrorIs(t, err, girih.ErrLayout)
				plain := compile(t, strings.Replace(source, "packed ", "", 1), "", girih.Set("G", 64), girih.Set("BN", 64), girih.Set("BK", 64))
				_, err = plain.Prepare(ctx, x, p, s, y)
				assert.ErrorIs(t, err, girih.ErrLayout)
				return
			}
			if name == "vm" {
				assert.Equal(t, "row-major", p.Order())
			}
			plain, err := k.Call(ctx, x, w, s)
			require.NoError(t, err)
			packed, err := k.Call(ctx, x, p, s)
			require.NoError(t, err)
			a, err := plain[0].Codes()
			require.NoError(t, err)
			b, err := packed[0].Codes()
			require.NoError(t, err)
			assert.Equal(t, a, b)
			require.NoError(t, p.Free())
			_, err = k.Call(ctx, x, p, s)
			assert.ErrorIs(t, err, girih.ErrFreed)
		})
	}
}

// A launch allocates nothing: on the stand-in for a GPU, through the same code as on a real one.
func TestLaunchAllocates(t *testing.T) {
	if runtime.GOARCH != "amd64" || runtime.GOOS == "windows" {
		t.Skip("the call into C allocates here")
	}
	d := open(t, "cuda:0")
	k := compile(t, vadd, "")
	zero := func(int) float32 { return 0 }
	l, err := k.Prepare(ctx, vector(t, d, 64, zero), vector(t, d, 64, zero), vector(t, d, 64, zero))
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	defer s.Close()
	cancellable, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, s := range []*girih.Stream{nil, s} {
		n := testing.AllocsPerRun(100, func() {
			if err := l.Launch(cancellable, s); err != nil {
				t.Fatal(err)
			}
		})
		assert.Zero(t, n)
	}
}

// BenchmarkLaunch is what a launch takes on each device; on the GPU, or its stand-in, of the host.
func BenchmarkLaunch(b *testing.B) {
	for _, name := range []string{"vm", "cpu", "cuda:0"} {
		b.Run(name, func(b *testing.B) {
			d := open(b, name)
			k := compile(b, vadd, "")
			zero := func(int) float32 { return 0 }
			l, err := k.Prepare(ctx, vector(b, d, 64, zero), vector(b, d, 64, zero), vector(b, d, 64, zero))
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Launch(ctx, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// six is a kernel with six arguments.
const six = `kernel Six(a, b, c f32[N], s, t f32) (y f32[N]) {
	grid n in N by 128
	y[n] = a[n]*s + b[n]*t + c[n]
}
`

// BenchmarkLaunchGPU is the host's time of a launch with six arguments on a real GPU. The queue is emptied now and then, outside
// of what is timed: a full one makes the host wait for the GPU. What the machine without LLVM needs is kept by TestFillCache:
//
//	go test -c -o girih.test . && GIRIH_CACHE=$PWD/cache ./girih.test -test.run '^TestFillCache$'
//	GIRIH_CACHE=$PWD/cache GIRIH_REQUIRE=cuda ./girih.test -test.run '^$' -test.bench LaunchGPU
func BenchmarkLaunchGPU(b *testing.B) {
	if !need.Required("cuda") {
		b.Skip("GIRIH_REQUIRE=cuda runs it on a GPU")
	}
	d := open(b, "cuda:0")
	var args []any
	for range 3 {
		args = append(args, vector(b, d, 256, func(int) float32 { return 1 }))
	}
	args = append(args, 2.0, 3.0, vector(b, d, 256, func(int) float32 { return 1 }))
	l, err := compile(b, six, "").Prepare(ctx, args...)
	require.NoError(b, err)
	defer l.Close()
	s, err := d.NewStream()
	require.NoError(b, err)
	defer s.Close()
	cancellable, cancel := context.WithCancel(ctx)
	defer cancel()
	const batch = 256
	graph, err := s.Capture(func() error {
		for range batch {
			if err := l.Launch(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(b, err)
	defer graph.Close()
	for name, f := range map[string]func() error{
		"default stream": func() error { return l.Launch(ctx, nil) },
		"stream":         func() error { return l.Launch(ctx, s) },
		"cancellable":    func() error { return l.Launch(cancellable, s) },
		"graph of 256":   func() error { return graph.Launch(ctx, s) },
	} {
		b.Run(name, func(b *testing.B) {
			var spent time.Duration
			times := []float64{}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n := 0
			for b.Loop() {
				start := time.Now()
				for range batch {
					if err := f(); err != nil {
						b.Fatal(err)
					}
					if name == "graph of 256" {
						break
					}
				}
				took := time.Since(start)
				spent += took
				times = append(times, float64(took.Nanoseconds())/batch)
				n += batch
				require.NoError(b, d.Sync())
			}
			runtime.ReadMemStats(&after)
			slices.Sort(times)
			b.ReportMetric(times[len(times)/2], "ns/launch")
			b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "mean-ns/launch")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(n), "allocs/launch") // with those of the benchmark itself
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestFillCache keeps what BenchmarkLaunchGPU needs, where GIRIH_CACHE names a directory.
func TestFillCache(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	require.NoError(t, compile(t, six, "").Precompile(ctx, "sm_90a", girih.Dim("N", 256)))
}

// 32 goroutines compile and launch mixed kernels on shared devices; one compilation for each key.
func TestConcurrent(t *testing.T) {
	var log strings.Builder
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	names := []string{"vm"}
	for _, n := range girih.Devices() {
		if n == "cpu" || n == "cuda:0" && fakeGPU == nil {
			names = append(names, n)
		}
	}
	var devs []*girih.Device
	for _, n := range names {
		d, err := girih.Open(n, girih.Logger(logger))
		require.NoError(t, err)
		defer d.Close()
		devs = append(devs, d)
	}
	add := compile(t, vadd, "")
	softmax, _ := stdlib.Source("softmax")
	soft := compile(t, softmax, "Softmax", girih.Set("T", "f32"))
	var held []*girih.Kernel
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 4 {
				d := devs[(i+j)%len(devs)]
				n := []int{64, 100, 17}[(i/2+j)%3]
				assert.NoError(t, func() error {
					x, err := girih.FromSlice(d, make([]float32, n))
					if err != nil {
						return err
					}
					defer x.Free()
					if j%2 == 1 && d.Name() != "cuda:0" { // the stand-in knows vadd only
						m, err := x.Reshape(1, n)
						if err != nil {
							return err
						}
						out, err := soft.Call(ctx, m)
						if err != nil {
							return err
						}
						return out[0].Free()
					}
					k := add
					if i%3 == 0 { // the same text once more: shares the code
						if k, err = girih.Compile(vadd, ""); err != nil {
							return err
						}
						mu.Lock()
						held = append(held, k) // else its code may be collected before the next one asks for it
						mu.Unlock()
					}
					out, err := k.Call(ctx, x, x)
					if err != nil {
						return err
					}
					v, err := out[0].Floats()
					if err == nil && len(v) != n {
						err = fmt.Errorf("%d results", len(v))
					}
					return err
				}())
			}
		})
	}
	wg.Wait()
	for _, d := range devs {
		require.NoError(t, d.Sync())
		if d.Name() == "vm" {
			continue
		}
		n := strings.Count(log.String(), "kernel loaded\" kernel=vadd device="+d.Name())
		assert.LessOrEqual(t, n, 3, "one for each of three sets of facts")
		assert.Positive(t, n)
	}
	runtime.KeepAlive(held)
	runtime.KeepAlive(add)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Kernels that nobody holds any more leave nothing behind.
func TestProgramsAreCollected(t *testing.T) {
	d := open(t, "vm")
	x := vector(t, d, 8, func(int) float32 { return 1 })
	for i := range 200 {
		k := compile(t, fmt.Sprintf("kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 8\n\ty[n] = x[n] * %d.0\n}\n", i), "")
		out, err := k.Call(ctx, x)
		require.NoError(t, err)
		require.NoError(t, out[0].Free())
	}
	for range 20 {
		runtime.GC()
		if girih.LoadedPrograms(d) < 20 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d programs are still loaded", girih.LoadedPrograms(d))
}

// What Precompile keeps is what a GPU then finds.
func TestPrecompile(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	t.Setenv("GIRIH_CACHE", t.TempDir())
	source := strings.Replace(vadd, "tune BN in [128]", "tune BN in [128, 256, 512, 1024]", 1)
	for name, options := range map[string][]girih.Option{"for the extents": nil, "generic": {girih.Generic()}, "given": {girih.Set("BN", 256)}} {
		t.Run(name, func(t *testing.T) {
			k := compile(t, source, "", options...)
			require.NoError(t, k.Precompile(ctx, "sm_90a", girih.Dim("N", 192)))
			var log strings.Builder
			if fakeGPU != nil {
				t.Skip(fakeGPU)
			}
			d, err := girih.Open("cuda:0", girih.Logger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			require.NoError(t, err)
			defer d.Close()
			x := vector(t, d, 192, func(int) float32 { return 1 })
			_, err = k.Call(ctx, x, x)
			require.NoError(t, err)
			if d.Target() == "sm_90a" && name != "for the extents" { // the stand-in is a small chip, for which other tiles are picked
				assert.Contains(t, log.String(), "from=cache")
			}
		})
	}
	k := compile(t, "kernel A(x f32[N static]) (y f32[N]) {\n\tgrid _ in 1\n\ty[:] = x[:]\n}\n", "")
	assert.ErrorIs(t, k.Precompile(ctx, "sm_90a"), girih.ErrShape)
	assert.NoError(t, k.Precompile(ctx, "sm_80", girih.Dim("N", 64)))
	for _, target := range []string{"cpu", "sm_1", ""} {
		assert.ErrorIs(t, k.Precompile(ctx, target, girih.Dim("N", 64)), girih.ErrArgument)
	}
	assert.ErrorIs(t, k.Precompile(ctx, "sm_80", girih.Dim("N", 64), girih.Generic()), girih.ErrArgument)
	assert.ErrorIs(t, k.Precompile(ctx, "sm_80", girih.Dim("N", 0)), girih.ErrShape)
	var se *girih.SourceError
	huge := compile(t, "kernel A(x f32[N static]) (y f32[N]) {\n\tgrid _ in 1\n\ty[:] = x[:]\n}\n", "")
	assert.ErrorAs(t, huge.Precompile(ctx, "sm_80", girih.Dim("N", 1<<20)), &se)
	t.Setenv("GIRIH_CACHE", "off")
	assert.ErrorContains(t, k.Precompile(ctx, "sm_80", girih.Dim("N", 64)), "the cache is off")
	t.Setenv("GIRIH_CACHE", "/dev/null/no")
	assert.ErrorContains(t, k.Precompile(ctx, "sm_80", girih.Dim("N", 64)), "not kept")
}
