package cuda

import (
	"encoding/binary"
	"runtime"
	"sync"
	"testing"

	_ "embed"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/dependent.ptx
var dependentPTX []byte

// Each step of a chain reads what the one before it writes, in two buffers by turns: a wait that comes too early, or none, loses
// sums. The weights are read ahead of it.
func TestDependentChain(t *testing.T) {
	d := openGPU(t)
	if d.Major < 9 {
		t.Skip(d.Name, " has no dependent launches")
	}
	f := load(t, d, dependentPTX, "step")
	s, err := d.NewStream()
	require.NoError(t, err)
	defer s.Close()
	const steps = 200
	for _, blocks := range []uint32{1, uint32(d.SMs), 20 * uint32(d.SMs)} { // few, one each, several rounds
		n := 1024 * int(blocks)
		w, a, b := alloc(t, d, 4*n), alloc(t, d, 4*n), alloc(t, d, 4*n)
		weights, want := make([]byte, 4*n), make([]byte, 4*n)
		for i := range n {
			binary.LittleEndian.PutUint32(weights[4*i:], uint32(i%1000))
			binary.LittleEndian.PutUint32(want[4*i:], uint32(i%1000*steps))
		}
		require.NoError(t, d.CopyIn(w, weights))
		there, back := NewParams(3), NewParams(3)
		for i, p := range []Ptr{a, w, b} {
			there.SetPtr(i, p)
			back.SetPtr(2-i, p)
		}
		back.SetPtr(1, w)
		chain := func() error {
			for i := range steps {
				if err := f.Launch([3]uint32{blocks, 1, 1}, [3]uint32{1024, 1, 1}, 0, s, []*Params{there, back}[i%2]); err != nil {
					return err
				}
			}
			return nil
		}
		check := func(how string, run func() error) {
			require.NoError(t, d.MemsetAsync(a, 0, 4*n, s))
			require.NoError(t, run(), how)
			require.NoError(t, s.Sync(), how)
			got := make([]byte, 4*n)
			require.NoError(t, d.CopyOut(got, a))
			require.True(t, string(want) == string(got), "%s, %d blocks: the sums are wrong", how, blocks)
		}
		for _, dependent := range []bool{false, true} {
			f.Dependent = dependent
			g, err := s.Capture(chain)
			require.NoError(t, err)
			for range 20 {
				check("stream", chain)
				check("graph", func() error { return g.Launch(s) })
			}
			took, err := d.Time(TimeOptions{Calls: steps}, func(s *Stream, i int) error {
				return f.Launch([3]uint32{blocks, 1, 1}, [3]uint32{1024, 1, 1}, 0, s, []*Params{there, back}[i%2])
			})
			require.NoError(t, err)
			t.Logf("%d blocks, dependent %v: %v a step of a graph", blocks, dependent, took.Median)
			require.NoError(t, g.Close())
		}
	}
}

// The one attribute, from one goroutine or from many that share the parameters, without an allocation.
func TestDependentLaunch(t *testing.T) {
	onDevices(t, func(t *testing.T, d *Device) {
		f := load(t, d, kernelsPTX, "vadd")
		if d.Major < 9 {
			t.Skip(d.Name, " has no dependent launches")
		}
		f.Dependent = true // the code does not wait, and need not: no kernel is ahead of it that writes what it reads
		p, c, want := vadd(t, d, 1000)
		check := func() {
			require.NoError(t, d.Sync())
			got := make([]byte, len(want))
			require.NoError(t, d.CopyOut(got, c))
			require.Equal(t, want, got)
			require.NoError(t, d.Memset(c, 0, len(want)))
		}
		plain, version, ex := d.drv.launchKernel, d.drv.version, d.drv.launchKernelEx
		defer func() { d.drv.launchKernel, d.drv.version, d.drv.launchKernelEx = plain, version, ex }()
		d.drv.launchKernel = d.drv.ctxSynchronize // not the way that these launches take: it would do nothing
		require.NoError(t, f.Launch(blocks(1000), block, 0, nil, p))
		check()
		if !launchAllocates {
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				if err := f.Launch(blocks(1000), block, 0, nil, p); err != nil {
					t.Error(err)
				}
			}))
			check()
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := d.NewStream()
				assert.NoError(t, err)
				defer s.Close()
				for range 50 {
					assert.NoError(t, f.Launch(blocks(1000), block, 0, s, p))
					runtime.Gosched()
				}
				assert.NoError(t, s.Sync())
			})
		}
		wg.Wait()
		check()
		assert.ErrorContains(t, f.Launch([3]uint32{1, 1, 1}, [3]uint32{4096, 1, 1}, 0, nil, p), "the block has 4096 threads, this kernel runs with at most")
		assert.NoError(t, f.Launch([3]uint32{0, 1, 1}, block, 0, nil, p), "no blocks, nothing to do")

		d.drv.launchKernel = plain
		for _, older := range []func(){func() { d.drv.version = 12020 }, func() { d.drv.launchKernelEx = 0 }} {
			older()
			require.NoError(t, f.Launch(blocks(1000), block, 0, nil, p), "as any other")
			check()
			d.drv.version, d.drv.launchKernelEx = version, ex
		}
	})
}
