package c_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/girih-lang/girih/codegen/thread"
)

// check is one operation on n elements: operands are read from the pools of their kinds, results compared with want.
type check struct {
	name  string
	in    []thread.Elem
	out   thread.Elem
	build func(b *thread.Builder, x []*thread.Node) *thread.Node
	want  func(x []uint64) uint64
	ulp   int                   // allowed distance, for functions
	skip  func(x []uint64) bool // outside of the operation's contract
	gen   func(i int) []uint64  // operands instead of those of the pools
}

const elements = 600

// run puts many checks into one function, a loop each, and compares.
func run(t *testing.T, name string, checks []check) {
	f, b := thread.NewFunc(name, 1)
	var args []any
	param := func(e thread.Elem, values []uint64, out bool) *thread.Node {
		mem := make([]byte, 8*elements)
		for i, v := range values {
			put(mem, e.Size(), i, v)
		}
		f.Params = append(f.Params, thread.Param{Name: fmt.Sprint("q", len(args)), Elem: thread.Ptr, Out: out})
		args = append(args, mem)
		return b.Emit(&thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.Ptr), Imm: int64(len(args) - 1)})
	}
	pools := map[string][]uint64{}
	nodes := map[string]*thread.Node{}
	operands := make([][][]uint64, len(checks))
	results := make([]int, len(checks))
	for ci, ch := range checks {
		var ptrs []*thread.Node
		vals := make([][]uint64, len(ch.in))
		if ch.gen != nil {
			for i := range elements {
				for j, v := range ch.gen(i) {
					vals[j] = append(vals[j], v)
				}
			}
		}
		for j, e := range ch.in {
			key := fmt.Sprint(e, j)
			if ch.gen != nil || ch.skip != nil {
				key = fmt.Sprint(ci, e, j)
			}
			if ch.gen == nil {
				if pools[key] == nil {
					pools[key] = append([]uint64{}, pool(e, elements, uint64(j))...)
				}
				vals[j] = pools[key]
			} else {
				pools[key] = vals[j]
			}
		}
		if ch.skip != nil {
			for i := range elements {
				x := make([]uint64, len(vals))
				for j := range vals {
					x[j] = vals[j][i]
				}
				if ch.skip(x) {
					for j := range vals {
						vals[j][i] = 1
					}
				}
			}
		}
		for j, e := range ch.in {
			key := fmt.Sprint(e, j)
			if ch.gen != nil || ch.skip != nil {
				key = fmt.Sprint(ci, e, j)
			}
			if nodes[key] == nil {
				nodes[key] = param(e, vals[j], false)
			}
			ptrs = append(ptrs, nodes[key])
		}
		operands[ci] = vals
		out := param(ch.out, nil, true)
		results[ci] = len(args) - 1
		b.Local(elements, func(i *thread.Node) {
			var xs []*thread.Node
			for j, e := range ch.in {
				xs = append(xs, b.Load(thread.Scalar(e), b.PtrAdd(ptrs[j], b.Bin(thread.Mul, i, b.I32(e.Size()))), nil, e.Size()))
			}
			b.Store(b.PtrAdd(out, b.Bin(thread.Mul, i, b.I32(ch.out.Size()))), ch.build(b, xs), nil, ch.out.Size())
		})
	}
	for cc, compiler := range compilers(t) {
		for _, flags := range [][]string{{"-DGIRIH_HARD_F16"}, {"-DPORTABLE", "-DGIRIH_SOFT_F16", "-O2", "-ftree-vectorize"}} {
			l := load(t, f, compiler, flags...)
			call(t, l, [3]int64{1, 1, 1}, args...)
			for ci, ch := range checks {
				mem := args[results[ci]].([]byte)
				worst := 0
				for i := range elements {
					x := make([]uint64, len(ch.in))
					for j := range x {
						x[j] = operands[ci][j][i]
					}
					got, want := at(mem, ch.out.Size(), i), ch.want(x)&(^uint64(0)>>uint(64-8*ch.out.Size()))
					d := distance(ch.out, got, want)
					worst = max(worst, d)
					if d > ch.ulp {
						assert.Failf(t, "wrong", "%s %v %s of %#x: got %#x (%s), expected %#x (%s)", cc, flags, ch.name, x, got, typeOf(ch.out).Text(got), want, typeOf(ch.out).Text(want))
						break
					}
				}
				if ch.ulp > 0 {
					t.Logf("%s %v %s: %d units", cc, flags, ch.name, worst)
				}
				clear(mem)
			}
		}
	}
}

// distance is the number of floats between two, 0 for two NaNs; of other kinds whether they differ.
func distance(e thread.Elem, x, y uint64) int {
	if x == y {
		return 0
	}
	if !e.IsFloat() {
		return math.MaxInt
	}
	d := typeOf(e)
	fx, fy := d.Float(x), d.Float(y)
	if fx != fx || fy != fy {
		if fx != fx && fy != fy {
			return 0
		}
		return math.MaxInt
	}
	top := uint64(1) << uint(8*e.Size()-1)
	line := func(v uint64) int64 {
		if v&top != 0 {
			return -int64(v &^ top)
		}
		return int64(v)
	}
	n := line(x) - line(y)
	if n == 0 { // zeros of different sign
		return math.MaxInt
	}
	return int(max(n, -n))
}

var (
	ints   = []thread.Elem{thread.I8, thread.I16, thread.I32, thread.I64}
	floats = []thread.Elem{thread.F16, thread.BF16, thread.F32, thread.F64}
	all    = append(append([]thread.Elem{thread.Bool}, ints...), floats...)
)
