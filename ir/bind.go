package ir

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// ArgShape is what a launch knows of one argument.
type ArgShape struct {
	Name   string // of the parameter
	DType  dtype.Type
	Shape  []int
	Scalar bool
}

// Bind gives every named dimension its value for one launch. Dimensions come from the kernel's static facts, from extra
// (given explicitly, may be nil), and from the extents of the tensor arguments that are bare names; all other extents
// (`K/128`, constants) are then checked, and so are divisors. A quotient in an extent must be exact. Result tensors may
// be among the arguments, and are checked; inputs may be left out when something else binds their dimensions.
//
// Extents may be 0. Every error names the argument, the dimension and both values.
func (k *Kernel) Bind(args []ArgShape, extra map[string]int64) (map[string]int64, error) {
	b := binder{k: k, dims: map[string]int64{}, from: map[string]string{}}
	for _, d := range k.Dims {
		if d.Static >= 0 {
			b.dims[d.Name], b.from[d.Name] = d.Static, "static"
		}
	}
	if err := b.given(extra); err != nil {
		return nil, err
	}
	params := map[string]*ArgShape{}
	for i := range args {
		a := &args[i]
		if err := k.checkArg(a); err != nil {
			return nil, err
		}
		if params[a.Name] != nil {
			return nil, fmt.Errorf("argument %q is given twice", a.Name)
		}
		params[a.Name] = a
	}
	for _, p := range k.Params {
		if a := params[p.Name]; a != nil && p.Value.Type.Kind == Tensor {
			if err := b.names(p, a); err != nil {
				return nil, err
			}
		}
	}
	if err := b.facts(); err != nil {
		return nil, err
	}
	for _, p := range k.Params {
		if p.Value.Type.Kind == Tensor {
			if err := b.extents(p, params[p.Name]); err != nil {
				return nil, err
			}
		}
	}
	return b.dims, nil
}

type binder struct {
	k    *Kernel
	dims map[string]int64
	from map[string]string // dimension to what bound it
}

func (b *binder) given(extra map[string]int64) error {
	var names []string
	for n := range extra {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		v := extra[n]
		if b.k.Dim(n) == nil {
			return fmt.Errorf("kernel %s has no dimension %s; it has %s", b.k.Name, n, b.k.dimNames())
		}
		if v < 0 || v > math.MaxInt32 {
			return fmt.Errorf("dimension %s is %d, expected 0 to %d", n, v, math.MaxInt32)
		}
		if old, ok := b.dims[n]; ok && old != v {
			return fmt.Errorf("dimension %s is given as %d, expected %d (%s)", n, v, old, b.from[n])
		}
		b.dims[n], b.from[n] = v, "given explicitly"
	}
	return nil
}

