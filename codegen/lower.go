// Package codegen lowers tile IR with layouts to thread IR: what one thread does with its share of every tile.
//
// The same lowering serves all targets. A tile becomes a local array with one element for each local index of its
// layout, or, where it has a single user, an expression that the user evaluates for the indices it needs. On a CPU a
// block has one thread and layouts are row-major, so an expression becomes one loop nest that the C compiler vectorises;
// on a GPU the loops over local indices are unrolled by the printer.
//
// This package knows nothing of PTX or C text.
package codegen

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/passes"
)

// node shortens signatures.
type node = *thread.Node

// Lower translates a kernel after the passes for its target. Parameters follow the calling convention: the kernel's
// parameters in order (tensors as pointers, scalars by value), then every dimension that is not static, as I64.
func Lower(k *ir.Kernel, t passes.Target) (f *thread.Func, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*passes.Error)
			if !ok {
				panic(r)
			}
			f, err = nil, e
		}
	}()
	threads := 1
	if t.GPU {
		threads = 32 * k.Warps
	}
	f, b := thread.NewFunc(k.Name, threads)
	f.Cluster = k.Cluster
	lo := &lowerer{k: k, t: t, f: f, b: b, head: &thread.Block{}, facts: passes.NewFacts(k), scalars: map[*ir.Value]node{}, tiles: map[*ir.Value]*tile{},
		buffers: map[*ir.Value]*buffer{}, exprs: map[string]node{}, strides: map[string]node{}, args: map[*ir.Value]node{}, coords: map[string]node{},
		users: map[*ir.Value][]*ir.Op{}, home: map[*ir.Op]*ir.Block{},
		owner: map[*ir.Block]*ir.Op{}, loopArg: map[*ir.Value]loopArg{}, rounded: map[node]node{}, stale: map[*tile]node{}}
	lo.entry = lo.head
	lo.params()
	lo.index(k.Body)
	k.Body.Walk(func(o *ir.Op) bool { // temporaries go behind every buffer, also of loops that come later
		if o.Code == ir.OpAllocShared {
			lo.shared = max(lo.shared, o.Int("offset")+passes.BufferBytes(k, o))
		}
		return true
	})
	lo.rings, lo.last = lo.shared, lastUses(k)
	lo.grid(func() {
		lo.block(k.Body)
		if lo.summed { // what other blocks read of this one's shared memory stays until they have
			lo.b.Effect(thread.ClusterBarrier, 0)
		}
	})
	f.Body.Nodes = append(lo.head.Nodes, f.Body.Nodes...)
	if t.GPU {
		for _, v := range f.Vars { // a thread has 255 registers of four bytes; far beyond, compilers take minutes to find that out
			if words := v.Len * v.Elem.Size() / 4; words > 512 {
				return nil, &passes.Error{Code: "G0504", Span: lo.span(k), Text: fmt.Sprintf("a tile of kernel %s takes %d registers of each of %d threads; there are 255", k.Name, words, threads),
					Help: "use smaller tiles, or more warps(n)"}
			}
		}
	}
	if t.GPU {
		f.Blocks = lo.residents()
	}
	lo.placeScratch()
	f.Shared = lo.shared
	if f.Shared > t.MaxShared && t.GPU {
		return nil, &passes.Error{Code: "G0503", Span: lo.at.Span, Text: fmt.Sprintf("kernel %s needs %d bytes of shared memory, a block on %s has %d", k.Name, f.Shared, t.Name, t.MaxShared),
			Help: "use smaller tiles or fewer stages"}
	}
	return f, nil
}

