package ptx

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/thread"
)

// host evaluates the nodes of a formula as the GPU would: a word holds the bits of a scalar.
type host struct {
	word map[*thread.Node]uint64
	vars map[*thread.Var]uint64
	ulp  int // exp2 and the approximate division are off by this many units in the last place
}

func (h *host) f32(n *thread.Node) float32 { return math.Float32frombits(uint32(h.value(n))) }
func (h *host) f64(n *thread.Node) float64 { return math.Float64frombits(h.value(n)) }

func (h *host) value(n *thread.Node) uint64 {
	if n.Op == thread.Const {
		switch n.Type.Elem {
		case thread.F32:
			return uint64(math.Float32bits(float32(n.F)))
		case thread.F64:
			return math.Float64bits(n.F)
		}
		return uint64(n.Imm)
	}
	return h.word[n]
}

// off moves a float by some units in the last place.
func off(x float32, ulp int) float32 {
	if x == 0 || math.IsInf(float64(x), 0) || x != x {
		return x
	}
	return math.Float32frombits(uint32(int(math.Float32bits(x)) + ulp))
}

// fma32 rounds x*y+z once: the double sum is rounded to odd first.
func fma32(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z) // the product is exact
	s := p + c
	if math.IsInf(s, 0) || s != s {
		return float32(s)
	}
	t := s - p // Knuth's two-sum
	if e := (p - (s - t)) + (c - t); e != 0 && math.Float64bits(s)&1 == 0 {
		if (e > 0) == (s > 0) {
			s = math.Float64frombits(math.Float64bits(s) + 1)
		} else {
			s = math.Float64frombits(math.Float64bits(s) - 1)
		}
	}
	return float32(s)
}

func (h *host) block(b *thread.Block) {
	for _, n := range b.Nodes {
		switch n.Op {
		case thread.Const:
		case thread.If:
			if h.value(n.Args[0]) != 0 {
				h.block(n.Body)
			} else if n.Else != nil {
				h.block(n.Else)
			}
		case thread.Get:
			h.word[n] = h.vars[n.Var]
		case thread.Set:
			h.vars[n.Var] = h.value(n.Args[1])
		case thread.Cmp, thread.Select, thread.Bitcast, thread.Conv:
			h.word[n] = h.misc(n)
		default:
			h.word[n] = h.arith(n)
		}
	}
}

func (h *host) misc(n *thread.Node) uint64 {
	a := n.Args
	from := a[0].Type.Elem
	switch n.Op {
	case thread.Select:
		if h.value(a[0]) != 0 {
			return h.value(a[1])
		}
		return h.value(a[2])
	case thread.Bitcast:
		if n.Type.Elem == thread.I32 {
			return uint64(int64(int32(h.value(a[0]))))
		}
		return uint64(uint32(h.value(a[0])))
	case thread.Conv:
		switch x := h.value(a[0]); {
		case from == thread.I32 && n.Type.Elem == thread.F32:
			return uint64(math.Float32bits(float32(int32(x))))
		case from == thread.I32 && n.Uns:
			return uint64(uint32(x))
		case from == thread.I32:
			return uint64(int64(int32(x)))
		case from == thread.I64 && n.Type.Elem == thread.I32:
			return uint64(int64(int32(x)))
		case from == thread.I64:
			return math.Float64bits(float64(int64(x)))
		case from == thread.F64:
			return uint64(math.Float32bits(float32(math.Float64frombits(x))))
		}
	case thread.Cmp:
		var less, same bool
		if from == thread.F32 {
			x, y := h.f32(a[0]), h.f32(a[1])
			if x != x || y != y {
				return 0
			}
			less, same = x < y, x == y
		} else {
			x, y := int64(h.value(a[0])), int64(h.value(a[1]))
			less, same = x < y, x == y
		}
		if map[string]bool{"lt": less, "eq": same, "ne": !same, "gt": !less && !same}[n.Kind] {
			return 1
		}
		return 0
	}
	panic(n.Op)
}

func (h *host) arith(n *thread.Node) uint64 {
	a := n.Args
	switch n.Type.Elem {
	case thread.F64:
		return math.Float64bits(h.f64(a[0]) * h.f64(a[1])) // Mul
	case thread.F32:
		x := h.f32(a[0])
		var r float32
		switch n.Op {
		case thread.Add:
			r = x + h.f32(a[1])
		case thread.Sub:
			r = x - h.f32(a[1])
		case thread.Mul:
			r = x * h.f32(a[1])
		case thread.Div:
			r = off(x/h.f32(a[1]), h.ulp)
		case thread.Fma:
			r = fma32(x, h.f32(a[1]), h.f32(a[2]))
		case thread.Neg:
			r = -x
		case thread.Abs:
			r = float32(math.Abs(float64(x)))
		case thread.Min:
			r = float32(math.Min(float64(x), float64(h.f32(a[1]))))
		case thread.Max: // the other operand of a NaN
			if r = h.f32(a[1]); x > r {
				r = x
			}
		case thread.Exp2:
			if r = float32(math.Exp2(float64(x))); n.Kind == approx && r < 0x1p-126 {
				r = 0
			}
			r = off(r, h.ulp)
		default:
			panic(n.Op)
		}
		return uint64(math.Float32bits(r))
	}
	k, ok := fold(n.Op, n.Type.Elem, n.Uns, int64(h.value(a[0])), int64(h.value(a[1])))
	if !ok {
		panic(n.Op)
	}
	return uint64(k)
}

