package llx_test

import (
	"math"
	"testing"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
	"github.com/girih-lang/girih/internal/need"
	"github.com/girih-lang/girih/ir/dtype"
)

// sample uses every feature of the package at least once.
func sample() *llx.Module {
	m := llx.NewModule("sample.girih")
	x := llx.Param("x", llx.Global, "noalias", "readonly", "align 16")
	y := llx.Param("y", llx.Global, "noalias", "align 16")
	desc := llx.Param("desc", llx.Ptr, "byval([128 x i8])", "align 64", `"nvvm.grid_constant"`)
	f := m.Kernel("sample", 128, 2, x, y, desc)
	f.FuncAttrs = append(f.FuncAttrs, llx.Attr("memory(readwrite)"))
	smem, dyn := m.SharedVar("smem", 1024, 128), m.SharedVar("dyn", 0, 16)
	table := m.ConstVar("table", []byte{0, 1, 127, 255, '"', '\\'}, 4)
	half8, bf2 := llx.Vec(8, llx.Half), llx.Vec(2, llx.BFloat)

	b := f.NewBlock("entry")
	tid := llx.Append(b, llx.Call(m.Declare("llvm.nvvm.read.ptx.sreg.tid.x", types.I32)))
	off := b.NewZExt(tid, types.I64)
	v := llx.Append(b, llx.Load(half8, llx.Append(b, llx.GEP("inbounds nuw", types.I8, x, off)), 16))
	fma := m.Declare(llx.Intrinsic("llvm.fma", half8), half8, half8, half8, half8)
	v2 := llx.Append(b, llx.Call(fma, v, llx.FloatConst(half8, 0.3), llx.Zero(half8)))
	llx.Append(b, llx.Store(v2, llx.Append(b, llx.GEP("", types.I8, smem, tid)), 16))
	llx.Append(b, llx.Store(v2, dyn, 16))
	byteOf := llx.Append(b, llx.Load(types.I8, table, 1))
	generic := llx.Append(b, llx.AddrSpaceCast(smem, llx.Ptr))
	null := llx.Append(b, llx.ICmp(enum.IPredEQ, generic, llx.Zero(llx.Ptr)))
	bits := b.NewBitCast(b.NewExtractElement(v, llx.I32(0)), types.I16)
	bf := b.NewBitCast(bits, llx.BFloat)
	bv := b.NewInsertElement(llx.Poison(bf2), bf, llx.I32(0))
	bv2 := b.NewFMul(b.NewInsertElement(bv, llx.FloatConst(llx.BFloat, 1.5), llx.I32(1)), llx.FloatConst(bf2, -2))
	less := llx.Append(b, llx.FCmp(enum.FPredOLT, bf, llx.FloatConst(llx.BFloat, math.Inf(1))))
	word := b.NewBitCast(bv2, types.I32)
	nneg := llx.Append(b, llx.Raw(types.I64, "zext nneg ", word, " to i64"))
	loop, done := f.NewBlock("loop"), f.NewBlock("done")
	b.NewBr(loop)

	i, acc := llx.Phi(types.I32), make([]*ir.InstPhi, 4)
	llx.Append(loop, i)
	llx.AddIncoming(i, llx.I32(0), b)
	tied := make([]value.Value, 4)
	for k := range acc {
		acc[k] = llx.Append(loop, llx.Phi(llx.Float))
		llx.AddIncoming(acc[k], llx.FloatConst(llx.Float, 0.1), b)
		tied[k] = acc[k]
	}
	mma := &llx.Asm{
		Text: "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {$0,$1,$2,$3}, {$8,$9}, {$10}, {$4,$5,$6,$7};",
		Outs: []types.Type{llx.Float, llx.Float, llx.Float, llx.Float}, Tied: tied,
		Ins: []value.Value{word, word, word}, Convergent: true, Pure: true,
	}
	for k, o := range mma.Emit(m, loop) {
		llx.AddIncoming(acc[k], o, loop)
	}
	cp := &llx.Asm{Text: "cp.async.cg.shared.global [$0], [$1], $2;", Ins: []value.Value{smem, x, llx.Imm(types.I32, 16)}, Memory: true}
	cp.Emit(m, loop)
	one := &llx.Asm{Text: "lop3.b32 $0, $1, $2, $2, 0xEA;", Outs: []types.Type{types.I32}, Ins: []value.Value{word, tid}, Pure: true}
	w := one.Emit(m, loop)[0]
	next := loop.NewAdd(i, w)
	llx.AddIncoming(i, next, loop)
	br := loop.NewCondBr(llx.Append(loop, llx.ICmp(enum.IPredSLT, next, llx.I32(64))), loop, done)
	br.Metadata = append(br.Metadata, m.LoopHint("llvm.loop.unroll.disable"))

	sum := done.NewSelect(null, tied[0], tied[1])
	llx.Append(done, llx.AtomicRMW("fadd", y, sum, "agent", "monotonic", 4))
	swap := llx.Append(done, llx.CmpXchg(y, nneg, llx.I64(7), "", "acq_rel", "acquire", 8))
	done.NewExtractValue(swap, 1)
	llx.Append(done, llx.Store(done.NewSelect(less, byteOf, llx.Zero(types.I8)), y, 1))
	llx.Append(done, llx.Store(llx.Append(done, llx.Load(types.I64, desc, 8)), y, 8))
	done.NewRet(nil)
	return m
}

