package passes

import (
	"slices"

	"github.com/girih-lang/girih/ir"
)

// dependentPass places the wait of a kernel that may start while the one before it in the stream still runs: before the first
// operation that needs it (ir.Kernel.Awaits). Copies into rings that stand behind it, up to the first loop, but are of tensors
// that may be read at once go ahead of it, and so do loads of few registers. Groups of copies stay as they were but for
// that: a copy that starts sooner is in the first group, so that whoever waits for its own group waits for it too.
//
// Blocks of the next kernel may start as soon as all of this one have: they would wait for free places anyway.
//
// It needs the copies that the pass async makes, and the registers of layouts. It keeps the order of all operations that touch
// memory that is written.
func dependentPass(k *ir.Kernel, c *Context) error {
	if len(k.After) == 0 {
		return nil
	}
	if !c.Target.HasDependentLaunch() {
		c.remark("dependent", ir.Span{}, "%s starts a kernel when the one before it has ended: after(…) changes nothing (sm_90 and later can)", c.Target.Name)
		k.After = nil
		return nil
	}
	ops := k.Body.Ops
	at := slices.IndexFunc(ops, k.Awaits)
	if at < 0 {
		at = len(ops)
	} else if ops[at].Code == ir.OpIf {
		ops, at = splitIf(k, ops, at)
	}
	end := at
	for end < len(ops) && straight(ops[end]) {
		end++
	}
	early := newEarly(k, ops[at:end])
	b := &ir.Builder{Block: &ir.Block{}}
	b.Op(ir.OpLaunchDependents, nil)
	b.Block.Ops = append(b.Block.Ops, ops[:at]...)
	for _, o := range ops[at:end] {
		if early.set[o] {
			b.Block.Ops = append(b.Block.Ops, o)
		}
	}
	sooner := 0
	b.Block.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpLoad || o.Code == ir.OpGather || o.Code == ir.OpCopyAsync {
			sooner++
		}
		return true
	})
	if at < len(ops) {
		b.Span = ops[at].Span
	}
	b.Op(ir.OpWaitGrid, nil)
	c.remark("dependent", b.Span, "waits here for the kernel launched before, with %d loads and copies started", sooner)
	for _, o := range ops[at:end] {
		if !early.set[o] {
			b.Block.Ops = append(b.Block.Ops, o)
		}
	}
	k.Body.Ops = append(b.Block.Ops, ops[end:]...)
	return nil
}

// splitIf cuts an if that fills the ring of a persistent kernel in two: what may go ahead of the wait, and the rest.
func splitIf(k *ir.Kernel, ops []*ir.Op, at int) ([]*ir.Op, int) {
	o := ops[at]
	fill := o.Regions[0].Ops
	if !o.Flag("rare") || len(o.Results) > 0 || len(o.Regions[1].Ops) > 1 || slices.ContainsFunc(fill[:len(fill)-1], func(o *ir.Op) bool { return !straight(o) }) {
		return ops, at
	}
	early := newEarly(k, fill)
	first := &ir.Op{Code: ir.OpIf, Args: o.Args, Attrs: slices.Clone(o.Attrs), Span: o.Span, Regions: []*ir.Block{{}, ir.CloneBlock(o.Regions[1], map[*ir.Value]*ir.Value{})}}
	same := map[*ir.Value]*ir.Value{} // what both need is computed in both
	var rest []*ir.Op
	for _, op := range fill[:len(fill)-1] {
		if early.set[op] {
			first.Regions[0].Ops = append(first.Regions[0].Ops, op)
		}
		switch {
		case !early.set[op]:
			rest = append(rest, op)
			for i, v := range op.Args {
				if w := same[v]; w != nil {
					op.Args[i] = w
				}
			}
		case op.Code.Info().Effect == ir.Pure:
			rest = append(rest, ir.CloneOp(op, same))
		}
	}
	yield := fill[len(fill)-1]
	first.Regions[0].Ops = append(first.Regions[0].Ops, ir.CloneOp(yield, same))
	o.Regions[0].Ops = append(rest, yield)
	if len(first.Regions[0].Ops) == 1 {
		return ops, at
	}
	return slices.Insert(ops, at, first), at + 1
}

// straight reports operations that others may pass by: they write nothing but rings, and wait for nobody.
func straight(o *ir.Op) bool {
	switch o.Code {
	case ir.OpLoad, ir.OpGather, ir.OpCopyAsync, ir.OpCommit:
		return true
	}
	return o.Code.Info().Effect == ir.Pure && len(o.Regions) == 0
}

// maxEarly is how many registers a thread may hold while it waits: more would cost blocks, or spill.
const maxEarly = 16

// early chooses what goes ahead of the wait.
type early struct {
	k    *ir.Kernel
	defs map[*ir.Value]*ir.Op // of a straight stretch behind the wait
	set  map[*ir.Op]bool
	regs int
}

func newEarly(k *ir.Kernel, stretch []*ir.Op) *early {
	e := &early{k: k, defs: map[*ir.Value]*ir.Op{}, set: map[*ir.Op]bool{}}
	for _, o := range stretch {
		for _, r := range o.Results {
			e.defs[r] = o
		}
		if o.Code == ir.OpCopyAsync || o.Code == ir.OpLoad {
			if need := map[*ir.Op]bool{}; e.movable(o, need) {
				e.take(need)
			}
		}
	}
	return e
}

// take sends operations ahead, unless they hold more registers than are left.
func (e *early) take(need map[*ir.Op]bool) {
	regs := e.regs
	for o := range need {
		if o.Code == ir.OpLoad {
			regs += registersOf(o.Result())
		}
	}
	if regs > maxEarly {
		return
	}
	e.regs = regs
	for o := range need {
		e.set[o] = true
	}
}

// movable collects o and what it needs of the stretch, if all of that may go ahead of the wait.
func (e *early) movable(o *ir.Op, need map[*ir.Op]bool) bool {
	switch {
	case e.set[o] || need[o]:
		return true
	case e.k.Awaits(o):
		return false
	case o.Code == ir.OpLoad || o.Code == ir.OpCopyAsync || o.Code == ir.OpAllocShared:
	case o.Code.Info().Effect != ir.Pure || len(o.Results) != 1 || !o.Result().Type.IsScalar():
		return false
	}
	for _, a := range o.Args {
		if d := e.defs[a]; d != nil && !e.movable(d, need) {
			return false
		}
	}
	need[o] = true
	return true
}

// registersOf is how many registers of four bytes a thread needs for a tile.
func registersOf(v *ir.Value) int {
	if v.Layout == nil {
		return 1
	}
	return (v.Layout.Locals()*v.Type.Elem.Bits() + 31) / 32
}
