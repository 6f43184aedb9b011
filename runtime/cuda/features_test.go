package cuda

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoDriverIsAnError(t *testing.T) {
	_, err := loadDriver([]string{"/no/such/libcuda.so.1", "/nor/this.so"})
	require.ErrorIs(t, err, ErrNoDriver)
	assert.ErrorContains(t, err, "/no/such/libcuda.so.1")
	assert.ErrorContains(t, err, "install the NVIDIA driver")
	_, err = loadDriver(nil)
	assert.ErrorContains(t, err, "not supported on "+runtime.GOOS)

	// A library that is something else, and a file that is no library.
	if runtime.GOOS == "linux" {
		_, err = loadDriver([]string{"libc.so.6"})
		assert.ErrorIs(t, err, ErrNoDriver)
		assert.ErrorContains(t, err, "has no cuInit")
	}
	path := filepath.Join(t.TempDir(), "text.so")
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o666))
	_, err = loadDriver([]string{path})
	assert.ErrorIs(t, err, ErrNoDriver)

	if _, err := Open(0); err != nil {
		assert.True(t, errors.Is(err, ErrNoDriver) || errors.Is(err, ErrNoDevice), err)
	}
}

func TestPTXErrors(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		_, err := d.LoadPTX([]byte("this is no PTX"))
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, invalidPTX, e.Result)
		assert.ErrorContains(t, err, "CUDA_ERROR_INVALID_PTX (218)")
		assert.ErrorContains(t, err, "line 1", "the compiler's own message")
		t.Log(err)
		_, err = d.LoadPTX(nil)
		assert.ErrorContains(t, err, "empty")
		_, err = d.LoadCubin([]byte("no cubin"))
		assert.ErrorContains(t, err, "no ELF file")
		m, err := d.LoadPTX(kernelsPTX)
		require.NoError(t, err)
		_, err = m.Function("nothing")
		assert.ErrorContains(t, err, `the module has no kernel "nothing"`)
		require.NoError(t, m.Unload())
		require.NoError(t, m.Unload(), "twice is fine")
		_, err = m.Function("vadd")
		assert.ErrorContains(t, err, "unloaded")
	})
}

// The cubin of the driver's linker loads again without the compiler, and the log tells of registers.
func TestCubin(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		m, err := d.LoadPTX(kernelsPTX)
		require.NoError(t, err)
		defer m.Unload()
		t.Logf("%d bytes of cubin in %v\n%s", len(m.Cubin), m.Time, m.Log)
		assert.True(t, strings.HasPrefix(string(m.Cubin), "\x7fELF"))
		assert.Contains(t, m.Log, "registers")
		again, err := d.LoadCubin(append([]byte{}, m.Cubin...))
		require.NoError(t, err)
		defer again.Unload()
		t.Logf("loading the cubin took %v", again.Time)
		f, err := again.Function("vadd")
		require.NoError(t, err)
		p, c, want := vadd(t, d, 300)
		require.NoError(t, f.Launch(blocks(300), block, 0, nil, p))
		got := make([]byte, len(want))
		require.NoError(t, d.CopyOut(got, c))
		assert.Equal(t, want, got)
	})
}

func TestLaunchErrorsSayWhy(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		p, _, _ := vadd(t, d, 1)
		err := f.Launch([3]uint32{1, 1, 1}, [3]uint32{4096, 1, 1}, 0, nil, p)
		assert.ErrorContains(t, err, "the block has 4096 threads, this kernel runs with at most")
		err = f.Launch([3]uint32{1, 1, 1}, [3]uint32{0, 1, 1}, 0, nil, p)
		assert.ErrorContains(t, err, "no threads")
		err = f.Launch([3]uint32{1, 1, 1}, block, 1<<20, nil, p)
		assert.ErrorContains(t, err, "bytes of shared memory")
	})
}

