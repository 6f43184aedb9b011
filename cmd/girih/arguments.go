package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
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
	j := &job{src: s, k: k, named: map[string]runtime.Arg{}, dims: s.dims, origin: map[string]string{}, quants: in.quants}
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
	if err != nil {
		return nil, err
	}
	call, err := runtime.Check(k, args)
	if err != nil {
		return nil, err
	}
	j.dims = call.Dims
	if !f.NoS {
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

// argument is a value from outside; packed says that its bytes are those of the memory rule.
type argument struct {
	value
	packed bool
	from   string
}

// readInputs reads what --in names.
func readInputs(list []string) (map[string]argument, error) {
	given, err := pairs("--in", list)
	if err != nil {
		return nil, err
	}
	args := map[string]argument{}
	for name, text := range given {
		name, packed := strings.CutSuffix(name, ":packed")
		if _, twice := args[name]; twice {
			return nil, usagef("--in: %s is given twice", name)
		}
		a := argument{packed: packed, from: text}
		if _, err := os.Stat(text); err != nil && !packed {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				a.num, a.whole = float64(n), true
			} else if a.num, err = strconv.ParseFloat(text, 64); err == nil {
				a.whole = false
			} else {
				a.from = ""
			}
			if a.from != "" {
				args[name] = a
				continue
			}
			a.from = text
		}
		path, entry, _ := strings.Cut(text, "#")
		if a.tensor, err = loadTensor(path, entry); err != nil {
			return nil, runtimef("--in %s: %w", name, err)
		}
		args[name] = a
	}
	return args, nil
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
						s.bound(id.Name, a.tensor.Shape[i], name.Name)
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
			s.bound(e.Name, a.tensor.Shape[i], p.Name)
		}
	}
}

func (s *kernelSource) bound(dim string, n int, by string) {
	if _, ok := s.dims[dim]; !ok {
		s.dims[dim], s.why[dim] = int64(n), by
	}
}

// fromValue makes an argument of a value from a file, the command line or the input declaration.
func (j *job) fromValue(p *ir.Param, a argument) (runtime.Arg, error) {
	t := p.Value.Type
	switch {
	case t.Kind == ir.Tensor && a.tensor == nil:
		return runtime.Arg{}, usagef("argument %q is a tensor %s, found the number %v", p.Name, t, a.value).with("--in %s=FILE takes a .npy or .safetensors file", p.Name)
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
		if shape, err = j.shape(p); err != nil {
			return runtime.Arg{}, err
		}
	}
	x, err := a.tensor.AsArgument(t.Elem, a.packed, shape)
	if err != nil {
		return runtime.Arg{}, runtimef("argument %q from %s: %w", p.Name, a.from, err)
	}
	return runtime.Tensor(x), nil
}

// madeUp is a random tensor of the right shape.
func (j *job) madeUp(p *ir.Param, seed uint64) (runtime.Arg, error) {
	t := p.Value.Type
	if t.Kind != ir.Tensor {
		return runtime.Arg{}, usagef("the scalar %s %s has no value", p.Name, t).with("give it one with --in %s=…, or in an input declaration", p.Name)
	}
	shape, err := j.shape(p)
	if err != nil {
		return runtime.Arg{}, err
	}
	x, err := tensor.Random(t.Elem, seed, shape...)
	if err != nil {
		return runtime.Arg{}, runtimef("argument %q: %w", p.Name, err)
	}
	return runtime.Tensor(x), nil
}

// shape is the shape of a parameter; the error names the dimensions that have no value.
func (j *job) shape(p *ir.Param) ([]int, error) {
	dims := map[string]int64{}
	for name, n := range j.dims {
		dims[name] = n
	}
	for _, d := range j.k.Dims {
		if d.Static >= 0 {
			dims[d.Name] = d.Static
		}
	}
	var missing []string
	for _, e := range p.Value.Type.Dims {
		e.Names(func(name string) {
			if _, ok := dims[name]; !ok && !slices.Contains(missing, name+"=…") {
				missing = append(missing, name+"=…")
			}
		})
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

// fits refuses arguments that this machine's memory cannot hold before they are made. Extents that are not known yet are
// reported later, where they are missed.
func (j *job) fits() error {
	free, known := memory()
	total := 0.0
	for _, p := range j.k.Params {
		if p.Value.Type.Kind != ir.Tensor {
			continue
		}
		shape, err := j.shape(p)
		if err != nil {
			continue
		}
		bits := float64(p.Value.Type.Elem.Bits())
		if p.Out {
			bits = bits*2 + 64 // two executors' results at a time, and the oracle's
		}
		for _, n := range shape {
			bits *= float64(n)
		}
		total += bits / 8
	}
	if known && total > free {
		return runtimef("the arguments of %s take %.3g GB, this machine has %.3g GB of memory left", j.k.Name, total/1e9, free/1e9).
			with("choose smaller extents with --shape")
	}
	return nil
}

// memory is what the system can still give, in bytes, where it says so.
func memory() (float64, bool) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 64e9, true // a bound at least
	}
	for line := range strings.Lines(string(data)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %f kB", &kb); n == 1 {
			return kb * 1024, true
		}
	}
	return 0, false
}

// arguments are the inputs with fresh results, for a kernel that has the same parameters (the oracle's differ in the
// element types of its results).
func (j *job) arguments(k *ir.Kernel) ([]runtime.Arg, error) {
	return runtime.Arguments(k, j.named, j.dims)
}

// outputs finds the results among the arguments.
func outputs(k *ir.Kernel, args []runtime.Arg) map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for i, p := range k.Params {
		if p.Out {
			out[p.Name] = args[i].Tensor
		}
	}
	return out
}

var errNoOutput = errors.New("no such result")

// writeOutputs writes results to the files that --out names: the unpacked values in the nearest NumPy type, or with
// NAME:packed the raw bytes.
func writeOutputs(list map[string]string, results map[string]*tensor.Tensor) error {
	for name, path := range list {
		name, packed := strings.CutSuffix(name, ":packed")
		if err := tensor.SaveNpy(path, results[name], packed); err != nil {
			return runtimef("--out %s: %w", name, inFile(path, err))
		}
	}
	return nil
}

// checkOutputs refuses names that the kernel does not have before anything runs.
func checkOutputs(k *ir.Kernel, list []string) (map[string]string, error) {
	out, err := pairs("--out", list)
	if err != nil {
		return nil, err
	}
	var have []string
	for _, p := range k.Params {
		if p.Out {
			have = append(have, p.Name)
		}
	}
	for name := range out {
		if base := strings.TrimSuffix(name, ":packed"); !slices.Contains(have, base) {
			return nil, usagef("--out %s: kernel %s has %w; it has %s", base, k.Name, errNoOutput, orNone(have))
		}
	}
	return out, nil
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
