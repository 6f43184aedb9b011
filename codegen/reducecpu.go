package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// reductionChains is the number of vectors of running results: enough to hide the latency of an operation.
const reductionChains = 4

// partialWide combines along the fastest axis in vector registers, where a C compiler would keep running results in memory.
// It reports whether it did: floats of 32 and 64 bits and whole vectors only.
func (lo *lowerer) partialWide(o *ir.Op, src *tile, v *thread.Var, start node, read func(ix index) node) bool {
	b := lo.b
	e := v.Elem
	op := o.Str("op")
	if lo.t.GPU || e != thread.F32 && e != thread.F64 || len(src.digits) == 0 || src.digits[0].Dim != o.Int("axis") {
		return false
	}
	if op != "sum" && op != "max" && op != "min" {
		return false
	}
	lanes, n := thread.WideLanes(e), src.digits[0].Radix
	if n%lanes != 0 || n < 2*lanes {
		return false
	}
	chains := reductionChains
	for n%(chains*lanes) != 0 {
		chains /= 2
	}
	step := chains * lanes
	acc := b.NewRegisters("sum", e, chains)
	parts := b.NewVar("part", e, lanes)
	chunk := b.NewVar("chunk", e, step)
	reg := func(i int) node { return b.I32(i * lanes) }
	lo.loops(src.digits[1:], 1, func(rest index) {
		for i := range chains {
			b.Set(acc, reg(i), b.Splat(start))
		}
		b.For(b.I32(0), b.I32(n/step), b.I32(1), func(c node) {
			first := b.Bin(thread.Mul, c, b.I32(step))
			from, at := chunk, func(i int) node { return reg(i) }
			if src.v != nil && src.v.Elem == e {
				whole := append(index{part{first, n}}, rest...)
				base := lo.flat(whole)
				from, at = src.v, func(i int) node { return b.Bin(thread.Add, base, reg(i)) }
			} else {
				b.Local(step, func(i node) {
					b.Set(chunk, i, read(append(index{part{b.Bin(thread.Add, first, i), n}}, rest...)))
				})
			}
			for i := range chains {
				b.Set(acc, reg(i), lo.combineWide(op, b.GetWide(acc, reg(i)), b.GetWide(from, at(i))))
			}
		})
		x := b.GetWide(acc, reg(0))
		for i := 1; i < chains; i++ {
			x = lo.combineWide(op, x, b.GetWide(acc, reg(i)))
		}
		b.Set(parts, b.I32(0), x)
		to := lo.flat(keep(rest, src.digits[1:], o.Int("axis")))
		b.Set(v, to, start)
		b.Local(lanes, func(i node) { b.Set(v, to, lo.combine(o, b.Get(v, to, 1), b.Get(parts, i, 1))) })
	})
	return true
}

// combineWide is combine on wide vectors: of zeros +0 is the greater one, and a NaN loses.
func (lo *lowerer) combineWide(op string, x, y node) node {
	b := lo.b
	if op == "sum" {
		return b.Bin(thread.Add, x, y)
	}
	pred, bits := "gt", thread.And
	if op == "min" {
		pred, bits = "lt", thread.Or
	}
	ints := thread.Wide(thread.I32)
	if x.Type.Elem == thread.F64 {
		ints = thread.Wide(thread.I64)
	}
	zero := b.Bitcast(b.Bin(bits, b.Bitcast(x, ints), b.Bitcast(y, ints)), x.Type)
	r := b.Select(b.Cmp(pred, x, y, false), x, y)
	r = b.Select(b.Cmp("eq", x, y, false), zero, r)
	return b.Select(b.Cmp("eq", y, y, false), r, x)
}
