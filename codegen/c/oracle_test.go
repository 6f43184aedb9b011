package c_test

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"github.com/girih-lang/girih/codegen/thread"
)

func signed(e thread.Elem, x uint64) int64 {
	s := uint(64 - 8*e.Size())
	return int64(x<<s) >> s
}

func value(e thread.Elem, x uint64) float64 { return typeOf(e).Float(x) }

func code(e thread.Elem, x float64) uint64 { return typeOf(e).FromFloat(x, typeOf(e).Mode()) }

// node applies an operation.
func node(op thread.Op, out thread.Elem, imm int64, kind string, uns bool) func(b *thread.Builder, x []*thread.Node) *thread.Node {
	return func(b *thread.Builder, x []*thread.Node) *thread.Node {
		return b.Emit(&thread.Node{Op: op, Type: thread.Type{Elem: out, Lanes: x[0].Type.Lanes}, Args: x, Imm: imm, Kind: kind, Uns: uns})
	}
}

func repeat(e thread.Elem, n int) []thread.Elem {
	s := make([]thread.Elem, n)
	for i := range s {
		s[i] = e
	}
	return s
}

// intOp is the meaning of integer operations on values extended as uns says.
func intOp(op thread.Op, e thread.Elem, uns bool, x []uint64) uint64 {
	a := signed(e, x[0])
	ua := x[0]
	var b int64
	var ub uint64
	if len(x) > 1 {
		b, ub = signed(e, x[1]), x[1]
	}
	pick := func(c bool) uint64 {
		if c {
			return x[0]
		}
		return x[1]
	}
	switch op {
	case thread.Add:
		return ua + ub
	case thread.Sub:
		return ua - ub
	case thread.Mul:
		return ua * ub
	case thread.Div:
		if uns {
			return ua / ub
		}
		return uint64(a / b)
	case thread.Rem:
		if uns {
			return ua % ub
		}
		return uint64(a % b)
	case thread.Min:
		return pick(uns && ua < ub || !uns && a < b)
	case thread.Max:
		return pick(uns && ua > ub || !uns && a > b)
	case thread.And:
		return ua & ub
	case thread.Or:
		return ua | ub
	case thread.Xor:
		return ua ^ ub
	case thread.Popc:
		return uint64(bits.OnesCount64(ua))
	case thread.Clz:
		return uint64(bits.LeadingZeros64(ua) - 64 + 8*e.Size())
	case thread.Shl:
		return ua << ub
	case thread.Shr:
		if uns {
			return ua >> ub
		}
		return uint64(a >> ub)
	case thread.Neg:
		return -ua
	case thread.Not:
		return ^ua
	case thread.Abs:
		return uint64(max(a, -a))
	}
	panic(op)
}

func intChecks(op thread.Op, operands int) []check {
	var out []check
	for _, e := range ints {
		for _, uns := range []bool{false, true} {
			ch := check{name: fmt.Sprint(op, e, uns), in: repeat(e, operands), out: e, build: node(op, e, 0, "", uns), want: func(x []uint64) uint64 { return intOp(op, e, uns, x) }}
			switch op {
			case thread.Div, thread.Rem:
				ch.skip = func(x []uint64) bool { return x[1] == 0 || signed(e, x[1]) == -1 }
			case thread.Shl, thread.Shr:
				a := pool(e, elements, 0)
				ch.gen = func(i int) []uint64 { return []uint64{a[i], uint64(i % (8 * e.Size()))} }
			}
			out = append(out, ch)
		}
	}
	if op == thread.And || op == thread.Or || op == thread.Xor || op == thread.Not {
		out = append(out, check{name: fmt.Sprint(op, "bool"), in: repeat(thread.Bool, operands), out: thread.Bool, build: node(op, thread.Bool, 0, "", false),
			want: func(x []uint64) uint64 { return intOp(op, thread.I8, false, x) & 1 }})
	}
	return out
}

// floatOp is the exact or well rounded meaning of float operations.
func floatOp(op thread.Op, x []float64) float64 {
	switch op {
	case thread.Add:
		return x[0] + x[1]
	case thread.Sub:
		return x[0] - x[1]
	case thread.Mul:
		return x[0] * x[1]
	case thread.Div:
		return x[0] / x[1]
	case thread.Min, thread.Max:
		a, b := x[0], x[1]
		switch {
		case a != a:
			return b
		case b != b:
			return a
		case op == thread.Min:
			return math.Min(a, b)
		}
		return math.Max(a, b)
	case thread.Neg:
		return -x[0]
	case thread.Abs:
		return math.Abs(x[0])
	case thread.Sqrt:
		return math.Sqrt(x[0])
	case thread.Rsqrt:
		return 1 / math.Sqrt(x[0])
	case thread.Exp:
		return math.Exp(x[0])
	case thread.Exp2:
		return math.Exp2(x[0])
	case thread.Log2:
		return math.Log2(x[0])
	case thread.Sin:
		return math.Sin(x[0])
	case thread.Cos:
		return math.Cos(x[0])
	case thread.Tanh:
		return math.Tanh(x[0])
	case thread.Erfc:
		return math.Erfc(x[0])
	case thread.Erf:
		return math.Erf(x[0])
	case thread.Floor:
		return math.Floor(x[0])
	case thread.Ceil:
		return math.Ceil(x[0])
	case thread.Round:
		return math.RoundToEven(x[0])
	}
	panic(op)
}

