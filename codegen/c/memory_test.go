package c_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/c"
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// kit builds a function of one result and one input, both i32.
type kit struct {
	*thread.Builder
	y, x *thread.Node
	outs int
}

func newKit(name string) *kit {
	f, b := thread.NewFunc(name, 1)
	f.Params = []thread.Param{{Name: "y", Elem: thread.Ptr, Out: true}, {Name: "x", Elem: thread.Ptr}}
	k := &kit{Builder: b}
	k.y = b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: 0})
	k.x = b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: 1})
	return k
}

func (k *kit) in(i int) *thread.Node {
	return k.Load(thread.Scalar(thread.I32), k.PtrAdd(k.x, k.I32(4*i)), nil, 4)
}

func (k *kit) result(n *thread.Node) {
	k.Store(k.PtrAdd(k.y, k.I32(4*k.outs)), n, nil, 4)
	k.outs++
}

// expect runs the function on the numbers 10, 11, … and compares the words that it writes.
func (k *kit) expect(t *testing.T, want ...int32) {
	t.Helper()
	t.Parallel()
	x, y := make([]byte, 256), make([]byte, 256)
	for i := range 64 {
		binary.LittleEndian.PutUint32(x[4*i:], uint32(10+i))
	}
	for name, cc := range compilers(t) {
		clear(y)
		call(t, load(t, k.Func, cc), [3]int64{1, 1, 1}, y, x)
		var got []int32
		for i := range want {
			got = append(got, int32(binary.LittleEndian.Uint32(y[4*i:])))
		}
		assert.Equal(t, want, got, name)
	}
}

func TestSwap(t *testing.T) { // values read before an array is written, used after
	k := newKit("Swap")
	v, i := k.NewVar("v", thread.I32, 2), k.I32
	k.Set(v, i(0), i(1))
	k.Set(v, i(1), i(2))
	k.For(i(0), k.in(0), i(1), func(n *thread.Node) { // ten times: an even number
		a, b := k.Get(v, i(0), 1), k.Get(v, i(1), 1)
		k.Set(v, i(0), b)
		k.Set(v, i(1), k.Bin(thread.Add, a, n))
	})
	k.result(k.Get(v, i(0), 1))
	k.result(k.Get(v, i(1), 1))
	a, b := int32(1), int32(2)
	for n := range int32(10) {
		a, b = b, a+n
	}
	k.expect(t, a, b)
}

func TestOrder(t *testing.T) { // a value read before a loop or a store that changes what it reads
	k := newKit("Order")
	v, i := k.NewVar("v", thread.I32, 1), k.I32
	k.Set(v, i(0), i(7))
	old := k.Bin(thread.Mul, k.Get(v, i(0), 1), k.in(1))
	k.Local(4, func(n *thread.Node) { k.Set(v, i(0), k.Bin(thread.Add, k.Get(v, i(0), 1), n)) })
	k.result(old)
	first := k.Load(thread.Scalar(thread.I32), k.y, nil, 4)
	k.Store(k.y, i(5), nil, 4)
	k.result(first)
	k.result(k.Get(v, i(0), 1))
	k.expect(t, 5, 77, 13)
}

func TestControl(t *testing.T) {
	k := newKit("Control")
	i := k.I32
	v := k.NewVar("v", thread.I32, 3)
	for j := range 3 {
		k.Set(v, i(j), i(0))
	}
	k.For(i(3), k.in(0), i(3), func(n *thread.Node) { // 3, 6, 9
		k.Set(v, i(0), k.Bin(thread.Add, k.Get(v, i(0), 1), n))
		k.If(k.Cmp("eq", n, i(6), false), func() { k.Set(v, i(1), n) }, func() { k.Set(v, i(2), k.Bin(thread.Add, k.Get(v, i(2), 1), i(1))) })
	})
	k.If(k.Cmp("lt", k.in(0), i(5), false), func() { k.Set(v, i(1), i(-1)) }, nil)
	k.If(k.Emit(&thread.Node{Op: thread.Const, Type: thread.Scalar(thread.Bool), Imm: 1}), func() {}, nil)
	for j := range 3 {
		k.result(k.Get(v, i(j), 1))
	}
	k.expect(t, 18, 6, 2)
}

