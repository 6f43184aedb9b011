package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/gen"
	"github.com/girih-lang/girih/runtime/cpu"
)

// genCmd is `girih gen`, for `//go:generate go tool girih gen FILE`. What it writes depends on the source, the flags and this
// compiler alone.
type genCmd struct {
	File    string   `arg:"" help:"A .girih file, or a directory that holds one package."`
	Kernels []string `arg:"" optional:"" help:"The kernels; all of them where none is named."`
	Target  []string `placeholder:"sm_80,sm_90a,cpu" help:"What to embed code for. Without any, kernels are compiled when they are used."`
	Define  []string `short:"D" name:"define" placeholder:"[KERNEL.]NAME=VALUE" sep:"none" help:"Set a type parameter, an integer parameter or a tune value."`
	Shape   []string `placeholder:"[KERNEL.]K=4096,…" help:"Extents: of static dimensions, and of others whose powers of two the code may rely on."`
	Output  string   `short:"o" placeholder:"FILE_gen.go" help:"The Go file; its code lies beside it in a directory of that name. Left out: named for FILE, beside it."`
	Package string   `placeholder:"NAME" help:"The Go package; left out, that of the source."`
	So      bool     `help:"Also compile the C for this system, so that no compiler is needed to run it here."`
	Check   bool     `help:"Write nothing: compare with the files that are there, and fail with the differences."`
	C       string   `name:"c" placeholder:"DIR" help:"For other languages: write a C header, manifest.json and the code into a directory, and no Go."`
}

func (c *genCmd) Run(a *app) error {
	o, dir, err := c.options(a)
	if err != nil {
		return err
	}
	m, err := gen.Make(a.ctx, *o)
	var ge *gen.Error
	if errors.As(err, &ge) {
		return usagef("%w", err)
	}
	if err != nil {
		return compileError(nil, nil, err)
	}
	var files map[string][]byte
	owned := filepath.Join(dir, o.Base) // nothing else lies in there
	if c.C != "" {
		files, dir, owned = m.C(strings.TrimSuffix(o.Base, "_gen")), c.C, c.C
	} else if files, err = m.Go(); err != nil {
		return usagef("%w", err)
	}
	if c.C == "" {
		for _, name := range o.Names {
			if strings.HasPrefix(name, o.Base+"/") {
				files[name] = []byte(o.Texts[name])
			}
		}
	}
	stale, err := leftovers(dir, owned, files)
	if err != nil {
		return err
	}
	if c.Check {
		return a.compareFiles(dir, files, stale)
	}
	changed := map[string][]byte{}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if old, err := os.ReadFile(path); err != nil || !bytes.Equal(old, data) { // else its time is left alone
			changed[path] = data
		}
	}
	if err := replaceFiles(changed); err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return runtimef("%w", plain(err))
		}
	}
	return nil
}

