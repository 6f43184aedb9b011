package girih

import (
	"fmt"
	"math"
	"reflect"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// operand is one checked argument.
type operand struct {
	t    *Tensor // a tensor, or the storage of a packed one
	pack *Packed // where the argument is one
	num  scalar
}

// scalar is a scalar argument rounded to its parameter's type: x for a float, else n.
type scalar struct {
	x float64
	n int64
}

// call is arguments checked against a kernel.
type call struct {
	v    *variant
	dev  *Device
	args []operand // in the order of ir.Kernel.Params; results may be missing
	dims map[string]int64
}

func shapeOf(arg any) ([]int, bool) {
	switch a := arg.(type) {
	case *Tensor:
		if a != nil {
			return a.shape, true
		}
	case *Packed:
		if a != nil {
			return a.shape, true
		}
	}
	return nil, false
}

// bind checks arguments: the inputs, and with results those too. Errors name the argument.
func (k *Kernel) bind(args []any, results bool) (*call, error) {
	want := len(k.decl.Inputs)
	if results {
		want += len(k.decl.Results)
	}
	if len(args) != want {
		return nil, errorf(ErrArgument, "kernel %s takes %d arguments here, found %d", k.signature(), want, len(args))
	}
	v, err := k.variant(k.staticDims(args))
	if err != nil {
		return nil, err
	}
	c := &call{v: v, args: make([]operand, len(v.ir.Params))}
	shapes := make([]ir.ArgShape, 0, len(args))
	for i, arg := range args {
		p := v.ir.Params[i]
		s, err := c.operand(i, p, arg)
		if err != nil {
			return nil, fmt.Errorf("kernel %s: argument %q: %w", k.decl.Name, p.Name, err)
		}
		shapes = append(shapes, s)
	}
	if c.dev == nil {
		return nil, errorf(ErrArgument, "kernel %s has no tensor among its inputs, which would say on which device to run: use Prepare, with results", k.signature())
	}
	if c.dims, err = v.ir.Bind(shapes, nil); err != nil {
		return nil, errorf(ErrShape, "kernel %s: %w", k.decl.Name, err)
	}
	return c, c.shared()
}

// operand checks kind, type and device of one argument; extents are Bind's.
func (c *call) operand(i int, p *ir.Param, arg any) (ir.ArgShape, error) {
	t := p.Value.Type
	s := ir.ArgShape{Name: p.Name, DType: t.Elem}
	take := func(of *Tensor, elem dtype.Type, shape []int) (ir.ArgShape, error) {
		switch {
		case t.Kind != ir.Tensor:
			return s, errorf(ErrArgument, "a tensor %s, expected the scalar %s", of, t)
		case elem != t.Elem:
			return s, errorf(ErrDType, "elements are %s, expected %s", elem, typeText(t.String()))
		case of.ref.freed.Load():
			return s, of.errFreed()
		case c.dev != nil && c.dev != of.dev:
			return s, errorf(ErrDevice, "a tensor on %s, but those before are on %s: copy it with To", of.dev.name, c.dev.name)
		}
		c.dev = of.dev
		c.args[i].t = of
		s.Shape = shape
		return s, nil
	}
	switch a := arg.(type) {
	case *Tensor:
		if a != nil {
			return take(a, a.dt, a.shape)
		}
	case *Packed:
		if a != nil {
			if !p.Packed {
				return s, errorf(ErrLayout, "packed, but the parameter is not declared packed")
			}
			c.args[i].pack = a
			return take(a.data, a.dt, a.shape)
		}
	case nil:
	default:
		if t.Kind == ir.Tensor {
			return s, errorf(ErrArgument, "a %T, expected a *Tensor of %s", arg, typeText(t.String()))
		}
		s.Scalar = true
		n, err := toScalar(t.Elem, arg)
		c.args[i].num = n
		return s, err
	}
	return s, errorf(ErrArgument, "nil, expected %s", typeText(t.String()))
}

// toScalar brings a Go number to a type. Floats are rounded once; integers must fit.
func toScalar(t dtype.Type, arg any) (scalar, error) {
	v := reflect.ValueOf(arg)
	var s scalar
	unsigned := false
	switch {
	case v.Kind() == reflect.Bool:
		if v.Bool() {
			s.n = 1
		}
	case v.CanInt():
		s.n = v.Int()
	case v.CanUint():
		s.n, unsigned = int64(v.Uint()), true
	case v.CanFloat():
		s.x = v.Float()
		if t.IsFloat() {
			s.x = t.Round(s.x)
			return s, nil
		}
		if s.x != math.Trunc(s.x) || math.Abs(s.x) > 1<<53 {
			return s, errorf(ErrArgument, "%v is not an integer, expected %s", s.x, t)
		}
		s.n = int64(s.x)
	default:
		return s, errorf(ErrArgument, "a %T, expected a number for %s", arg, t)
	}
	if t.IsFloat() {
		s.x = t.Float(t.FromInt(s.n, unsigned))
		return s, nil
	}
	if t == dtype.U64 {
		if s.n < 0 && !unsigned {
			return s, errorf(ErrArgument, "%d does not fit %s", s.n, t)
		}
		return s, nil
	}
	if unsigned && s.n < 0 || t.FromIntSat(s.n, false) != s.n {
		return s, errorf(ErrArgument, "%v does not fit %s, expected %d to %d", arg, t, t.MinInt(), t.MaxInt())
	}
	return s, nil
}

// bits is the scalar as code takes it: integers extended, floats below 32 bits in their own format where they have 16 bits and
// else as the f32 of the same value.
func (s scalar) bits(t dtype.Type) uint64 {
	switch {
	case !t.IsFloat():
		return uint64(s.n)
	case t.Bits() == 64:
		return math.Float64bits(s.x)
	case t.Bits() == 16:
		return t.FromFloat(s.x, t.Mode())
	}
	return uint64(math.Float32bits(float32(s.x)))
}

// shared refuses a result whose memory is also another argument's: blocks run in any order, and code is made for results
// that overlap nothing.
func (c *call) shared() error {
	for i, p := range c.v.ir.Params {
		a := c.args[i].t
		if !p.Out || a == nil {
			continue
		}
		for j, q := range c.v.ir.Params {
			b := c.args[j].t
			if i == j || b == nil || a.mem.size == 0 || b.mem.size == 0 {
				continue
			}
			x, y := a.address(), b.address()
			if x < y+uintptr(b.mem.size) && y < x+uintptr(a.mem.size) {
				return errorf(ErrArgument, "kernel %s: argument %q: the result shares its memory with argument %q", c.v.ir.Name, p.Name, q.Name)
			}
		}
	}
	return nil
}

// results makes tensors for the results.
func (c *call) results() ([]*Tensor, error) {
	var out []*Tensor
	for i, p := range c.v.ir.Params {
		if !p.Out {
			continue
		}
		shape, err := p.Shape(c.dims)
		if err != nil {
			return nil, errorf(ErrShape, "kernel %s: %w", c.v.ir.Name, err)
		}
		t, err := c.dev.empty(p.Value.Type.Elem, shape)
		if err != nil {
			return nil, fmt.Errorf("kernel %s: the result %s %s: %w", c.v.ir.Name, p.Name, tensor.ShapeString(shape), err)
		}
		c.args[i].t = t
		out = append(out, t)
	}
	return out, nil
}
