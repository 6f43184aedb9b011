package widen

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// machine runs a program on plain integers.
type machine struct {
	to    dtype.Type
	words []uint32
	vals  []uint32
}

func (m *machine) get(a Arg) uint32 {
	switch a.From {
	case Word:
		return m.words[a.N]
	case Value:
		return m.vals[a.N]
	case Splat:
		c := uint32(m.to.FromFloat(a.F, m.to.Mode()))
		if m.to.Bits() == 16 {
			return c * 0x10001
		}
		return c
	}
	return a.K
}

// lanes applies a function to the floats of registers.
func (m *machine) lanes(f func(x []float64) float64, args ...uint32) (r uint32) {
	n := m.to.Bits()
	for at := 0; at < 32; at += n {
		var xs []float64
		for _, a := range args {
			xs = append(xs, m.to.Float(uint64(a>>at)&(1<<n-1)))
		}
		r |= uint32(m.to.FromFloat(f(xs), m.to.Mode())) << at
	}
	return r
}

func (m *machine) run(p *Program) {
	to := m.to
	defer func() { m.to = to }()
	if t := p.Through(); t.IsValid() {
		m.to = t
	}
	for _, s := range p.Steps {
		a, b, c := m.get(s.A), m.get(s.B), m.get(s.C)
		var r uint32
		switch s.Code {
		case Shr:
			r = a >> s.Imm
		case Shl:
			r = a << s.Imm
		case Rot:
			r = bits.RotateLeft32(a, -int(s.Imm))
		case Lop3:
			for i := range 8 {
				if s.Imm>>i&1 != 0 {
					pick := func(x uint32, bit int) uint32 {
						if i>>bit&1 != 0 {
							return x
						}
						return ^x
					}
					r |= pick(a, 2) & pick(b, 1) & pick(c, 0)
				}
			}
		case Prmt:
			for i := range 4 {
				sel := c >> (4 * i) & 15
				x := byte((uint64(b)<<32 | uint64(a)) >> (8 * (sel & 7)))
				if sel&8 != 0 {
					x = byte(int8(x) >> 7)
				}
				r |= uint32(x) << (8 * i)
			}
		case Add:
			r = a + b
		case FAdd:
			r = m.lanes(func(x []float64) float64 { return x[0] + x[1] }, a, b)
		case FMul:
			r = m.lanes(func(x []float64) float64 { return x[0] * x[1] }, a, b)
		case Fma:
			r = m.lanes(func(x []float64) float64 { return math.FMA(x[0], x[1], x[2]) }, a, b, c)
		case FMin:
			r = m.lanes(func(x []float64) float64 {
				if math.IsNaN(x[0]) {
					return x[1]
				}
				return math.Min(x[0], x[1])
			}, a, b)
		case Equal:
			r = m.lanes(func(x []float64) float64 {
				if x[0] == x[1] {
					return 1
				}
				return 0
			}, a, b) / uint32(m.to.FromFloat(1, dtype.Mode{})) * 0xffff
		case FP8:
			for i := range 2 {
				v := dtype.F8E4M3FN.Float(uint64(a>>(16*s.Imm+8*uint32(i))) & 255)
				r |= uint32(dtype.F16.FromFloat(v, dtype.Mode{})) << (16 * i)
			}
		case Repair:
			to, from := dtype.BF16, dtype.F16
			if s.Kind == "f16" {
				to, from = from, to
			}
			for i := range 2 {
				r |= uint32(to.FromFloat(from.Float(uint64(a>>(16*i))&0xffff), dtype.Mode{})) << (16 * i)
			}
		case ToF32:
			from, _ := dtype.Parse(s.Kind)
			r = uint32(dtype.F32.FromFloat(from.Float(uint64(a>>(16*s.Imm))&0xffff), dtype.Mode{}))
		}
		m.vals = append(m.vals, r)
	}
}

func pack(p *ir.Plan, words int, codes []uint64) []uint32 {
	w := make([]uint32, words)
	for i, c := range codes {
		for j, b := range bitsOf(p.Fields[i]) {
			w[b/32] |= uint32(c>>j&1) << (b % 32)
		}
	}
	return w
}

func sources() []dtype.Type {
	var ts []dtype.Type
	for _, t := range dtype.All() {
		if t.Bits() <= 8 && !t.IsBool() && (!t.IsFloat() || t.HasSign()) {
			ts = append(ts, t)
		}
	}
	return ts
}

func goals() []Goal {
	return []Goal{{To: dtype.F16}, {To: dtype.F16, FP8: true}, {To: dtype.BF16}, {To: dtype.BF16, FP8: true}, {To: dtype.F32}, {To: dtype.I8}, {To: dtype.U8}}
}

// Every code of every type, in every place of plans of every length, becomes its value.
func TestExact(t *testing.T) {
	for _, from := range sources() {
		for _, g := range goals() {
			for _, n := range []int{2, 4, 6, 8, 16, 32} {
				p := Place(from, g, n)
				for _, deferred := range []bool{false, true} {
					prog, ok := Derive(p, from, g, deferred)
					if !ok {
						require.True(t, kindOf(from, g) == none || g.To.Bits() == 8 && n%4 != 0, "%s to %s: %d", from, g, n)
						continue
					}
					check(t, fmt.Sprint(from, " to ", g, " n=", n), p, prog, from, g, n)
				}
			}
		}
	}
}

