package kernels_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os/exec"
	"testing"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/examples/gen/kernels"
)

// The generated functions are ordinary Go. No compiler runs on a GPU for which there is code in the binary.
func Example() {
	ctx := context.Background()
	dev, err := girih.Open("vm") // or "cpu", "cuda:0"
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	a, err := girih.FromSlice(dev, []float32{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	c, err := kernels.Add(ctx, a, a)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(girih.Slice[float32](c))
	// Output: [2 4 6] <nil>
}

// each runs a test on every device that exists here.
func each(t *testing.T, f func(t *testing.T, d *girih.Device)) {
	for _, name := range girih.Devices() {
		t.Run(name, func(t *testing.T) {
			d, err := girih.Open(name, girih.CacheDir(t.TempDir()))
			if err != nil {
				t.Skip(err)
			}
			defer d.Close()
			f(t, d)
		})
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestLinear(t *testing.T) {
	each(t, func(t *testing.T, d *girih.Device) {
		ctx := context.Background()
		tensor := must[*girih.Tensor](t)
		const m, n, k = 16, 64, 128
		weights := tensor(d.Random(girih.F32, 1, k, n))
		for _, p := range []kernels.LinearParams{{}, {W: girih.F6E3M2}, {G: 32}} {
			w, g := girih.I4, kernels.LinearG
			if p.W != (girih.DType{}) {
				w = p.W // compiled when it is used
			}
			if p.G != 0 {
				g = p.G
			}
			q, s, err := girih.Quantize(weights, w, g, girih.F16)
			if err != nil {
				t.Fatal(err)
			}
			packed, err := p.PackW(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			x := tensor(d.Random(girih.F16, 2, m, k))
			y, err := p.Call(ctx, x, packed, s)
			if err != nil {
				t.Fatal(err)
			}
			xs, qs, ss, ys := floats(t, x), floats(t, q), floats(t, s), floats(t, y)
			var diff, norm float64
			for i := range m {
				for j := range n {
					want := 0.0
					for l := range k {
						want += xs[i*k+l] * qs[l*n+j] * ss[l/g*n+j]
					}
					diff += (ys[i*n+j] - want) * (ys[i*n+j] - want)
					norm += want * want
				}
			}
			if e := math.Sqrt(diff / norm); e > 2e-3 {
				t.Errorf("%+v: relative error %g", p, e)
			}
		}
	})
}

func floats(t *testing.T, x *girih.Tensor) []float64 {
	t.Helper()
	return must[[]float64](t)(x.Floats())
}

func TestRMSNorm(t *testing.T) {
	each(t, func(t *testing.T, d *girih.Device) {
		tensor := must[*girih.Tensor](t)
		for _, n := range []int{256, 100} { // 256 is embedded
			ones := make([]float64, n)
			for i := range ones {
				ones[i] = 1
			}
			y := tensor(kernels.RMSNorm(context.Background(), tensor(d.FromFloats(girih.F16, ones, 1, n)), tensor(d.FromFloats(girih.F16, ones, n)), 0))
			for _, v := range floats(t, y) {
				if v != 1 {
					t.Fatal(v)
				}
			}
		}
	})
}

func TestPrepare(t *testing.T) {
	each(t, func(t *testing.T, d *girih.Device) {
		ctx := context.Background()
		y := must[*girih.Tensor](t)(d.New(girih.F32, 130))
		l := must[*girih.Launcher](t)(kernels.PrepareIota(ctx, 0.5, y))
		defer l.Close()
		if err := l.Launch(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if v := floats(t, y); v[127] != 127.5 || v[128] != 0.5 {
			t.Error(v)
		}
	})
}

func TestArguments(t *testing.T) {
	d, err := girih.Open("vm")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	x := must[*girih.Tensor](t)(d.New(girih.F16, 3))
	_, err = kernels.Add(context.Background(), x, x)
	if !errors.Is(err, girih.ErrDType) {
		t.Error(err)
	}
}

// What is committed is what the source makes.
func TestGenerated(t *testing.T) {
	out, err := exec.Command("go", "tool", "girih", "gen", "kernels.girih", "--target", "sm_80,sm_90a,cpu", "--shape", "RMSNorm.N=256", "--check").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