func (k *Kernel) dimNames() string {
	var names []string
	for _, d := range k.Dims {
		names = append(names, d.Name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// checkArg compares kind, element type and rank with the parameter.
func (k *Kernel) checkArg(a *ArgShape) error {
	p := k.Param(a.Name)
	if p == nil {
		var names []string
		for _, p := range k.Params {
			names = append(names, p.Name)
		}
		return fmt.Errorf("kernel %s has no parameter %q; it has %s", k.Name, a.Name, strings.Join(names, ", "))
	}
	t := p.Value.Type
	switch {
	case a.Scalar && t.Kind == Tensor:
		return fmt.Errorf("argument %q: a scalar, expected %s", a.Name, t)
	case !a.Scalar && t.Kind != Tensor:
		return fmt.Errorf("argument %q: a tensor, expected the scalar %s", a.Name, t)
	case a.DType != t.Elem:
		return fmt.Errorf("argument %q: elements are %s, expected %s", a.Name, a.DType, t.Elem)
	case t.Kind == Tensor && len(a.Shape) != t.Rank():
		return fmt.Errorf("argument %q: rank is %d (shape %v), expected %d: %s", a.Name, len(a.Shape), a.Shape, t.Rank(), t)
	}
	return nil
}

// names binds the extents that are bare names.
func (b *binder) names(p *Param, a *ArgShape) error {
	for i, e := range p.Value.Type.Dims {
		n := int64(a.Shape[i])
		if n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("argument %q: dimension %d is %d, expected 0 to %d", p.Name, i, n, math.MaxInt32)
		}
		if e.Op != EDim {
			continue
		}
		old, bound := b.dims[e.Name]
		if bound && old != n {
			return fmt.Errorf("argument %q: dimension %d is %d, expected %s = %d (%s)", p.Name, i, n, e.Name, old, b.from[e.Name])
		}
		if !bound {
			b.dims[e.Name], b.from[e.Name] = n, fmt.Sprintf("from argument %q, dimension %d", p.Name, i)
		}
	}
	return nil
}

// facts checks that every dimension has a value and keeps its divisor.
func (b *binder) facts() error {
	for _, d := range b.k.Dims {
		n, ok := b.dims[d.Name]
		if !ok {
			return fmt.Errorf("dimension %s of kernel %s has no value: %s; give it explicitly", d.Name, b.k.Name, b.k.binders(d.Name))
		}
		if d.Div > 1 && n%d.Div != 0 {
			return b.k.multiple(d, fmt.Sprintf("%d (%s)", n, b.from[d.Name]))
		}
	}
	return nil
}

// Multiples checks that extents, as far as they are known, are multiples of what the kernel says.
func (k *Kernel) Multiples(dims map[string]int64) error {
	for _, d := range k.Dims {
		if n, ok := dims[d.Name]; ok && d.Div > 1 && n%d.Div != 0 {
			return k.multiple(d, fmt.Sprint(n))
		}
	}
	return nil
}

// multiple is the error of a dimension that is something else than a multiple of its divisor. It names the parameter that has a quotient of
// the dimension as an extent, if one has.
func (k *Kernel) multiple(d DimFact, is string) error {
	why := ""
	for _, p := range k.Params {
		for _, e := range p.Value.Type.Dims {
			if why == "" && e.Op == EDiv && e.Args[0].Op == EDim && e.Args[0].Name == d.Name {
				why = fmt.Sprintf(": an extent of %q is %s", p.Name, e)
			}
		}
	}
	return fmt.Errorf("dimension %s is %s, expected a multiple of %d%s", d.Name, is, d.Div, why)
}

// binders says which parameters would bind a dimension.
func (k *Kernel) binders(dim string) string {
	var names []string
	for _, p := range k.Params {
		for i, e := range p.Value.Type.Dims {
			if e.Op == EDim && e.Name == dim {
				names = append(names, fmt.Sprintf("dimension %d of %q", i, p.Name))
			}
		}
	}
	if len(names) == 0 {
		return "no parameter has it as an extent of its own"
	}
	return "it is " + strings.Join(names, ", ")
}

// extents checks every extent of a parameter, with the argument's (nil when it is not given).
func (b *binder) extents(p *Param, a *ArgShape) error {
	for i, e := range p.Value.Type.Dims {
		n, err := exact(e, b.dims)
		if err != nil {
			return fmt.Errorf("argument %q: dimension %d: %w%s", p.Name, i, err, b.because(e))
		}
		if n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("argument %q: dimension %d is %s = %d, expected 0 to %d%s", p.Name, i, e, n, math.MaxInt32, b.because(e))
		}
		if a == nil || int64(a.Shape[i]) == n {
			continue
		}
		want := fmt.Sprint(n)
		if e.Op != EConst {
			want = fmt.Sprintf("%s = %d", e, n)
		}
		return fmt.Errorf("argument %q: dimension %d is %d, expected %s%s", p.Name, i, a.Shape[i], want, b.because(e))
	}
	return nil
}

// because lists the dimensions of an extent: ` (K = 384 from argument "x", dimension 1)`.
func (b *binder) because(e Expr) string {
	var parts, seen []string
	e.Names(func(n string) {
		if v, ok := b.dims[n]; ok && !slices.Contains(seen, n) {
			seen = append(seen, n)
			parts = append(parts, fmt.Sprintf("%s = %d %s", n, v, b.from[n]))
		}
	})
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// exact evaluates an extent, refusing quotients with a remainder: a tensor of K/128 rows has no row for the rest of K.
func exact(e Expr, dims map[string]int64) (int64, error) {
	for _, a := range e.Args {
		if _, err := exact(a, dims); err != nil {
			return 0, err
		}
	}
	n, err := e.Eval(dims)
	if err != nil || e.Op != EDiv {
		return n, err
	}
	a, _ := e.Args[0].Eval(dims)
	if d, _ := e.Args[1].Eval(dims); a%d != 0 {
		return 0, fmt.Errorf("%s is not exact: %d is not a multiple of %d", e, a, d)
	}
	return n, nil
}

// Specialize is a copy of the kernel with dimensions bound at compile time.
func (k *Kernel) Specialize(dims map[string]int64) (*Kernel, error) {
	b := binder{k: k, dims: map[string]int64{}, from: map[string]string{}}
	for _, d := range k.Dims {
		if d.Static >= 0 {
			b.dims[d.Name], b.from[d.Name] = d.Static, "static"
		}
	}
	if err := b.given(dims); err != nil {
		return nil, err
	}
	c := k.Clone()
	for n, v := range dims {
		c.Dim(n).Static = v
	}
	return c, nil
}

// Shape evaluates the extents of a tensor parameter.
func (p *Param) Shape(dims map[string]int64) ([]int, error) {
	var shape []int
	for i, e := range p.Value.Type.Dims {
		n, err := e.Eval(dims)
		if err == nil && (n < 0 || n > math.MaxInt32) {
			err = fmt.Errorf("%s is %d, expected 0 to %d", e, n, math.MaxInt32)
		}
		if err != nil {
			return nil, fmt.Errorf("argument %q: dimension %d: %w", p.Name, i, err)
		}
		shape = append(shape, int(n))
	}
	return shape, nil
}

// OutShapes are the shapes of the result tensors, in order.
func (k *Kernel) OutShapes(dims map[string]int64) ([][]int, error) {
	var shapes [][]int
	for _, p := range k.Params {
		if p.Out {
			s, err := p.Shape(dims)
			if err != nil {
				return nil, err
			}
			shapes = append(shapes, s)
		}
	}
	return shapes, nil
}

// MaxBand is the largest Band.
const MaxBand = 1024

// LaunchGrid is the number of blocks to launch on a GPU for a grid. Blocks of a cluster lie side by side along axis 0, and so do all of a
// persistent kernel: no more of these than a chip holds at a time (resident; 0: as many as there are places), and no more than it takes to
// give each as many places as the one with the most has. An axis that is longer than a GPU can count is an error.
func (k *Kernel) LaunchGrid(grid [3]int64, resident int) (launch [3]uint32, err error) {
	cluster := int64(max(k.Cluster, 1))
	places := grid[0] * grid[1] * grid[2]
	if k.Persistent && places > 0 {
		if resident > 0 {
			n := max(int64(resident)/cluster, 1)
			each := (places + n - 1) / n
			places = (places + each - 1) / each
		}
		grid = [3]int64{places, 1, 1}
	}
	grid[0] *= cluster
	for i, n := range grid {
		if limit := [3]int64{math.MaxInt32, 65535, 65535}[i]; n > limit {
			return launch, fmt.Errorf("kernel %s: the grid has %d blocks along axis %d, a GPU takes %d; a larger tile makes fewer blocks", k.Name, n, i, limit)
		}
		launch[i] = uint32(n)
	}
	return launch, nil
}

// MaxPlaces is how many blocks the grid may have in all, 0 for as many as a GPU counts: the code of a persistent kernel, and of one with an
// order of its own, numbers them in 32 bits.
func (k *Kernel) MaxPlaces() int64 {
	if k.Persistent || k.Band > 0 {
		return 1 << 30
	}
	return 0
}

// GridSize is the number of blocks along each axis; axes that the kernel lacks have one block. A zero axis means that
// nothing runs.
func (k *Kernel) GridSize(dims map[string]int64) ([3]int64, error) {
	size := [3]int64{1, 1, 1}
	if len(k.Grid) > 3 {
		return size, fmt.Errorf("kernel %s has a grid of %d axes, not 1 to 3", k.Name, len(k.Grid))
	}
	total := int64(1)
	for i, e := range k.Grid {
		n, err := e.Eval(dims)
		if err != nil {
			return size, fmt.Errorf("grid axis %d of kernel %s: %w", i, k.Name, err)
		}
		if n < 0 || n > math.MaxInt32 || n > 0 && total > math.MaxInt64/n {
			return size, fmt.Errorf("grid axis %d of kernel %s is %s = %d, expected 0 to %d", i, k.Name, e, n, math.MaxInt32)
		}
		size[i] = n
		if n > 0 {
			total *= n
		}
	}
	if most := k.MaxPlaces(); most > 0 && total > most {
		return size, fmt.Errorf("kernel %s: a grid that is persistent or has an order of its own has at most %d blocks, this one has %d; a larger tile makes fewer", k.Name, most, total)
	}
	return size, nil
}
