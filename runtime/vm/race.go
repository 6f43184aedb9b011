package vm

import (
	"github.com/girih-lang/girih/ir"
)

// raceTable remembers, for each element of a result, the block and operation that wrote it and one that read it. Blocks
// run one after another in this mode, so that the first clash is the same every time.
type raceTable struct{ written, read []mark }

type mark struct {
	op    *ir.Op
	block int64
}

func newRaceTables(k *ir.Kernel, vs []view) []raceTable {
	ts := make([]raceTable, len(vs))
	for i, p := range k.Params {
		if p.Out && vs[i].data != nil {
			n := 1
			for _, s := range vs[i].shape {
				n *= s
			}
			ts[i] = raceTable{make([]mark, n), make([]mark, n)}
		}
	}
	return ts
}

// coords are the coordinates of an element.
func (v *view) coords(i int) []int {
	at := make([]int, len(v.shape))
	for d, s := range v.strides {
		at[d] = i / s
		i %= s
	}
	return at
}

func (f *frame) blockOf(n int64) [3]int64 {
	g := f.run.call.Grid
	return [3]int64{n % g[0], n / g[0] % g[1], n / g[0] / g[1]}
}

// writeRow records a store and refuses one that meets another block's access.
func (f *frame) writeRow(a *access, r row) error {
	t, v := f.run.race[a.param], &f.run.tensors[a.param]
	for i := range r.n {
		e := r.at + i*r.step
		if w := t.written[e]; w.op != nil && w.block != f.block {
			return f.fail(a.op, w.op, "race: element %v of %s is also written by block %v", v.coords(e), v.name, f.blockOf(w.block))
		}
		if w := t.read[e]; w.op != nil && w.block != f.block {
			return f.fail(a.op, w.op, "race: element %v of %s is read by block %v", v.coords(e), v.name, f.blockOf(w.block))
		}
		t.written[e] = mark{a.op, f.block}
	}
	return nil
}

// readRow records a load from a result and refuses one of an element that another block writes, or nothing.
func (f *frame) readRow(a *access, r row) error {
	t, v := f.run.race[a.param], &f.run.tensors[a.param]
	if t.written == nil {
		return nil
	}
	for i := range r.n {
		e := r.at + i*r.step
		switch w := t.written[e]; {
		case w.op == nil:
			return f.fail(a.op, nil, "reads element %v of the result %s before anything has written it", v.coords(e), v.name)
		case w.block != f.block:
			return f.fail(a.op, w.op, "race: element %v of %s is written by block %v", v.coords(e), v.name, f.blockOf(w.block))
		}
		t.read[e] = mark{a.op, f.block}
	}
	return nil
}