func TestVectors(t *testing.T) {
	k := newKit("Vectors")
	t4, half2 := thread.Type{Elem: thread.I32, Lanes: 4}, thread.Type{Elem: thread.F16, Lanes: 2}
	x := k.Load(t4, k.PtrAdd(k.x, k.I32(4)), nil, 4) // 11 12 13 14
	none := k.Load(t4, k.x, k.Cmp("lt", k.in(0), k.I32(0), false), 16)
	s := k.Bin(thread.Mul, k.Bin(thread.Add, x, none), x)
	v := k.NewVar("v", thread.I32, 8)
	k.Set(v, k.I32(0), s)
	k.Set(v, k.I32(4), k.Select(k.Cmp("gt", x, k.Emit(&thread.Node{Op: thread.Const, Type: t4, Imm: 12}), false), x, none))
	k.Store(k.y, k.Get(v, k.I32(2), 4), nil, 4) // 169 196 0 0
	k.outs = 4
	k.result(k.Extract(s, 1))
	// The halves of a word as a pair of floats, and back.
	h := k.Bitcast(k.I32(0x3c004200), half2) // 3, 1
	h = k.Bin(thread.Add, h, k.Emit(&thread.Node{Op: thread.Const, Type: half2, F: 1}))
	k.result(k.Bitcast(h, thread.Scalar(thread.I32))) // 4, 2
	w := k.Vec(k.Extract(k.Conv(h, thread.F32, false), 1), k.Float(thread.F32, 0.5))
	k.result(k.Conv(k.Bin(thread.Add, k.Extract(w, 0), k.Extract(w, 1)), thread.I32, false))
	k.Store(k.PtrAdd(k.y, k.I32(4*k.outs)), k.Vec(k.Int(thread.I8, 1), k.Int(thread.I8, 2), k.Int(thread.I8, -1), k.Int(thread.I8, 4)), k.Cmp("gt", k.in(0), k.I32(0), false), 1)
	k.expect(t, 169, 196, 0, 0, 144, 0x40004400, 2, 0x04ff0201)
}

func TestMemory(t *testing.T) {
	k := newKit("Memory")
	i := k.I32
	no := k.Cmp("gt", k.in(0), i(10), false)
	yes := k.Cmp("ge", k.in(0), i(10), false)
	bad := k.PtrAdd(k.x, k.Int(thread.I64, 1<<40))
	k.result(k.Load(thread.Scalar(thread.I32), bad, no, 4)) // not touched
	k.Store(bad, i(1), no, 4)
	k.result(k.Load(thread.Scalar(thread.I32), k.PtrAdd(k.x, i(4)), yes, 4))
	k.result(k.Load(thread.Scalar(thread.I32), k.PtrAdd(k.x, i(1)), nil, 1)) // not aligned
	k.Store(k.PtrAdd(k.y, i(13)), k.Int(thread.I16, 0x1234), nil, 1)
	k.outs = 5
	p := k.PtrAdd(k.y, i(20))
	k.result(i(0x0f))
	k.Effect(thread.AtomicOr, 0, p, i(0x70))
	k.Effect(thread.AtomicAnd, 0, p, i(0x3c), yes)
	k.Effect(thread.AtomicAnd, 0, p, i(0), no)
	k.result(k.Conv(k.Load(thread.Scalar(thread.Bool), k.PtrAdd(k.x, i(4)), nil, 1), thread.I32, false))
	k.result(k.Emit(&thread.Node{Op: thread.Tid, Type: thread.Scalar(thread.I32)}))
	k.expect(t, 0, 11, 11<<24, 0x123400, 0, 0x3c, 1, 0)
}

// TestShared runs the operations on shared memory, which have a meaning for one thread.
func TestShared(t *testing.T) {
	k := newKit("Shared")
	k.Func.Shared = 64
	at := k.Emit(&thread.Node{Op: thread.SharedAt, Type: thread.Scalar(thread.SharedPtr), Imm: 16})
	k.Effect(thread.CpAsync, 16, at, k.x, k.I32(8))
	k.Effect(thread.CpCommit, 0)
	k.Effect(thread.CpWait, 0)
	k.Effect(thread.Barrier, 0)
	k.Store(k.PtrAdd(at, k.I32(12)), k.I32(5), nil, 4)
	for i := range 4 {
		k.result(k.Load(thread.Scalar(thread.I32), k.PtrAdd(at, k.I32(4*i)), nil, 4))
	}
	k.expect(t, 10, 11, 0, 5)
}

// TestScratch has arrays that are too large for the stack.
func TestScratch(t *testing.T) {
	k := newKit("Scratch")
	a, b, small := k.NewVar("a", thread.F64, 5000), k.NewVar("b", thread.I32, 3000), k.NewVar("c", thread.I32, 4)
	k.Local(5000, func(i *thread.Node) { k.Set(a, i, k.Conv(i, thread.F64, false)) })
	k.Local(3000, func(i *thread.Node) {
		k.Set(b, i, k.Conv(k.Get(a, k.Bin(thread.Add, i, k.I32(2000)), 1), thread.I32, false))
	})
	k.Set(small, k.I32(1), k.Get(b, k.I32(2999), 1))
	k.result(k.Get(small, k.I32(1), 1))
	text, err := c.Print(k.Func, c.Options{})
	require.NoError(t, err)
	assert.Contains(t, string(text), "m->v_b1[i")
	assert.Contains(t, string(text), "v_c2[4]")
	k.expect(t, 4999)
}

