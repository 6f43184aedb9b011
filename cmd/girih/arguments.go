package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// inputFlags are where the arguments of a run come from.
type inputFlags struct {
	In   []string `placeholder:"NAME=FILE" sep:"none" help:"An argument: NAME=x.npy, NAME=x.safetensors#tensor, NAME:packed=raw.npy, or NAME=1e-5 for a scalar. What is left out comes from the package's input declaration, else it is made up."`
	Seed uint64   `default:"1" help:"Of the inputs that are made up."`
	NoIn bool     `name:"no-input" help:"Leave the package's input declaration aside: make up what --in does not give."`
	NoS  bool     `name:"no-specialise" help:"Compile for what the source declares of the extents only, not for those at hand."`
}

// job is a kernel with its arguments: everything that an executor needs.
type job struct {
	src    *kernelSource
	k      *ir.Kernel
	named  map[string]runtime.Arg // inputs
	dims   map[string]int64
	origin map[string]string // of the inputs: "made up", a file, the input declaration
	quants []quantised

	specialise bool // compile for the extents at hand
}

// prepare finds the arguments, binds the dimensions by them, and lowers and specialises the kernel.
func (s *kernelSource) prepare(f *inputFlags) (*job, error) {
	files, err := readInputs(f.In)
	if err != nil {
		return nil, err
	}
	s.noInput = f.NoIn
	in, err := s.evaluate(func(name string) bool { _, ok := files[name]; return ok })
	if err != nil {
		return nil, err
	}
	for name, v := range in.args {
		files[name] = argument{value: v, from: "the input declaration"}
	}
	s.bindStatic(files)
	k, err := s.lower()
	if err != nil {
		return nil, err
	}
	j := &job{src: s, k: k, named: map[string]runtime.Arg{}, dims: s.dims, origin: map[string]string{}, quants: in.quants, specialise: !f.NoS}
	for name := range files {
		if p := k.Param(name); p == nil || p.Out {
			return nil, usagef("--in %s: kernel %s has no such input; it has %s", name, k.Name, orNone(inputNames(k)))
		}
	}
	for _, p := range k.Params {
		if a, ok := files[p.Name]; ok {
			s.bind(p, a)
		}
	}
	if err := j.fits(); err != nil {
		return nil, err
	}
	for i, p := range k.Params {
		if p.Out {
			continue
		}
		a, given := files[p.Name]
		if given {
			j.named[p.Name], err = j.fromValue(p, a)
			j.origin[p.Name] = a.from
		} else {
			j.named[p.Name], err = j.madeUp(p, f.Seed+uint64(i)*0x9e3779b97f4a7c15)
			j.origin[p.Name] = "made up"
		}
		if err != nil {
			return nil, err
		}
	}
	args, err := runtime.Arguments(k, j.named, j.dims)
	var call *runtime.Call
	if err == nil {
		call, err = runtime.Check(k, args)
	}
	if err != nil && len(in.args) > 0 {
		return nil, runtimef("%w", err).with("%s: from the input declaration, which --no-input leaves aside", strings.Join(slices.Sorted(maps.Keys(in.args)), ", "))
	}
	if err != nil {
		return nil, err
	}
	j.dims = call.Dims
	if j.specialise {
		compile.Specialise(k, j.dims)
	}
	return j, nil
}

func inputNames(k *ir.Kernel) (names []string) {
	for _, p := range k.Params {
		if !p.Out {
			names = append(names, p.Name)
		}
	}
	return names
}

// bindStatic binds dimensions that stand alone as an extent of a parameter by the argument's shape, before the kernel is
// lowered: static ones are needed then. Disagreements are found later, by the check of the launch.
func (s *kernelSource) bindStatic(args map[string]argument) {
	if s.pkg == nil {
		return
	}
	for _, p := range s.decl.Decl.Params {
		for _, name := range p.Names {
			a := args[name.Name]
			if a.tensor == nil || a.packed || len(a.tensor.Shape) != len(p.Type.Dims) {
				continue
			}
			for i, d := range p.Type.Dims {
				if id, ok := syntax.Unparen(d.X).(*syntax.Ident); ok {
					if _, param := s.parameter(id.Name); !param {
						s.bound(id.Name, a.tensor.Shape[i])
					}
				}
			}
		}
	}
}