type lowerer struct {
	k     *ir.Kernel
	t     passes.Target
	f     *thread.Func
	b     *thread.Builder
	head  *thread.Block // extents and strides, which every path finds there
	entry *thread.Block // coordinates of tiles: head, or the block of the innermost anew
	facts *passes.Facts
	at    *ir.Op // the operation being lowered

	// The place on the grid, along each axis, and the one that the block takes next; how many it has taken, and takes after this one.
	program, programAhead [3]func() node
	turn, turnsLeft       func() node

	scalars map[*ir.Value]node
	tiles   map[*ir.Value]*tile
	buffers map[*ir.Value]*buffer
	args    map[*ir.Value]node
	exprs   map[string]node
	strides map[string]node
	coords  map[string]node
	users   map[*ir.Value][]*ir.Op
	home    map[*ir.Op]*ir.Block
	last    map[*ir.Op]int // operation at the top -> shared buffers that it is the last to use
	owner   map[*ir.Block]*ir.Op
	loopArg map[*ir.Value]loopArg
	stale   map[*tile]node // to be loaded again at the next use, with the zero for tile.again
	rounded map[node]node  // value of a small float type -> its code

	shared, scratch int    // bytes of buffers, and of the scratch space
	rings           int    // bytes of buffers alone
	inUse           int    // buffers that what has not been lowered yet still uses
	beside          bool   // the scratch space is used while buffers are
	inScratch       []node // addresses that count from the scratch space
	exchange        int    // bytes of the space that other blocks of the cluster read
	inExchange      []node // addresses that count from it
	summed          bool   // a sum over the cluster is behind: its blocks share what is stored
	holds           bool   // constants stay in registers
	looked          int    // the most elements of a thread that are looked up in them
	looping         int    // loops around the current operation
}

// span is the place of the largest tile of a kernel.
func (lo *lowerer) span(k *ir.Kernel) ir.Span {
	var at ir.Span
	most := 0
	k.Body.Walk(func(o *ir.Op) bool {
		for _, r := range o.Results {
			if n := r.Type.Size(); r.Type.Kind == ir.Tile && n > most && o.Code != ir.OpConst {
				most, at = n, o.Span
			}
		}
		return true
	})
	return at
}

// fail ends the lowering with an error at the current operation.
func (lo *lowerer) fail(code, help, format string, args ...any) {
	panic(&passes.Error{Code: code, Span: lo.at.Span, Text: fmt.Sprintf(format, args...), Help: help})
}

// once evaluates f in the entry block of what is being lowered. The result is good until the innermost anew ends.
func (lo *lowerer) once(key string, f func() node) node { return lo.in(lo.entry, lo.coords, key, f) }

func (lo *lowerer) in(entry *thread.Block, cache map[string]node, key string, f func() node) node {
	if n, ok := cache[key]; ok {
		return n
	}
	var n node
	lo.b.In(entry, func() { n = f() })
	cache[key] = n
	return n
}

func (lo *lowerer) params() {
	for i, p := range lo.k.Params {
		e := thread.Ptr
		if p.Value.Type.Kind == ir.Tile {
			e = register(p.Value.Type.Elem)
		}
		lo.f.Params = append(lo.f.Params, thread.Param{Name: p.Name, Elem: e, Out: p.Out, Awaited: slices.Contains(lo.k.After, p.Name)})
		var n node
		lo.b.In(lo.entry, func() {
			n = lo.b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(e), Imm: int64(i)})
		})
		if e == thread.Ptr {
			lo.args[p.Value] = n
		} else {
			lo.scalars[p.Value] = n
		}
	}
	for _, d := range lo.k.Dims {
		if d.Static >= 0 {
			continue
		}
		i := len(lo.f.Params)
		lo.f.Params = append(lo.f.Params, thread.Param{Name: d.Name, Elem: thread.I64})
		lo.in(lo.head, lo.exprs, d.Name, func() node {
			return lo.b.Conv(lo.b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.I64), Imm: int64(i)}), thread.I32, false)
		})
	}
}

