package lang

import (
	"fmt"
	"io/fs"
	"path"
	"sort"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// LoadFS is Load from a file system, with its rules for paths.
func LoadFS(fsys fs.FS, name string) (*Package, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, plain(err)
	}
	files := []string{name}
	if info.IsDir() {
		entries, err := fs.ReadDir(fsys, name)
		if err != nil {
			return nil, plain(err)
		}
		files = nil
		for _, e := range entries {
			if !e.IsDir() && path.Ext(e.Name()) == Extension {
				files = append(files, path.Join(name, e.Name()))
			}
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no %s files", name, Extension)
		}
		sort.Strings(files)
	}
	var srcs []*diag.Source
	for _, f := range files {
		info, err := fs.Stat(fsys, f)
		if err != nil {
			return nil, plain(err)
		}
		if !info.Mode().IsRegular() || info.Size() > syntax.MaxSource {
			return nil, fmt.Errorf("%s: not a regular file of at most %d bytes", f, syntax.MaxSource)
		}
		text, err := fs.ReadFile(fsys, f)
		if err != nil {
			return nil, plain(err)
		}
		srcs = append(srcs, diag.NewSource(f, string(text)))
	}
	return load(name, srcs)
}

// LoadTexts makes a package of several texts, in the order of names, which stand for paths in messages.
func LoadTexts(path string, names []string, texts map[string]string) (*Package, error) {
	var srcs []*diag.Source
	for _, n := range names {
		srcs = append(srcs, diag.NewSource(n, texts[n]))
	}
	return load(path, srcs)
}
