package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// kernelFlags choose a kernel and specialise it; every verb that takes FILE embeds them.
type kernelFlags struct {
	File   string   `arg:"" help:"A .girih file, a directory that holds one package, or tile IR as a .ir file."`
	Kernel string   `arg:"" optional:"" help:"The kernel; may be left out where there is only one."`
	Define []string `short:"D" name:"define" placeholder:"NAME=VALUE" sep:"none" help:"Set a type parameter, an integer parameter or a tune value."`
	Shape  []string `placeholder:"M=16,K=4096" help:"Extents of named dimensions."`
}

// kernelSource is a kernel that has been found and not yet specialised.
type kernelSource struct {
	pkg     *lang.Package // nil for tile IR
	decl    lang.Kernel   // of pkg
	text    *ir.Kernel    // where pkg is nil
	defines map[string]string
	dims    map[string]int64 // from --shape, then from `input` declarations and files
	given   map[string]bool  // dims that --shape names
	noSplit bool             // lower split(n) as one part
	noInput bool             // leave the `input` declaration aside
}

// load finds the kernel that the flags name.
func (f *kernelFlags) load() (*kernelSource, error) {
	s := &kernelSource{dims: map[string]int64{}, given: map[string]bool{}}
	var err error
	if s.defines, err = pairs("-D", f.Define); err != nil {
		return nil, err
	}
	shape, err := pairs("--shape", f.Shape)
	if err != nil {
		return nil, err
	}
	for name, text := range shape {
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil || n < 1 || n > math.MaxInt32 {
			return nil, usagef("--shape %s=%s: an extent is an integer from 1 to %d", name, text, math.MaxInt32)
		}
		s.dims[name], s.given[name] = n, true
	}
	if strings.HasSuffix(f.File, ".ir") {
		return s, s.loadText(f)
	}
	s.pkg, err = lang.Load(f.File)
	if err != nil {
		return nil, loadError(err)
	}
	if s.decl, err = s.pkg.Kernel(f.Kernel); err != nil {
		return nil, usagef("%w", err)
	}
	return s, nil
}

// loadError separates mistakes in the source from a FILE that is not there.
func loadError(err error) error {
	var list diag.List
	if errors.As(err, &list) {
		return &failure{code: exitCompile, err: list}
	}
	return usagef("%w", err)
}

func (s *kernelSource) loadText(f *kernelFlags) error {
	text, err := readSource(f.File)
	if err != nil {
		return err
	}
	k, err := ir.Parse(text)
	var pe *ir.ParseError
	if errors.As(err, &pe) {
		src := diag.NewSource(f.File, text)
		var l diag.List
		at := src.Offset(pe.Line, pe.Col)
		l.Errorf(src, diag.Span{Start: at, End: at + 1}, diag.Unexpected, "%s", pe.Text)
		return &failure{code: exitCompile, err: l}
	}
	if err == nil {
		err = k.Verify()
	}
	switch {
	case err != nil:
		return &failure{code: exitCompile, err: fmt.Errorf("%s: %w", f.File, err)}
	case f.Kernel != "" && f.Kernel != k.Name:
		return usagef("%s has no kernel %s; it holds %s", f.File, f.Kernel, k.Name)
	case len(s.defines) > 0:
		return usagef("-D: tile IR has no parameters left to set; build it from source with them")
	}
	s.text = k
	return nil
}

// readSource reads a file of at most the size of a source.
func readSource(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", usagef("%w", plain(err))
	}
	if !info.Mode().IsRegular() || info.Size() > syntax.MaxSource {
		return "", usagef("%s: not a regular file of at most %d bytes", path, syntax.MaxSource)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("%w", plain(err))
	}
	return string(data), nil
}

// plain words an error of the file system as "path: reason".
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

// pairs reads NAME=VALUE arguments.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" || value == "" {
			return nil, usagef("%s %s: expected NAME=VALUE", flag, text)
		}
		if _, twice := m[name]; twice {
			return nil, usagef("%s: %s is set twice", flag, name)
		}
		m[name] = value
	}
	return m, nil
}

// lower makes tile IR of the kernel. Dimensions that are declared static must be in dims by now.
func (s *kernelSource) lower() (*ir.Kernel, error) {
	k := s.text
	if s.pkg != nil {
		static := map[string]int64{}
		var missing []string
		for _, name := range s.decl.Static {
			if n, ok := s.dims[name]; ok {
				static[name] = n
			} else {
				missing = append(missing, name+"=…")
			}
		}
		if missing != nil {
			return nil, usagef("kernel %s is compiled for fixed extents: it needs --shape %s", s.decl.Name, strings.Join(missing, ","))
		}
		var err error
		if k, err = lang.Lower(s.pkg, s.decl.Name, lang.Options{Defines: s.defines, Dims: static, NoSplit: s.noSplit}); err != nil {
			return nil, compileError(s.pkg, nil, err)
		}
	}
	for name := range s.given {
		if k.Dim(name) == nil {
			var have []string
			for _, d := range k.Dims {
				have = append(have, d.Name)
			}
			return nil, usagef("--shape %s: kernel %s has no such dimension; it has %s", name, k.Name, orNone(have))
		}
	}
	return k, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// parameter is the value of one of the kernel's parameters in square brackets or tune values: that of -D, else of the `input`
// declaration, else the default. Without any it is not ok; lowering asks for it.
func (s *kernelSource) parameter(name string) (text string, ok bool) {
	if v, ok := s.defines[name]; ok {
		return v, true
	}
	i := slices.IndexFunc(s.decl.Params, func(p lang.Param) bool { return p.Name == name })
	if i < 0 {
		return "", false
	}
	p := s.decl.Params[i]
	if p.Kind == "tune" {
		first := strings.TrimLeft(p.Default, "[ ")
		return strings.TrimSpace(strings.FieldsFunc(first, func(r rune) bool { return r == ',' || r == '.' || r == ']' })[0]), true
	}
	return p.Default, p.Default != ""
}

// elemType is the element type of a parameter as it will be after specialisation.
func (s *kernelSource) elemType(id *syntax.Ident) (dtype.Type, error) {
	name := id.Name
	for range 8 { // a default may name an earlier parameter
		text, ok := s.parameter(name)
		if !ok {
			break
		}
		name = text
	}
	t, err := dtype.Parse(name)
	if err != nil {
		return t, usagef("%s: %w", id.Name, err)
	}
	return t, nil
}
