package ptx

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/codegen/thread"
)

func TestAdd(t *testing.T) {
	for _, target := range Targets {
		text, _ := assemble(t, add("add"), target.CPU)
		assert.Equal(t, 4, instructions(text, "ld.global.nc.v4.b32"))
		assert.Equal(t, 4, instructions(text, "ld.global.nc.L1::no_allocate.L2::256B.v4.b32"))
		assert.Equal(t, 4, instructions(text, "st.global.v4.b32"))
		assert.Equal(t, 16, instructions(text, "add.rn.f32"))
		assert.Zero(t, instructions(text, "bra"), "predicates, no branches")
	}
}

func TestMatmul(t *testing.T) {
	for _, e := range []thread.Elem{thread.F16, thread.BF16} {
		for _, cpu := range []string{"sm_80", "sm_90a"} {
			text, r := assemble(t, matmul("matmul_"+e.String(), e), cpu)
			_, loop, _ := strings.Cut(text, "$L__BB0_2:")
			loop, _, _ = strings.Cut(loop, "bra")
			assert.Equal(t, 16, instructions(loop, "mma.sync"))
			assert.Equal(t, 8, instructions(loop, "ldmatrix"))
			assert.Equal(t, 4, instructions(loop, "cp.async.cg"))
			assert.Equal(t, 1, instructions(loop, "bar.sync"))
			assert.Zero(t, instructions(loop, "mov.b32"), "accumulators stay in place")
			assert.Zero(t, instructions(loop, "mov.b16"))
			assert.LessOrEqual(t, r.Registers, 96)
		}
	}
}

// idiom compiles y = f(x) and lists the PTX between the loads of its operands and the store.
func idiom(t *testing.T, cpu string, f func(k *kit) *thread.Node) string {
	k := newKit("k")
	k.result(f(k))
	var lines []string
	for line := range strings.Lines(compile(t, k.Func, cpu)) {
		line = strings.TrimSpace(line)
		op, _, _ := strings.Cut(line, " ")
		op = strings.TrimSuffix(strings.TrimSpace(op), ";")
		for _, skip := range []string{"", "//", ".", "{", "}", ")", "ld", "st", "ret", "mul.wide", "add.s64", "mov.u32\t%r1, %tid"} {
			if op == skip || skip != "" && skip != "{" && strings.HasPrefix(op, skip+".") || strings.HasPrefix(op, ".") || strings.Contains(line, "%tid.x") {
				op = ""
				break
			}
		}
		if op, _, _ = strings.Cut(op, "\t"); op != "" && op != "ret" {
			lines = append(lines, op)
		}
	}
	return strings.Join(lines, " ")
}

func TestIdioms(t *testing.T) {
	f16, f32 := thread.Scalar(thread.F16), thread.Scalar(thread.F32)
	for _, c := range []struct {
		cpu, want string
		f         func(k *kit) *thread.Node
	}{
		{"sm_80", "mul.rn.f32 add.rn.f32", func(k *kit) *thread.Node {
			return k.Bin(thread.Add, k.Bin(thread.Mul, k.operand(f32), k.operand(f32)), k.operand(f32))
		}},
		{"sm_80", "fma.rn.f32", func(k *kit) *thread.Node { return k.Fma(k.operand(f32), k.operand(f32), k.operand(f32)) }},
		{"sm_80", "div.rn.f32", func(k *kit) *thread.Node { return k.Bin(thread.Div, k.operand(f32), k.operand(f32)) }},
		{"sm_80", "sqrt.rn.f32", func(k *kit) *thread.Node { return k.Un(thread.Sqrt, k.operand(f32)) }},
		{"sm_80", "min.f32", func(k *kit) *thread.Node { return k.Bin(thread.Min, k.operand(f32), k.operand(f32)) }},
		{"sm_80", "max.f16", func(k *kit) *thread.Node { return k.Bin(thread.Max, k.operand(f16), k.operand(f16)) }},
		{"sm_80", "cvt.rni.f32.f32", func(k *kit) *thread.Node { return k.Un(thread.Round, k.operand(f32)) }},
		{"sm_80", "add.rn.f16x2", func(k *kit) *thread.Node {
			return k.Bin(thread.Add, k.operand(vecOf(thread.F16, 2)), k.operand(vecOf(thread.F16, 2)))
		}},
		{"sm_80", "cvt.rn.bf16x2.f32", func(k *kit) *thread.Node { return k.Conv(k.operand(vecOf(thread.F32, 2)), thread.BF16, false) }},
		{"sm_90a", "add.rn.bf16x2", func(k *kit) *thread.Node {
			return k.Bin(thread.Add, k.operand(vecOf(thread.BF16, 2)), k.operand(vecOf(thread.BF16, 2)))
		}},
		{"sm_80", "lop3.b32", func(k *kit) *thread.Node {
			return k.Emit(&thread.Node{Op: thread.Lop3, Type: i32, Args: []*thread.Node{k.operand(i32), k.operand(i32), k.operand(i32)}, Imm: 0xea})
		}},
		{"sm_80", "shfl.sync.bfly.b32", func(k *kit) *thread.Node {
			return k.Emit(&thread.Node{Op: thread.Shfl, Type: f32, Args: []*thread.Node{k.operand(f32)}, Imm: 4})
		}},
		{"sm_80", "", func(k *kit) *thread.Node { // a vector of halves read as words is no instruction
			return k.Bitcast(k.operand(vecOf(thread.F16, 8)), vecOf(thread.I32, 4))
		}},
	} {
		assert.Equal(t, c.want, idiom(t, c.cpu, c.f), c.cpu)
	}
}