// evaluator gives a function of one float that runs a formula's nodes.
func evaluator(op thread.Op, ulp int) func(x float32) float32 {
	_, b := thread.NewFunc("f", 1)
	x := &thread.Node{Op: thread.Arg, Type: thread.Scalar(thread.F32)}
	y := formulas[op](formula{b}, x)
	h := &host{word: map[*thread.Node]uint64{}, vars: map[*thread.Var]uint64{}, ulp: ulp}
	return func(v float32) float32 {
		h.word[x] = uint64(math.Float32bits(v))
		h.block(b.Block)
		return h.f32(y)
	}
}

// ulps is the distance of got from the exact value in units in the last place of f32.
func ulps(got float32, want float64) float64 {
	if math.IsNaN(want) && got != got || float64(got) == want {
		return 0
	}
	w := float32(want)
	if w == got && math.IsInf(float64(w), 0) {
		return 0
	}
	if math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0) || got != got {
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

var references = map[thread.Op]struct {
	f    func(float64) float64
	bar  float64 // in units in the last place
	from float64
	to   float64
}{
	thread.Exp:  {math.Exp, 5, -110, 90}, // just below 1 two units of exp2 are four of the result
	thread.Log2: {math.Log2, 2, 0, 10},
	thread.Sin:  {math.Sin, 2, -70000, 70000},
	thread.Cos:  {math.Cos, 2, -70000, 70000},
	thread.Tanh: {math.Tanh, 2, -12, 12},
	thread.Erf:  {math.Erf, 2, -5, 5},
}

// TestErfc: what is added to 1 and then scaled needs a small error beside 1, and beside itself as far as f16 goes.
func TestErfc(t *testing.T) {
	for _, ulp := range []int{0, 2, -2} {
		f := evaluator(thread.Erfc, ulp)
		for i := range 40001 {
			x := float32(i-20000) / 2000
			got, want := float64(f(x)), math.Erfc(float64(x))
			require.InDelta(t, want, got, 0x1p-22, "erfc(%g)", x)
			if x < 4 {
				require.InEpsilon(t, want, got, 0x1p-12, "erfc(%g)", x)
			}
		}
		for _, x := range []float64{0, math.Copysign(0, -1), 1e-40, -1e-40, 30, -30, 1e38, -1e38, math.Inf(1), math.Inf(-1), math.NaN()} {
			got := float64(f(float32(x)))
			if want := math.Erfc(x); want != want {
				require.True(t, got != got, "erfc(NaN) is %g", got)
			} else {
				require.InDelta(t, want, got, 0x1p-22, "erfc(%g)", x)
			}
		}
	}
}

func TestFormulas(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for op, ref := range references {
		var points []float32
		for i := range 20000 { // a grid, small arguments, and any bits
			points = append(points, float32(ref.from+(ref.to-ref.from)*float64(i)/20000), float32(8*(rng.Float64()-0.5)),
				float32(1+0.01*(rng.Float64()-0.5)), math.Float32frombits(rng.Uint32()))
		}
		for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, 0.6, 0.9, 4, 0x1p16, 0x1p-126, 0x1p-149, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat32} {
			points = append(points, float32(x), math.Nextafter32(float32(x), 0), math.Nextafter32(float32(x), 10))
		}
		for _, ulp := range []int{0, 2, -2} { // what the hardware's exp2 and division may be off by
			f := evaluator(op, ulp)
			worst, at := 0.0, float32(0)
			for _, x := range points {
				got := f(x)
				if e := ulps(got, ref.f(float64(x))); e > worst {
					worst, at = e, x
				}
				if x == 0 && op != thread.Cos && op != thread.Log2 && op != thread.Exp {
					require.Equal(t, math.Float32bits(x), math.Float32bits(got), "%s keeps the sign of zero", op)
				}
			}
			t.Logf("%s: %.2f ulp at %g", op, worst, at)
			assert.LessOrEqual(t, worst, ref.bar, "%s at %g: %g, want %g", op, at, f(at), ref.f(float64(at)))
		}
	}
}
