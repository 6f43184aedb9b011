package testrun

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// Load reads the packages that paths name. A directory holds one package; where its files say that they are several, each
// file is one. Directories below are read where a path ends in "/...".
func Load(paths []string) ([]*lang.Package, error) {
	var pkgs []*lang.Package
	for _, path := range paths {
		dirs := []string{path}
		if filepath.Base(path) == "..." {
			var err error
			if dirs, err = below(filepath.Dir(path)); err != nil {
				return nil, err
			}
		}
		for _, d := range dirs {
			more, err := load(d)
			if err != nil {
				return nil, err
			}
			pkgs = append(pkgs, more...)
		}
	}
	return pkgs, nil
}

func below(root string) (dirs []string, err error) {
	err = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != root && (e.Name()[0] == '.' || e.Name() == "testdata") {
			return filepath.SkipDir
		}
		if dir := filepath.Dir(path); !e.IsDir() && filepath.Ext(path) == lang.Extension && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		return nil
	})
	if err == nil && dirs == nil {
		err = fmt.Errorf("%s: no %s files", root, lang.Extension)
	}
	return dirs, err
}

func load(path string) ([]*lang.Package, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		p, err := lang.Load(path)
		return []*lang.Package{p}, err
	}
	files, err := filepath.Glob(filepath.Join(path, "*"+lang.Extension))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		if file, _ := syntax.Parse(diag.NewSource(f, string(text))); file.Package != nil {
			names[file.Package.Name] = true
		}
	}
	if len(names) < 2 {
		p, err := lang.Load(path)
		return []*lang.Package{p}, err
	}
	var pkgs []*lang.Package
	for _, f := range files {
		p, err := lang.Load(f)
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}