func TestErrors(t *testing.T) {
	f64 := thread.Scalar(thread.F64)
	for _, c := range []struct {
		want  string
		build func(k *kit)
	}{
		{"kernel k for sm_80: exp2: exp2 of f64 has no GPU form yet; cast to f32", func(k *kit) { k.result(k.Un(thread.Exp2, k.operand(f64))) }},
		{"kernel k for sm_80: sin: sin of f64 has no GPU form yet; cast to f32", func(k *kit) { k.result(k.Un(thread.Sin, k.operand(f64))) }},
		{"kernel k for sm_80: the kernel needs 200000 bytes of shared memory for each block, and sm_80 has 166912: use smaller tiles or fewer stages",
			func(k *kit) { k.Func.Shared = 200000 }},
		{"kernel k for sm_80: internal error: get: array acc0 is indexed by a value that is known only at run time (arg), so it cannot be held in registers",
			func(k *kit) { k.result(k.Get(k.NewVar("acc", thread.F32, 4), k.n, 1)) }},
		{"kernel k for sm_80: internal error: set: elements [3, 5) of array acc0, which has 4",
			func(k *kit) { k.Set(k.NewVar("acc", thread.F32, 4), k.I32(3), k.operand(vecOf(thread.F32, 2))) }},
		{"kernel k for sm_80: internal error: for: a loop over local indices needs constant bounds", func(k *kit) {
			k.For(k.I32(0), k.n, k.I32(1), func(*thread.Node) {})
			k.Block.Nodes[len(k.Block.Nodes)-1].Loop = true
		}},
		{"kernel k for sm_80: internal error: store: writes to a tensor that is declared as input only", func(k *kit) { k.Store(k.x, k.n, nil, 4) }},
		{"kernel k for sm_80: internal error: a block of 2000 threads: expected 1 to 1024", func(k *kit) { k.Func.Threads = 2000 }},
		{`kernel a.b for sm_80: internal error: "a.b" is no name that PTX accepts: expected letters, digits, _ and $`, func(k *kit) { k.Func.Name = "a.b" }},
		{`kernel k for sm_80: internal error: mma: form "x" is not in the table of forms`, func(k *kit) { k.Effect(thread.Mma, 0).Kind = "x" }},
		{"kernel k for sm_80: internal error: add: uses the value of tid before it is defined", func(k *kit) {
			k.Bin(thread.Add, k.n, &thread.Node{Op: thread.Tid, Type: i32})
		}},
	} {
		k := newKit("k")
		c.build(k)
		_, err := Module(k.Func, target(t, "sm_80"))
		require.Error(t, err, c.want)
		assert.Equal(t, c.want, err.Error())
	}
	k := newKit("k")
	k.Emit(&thread.Node{Op: thread.Arg, Type: i32, Imm: 9})
	_, err := Module(k.Func, target(t, "sm_80"))
	assert.ErrorContains(t, err, "internal error: arg: ", "whatever breaks is an error that names the operation")
	_, err = TargetOf("sm_70")
	assert.ErrorContains(t, err, `no GPU target is called "sm_70": expected one of sm_80, sm_86`)
}