func check(t *testing.T, name string, p *ir.Plan, prog *Program, from dtype.Type, g Goal, n int) {
	per := g.To.Bits()
	for first := range 1 << from.Bits() {
		codes := make([]uint64, n)
		for i := range codes {
			codes[i] = uint64(first+i*37) & (1<<from.Bits() - 1)
		}
		m := &machine{to: g.To, words: pack(p, Words(from.Bits(), n), codes)}
		m.run(prog)
		for i, c := range codes {
			out := prog.Outs[i*per/32]
			code := uint64(m.get(out.X)>>(i*per%32)) & (1<<per - 1)
			x := 0.0
			if g.To.IsInt() {
				x = float64(g.To.Int(code))
			} else {
				x = g.To.Float(code)
			}
			got := out.Scale*x + out.Offset
			want := 0.0
			if from.IsInt() {
				want = float64(from.Int(c))
				if g.To.IsInt() { // wraps
					want = float64(g.To.Int(uint64(from.Int(c)) & 0xff))
				}
			} else if want = from.Float(c); g.To == dtype.F16 {
				want = g.To.Round(want)
			}
			if math.IsNaN(want) && math.IsNaN(got) {
				continue
			}
			if got != want {
				t.Fatalf("%s: code %#x in field %d: %g, expected %g", name, c, i, got, want)
			}
		}
	}
}

// A plan uses every bit once and no more words than the bits need.
func TestPlaces(t *testing.T) {
	for _, from := range append(sources(), dtype.U(11), dtype.I(13), dtype.U(23), dtype.I(40)) {
		for _, g := range goals() {
			for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 16, 17, 24, 32, 64} {
				p := Place(from, g, n)
				used := map[int]bool{}
				require.Len(t, p.Fields, n)
				for _, f := range p.Fields {
					at := bitsOf(f)
					require.Len(t, at, from.Bits())
					for _, b := range at {
						require.False(t, used[b], "%s n=%d bit %d", from, n, b)
						used[b] = true
						require.Less(t, b, 32*Words(from.Bits(), n))
					}
				}
			}
		}
	}
}

// Programs on plans that were made for something else are right as well, or there are none.
func TestForeignPlans(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 200 {
		ts := sources()
		from, g, h := ts[rnd.Intn(len(ts))], goals()[rnd.Intn(7)], goals()[rnd.Intn(7)]
		p := Place(dtype.U(from.Bits()), h, 16)
		if prog, ok := Derive(p, from, g, false); ok {
			check(t, fmt.Sprint(from, " to ", g, " placed for ", h), p, prog, from, g, 16)
		}
	}
}

// The bars of docs/types.md.
func TestCost(t *testing.T) {
	for _, from := range sources() {
		line := fmt.Sprintf("%-12s", from)
		for _, g := range goals() {
			n := 64
			p := Place(from, g, n)
			a, ok1 := Derive(p, from, g, true)
			b, ok2 := Derive(p, from, g, false)
			if !ok1 || !ok2 {
				line += fmt.Sprintf("  %-9s -    -   ", g)
				continue
			}
			line += fmt.Sprintf("  %-9s %.2f %.2f", g, float64(a.Ops())/float64(n), float64(b.Ops())/float64(n))
		}
		t.Log(line)
	}
}

// Bytes that stand for multiples: every code becomes its value by the factor and the offset that are left, neighbours along a
// fragment have the same factor, and integers take one instruction a word.
func TestScaled(t *testing.T) {
	cost := map[string]float64{"f3e1m1": 0.66, "f3e2m0": 0.66, "f4e1m2": 0.875, "f4e2m1": 0.875, "f4e3m0": 0.875}
	tried := 0
	for _, from := range sources() {
		g, ok := InBytes(from)
		if !ok || from.IsInt() && 8%from.Bits() != 0 || from.Bits() == 8 {
			continue
		}
		tried++
		const n = 64
		p := Place(from, g, n)
		prog, ok := Derive(p, from, g, true)
		require.True(t, ok)
		if from.IsInt() {
			cost[from.String()] = 0.25
		}
		require.LessOrEqual(t, float64(prog.Ops())/n, cost[from.String()], "%s", from)
		for code := range 1 << from.Bits() {
			codes := make([]uint64, n)
			for i := range codes {
				codes[i] = uint64((code + i) % (1 << from.Bits()))
			}
			m := &machine{to: g.To, words: pack(p, Words(from.Bits(), n), codes)}
			m.run(prog)
			for i := range codes {
				o := prog.Outs[i/4]
				b := byte(m.get(o.X) >> (i % 4 * 8))
				v := float64(b)
				if o.Offset == 0 && g.To == dtype.I8 {
					v = float64(int8(b))
				}
				if prog.Less != nil {
					v -= float64(int8(m.get(prog.Less[i/4]) >> (i % 4 * 8)))
				}
				require.Equal(t, from.Float(codes[i]), v*o.Scale+o.Offset, "%s: element %d", from, i)
				require.Equal(t, prog.Outs[i/8*2].Scale, o.Scale, "columns of a fragment")
			}
		}
		_, ok = Derive(p, from, g, false)
		require.False(t, ok, "factors must be left")
		got, ok := ParseGoal(g.String())
		require.True(t, ok)
		require.Equal(t, g, got)
	}
	require.Equal(t, 11, tried)
}