// TestGrid numbers the blocks of a grid of three axes.
func TestGrid(t *testing.T) {
	f, b := thread.NewFunc("grid", 1) // a name that needs care
	f.Params = []thread.Param{{Name: "y", Elem: thread.Ptr, Out: true}, {Name: "scale", Elem: thread.F16}, {Name: "on", Elem: thread.Bool}, {Name: "N", Elem: thread.I64}}
	arg := func(i int64) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(f.Params[i].Elem), Imm: i})
	}
	var id [3]*thread.Node
	for i := range id {
		id[i] = b.Emit(&thread.Node{Op: thread.BlockID, Type: thread.Scalar(thread.I32), Imm: int64(i)})
	}
	n := b.Bin(thread.Add, id[0], b.Bin(thread.Mul, b.I32(5), b.Bin(thread.Add, id[1], b.Bin(thread.Mul, b.I32(7), id[2]))))
	x := b.Bin(thread.Add, b.Bin(thread.Mul, n, b.I32(2)), b.Conv(arg(2), thread.I32, false))
	h := b.Bin(thread.Mul, b.Conv(x, thread.F16, false), arg(1))
	b.Store(b.PtrAdd(arg(0), b.Bin(thread.Mul, b.Conv(n, thread.I64, false), b.Int(thread.I64, 2))), h, b.Cmp("lt", b.Conv(n, thread.I64, false), arg(3), false), 2)
	for name, cc := range compilers(t) {
		l := load(t, f, cc)
		assert.Equal(t, "girih_grid", l.Symbol)
		y := make([]byte, 2*5*7*3)
		call(t, l, [3]int64{5, 7, 3}, y, uint64(dtype.F16.FromFloat(0.5, dtype.F16.Mode())), 1, 100)
		for i := range 5 * 7 * 3 {
			want := float64(i) + 0.5
			if i >= 100 {
				want = 0
			}
			require.Equal(t, want, dtype.F16.Float(at(y, 2, i)), "%s %d", name, i)
		}
		call(t, l, [3]int64{0, 7, 3}, y, 0, 0, 0)
	}
}

// TestWrap has integers that leave their range: defined, unlike in C.
func TestWrap(t *testing.T) {
	k := newKit("Wrap")
	big := k.Bin(thread.Add, k.in(0), k.I32(math.MaxInt32-10)) // MaxInt32
	k.result(k.Bin(thread.Add, big, k.I32(1)))
	k.result(k.Bin(thread.Mul, big, big))
	k.result(k.Bin(thread.Sub, k.I32(-5), big))
	k.result(k.Bin(thread.Shl, big, k.I32(31)))
	k.result(k.Un(thread.Neg, k.I32(math.MinInt32)))
	k.result(k.Conv(k.Bin(thread.Mul, k.Int(thread.I64, math.MaxInt64), k.Conv(k.in(1), thread.I64, false)), thread.I32, false))
	k.expect(t, math.MinInt32, 1, math.MaxInt32-3, math.MinInt32, math.MinInt32, -11)
}

func TestText(t *testing.T) {
	k := newKit("Text")
	k.Local(64, func(i *thread.Node) {
		p := k.Bin(thread.Mul, i, k.I32(4))
		x := k.Load(thread.Scalar(thread.F32), k.PtrAdd(k.x, p), nil, 4)
		k.Store(k.PtrAdd(k.y, p), k.Bin(thread.Add, x, k.Float(thread.F32, 0.1)), nil, 4)
	})
	k.Bin(thread.Mul, k.in(3), k.I32(3)) // nobody uses it
	text, err := c.Print(k.Func, c.Options{Comment: "from k.girih\nline 2"})
	require.NoError(t, err)
	again, err := c.Print(k.Func, c.Options{Comment: "from k.girih\nline 2"})
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	s := string(text)
	assert.Contains(t, s, "\tfor (int32_t i0 = 0; i0 < 64; i0++) {\n\t\tconst int32_t t1 = i0 * 4;\n\t\t*(mem_f32 *)(p0_y + t1) = (*(const mem_f32 *)(p1_x + t1)) + 0.1f;\n\t}\n")
	assert.Contains(t, s, "//   0 y: address of a result\n")
	assert.Contains(t, s, "// from k.girih\n// line 2\n")
	assert.NotContains(t, s, "* 3")
	assert.Equal(t, 1, strings.Count(s, "typedef"))

	for name, want := range map[string]string{"Add": "Add", "main": "girih_main", "_x": "girih__x", "A-b": "A_b", "": "girih_", "K_scratch": "girih_K_scratch"} {
		assert.Equal(t, want, c.Symbol(name))
	}
}