// TestFold holds the folding of constants against arithmetic done bit by bit in another width.
func TestFold(t *testing.T) {
	ops := []thread.Op{thread.Add, thread.Sub, thread.Mul, thread.Div, thread.Rem, thread.Min, thread.Max, thread.And, thread.Or, thread.Xor, thread.Shl, thread.Shr}
	rapid.Check(t, func(t *rapid.T) {
		op, uns := rapid.SampledFrom(ops).Draw(t, "op"), rapid.Bool().Draw(t, "uns")
		x, y := rapid.Int32().Draw(t, "x"), rapid.Int32().Draw(t, "y")
		if op == thread.Shl || op == thread.Shr {
			y &= 31
		}
		got, ok := fold(op, thread.I32, uns, int64(x), int64(y))
		if y == 0 && (op == thread.Div || op == thread.Rem) {
			assert.False(t, ok)
			return
		}
		ux, uy := uint32(x), uint32(y)
		pick := func(s int32, u uint32) int32 {
			if uns {
				return int32(u)
			}
			return s
		}
		var want int32
		switch op {
		case thread.Add:
			want = x + y
		case thread.Sub:
			want = x - y
		case thread.Mul:
			want = x * y
		case thread.Div:
			want = pick(x/y, ux/max(uy, 1))
		case thread.Rem:
			want = pick(x%y, ux%max(uy, 1))
		case thread.Min:
			want = pick(min(x, y), min(ux, uy))
		case thread.Max:
			want = pick(max(x, y), max(ux, uy))
		case thread.And:
			want = x & y
		case thread.Or:
			want = x | y
		case thread.Xor:
			want = x ^ y
		case thread.Shl:
			want = x << uint(y)
		case thread.Shr:
			want = pick(x>>uint(y), ux>>uint(y))
		}
		assert.Equal(t, int64(want), got)
		assert.True(t, ok)
		if v, ok := identity(op, thread.I32, val{k: int64(x), konst: true}, konst(int64(y))); ok && v.konst {
			assert.Equal(t, int64(want), v.k)
		}
	})
}

// TestChunks: every access is covered once, in order, by legal instructions.
func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slot := 1 << rapid.IntRange(0, 3).Draw(t, "slot")
		total := slot * rapid.IntRange(1, 16).Draw(t, "slots")
		align := 1 << rapid.IntRange(0, 4).Draw(t, "align")
		at := 0
		for _, c := range chunks(total, slot, align) {
			assert.Equal(t, at, c.off)
			bytes := c.n * c.size
			at += bytes
			assert.LessOrEqual(t, bytes, min(16, max(align, c.size)))
			assert.Zero(t, c.off%bytes, "aligned")
			assert.Contains(t, []int{1, 2, 4}, c.n)
			assert.LessOrEqual(t, c.size, slot)
		}
		assert.Equal(t, total, at)
	})
}

func TestDeterministic(t *testing.T) {
	first, err := Module(matmul("m", thread.F16), target(t, "sm_90a"))
	require.NoError(t, err)
	for range 5 {
		again, err := Module(matmul("m", thread.F16), target(t, "sm_90a"))
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

// BenchmarkModule prints the matmul of the tests; the metric is the time for 1000 LLVM instructions.
func BenchmarkModule(b *testing.B) {
	f := matmul("m", thread.F16)
	x, _ := TargetOf("sm_90a")
	lines := 0
	for b.Loop() {
		text, err := Module(f, x)
		if err != nil {
			b.Fatal(err)
		}
		lines = strings.Count(string(text), "\n")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(lines)*1000/1000, "ms/1000lines")
	if os.Getenv("GIRIH_KEEP") != "" {
		fmt.Println(lines, "lines")
	}
}
