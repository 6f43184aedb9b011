package girih

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
)

// Bundle is the files that `girih gen` made of a package, with its source: kernels whose code for the listed targets is
// there already and is compiled only for others. Generated Go files make it; use NewBundle for files of one's own.
type Bundle struct {
	fsys fs.FS
	dir  string

	load func() error
	m    *bundle.Manifest
	pkg  *lang.Package

	mu      sync.Mutex
	kernels map[string]*Kernel
}

// NewBundle takes a file system, such as an embed.FS, the directory of the manifest in it, and the source files beside that
// directory. Nothing is read before the first Kernel.
func NewBundle(fsys fs.FS, dir string) *Bundle {
	b := &Bundle{fsys: fsys, dir: dir, kernels: map[string]*Kernel{}}
	b.load = sync.OnceValue(b.read)
	return b
}

// read checks that manifest and source belong together.
func (b *Bundle) read() error {
	data, err := fs.ReadFile(b.fsys, path.Join(b.dir, bundle.Name))
	if err != nil {
		return because(ErrBundle, err)
	}
	if b.m, err = bundle.Decode(data); err != nil {
		return errorf(ErrBundle, "%s: %w: run go generate", b.dir, err)
	}
	var names []string
	for name := range b.m.Sources {
		names = append(names, name)
	}
	slices.Sort(names)
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(b.fsys, path.Join(path.Dir(b.dir), name))
		if err != nil {
			return because(ErrBundle, err)
		}
		if bundle.Sum(text) != b.m.Sources[name] {
			return errorf(ErrBundle, "%s was made of another %s than the one beside it: run go generate", b.dir, name)
		}
		texts[name] = string(text)
	}
	b.pkg, err = lang.LoadTexts(b.dir, names, texts)
	return published(nil, nil, err)
}

// file reads a file of the bundle; sum is its SHA-256 in hexadecimal, "" where it is not known.
func (b *Bundle) file(name, sum string) ([]byte, error) {
	data, err := fs.ReadFile(b.fsys, path.Join(b.dir, name))
	if err != nil {
		return nil, because(ErrBundle, err)
	}
	if sum != "" && bundle.Sum(data) != sum {
		return nil, errorf(ErrBundle, "%s/%s is not what the manifest says: run go generate", b.dir, name)
	}
	return data, nil
}

// Kernel finds a kernel. Options are laid over the values that the bundle was made with; where they change one, or where a
// static dimension has another extent than it was made for, the kernel is compiled when it is used, like any other. The same options
// give the same Kernel. Errors: ErrBundle for files that are damaged, stale or of another version; else those of
// Package.Kernel.
func (b *Bundle) Kernel(name string, options ...Option) (*Kernel, error) {
	if err := b.load(); err != nil {
		return nil, err
	}
	m := b.m.Kernel(name)
	if m == nil {
		return nil, errorf(ErrArgument, "%s has no kernel %s", b.dir, name)
	}
	decl, err := b.pkg.Kernel(name)
	if err != nil {
		return nil, because(ErrBundle, err)
	}
	o := overlay(m, options)
	if o.err != nil {
		return nil, o.err
	}
	key := o.key(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.kernels[key]; k != nil {
		return k, nil
	}
	k := &Kernel{pkg: b.pkg, decl: decl, opts: *o, variants: map[string]*variant{}}
	if m.IR != "" && o.same(m) {
		if err := b.variant(k, m); err != nil {
			return nil, err
		}
	}
	if len(k.unbound()) == 0 {
		if _, err := k.variant(nil); err != nil {
			return nil, err
		}
	}
	b.kernels[key] = k
	return k, nil
}

// variant takes the kernel's tile IR and code from the bundle.
func (b *Bundle) variant(k *Kernel, m *bundle.Kernel) error {
	text, err := b.file(m.IR, "")
	if err != nil {
		return err
	}
	low, err := ir.Parse(string(text))
	if err == nil {
		err = low.Verify()
	}
	if err != nil {
		return errorf(ErrBundle, "%s/%s: %w: run go generate", b.dir, m.IR, err)
	}
	low.Source = k.decl.Source.Path
	v := newVariant(k, low, m.Shape)
	for _, c := range m.Codes {
		v.embedded = append(v.embedded, embedded{b, c})
	}
	key := ""
	for _, name := range k.unbound() {
		key += strconv.FormatInt(m.Shape[name], 10) + ","
	}
	k.variants[key] = v
	return nil
}

func overlay(m *bundle.Kernel, list []Option) *options {
	o := &options{defines: map[string]string{}, dims: map[string]int64{}}
	for name, v := range m.Values {
		o.defines[name] = v
	}
	for _, f := range list {
		f(o)
	}
	return o
}

// same says whether the options are those that the code was made for.
func (o *options) same(m *bundle.Kernel) bool {
	if len(o.defines) != len(m.Values) || len(o.dims) != 0 {
		return false
	}
	for name, v := range o.defines {
		if m.Values[name] != v {
			return false
		}
	}
	return true
}

func (o *options) key(name string) string {
	var parts []string
	for n, v := range o.defines {
		parts = append(parts, n+"="+v)
	}
	for n, v := range o.dims {
		parts = append(parts, "dim "+n+"="+strconv.FormatInt(v, 10))
	}
	if o.generic {
		parts = append(parts, "generic")
	}
	slices.Sort(parts)
	return name + "\x00" + strings.Join(parts, "\x00")
}

// Targets are what the bundle has code for, of one kernel: "cpu", "sm_80", "sm_90a".
func (b *Bundle) Targets(kernel string) ([]string, error) {
	if err := b.load(); err != nil {
		return nil, err
	}
	m := b.m.Kernel(kernel)
	if m == nil {
		return nil, errorf(ErrArgument, "%s has no kernel %s", b.dir, kernel)
	}
	var names []string
	for _, c := range m.Codes {
		names = append(names, c.Target)
	}
	return names, nil
}
