package vm

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// step executes one operation on the values of a block.
type step func(*frame) error

// build makes the step of an operation; nil stands for nothing to do.
type build func(*prep, *ir.Op) (step, error)

// table has the semantics of every operation, by ir.Code; the files of this package fill it by theme.
var table [256]build

// register adds rows to the table.
func register(rows map[ir.Code]build) {
	for c, b := range rows {
		table[c] = b
	}
}

// Missing lists the operations without semantics.
func Missing() []ir.Code {
	var cs []ir.Code
	for _, c := range ir.Codes() {
		if table[c] == nil {
			cs = append(cs, c)
		}
	}
	return cs
}

// Limits on what a kernel may ask of a block.
const (
	maxRank       = 8
	maxTile       = 1 << 28 // elements
	maxFrameBytes = 2 << 30
)

// prep makes a program. Values that are the same tile share a slot.
type prep struct {
	k      *ir.Kernel
	exact  bool
	slots  map[*ir.Value]int
	sizes  []slotInfo
	bytes  int64                // of one frame
	consts []func(*frame)       // once for every frame
	inits  []func(*frame) error // once for every run and frame

	params  map[*ir.Value]int // tensors
	shared  map[*ir.Value]int
	buffers []*buffer
	subByte bool // a stored tensor has elements that share bytes
}

type slotInfo struct {
	float bool
	size  int
}

func (p *prep) fail(o *ir.Op, format string, args ...any) error {
	return &Error{Op: o, Text: fmt.Sprintf(format, args...)}
}

func (p *prep) kernel() ([]step, error) {
	for i, q := range p.k.Params {
		t := q.Value.Type
		switch {
		case !t.Elem.IsValid() || t.Rank() > maxRank:
			return nil, fmt.Errorf("parameter %s: the VM takes no %s", q.Name, t)
		case t.Kind == ir.Tensor:
			p.params[q.Value] = i
			continue
		case !t.IsScalar():
			return nil, fmt.Errorf("parameter %s is %s, expected a tensor or a scalar", q.Name, t)
		}
		slot := p.newSlot(t)
		p.slots[q.Value] = slot
		p.inits = append(p.inits, func(f *frame) error {
			a := f.run.call.Args[i]
			if t.Elem.IsFloat() {
				f.F[slot][0] = a.Float
			} else {
				f.I[slot][0] = a.Int
			}
			return nil
		})
	}
	if err := p.findShared(); err != nil {
		return nil, err
	}
	steps, err := p.block(p.k.Body)
	if err == nil && p.bytes > maxFrameBytes {
		err = fmt.Errorf("kernel %s: the tiles of a block take %d MiB, the VM's limit is %d MiB", p.k.Name, p.bytes>>20, maxFrameBytes>>20)
	}
	return steps, err
}

// block prepares the operations of a region, without its yield.
func (p *prep) block(b *ir.Block) ([]step, error) {
	for _, a := range b.Args {
		if err := p.define(nil, a); err != nil {
			return nil, err
		}
	}
	var steps []step
	for _, o := range b.Ops {
		if o.Code == ir.OpYield {
			continue
		}
		if aliases[o.Code] {
			p.slots[o.Result()] = p.slot(o.Args[0])
			continue
		}
		for _, r := range o.Results {
			if err := p.define(o, r); err != nil {
				return nil, err
			}
		}
		if table[o.Code] == nil {
			return nil, p.fail(o, "the VM does not execute this operation")
		}
		s, err := table[o.Code](p, o)
		if err != nil {
			return nil, err
		}
		if s != nil {
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// aliases are the operations whose result is their operand's elements in the same order.
var aliases = map[ir.Code]bool{ir.OpReshape: true, ir.OpConvert: true, ir.OpClusterSum: true}

// define gives a tile its slot.
func (p *prep) define(o *ir.Op, v *ir.Value) error {
	t := v.Type
	if o != nil && o.Code == ir.OpAllocShared {
		return nil
	}
	size := 1
	for _, n := range t.Shape {
		if size > maxTile/max(n, 1) {
			size = maxTile + 1
			break
		}
		size *= n
	}
	if t.Kind != ir.Tile || !t.Elem.IsValid() || len(t.Shape) > maxRank || size > maxTile {
		what := fmt.Sprintf("the VM holds tiles of at most %d elements and %d axes, not %s", maxTile, maxRank, t)
		if o == nil {
			return fmt.Errorf("kernel %s: %s", p.k.Name, what)
		}
		return p.fail(o, "%s", what)
	}
	p.slots[v] = p.newSlot(t)
	return nil
}

func (p *prep) newSlot(t ir.Type) int {
	p.sizes = append(p.sizes, slotInfo{t.Elem.IsFloat(), t.Size()})
	p.bytes += 8 * int64(t.Size())
	return len(p.sizes) - 1
}

func (p *prep) slot(v *ir.Value) int { return p.slots[v] }

// args are the slots of operands.
func (p *prep) args(vs ...*ir.Value) []int {
	s := make([]int, len(vs))
	for i, v := range vs {
		s[i] = p.slots[v]
	}
	return s
}

// rounder rounds a tile to its type in place; nil where nothing is to be done.
func (p *prep) rounder(t dtype.Type) func([]float64) {
	if p.exact || t == dtype.F64 {
		return nil
	}
	return func(d []float64) { t.RoundAll(d, d) }
}

// frame holds the values of the block that a worker runs.
type frame struct {
	F     [][]float64
	I     [][]int64
	run   *run
	block int64
	pid   [3]int64

	rowF   []float64 // scratch of loads and stores
	rowI   []int64
	shared []sharedState
	open   []*copyJob // copies since the last commit
	groups [][]*copyJob
}

// frame takes a frame and gives its scalars the values of the run.
func (g *Program) frame(r *run) (*frame, error) {
	f, _ := g.frames.Get().(*frame)
	if f == nil {
		f = &frame{F: make([][]float64, len(g.p.sizes)), I: make([][]int64, len(g.p.sizes))}
		for i, s := range g.p.sizes {
			if s.float {
				f.F[i] = make([]float64, s.size)
			} else {
				f.I[i] = make([]int64, s.size)
			}
		}
		for _, c := range g.p.consts {
			c(f)
		}
		f.newShared(g.p.buffers)
	}
	f.run = r
	for _, init := range g.p.inits {
		if err := init(f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func exec(steps []step, f *frame) error {
	for _, s := range steps {
		if err := s(f); err != nil {
			return err
		}
	}
	return nil
}

// fail is an error of the running block.
func (f *frame) fail(o, other *ir.Op, format string, args ...any) error {
	return &Error{Op: o, Other: other, Block: f.pid, Text: fmt.Sprintf(format, args...)}
}
