package girih

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/syntax"
)

// Option sets a parameter of a kernel.
type Option func(*options)

type options struct {
	defines map[string]string
	dims    map[string]int64
	generic bool
	err     error
}

// Set sets a type parameter (a DType or its name), an integer parameter or a tune value (a Go integer). What is not set has
// its default; a tune value is picked for the device and the extents: what girih tune has found best there, else what the cost
// model expects to be fastest.
func Set(name string, value any) Option {
	return func(o *options) {
		if o.defines == nil {
			o.defines = map[string]string{}
		}
		switch v := value.(type) {
		case DType:
			o.defines[name] = v.String()
		case string:
			o.defines[name] = v
		case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
			o.defines[name] = fmt.Sprint(v)
		default:
			o.err = errorf(ErrArgument, "Set(%q): %v is a %T: a DType, the name of a type, or an integer is expected", name, value, value)
		}
	}
}

// Dim fixes a dimension when compiling, 1 ≤ n < 2^31. Dimensions that the source declares static and that are extents of an
// argument need no Dim: they are taken from it, and each value is a kernel of its own.
func Dim(name string, n int) Option {
	return func(o *options) {
		if n < 1 || n > math.MaxInt32 {
			o.err = errorf(ErrShape, "Dim(%q): the extent is %d, expected 1 to %d", name, n, math.MaxInt32)
			return
		}
		if o.dims == nil {
			o.dims = map[string]int64{}
		}
		o.dims[name] = int64(n)
	}
}

// Generic compiles for what the source says of the extents only. Without it the code is made for the powers of two, up to
// 64, that divide the extents at hand, so that there is another compilation for extents with others.
func Generic() Option { return func(o *options) { o.generic = true } }

// Kernel is a kernel with its parameters set. It belongs to no device and may be used on several.
type Kernel struct {
	pkg  *lang.Package
	decl lang.Kernel
	opts options

	mu       sync.Mutex
	variants map[string]*variant // by the values of static dimensions
}

// embedded is code from a bundle.
type embedded struct {
	b    *Bundle
	code bundle.Code
}

// variant is a kernel with all static dimensions bound.
type variant struct {
	k        *Kernel
	ir       *ir.Kernel
	dims     map[string]int64 // that it was lowered with
	embedded []embedded

	mu       sync.Mutex
	programs map[programKey]*program
	picks    map[pickKey]*tuning
	tunings  map[string]*tuning // by their text
}

func newVariant(k *Kernel, low *ir.Kernel, dims map[string]int64) *variant {
	return &variant{k: k, ir: low, dims: dims, programs: map[programKey]*program{}, picks: map[pickKey]*tuning{}, tunings: map[string]*tuning{}}
}

// Name is the kernel's name.
func (k *Kernel) Name() string { return k.decl.Name }

// Doc is the comment above the kernel, as prose.
func (k *Kernel) Doc() string { return k.decl.Doc }

// Inputs and Results are the names of the parameters, in the order in which Call and Prepare take them.
func (k *Kernel) Inputs() []string { return slices.Clone(k.decl.Inputs) }

// Results are the names of the result tensors.
func (k *Kernel) Results() []string { return slices.Clone(k.decl.Results) }

// unbound are the dimensions that only arguments can bind and that must be known when compiling.
func (k *Kernel) unbound() []string {
	var names []string
	for _, name := range k.decl.Static {
		if _, ok := k.opts.dims[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

// variant lowers the kernel for values of the unbound static dimensions, once.
func (k *Kernel) variant(static map[string]int64) (*variant, error) {
	key := ""
	for _, name := range k.unbound() {
		n, ok := static[name]
		if !ok {
			return nil, errorf(ErrShape, "kernel %s is compiled for fixed extents and no argument gives %s: fix it with Dim", k.decl.Name, name)
		}
		key += strconv.FormatInt(n, 10) + ","
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.variants[key]; v != nil {
		return v, nil
	}
	dims := map[string]int64{}
	for _, m := range []map[string]int64{k.opts.dims, static} {
		for name, n := range m {
			dims[name] = n
		}
	}
	low, err := lang.Lower(k.pkg, k.decl.Name, lang.Options{Defines: k.opts.defines, Dims: dims})
	if err != nil {
		return nil, published(k.pkg, nil, err)
	}
	v := newVariant(k, low, dims)
	k.variants[key] = v
	return v, nil
}

// staticDims reads the unbound static dimensions off the arguments' shapes, before the kernel is lowered. Disagreements are
// found by the check that follows.
func (k *Kernel) staticDims(args []any) map[string]int64 {
	need := k.unbound()
	if len(need) == 0 {
		return nil
	}
	found := map[string]int64{}
	i := 0
	for _, group := range [][]*syntax.Param{k.decl.Decl.Params, k.decl.Decl.Results} {
		for _, p := range group {
			for range p.Names {
				if i >= len(args) {
					return found
				}
				shape, ok := shapeOf(args[i])
				i++
				if !ok || len(shape) != len(p.Type.Dims) {
					continue
				}
				for j, d := range p.Type.Dims {
					id, bare := syntax.Unparen(d.X).(*syntax.Ident)
					if bare && slices.Contains(need, id.Name) && shape[j] > 0 {
						if _, ok := found[id.Name]; !ok {
							found[id.Name] = int64(shape[j])
						}
					}
				}
			}
		}
	}
	return found
}

// signature is the kernel as messages show it.
func (k *Kernel) signature() string {
	return fmt.Sprintf("%s(%s) (%s)", k.decl.Name, strings.Join(k.decl.Inputs, ", "), strings.Join(k.decl.Results, ", "))
}
