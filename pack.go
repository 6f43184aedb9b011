package girih

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	girun "github.com/girih-lang/girih/runtime"
)

// Packed is a matrix in the storage order that the code of a kernel wants for a parameter that is declared packed. It is
// made once, by Kernel.Pack, and used by any number of calls. It remembers its order: code that wants another refuses it
// (ErrLayout).
type Packed struct {
	data  *Tensor // the bytes of the order, or the row-major matrix
	dt    dtype.Type
	shape []int
	order string   // hash of the storage order; "" is row-major
	plan  *ir.Pack // nil for row-major
	tune  *tuning  // of the code that it is for
}

// Pack brings a row-major matrix into the order that the kernel wants for the parameter name, on the tensor's device. The
// matrix itself stays as it is and may be freed. It compiles the kernel where that is needed to know the order; static
// dimensions that the matrix does not have are given with Dim when the kernel is made.
//
// The order goes with tune values. Without expect they are those that the source has first; with Dim options for the other
// extents to expect (the rows of a batch, say) they are picked for these. Calls with the packed matrix keep them. In the VM
// the order is row-major and Pack a copy.
func (k *Kernel) Pack(ctx context.Context, name string, t *Tensor, expect ...Option) (*Packed, error) {
	at := slices.Index(k.decl.Inputs, name)
	if at < 0 {
		return nil, errorf(ErrArgument, "kernel %s has no input %q", k.signature(), name)
	}
	if t == nil {
		return nil, errorf(ErrArgument, "kernel %s: argument %q: nil, expected a *Tensor", k.decl.Name, name)
	}
	args := make([]any, at+1)
	args[at] = t
	v, err := k.variant(k.staticDims(args))
	if err != nil {
		return nil, err
	}
	p := v.ir.Params[at]
	if !p.Packed {
		return nil, errorf(ErrArgument, "kernel %s: the parameter %q is not declared packed", k.decl.Name, name)
	}
	c := &call{v: v, args: make([]operand, len(v.ir.Params))}
	s, err := c.operand(at, p, t)
	if err != nil {
		return nil, fmt.Errorf("kernel %s: argument %q: %w", k.decl.Name, name, err)
	}
	dims, err := known(v.ir, p, s)
	if err != nil {
		return nil, errorf(ErrShape, "kernel %s: %w", k.decl.Name, err)
	}
	var hints options
	for _, f := range expect {
		f(&hints)
	}
	if hints.err != nil || hints.defines != nil || hints.generic {
		return nil, errors.Join(hints.err, errorf(ErrArgument, "Pack takes Dim options only: set others when the kernel is made"))
	}
	likely := maps.Clone(dims)
	for n, e := range hints.dims {
		if _, known := likely[n]; !known {
			likely[n] = e
		}
	}
	tn, err := v.pick(t.dev, likely, nil)
	if err != nil {
		return nil, err
	}
	prog, err := v.program(ctx, t.dev, dims, tn)
	if err != nil {
		return nil, err
	}
	return packTensor(t, prog.pack(name), tn)
}

// known are the dimensions that one tensor binds.
func known(k *ir.Kernel, p *ir.Param, s ir.ArgShape) (map[string]int64, error) {
	dims := map[string]int64{}
	for _, d := range k.Dims {
		if d.Static >= 0 {
			dims[d.Name] = d.Static
		}
	}
	if len(s.Shape) != p.Value.Type.Rank() {
		return nil, fmt.Errorf("argument %q: rank is %d, expected %s", p.Name, len(s.Shape), typeText(p.Value.Type.String()))
	}
	for i, e := range p.Value.Type.Dims {
		if e.Op != ir.EDim {
			continue
		}
		n := int64(s.Shape[i])
		if old, ok := dims[e.Name]; ok && old != n {
			return nil, fmt.Errorf("argument %q: dimension %d is %d, expected %s = %d", p.Name, i, n, e.Name, old)
		}
		dims[e.Name] = n
	}
	return dims, k.Multiples(dims)
}

// packTensor makes a packed copy.
func packTensor(t *Tensor, plan *ir.Pack, tune *tuning) (*Packed, error) {
	h, err := t.read()
	if err != nil {
		return nil, err
	}
	p := &Packed{dt: t.dt, shape: slices.Clone(t.shape), order: order(plan), plan: plan, tune: tune}
	if plan == nil {
		p.data, err = t.dev.upload(h)
		return p, err
	}
	data, err := girun.Pack(h, plan)
	if err != nil {
		return nil, because(ErrShape, err)
	}
	p.data, err = FromSlice(t.dev, data)
	return p, err
}

// Unpack is the row-major matrix again.
func (p *Packed) Unpack() (*Tensor, error) {
	if p.plan == nil {
		return p.data.To(p.data.dev)
	}
	data, err := p.data.Bytes()
	if err != nil {
		return nil, err
	}
	h, err := girun.Unpack(data, p.plan, p.dt, p.shape[0], p.shape[1])
	if err != nil {
		return nil, err
	}
	return p.data.dev.upload(h)
}

// DType is the type of the elements.
func (p *Packed) DType() DType { return DType{p.dt} }

// Shape is the shape of the matrix, [rows, columns].
func (p *Packed) Shape() []int { return slices.Clone(p.shape) }

// Size is the number of bytes of the storage, edges filled.
func (p *Packed) Size() int { return p.data.Size() }

// Order names the storage order: packed matrices with the same Order, type and shape can stand for each other.
func (p *Packed) Order() string { return orderText(p.order) }

// Bytes is a copy of the storage, for keeping; docs/abi.md has the rule of the order.
func (p *Packed) Bytes() ([]byte, error) { return p.data.Bytes() }

// Device is where the storage lies.
func (p *Packed) Device() *Device { return p.data.dev }

// Free gives the memory back, as Tensor.Free does.
func (p *Packed) Free() error { return p.data.Free() }

func orderText(order string) string {
	if order == "" {
		return "row-major"
	}
	return order[:min(16, len(order))]
}
