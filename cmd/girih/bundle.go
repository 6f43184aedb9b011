package main

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/gen"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
)

// writeBundle writes the code, the manifest and a C header of docs/abi.md, into a directory or a zip file.
func writeBundle(path string, k *ir.Kernel, code *compile.Code, text []byte, s *kernelSource, c compile.Choice) error {
	one := gen.Single{Decl: lang.Kernel{Name: k.Name}, Kernel: k, Code: code, Text: text, Values: s.defines, Sources: map[string][]byte{}}
	if c.From != "" {
		one.Picked = c.Defines(s.defines)
		maps.DeleteFunc(one.Picked, func(name, _ string) bool { _, given := s.defines[name]; return given })
	}
	if s.pkg != nil {
		one.Decl, one.Package = s.decl, s.pkg.Name
		for _, src := range s.pkg.Sources {
			one.Sources[filepath.Base(src.Path)] = []byte(src.Text)
		}
	}
	files := one.Files()
	if strings.HasSuffix(path, ".zip") {
		return writeZip(path, files)
	}
	return writeDir(path, files)
}

func sorted(files map[string][]byte) []string {
	var names []string
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func writeZip(path string, files map[string][]byte) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sorted(files) {
		w, err := z.Create(name) // without a time: the bytes depend on the contents alone
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

func writeDir(path string, files map[string][]byte) error {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return runtimef("-o %s: not a directory", path)
	}
	at := map[string][]byte{}
	for name, data := range files {
		at[filepath.Join(path, name)] = data
	}
	return replaceFiles(at)
}