func TestSampleText(t *testing.T) {
	text := string(sample().Text())
	for _, want := range []string{
		`target triple = "nvptx64-nvidia-cuda"`,
		"%s.f32x4 = type { float, float, float, float }",
		`@smem = internal addrspace(3) global [1024 x i8] undef, align 128`,
		`@dyn = external addrspace(3) global [0 x i8], align 16`,
		`@table = internal addrspace(4) constant [6 x i8] c"\00\01\7F\FF\22\5C", align 4`,
		`define ptx_kernel void @sample(ptr addrspace(1) noalias readonly align 16 %x, ptr addrspace(1) noalias align 16 %y, ptr byval([128 x i8]) align 64 "nvvm.grid_constant" %desc) nounwind "nvvm.maxntid"="128,1,1" "nvvm.minctasm"="2" memory(readwrite)`,
		"getelementptr inbounds nuw i8, ptr addrspace(1) %x, i64 ",
		"half 0xH34CD", "bfloat 0xR3FC0", "phi float [ 0x3FB99999A0000000,",
		"zext nneg i32 ",
		`"=f,=f,=f,=f,0,1,2,3,r,r,r"(`,
		`"l,l,n,~{memory}"(ptr addrspace(3) @smem, ptr addrspace(1) %x, i32 16)`,
		"extractvalue %s.f32x4 ", "nounwind convergent memory(none)",
		`syncscope("agent") monotonic, align 4`,
		"= distinct !{!", "llvm.loop.unroll.disable",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "*", "no typed pointer")
	assert.Equal(t, text, string(sample().Text()), "the same module prints the same text")
}

func TestSampleCompiles(t *testing.T) {
	d, err := llvm.Find()
	need.Tool(t, "llvm", err)
	ll, err := d.Compile(t.Context(), sample().Text(), llvm.Options{CPU: "sm_90a", Passes: llvm.NoPasses, Emit: llvm.LL})
	require.NoError(t, err)
	assert.Contains(t, string(ll.Text), `target datalayout = "`+llx.DataLayout+`"`, "LLVM's own layout of the triple")
	ptx, err := d.Compile(t.Context(), sample().Text(), llvm.Options{CPU: "sm_90a", Features: "+ptx80"})
	require.NoError(t, err)
	for _, want := range []string{".maxntid 128", ".minnctapersm 2", ".param .align 64 .b8 sample_param_2[128]", "mma.sync", "0f3DCCCCCD"} {
		assert.Contains(t, string(ptx.Text), want)
	}
	a, err := ptxas.Find()
	need.Tool(t, "ptxas", err)
	_, rep, err := a.Assemble(t.Context(), ptx.Text, "sm_90a")
	require.NoError(t, err, string(ptx.Text))
	assert.False(t, rep.Spills())
}

