package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
)

// manifest is manifest.json of a bundle: what a program in any language needs to launch the kernel. Version changes when a
// field changes its meaning; fields may be added.
type manifest struct {
	Version   int               `json:"version"`
	Kernel    string            `json:"kernel"`
	Symbol    string            `json:"symbol"`
	Target    string            `json:"target"`
	Source    string            `json:"source,omitempty"`
	Defines   map[string]string `json:"defines,omitempty"`
	Params    []paramInfo       `json:"params"`
	Dims      []dimInfo         `json:"dims"`
	Grid      []string          `json:"grid"` // extents over dimensions; axis 0 varies fastest
	Threads   int               `json:"threads"`
	Shared    int               `json:"shared"` // bytes of dynamic shared memory
	Alignment int               `json:"alignment"`
	Calling   string            `json:"calling"`
	Files     map[string]string `json:"files"`
}

type paramInfo struct {
	Name  string    `json:"name"`
	Kind  string    `json:"kind"` // "tensor": an address; "scalar": by value
	DType string    `json:"dtype"`
	Bits  int       `json:"bits"`
	Dims  []string  `json:"dims,omitempty"`
	Out   bool      `json:"out,omitempty"`
	Pack  *packInfo `json:"pack,omitempty"` // nil: row-major, bit-packed
}

type packInfo struct {
	Layout  string     `json:"layout"`
	Tile    [2]int     `json:"tile"`
	Threads int        `json:"threads"`
	Words   int        `json:"words"` // 32-bit words of a thread and tile
	Vector  int        `json:"vector"`
	Order   string     `json:"order"`  // SHA-256 over the element numbers as little-endian int32, thread by thread
	Fields  [][][3]int `json:"fields"` // of each element of a thread, in order: pieces of [word, bit, length], low bits first
}

type dimInfo struct {
	Name    string `json:"name"`
	Static  *int64 `json:"static,omitempty"` // compiled in, not passed
	Divisor int64  `json:"divisor"`          // the extent must be a multiple
}

const callingConvention = "parameters in order (a tensor as its address, a scalar by value in its own type), then every dimension without `static` in order as int64"

func describe(code *compile.Code, s *kernelSource, file string) manifest {
	k := code.Kernel
	m := manifest{Version: 1, Kernel: k.Name, Symbol: k.Name, Target: code.Target.Name, Source: filepath.Base(k.Source), Defines: s.defines,
		Threads: code.Threads, Shared: code.Shared, Alignment: 16, Calling: callingConvention,
		Files: map[string]string{strings.TrimPrefix(filepath.Ext(file), "."): file, "header": k.Name + ".h"}}
	for _, p := range k.Params {
		t := p.Value.Type
		q := paramInfo{Name: p.Name, Kind: "scalar", DType: t.Elem.String(), Bits: t.Elem.Bits(), Out: p.Out}
		if t.Kind == ir.Tensor {
			q.Kind = "tensor"
			for _, e := range t.Dims {
				q.Dims = append(q.Dims, e.String())
			}
		}
		if p.Pack != nil {
			q.Pack = &packInfo{Layout: p.Pack.Layout, Tile: p.Pack.Tile, Threads: p.Pack.Threads, Words: p.Pack.Words, Vector: p.Pack.Vec,
				Order: orderHash(p.Pack)}
			for _, f := range p.Pack.Plan.Fields {
				var pieces [][3]int
				for _, x := range f.Pieces {
					pieces = append(pieces, [3]int{x.Word, x.Bit, x.Len})
				}
				q.Pack.Fields = append(q.Pack.Fields, pieces)
			}
		}
		m.Params = append(m.Params, q)
	}
	for _, d := range k.Dims {
		q := dimInfo{Name: d.Name, Divisor: d.Div}
		if d.Static >= 0 {
			q.Static = &d.Static
		}
		m.Dims = append(m.Dims, q)
	}
	for i, e := range k.Grid {
		if i == 0 && k.Cluster > 1 {
			e = ir.Bin(ir.EMul, e, ir.Int(int64(k.Cluster)))
		}
		m.Grid = append(m.Grid, e.String())
	}
	return m
}

