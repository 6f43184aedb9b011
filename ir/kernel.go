package ir

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/layout"
)

// Span is a place in the source: byte offsets, end exclusive.
type Span struct{ Start, End int32 }

// Value is the result of an operation, the argument of a region, or a kernel parameter.
type Value struct {
	ID   int // number in the text form, given by Kernel.Renumber
	Type Type
	Name string // a hint from the source
	Def  *Op    // nil for parameters and region arguments

	Layout *layout.Layout // where a target keeps a tile's elements; nil before layout assignment
	Pin    Span           // of the annotation that gave the layout
}

// String is the value's name in the text form.
func (v *Value) String() string { return fmt.Sprintf("%%%d", v.ID) }

// Op is one operation.
type Op struct {
	Code    Code
	Args    []*Value
	Results []*Value
	Attrs   []Attr // sorted by name
	Regions []*Block
	Span    Span
}

// Result is the only result of an operation.
func (o *Op) Result() *Value { return o.Results[0] }

// Block is a region: arguments and operations. The last operation of an inner region is a yield.
type Block struct {
	Args []*Value
	Ops  []*Op
}

// Yield is the operation that ends the region, or nil.
func (b *Block) Yield() *Op {
	if n := len(b.Ops); n > 0 && b.Ops[n-1].Code == OpYield {
		return b.Ops[n-1]
	}
	return nil
}

// Attr is a named constant of an operation: int64, float64, string, bool or []int.
type Attr struct {
	Name  string
	Value any
}

// Set adds or replaces an attribute. An int becomes an int64.
func (o *Op) Set(name string, v any) *Op {
	if n, ok := v.(int); ok {
		v = int64(n)
	}
	i, found := slices.BinarySearchFunc(o.Attrs, name, func(a Attr, n string) int {
		switch {
		case a.Name < n:
			return -1
		case a.Name > n:
			return 1
		}
		return 0
	})
	if found {
		o.Attrs[i].Value = v
	} else {
		o.Attrs = slices.Insert(o.Attrs, i, Attr{name, v})
	}
	return o
}

