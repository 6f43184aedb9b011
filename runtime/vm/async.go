package vm

import (
	"math"

	"github.com/girih-lang/girih/ir"
)

func init() {
	register(map[ir.Code]build{
		ir.OpCopyAsync: buildCopyAsync, ir.OpCommit: buildCommit, ir.OpWait: buildWait, ir.OpBarrier: buildBarrier,
		// Kernels run one after the other here.
		ir.OpLaunchDependents: func(*prep, *ir.Op) (step, error) { return nil, nil }, ir.OpWaitGrid: func(*prep, *ir.Op) (step, error) { return nil, nil },
	})
}

// copyJob is a copy in flight: the elements as they were when it started.
type copyJob struct {
	r        *slotRef
	first, n int
	F        []float64
	I        []int64
}

func buildCopyAsync(p *prep, o *ir.Op) (step, error) {
	r, err := p.slotRef(o, o.Args[0], o.Args[1:2])
	if err != nil {
		return nil, err
	}
	shape := o.Args[0].Type.Shape[1:]
	if len(shape) > maxRank {
		return nil, p.fail(o, "the VM copies tiles of at most %d axes", maxRank)
	}
	a, err := p.access(o, o.Args[2], shape, o.Args[3:], o.Ints("dims"))
	return func(f *frame) error {
		first, n, err := r.writing(f)
		if err != nil {
			return err
		}
		j := &copyJob{r: r, first: first, n: n}
		if r.elem.IsFloat() {
			j.F = make([]float64, n*r.cellSize)
		} else {
			j.I = make([]int64, n*r.cellSize)
		}
		for i := first; i < first+n; i++ {
			f.shared[r.index].cells[i].pending = o
		}
		f.open = append(f.open, j)
		return a.load(f, j.F, j.I, r.elem)
	}, err
}

func (j *copyJob) land(f *frame) {
	s := &f.shared[j.r.index]
	for i := j.first; i < j.first+j.n; i++ {
		c := &s.cells[i]
		c.init, c.pending = true, nil
		if !j.r.buffer.op.Flag("private") {
			c.landed = j.r.op
		}
	}
	if s.F != nil {
		copy(s.F[j.first*j.r.cellSize:], j.F)
	} else {
		copy(s.I[j.first*j.r.cellSize:], j.I)
	}
}

func buildCommit(*prep, *ir.Op) (step, error) {
	return func(f *frame) error {
		f.groups = append(f.groups, f.open)
		f.open = nil
		return nil
	}, nil
}

func buildWait(p *prep, o *ir.Op) (step, error) {
	keep := o.Int("groups")
	if keep < 0 || keep > math.MaxInt32 {
		return nil, p.fail(o, "groups is %d, expected 0 or more", keep)
	}
	return func(f *frame) error {
		for len(f.groups) > keep {
			for _, j := range f.groups[0] {
				j.land(f)
			}
			f.groups = f.groups[1:]
		}
		return nil
	}, nil
}

// buildBarrier makes everything before it visible, but for copies that no wait has completed.
func buildBarrier(*prep, *ir.Op) (step, error) {
	return func(f *frame) error {
		for i := range f.shared {
			for j := range f.shared[i].cells {
				c := &f.shared[i].cells[j]
				c.landed, c.wrote, c.read = nil, nil, nil
			}
		}
		return nil
	}, nil
}