func orderHash(p *ir.Pack) string {
	h := sha256.New()
	for _, thread := range p.Order {
		_ = binary.Write(h, binary.LittleEndian, thread) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writeBundle writes the code, manifest.json and a C header.
func writeBundle(path string, code *compile.Code, text []byte, s *kernelSource) error {
	name := code.Kernel.Name + ".ptx"
	if !code.Target.GPU {
		name = code.Kernel.Name + ".c"
	}
	m := describe(code, s, name)
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{name: text, "manifest.json": append(data, '\n'), m.Files["header"]: header(code)}
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
	made := false
	if err := os.Mkdir(path, 0o755); err == nil {
		made = true
	} else if info, serr := os.Stat(path); serr != nil || !info.IsDir() {
		return runtimef("-o %w", plain(err))
	}
	for _, name := range sorted(files) {
		if err := replaceFile(filepath.Join(path, name), files[name]); err != nil {
			if made {
				err = errors.Join(err, os.RemoveAll(path))
			}
			return err
		}
	}
	return nil
}

// header is the C view of the manifest: sizes as macros, the grid as a function of the dimensions.
func header(code *compile.Code) []byte {
	k := code.Kernel
	var b strings.Builder
	up := strings.ToUpper(k.Name)
	guard := "GIRIH_" + up + "_H"
	fmt.Fprintf(&b, "/* %s for %s, compiled by girih. Arguments: %s.\n", k.Name, code.Target.Name, callingConvention)
	for _, p := range k.Params {
		how := "in "
		if p.Out {
			how = "out"
		}
		fmt.Fprintf(&b, " *   %s %-8s %s", how, p.Name, p.Value.Type)
		if p.Pack != nil {
			fmt.Fprintf(&b, ", packed: see manifest.json")
		}
		b.WriteString("\n")
	}
	var dims []string
	for _, d := range k.Dims {
		if d.Static >= 0 {
			fmt.Fprintf(&b, " *   dim %-8s is %d\n", d.Name, d.Static)
			continue
		}
		fmt.Fprintf(&b, " *   dim %-8s int64, a multiple of %d\n", d.Name, d.Div)
		dims = append(dims, "int64_t "+d.Name)
	}
	if dims == nil {
		dims = []string{"void"}
	}
	fmt.Fprintf(&b, " * Tensors are aligned to 16 bytes. */\n#ifndef %s\n#define %s\n#include <stdint.h>\n\n", guard, guard)
	fmt.Fprintf(&b, "#define %s_THREADS %d\n#define %s_SHARED  %d /* bytes of dynamic shared memory */\n\n", up, code.Threads, up, code.Shared)
	fmt.Fprintf(&b, "static inline void %s_grid(%s, int64_t grid[3]) {\n", k.Name, strings.Join(dims, ", "))
	if dims[0] == "void" {
		s := b.String()
		b.Reset()
		b.WriteString(strings.Replace(s, "(void, int64_t grid[3])", "(int64_t grid[3])", 1))
	}
	known := map[string]int64{}
	for _, d := range k.Dims {
		if d.Static >= 0 {
			known[d.Name] = d.Static
		}
	}
	for i := range 3 {
		e := ir.Int(1)
		if i < len(k.Grid) {
			e = k.Grid[i].Subst(known)
		}
		if i == 0 && k.Cluster > 1 {
			e = ir.Bin(ir.EMul, e, ir.Int(int64(k.Cluster)))
		}
		fmt.Fprintf(&b, "    grid[%d] = %s;\n", i, cExpr(e))
	}
	b.WriteString("}\n")
	if !code.Target.GPU {
		fmt.Fprintf(&b, "\n/* args[i] points to the value of argument i; grid is {x, y, z, first block, end block, 0}; scratch has\n"+
			" * %s_scratch bytes, aligned to 64, for one call at a time. The result is 0 if all went well. */\n"+
			"extern const int64_t %s_scratch;\nint32_t %s(void **args, const int64_t grid[6], void *scratch);\n", k.Name, k.Name, k.Name)
	}
	b.WriteString("#endif\n")
	return []byte(b.String())
}

// cExpr prints an extent in C; dimensions are positive, so C's division is the floor.
func cExpr(e ir.Expr) string {
	two := func(format string) string {
		return fmt.Sprintf(format, cExpr(e.Args[0]), cExpr(e.Args[1]))
	}
	switch e.Op {
	case ir.EConst:
		return fmt.Sprint(e.N)
	case ir.EDim:
		return e.Name
	case ir.EAdd:
		return two("(%s + %s)")
	case ir.ESub:
		return two("(%s - %s)")
	case ir.EMul:
		return two("(%s * %s)")
	case ir.EDiv:
		return two("(%s / %s)")
	case ir.ECeil:
		return fmt.Sprintf("((%s + %s - 1) / %s)", cExpr(e.Args[0]), cExpr(e.Args[1]), cExpr(e.Args[1]))
	}
	return two("(%s %% %s)")
}
