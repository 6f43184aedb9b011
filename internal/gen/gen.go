// Package gen makes Go files, or a C header, with embedded code out of a package of Girih source.
//
// The model: Make specialises each kernel once, compiles it for each target, and describes the whole in a manifest (package
// bundle). Go prints a typed Go file over it and C a header. All of it is a function of the source, the options and the
// compiler: the same bytes wherever and whenever it runs. Nothing is written here; the caller has the files by name.
//
// The boundary: it knows the compiler and the manifest. It does not import the library that the generated files use.
package gen

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/cache"
)

// Options of a generation.
type Options struct {
	Names   []string          // of the source files, as messages and the manifest have them, in order
	Texts   map[string]string // by name
	Kernels []string          // nil: all
	Defines map[string]string // NAME or KERNEL.NAME to a value
	Shape   map[string]int64  // NAME or KERNEL.NAME: static dimensions, and extents whose divisors the code may rely on
	Targets []string          // "cpu", "sm_80" …
	Base    string            // of the generated names: "linear_gen"
	Package string            // Go package; empty is that of the source
	Object  func(ctx context.Context, symbol string, text []byte) ([]byte, error)
	System  string // of Object's results: "linux/amd64"
	Cache   *cache.Cache
	Note    func(string) // takes what the user should know; may be nil
}

// Made is a generation: the manifest and the files that it names, without directories.
type Made struct {
	Manifest *bundle.Manifest
	Files    map[string][]byte
	kernels  []made
	o        Options
	pkg      *lang.Package
}

// made is one kernel.
type made struct {
	decl     lang.Kernel
	ir       *ir.Kernel // a stand-in where code could not be made
	standIn  bool
	lowered  lang.Options      // that ir was lowered with; empty for a stand-in
	values   map[string]string // of type and integer parameters
	extents  map[string]int64  // from --shape
	manifest bundle.Kernel
}

