package lang

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
)

// Options specialise a kernel: see lower.Options.
type Options = lower.Options

// A Kernel is what a package says of one of its kernels before it is specialised.
type Kernel struct {
	Name    string
	Doc     string // the comment above it, as prose
	Decl    *syntax.KernelDecl
	Source  *diag.Source
	Params  []Param  // in square brackets, then tune values, in order
	Static  []string // dimensions that must be bound when compiling
	Inputs  []string // names of the parameters
	Results []string // names of the results
}

// A Param is a type parameter, an integer parameter or a tune value of a kernel.
type Param struct {
	Name    string
	Kind    string // "type", "int" or another integer type, or "tune"
	Default string // the text of the default; "" without one. For tune the text of the candidates
}

// Kernels are the kernels of the package, in source order.
func (p *Package) Kernels() []Kernel {
	var out []Kernel
	for _, d := range p.program.Kernels {
		out = append(out, describe(d, p.program.Source(d)))
	}
	return out
}

// Kernel finds a kernel by name; without a name the package must have exactly one. The error lists what there is.
func (p *Package) Kernel(name string) (Kernel, error) {
	ks := p.Kernels()
	var names []string
	for _, k := range ks {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	switch {
	case name != "":
		return Kernel{}, fmt.Errorf("%s has no kernel %s; %s", p.Path, name, help(names))
	case len(ks) == 1:
		return ks[0], nil
	case len(ks) == 0:
		return Kernel{}, fmt.Errorf("%s has no kernels", p.Path)
	}
	return Kernel{}, fmt.Errorf("%s has %d kernels, name one; %s", p.Path, len(ks), help(names))
}

func describe(d *syntax.KernelDecl, src *diag.Source) Kernel {
	k := Kernel{Name: d.Name.Name, Doc: d.Doc.Text(), Decl: d, Source: src}
	for _, tp := range d.TypeParams {
		for _, n := range tp.Names {
			q := Param{Name: n.Name, Kind: tp.Kind.Name}
			if tp.Default != nil {
				q.Default = src.Slice(tp.Default.Span())
			}
			k.Params = append(k.Params, q)
		}
	}
	for _, s := range d.Body.Stmts {
		if t, ok := s.(*syntax.TuneStmt); ok {
			for _, r := range t.Ranges {
				at := r.Hi.Span()
				if r.Lo != nil {
					at = r.Lo.Span().To(at)
				}
				k.Params = append(k.Params, Param{Name: r.Names[0].Name, Kind: "tune", Default: src.Slice(at)})
			}
		}
	}
	seen := map[string]bool{}
	scan := func(ps []*syntax.Param) (names []string) {
		for _, p := range ps {
			for _, n := range p.Names {
				names = append(names, n.Name)
			}
			for _, dim := range p.Type.Dims {
				if id, ok := syntax.Unparen(dim.X).(*syntax.Ident); ok && dim.Static && !seen[id.Name] {
					seen[id.Name] = true
					k.Static = append(k.Static, id.Name)
				}
			}
		}
		return names
	}
	k.Inputs, k.Results = scan(d.Params), scan(d.Results)
	return k
}

// Inputs are the declarations `input Kernel { … }`, for whoever runs a kernel to evaluate.
func (p *Package) Inputs() []*syntax.InputDecl { return p.program.Inputs }

// Input is the input declaration of a kernel, or nil.
func (p *Package) Input(kernel string) *syntax.InputDecl {
	for _, in := range p.program.Inputs {
		if in.Kernel.Name == kernel {
			return in
		}
	}
	return nil
}

// Source is the file of a top-level declaration.
func (p *Package) Source(d syntax.Decl) *diag.Source { return p.program.Source(d) }

// Lower specialises a kernel, checks it and gives its tile IR. kernel may be empty if the package has exactly one. The
// error is a diag.List, or plain if there is no such kernel.
func Lower(p *Package, kernel string, opts Options) (*ir.Kernel, error) {
	k, err := p.Kernel(kernel)
	if err != nil {
		return nil, err
	}
	var diags diag.List
	out := lower.Lower(p.program, k.Decl, opts, &diags)
	if diags.HasErrors() {
		return nil, diags.Sorted()
	}
	return out, nil
}

// Check checks every kernel of the package with the defaults of its parameters. A kernel that has a parameter without a
// default is checked when it is specialised. Static dimensions that have no value get a made-up one, and messages about
// extents are left out then.
func Check(p *Package) error {
	var diags diag.List
	for _, d := range p.program.Kernels {
		lower.Check(p.program, d, &diags)
	}
	if diags.HasErrors() {
		return diags.Sorted()
	}
	return nil
}
