// Package bundle is the manifest of generated code: what `girih gen` writes and the library, or a program in another
// language, reads. docs/abi.md documents it; a change of what a field means is a new Version.
//
// The boundary: names, numbers and texts. It compiles nothing and launches nothing.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/girih-lang/girih/ir"
)

// Version of the calling convention and of the manifest.
const Version = 2

// Name of the manifest's file.
const Name = "manifest.json"

// Manifest is everything about the files beside it.
type Manifest struct {
	ABI     int               `json:"abi"`
	Package string            `json:"package"`
	Sources map[string]string `json:"sources"` // file name to SHA-256 of its text
	Kernels []Kernel          `json:"kernels"`
}

// Kernel is one kernel with its parameters set.
type Kernel struct {
	Name    string            `json:"name"`
	Doc     string            `json:"doc,omitempty"`
	Values  map[string]string `json:"values,omitempty"` // of type and integer parameters, and of tune values that were set
	Shape   map[string]int64  `json:"shape,omitempty"`  // dimensions bound when compiling
	Params  []Param           `json:"params"`           // in the order in which they are passed
	Dims    []Dim             `json:"dims"`             // in the order in which those without `static` are passed, behind the parameters
	Grid    []string          `json:"grid"`             // blocks along each axis, over dimensions; axis 0 varies fastest
	Program []Instr           `json:"gridProgram"`      // the same for programs: see Instr
	IR      string            `json:"ir,omitempty"`     // file of the tile IR
	Codes   []Code            `json:"codes"`
}

// Param is a parameter or a result.
type Param struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"` // "tensor" or "scalar"
	DType  string   `json:"dtype"`
	Bits   int      `json:"bits"`
	Pass   string   `json:"pass"`           // how it is passed: "ptr", "bool" (a byte), "i32", "i64", "u32", "u64", "f16", "bf16", "f32", "f64"
	Dims   []string `json:"dims,omitempty"` // extents, over dimensions
	Out    bool     `json:"out,omitempty"`
	Packed bool     `json:"packed,omitempty"`
}

// Dim is a dimension and what code takes for granted of it.
type Dim struct {
	Name    string `json:"name"`
	Static  *int64 `json:"static,omitempty"`
	Divisor int64  `json:"divisor"`
}

// Instr is one step of the grid's stack program: push a number or a dimension, or combine the two on top. One value per
// axis is left, axis 0 lowest.
type Instr struct {
	Op  string `json:"op"` // "const", "dim", "add", "sub", "mul", "div" (floor), "ceil" (division), "mod"
	N   int64  `json:"n,omitempty"`
	Dim string `json:"dim,omitempty"`
}

// Code is a kernel compiled for one target.
type Code struct {
	Target     string            `json:"target"`               // "cpu", "sm_80", "sm_90a" …
	Symbol     string            `json:"symbol"`               // of the entry point
	Picked     map[string]string `json:"picked,omitempty"`     // tune values that were picked for it, beside the kernel's values
	File       string            `json:"file"`                 // PTX or C
	SHA256     string            `json:"sha256"`               // of the file
	Object     string            `json:"object,omitempty"`     // a shared object made of the C, if any
	System     string            `json:"system,omitempty"`     // where the object loads, such as "linux/amd64"
	Threads    int               `json:"threads"`              // of a block: (threads, 1, 1)
	Shared     int               `json:"shared"`               // bytes of dynamic shared memory
	Cluster    int               `json:"cluster,omitempty"`    // blocks of a cluster: the launch has so many times as many along the first axis of the grid
	Persistent bool              `json:"persistent,omitempty"` // each block takes one place of the grid after the other: launch no more blocks than the chip holds at a time
	Places     int64             `json:"places,omitempty"`     // most blocks of the grid in all; as many as a GPU counts when absent
	Dependent  bool              `json:"dependent,omitempty"`  // the code waits by itself for the kernel launched before: launch it with the attribute for programmatic dependent launch
	Align      int               `json:"align"`                // of tensors, in bytes
	Dims       []Dim             `json:"dims"`                 // what this code wants of them, which may be more than the kernel does
	Packs      map[string]Pack   `json:"packs,omitempty"`      // packed parameters; without an entry they are row-major
}