// Attr looks an attribute up; nil when absent.
func (o *Op) Attr(name string) any {
	for _, a := range o.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// Int is an integer attribute, or 0.
func (o *Op) Int(name string) int { n, _ := o.Attr(name).(int64); return int(n) }

// Str is a string attribute, or "".
func (o *Op) Str(name string) string { s, _ := o.Attr(name).(string); return s }

// Ints is a list attribute, or nil.
func (o *Op) Ints(name string) []int { s, _ := o.Attr(name).([]int); return s }

// Flag is a boolean attribute, or false.
func (o *Op) Flag(name string) bool { b, _ := o.Attr(name).(bool); return b }

// Param is a parameter of a kernel: a tensor or a scalar.
type Param struct {
	Name   string
	Value  *Value
	Out    bool // a result tensor
	Packed bool // its storage order is derived from the layout that its consumer wants
	Pack   *Pack
	Span   Span
}

// Pack is the storage order of a packed tensor of rank 2, derived by a target's passes and part of its manifest. The
// tensor is cut into tiles of Tile extents (row-major order of tiles, edges filled with zero codes). Within a tile,
// thread t holds Words 32-bit words, which lie as Chunks says. Order lists, for
// every thread, the logical elements of a tile (row*Tile[1]+column) in the order of the fields of Plan.
type Pack struct {
	Layout  string // of a tile, in the form that layout.Parse reads
	Tile    [2]int
	Threads int
	Words   int // words per thread and tile
	Vec     int // most words of an access: 1, 2 or 4
	Fields  int // elements per thread and tile
	Order   [][]int32
	Plan    *Plan
}

// Plan says where each field of a thread's words lies. It is chosen for what the elements are widened to, so that no
// shuffle is left (ir/widen).
type Plan struct {
	Bits   int
	Goal   string // the type they are widened to, as ir/widen writes it; empty when there is none
	Fields []Field
}

// Field is one element: pieces of bits, least significant first.
type Field struct{ Pieces []Piece }

// Piece is Len bits at bit Bit of word Word.
type Piece struct{ Word, Bit, Len int }

// DimFact is a named dimension with what is known of it.
type DimFact struct {
	Name   string
	Static int64 // the value when bound at compile time, else -1
	Div    int64 // a known divisor, at least 1; checked at launch
}

// Kernel is the work of one block and how many blocks there are.
type Kernel struct {
	Name   string
	Params []*Param
	Dims   []DimFact
	Grid   []Expr // one to three extents: axis 0 varies fastest
	Warps  int    // warps of 32 threads of a block on a GPU; 0 leaves it to the target
	// Cluster is the number of blocks that work on one place of the grid together (a cluster of thread blocks along axis 0); 0 is 1.
	// The launch has so many times as many blocks along axis 0.
	Cluster int
	// Band is how many tiles along axis 1 blocks cover together before they go on along axis 0 (the word order(swizzle(n))), so that blocks
	// that run at a time share more of what they read; 0 leaves the order of the grid. Executors but GPUs have no use for it.
	Band int
	// Persistent is a kernel of which a launch on a GPU has only as many blocks as fit on the chip at a time, each of which takes one place
	// of the grid after the other.
	Persistent bool
	// After lists the inputs that a kernel launched before in the same stream may write: the kernel may start while that one runs
	// (programmatic dependent launch), and waits for it before it reads them or stores. After the passes it is empty where the
	// target cannot do that; code that has it is launched with the attribute.
	After  []string
	Body   *Block
	Source string // path of the file, for messages
}

// Dim looks a dimension's facts up.
func (k *Kernel) Dim(name string) *DimFact {
	for i := range k.Dims {
		if k.Dims[i].Name == name {
			return &k.Dims[i]
		}
	}
	return nil
}

// Param looks a parameter up by name.
func (k *Kernel) Param(name string) *Param {
	for _, p := range k.Params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// ParamOf finds the parameter of a tensor value, or nil.
func (k *Kernel) ParamOf(v *Value) *Param {
	for _, p := range k.Params {
		if p.Value == v {
			return p
		}
	}
	return nil
}

// Walk visits every operation, outer before inner, in order. It stops early when f returns false.
func (b *Block) Walk(f func(*Op) bool) bool {
	for _, o := range b.Ops {
		if !f(o) {
			return false
		}
		for _, r := range o.Regions {
			if !r.Walk(f) {
				return false
			}
		}
	}
	return true
}

// Renumber gives every value its number in textual order.
func (k *Kernel) Renumber() {
	n := 0
	id := func(v *Value) { v.ID = n; n++ }
	for _, p := range k.Params {
		id(p.Value)
	}
	var block func(*Block)
	block = func(b *Block) {
		for _, a := range b.Args {
			id(a)
		}
		for _, o := range b.Ops {
			for _, r := range o.Results {
				id(r)
			}
			for _, r := range o.Regions {
				block(r)
			}
		}
	}
	block(k.Body)
}

// Clone is a deep copy; the copy shares only immutable data.
func (k *Kernel) Clone() *Kernel {
	c := *k
	c.Dims = slices.Clone(k.Dims)
	c.Params = nil
	m := map[*Value]*Value{}
	for _, p := range k.Params {
		q := *p
		v := *p.Value
		q.Value = &v
		m[p.Value] = &v
		c.Params = append(c.Params, &q)
	}
	c.Body = CloneBlock(k.Body, m)
	return &c
}

// CloneBlock copies a region; m maps values from the original to the copy and is extended. Values not in m stay shared.
func CloneBlock(b *Block, m map[*Value]*Value) *Block {
	fresh := func(v *Value, def *Op) *Value {
		w := *v
		w.Def = def
		m[v] = &w
		return &w
	}
	c := &Block{}
	for _, a := range b.Args {
		c.Args = append(c.Args, fresh(a, nil))
	}
	for _, o := range b.Ops {
		c.Ops = append(c.Ops, cloneOp(o, m, fresh))
	}
	return c
}

// CloneOp copies one operation with its regions.
func CloneOp(o *Op, m map[*Value]*Value) *Op {
	return cloneOp(o, m, func(v *Value, def *Op) *Value {
		w := *v
		w.Def = def
		m[v] = &w
		return &w
	})
}

func cloneOp(o *Op, m map[*Value]*Value, fresh func(*Value, *Op) *Value) *Op {
	p := &Op{Code: o.Code, Attrs: slices.Clone(o.Attrs), Span: o.Span}
	for _, a := range o.Args {
		if n, ok := m[a]; ok {
			a = n
		}
		p.Args = append(p.Args, a)
	}
	for _, r := range o.Results {
		p.Results = append(p.Results, fresh(r, p))
	}
	for _, r := range o.Regions {
		p.Regions = append(p.Regions, CloneBlock(r, m))
	}
	return p
}

// Chunk is a part of a tile: Words words of every thread, from number Word on, of which piece i, Vec words, of thread t lies at word
// (i*Threads + t)*Vec of the part. The parts lie one after the other.
type Chunk struct{ Word, Words, Vec int }

// Chunks are the parts of a tile: as many words as there are whole pieces of Vec, then what is left in pieces of half as many.
func (p *Pack) Chunks() (cs []Chunk) {
	for at := 0; at < p.Words; {
		c := p.chunk(at)
		cs = append(cs, c)
		at += c.Words
	}
	return cs
}

// chunk is the part that a word is in.
func (p *Pack) chunk(word int) Chunk {
	c := Chunk{0, p.Words / p.Vec * p.Vec, p.Vec}
	for word >= c.Word+c.Words {
		c.Word += c.Words
		c.Vec /= 2
		c.Words = (p.Words - c.Word) / c.Vec * c.Vec
	}
	return c
}

// Offset is the byte offset of a word of a thread in a tile.
func (p *Pack) Offset(tile, thread, word int) int {
	c := p.chunk(word)
	w := word - c.Word
	return 4 * (tile*p.Threads*p.Words + c.Word*p.Threads + (w/c.Vec*p.Threads+thread)*c.Vec + w%c.Vec)
}