// nearest rounds by trying every finite value of the format: the nearest, ties to the even code, and infinity from
// half a step beyond the greatest.
func nearest(x float64, e, m int) uint64 {
	bias := 1<<(e-1) - 1
	val := func(c int) float64 { // the value of a code, continued past the greatest as if the exponent had room
		f, s := c&(1<<m-1), c>>m
		if s == 0 {
			return math.Ldexp(float64(f), 1-bias-m)
		}
		return math.Ldexp(float64(f|1<<m), s-bias-m)
	}
	inf := (1<<e - 1) << m
	best := 0
	for c := range inf + 1 {
		db, dc := math.Abs(val(best)-math.Abs(x)), math.Abs(val(c)-math.Abs(x))
		if dc < db || dc == db && c&1 == 0 {
			best = c
		}
	}
	return uint64(best) | math.Float64bits(x)>>63<<(e+m)
}

func TestConstRoundingAgainstSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Ldexp(rapid.Float64Range(-2, 2).Draw(t, "m"), rapid.IntRange(-30, 18).Draw(t, "e"))
		if math.Abs(x) < 1e5 {
			assert.Equal(t, llx.HalfBits(uint16(nearest(x, 5, 10))).Ident(), llx.FloatConst(llx.Half, x).Ident(), "%g", x)
		}
		assert.Equal(t, llx.BFloatBits(uint16(nearest(x, 8, 7))).Ident(), llx.FloatConst(llx.BFloat, x).Ident(), "%g", x)
	})
}

func TestConstEveryHalf(t *testing.T) {
	for c := range 1 << 15 { // every code and every midpoint, from its exact value
		lo, hi := halfValue(c), halfValue(c+1)
		if c>>10 == 31 {
			continue
		}
		assert.Equal(t, llx.HalfBits(uint16(c)).Ident(), llx.FloatConst(llx.Half, lo).Ident())
		assert.Equal(t, llx.HalfBits(uint16(c+c&1)).Ident(), llx.FloatConst(llx.Half, (lo+hi)/2).Ident())
	}
}

func halfValue(c int) float64 {
	if c>>10 == 0 {
		return math.Ldexp(float64(c), -24)
	}
	return math.Ldexp(float64(c&1023|1024), c>>10-25)
}

func TestConstFloatAgainstGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "x")
		assert.Equal(t, llx.FloatBits(math.Float32bits(float32(x))).Ident(), llx.FloatConst(llx.Float, x).Ident())
	})
}

func TestConstAgainstDtype(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if rapid.Bool().Draw(t, "near") {
			x = math.Ldexp(math.Remainder(x, 2), rapid.IntRange(-150, 130).Draw(t, "e"))
		}
		if math.IsNaN(x) {
			return
		}
		assert.Equal(t, llx.HalfBits(uint16(dtype.F16.FromFloat(x, dtype.Mode{}))).Ident(), llx.FloatConst(llx.Half, x).Ident(), "%g", x)
		assert.Equal(t, llx.BFloatBits(uint16(dtype.BF16.FromFloat(x, dtype.Mode{}))).Ident(), llx.FloatConst(llx.BFloat, x).Ident(), "%g", x)
		assert.Equal(t, llx.FloatBits(uint32(dtype.F32.FromFloat(x, dtype.Mode{}))).Ident(), llx.FloatConst(llx.Float, x).Ident(), "%g", x)
	})
}