// expr is an extent as I32, evaluated once on entry.
func (lo *lowerer) expr(e ir.Expr) node {
	if e.Op == ir.EConst {
		return lo.b.I32(int(e.N))
	}
	if e.Op == ir.EDim {
		if d := lo.k.Dim(e.Name); d != nil && d.Static >= 0 {
			return lo.b.I32(int(d.Static))
		}
	}
	return lo.in(lo.head, lo.exprs, e.String(), func() node {
		x, y := lo.expr(e.Args[0]), lo.expr(e.Args[1])
		switch e.Op {
		case ir.EAdd:
			return lo.b.Bin(thread.Add, x, y)
		case ir.ESub:
			return lo.b.Bin(thread.Sub, x, y)
		case ir.EMul:
			return lo.b.Bin(thread.Mul, x, y)
		case ir.EDiv:
			return lo.b.Bin(thread.Div, x, y)
		case ir.EMod:
			return lo.b.Bin(thread.Rem, x, y)
		default: // ceiling division of extents, which are not negative
			return lo.b.Bin(thread.Div, lo.b.Bin(thread.Add, x, lo.b.Bin(thread.Sub, y, lo.b.I32(1))), y)
		}
	})
}

// stride is the distance in elements between neighbours along dimension d of a tensor, as I64.
func (lo *lowerer) stride(t ir.Type, d int) node {
	key := ""
	for _, e := range t.Dims[d+1:] {
		key += e.String() + ";"
	}
	return lo.in(lo.head, lo.strides, key, func() node {
		n := lo.b.Int(thread.I64, 1)
		for _, e := range t.Dims[d+1:] {
			n = lo.b.Bin(thread.Mul, n, lo.b.Conv(lo.expr(e), thread.I64, false))
		}
		return n
	})
}

// lastUses counts, for each operation at the top of a kernel, the shared buffers that nothing after it uses.
func lastUses(k *ir.Kernel) map[*ir.Op]int {
	at := map[*ir.Value]*ir.Op{}
	for _, top := range k.Body.Ops {
		one := &ir.Block{Ops: []*ir.Op{top}}
		one.Walk(func(o *ir.Op) bool {
			for _, v := range append(o.Args[:len(o.Args):len(o.Args)], o.Results...) {
				if v.Type.Kind == ir.Shared {
					at[v] = top
				}
			}
			return true
		})
	}
	n := map[*ir.Op]int{}
	for _, o := range at {
		n[o]++
	}
	return n
}

// index finds the users of every value and the block of every operation.
func (lo *lowerer) index(b *ir.Block) {
	for _, o := range b.Ops {
		lo.home[o] = b
		for _, a := range o.Args {
			lo.users[a] = append(lo.users[a], o)
		}
		for _, r := range o.Regions {
			lo.owner[r] = o
			lo.index(r)
		}
		if o.Code == ir.OpFor {
			for i, a := range o.Regions[0].Args[1:] {
				lo.loopArg[a] = loopArg{o, i}
			}
		}
	}
}

// register is the kind that holds an element of type t.
func register(t dtype.Type) thread.Elem {
	switch {
	case t.IsBool():
		return thread.Bool
	case t.IsInt() && t.Bits() <= 32:
		return thread.I32
	case t.IsInt():
		return thread.I64
	case t == dtype.F16:
		return thread.F16
	case t == dtype.BF16:
		return thread.BF16
	case t == dtype.F64:
		return thread.F64
	}
	return thread.F32
}

// memory is the kind of an element in memory and whether elements of t have a whole number of bytes of their own.
func memory(t dtype.Type) (thread.Elem, bool) {
	switch t {
	case dtype.F16:
		return thread.F16, true
	case dtype.BF16:
		return thread.BF16, true
	case dtype.F32:
		return thread.F32, true
	case dtype.F64:
		return thread.F64, true
	}
	switch t.Bits() {
	case 8:
		return thread.I8, true
	case 16:
		return thread.I16, true
	case 32:
		return thread.I32, true
	case 64:
		return thread.I64, true
	}
	return thread.Void, false
}
