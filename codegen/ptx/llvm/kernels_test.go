package llvm_test

import (
	"fmt"

	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/enum"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
)

// The kernels here are written as a thin printer writes them: every address from scratch, every element by itself. They are for
// comparing drivers and pipelines; nobody runs them.

// builder shortens what the kernels say often.
type builder struct {
	m *llx.Module
	f *ir.Func
	*ir.Block
}

func (b *builder) call(name string, ret types.Type, args ...value.Value) value.Value {
	ps := make([]types.Type, len(args))
	for i, a := range args {
		ps[i] = a.Type()
	}
	return llx.Append(b.Block, llx.Call(b.m.Declare(name, ret, ps...), args...))
}

func (b *builder) tid() value.Value { return b.call("llvm.nvvm.read.ptx.sreg.tid.x", types.I32) }
func (b *builder) cta() value.Value { return b.call("llvm.nvvm.read.ptx.sreg.ctaid.x", types.I32) }

// at is base[row*stride + col] of 2-byte elements, with 64-bit arithmetic.
func (b *builder) at(base, row, col value.Value, stride value.Value) value.Value {
	i := b.NewAdd(b.NewMul(b.NewSExt(row, types.I64), stride), b.NewSExt(col, types.I64))
	return llx.Append(b.Block, llx.GEP("inbounds", llx.Half, base, i))
}

func (b *builder) add(x value.Value, n int) value.Value { return b.NewAdd(x, llx.I32(n)) }

// gemm is a block of 64×64 of an f16 matmul on mma.sync: cp.async of clipped tiles, ldmatrix, and n accumulator tiles.
func gemm(tiles int) *llx.Module {
	m := llx.NewModule("gemm")
	a, w := llx.Param("a", llx.Global, "noalias", "align 16"), llx.Param("w", llx.Global, "noalias", "align 16")
	y := llx.Param("y", llx.Global, "noalias", "align 16")
	M, N, K := ir.NewParam("M", types.I64), ir.NewParam("N", types.I64), ir.NewParam("K", types.I64)
	f := m.Kernel("gemm", 128, 0, a, w, y, M, N, K)
	smem := m.SharedVar("smem", 32768, 128)
	b := &builder{m, f, f.NewBlock("entry")}
	entry := b.Block
	loop := f.NewBlock("loop")
	entry.NewBr(loop)

	b.Block = loop
	k := llx.Append(loop, llx.Phi(types.I32))
	llx.AddIncoming(k, llx.I32(0), entry)
	acc := make([][]*ir.InstPhi, tiles)
	for t := range acc {
		acc[t] = make([]*ir.InstPhi, 4)
		for i := range acc[t] {
			acc[t][i] = llx.Append(loop, llx.Phi(llx.Float))
			llx.AddIncoming(acc[t][i], llx.FloatConst(llx.Float, 0), entry)
		}
	}
	for c := range 8 { // copies of 16 bytes, clipped by the size operand
		row := b.NewAdd(b.NewMul(b.cta(), llx.I32(64)), b.add(b.NewSDiv(b.tid(), llx.I32(4)), c*32))
		col := b.NewAdd(k, b.NewMul(b.NewSRem(b.tid(), llx.I32(4)), llx.I32(8)))
		in := b.NewAnd(llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(row, types.I64), M)),
			llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(col, types.I64), K)))
		src := b.at(a, row, col, K)
		off := b.NewXor(b.NewMul(b.tid(), llx.I32(16)), b.NewMul(b.NewAnd(b.NewSDiv(b.tid(), llx.I32(8)), llx.I32(7)), llx.I32(16)))
		dst := llx.Append(b.Block, llx.GEP("inbounds", types.I8, smem, b.add(off, c*2048)))
		(&llx.Asm{Text: "cp.async.cg.shared.global [$0], [$1], 16, $2;", Memory: true,
			Ins: []value.Value{dst, src, b.NewSelect(in, llx.I32(16), llx.I32(0))}}).Emit(m, b.Block)
	}
	(&llx.Asm{Text: "cp.async.commit_group;\ncp.async.wait_group 0;", Memory: true}).Emit(m, b.Block)
	(&llx.Asm{Text: "bar.sync 0;", Memory: true, Convergent: true}).Emit(m, b.Block)
	i32 := types.I32
	frag := func(t int) []value.Value {
		off := b.NewMul(b.NewAdd(b.NewMul(b.NewSDiv(b.tid(), llx.I32(32)), llx.I32(16)), b.NewSRem(b.tid(), llx.I32(16))), llx.I32(64))
		p := llx.Append(b.Block, llx.GEP("inbounds", types.I8, smem, b.NewXor(b.add(off, t*1024), b.NewMul(b.NewSRem(b.tid(), llx.I32(8)), llx.I32(16)))))
		return (&llx.Asm{Text: "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {$0,$1,$2,$3}, [$4];", Outs: []types.Type{i32, i32, i32, i32},
			Ins: []value.Value{p}, Memory: true, Convergent: true}).Emit(m, b.Block)
	}
	for t := range tiles {
		av, bv := frag(t%4), frag(4+t%8)
		out := (&llx.Asm{
			Text: "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {$0,$1,$2,$3}, {$8,$9,$10,$11}, {$12,$13}, {$4,$5,$6,$7};",
			Outs: []types.Type{llx.Float, llx.Float, llx.Float, llx.Float},
			Tied: []value.Value{acc[t][0], acc[t][1], acc[t][2], acc[t][3]},
			Ins:  []value.Value{av[0], av[1], av[2], av[3], bv[0], bv[1]}, Convergent: true, Pure: true,
		}).Emit(m, b.Block)
		for i := range out {
			llx.AddIncoming(acc[t][i], out[i], loop)
		}
	}
	(&llx.Asm{Text: "bar.sync 0;", Memory: true, Convergent: true}).Emit(m, b.Block)
	next := b.add(k, 32)
	llx.AddIncoming(k, next, loop)
	done := f.NewBlock("done")
	br := b.NewCondBr(llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(next, types.I64), K)), loop, done)
	br.Metadata = append(br.Metadata, m.LoopHint("llvm.loop.unroll.disable"))

	b.Block = done
	for t := range tiles { // every element clipped by itself
		for i := range 4 {
			row := b.NewAdd(b.NewMul(b.cta(), llx.I32(64)), b.add(b.NewSDiv(b.NewSRem(b.tid(), llx.I32(32)), llx.I32(4)), 8*(i/2)))
			col := b.add(b.NewMul(b.NewSRem(b.tid(), llx.I32(4)), llx.I32(2)), 8*t+i%2)
			in := b.NewAnd(llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(row, types.I64), M)),
				llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(col, types.I64), N)))
			v := b.NewFPTrunc(acc[t][i].Incs[1].X, llx.Half)
			p := b.at(y, row, col, N)
			store, after := f.NewBlock(fmt.Sprintf("st%d_%d", t, i)), f.NewBlock(fmt.Sprintf("ok%d_%d", t, i))
			b.NewCondBr(in, store, after)
			llx.Append(store, llx.Store(v, p, 2))
			store.NewBr(after)
			b.Block = after
		}
	}
	b.NewRet(nil)
	return m
}

