package conform

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/girih-lang/girih/examples"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
	"github.com/girih-lang/girih/runtime/vm"
	"github.com/girih-lang/girih/stdlib"
)

// Prepared is a case ready for executors: its kernel, arguments, and what the VM says.
type Prepared struct {
	Case   Case
	Kernel *ir.Kernel // specialised for the dimensions
	Args   map[string]runtime.Arg
	VM     map[string]*tensor.Tensor // results of the VM
	Exact  map[string]*tensor.Tensor // fp64 results, rounded nowhere
}

// Lower makes the kernel of a case.
func (c Case) Lower() (*ir.Kernel, error) {
	text, ok := stdlib.Source(c.File)
	if c.File == "linear" {
		text, ok = examples.Linear, true
	}
	if own := map[string]string{"odd": odd, "gather": gathers, "after": afters, "linear_after": linearAfter}[c.File]; own != "" {
		text, ok = own, true
	}
	if c.File == "embed" {
		text, ok = examples.Embed(), true
	}
	if !ok {
		return nil, fmt.Errorf("no file %s", c.File)
	}
	pkg, err := lang.LoadSource(c.File+".girih", text)
	if err != nil {
		return nil, err
	}
	static := map[string]int64{}
	kd, err := pkg.Kernel(c.Kernel)
	if err != nil {
		return nil, err
	}
	for _, d := range kd.Static {
		static[d] = c.Dims[d]
	}
	return lang.Lower(pkg, c.Kernel, lang.Options{Defines: c.Defines, Dims: static, AnyTune: true})
}

// Prepare lowers a case, makes its arguments and runs the VM.
func (c Case) Prepare(ctx context.Context) (*Prepared, error) {
	k, err := c.Lower()
	if err != nil {
		return nil, err
	}
	p := &Prepared{Case: c, Kernel: k}
	if p.Args, err = c.arguments(k); err != nil {
		return nil, err
	}
	if p.VM, err = run(ctx, k, p.Args, c.Dims, vm.Options{}); err != nil {
		return nil, err
	}
	if p.Exact, err = run(ctx, k, p.Args, c.Dims, vm.Options{Exact: true}); err != nil {
		return nil, err
	}
	if err := p.exactFromStored(ctx); err != nil {
		return nil, err
	}
	compile.Specialise(k, c.Dims)
	return p, nil
}

func run(ctx context.Context, k *ir.Kernel, named map[string]runtime.Arg, dims map[string]int64, o vm.Options) (map[string]*tensor.Tensor, error) {
	prog, err := vm.New(k, o)
	if err != nil {
		return nil, err
	}
	return Results(ctx, prog, prog.Kernel(), named, dims)
}

// Results runs a program and gives its results by name.
func Results(ctx context.Context, prog runtime.Program, k *ir.Kernel, named map[string]runtime.Arg, dims map[string]int64) (map[string]*tensor.Tensor, error) {
	args, err := runtime.Arguments(k, named, dims)
	if err != nil {
		return nil, err
	}
	if _, err := prog.Run(ctx, args); err != nil {
		return nil, err
	}
	out := map[string]*tensor.Tensor{}
	for i, p := range k.Params {
		if p.Out {
			out[p.Name] = args[i].Tensor
		}
	}
	return out, nil
}

// arguments makes inputs that a kernel of this kind sees: normal activations, any code of an integer type, positive
// scales. They depend on the case's name only.
func (c Case) arguments(k *ir.Kernel) (map[string]runtime.Arg, error) {
	h := fnv.New64a()
	h.Write([]byte(c.String()))
	seed := h.Sum64()
	args := map[string]runtime.Arg{}
	for _, p := range k.Params {
		if p.Out {
			continue
		}
		seed++
		if p.Value.Type.Kind == ir.Tile {
			args[p.Name] = runtime.Float(c.Floats[p.Name])
			continue
		}
		shape, err := p.Shape(c.Dims)
		if err != nil {
			return nil, err
		}
		var t *tensor.Tensor
		switch e := p.Value.Type.Elem; {
		case p.Name == "length":
			t, err = lengths(int(shape[0]), c.Dims["S"])
		case e.IsInt():
			t, err = tensor.Random(e, seed, shape...)
		case p.Name == "s":
			t, err = tensor.Uniform(e, seed, 0.5, 1.5, shape...)
		default:
			t, err = tensor.Normal(e, seed, 1, shape...)
		}
		if err != nil {
			return nil, err
		}
		args[p.Name] = runtime.Tensor(t)
	}
	return args, nil
}

// Bar is the greatest relative Frobenius error against the fp64 oracle that a result of this type may have (design §11).
// depth is the length of the longest sum.
func Bar(t dtype.Type, depth int64) float64 {
	switch {
	case !t.IsFloat():
		return 0
	case t == dtype.F64:
		return 1e-12
	case t == dtype.F32:
		return 1e-6 * math.Sqrt(float64(depth))
	case t == dtype.F16:
		return 1e-3
	case t == dtype.BF16:
		return 6e-3
	}
	return math.Ldexp(1, -t.ManBits()-1)
}

// Compare holds results against the oracle (integers: against the VM, exactly).
func (p *Prepared) Compare(got map[string]*tensor.Tensor) error {
	var bad []string
	depth := int64(1)
	for _, n := range p.Case.Dims {
		depth = max(depth, n)
	}
	for name, g := range got {
		want := p.Exact[name]
		if !g.DType.IsFloat() {
			want = p.VM[name]
		}
		d, err := tensor.Compare(g, want)
		if err != nil {
			return err
		}
		if bar := Bar(g.DType, depth); !d.Within(bar) {
			bad = append(bad, fmt.Sprintf("%s: %s, above %.2g", name, d, bar))
		}
	}
	if bad != nil {
		slices.Sort(bad)
		return fmt.Errorf("%s", strings.Join(bad, "; "))
	}
	return nil
}