func floatChecks(op thread.Op, operands, ulp int, kinds []thread.Elem) []check {
	var out []check
	for _, e := range kinds {
		ulp := ulp
		if e == thread.F64 && (op == thread.Sin || op == thread.Cos || op == thread.Log2) {
			ulp = 64 // Go's own error for huge arguments, and near 1
		}
		out = append(out, check{name: fmt.Sprint(op, e), in: repeat(e, operands), out: e, ulp: ulp, build: node(op, e, 0, "", false), want: func(x []uint64) uint64 {
			var v []float64
			for _, a := range x {
				v = append(v, value(e, a))
			}
			return code(e, floatOp(op, v))
		}})
	}
	return out
}

// fmaExact rounds a*b+c once, by big numbers.
func fmaExact(e thread.Elem, a, b, c float64) uint64 {
	for _, x := range []float64{a, b, c, a * b} {
		if math.IsInf(x, 0) || x != x {
			if !math.IsInf(a, 0) && !math.IsInf(b, 0) && a == a && b == b && c == c && !math.IsInf(c, 0) {
				break
			}
			return code(e, math.FMA(a, b, c))
		}
	}
	if e == thread.F64 {
		return math.Float64bits(math.FMA(a, b, c))
	}
	s := new(big.Float).SetPrec(2000).SetMode(big.ToZero)
	s.Mul(big.NewFloat(a), big.NewFloat(b))
	s.Add(s, big.NewFloat(c))
	if s.Sign() == 0 {
		return code(e, math.FMA(a, b, c))
	}
	// Round to odd in double, then to the kind.
	d, acc := new(big.Float).SetPrec(53).SetMode(big.ToZero).Set(s).Float64()
	_ = acc
	if new(big.Float).SetPrec(2000).SetFloat64(d).Cmp(s) != 0 {
		d = math.Float64frombits(math.Float64bits(d) | 1)
	}
	return code(e, d)
}

func fmaChecks() []check {
	var out []check
	for _, e := range floats {
		out = append(out, check{name: fmt.Sprint("fma", e), in: repeat(e, 3), out: e, build: node(thread.Fma, e, 0, "", false), want: func(x []uint64) uint64 {
			return fmaExact(e, value(e, x[0]), value(e, x[1]), value(e, x[2]))
		}})
	}
	// A product half way between two bf16, moved off it by an addend far below: rounding twice goes wrong here.
	out = append(out, check{name: "fma bf16 half way", in: repeat(thread.BF16, 3), out: thread.BF16, build: node(thread.Fma, thread.BF16, 0, "", false),
		gen: func(i int) []uint64 {
			z := math.Ldexp(1, -60-i%60)
			if i%2 == 0 {
				z = -z
			}
			return []uint64{code(thread.BF16, 1+float64(i/2%128)/128), code(thread.BF16, 1+float64(2*(i/3)%128)/256), code(thread.BF16, z)}
		},
		want: func(x []uint64) uint64 {
			return fmaExact(thread.BF16, value(thread.BF16, x[0]), value(thread.BF16, x[1]), value(thread.BF16, x[2]))
		}})
	return out
}

func compareChecks() []check {
	var out []check
	for _, e := range all {
		for _, kind := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
			for _, uns := range []bool{false, true} {
				if uns && !e.IsInt() {
					continue
				}
				out = append(out, check{name: fmt.Sprint(kind, e, uns), in: repeat(e, 2), out: thread.Bool, build: node(thread.Cmp, thread.Bool, 0, kind, uns), want: func(x []uint64) uint64 {
					var lt, eq bool
					switch {
					case e.IsFloat():
						a, b := value(e, x[0]), value(e, x[1])
						if a != a || b != b {
							return map[bool]uint64{true: 1}[kind == "ne"]
						}
						lt, eq = a < b, a == b
					case uns || e == thread.Bool:
						lt, eq = x[0] < x[1], x[0] == x[1]
					default:
						lt, eq = signed(e, x[0]) < signed(e, x[1]), x[0] == x[1]
					}
					r := map[string]bool{"eq": eq, "ne": !eq, "lt": lt, "le": lt || eq, "gt": !lt && !eq, "ge": !lt}[kind]
					return map[bool]uint64{true: 1}[r]
				}})
			}
		}
	}
	return out
}