func keys(m map[string][]byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// options reads the sources and the flags. dir is where the output goes.
func (c *genCmd) options(a *app) (o *gen.Options, dir string, err error) {
	o = &gen.Options{Texts: map[string]string{}, Kernels: c.Kernels, Package: c.Package, Cache: a.cache(),
		Note: func(s string) { fmt.Fprintf(a.errs, "girih: note: %s\n", s) }}
	if o.Defines, err = pairs("-D", c.Define); err != nil {
		return nil, "", err
	}
	shape, err := pairs("--shape", splitCommas(c.Shape))
	if err != nil {
		return nil, "", err
	}
	o.Shape = map[string]int64{}
	for name, text := range shape {
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil || n < 1 || n > math.MaxInt32 {
			return nil, "", usagef("--shape %s=%s: an extent is an integer from 1 to %d", name, text, math.MaxInt32)
		}
		o.Shape[name] = n
	}
	for _, t := range splitCommas(c.Target) {
		if _, err := compile.Target(t); err != nil {
			return nil, "", usagef("--target: %w", err)
		}
		if !slices.Contains(o.Targets, t) {
			o.Targets = append(o.Targets, t)
		}
	}
	if c.So {
		if !slices.Contains(o.Targets, "cpu") {
			return nil, "", usagef("--so compiles what --target cpu makes: name that target too")
		}
		o.Object, o.System = cpu.Object, goruntime.GOOS+"/"+goruntime.GOARCH
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return nil, "", usagef("%w", plain(err))
	}
	paths := []string{c.File}
	from := filepath.Dir(c.File)
	base := strings.TrimSuffix(filepath.Base(c.File), ".girih")
	if info.IsDir() {
		from = c.File
		abs, err := filepath.Abs(c.File)
		if err != nil {
			return nil, "", usagef("%w", err)
		}
		base = filepath.Base(abs)
		if paths, err = filepath.Glob(filepath.Join(c.File, "*.girih")); err != nil || len(paths) == 0 {
			return nil, "", usagef("%s: no .girih files", c.File)
		}
	}
	dir, o.Base = from, base+"_gen"
	if c.Output != "" {
		if filepath.Ext(c.Output) != ".go" {
			return nil, "", usagef("-o %s: a Go file is expected, such as %s_gen.go", c.Output, base)
		}
		dir, o.Base = filepath.Dir(c.Output), strings.TrimSuffix(filepath.Base(c.Output), ".go")
	}
	same, err := sameDir(dir, from)
	if err != nil {
		return nil, "", usagef("%w", plain(err))
	}
	for _, p := range paths {
		text, err := readSource(p)
		if err != nil {
			return nil, "", err
		}
		name := filepath.Base(p)
		if !same { // go:embed does not reach outside the directory: a copy goes along
			name = o.Base + "/" + name
		}
		o.Names = append(o.Names, name)
		o.Texts[name] = text
	}
	return o, dir, nil
}

func splitCommas(list []string) (out []string) {
	for _, s := range list {
		for _, part := range strings.Split(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func sameDir(a, b string) (bool, error) {
	x, err := filepath.Abs(a)
	if err != nil {
		return false, err
	}
	y, err := filepath.Abs(b)
	if err != nil {
		return false, err
	}
	if x == y {
		return true, nil
	}
	p, err1 := os.Stat(x)
	q, err2 := os.Stat(y)
	return err1 == nil && err2 == nil && os.SameFile(p, q), nil
}

// leftovers are files of an earlier generation that this one does not make, relative to dir. A directory that is not empty
// and has no manifest is somebody else's.
func leftovers(dir, owned string, files map[string][]byte) ([]string, error) {
	entries, err := os.ReadDir(owned)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, runtimef("%w", plain(err))
	}
	if _, err := os.Stat(filepath.Join(owned, bundle.Name)); err != nil {
		return nil, usagef("%s is not empty and holds no %s: is it the right directory?", owned, bundle.Name)
	}
	var stale []string
	for _, e := range entries {
		rel, err := filepath.Rel(dir, filepath.Join(owned, e.Name()))
		if err != nil || e.IsDir() {
			continue
		}
		if _, ok := files[filepath.ToSlash(rel)]; !ok && made(e.Name()) {
			stale = append(stale, rel)
		}
	}
	return stale, nil
}

// made says whether a file looks like one that gen writes; others in the directory are left alone.
func made(name string) bool {
	switch filepath.Ext(name) {
	case ".ptx", ".ir", ".so":
		return true
	}
	return strings.HasSuffix(name, ".cpu.c") || strings.HasSuffix(name, ".girih")
}

// compareFiles is --check.
func (a *app) compareFiles(dir string, files map[string][]byte, stale []string) error {
	bad := 0
	for _, name := range slices.Sorted(keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		old, err := os.ReadFile(path)
		switch {
		case err != nil:
			a.printf("%s: missing\n", path)
		case !bytes.Equal(old, files[name]):
			a.printf("%s\n", firstDifference(path, old, files[name]))
		default:
			continue
		}
		bad++
	}
	for _, name := range stale {
		a.printf("%s: no longer generated\n", filepath.Join(dir, name))
		bad++
	}
	if bad > 0 {
		return (&failure{code: exitCheck, err: fmt.Errorf("%d generated files are stale", bad)}).with("run go generate, or the same command without --check")
	}
	return nil
}

// firstDifference shows the first lines that differ, as a diff does.
func firstDifference(path string, old, want []byte) string {
	x, y := strings.SplitAfter(string(old), "\n"), strings.SplitAfter(string(want), "\n")
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	if bytes.IndexByte(old, 0) >= 0 || bytes.IndexByte(want, 0) >= 0 {
		return fmt.Sprintf("%s: binary files differ", path)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s (generated)\n@@ line %d @@\n", path, path, i+1)
	show := func(mark string, lines []string) {
		for j := i; j < len(lines) && j < i+3; j++ {
			text := strings.TrimRight(lines[j], "\n")
			if len(text) > 160 {
				text = text[:160] + "…"
			}
			fmt.Fprintf(&b, "%s%s\n", mark, clean(text))
		}
	}
	show("-", x)
	show("+", y)
	return strings.TrimRight(b.String(), "\n")
}