func TestMemory(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		_, err := d.Alloc(1 << 45)
		assert.ErrorContains(t, err, "CUDA_ERROR_OUT_OF_MEMORY (2)")
		assert.ErrorContains(t, err, "35184372088832 bytes were asked for")
		_, err = d.Alloc(-1)
		assert.ErrorContains(t, err, "-1 bytes")
		zero := alloc(t, d, 0)
		assert.NotZero(t, zero)
		assert.NoError(t, d.Free(0))
		assert.NoError(t, d.CopyIn(zero, nil))

		p := alloc(t, d, 1000)
		assert.Zero(t, p%256)
		require.NoError(t, d.Memset(p, 7, 1000))
		b := make([]byte, 10)
		require.NoError(t, d.CopyOut(b, p.Add(990)))
		assert.Equal(t, byte(7), b[9])
		assert.NoError(t, d.CheckPtr(p, 1000))
		assert.ErrorContains(t, d.CheckPtr(p.Add(500), 1<<30), "reach past the end")
		assert.ErrorContains(t, d.CheckPtr(0x1234, 4), "not an address of CUDA's memory")

		h, err := d.AllocHost(1000)
		require.NoError(t, err)
		assert.ErrorContains(t, d.CheckPtr(Ptr(uintptr(h.p)), 4), "host memory")
		s, err := d.NewStream()
		require.NoError(t, err)
		defer s.Close()
		for i := range h.Bytes {
			h.Bytes[i] = byte(i)
		}
		require.NoError(t, d.CopyInAsync(p, h, 1000, s))
		q := alloc(t, d, 1000)
		require.NoError(t, d.CopyDevice(q, p, 1000, s))
		require.NoError(t, s.Sync())
		clear(h.Bytes)
		require.NoError(t, d.CopyOutAsync(h, q, 1000, s))
		require.NoError(t, s.Sync())
		assert.Equal(t, byte(999%256), h.Bytes[999])
		assert.ErrorContains(t, d.CopyInAsync(p, h, 1001, s), "host buffer of 1000")
		require.NoError(t, h.Free())
		require.NoError(t, h.Free(), "twice is fine")
	})
}

func TestClosedDevice(t *testing.T) {
	d := openFake(t)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	_, err := d.Alloc(1)
	assert.ErrorIs(t, err, errClosed)
}

func TestGraphAndEvents(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		const n = 1 << 16
		p, c, want := vadd(t, d, n)
		s, err := d.NewStream()
		require.NoError(t, err)
		defer s.Close()
		g, err := s.Capture(func() error {
			for range 5 {
				if err := f.Launch(blocks(n), block, 0, s, p); err != nil {
					return err
				}
			}
			return nil
		})
		require.NoError(t, err)
		got := make([]byte, len(want))
		require.NoError(t, d.CopyOut(got, c))
		assert.Equal(t, make([]byte, len(want)), got, "capturing runs nothing")

		start, err := d.NewEvent()
		require.NoError(t, err)
		defer start.Close()
		stop, err := d.NewEvent()
		require.NoError(t, err)
		defer stop.Close()
		require.NoError(t, start.Record(s))
		require.NoError(t, g.Launch(s))
		require.NoError(t, stop.Record(s))
		require.NoError(t, stop.Sync())
		took, err := stop.Since(start)
		require.NoError(t, err)
		assert.Positive(t, took)
		require.NoError(t, d.CopyOut(got, c))
		assert.Equal(t, want, got)
		require.NoError(t, s.Wait(stop))
		require.NoError(t, g.Close())

		// A failure in the recording leaves the stream usable.
		boom := errors.New("boom")
		_, err = s.Capture(func() error { return boom })
		assert.ErrorIs(t, err, boom)
		assert.Panics(t, func() { s.Capture(func() error { panic("in the recording") }) })
		require.NoError(t, f.Launch(blocks(n), block, 0, s, p))
		require.NoError(t, s.Sync())
	})
}

func TestTime(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		const n = 1 << 16
		sets := d.ColdSets(12 * n)
		assert.GreaterOrEqual(t, sets*12*n, 4*d.L2)
		params := make([]*Params, sets)
		for i := range params {
			params[i], _, _ = vadd(t, d, n)
		}
		run := func(s *Stream, i int) error { return f.Launch(blocks(n), block, 0, s, params[i%sets]) }
		for _, o := range []TimeOptions{{Calls: 2 * sets}, {Flush: true}, {Samples: 5, Warmup: 1}} {
			got, err := d.Time(o, run)
			require.NoError(t, err)
			t.Logf("%+v: median %v, min %v, max %v", o, got.Median, got.Min, got.Max)
			want := o.Samples
			if want == 0 {
				want = 20
			}
			assert.Len(t, got.Samples, want)
			assert.Positive(t, got.Median)
			assert.LessOrEqual(t, got.Min, got.Median)
			assert.LessOrEqual(t, got.Median, got.Max)
		}
		_, err := d.Time(TimeOptions{Flush: true, Calls: 2}, run)
		assert.ErrorContains(t, err, "one call")
		boom := errors.New("boom")
		_, err = d.Time(TimeOptions{}, func(*Stream, int) error { return boom })
		assert.ErrorIs(t, err, boom)
	})
}