func selectChecks() []check {
	var out []check
	for _, e := range all {
		out = append(out, check{name: fmt.Sprint("select", e), in: []thread.Elem{thread.Bool, e, e}, out: e, build: node2(thread.Select, e), want: func(x []uint64) uint64 {
			if x[0] != 0 {
				return x[1]
			}
			return x[2]
		}})
	}
	return out
}

func node2(op thread.Op, e thread.Elem) func(b *thread.Builder, x []*thread.Node) *thread.Node {
	return node(op, e, 0, "", false)
}

// convert is the meaning of Conv.
func convert(from, to thread.Elem, uns bool, x uint64) uint64 {
	switch {
	case to == thread.Bool:
		if from.IsFloat() {
			return map[bool]uint64{true: 1}[value(from, x) != 0]
		}
		return map[bool]uint64{true: 1}[x != 0]
	case from.IsFloat() && to.IsFloat():
		return code(to, value(from, x))
	case from.IsFloat():
		if uns && to == thread.I64 {
			return uint64(value(from, x))
		}
		return uint64(int64(value(from, x)))
	case to.IsFloat():
		n := new(big.Float).SetInt64(signed(from, x))
		if uns || from == thread.Bool {
			n = new(big.Float).SetUint64(x)
		}
		d, _ := new(big.Float).SetMode(big.ToZero).SetPrec(53).Set(n).Float64()
		if to == thread.F64 {
			d, _ = n.Float64()
			return math.Float64bits(d)
		}
		if new(big.Float).SetFloat64(d).Cmp(n) != 0 {
			d = math.Float64frombits(math.Float64bits(d) | 1)
		}
		return code(to, d)
	case uns || from == thread.Bool:
		return x
	}
	return uint64(signed(from, x))
}

func convertChecks() []check {
	var out []check
	for _, from := range all {
		for _, to := range all {
			for _, uns := range []bool{false, true} {
				if from == to || uns && !from.IsInt() && !to.IsInt() || from == thread.Bool && uns {
					continue
				}
				ch := check{name: fmt.Sprint(from, "->", to, uns), in: []thread.Elem{from}, out: to, build: node(thread.Conv, to, 0, "", uns), want: func(x []uint64) uint64 { return convert(from, to, uns, x[0]) }}
				if from.IsFloat() && to.IsInt() {
					ch.skip = func(x []uint64) bool {
						v := math.Trunc(value(from, x[0]))
						lo, hi := -math.Ldexp(1, 8*to.Size()-1), math.Ldexp(1, 8*to.Size()-1)
						if uns {
							lo, hi = 0, math.Ldexp(1, 8*to.Size())
						}
						return !(v >= lo && v < hi)
					}
				}
				out = append(out, ch)
			}
		}
	}
	return out
}

func bitcastChecks() []check {
	var out []check
	for _, from := range all {
		for _, to := range all {
			if from.Size() == to.Size() && from != to && from != thread.Bool && to != thread.Bool {
				out = append(out, check{name: fmt.Sprint(from, "=", to), in: []thread.Elem{from}, out: to, build: node2(thread.Bitcast, to), want: func(x []uint64) uint64 { return x[0] }})
			}
		}
	}
	return out
}

func wordChecks() map[thread.Op][]check {
	var lop, perm []check
	for _, f := range []int64{0x00, 0xff, 0xf0, 0x0f, 0xcc, 0xaa, 0x96, 0xe8, 0xea, 0x6a, 0xca, 0x1b, 0x80, 0xfe, 0x3c, 0x5a, 0x27, 0xd8, 0xb1, 0x7f} {
		lop = append(lop, check{name: fmt.Sprintf("lop3 %#x", f), in: repeat(thread.I32, 3), out: thread.I32, build: node(thread.Lop3, thread.I32, f, "", false), want: func(x []uint64) uint64 {
			var r uint64
			for i := range 32 {
				row := x[0]>>i&1<<2 | x[1]>>i&1<<1 | x[2]>>i&1
				r |= uint64(f) >> row & 1 << i
			}
			return r
		}})
	}
	a, b := pool(thread.I32, elements, 0), pool(thread.I32, elements, 1)
	perm = append(perm, check{name: "prmt", in: repeat(thread.I32, 3), out: thread.I32, build: node2(thread.Prmt, thread.I32), gen: func(i int) []uint64 {
		return []uint64{a[i], b[i], uint64(i*7919) & 0x7777}
	}, want: func(x []uint64) uint64 {
		v := x[1]<<32 | x[0]
		var r uint64
		for i := range 4 {
			r |= v >> (8 * (x[2] >> (4 * i) & 7)) & 255 << (8 * i)
		}
		return r
	}})
	return map[thread.Op][]check{thread.Lop3: lop, thread.Prmt: perm}
}
