package ptx

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/internal/need"
)

func target(t testing.TB, cpu string) Target {
	x, err := TargetOf(cpu)
	require.NoError(t, err)
	return x
}

// compile gives the PTX of a function. GIRIH_KEEP names a directory that gets the LLVM text, the PTX and the cubin, for reading.
func compile(t testing.TB, f *thread.Func, cpu string) string {
	d, err := llvm.Find()
	need.Tool(t, "llvm", err)
	text, err := Module(f, target(t, cpu))
	require.NoError(t, err)
	if dir := os.Getenv("GIRIH_KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+f.Name+"."+cpu+".ll", text, 0o600))
	}
	out, err := Compile(context.Background(), f, target(t, cpu), d)
	require.NoError(t, err)
	if dir := os.Getenv("GIRIH_KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+f.Name+"."+cpu+".ptx", out, 0o600))
	}
	require.NotContains(t, string(out), ".local", "local memory")
	return string(out)
}

// assemble compiles a function and checks the PTX with ptxas where it is installed: no spills, no local memory, no warning.
func assemble(t testing.TB, f *thread.Func, cpu string) (text string, r ptxas.Report) {
	text = compile(t, f, cpu)
	a, err := ptxas.Find()
	if err != nil && !need.Required("ptxas") {
		return text, r
	}
	require.NoError(t, err)
	cubin, r, err := a.Assemble(context.Background(), []byte(text), cpu)
	require.NoError(t, err)
	if dir := os.Getenv("GIRIH_KEEP"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+f.Name+"."+cpu+".cubin", cubin, 0o600))
	}
	require.False(t, r.Spills(), "spills")
	require.Zero(t, r.Stack, "stack")
	require.Empty(t, r.Warnings)
	return text, r
}

// instructions counts the PTX instructions that start with a prefix, predicated or not.
func instructions(text, prefix string) int {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "@") {
			_, line, _ = strings.Cut(line, " ")
		}
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// add is y = a + b over n elements of f32, four to a thread, clipped at n.
func add(name string) *thread.Func {
	f, b := thread.NewFunc(name, 128)
	f.Params = []thread.Param{{Name: "a", Elem: thread.Ptr}, {Name: "b", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}, {Name: "n", Elem: thread.I32}}
	arg := func(i int64, e thread.Elem) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(e), Imm: i})
	}
	pa, pb, py, n := arg(0, thread.Ptr), arg(1, thread.Ptr), arg(2, thread.Ptr), arg(3, thread.I32)
	tid := b.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)})
	blk := b.Emit(&thread.Node{Op: thread.BlockID, Type: thread.Scalar(thread.I32)})
	first := b.Bin(thread.Add, b.Bin(thread.Mul, blk, b.I32(2048)), b.Bin(thread.Mul, tid, b.I32(4)))
	start := b.Bin(thread.Mul, b.Conv(first, thread.I64, false), b.Int(thread.I64, 4))
	pa, pb, py = b.PtrAdd(pa, start), b.PtrAdd(pb, start), b.PtrAdd(py, start)
	t4 := thread.Type{Elem: thread.F32, Lanes: 4}
	va, vb := b.NewVar("a", thread.F32, 16), b.NewVar("b", thread.F32, 16)
	inside := func(i *thread.Node) *thread.Node {
		return b.Cmp("lt", b.Bin(thread.Add, first, b.Bin(thread.Mul, i, b.I32(512))), n, false)
	}
	b.Local(4, func(i *thread.Node) {
		off := b.Bin(thread.Mul, i, b.I32(2048))
		at := b.Bin(thread.Mul, i, b.I32(4))
		b.Set(va, at, b.Load(t4, b.PtrAdd(pa, off), inside(i), 16))
		l := b.Load(t4, b.PtrAdd(pb, off), inside(i), 16)
		l.Kind = "stream"
		b.Set(vb, at, l)
	})
	b.Local(16, func(i *thread.Node) {
		b.Set(va, i, b.Bin(thread.Add, b.Get(va, i, 1), b.Get(vb, i, 1)))
	})
	b.Local(4, func(i *thread.Node) {
		b.Store(b.PtrAdd(py, b.Bin(thread.Mul, i, b.I32(2048))), b.Get(va, b.Bin(thread.Mul, i, b.I32(4)), 4), inside(i), 16)
	})
	return f
}

