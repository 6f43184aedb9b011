package ptx

import (
	"github.com/llir/llvm/ir"
	"github.com/llir/llvm/ir/types"
	"github.com/llir/llvm/ir/value"

	"github.com/girih-lang/girih/codegen/ptx/llx"
	"github.com/girih-lang/girih/codegen/thread"
)

// Local arrays become SSA values while printing, by the algorithm of Braun et al., "Simple and Efficient Construction of Static
// Single Assignment Form" (CC 2013): each block remembers the last value of each slot, reading looks through the
// predecessors, and the header of a loop gets its phis' second operands when the loop has been printed. A slot is
// one register of the array: unit(elem, len) elements.

// block is an LLVM block with what is known of slots at its end so far.
type block struct {
	ll    *ir.Block
	preds []*block
	slots map[int]value.Value
	phis  []ir.Instruction

	header  bool // of a loop: preds[0] enters, preds[1] is the latch, known once the body is printed
	changed map[*thread.Var]bool
	open    []openPhi
}

type openPhi struct {
	phi  *ir.InstPhi
	slot int
	v    *local
}

// local is a local array's place among the slots.
type local struct {
	v    *thread.Var
	base int
	unit int
	typ  types.Type // of a slot
}

func (p *printer) local(v *thread.Var) *local {
	if l := p.locals[v]; l != nil {
		return l
	}
	u := unit(v.Elem, v.Len)
	l := &local{v, p.slots, u, vec(scalar(v.Elem), u)}
	p.slots += v.Len / u
	p.locals[v] = l
	return l
}

// newBlock starts an LLVM block that is reached from preds.
func (p *printer) newBlock(preds ...*block) *block {
	return &block{ll: p.fn.NewBlock(""), preds: preds, slots: map[int]value.Value{}}
}

func (b *block) phi(t types.Type) *ir.InstPhi {
	phi := llx.Phi(t)
	b.phis = append(b.phis, phi)
	return phi
}

// read is the value of a slot at the end of b.
func (p *printer) read(b *block, l *local, slot int) value.Value {
	if v, ok := b.slots[slot]; ok {
		return v
	}
	var v value.Value
	switch {
	case len(b.preds) == 0:
		v = llx.Poison(l.typ)
	case b.header && b.changed[l.v]:
		phi := b.phi(l.typ)
		b.slots[slot] = phi // before the latch is read, which may come back here
		if len(b.preds) < 2 {
			b.open = append(b.open, openPhi{phi, slot, l})
			return phi
		}
		p.closePhi(b, openPhi{phi, slot, l})
		return phi
	case b.header || len(b.preds) == 1:
		v = p.read(b.preds[0], l, slot)
	default: // a join: its predecessors do not lead back to it
		in := make([]value.Value, len(b.preds))
		same := true
		for i, q := range b.preds {
			in[i] = p.read(q, l, slot)
			same = same && in[i] == in[0]
		}
		if v = in[0]; !same {
			phi := b.phi(l.typ)
			for i, q := range b.preds {
				llx.AddIncoming(phi, in[i], q.ll)
			}
			v = phi
		}
	}
	b.slots[slot] = v
	return v
}

func (p *printer) closePhi(b *block, o openPhi) {
	for _, q := range b.preds {
		llx.AddIncoming(o.phi, p.read(q, o.v, o.slot), q.ll)
	}
}

// closeLoop gives a loop's header its latch.
func (p *printer) closeLoop(header, latch *block) {
	header.preds = append(header.preds, latch)
	for i := 0; i < len(header.open); i++ {
		p.closePhi(header, header.open[i])
	}
	header.open = nil
}

// index is the constant index of an access to lanes elements of a local array.
func (p *printer) index(v *thread.Var, n *thread.Node, lanes int) int {
	i := p.value(n)
	if !i.konst {
		p.fail("array %s is indexed by a value that is known only at run time (%s), so it cannot be held in registers", v, n.Op)
	}
	if i.k < 0 || i.k+int64(lanes) > int64(v.Len) {
		p.fail("elements [%d, %d) of array %s, which has %d", i.k, i.k+int64(lanes), v, v.Len)
	}
	return int(i.k)
}

// get reads elements of a local array.
func (p *printer) get(v *thread.Var, i, lanes int) val {
	l := p.local(v)
	t := thread.Type{Elem: v.Elem, Lanes: lanes}
	if i%l.unit == 0 && lanes%l.unit == 0 {
		parts := make([]value.Value, lanes/l.unit)
		for j := range parts {
			parts[j] = p.read(p.cur, l, l.base+i/l.unit+j)
		}
		return p.regroup(parts, l.unit, t)
	}
	s := make([]value.Value, lanes)
	for j := range s {
		s[j] = p.extract(p.read(p.cur, l, l.base+(i+j)/l.unit), (i+j)%l.unit)
	}
	return p.join(s, t)
}

// set writes elements of a local array.
func (p *printer) set(v *thread.Var, i int, x val, lanes int) {
	l := p.local(v)
	t := thread.Type{Elem: v.Elem, Lanes: lanes}
	if i%l.unit == 0 && lanes%l.unit == 0 && unit(v.Elem, lanes) == l.unit {
		for j, part := range p.partsOf(x, t) {
			p.cur.slots[l.base+i/l.unit+j] = part
		}
		return
	}
	for j, s := range p.lanesOf(x, t) {
		slot := l.base + (i+j)/l.unit
		if l.unit > 1 {
			s = p.emit(ir.NewInsertElement(p.read(p.cur, l, slot), s, llx.I32((i+j)%l.unit)))
		}
		p.cur.slots[slot] = s
	}
}

// changes collects the local arrays that a block writes.
func changes(b *thread.Block, set map[*thread.Var]bool) {
	for _, n := range b.Nodes {
		switch n.Op {
		case thread.Set, thread.Ldmatrix:
			set[n.Var] = true
		case thread.Mma:
			set[n.Vars[2]] = true
		case thread.Wgmma:
			set[n.Vars[1]] = true
		}
		if n.Body != nil {
			changes(n.Body, set)
		}
		if n.Else != nil {
			changes(n.Else, set)
		}
	}
}
