// Package stdlib holds the library of Girih in its source form: the prelude, whose functions every package sees, and
// kernels to use, to read and to copy. It is text only; whoever wants a kernel compiles it as any other.
package stdlib

import (
	"embed"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// Prelude is the text of the functions that need no import.
//
//go:embed prelude.girih
var Prelude string

//go:embed *.girih
var files embed.FS

// Names lists the files of kernels, such as "softmax", sorted.
func Names() []string {
	entries, _ := fs.ReadDir(files, ".") // an embedded directory is always readable
	var names []string
	for _, e := range entries {
		if n := strings.TrimSuffix(e.Name(), ".girih"); n != "prelude" {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// Source is the text of a file, such as "softmax"; ok says whether there is one.
func Source(name string) (text string, ok bool) {
	b, err := files.ReadFile(path.Base(name) + ".girih")
	return string(b), err == nil
}
