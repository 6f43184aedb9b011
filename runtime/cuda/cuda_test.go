package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	_ "embed"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/need"
)

// The PTX is embedded so that a compiled test binary runs on another machine by itself.
var (
	//go:embed testdata/kernels.ptx
	kernelsPTX []byte
	//go:embed testdata/cluster.ptx
	clusterPTX []byte
	//go:embed testdata/fakecuda.c
	fakeCUDA []byte
)

// onDevices runs a test on the stand-in for libcuda, where a C compiler exists, and on the first GPU, where there is one.
func onDevices(t *testing.T, f func(t *testing.T, d *Device)) {
	t.Run("fake", func(t *testing.T) { f(t, openFake(t)) })
	t.Run("gpu", func(t *testing.T) { f(t, openGPU(t)) })
}

func openGPU(t testing.TB) *Device {
	d, err := Open(0)
	need.Tool(t, "cuda", err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

var fakePath = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fakecuda")
	if err != nil {
		return "", err
	}
	c, so := filepath.Join(dir, "fakecuda.c"), filepath.Join(dir, "libcuda.so.1")
	if err := os.WriteFile(c, fakeCUDA, 0o666); err != nil {
		return "", err
	}
	out, err := exec.Command("cc", "-O1", "-shared", "-fPIC", "-pthread", "-o", so, c).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return so, nil
})

func TestMain(m *testing.M) {
	if os.Getenv("GIRIH_CRASH_TEST") != "" {
		os.Exit(illegalAddressChild())
	}
	code := m.Run()
	if so, err := fakePath(); err == nil {
		os.RemoveAll(filepath.Dir(so))
	}
	os.Exit(code)
}

func openFake(t testing.TB) *Device {
	so, err := fakePath()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip("no C compiler here for the stand-in of libcuda: ", err)
	}
	require.NoError(t, err)
	drv, err := loadDriver([]string{so})
	require.NoError(t, err)
	d, err := drv.open(0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func load(t testing.TB, d *Device, ptx []byte, name string) *Function {
	m, err := d.LoadPTX(ptx)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Unload()) })
	f, err := m.Function(name)
	require.NoError(t, err)
	return f
}

func alloc(t testing.TB, d *Device, n int) Ptr {
	p, err := d.Alloc(n)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Free(p)) })
	return p
}

func floats(n int, f func(i int) float32) []byte {
	b := make([]byte, 0, 4*n)
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f(i)))
	}
	return b
}

// vadd is the buffers and the arguments of one vector addition with a[i] = i, b[i] = 2i.
func vadd(t testing.TB, d *Device, n int) (p *Params, c Ptr, want []byte) {
	a, b, c := alloc(t, d, 4*n), alloc(t, d, 4*n), alloc(t, d, 4*n)
	require.NoError(t, d.CopyIn(a, floats(n, func(i int) float32 { return float32(i) })))
	require.NoError(t, d.CopyIn(b, floats(n, func(i int) float32 { return float32(2 * i) })))
	require.NoError(t, d.Memset(c, 0, 4*n))
	p = NewParams(4)
	p.SetPtr(0, a)
	p.SetPtr(1, b)
	p.SetPtr(2, c)
	p.SetI64(3, int64(n))
	return p, c, floats(n, func(i int) float32 { return float32(3 * i) })
}

func blocks(n int) [3]uint32 { return [3]uint32{uint32((n + 127) / 128), 1, 1} }

var block = [3]uint32{128, 1, 1}

func TestDevice(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		t.Log(d)
		t.Logf("%+v", d.Info)
		assert.NotEmpty(t, d.Name)
		assert.Positive(t, d.SMs)
		assert.Positive(t, d.L2)
		assert.Equal(t, 32, d.WarpSize)
		assert.GreaterOrEqual(t, d.SharedPerBlockOptIn, d.SharedPerBlock)
		assert.Regexp(t, `^sm_\d+a?$`, d.Target())
		free, total, err := d.MemInfo()
		require.NoError(t, err)
		assert.LessOrEqual(t, free, total)
		n, err := d.drv.count()
		require.NoError(t, err)
		for _, ordinal := range []int{-1, n} {
			_, err = d.drv.open(ordinal)
			assert.ErrorIs(t, err, ErrNoDevice)
			assert.ErrorContains(t, err, "numbered from 0")
		}
	})
}

func TestLaunch(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		assert.Positive(t, f.Registers)
		assert.Zero(t, f.LocalBytes)
		for _, n := range []int{1, 127, 128, 1000, 100_000} {
			p, c, want := vadd(t, d, n)
			require.NoError(t, f.Launch(blocks(n), block, 0, nil, p))
			require.NoError(t, d.Sync())
			got := make([]byte, 4*n)
			require.NoError(t, d.CopyOut(got, c))
			assert.Equal(t, want, got)
		}
		assert.Error(t, f.Launch([3]uint32{1, 1, 1}, [3]uint32{0, 1, 1}, 0, nil, nil), "no parameters")
		assert.NoError(t, f.Launch([3]uint32{0, 1, 1}, block, 0, nil, NewParams(4)), "no blocks, nothing to do")
	})
}

