package girih_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/examples"
)

// TestLong compiles many thousand different kernels in one process, as a server does over its life, and holds the process'
// memory: what the first thousand needed is what all need. It takes minutes, so that it runs with GIRIH_LONG only, which is the
// number of kernels (make long: 10000). On the stand-in for a GPU everything up to the driver is real: LLVM in process, the cache,
// loading and unloading.
func TestLong(t *testing.T) {
	count, _ := strconv.Atoi(os.Getenv("GIRIH_LONG"))
	if count == 0 {
		t.Skip("takes minutes: GIRIH_LONG=10000 (make long) runs it")
	}
	for _, name := range []string{"vm", "cpu", "cuda:0"} {
		t.Run(name, func(t *testing.T) {
			count := count
			if name == "cpu" {
				count = max(count/20, 1) // a C compiler takes its time
			}
			d := open(t, name)
			x := vector(t, d, 64, func(int) float32 { return 1 })
			var early footprint
			for i := range count {
				compileOnce(t, d, x, i)
				switch n := i + 1; {
				case n == max(count/10, 1):
					early = measure()
					t.Logf("%6d kernels: %s", n, early)
				case n == count/2 || n == count:
					t.Logf("%6d kernels: %s", n, measure())
				}
			}
			late := measure()
			assert.Less(t, late.resident, early.resident+early.resident/4+16<<20, "resident memory grows with the kernels compiled")
			assert.Less(t, late.heap, early.heap+8<<20, "Go's heap grows with the kernels compiled")
			assert.Less(t, late.threads, early.threads+16)
			assert.Less(t, late.files, early.files+16)
			assert.Less(t, late.maps, early.maps+256)
			assert.Less(t, late.programs(d), 50, "programs that nobody holds are still loaded")
		})
	}
}

// compileOnce makes a kernel that no other call makes, and runs it; each tenth is a larger one, which the stand-in cannot run.
func compileOnce(t *testing.T, d *girih.Device, x *girih.Tensor, i int) {
	if i%10 == 9 {
		source := strings.ReplaceAll(examples.Linear, "Linear", "vadd")
		source = strings.Replace(source, "acc := zeros[f32](BM, BN)", fmt.Sprintf("acc := full(f32(%d), BM, BN)", i), 1)
		k := compile(t, source, "", girih.Set("W", girih.U4), girih.Set("G", 64), girih.Set("BN", 64), girih.Set("BK", 64))
		var args []any
		for _, a := range []struct {
			dt    girih.DType
			shape []int
		}{{girih.F16, []int{1, 64}}, {girih.U4, []int{64, 64}}, {girih.F16, []int{1, 64}}, {girih.F16, []int{1, 64}}} {
			a, err := d.New(a.dt, a.shape...)
			require.NoError(t, err)
			defer a.Free()
			args = append(args, a)
		}
		l, err := k.Prepare(ctx, args...)
		require.NoError(t, err)
		require.NoError(t, l.Close())
		return
	}
	k := compile(t, strings.Replace(vadd, "a[n] + b[n]", fmt.Sprintf("a[n] + b[n] * %d.0", i), 1), "")
	out, err := k.Call(ctx, x, x)
	require.NoError(t, err)
	require.NoError(t, out[0].Free())
}

// footprint is what a process holds.
type footprint struct {
	resident, heap       uint64 // bytes
	threads, files, maps int
}

func (f footprint) String() string {
	return fmt.Sprintf("%.1f MB resident, %.1f MB of it Go's heap; %d threads, %d files, %d mappings",
		float64(f.resident)/1e6, float64(f.heap)/1e6, f.threads, f.files, f.maps)
}

func (f footprint) programs(d *girih.Device) int { return girih.LoadedPrograms(d) }

// measure collects what is garbage and looks at what is left. Outside Linux only Go's heap is known.
func measure() (f footprint) {
	for range 3 {
		runtime.GC() // cleanups run after a collection and free what the next one finds
		runtime.Gosched()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = m.HeapAlloc
	if s, err := os.ReadFile("/proc/self/statm"); err == nil {
		pages, _ := strconv.ParseUint(strings.Fields(string(s))[1], 10, 64)
		f.resident = pages * uint64(os.Getpagesize())
	}
	if e, err := os.ReadDir("/proc/self/task"); err == nil {
		f.threads = len(e)
	}
	if e, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.files = len(e)
	}
	if s, err := os.ReadFile("/proc/self/maps"); err == nil {
		f.maps = strings.Count(string(s), "\n")
	}
	return f
}
