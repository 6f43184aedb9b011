package girih_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"

	"github.com/girih-lang/girih/internal/need"
)

// fakeGPU says that GIRIH_LIBCUDA is the stand-in for libcuda that runtime/cuda is tested with: one device, sm_90a, which runs
// kernels called vadd on the host.
var fakeGPU error

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "girih-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if os.Getenv("GIRIH_CACHE") == "" { // else one that was filled on purpose
		os.Setenv("GIRIH_CACHE", filepath.Join(dir, "cache"))
	}
	if os.Getenv("GIRIH_LIBCUDA") == "" && !need.Required("cuda") {
		so := filepath.Join(dir, "libcuda.so.1")
		out, err := exec.Command("cc", "-O1", "-shared", "-fPIC", "-pthread", "-o", so, "runtime/cuda/testdata/fakecuda.c").CombinedOutput()
		if err != nil {
			fakeGPU = fmt.Errorf("no stand-in for libcuda: %w %s", err, out)
		} else {
			os.Setenv("GIRIH_LIBCUDA", so)
		}
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// open opens a device, or skips the test where there is none.
func open(t testing.TB, name string) *girih.Device {
	t.Helper()
	if name == "cuda:0" && fakeGPU != nil {
		t.Skip(fakeGPU)
	}
	d, err := girih.Open(name)
	if name == "cpu" && err != nil {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// vadd is the kernel that the stand-in for a GPU knows.
const vadd = `package vadd

// vadd adds vectors.
kernel vadd(a, b f32[N]) (c f32[N]) {
	tune BN in [128]
	grid n in N by BN
	c[n] = a[n] + b[n]
}
`

func compile(t testing.TB, source, kernel string, options ...girih.Option) *girih.Kernel {
	t.Helper()
	k, err := girih.Compile(source, kernel, options...)
	require.NoError(t, err)
	return k
}

func vector(t testing.TB, d *girih.Device, n int, f func(i int) float32) *girih.Tensor {
	t.Helper()
	v := make([]float32, n)
	for i := range v {
		v[i] = f(i)
	}
	x, err := girih.FromSlice(d, v)
	require.NoError(t, err)
	return x
}

// devices runs a test on every device, the stand-in for a GPU included.
func devices(t *testing.T, f func(t *testing.T, d *girih.Device)) {
	for _, name := range []string{"vm", "cpu", "cuda:0"} {
		t.Run(name, func(t *testing.T) { f(t, open(t, name)) })
	}
}