// TestMalformed gives trees that break the rules: errors, not panics.
func TestMalformed(t *testing.T) {
	for want, build := range map[string]func(k *kit){
		"uses the value of load outside of its block": func(k *kit) {
			var x *thread.Node
			k.Local(4, func(*thread.Node) { x = k.in(0) })
			k.result(x)
		},
		"parameter 7 of kind i32": func(k *kit) { k.result(k.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.I32), Imm: 7})) },
		"is not defined for f32":  func(k *kit) { x := k.Float(thread.F32, 1); k.result(k.Bin(thread.Shl, x, x)) },
		"internal error":          func(k *kit) { k.result(&thread.Node{Op: thread.Add, Type: thread.Scalar(thread.I32)}) },
		"the widths differ":       func(k *kit) { k.result(k.Bitcast(k.in(0), thread.Scalar(thread.I64))) },
		"alignment of 3":          func(k *kit) { k.result(k.Load(thread.Scalar(thread.I32), k.x, nil, 3)) },
		"has 0 elements":          func(k *kit) { k.NewVar("v", thread.I32, 0) },
	} {
		k := newKit("K")
		build(k)
		_, err := c.Print(k.Func, c.Options{})
		assert.ErrorContains(t, err, want)
	}
}

// TestClips has loops whose clips are decided ahead, and tiles that lie inside, across each edge and outside of the tensor.
func TestClips(t *testing.T) {
	f, b := thread.NewFunc("Clips", 1)
	f.Params = []thread.Param{{Name: "x", Elem: thread.Ptr}, {Name: "y", Elem: thread.Ptr, Out: true}, {Name: "M", Elem: thread.I32}, {Name: "N", Elem: thread.I32}, {Name: "down", Elem: thread.I32}}
	arg := func(i int64) *thread.Node {
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(f.Params[i].Elem), Imm: i})
	}
	start := func(axis int64) *thread.Node {
		n := b.Emit(&thread.Node{Op: thread.BlockID, Type: thread.Scalar(thread.I32), Imm: axis})
		return b.Bin(thread.Sub, b.Bin(thread.Mul, n, b.I32(8)), arg(4)) // also negative
	}
	r0, c0, m, n := start(0), start(1), arg(2), arg(3)
	b.Local(8, func(i *thread.Node) {
		b.Local(8, func(j *thread.Node) {
			r, c := b.Bin(thread.Add, r0, i), b.Bin(thread.Add, c0, j)
			in := b.Bin(thread.And, b.Cmp("lt", r, m, true), b.Cmp("lt", c, n, true))
			off := b.Bin(thread.Mul, b.Bin(thread.Add, b.Bin(thread.Mul, b.Conv(r, thread.I64, false), b.Conv(n, thread.I64, false)), b.Conv(c, thread.I64, false)), b.Int(thread.I64, 2))
			x := b.Load(thread.Scalar(thread.I16), b.PtrAdd(arg(0), off), in, 2)
			b.Store(b.PtrAdd(arg(1), off), b.Un(thread.Not, x), in, 2)
		})
	})
	text, err := c.Print(f, c.Options{})
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(text), "// nothing to clip"))
	assert.Equal(t, 1, strings.Count(string(text), "? *(const mem_i16 *)"), "only the innermost loop clips")
	for name, cc := range compilers(t) {
		l := load(t, f, cc)
		for _, s := range [][3]int{{24, 24, 0}, {24, 20, 0}, {19, 24, 3}, {5, 7, 0}, {17, 9, 5}, {1, 1, 7}} {
			m, n, down := s[0], s[1], s[2]
			x, y := make([]byte, 2*m*n+64), make([]byte, 2*m*n+64)
			for i := range m * n {
				put(x, 2, i, uint64(i))
			}
			call(t, l, [3]int64{int64(m+down)/8 + 2, int64(n+down)/8 + 2, 1}, x, y, m, n, down)
			for i := range m*n + 32 {
				want := ^uint64(i) & 0xffff
				if i >= m*n {
					want = 0
				}
				require.Equal(t, want, at(y, 2, i), "%s %v %d", name, s, i)
			}
		}
	}
}
