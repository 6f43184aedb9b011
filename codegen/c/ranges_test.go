package c

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/girih-lang/girih/codegen/thread"
)

// TestRanges evaluates random expressions of a loop's counter: every value lies in its range, and a result that is said to fit
// does not wrap.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, b := thread.NewFunc("K", 1)
		from := rapid.Int64Range(-10, 10).Draw(t, "from")
		n := rapid.Int64Range(1, 5000).Draw(t, "n")
		step := rapid.Int64Range(1, 9).Draw(t, "step")
		loop := &thread.Node{Op: thread.For, Body: &thread.Block{}}
		i := &thread.Node{Op: thread.LoopVar, Type: thread.Scalar(thread.I32)}
		loop.Args = []*thread.Node{b.Int(thread.I32, from), b.Int(thread.I32, from+n), b.Int(thread.I32, step), i}
		p := &printer{f: f, ranges: map[*thread.Node]interval{}, loops: map[*thread.Node]*thread.Node{i: loop}}
		counter := from + rapid.Int64Range(0, (n-1)/step).Draw(t, "k")*step
		value := map[*thread.Node]int64{i: counter}
		nodes := map[thread.Elem][]*thread.Node{thread.I32: {i}}
		for _, c := range rapid.SliceOfN(rapid.SampledFrom([]int64{0, 1, 2, 3, 7, 31, 64, 1000, -1, -5, 1 << 20, math.MaxInt32, math.MinInt32}), 2, 4).Draw(t, "constants") {
			x := &thread.Node{Op: thread.Const, Type: thread.Scalar(thread.I32), Imm: c}
			nodes[thread.I32] = append(nodes[thread.I32], x)
			value[x] = c
		}
		x := &thread.Node{Op: thread.Const, Type: thread.Scalar(thread.I64), Imm: rapid.Int64().Draw(t, "wide")}
		nodes[thread.I64], value[x] = []*thread.Node{x}, x.Imm
		ops := []thread.Op{thread.Add, thread.Sub, thread.Mul, thread.Div, thread.Rem, thread.Min, thread.Max, thread.And, thread.Shl, thread.Shr, thread.Conv, thread.Select}
		for range rapid.IntRange(1, 25).Draw(t, "size") {
			e := rapid.SampledFrom([]thread.Elem{thread.I32, thread.I64}).Draw(t, "kind")
			op, uns := rapid.SampledFrom(ops).Draw(t, "op"), rapid.Bool().Draw(t, "uns")
			pick := func() *thread.Node { return rapid.SampledFrom(nodes[e]).Draw(t, "operand") }
			x, y := pick(), pick()
			r := &thread.Node{Op: op, Type: thread.Scalar(e), Args: []*thread.Node{x, y}, Uns: uns}
			to := e
			exact, ok := int64(0), true // the mathematical result, where 64 bits hold it
			a, c := value[x], value[y]
			width := int64(8 * e.Size())
			if uns && (a < 0 || c < 0) && op != thread.Conv && op != thread.Add && op != thread.Sub && op != thread.Mul {
				continue // the wrapped meaning is the printer's other test
			}
			switch op {
			case thread.Add:
				exact, ok = a+c, (a+c > a) == (c > 0)
			case thread.Sub:
				exact, ok = a-c, (a-c < a) == (c > 0)
			case thread.Mul:
				exact, ok = a*c, a == 0 || (a*c)/a == c && !(a == -1 && c == math.MinInt64)
			case thread.Div, thread.Rem:
				if c == 0 || c == -1 {
					continue
				}
				if exact = a / c; op == thread.Rem {
					exact = a % c
				}
			case thread.Min:
				exact = min(a, c)
			case thread.Max:
				exact = max(a, c)
			case thread.And:
				exact = a & c
			case thread.Shl:
				if c < 0 || c >= width {
					continue
				}
				exact, ok = a<<c, a<<c>>c == a
			case thread.Shr:
				if c < 0 || c >= width {
					continue
				}
				exact = a >> c
			case thread.Select:
				r.Args = []*thread.Node{{Op: thread.Const, Type: thread.Scalar(thread.Bool)}, x, y}
				exact = c
			case thread.Conv:
				if to = thread.I64; e == thread.I64 {
					to = thread.I32
				}
				r.Type, r.Args = thread.Scalar(to), r.Args[:1]
				if exact = a; e == thread.I32 && uns {
					exact = int64(uint32(a))
				}
			}
			v := exact
			if to == thread.I32 {
				v = int64(int32(v))
			}
			if p.fits(r) && (op == thread.Add || op == thread.Sub || op == thread.Mul) && (!ok || v != exact) {
				t.Fatalf("%s %s of %d and %d is said to fit", op, e, a, c)
			}
			if g := p.rangeOf(r); p.bounded(r) && (v < g.lo || v > g.hi) {
				t.Fatalf("%s %s (uns %v) of %d and %d is %d, not in %v", op, e, uns, a, c, v, g)
			}
			value[r] = v
			nodes[to] = append(nodes[to], r)
		}
	})
}
