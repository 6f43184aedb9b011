package vm

import (
	"errors"
	"math"

	"github.com/girih-lang/girih/ir"
)

func init() {
	register(map[ir.Code]build{
		ir.OpConst: buildConst, ir.OpIota: buildIota, ir.OpDim: buildDim, ir.OpProgramID: buildProgramID,
		ir.OpTurn: buildNumber(0), ir.OpTurnsLeft: buildNumber(0), ir.OpClusterRank: buildNumber(0), ir.OpClusterSize: buildNumber(1),
		ir.OpFor: buildFor, ir.OpIf: buildIf, ir.OpYield: func(*prep, *ir.Op) (step, error) { return nil, nil },
	})
}

func buildConst(p *prep, o *ir.Op) (step, error) {
	d := p.slot(o.Result())
	p.consts = append(p.consts, func(f *frame) {
		switch v := o.Attr("value").(type) {
		case float64:
			fill(f.F[d], v)
		case int64:
			fill(f.I[d], v)
		}
	})
	return nil, nil
}

// buildNumber is a scalar that is the same in every block.
func buildNumber(n int64) build {
	return func(p *prep, o *ir.Op) (step, error) {
		d := p.slot(o.Result())
		p.consts = append(p.consts, func(f *frame) { fill(f.I[d], n) })
		return nil, nil
	}
}

func fill[T any](d []T, v T) {
	for i := range d {
		d[i] = v
	}
}

func buildIota(p *prep, o *ir.Op) (step, error) {
	d, shape, axis := p.slot(o.Result()), o.Result().Type.Shape, o.Int("axis")
	inner := ir.TileOf(ir.Index, shape[axis+1:]...).Size()
	p.consts = append(p.consts, func(f *frame) {
		for i := range f.I[d] {
			f.I[d][i] = int64(i / inner % shape[axis])
		}
	})
	return nil, nil
}

func buildDim(p *prep, o *ir.Op) (step, error) {
	e, err := ir.ParseExpr(o.Str("expr"))
	if err != nil {
		return nil, p.fail(o, "expression %q: %v", o.Str("expr"), err)
	}
	d := p.slot(o.Result())
	p.inits = append(p.inits, func(f *frame) error {
		n, err := e.Eval(f.run.call.Dims)
		if err != nil {
			return p.fail(o, "%v", err)
		}
		if n < math.MinInt32 || n > math.MaxInt32 {
			return p.fail(o, "%s is %d, which does not fit %s", e, n, ir.Index)
		}
		f.I[d][0] = n
		return nil
	})
	return nil, nil
}

func buildProgramID(p *prep, o *ir.Op) (step, error) {
	d, axis := p.slot(o.Result()), o.Int("axis")
	return func(f *frame) error {
		f.I[d][0] = f.pid[axis]
		return nil
	}, nil
}

// errStopped leaves a block that another block's error or the context has stopped.
var errStopped = errors.New("stopped")

// move copies values from slots to slots as if at once.
type move struct {
	from, to []int
	temp     []int // where a source would be overwritten before it is read; -1 elsewhere
}

func (p *prep) move(from, to []*ir.Value) *move {
	m := &move{from: p.args(from...), to: p.args(to...)}
	for i, s := range m.from {
		t := -1
		for j, d := range m.to {
			if s == d && j < i {
				t = p.newSlot(from[i].Type)
			}
		}
		m.temp = append(m.temp, t)
	}
	return m
}

func (m *move) do(f *frame) {
	for i, t := range m.temp {
		if t >= 0 {
			f.copy(t, m.from[i])
		}
	}
	for i, d := range m.to {
		s := m.from[i]
		if m.temp[i] >= 0 {
			s = m.temp[i]
		}
		if s != d {
			f.copy(d, s)
		}
	}
}

func (f *frame) copy(d, s int) {
	copy(f.F[d], f.F[s])
	copy(f.I[d], f.I[s])
}

// buildFor runs the body with a counter of 64 bits, so that the last step cannot wrap.
func buildFor(p *prep, o *ir.Op) (step, error) {
	r := o.Regions[0]
	body, err := p.block(r)
	if err != nil {
		return nil, err
	}
	bounds := p.args(o.Args[:3]...)
	i, inits, carried := p.slot(r.Args[0]), o.Args[3:], r.Args[1:]
	enter, next, leave := p.move(inits, carried), p.move(r.Yield().Args, carried), p.move(carried, o.Results)
	return func(f *frame) error {
		from, to, by := f.I[bounds[0]][0], f.I[bounds[1]][0], f.I[bounds[2]][0]
		if by <= 0 {
			return f.fail(o, nil, "the step is %d, expected at least 1", by)
		}
		enter.do(f)
		for n := from; n < to; n += by {
			if f.run.stop.Load() {
				return errStopped
			}
			f.I[i][0] = n
			if err := exec(body, f); err != nil {
				return err
			}
			next.do(f)
		}
		leave.do(f)
		return nil
	}, nil
}

func buildIf(p *prep, o *ir.Op) (step, error) {
	var bodies [2][]step
	var moves [2]*move
	for i, r := range o.Regions {
		var err error
		if bodies[i], err = p.block(r); err != nil {
			return nil, err
		}
		moves[i] = p.move(r.Yield().Args, o.Results)
	}
	cond := p.slot(o.Args[0])
	return func(f *frame) error {
		i := 0
		if f.I[cond][0] == 0 {
			i = 1
		}
		if err := exec(bodies[i], f); err != nil {
			return err
		}
		moves[i].do(f)
		return nil
	}, nil
}
