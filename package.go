package girih

import (
	"io/fs"
	"strings"

	"github.com/girih-lang/girih/lang"
)

// Package is checked Girih source: the declarations of one file, or of the *.girih files of one directory.
type Package struct{ pkg *lang.Package }

// Load reads a source file, or a directory that holds one package. Mistakes in the source are a *SourceError, other errors
// those of the file system.
func Load(path string) (*Package, error) { return checked(lang.Load(path)) }

// LoadFS is Load from a file system, such as an embed.FS.
func LoadFS(fsys fs.FS, path string) (*Package, error) { return checked(lang.LoadFS(fsys, path)) }

// Parse makes a package of a text; name stands for its path in messages.
func Parse(name, text string) (*Package, error) { return checked(lang.LoadSource(name, text)) }

func checked(pkg *lang.Package, err error) (*Package, error) {
	if err != nil {
		return nil, published(nil, nil, err)
	}
	return &Package{pkg}, nil
}

// Name is the name in the package clause, "main" without one.
func (p *Package) Name() string { return p.pkg.Name }

// Kernels are the names of the kernels, in source order.
func (p *Package) Kernels() []string {
	var names []string
	for _, k := range p.pkg.Kernels() {
		names = append(names, k.Name)
	}
	return names
}

// Kernel finds a kernel, which may be left out ("") where there is one only, and sets its parameters. What it needs to know
// of the machine and of the extents comes later: nothing is compiled for a device yet. Mistakes in the source or in the
// options are a *SourceError.
func (p *Package) Kernel(name string, options ...Option) (*Kernel, error) {
	decl, err := p.pkg.Kernel(name)
	if err != nil {
		return nil, because(ErrArgument, err)
	}
	k := &Kernel{pkg: p.pkg, decl: decl, variants: map[string]*variant{}}
	for _, f := range options {
		f(&k.opts)
	}
	if k.opts.err != nil {
		return nil, k.opts.err
	}
	if len(k.unbound()) == 0 {
		if _, err := k.variant(nil); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Compile makes a kernel of a text. kernel may be "" where the text has one only. It is Parse and Kernel.
func Compile(source, kernel string, options ...Option) (*Kernel, error) {
	p, err := Parse("source.girih", source)
	if err != nil {
		return nil, err
	}
	return p.Kernel(kernel, options...)
}

// trimName is a kernel's parameter as messages write it.
func typeText(s string) string { return strings.TrimPrefix(s, "tensor ") }