// Sum is the SHA-256 of a text in hexadecimal.
func Sum(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// Encode is the JSON text, the same for the same manifest.
func (m *Manifest) Encode() []byte {
	data, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		panic("bundle: " + err.Error()) // plain numbers and strings
	}
	return append(squeeze(data), '\n')
}

// squeeze puts lists that hold numbers only, nested or not, on one line.
func squeeze(data []byte) []byte {
	var out []byte
	for len(data) > 0 {
		i := bytes.IndexByte(data, '[')
		if i < 0 {
			break
		}
		n := 0
		if i+1 < len(data) && data[i+1] == '\n' { // else it is empty, or in a string
			n = numbers(data[i:])
		}
		if n == 0 {
			out, data = append(out, data[:i+1]...), data[i+1:]
			continue
		}
		out = append(out, data[:i]...)
		for _, c := range data[i : i+n] {
			switch c {
			case '\t', '\n':
			case ',':
				out = append(out, ", "...)
			default:
				out = append(out, c)
			}
		}
		data = data[i+n:]
	}
	return append(out, data...)
}

// numbers is the length of a list of numbers at the start of data, 0 if it is another list.
func numbers(data []byte) int {
	depth := 0
	for i, c := range data {
		switch {
		case c == '[':
			depth++
		case c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case !bytes.ContainsRune([]byte(" \t\n,-0123456789"), rune(c)):
			return 0
		}
	}
	return 0
}

// Decode reads a manifest of this version.
func Decode(data []byte) (*Manifest, error) {
	var v struct {
		ABI int `json:"abi"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	if v.ABI != Version {
		return nil, fmt.Errorf("%s has version %d of the calling convention, this girih has %d", Name, v.ABI, Version)
	}
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	return m, nil
}

// Kernel finds a kernel by name.
func (m *Manifest) Kernel(name string) *Kernel {
	for i := range m.Kernels {
		if m.Kernels[i].Name == name {
			return &m.Kernels[i]
		}
	}
	return nil
}

// Describe fills in what the tile IR says of a kernel.
func Describe(k *ir.Kernel) Kernel {
	m := Kernel{Name: k.Name, Dims: DimsOf(k)}
	for _, p := range k.Params {
		t := p.Value.Type
		q := Param{Name: p.Name, Kind: "scalar", DType: t.Elem.String(), Bits: t.Elem.Bits(), Pass: Pass(t), Out: p.Out, Packed: p.Packed}
		if t.Kind == ir.Tensor {
			q.Kind = "tensor"
			q.Dims = []string{}
			for _, e := range t.Dims {
				q.Dims = append(q.Dims, e.String())
			}
		}
		m.Params = append(m.Params, q)
	}
	for _, e := range k.Grid {
		m.Grid = append(m.Grid, e.String())
		m.Program = append(m.Program, program(e)...)
	}
	return m
}

// Pass is how a parameter of a type is passed.
func Pass(t ir.Type) string {
	if t.Kind == ir.Tensor {
		return "ptr"
	}
	e := t.Elem
	switch {
	case e.IsBool():
		return "bool"
	case e.IsFloat():
		switch e.String() {
		case "f16", "bf16", "f64":
			return e.String()
		}
		return "f32"
	}
	width := 32
	if e.Bits() > 32 {
		width = 64
	}
	if e.IsSigned() {
		return "i" + strconv.Itoa(width)
	}
	return "u" + strconv.Itoa(width)
}

// DimsOf are the dimensions with their facts.
func DimsOf(k *ir.Kernel) []Dim {
	dims := []Dim{}
	for _, d := range k.Dims {
		q := Dim{Name: d.Name, Divisor: max(d.Div, 1)}
		if n := d.Static; n >= 0 {
			q.Static = &n
		}
		dims = append(dims, q)
	}
	return dims
}

var opNames = map[ir.ExprOp]string{ir.EAdd: "add", ir.ESub: "sub", ir.EMul: "mul", ir.EDiv: "div", ir.ECeil: "ceil", ir.EMod: "mod"}

func program(e ir.Expr) []Instr {
	switch e.Op {
	case ir.EConst:
		return []Instr{{Op: "const", N: e.N}}
	case ir.EDim:
		return []Instr{{Op: "dim", Dim: e.Name}}
	}
	return append(slices.Concat(program(e.Args[0]), program(e.Args[1])), Instr{Op: opNames[e.Op]})
}
