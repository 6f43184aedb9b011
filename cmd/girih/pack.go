package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

// packCmd is `girih pack`: it brings a matrix into the storage order that the code for a target wants for a packed parameter.
// The order goes with the kernel's parameters and tune values. The file says it, so that whatever reads it knows what the bytes are.
type packCmd struct {
	File   string   `arg:"" help:"A .girih file or a directory that holds one package."`
	Kernel string   `arg:"" help:"The kernel."`
	Arg    string   `arg:"" help:"The parameter that is declared packed."`
	In     string   `required:"" placeholder:"FILE" help:"The matrix: w.npy or w.safetensors#NAME, in any order that girih pack has written."`
	Out    string   `required:"" placeholder:"FILE" help:"A .safetensors file: the bytes, and their order in its metadata; with --unpack the matrix as .npy."`
	Target string   `default:"sm_90a" help:"What the kernel is compiled for (${default})."`
	Unpack bool     `help:"The other way: --in was packed, --out is the matrix in the nearest NumPy type."`
	Define []string `short:"D" name:"define" placeholder:"NAME=VALUE" sep:"none" help:"Set a type parameter, an integer parameter or a tune value."`
	Shape  []string `placeholder:"M=16,K=4096" help:"Extents of named dimensions; those of the matrix need not be given."`
}

func (c *packCmd) Run(a *app) error {
	target, err := compile.Target(c.Target)
	if err != nil {
		return usagef("--target: %w", err)
	}
	src, err := (&kernelFlags{File: c.File, Kernel: c.Kernel, Define: c.Define, Shape: c.Shape}).load()
	if err != nil {
		return err
	}
	if src.pkg == nil {
		return usagef("pack needs source, not tile IR")
	}
	if !src.packed(c.Arg) {
		return usagef("kernel %s has no parameter %s that is declared packed", src.decl.Name, c.Arg)
	}
	path, entry, _ := strings.Cut(c.In, "#")
	in, err := loadTensor(path, entry)
	if err != nil {
		return runtimef("--in: %w", err)
	}
	src.bindArgument(c.Arg, in.Shape)
	k, choice, err := src.pick(compile.Picker{Machine: compile.MachineOf(target.Name), Cache: a.cache()}, src.dims)
	if err != nil {
		return err
	}
	compile.Specialise(k, src.dims)
	elem := k.Param(c.Arg).Value.Type.Elem
	if c.Unpack {
		if in.DType != elem {
			return runtimef("--in: %s, expected %s of %s", in, elem, c.Arg)
		}
		if err := tensor.SaveNpy(c.Out, in, false); err != nil {
			return runtimef("--out: %w", inFile(c.Out, err))
		}
		a.printf("%s: %s\n", c.Out, in)
		return nil
	}
	code, err := compile.Thread(k, target, compile.Options{})
	if err != nil {
		return compileError(src.pkg, k, err)
	}
	order := code.Kernel.Param(c.Arg).Pack
	w, err := in.As(elem)
	if err != nil {
		return runtimef("--in: %w", err).with("girih quantize makes codes of a float matrix")
	}
	n, about, err := bundle.SavePacked(c.Out, c.Arg, w, order, target.Name)
	if err != nil {
		return runtimef("--out: %w", inFile(c.Out, err))
	}
	text := "row-major"
	if order != nil {
		text = fmt.Sprintf("in tiles of %d×%d for %d threads, order %.12s", order.Tile[0], order.Tile[1], order.Threads, about.Order.Hash)
	}
	a.printf("%s: %s, %s, %s\n", c.Out, w, size(int64(n)), text)
	if t := told(choice); t != "" {
		a.printf("tune values: %s; a kernel that reads this is built with the same\n", t)
	}
	return nil
}

// packed reports a parameter that is declared packed.
func (s *kernelSource) packed(name string) bool {
	for _, p := range s.decl.Decl.Params {
		if slices.ContainsFunc(p.Names, func(n *syntax.Ident) bool { return n.Name == name }) {
			return p.Type.Packed
		}
	}
	return false
}

// bindArgument binds the dimensions that stand alone as an extent of a parameter by a shape.
func (s *kernelSource) bindArgument(name string, shape []int) {
	for _, p := range s.decl.Decl.Params {
		for _, n := range p.Names {
			if n.Name != name || len(p.Type.Dims) != len(shape) {
				continue
			}
			for i, d := range p.Type.Dims {
				if id, ok := syntax.Unparen(d.X).(*syntax.Ident); ok {
					if _, param := s.parameter(id.Name); !param {
						s.bound(id.Name, shape[i])
					}
				}
			}
		}
	}
}
