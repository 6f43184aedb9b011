package lower

import (
	"slices"
	"strings"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// A Program is the declarations of one package, with those of the prelude below them.
type Program struct {
	Kernels []*syntax.KernelDecl // in source order
	Inputs  []*syntax.InputDecl
	decls   map[string]*entry
	sources map[syntax.Node]*diag.Source
}

// entry is a top-level name; a constant is evaluated when it is first asked for.
type entry struct {
	src     *diag.Source
	at      diag.Span
	decl    syntax.Decl
	index   int // among the names of a const declaration
	prelude bool

	busy bool
	op   operand
	done bool
}

// Collect gathers the declarations of files; prelude files may be redeclared by the others.
func Collect(prelude, files []*syntax.File, diags *diag.List) *Program {
	p := &Program{decls: map[string]*entry{}, sources: map[syntax.Node]*diag.Source{}}
	for _, f := range prelude {
		p.file(f, true, diags)
	}
	for _, f := range files {
		p.file(f, false, diags)
	}
	for _, in := range p.Inputs {
		e := p.decls[in.Kernel.Name]
		src := p.sources[in]
		if e == nil {
			diags.Errorf(src, in.Kernel.Span(), diag.Undefined, "undefined: %s", in.Kernel.Name).
				WithHelp("%s", p.kernelHelp())
			continue
		}
		k, ok := e.decl.(*syntax.KernelDecl)
		if !ok {
			diags.Errorf(src, in.Kernel.Span(), diag.NotAKernel, "%s is not a kernel", in.Kernel.Name).NoteIn(e.src, e.at, "declared here")
			continue
		}
		p.checkInput(in, k, src, diags)
	}
	return p
}

func (p *Program) file(f *syntax.File, prelude bool, diags *diag.List) {
	add := func(name *syntax.Ident, d syntax.Decl, index int) {
		if old := p.decls[name.Name]; old != nil && !old.prelude {
			diags.Errorf(f.Source, name.Span(), diag.Redeclared, "%s is declared twice", name.Name).
				NoteIn(old.src, old.at, "first declared here")
			return
		}
		p.decls[name.Name] = &entry{src: f.Source, at: name.Span(), decl: d, index: index, prelude: prelude}
	}
	for _, d := range f.Decls {
		p.sources[d] = f.Source
		switch d := d.(type) {
		case *syntax.KernelDecl:
			add(d.Name, d, 0)
			p.Kernels = append(p.Kernels, d)
		case *syntax.FuncDecl:
			add(d.Name, d, 0)
		case *syntax.LayoutDecl:
			add(d.Name, d, 0)
		case *syntax.ConstDecl:
			for i, n := range d.Names {
				add(n, d, i)
			}
		case *syntax.InputDecl:
			p.Inputs = append(p.Inputs, d)
		}
	}
}

// Source is the file of a top-level declaration.
func (p *Program) Source(d syntax.Decl) *diag.Source { return p.sources[d] }

// Kernel finds a kernel by name, or nil.
func (p *Program) Kernel(name string) *syntax.KernelDecl {
	for _, k := range p.Kernels {
		if k.Name.Name == name {
			return k
		}
	}
	return nil
}

func (p *Program) kernelHelp() string {
	var names []string
	for _, k := range p.Kernels {
		names = append(names, k.Name.Name)
	}
	if len(names) == 0 {
		return "there are no kernels"
	}
	return "kernels are " + strings.Join(names, ", ")
}

// checkInput checks that an input declaration sets inputs, parameters in brackets, tune values or dimensions of its
// kernel, each once.
func (p *Program) checkInput(in *syntax.InputDecl, k *syntax.KernelDecl, src *diag.Source, diags *diag.List) {
	may := append(paramNames(k.Params), specials(k)...)
	seen := map[string]diag.Span{}
	for _, s := range in.Sets {
		for _, x := range s.Lhs {
			id, ok := x.(*syntax.Ident)
			if !ok {
				continue
			}
			if at, dup := seen[id.Name]; dup {
				diags.Errorf(src, id.Span(), diag.Redeclared, "%s is set twice", id.Name).Note(at, "first set here")
			}
			seen[id.Name] = id.Span()
			if !slices.Contains(may, id.Name) {
				diags.Errorf(src, id.Span(), diag.UnknownArgument, "kernel %s has no parameter or dimension %s", k.Name.Name, id.Name).
					WithHelp("it has %s", strings.Join(may, ", "))
			}
		}
	}
}

// specials are the names of a kernel that specialise it or that a launch binds: parameters in brackets, tune values,
// and dimensions.
func specials(k *syntax.KernelDecl) []string {
	var out []string
	for _, t := range k.TypeParams {
		for _, n := range t.Names {
			out = append(out, n.Name)
		}
	}
	for _, s := range k.Body.Stmts {
		if t, ok := s.(*syntax.TuneStmt); ok {
			for _, r := range t.Ranges {
				out = append(out, r.Names[0].Name)
			}
		}
	}
	for _, p := range slices.Concat(k.Params, k.Results) {
		for _, d := range p.Type.Dims {
			syntax.Walk(d.X, func(n syntax.Node) bool {
				if id, ok := n.(*syntax.Ident); ok && !slices.Contains(out, id.Name) {
					out = append(out, id.Name)
				}
				return true
			})
		}
	}
	return out
}

func paramNames(ps []*syntax.Param) []string {
	var names []string
	for _, p := range ps {
		for _, n := range p.Names {
			names = append(names, n.Name)
		}
	}
	return names
}
