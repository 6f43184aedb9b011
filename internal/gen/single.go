package gen

import (
	"slices"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
)

// Single is a kernel that somebody has compiled for one target.
type Single struct {
	Decl    lang.Kernel // its name is enough
	Kernel  *ir.Kernel  // before the passes
	Code    *compile.Code
	Text    []byte            // of the code: PTX or C
	Package string            // that it is of
	Values  map[string]string // of its parameters, as they were set
	Picked  map[string]string // tune values that were picked
	Sources map[string][]byte // by name
}

// Files are the files for other languages, as Made.C gives them: the manifest, the code, and a header named for the kernel.
func (s *Single) Files() map[string][]byte {
	m := &Made{Manifest: &bundle.Manifest{ABI: bundle.Version, Package: s.Package, Sources: map[string]string{}}, Files: map[string][]byte{}}
	for name, text := range s.Sources {
		m.Manifest.Sources[name] = bundle.Sum(text)
		m.o.Names = append(m.o.Names, name)
	}
	slices.Sort(m.o.Names)
	if len(m.o.Names) == 0 {
		m.o.Names = []string{s.Kernel.Name + ".ir"}
	}
	k := made{decl: s.Decl, ir: s.Kernel, manifest: bundle.Describe(s.Kernel)}
	k.manifest.Doc, k.manifest.Values, k.manifest.IR = s.Decl.Doc, s.Values, s.Kernel.Name+".ir"
	m.Files[k.manifest.IR] = []byte(s.Kernel.String())
	code := codeOf(s.Kernel.Name, s.Code, s.Text)
	m.Files[code.File] = s.Text
	code.Picked = s.Picked
	k.manifest.Codes = []bundle.Code{code}
	m.kernels, m.Manifest.Kernels = []made{k}, []bundle.Kernel{k.manifest}
	return m.C(s.Kernel.Name)
}

// codeOf describes code; name is what its file is called for.
func codeOf(name string, code *compile.Code, text []byte) bundle.Code {
	k := code.Kernel
	r := bundle.Code{Target: code.Target.Name, Symbol: k.Name, File: name + "." + code.Target.Name + ".ptx", SHA256: bundle.Sum(text),
		Threads: code.Threads, Shared: code.Shared, Cluster: k.Cluster, Persistent: k.Persistent, Places: k.MaxPlaces(), Dependent: len(k.After) > 0, Align: 16, Dims: bundle.DimsOf(k), Packs: packs(k)}
	if !code.Target.GPU {
		// Not NAME.c: Go takes a C file in a package directory for its own.
		r.Symbol, r.File, r.Threads, r.Shared, r.Persistent, r.Dependent, r.Align = c.Symbol(k.Name), name+".cpu.c", 1, 0, false, false, 8
	}
	return r
}
