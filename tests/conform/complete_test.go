package conform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen"
	cprint "github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/ptx"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/vm"
)

// Every operation of tile IR has its meaning in the VM, and every elementwise operation a layout rule and a form in C and in
// PTX, for a type of each kind that it takes. The others stand in the kernels of this package.
func TestComplete(t *testing.T) {
	require.Empty(t, vm.Missing(), "operations without VM semantics")
	for _, c := range ir.Codes() {
		info := c.Info()
		require.NotEmpty(t, info.Doc, c)
		if info.Class == ir.ClassOther {
			continue
		}
		for _, e := range []dtype.Type{dtype.F32, dtype.F16, dtype.BF16, dtype.F8E4M3FN, dtype.I32, dtype.U8, dtype.I(5), dtype.U(64), dtype.Bool} {
			switch {
			case info.Elems == ir.Floats && !e.IsFloat(), info.Elems == ir.Ints && !e.IsInt(), info.Elems == ir.Bits && e.IsFloat(), info.Elems == ir.Numbers && e.IsBool(), info.Class == ir.ClassCount && !e.IsInt():
				continue
			}
			k := elementwiseKernel(c, e, len(info.Args))
			require.NoError(t, k.Verify())
			for _, name := range []string{"cpu", "sm_80", "sm_90a"} {
				target, err := compile.Target(name)
				require.NoError(t, err)
				m := k.Clone()
				require.NoError(t, passes.Run(m, &passes.Context{Target: target}), "%s of %s for %s", c, e, name)
				f, err := codegen.Lower(m, target)
				require.NoError(t, err, "%s of %s for %s", c, e, name)
				if name == "cpu" {
					_, err = cprint.Print(f, cprint.Options{})
				} else {
					var g ptx.Target
					g, err = ptx.TargetOf(name)
					require.NoError(t, err)
					_, err = ptx.Module(f, g)
				}
				require.NoError(t, err, "%s of %s for %s", c, e, name)
			}
		}
	}
}

// elementwiseKernel loads the operands, applies the operation and stores the result.
func elementwiseKernel(c ir.Code, e dtype.Type, operands int) *ir.Kernel {
	n := ir.Dim("N")
	k := &ir.Kernel{Name: "Op", Dims: []ir.DimFact{{Name: "N", Static: -1, Div: 1}}, Grid: []ir.Expr{ir.Bin(ir.ECeil, n, ir.Int(256))}, Body: &ir.Block{}}
	b := &ir.Builder{Block: k.Body}
	at := b.Binary(ir.OpMul, b.Op(ir.OpProgramID, nil, ir.TileOf(ir.Index)).Set("axis", 0).Result(), b.Index(256))
	var xs []*ir.Value
	for i := range operands {
		p := &ir.Param{Name: string(rune('a' + i)), Value: &ir.Value{Type: ir.TensorOf(e, n)}}
		k.Params = append(k.Params, p)
		xs = append(xs, b.Load(p.Value, []*ir.Value{at}, []int{0}, 256))
	}
	out := &ir.Param{Name: "y", Value: &ir.Value{Type: ir.TensorOf(e, n)}, Out: true}
	k.Params = append(k.Params, out)
	r := e
	if c.Info().Class == ir.ClassCount {
		r = ir.Index
	}
	out.Value.Type = ir.TensorOf(r, n)
	b.Store(b.Op(c, xs, ir.TileOf(r, 256)).Result(), out.Value, []*ir.Value{at}, []int{0})
	return k
}
