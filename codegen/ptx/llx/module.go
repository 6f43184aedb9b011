package llx

import (
	"fmt"
	"strings"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/metadata"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
)

// Triple is the target that every module names.
const Triple = "nvptx64-nvidia-cuda"

// DataLayout is LLVM 22's data layout of [Triple]. It stands in the text because LLVM takes the alignment of accesses that
// state none from it while it parses.
const DataLayout = "e-p6:32:32-i64:64-i128:128-i256:256-v16:16-v32:32-n16:32:64"

// Module is an LLVM module for NVPTX under construction. It is not safe for concurrent use.
type Module struct {
	*ir.Module
	structs map[string]*types.StructType
	decls   map[string]*ir.Func
}

// NewModule is an empty module; source is the name that debuggers and dumps show.
func NewModule(source string) *Module {
	m := &Module{ir.NewModule(), map[string]*types.StructType{}, map[string]*ir.Func{}}
	m.SourceFilename, m.TargetTriple, m.DataLayout = source, Triple, DataLayout
	return m
}

// Struct is the named struct type of these fields, declared once: %s.f32x4 for four floats.
func (m *Module) Struct(fields ...types.Type) *types.StructType {
	var b strings.Builder
	b.WriteString("s")
	for i := 0; i < len(fields); {
		j := i + 1
		for j < len(fields) && fields[j].Equal(fields[i]) {
			j++
		}
		b.WriteString("." + mangle(fields[i]))
		if j-i > 1 {
			fmt.Fprintf(&b, "x%d", j-i)
		}
		i = j
	}
	name := b.String()
	if s := m.structs[name]; s != nil {
		return s
	}
	s := types.NewStruct(fields...)
	m.NewTypeDef(name, s)
	m.structs[name] = s
	return s
}

// Declare is the declaration of an external function or intrinsic, made once per name. A second call with another signature is
// a programming error and panics.
func (m *Module) Declare(name string, ret types.Type, params ...types.Type) *ir.Func {
	if f := m.decls[name]; f != nil {
		if !f.Sig.Equal(types.NewFunc(ret, params...)) {
			panic(fmt.Sprintf("llx: %s declared twice, as %s and as %s", name, f.Sig, types.NewFunc(ret, params...)))
		}
		return f
	}
	ps := make([]*ir.Param, len(params))
	for i, t := range params {
		ps[i] = ir.NewParam("", t)
	}
	f := m.NewFunc(name, ret, ps...)
	m.decls[name] = f
	return f
}

// Kernel defines an entry point with fixed block size: threads is what PTX calls .maxntid, minBlocks (0: unsaid) is
// .minnctapersm.
func (m *Module) Kernel(name string, threads, minBlocks int, params ...*ir.Param) *ir.Func {
	f := m.NewFunc(name, types.Void, params...)
	f.CallingConv = enum.CallingConvPTXKernel
	f.FuncAttrs = append(f.FuncAttrs, enum.FuncAttrNoUnwind, ir.AttrPair{Key: "nvvm.maxntid", Value: fmt.Sprintf("%d,1,1", threads)})
	if minBlocks > 0 {
		f.FuncAttrs = append(f.FuncAttrs, ir.AttrPair{Key: "nvvm.minctasm", Value: fmt.Sprint(minBlocks)})
	}
	return f
}

// Param is a function parameter with attributes in LLVM's spelling ("noalias", "align 16", "readonly").
func Param(name string, t types.Type, attrs ...string) *ir.Param {
	p := ir.NewParam(name, t)
	for _, a := range attrs {
		p.Attrs = append(p.Attrs, Attr(a))
	}
	return p
}

// SharedVar defines a shared-memory variable of the given bytes and alignment and gives its address. With bytes 0 it is
// declared extern: its size is given at launch (dynamic shared memory).
func (m *Module) SharedVar(name string, bytes, align int) value.Value {
	elem := types.NewArray(uint64(bytes), types.I8)
	g := m.NewGlobal(name, elem)
	g.AddrSpace, g.Typ = types.AddrSpace(SharedSpace), nil
	g.Align = ir.Align(align)
	if bytes == 0 {
		g.Linkage = enum.LinkageExternal
	} else {
		g.Linkage, g.Init = enum.LinkageInternal, NewLit(elem, "undef")
	}
	return Ref(g, Shared)
}

// ConstVar defines a read-only array in constant memory with the given initial bytes and gives its address.
func (m *Module) ConstVar(name string, data []byte, align int) value.Value {
	var b strings.Builder
	b.WriteString(`c"`)
	for _, c := range data {
		fmt.Fprintf(&b, "\\%02X", c)
	}
	b.WriteString(`"`)
	g := m.NewGlobalDef(name, NewLit(types.NewArray(uint64(len(data)), types.I8), b.String()))
	g.AddrSpace, g.Typ = types.AddrSpace(ConstSpace), nil
	g.Immutable, g.Linkage, g.Align = true, enum.LinkageInternal, ir.Align(align)
	return Ref(g, Const)
}

// LoopHint makes the metadata of a loop, to be attached to its latch's branch: LoopHint("llvm.loop.unroll.disable").
func (m *Module) LoopHint(hints ...string) *metadata.Attachment {
	// MetadataID -1 asks llir for the next number; zero would claim !0 for every tuple.
	loop := &metadata.Tuple{MetadataID: -1, Distinct: true}
	loop.Fields = append(loop.Fields, loop) // a loop's identity is a reference to itself
	m.MetadataDefs = append(m.MetadataDefs, loop)
	for _, h := range hints {
		t := &metadata.Tuple{MetadataID: -1, Fields: []metadata.Field{&metadata.String{Value: h}}}
		m.MetadataDefs = append(m.MetadataDefs, t)
		loop.Fields = append(loop.Fields, t)
	}
	return &metadata.Attachment{Name: "llvm.loop", Node: loop}
}

// Text is the module as LLVM reads it.
func (m *Module) Text() []byte { return []byte(m.Module.String()) }
