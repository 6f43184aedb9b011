package conform

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cache"
	"github.com/girih-lang/girih/runtime/cpu"
	"github.com/girih-lang/girih/runtime/cuda"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/runtime/vm"
)

// Every block-scaled format, as quantised from weights whose columns differ in size by powers of ten: the product with
// activations is within the bar on every executor that exists, against dequantised weights in float64.
func TestBlockScaled(t *testing.T) {
	_, noCC := cpu.Find()
	dev, err := cuda.Open(0)
	if err != nil && !errors.Is(err, cuda.ErrNoDriver) && !errors.Is(err, cuda.ErrNoDevice) {
		require.NoError(t, err)
	}
	target := "sm_90a"
	if dev != nil {
		target = dev.Target()
		t.Cleanup(func() { dev.Close() })
	}
	store := store()
	_, noLLVM := llvm.Find()
	const m, k, n = 5, 192, 72
	weights := func(columns [4]float64) *tensor.Tensor { // of sizes of their own
		w, err := tensor.Normal(dtype.F32, 7, 0.05, k, n)
		require.NoError(t, err)
		for i, v := range w.Floats() {
			w.SetCode(i, dtype.F32.FromFloat(v*columns[i%n%4], dtype.Mode{}))
		}
		return w
	}
	// f16 holds scales from 2^-24 on only, as the kernel's documentation says.
	all := map[string]*tensor.Tensor{"bf16": weights([4]float64{1, 1e-2, 10, 1e-3}), "f16": weights([4]float64{1, 0.5, 10, 0.2})}
	ctx := context.Background()
	for i, f := range tensor.BlockFormats {
		for j, a := range []string{"bf16", "f16"} {
			t.Run(f.Name+" "+a, func(t *testing.T) {
				t.Parallel()
				q, s, factor, err := tensor.QuantizeBlocks(all[a], f)
				require.NoError(t, err)
				back, err := tensor.DequantizeBlocks(q, s, factor, f)
				require.NoError(t, err)
				c := Case{"linear_mx", "LinearMX", defs{"A": a}, dims{"M": m, "K": k, "N": n}, nil}
				named := map[string]runtime.Arg{"w": runtime.Tensor(q), "s": runtime.Tensor(s)}
				switch {
				case f.Factor:
					c.Kernel, named["t"] = "LinearNV", runtime.Float(factor)
				case f.Unit != 1:
					c.Kernel = "LinearMXInt8"
				default:
					c.Defines["W"] = f.Elem.String()
				}
				kern, err := c.Lower()
				require.NoError(t, err)
				x, err := tensor.Normal(kern.Param("x").Value.Type.Elem, 3, 1, m, k)
				require.NoError(t, err)
				named["x"] = runtime.Tensor(x)
				want := tensor.New(dtype.F64, m, n)
				xs, ws := x.Floats(), back.Floats()
				for i := range m * n {
					sum := 0.0
					for l := range k {
						sum += xs[i/n*k+l] * ws[l*n+i%n]
					}
					want.SetCode(i, dtype.F64.FromFloat(sum, dtype.Mode{}))
				}
				p := &Prepared{Case: c, Kernel: kern, Args: named, Exact: map[string]*tensor.Tensor{"y": want}}
				p.VM, err = run(ctx, kern, named, c.Dims, vm.Options{})
				require.NoError(t, err)
				require.NoError(t, p.Compare(p.VM), "vm")
				compile.Specialise(kern, c.Dims)
				check := func(who string, prog runtime.Program, code *compile.Code) {
					got, err := Results(ctx, prog, code.Kernel, named, c.Dims)
					require.NoError(t, err, who)
					require.NoError(t, p.Compare(got), who)
				}
				gpu, err := compile.Target(target)
				require.NoError(t, err)
				for _, to := range []passes.Target{gpu, passes.CPU} {
					code, err := compile.Thread(kern, to, compile.Options{})
					require.NoError(t, err)
					prog, err := threadvm.New(code.Thread, code.Kernel)
					require.NoError(t, err)
					check("threads of "+to.Name, prog, code)
					if !to.GPU && noCC == nil && i%2 == j {
						prog, err := cpu.New(code.Kernel, code.Thread, cpu.Options{Cache: cache.Open(cache.Options{Dir: "off"}), Flags: []string{"-O1"}})
						require.NoError(t, err)
						defer prog.Close()
						check("C", prog, code)
					}
				}
				if noLLVM != nil && store == nil {
					return
				}
				code, err := compile.GPU(ctx, kern, target, compile.Options{Cache: store})
				require.NoError(t, err)
				if dev != nil {
					prog, err := cuda.NewProgram(dev, cuda.Code{Kernel: code.Kernel, PTX: code.PTX, Threads: code.Threads, Shared: code.Shared})
					require.NoError(t, err)
					defer prog.Close()
					check("cuda", prog, code)
				}
			})
		}
	}
}
