// Package runtime is what the executors of a kernel share: arguments, their checks, and the order in which they are
// passed. The executors themselves are its subpackages (vm, cpu, cuda).
//
// The calling convention is the same everywhere: first the kernel's parameters in declared order (inputs, then results),
// a tensor as its address and a scalar by value in its own type; then every dynamic dimension, in the order of
// Kernel.Dims, as an i64. Dimensions bound when compiling are not passed.
package runtime

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Program is a kernel made ready for one executor. It may be run any number of times, also concurrently with other
// arguments.
type Program interface {
	// Run executes the whole grid; args follow the parameters. Results are written into their tensors.
	Run(ctx context.Context, args []Arg) (Stats, error)
}

// Stats tells what a run took.
type Stats struct {
	Time  time.Duration // execution, without preparing or copying arguments
	Bytes int64         // all tensor arguments once: the least that has to be moved
}

// Arg is the value of one parameter: a tensor or a scalar. The zero value stands for a missing argument.
type Arg struct {
	Tensor *tensor.Tensor
	Float  float64
	Int    int64
	kind   argKind
}

type argKind uint8

const (
	argMissing argKind = iota
	argFloat
	argInt
)

// Tensor passes a tensor.
func Tensor(t *tensor.Tensor) Arg { return Arg{Tensor: t} }

// Float passes a float scalar; it is rounded once to the parameter's type.
func Float(x float64) Arg { return Arg{Float: x, kind: argFloat} }

// Int passes an integer or bool scalar (0 or 1); a float parameter takes it too.
func Int(n int64) Arg { return Arg{Int: n, kind: argInt} }

// Call is a checked launch.
type Call struct {
	Args    []Arg            // scalars hold a value of the parameter's type: Float for a float type, else Int
	Dims    map[string]int64 // every named dimension
	Dynamic []int64          // the dimensions that are passed, in the order of Kernel.Dims
	Grid    [3]int64         // blocks; an axis may be 0
	Bytes   int64            // see Stats.Bytes
}

// Blocks is the number of blocks of the grid.
func (c *Call) Blocks() int64 { return c.Grid[0] * c.Grid[1] * c.Grid[2] }

// Check compares arguments with the parameters and binds the dimensions. Every error names the argument.
func Check(k *ir.Kernel, args []Arg) (*Call, error) {
	if len(args) != len(k.Params) {
		return nil, fmt.Errorf("kernel %s takes %d arguments, found %d", k.Name, len(k.Params), len(args))
	}
	c := &Call{Args: make([]Arg, len(args))}
	for i, p := range k.Params {
		a, err := checkArg(p, args[i])
		if err != nil {
			return nil, err
		}
		c.Args[i] = a
		if a.Tensor != nil {
			c.Bytes += int64(len(a.Tensor.Data))
		}
	}
	if err := checkShared(k, args); err != nil {
		return nil, err
	}
	var err error
	if c.Dims, err = k.Bind(shapes(k, args), nil); err != nil {
		return nil, err
	}
	for _, d := range k.Dims {
		if d.Static < 0 {
			c.Dynamic = append(c.Dynamic, c.Dims[d.Name])
		}
	}
	c.Grid, err = k.GridSize(c.Dims)
	return c, err
}

func shapes(k *ir.Kernel, args []Arg) []ir.ArgShape {
	var s []ir.ArgShape
	for i, p := range k.Params {
		switch a := args[i]; {
		case a.Tensor != nil:
			s = append(s, ir.ArgShape{Name: p.Name, DType: a.Tensor.DType, Shape: a.Tensor.Shape})
		case a.kind != argMissing:
			s = append(s, ir.ArgShape{Name: p.Name, DType: p.Value.Type.Elem, Scalar: true})
		}
	}
	return s
}

// checkArg checks one argument; ir.Bind has the checks of kind, element type and shape.
func checkArg(p *ir.Param, a Arg) (Arg, error) {
	if a.Tensor != nil {
		if err := a.Tensor.Check(); err != nil {
			return a, fmt.Errorf("argument %q: %w", p.Name, err)
		}
		return a, nil
	}
	t := p.Value.Type
	if a.kind == argMissing {
		return a, fmt.Errorf("argument %q is missing: expected %s", p.Name, t)
	}
	if t.Kind == ir.Tensor {
		return a, nil // Bind refuses it
	}
	return scalar(p.Name, t.Elem, a)
}

// scalar brings a scalar to the parameter's type; only a float may be rounded.
func scalar(name string, t dtype.Type, a Arg) (Arg, error) {
	if t.IsFloat() {
		if a.kind == argInt {
			return Float(t.Float(t.FromInt(a.Int, false))), nil
		}
		return Float(t.Round(a.Float)), nil
	}
	if a.kind == argFloat {
		if a.Float != math.Trunc(a.Float) || math.Abs(a.Float) > 1<<53 {
			return a, fmt.Errorf("argument %q: %v is not an integer, expected %s", name, a.Float, t)
		}
		a = Int(int64(a.Float))
	}
	if t.FromIntSat(a.Int, false) != a.Int && t != dtype.U(64) {
		return a, fmt.Errorf("argument %q: %d does not fit %s, expected %d to %d", name, a.Int, t, t.MinInt(), t.MaxInt())
	}
	return a, nil
}

// checkShared refuses a result that is also another argument: blocks run in any order, so that one would read what
// another has overwritten.
func checkShared(k *ir.Kernel, args []Arg) error {
	for i, p := range k.Params {
		for j, q := range k.Params {
			if i == j || !p.Out || args[i].Tensor == nil || args[j].Tensor == nil {
				continue
			}
			if x, y := args[i].Tensor.Data, args[j].Tensor.Data; len(x) > 0 && len(y) > 0 && &x[0] == &y[0] {
				return fmt.Errorf("argument %q: the result shares its memory with argument %q", p.Name, q.Name)
			}
		}
	}
	return nil
}

// Arguments puts named arguments in order and makes tensors for the results that are not given. dims has dimensions that
// no argument binds, and may be nil; all named dimensions must then be bound by the inputs, dims or the kernel.
func Arguments(k *ir.Kernel, named map[string]Arg, dims map[string]int64) ([]Arg, error) {
	args := make([]Arg, len(k.Params))
	for i, p := range k.Params {
		a, ok := named[p.Name]
		if !ok && !p.Out {
			return nil, fmt.Errorf("argument %q is missing: expected %s", p.Name, p.Value.Type)
		}
		args[i] = a
	}
	for name := range named {
		if k.Param(name) == nil {
			return nil, fmt.Errorf("kernel %s has no parameter %q", k.Name, name)
		}
	}
	bound, err := k.Bind(shapes(k, args), dims)
	if err != nil {
		return nil, err
	}
	for i, p := range k.Params {
		if p.Out && args[i].Tensor == nil {
			shape, err := p.Shape(bound)
			if err != nil {
				return nil, err
			}
			t, err := tensor.Make(p.Value.Type.Elem, shape...)
			if err != nil {
				return nil, fmt.Errorf("argument %q: %w", p.Name, err)
			}
			args[i] = Tensor(t)
		}
	}
	return args, nil
}