func TestConstSpecials(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{llx.FloatConst(llx.Float, 0.1).Ident(), "0x3FB99999A0000000"}, // llir alone prints 0x3FB9999980000000
		{llx.FloatConst(llx.Float, math.Inf(-1)).Ident(), "0xFFF0000000000000"},
		{llx.FloatConst(llx.Float, math.Copysign(0, -1)).Ident(), "0x8000000000000000"},
		{llx.FloatConst(llx.Half, 65520).Ident(), "0xH7C00"},
		{llx.FloatConst(llx.Half, 65519).Ident(), "0xH7BFF"},
		{llx.FloatConst(llx.Half, math.NaN()).Ident(), "0xH7E00"},
		{llx.FloatConst(llx.BFloat, 1e300).Ident(), "0xR7F80"},
		{llx.FloatConst(llx.Double, 5e-324).Ident(), "0x0000000000000001"},
		{llx.FloatBits(0x7F800001).Ident(), "0x7FF0000020000000"}, // a signalling NaN keeps its payload
		{llx.FloatBits(1).Ident(), "0x36A0000000000000"},
		{llx.Int(types.I32, 0xFFFFFFFF).Ident(), "-1"},
		{llx.Int(types.I8, 200).Ident(), "-56"},
		{llx.Int(types.I1, 3).String(), "i1 true"},
		{llx.Int(llx.Vec(2, types.I16), 5).String(), "<2 x i16> <i16 5, i16 5>"},
		{llx.Zero(llx.Shared).String(), "ptr addrspace(3) null"},
		{llx.Zero(llx.Vec(2, llx.BFloat)).String(), "<2 x bfloat> zeroinitializer"},
	} {
		assert.Equal(t, c.want, c.got)
	}
}

func TestTypes(t *testing.T) {
	assert.True(t, llx.PtrTo(llx.SharedSpace).Equal(llx.Shared))
	assert.False(t, llx.Global.Equal(llx.Shared))
	assert.False(t, llx.Ptr.Equal(types.NewPointer(types.I8)))
	assert.True(t, llx.Vec(2, llx.BFloat).Equal(llx.Vec(2, llx.BFloat)))
	assert.Equal(t, 32, llx.Bits(llx.Vec(2, llx.BFloat)))
	assert.Equal(t, 64, llx.Bits(llx.Shared))
	assert.Equal(t, "llvm.fma.v2bf16", llx.Intrinsic("llvm.fma", llx.Vec(2, llx.BFloat)))
	assert.Equal(t, "llvm.memcpy.p3.p1.i64", llx.Intrinsic("llvm.memcpy", llx.Shared, llx.Global, types.I64))
	assert.True(t, llx.IsFloat(llx.Vec(4, llx.BFloat)))
	assert.False(t, llx.IsFloat(types.I32))
}

func TestMisusePanics(t *testing.T) {
	m := llx.NewModule("x")
	m.Declare("f", types.Void, types.I32)
	assert.PanicsWithValue(t, "llx: f declared twice, as void (i32) and as i32 ()", func() { m.Declare("f", types.I32) })
	assert.Panics(t, func() { llx.Call(m.Declare("f", types.Void, types.I32)) })
	assert.Panics(t, func() { llx.FloatConst(types.I32, 1) })
	assert.Panics(t, func() { (&llx.Asm{Ins: []value.Value{llx.Int(types.NewInt(24), 1)}}).Constraints() })
}

func TestDeclareOnce(t *testing.T) {
	m := llx.NewModule("x")
	assert.Same(t, m.Declare("f", types.I32), m.Declare("f", types.I32))
	assert.Same(t, m.Struct(types.I32, llx.Float), m.Struct(types.I32, llx.Float))
	assert.Equal(t, "s.i32.f32x2", m.Struct(types.I32, llx.Float, llx.Float).Name())
}

func TestRawOperands(t *testing.T) {
	a, b := llx.I32(1), llx.I32(2)
	r := llx.Raw(types.I32, "add nuw ", a, ", ", llx.Bare(b))
	require.Len(t, r.Operands(), 2)
	assert.Same(t, b, *r.Operands()[1])
}

// A call keeps its own operands: printers reuse the slice for the next lane.
func TestCallKeepsItsOperands(t *testing.T) {
	m := llx.NewModule("t")
	f := m.Declare("llvm.maximumnum.f32", types.Float, types.Float, types.Float)
	args := []value.Value{llx.FloatConst(types.Float, 1), llx.FloatConst(types.Float, 2)}
	c := llx.Call(f, args...)
	args[0] = llx.FloatConst(types.Float, 3)
	require.Equal(t, "0x3FF0000000000000", c.Args[0].Ident())
}