// Make compiles everything. Mistakes in the source are a diag.List; *Error says what is wrong with the options.
func Make(ctx context.Context, o Options) (*Made, error) {
	pkg, err := lang.LoadTexts(o.Base, o.Names, o.Texts)
	if err != nil {
		return nil, err
	}
	if o.Package == "" {
		o.Package = pkg.Name
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	m := &Made{Manifest: &bundle.Manifest{ABI: bundle.Version, Package: pkg.Name, Sources: map[string]string{}, Kernels: []bundle.Kernel{}},
		Files: map[string][]byte{}, o: o, pkg: pkg}
	for _, name := range o.Names {
		m.Manifest.Sources[name] = bundle.Sum([]byte(o.Texts[name]))
	}
	used := map[string]bool{}
	for _, name := range o.Kernels {
		if _, err := pkg.Kernel(name); err != nil {
			return nil, &Error{err.Error()}
		}
	}
	for _, decl := range pkg.Kernels() {
		if len(o.Kernels) > 0 && !slices.Contains(o.Kernels, decl.Name) {
			continue
		}
		k, err := m.kernel(ctx, decl, used)
		if err != nil {
			return nil, err
		}
		m.kernels = append(m.kernels, *k)
		m.Manifest.Kernels = append(m.Manifest.Kernels, k.manifest)
	}
	if len(m.kernels) == 0 {
		return nil, &Error{"there are no kernels to generate"}
	}
	for name := range o.Defines {
		if !used[name] {
			return nil, &Error{fmt.Sprintf("-D %s: no kernel here has such a parameter", name)}
		}
	}
	for name := range o.Shape {
		if !used["shape "+name] {
			return nil, &Error{fmt.Sprintf("--shape %s: no kernel here has such a dimension", name)}
		}
	}
	return m, nil
}

// Error is a mistake in the options.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

// kernel specialises and compiles one kernel.
func (m *Made) kernel(ctx context.Context, decl lang.Kernel, used map[string]bool) (*made, error) {
	k := &made{decl: decl, values: map[string]string{}}
	defines := map[string]string{}
	ready := true
	for _, p := range decl.Params {
		for _, name := range []string{p.Name, decl.Name + "." + p.Name} {
			if v, ok := m.o.Defines[name]; ok {
				defines[p.Name], used[name] = v, true
			}
		}
		_, set := defines[p.Name]
		switch {
		case set:
			k.values[p.Name] = defines[p.Name]
		case p.Kind == "tune":
		case p.Default == "":
			ready = false
			m.o.Note(fmt.Sprintf("kernel %s: the parameter %s has no value, so no code is embedded (give one with -D %s=…)", decl.Name, p.Name, p.Name))
		case plain(p.Default):
			k.values[p.Name] = p.Default
		}
	}
	for name, v := range k.values {
		defines[name] = v
	}
	shape := map[string]int64{}
	extents := map[string]int64{}
	for name, n := range m.o.Shape {
		of, dim, qualified := strings.Cut(name, ".")
		switch {
		case !qualified:
			if _, set := extents[name]; !set {
				extents[name] = n
			}
		case of == decl.Name:
			extents[dim] = n
		}
	}
	for _, name := range decl.Static {
		if n, ok := extents[name]; ok {
			shape[name] = n
			continue
		}
		ready = false
		m.o.Note(fmt.Sprintf("kernel %s: the dimension %s is static, so no code is embedded (give it with --shape %s=…)", decl.Name, name, name))
	}
	if !ready {
		k.standIn = true
		if err := m.standIn(k, defines, shape); err != nil {
			return nil, err
		}
	} else {
		k.lowered = lang.Options{Defines: defines, Dims: shape}
		low, err := lang.Lower(m.pkg, decl.Name, k.lowered)
		if err != nil {
			return nil, err
		}
		k.ir = low
	}
	for _, d := range k.ir.Dims {
		used["shape "+d.Name], used["shape "+decl.Name+"."+d.Name] = true, true
	}
	k.extents = extents
	k.manifest = bundle.Describe(k.ir)
	k.manifest.Doc, k.manifest.Values, k.manifest.Codes = decl.Doc, k.values, []bundle.Code{}
	if len(shape) > 0 {
		k.manifest.Shape = shape
	}
	if k.standIn {
		// Its facts are made up: what is said of it is its signature only.
		k.manifest.Dims, k.manifest.Grid, k.manifest.Program = []bundle.Dim{}, nil, nil
		return k, nil
	}
	k.manifest.IR = decl.Name + ".ir"
	m.Files[k.manifest.IR] = []byte(k.ir.String())
	for _, t := range m.o.Targets {
		code, err := m.code(ctx, k, t)
		var pe *passes.Error
		if errors.As(err, &pe) && pe.Span != (ir.Span{}) {
			at := *pe
			at.Text = fmt.Sprintf("for %s: %s", t, pe.Text)
			return nil, compile.Diagnose(decl.Source, &at)
		}
		if err != nil {
			return nil, fmt.Errorf("kernel %s for %s: %w", decl.Name, t, err)
		}
		k.manifest.Codes = append(k.manifest.Codes, *code)
	}
	return k, nil
}

// plain says whether the text of a default is a value by itself.
func plain(text string) bool {
	if _, err := dtype.Parse(text); err == nil {
		return true
	}
	_, err := strconv.ParseInt(text, 0, 64)
	return err == nil
}

// standIn lowers a kernel with made-up values, for its signature.
func (m *Made) standIn(k *made, defines map[string]string, shape map[string]int64) error {
	var first error
	for _, n := range []int64{1024, 128, 64, 16} {
		for _, t := range []string{"f32", "f16", "i32", "u8", "u4", "f8e4m3fn"} {
			d, s := map[string]string{}, map[string]int64{}
			for name, v := range defines {
				d[name] = v
			}
			for _, p := range k.decl.Params {
				if _, ok := d[p.Name]; ok || p.Kind == "tune" || p.Default != "" {
					continue
				}
				d[p.Name] = t
				if p.Kind != "type" {
					d[p.Name] = "64"
				}
			}
			for _, name := range k.decl.Static {
				s[name] = n
			}
			for name, v := range shape {
				s[name] = v
			}
			low, err := lang.Lower(m.pkg, k.decl.Name, lang.Options{Defines: d, Dims: s})
			if err == nil {
				k.ir = low
				return nil
			}
			if first == nil {
				first = err
			}
		}
	}
	return first
}

// All are the files of the bundle under its directory, with the manifest.
func (m *Made) All() map[string][]byte {
	files := map[string][]byte{path.Join(m.o.Base, bundle.Name): m.Manifest.Encode()}
	for name, data := range m.Files {
		files[path.Join(m.o.Base, name)] = data
	}
	return files
}

// Valid says what is wrong with a base name, which becomes part of identifiers.
func Valid(base string) error {
	for i, r := range base {
		if !(r == '_' || unicode.IsLetter(r) || i > 0 && unicode.IsDigit(r)) {
			return &Error{fmt.Sprintf("%q cannot be part of a Go identifier: name the output with -o", base)}
		}
	}
	if base == "" {
		return errors.New("no name for the output")
	}
	return nil
}