func (s *kernelSource) bind(p *ir.Param, a argument) {
	t := p.Value.Type
	if a.tensor == nil || a.packed || len(a.tensor.Shape) != len(t.Dims) {
		return
	}
	for i, e := range t.Dims {
		if e.Op == ir.EDim {
			s.bound(e.Name, a.tensor.Shape[i])
		}
	}
}

func (s *kernelSource) bound(dim string, n int) {
	if _, ok := s.dims[dim]; !ok {
		s.dims[dim] = int64(n)
	}
}

// fromValue makes an argument of a value from a file, the command line or the input declaration.
func (j *job) fromValue(p *ir.Param, a argument) (runtime.Arg, error) {
	t := p.Value.Type
	switch {
	case t.Kind == ir.Tensor && a.tensor == nil:
		return runtime.Arg{}, usagef("argument %q is a %s, found the number %v", p.Name, t, a.value).with("--in %s=FILE takes a .npy or .safetensors file", p.Name)
	case t.Kind != ir.Tensor && a.tensor != nil && a.tensor.Len() != 1:
		return runtime.Arg{}, runtimef("argument %q is a scalar %s, found %s", p.Name, t, a.tensor)
	case t.Kind != ir.Tensor && a.tensor != nil:
		return runtime.Float(a.tensor.Floats()[0]), nil
	case t.Kind != ir.Tensor && a.whole:
		return runtime.Int(int64(a.num)), nil
	case t.Kind != ir.Tensor:
		return runtime.Float(a.num), nil
	}
	var shape []int
	if a.packed {
		var err error
		if shape, err = j.shape(p, a.from); err != nil {
			return runtime.Arg{}, err
		}
	}
	x, err := a.tensor.AsArgument(t.Elem, a.packed, shape)
	if err != nil {
		return runtime.Arg{}, runtimef("argument %q from %s: %w", p.Name, a.from, err)
	}
	return runtime.Tensor(x), nil
}

// extents are those that are known: the given ones and the static ones.
func (j *job) extents() map[string]int64 {
	dims := maps.Clone(j.dims)
	if dims == nil {
		dims = map[string]int64{}
	}
	for _, d := range j.k.Dims {
		if d.Static >= 0 {
			dims[d.Name] = d.Static
		}
	}
	return dims
}

// shape is the shape of a parameter, whose packed bytes come from a file or which is made up; the error names the dimensions
// that have no value.
func (j *job) shape(p *ir.Param, packedFrom string) ([]int, error) {
	dims := j.extents()
	var missing []string
	for _, e := range p.Value.Type.Dims {
		e.Names(func(name string) {
			if _, ok := dims[name]; !ok && !slices.Contains(missing, name+"=…") {
				missing = append(missing, name+"=…")
			}
		})
	}
	if missing != nil && packedFrom != "" {
		return nil, usagef("argument %q from %s: packed bytes have no shape, and the extents of %s are not known", p.Name, packedFrom, p.Value.Type).
			with("give them with --shape %s", strings.Join(missing, ","))
	}
	if missing != nil {
		return nil, usagef("argument %q, %s, is made up here and its extents are not known", p.Name, p.Value.Type).
			with("give them with --shape %s, or the argument with --in %s=FILE", strings.Join(missing, ","), p.Name)
	}
	shape, err := p.Shape(dims)
	if err != nil {
		return nil, usagef("argument %q: %w", p.Name, err)
	}
	for _, n := range shape {
		if n < 0 {
			return nil, usagef("argument %q: %s has a negative extent %d", p.Name, p.Value.Type, n)
		}
	}
	return shape, nil
}

// arguments are the inputs with fresh results, for a kernel that has the same parameters (the oracle's differ in the
// element types of its results).
func (j *job) arguments(k *ir.Kernel) ([]runtime.Arg, error) {
	return runtime.Arguments(k, j.named, j.dims)
}

func (j *job) title() string {
	var in, out []string
	for _, p := range j.k.Params {
		text := p.Name + " " + p.Value.Type.Elem.String()
		if p.Value.Type.Kind == ir.Tensor {
			if shape, err := p.Shape(j.dims); err == nil {
				text += tensor.ShapeString(shape)
			}
		}
		if p.Out {
			out = append(out, text)
		} else {
			in = append(in, text)
		}
	}
	return fmt.Sprintf("%s(%s) -> (%s)", j.k.Name, strings.Join(in, ", "), strings.Join(out, ", "))
}