// softmax is a row of n elements a thread: clipped loads, a warp reduction by shuffles, exponentials, clipped stores.
func softmax(n int) *llx.Module {
	m := llx.NewModule("softmax")
	x, y := llx.Param("x", llx.Global, "noalias", "align 16"), llx.Param("y", llx.Global, "noalias", "align 16")
	N := ir.NewParam("N", types.I64)
	f := m.Kernel("softmax", 32, 0, x, y, N)
	b := &builder{m, f, f.NewBlock("entry")}
	vs := make([]value.Value, n)
	for i := range vs {
		col := b.add(b.NewMul(b.tid(), llx.I32(8)), i/8*256+i%8)
		in := llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(col, types.I64), N))
		load, after := f.NewBlock(fmt.Sprintf("ld%d", i)), f.NewBlock(fmt.Sprintf("in%d", i))
		from := b.Block
		b.NewCondBr(in, load, after)
		b.Block = load
		h := llx.Append(load, llx.Load(llx.Half, b.at(x, b.cta(), col, N), 2))
		e := load.NewFPExt(h, llx.Float)
		load.NewBr(after)
		b.Block = after
		phi := llx.Append(after, llx.Phi(llx.Float))
		llx.AddIncoming(phi, e, load)
		llx.AddIncoming(phi, llx.NewLit(llx.Float, "0xFFF0000000000000"), from)
		vs[i] = phi
	}
	reduce := func(v value.Value, op string) value.Value {
		for s := 16; s > 0; s /= 2 {
			bits := b.NewBitCast(v, types.I32)
			o := (&llx.Asm{Text: fmt.Sprintf("shfl.sync.bfly.b32 $0, $1, %d, 31, 0xffffffff;", s), Outs: []types.Type{types.I32},
				Ins: []value.Value{bits}, Convergent: true, SideEffect: true}).Emit(m, b.Block)[0]
			other := b.NewBitCast(o, llx.Float)
			if op == "max" {
				v = b.call("llvm.maxnum.f32", llx.Float, v, other)
			} else {
				v = b.NewFAdd(v, other)
			}
		}
		return v
	}
	top := vs[0]
	for _, v := range vs[1:] {
		top = b.call("llvm.maxnum.f32", llx.Float, top, v)
	}
	top = reduce(top, "max")
	var sum value.Value = llx.FloatConst(llx.Float, 0)
	for i, v := range vs {
		vs[i] = b.call("llvm.nvvm.ex2.approx.f", llx.Float, b.NewFMul(b.NewFSub(v, top), llx.FloatConst(llx.Float, 1.4426950408889634)))
		sum = b.NewFAdd(sum, vs[i])
	}
	sum = reduce(sum, "add")
	for i, v := range vs {
		col := b.add(b.NewMul(b.tid(), llx.I32(8)), i/8*256+i%8)
		in := llx.Append(b.Block, llx.ICmp(enum.IPredSLT, b.NewSExt(col, types.I64), N))
		store, after := f.NewBlock(fmt.Sprintf("st%d", i)), f.NewBlock(fmt.Sprintf("ok%d", i))
		h := b.NewFPTrunc(b.NewFDiv(v, sum), llx.Half)
		p := b.at(y, b.cta(), col, N)
		b.NewCondBr(in, store, after)
		llx.Append(store, llx.Store(h, p, 2))
		store.NewBr(after)
		b.Block = after
	}
	b.NewRet(nil)
	return m
}
