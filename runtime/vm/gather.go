package vm

import (
	"slices"

	"github.com/girih-lang/girih/ir"
)

func init() { register(map[ir.Code]build{ir.OpGather: buildGather}) }

// buildGather reads element by element; neighbours in the tile that are neighbours in memory are decoded together.
func buildGather(p *prep, o *ir.Op) (step, error) {
	t := o.Result().Type
	a, err := p.access(o, o.Args[0], t.Shape, o.Args[2:], o.Ints("dims"))
	if err != nil {
		return nil, err
	}
	index, d, along := p.slot(o.Args[1]), p.slot(o.Result()), o.Int("along")
	axes := make([]int, len(a.offsets)) // the tile axis that runs along each dimension, or -1
	for i := range axes {
		if axes[i] = slices.Index(a.dims, i); i == along {
			axes[i] = -1
		}
	}
	return func(f *frame) error {
		v := &f.run.tensors[a.param]
		F, I := f.F[d], f.I[d]
		fill(F, t.Elem.Float(0))
		fill(I, 0)
		read := func(r row) error {
			if f.run.race != nil {
				if err := f.readRow(a, r); err != nil {
					return err
				}
			}
			if F != nil {
				v.dtype.Decode(F[r.tile:r.tile+r.n], v.data, r.at)
			} else {
				v.dtype.DecodeInt(I[r.tile:r.tile+r.n], v.data, r.at)
			}
			return nil
		}
		var pos [maxRank]int
		run := row{step: 1, tileStep: 1}
		for k := range t.Size() {
			at, inside := 0, true
			for i, s := range a.offsets {
				x := int(f.I[s][0])
				if i == along {
					x += int(f.I[index][k])
				} else if axes[i] >= 0 {
					x += pos[axes[i]]
				}
				inside = inside && (i == along || x >= 0 && x < v.shape[i])
				at += x * v.strides[i]
			}
			if x := int(f.I[a.offsets[along]][0] + f.I[index][k]); inside && (x < 0 || x >= v.shape[along]) {
				return f.fail(o, nil, "element %v of the index is %d: dimension %d of %s has the extent %d", indexAt(pos[:t.Rank()], a.dims, along), x, along, v.name, v.shape[along])
			}
			if run.n > 0 && (!inside || at != run.at+run.n) {
				if err := read(run); err != nil {
					return err
				}
				run.n = 0
			}
			if inside {
				if run.n == 0 {
					run.at, run.tile = at, k
				}
				run.n++
			}
			for i := t.Rank() - 1; i >= 0; i-- {
				if pos[i]++; pos[i] < t.Shape[i] {
					break
				}
				pos[i] = 0
			}
		}
		if run.n > 0 {
			return read(run)
		}
		return nil
	}, nil
}

// indexAt is where an element of the index stands along its own axes.
func indexAt(pos, dims []int, along int) (at []int) {
	for i, p := range pos {
		if dims[i] == along {
			at = append(at, p)
		}
	}
	return at
}