func TestScalarArguments(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "scalars")
		out := alloc(t, d, 48)
		p := NewParams(7)
		p.SetPtr(0, out)
		p.SetI64(1, -7)
		p.SetBits(2, 65535)
		p.SetI64(3, math.MinInt32)
		p.SetI64(4, -1<<40)
		p.SetF32(5, 0.1)
		p.SetF64(6, 1e300)
		one := [3]uint32{1, 1, 1}
		require.NoError(t, f.Launch(one, one, 0, nil, p))
		b := make([]byte, 48)
		require.NoError(t, d.CopyOut(b, out))
		var got [6]float64
		for i := range got {
			got[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		assert.Equal(t, [6]float64{-7, 65535, math.MinInt32, -1 << 40, float64(float32(0.1)), 1e300}, got)
	})
}

func TestWideArgument(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "blob")
		out := alloc(t, d, 16)
		b := make([]byte, 128)
		for i := range b {
			b[i] = byte(i)
		}
		p := NewParams(2)
		p.SetPtr(0, out)
		p.SetBytes(1, b, 64)
		runtime.GC() // what is pinned stays
		one := [3]uint32{1, 1, 1}
		require.NoError(t, f.Launch(one, one, 0, nil, p))
		got := make([]byte, 16)
		require.NoError(t, d.CopyOut(got, out))
		assert.Equal(t, append(b[:8:8], b[120:]...), got)
	})
}

func TestSharedMemoryOptIn(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "shared")
		out := alloc(t, d, 8*3)
		p := NewParams(3)
		p.SetPtr(0, out)
		size := d.SharedPerBlockOptIn
		p.SetI64(1, int64(size))
		p.SetI64(2, 42)
		grid := [3]uint32{3, 1, 1}
		if size > d.SharedPerBlock {
			err := f.Launch(grid, block, uint32(size), nil, p)
			assert.ErrorContains(t, err, "need SetMaxSharedMemory first")
		}
		err := f.SetMaxSharedMemory(size + 1)
		assert.ErrorContains(t, err, `the kernel "shared" wants`)
		require.NoError(t, f.SetMaxSharedMemory(size))
		require.NoError(t, f.Launch(grid, block, uint32(size), nil, p))
		b := make([]byte, 24)
		require.NoError(t, d.CopyOut(b, out))
		for i := range 3 {
			assert.Equal(t, uint64(42), binary.LittleEndian.Uint64(b[8*i:]))
		}
	})
}

func TestLaunchDoesNotAllocate(t *testing.T) {
	if launchAllocates {
		t.Skip("this platform calls the driver through purego, which allocates")
	}
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		p, _, _ := vadd(t, d, 128)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			p.SetI64(3, 100)
			if err := f.Launch([3]uint32{1, 1, 1}, block, 0, nil, p); err != nil {
				t.Error(err)
			}
		}))
		require.NoError(t, d.Sync())
	})
}

// Goroutines move between threads and contexts belong to threads: the mistake that this package must never make.
func TestManyGoroutines(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		var wg sync.WaitGroup
		for range 16 {
			p, c, want := vadd(t, d, 1000)
			s, err := d.NewStream()
			require.NoError(t, err)
			wg.Go(func() {
				defer s.Close()
				for range 20 {
					runtime.Gosched()
					assert.NoError(t, d.Memset(c, 0, len(want)))
					assert.NoError(t, f.Launch(blocks(1000), block, 0, s, p))
					assert.NoError(t, s.Sync())
					got := make([]byte, len(want))
					assert.NoError(t, d.CopyOut(got, c))
					assert.Equal(t, want, got)
				}
			})
		}
		wg.Wait()
	})
}

// illegalAddressChild runs in a process of its own, since the error takes the context with it.
func illegalAddressChild() int {
	d, err := Open(0)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	m, err := d.LoadPTX(kernelsPTX)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	f, err := m.Function("vadd")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	p := NewParams(4)
	p.SetPtr(0, 64)
	p.SetI64(3, 1)
	if err := f.Launch([3]uint32{1, 1, 1}, block, 0, nil, p); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(d.Sync())
	return 0
}

func TestIllegalAddress(t *testing.T) {
	run := func(t *testing.T, env ...string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(append(os.Environ(), "GIRIH_CRASH_TEST=1"), env...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), "CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was encountered: "+
			"the device's context is lost: restart the program")
	}
	t.Run("fake", func(t *testing.T) {
		openFake(t)
		so, _ := fakePath()
		run(t, "GIRIH_LIBCUDA="+so)
	})
	t.Run("gpu", func(t *testing.T) {
		openGPU(t)
		run(t)
	})
}