func TestClusters(t *testing.T) {
	t.Run("fake", func(t *testing.T) {
		d := openFake(t)
		f := load(t, d, kernelsPTX, "vadd")
		const n = 500
		p, out, want := vadd(t, d, n)
		s, err := d.NewStream()
		require.NoError(t, err)
		defer s.Close()
		c := LaunchConfig{Grid: blocks(n), Block: block, Stream: s, Cluster: [3]uint32{2, 1, 1}, Dependent: true, Cooperative: true}
		require.NoError(t, f.LaunchEx(c, p))
		require.NoError(t, s.Sync())
		got := make([]byte, len(want))
		require.NoError(t, d.CopyOut(got, out))
		assert.Equal(t, want, got)
		c.Cluster = [3]uint32{3, 1, 1}
		assert.ErrorContains(t, f.LaunchEx(c, p), "the clusters [3 1 1] do not divide the grid [4 1 1]")
		d.drv.launchKernelEx = 0 // an older driver
		assert.ErrorIs(t, f.LaunchEx(c, p), ErrNoLaunchEx)
		assert.NoError(t, f.LaunchEx(LaunchConfig{Grid: blocks(n), Block: block}, p), "nothing of it is needed")
	})
	d := openGPU(t)
	if !d.Clusters {
		t.Skip(d.Name, " has no clusters")
	}
	f := load(t, d, clusterPTX, "rank")
	out := alloc(t, d, 4*8)
	p := NewParams(1)
	p.SetPtr(0, out)
	c := LaunchConfig{Grid: [3]uint32{8, 1, 1}, Block: block, Cluster: [3]uint32{4, 1, 1}, Dependent: true}
	require.NoError(t, f.LaunchEx(c, p))
	require.NoError(t, d.Sync())
	b := make([]byte, 32)
	require.NoError(t, d.CopyOut(b, out))
	for i := range 8 {
		assert.Equal(t, uint32(i%4), binary.LittleEndian.Uint32(b[4*i:]))
	}
	c.Cluster = [3]uint32{3, 1, 1}
	assert.ErrorContains(t, f.LaunchEx(c, p), "do not divide")
	for _, cluster := range []int{0, 4} {
		n, err := f.Resident(128, 0, cluster)
		require.NoError(t, err)
		assert.Positive(t, n)
	}
}

func TestColdSetsAndResults(t *testing.T) {
	d := &Device{Info: Info{L2: 50 << 20}}
	assert.Equal(t, 200, d.ColdSets(1<<20))
	assert.Equal(t, 2, d.ColdSets(1<<30))
	assert.Equal(t, 1, d.ColdSets(0))
	assert.Equal(t, "CUDA_ERROR_ILLEGAL_ADDRESS (700)", IllegalAddress.Error())
	assert.Equal(t, "CUDA_ERROR (12345)", Result(12345).Error())
	assert.True(t, IllegalAddress.Lost())
	assert.False(t, outOfMemory.Lost())
}

// Params that nobody closes let go of their pinned memory.
func TestParamsAreCollected(t *testing.T) {
	for range 100 {
		p := NewParams(3)
		p.SetBytes(2, make([]byte, 128), 64)
		assert.Equal(t, 3, p.Len())
		assert.Zero(t, uintptr(p.mem.ptrs[2])%64)
	}
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkLaunch is the host's cost of a launch with six arguments' worth of work: the bar is 3 µs.
func BenchmarkLaunch(b *testing.B) { benchmarkLaunch(b, false) }

// BenchmarkLaunchDependent is the same with the attribute of dependent launches.
func BenchmarkLaunchDependent(b *testing.B) { benchmarkLaunch(b, true) }

func benchmarkLaunch(b *testing.B, dependent bool) {
	d := openGPU(b)
	f := load(b, d, kernelsPTX, "vadd")
	f.Dependent = dependent
	p, _, _ := vadd(b, d, 128)
	s, err := d.NewStream()
	require.NoError(b, err)
	defer s.Close()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := f.Launch([3]uint32{1, 1, 1}, block, 0, s, p); err != nil {
			b.Fatal(err)
		}
		if i++; i%512 == 0 { // a full queue would make the launch wait for the device
			b.StopTimer()
			s.Sync()
			b.StartTimer()
		}
	}
}
