package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// run is where neighbours along an axis lie in the local index of a tile, minor first, whether or not other axes lie between
// them: in an accumulator of the matrix units, say, the columns that a thread holds.
type run struct {
	digits []int // of the local index
	n      int   // neighbours
}

func (t *tile) run(axis int) run {
	r := run{n: 1}
	for found := true; found && axis >= 0; {
		found = false
		for i, d := range t.digits {
			if d.Dim == axis && d.Stride == r.n && d.Radix > 1 {
				r.digits = append(r.digits, i)
				r.n *= d.Radix
				found = true
				break
			}
		}
	}
	return r
}

// fits reports that vectors of vec neighbours, a power of two, are cut out of a run without a rest in any digit.
func (t *tile) fits(r run, vec int) bool {
	for _, i := range r.digits {
		n := t.digits[i].Radix
		if vec <= n {
			return n%vec == 0
		}
		if vec%n != 0 {
			return false
		}
		vec /= n
	}
	return vec == 1
}

// eachRun calls f for every vec neighbours of a run with their number; at gives the local index of each of them.
func (lo *lowerer) eachRun(t *tile, r run, vec int, f func(n node, at func(i int) index)) {
	outer := append(t.digits[:0:0], t.digits...)
	taken := make([]int, len(outer)) // values of a digit inside of the vector
	left := vec
	for _, i := range r.digits {
		taken[i] = min(left, outer[i].Radix)
		outer[i].Radix /= taken[i]
		left /= taken[i]
	}
	lo.loops(outer, 1, func(ox index) {
		f(lo.flat(ox), func(k int) index {
			ix := append(index{}, ox...)
			for i := range ix {
				ix[i].n = t.digits[i].Radix
			}
			for _, i := range r.digits {
				ix[i].x = lo.b.Bin(thread.Add, lo.b.Bin(thread.Mul, ix[i].x, lo.b.I32(taken[i])), lo.b.I32(k%taken[i]))
				k /= taken[i]
			}
			return ix
		})
	})
}

// storeRuns writes a tile vec neighbours at a time.
func (lo *lowerer) storeRuns(a *access, tensor *ir.Value, t *tile, r run, vec int) {
	e, _ := memory(a.elem)
	lo.eachRun(t, r, vec, func(n node, at func(i int) index) {
		lo.byTurn(n, func() {
			p, pred := lo.place(a, tensor, t, at(0))
			xs := make([]node, vec)
			for i := range xs {
				xs[i] = lo.toMemory(lo.get(t, at(i), 1), a.elem)
			}
			lo.b.Store(p, lo.b.Vec(xs...), pred, vec*e.Size())
		})
	})
}
