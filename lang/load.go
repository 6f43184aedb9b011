package lang

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/lower"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/stdlib"
)

// Extension of source files.
const Extension = ".girih"

// A Package is the declarations of the files of one directory, or of one file.
type Package struct {
	Name    string // of the package clause; "main" without one
	Path    string // of the file or directory, as given
	Sources []*diag.Source
	Files   []*syntax.File

	program *lower.Program
}

// Load reads FILE: a source file, or a directory whose *.girih files are one package. The package is nil if there is an
// error; mistakes in the source are a diag.List, other errors are those of the file system.
func Load(path string) (*Package, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, plain(err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = sources(path); err != nil {
			return nil, err
		}
	}
	var srcs []*diag.Source
	for _, f := range files {
		text, err := read(f)
		if err != nil {
			return nil, err
		}
		srcs = append(srcs, diag.NewSource(f, text))
	}
	return load(path, srcs)
}

// LoadSource makes a package of one text; name stands for its path in messages.
func LoadSource(name, text string) (*Package, error) {
	return load(name, []*diag.Source{diag.NewSource(name, text)})
}

func sources(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, plain(err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == Extension {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no %s files", dir, Extension)
	}
	sort.Strings(files)
	return files, nil
}

// read takes in a file that is not larger than a source may be; a device or a huge file is refused, not read.
func read(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", plain(err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: not a regular file", path)
	}
	if info.Size() > syntax.MaxSource {
		return "", fmt.Errorf("%s: %d bytes; a source file has at most %d", path, info.Size(), syntax.MaxSource)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", plain(err)
	}
	return string(text), nil
}

// plain words an error of the file system as "path: reason".
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

func load(path string, srcs []*diag.Source) (*Package, error) {
	p := &Package{Path: path, Sources: srcs}
	var diags diag.List
	var first *syntax.File
	mixed := false
	for _, src := range srcs {
		f, ds := syntax.Parse(src)
		diags = append(diags, ds...)
		p.Files = append(p.Files, f)
		if f.Package == nil {
			continue
		}
		if first == nil {
			first, p.Name = f, f.Package.Name
		} else if f.Package.Name != p.Name && !mixed {
			mixed = true // said once: a directory of many packages is no list of mistakes
			diags.Errorf(src, f.Package.Span(), diag.Redeclared, "package %s here, but %s in another file of the directory", f.Package.Name, p.Name).
				NoteIn(first.Source, first.Package.Span(), "package %s", p.Name).WithHelp("a directory holds one package; name one of its files")
		}
	}
	if p.Name == "" {
		p.Name = "main"
	}
	if diags.HasErrors() {
		return nil, diags.Sorted()
	}
	pre, err := prelude()
	if err != nil {
		return nil, err
	}
	p.program = lower.Collect(pre, p.Files, &diags)
	if diags.HasErrors() {
		return nil, diags.Sorted()
	}
	return p, nil
}

// prelude is the functions that every package sees, parsed once.
var prelude = sync.OnceValues(func() ([]*syntax.File, error) {
	f, ds := syntax.Parse(diag.NewSource("prelude.girih", stdlib.Prelude))
	return []*syntax.File{f}, ds.Err()
})

// help names what exists, for messages about what does not.
func help(names []string) string {
	if len(names) == 0 {
		return "there are no kernels"
	}
	return "kernels are " + strings.Join(names, ", ")
}