// matmul is c = a·bᵀ for 64×64 tiles of c by 4 warps, each 32×32, with k in steps of 32 through a ring of three stages of shared
// memory: cp.async, ldmatrix, mma. a and b are row-major of rows of k halves; k is a multiple of 32, and row strides are bytes.
func matmul(name string, elem thread.Elem) *thread.Func {
	const stages, bk, rowBytes, tile = 3, 32, 64, 64 * 64 // bytes of a stage of one operand
	f, b := thread.NewFunc(name, 128)
	f.Shared = stages * 2 * tile
	f.Params = []thread.Param{{Name: "a", Elem: thread.Ptr}, {Name: "b", Elem: thread.Ptr}, {Name: "c", Elem: thread.Ptr, Out: true}, {Name: "k", Elem: thread.I32}, {Name: "rows", Elem: thread.I32}}
	i32 := thread.Scalar(thread.I32)
	arg := func(i int64, e thread.Elem) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(e), Imm: i})
	}
	pa, pb, pc, k, rows := arg(0, thread.Ptr), arg(1, thread.Ptr), arg(2, thread.Ptr), arg(3, thread.I32), arg(4, thread.I32)
	tid := b.Emit(&thread.Node{Op: thread.Tid, Type: i32})
	bx := b.Emit(&thread.Node{Op: thread.BlockID, Type: i32, Imm: 0})
	by := b.Emit(&thread.Node{Op: thread.BlockID, Type: i32, Imm: 1})
	mul := func(x *thread.Node, c int) *thread.Node { return b.Bin(thread.Mul, x, b.I32(c)) }
	plus := func(x, y *thread.Node) *thread.Node { return b.Bin(thread.Add, x, y) }
	and := func(x *thread.Node, c int) *thread.Node { return b.Bin(thread.And, x, b.I32(c)) }
	shr := func(x *thread.Node, c int) *thread.Node { return b.BinU(thread.Shr, x, b.I32(c)) }
	xor := func(x, y *thread.Node) *thread.Node { return b.Bin(thread.Xor, x, y) }
	shared := func(at int) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: int64(at)})
	}
	// A thread copies 16 bytes of row tid/4 and of row tid/4+32, with column chunks swizzled by the row.
	row, chunk := shr(tid, 2), and(tid, 3)
	dst := plus(mul(row, rowBytes), mul(xor(chunk, and(shr(row, 1), 3)), 16))
	kb := mul(k, 2)
	src := func(p, blk *thread.Node) *thread.Node {
		r := plus(mul(blk, 64), row)
		off := b.Bin(thread.Mul, b.Conv(r, thread.I64, false), b.Conv(kb, thread.I64, false))
		return b.PtrAdd(b.PtrAdd(p, off), mul(chunk, 16))
	}
	sa, sb := src(pa, by), src(pb, bx)
	down := b.Conv(mul(kb, 32), thread.I64, false)
	ok := b.Cmp("lt", plus(mul(by, 64), row), rows, false)
	copyTile := func(stage, kk *thread.Node) { // kk: bytes into the rows; nothing is read past k
		base := b.PtrAdd(shared(0), plus(mul(stage, 2*tile), dst))
		live := b.Cmp("lt", kk, kb, false)
		n := b.Select(live, b.I32(16), b.I32(0))
		na := b.Select(b.And2(live, ok), b.I32(16), b.I32(0))
		for i := range 2 {
			at := func(p *thread.Node) *thread.Node {
				p = b.PtrAdd(p, kk)
				if i > 0 {
					p = b.PtrAdd(p, down)
				}
				return p
			}
			b.Effect(thread.CpAsync, 16, b.PtrAdd(base, b.I32(i*32*rowBytes)), at(sa), na)
			b.Effect(thread.CpAsync, 16, b.PtrAdd(base, b.I32(tile+i*32*rowBytes)), at(sb), n)
		}
		b.Effect(thread.CpCommit, 0)
	}
	lane, warp := and(tid, 31), shr(tid, 5)
	wm, wn := shr(warp, 1), and(warp, 1)
	va, vb, acc := b.NewVar("a", elem, 2*8), b.NewVar("b", elem, 4*4), b.NewVar("acc", thread.F32, 2*4*4)
	b.Local(32, func(i *thread.Node) { b.Set(acc, i, b.Float(thread.F32, 0)) })
	for s := range stages - 1 {
		copyTile(b.I32(s), b.I32(s*2*bk))
	}
	// Row addresses for ldmatrix.x4: lanes 0-15 give the rows, lanes 16-31 the other half of the columns.
	frag := func(w *thread.Node) (base, swz, half *thread.Node) {
		r := plus(mul(w, 32), and(lane, 15))
		return mul(r, rowBytes), and(shr(r, 1), 3), shr(lane, 4)
	}
	abase, aswz, half := frag(wm)
	bbase, bswz, _ := frag(wn)
	b.For(b.I32(0), k, b.I32(bk), func(kk *thread.Node) {
		it := shr(kk, 5)
		stage := b.BinU(thread.Rem, it, b.I32(stages))
		b.Effect(thread.CpWait, stages-2)
		b.Effect(thread.Barrier, 0)
		copyTile(b.BinU(thread.Rem, plus(it, b.I32(stages-1)), b.I32(stages)), mul(plus(kk, b.I32((stages-1)*bk)), 2))
		at := mul(stage, 2*tile)
		b.Local(2, func(kh *thread.Node) {
			col := func(swz *thread.Node) *thread.Node { return mul(xor(plus(mul(kh, 2), half), swz), 16) }
			b.Local(2, func(i *thread.Node) {
				p := b.PtrAdd(b.PtrAdd(b.PtrAdd(shared(0), plus(plus(at, abase), col(aswz))), mul(i, 16*rowBytes)), b.I32(0))
				v := mul(i, 8)
				n := b.Effect(thread.Ldmatrix, 4, p, v, plus(v, b.I32(2)), plus(v, b.I32(4)), plus(v, b.I32(6)))
				n.Var = va
				// b: matrices 0 and 1 are rows 0-7 and 8-15 of the first half of the columns: fragments of two n8 tiles.
				p = b.PtrAdd(b.PtrAdd(shared(tile), plus(plus(at, bbase), col(bswz))), mul(i, 16*rowBytes))
				n = b.Effect(thread.Ldmatrix, 4, p, v, plus(v, b.I32(4)), plus(v, b.I32(2)), plus(v, b.I32(6)))
				n.Var = vb
			})
			b.Local(2, func(i *thread.Node) {
				b.Local(4, func(j *thread.Node) {
					n := b.Effect(thread.Mma, 0, mul(i, 8), mul(j, 4), mul(plus(mul(i, 4), j), 4))
					n.Vars = []*thread.Var{va, vb, acc}
					if n.Kind = "f16"; elem == thread.BF16 {
						n.Kind = "bf16"
					}
				})
			})
		})
	})
	b.Effect(thread.CpWait, 0)
	// c is row-major, f32, 64·gridDim.x columns wide: the stride comes with rows for brevity.
	b.Local(2, func(i *thread.Node) {
		b.Local(2, func(h *thread.Node) {
			r := plus(plus(plus(mul(by, 64), mul(wm, 32)), mul(i, 16)), plus(mul(h, 8), shr(lane, 2)))
			line := b.PtrAdd(pc, b.Bin(thread.Mul, b.Conv(r, thread.I64, false), b.Conv(mul(rows, 4), thread.I64, false)))
			line = b.PtrAdd(line, mul(plus(plus(mul(bx, 64), mul(wn, 32)), mul(and(lane, 3), 2)), 4))
			in := b.Cmp("lt", r, rows, false)
			b.Local(4, func(j *thread.Node) {
				v := b.Get(acc, plus(mul(plus(mul(i, 4), j), 4), mul(h, 2)), 2)
				b.Store(b.PtrAdd(line, mul(j, 32)), v, in, 8)
			})
		})
	})
	return f
}
