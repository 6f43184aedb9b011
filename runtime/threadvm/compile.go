package threadvm

import (
	"github.com/girih-lang/girih/codegen/thread"
)

// compile turns a block into steps.
func (m *machine) compile(b *thread.Block) []step {
	var steps []step
	for _, n := range b.Nodes {
		if s := m.node(n); s != nil {
			steps = append(steps, s)
		}
	}
	return steps
}

// result makes the value of a node: uniform when all operands are.
func (m *machine) result(n *thread.Node) *value {
	v := &value{uniform: true}
	for _, a := range n.Args {
		v.uniform = v.uniform && m.valueOf(a).uniform
	}
	if v.uniform {
		v.one = make([]uint64, n.Type.Lanes)
		if m.n == 1 {
			v.all = v.one
		}
	} else {
		v.all = make([]uint64, n.Type.Lanes*m.n)
	}
	m.vals[n] = v
	return v
}

// varying makes the value of a node that differs by thread.
func (m *machine) varying(n *thread.Node) []uint64 {
	v := &value{all: make([]uint64, n.Type.Lanes*m.n)}
	m.vals[n] = v
	return v.all
}

// pure compiles a node whose result is a function of its operands, element by element or of whole lanes; f gets the number
// of elements of each lane.
func (m *machine) pure(n *thread.Node, f func(width int, dst []uint64, args [][]uint64)) step {
	args := make([][]uint64, len(n.Args))
	v := m.result(n)
	if !v.uniform {
		for i, a := range n.Args {
			args[i] = m.wide(a)
		}
		return func() { f(m.n, v.all, args) }
	}
	for i, a := range n.Args {
		args[i] = m.valueOf(a).one
	}
	return func() {
		f(1, v.one, args)
		if v.all != nil && m.n > 1 {
			v.splat(m.n)
		}
	}
}

func (m *machine) constant(n *thread.Node) {
	x := uint64(n.Imm) & maskOf(n.Type.Elem)
	if n.Type.Elem.IsFloat() {
		x = toFloat(n.Type.Elem, n.F)
	}
	v := m.result(n)
	for i := range v.one {
		v.one[i] = x
	}
}

// given makes a uniform value that f computes when it is reached.
func (m *machine) given(n *thread.Node, f func() uint64) step {
	v := m.result(n)
	return func() {
		v.one[0] = f()
		if v.all != nil && m.n > 1 {
			v.splat(m.n)
		}
	}
}

func (m *machine) node(n *thread.Node) step {
	switch n.Op {
	case thread.Nop, thread.Prefetch:
		return nil
	case thread.Const:
		m.constant(n)
		return nil
	case thread.Arg:
		return m.given(n, func() uint64 { return m.params[n.Imm] & maskOf(n.Type.Elem) })
	case thread.BlockID:
		return m.given(n, func() uint64 { return uint64(uint32(m.block[n.Imm])) })
	case thread.Blocks:
		return m.given(n, func() uint64 { return uint64(uint32(m.blocks[n.Imm])) })
	case thread.SharedAt:
		return m.given(n, func() uint64 { return uint64(uint32(n.Imm)) })
	case thread.Tid:
		d := m.varying(n)
		for t := range d {
			d[t] = uint64(t)
		}
		return nil
	case thread.Get:
		return m.get(n)
	case thread.Set:
		return m.set(n)
	case thread.For:
		return m.loop(n)
	case thread.If:
		return m.branch(n)
	case thread.Load, thread.Store, thread.AtomicOr, thread.AtomicAnd:
		return m.access(n)
	case thread.Shfl:
		return m.shuffle(n)
	case thread.AnyLane:
		return m.acrossLanes(n, func(x, y uint64) uint64 { return x | y })
	case thread.MaxLane:
		return m.acrossLanes(n, func(x, y uint64) uint64 { return uint64(uint32(max(int32(x), int32(y)))) })
	case thread.WarpBarrier: // all warps run in step, so that one counter does
		return func() {
			m.op = n
			m.converged()
			m.shared.warpPhase++
		}
	case thread.Barrier:
		return func() {
			m.op = n
			m.converged()
			m.counts.Barriers++
			m.shared.phase++
		}
	case thread.CpAsync:
		return m.copyAsync(n)
	case thread.CpCommit:
		return func() {
			m.op = n
			m.converged()
			m.shared.commit()
		}
	case thread.CpWait:
		return func() {
			m.op = n
			m.converged()
			m.shared.wait(int(n.Imm))
		}
	case thread.Ldmatrix:
		return m.ldmatrix(n)
	case thread.Stmatrix:
		return m.stmatrix(n)
	case thread.Mma:
		return m.mma(n)
	case thread.Wgmma:
		return m.wgmma(n)
	case thread.ClusterRank:
		return m.given(n, func() uint64 { return uint64(m.rank) })
	case thread.ClusterBarrier:
		return func() {
			m.op = n
			m.converged()
			m.counts.Barriers++
			m.yield()
		}
	case thread.LoadCluster:
		return m.loadCluster(n)
	case thread.FenceAsync, thread.LaunchDependents, thread.WaitGrid: // what they order is ordered here anyway
		return func() {
			m.op = n
			m.converged()
		}
	}
	return m.arith(n)
}

// get reads a local array.
func (m *machine) get(n *thread.Node) step {
	s, w := m.vars[n.Var], m.n
	lanes := n.Type.Lanes
	at := m.valueOf(n.Args[0])
	var d []uint64
	if w == 1 {
		v := &value{uniform: true, one: make([]uint64, lanes)}
		v.all = v.one
		m.vals[n] = v
		d = v.one
	} else {
		d = m.varying(n)
	}
	if !at.uniform {
		return func() {
			for t := range w {
				i := int(int32(at.all[t]))
				if !m.active(t) {
					continue
				}
				m.inside(n, i, lanes)
				for l := range lanes {
					d[l*w+t] = s[(i+l)*w+t]
				}
			}
		}
	}
	return func() {
		i := int(int32(at.one[0]))
		m.inside(n, i, lanes)
		copy(d, s[i*w:(i+lanes)*w])
	}
}

func (m *machine) inside(n *thread.Node, i, lanes int) {
	if i < 0 || i+lanes > n.Var.Len {
		m.op = n
		m.fail("elements [%d, %d) of array %s, which has %d", i, i+lanes, n.Var, n.Var.Len)
	}
}

// set writes a local array.
func (m *machine) set(n *thread.Node) step {
	s, w := m.vars[n.Var], m.n
	x := m.wide(n.Args[1])
	lanes := n.Args[1].Type.Lanes
	at := m.valueOf(n.Args[0])
	if !at.uniform {
		return func() {
			for t := range w {
				if !m.active(t) {
					continue
				}
				i := int(int32(at.all[t]))
				m.inside(n, i, lanes)
				for l := range lanes {
					s[(i+l)*w+t] = x[l*w+t]
				}
			}
		}
	}
	return func() {
		i := int(int32(at.one[0]))
		m.inside(n, i, lanes)
		if m.mask == nil {
			copy(s[i*w:(i+lanes)*w], x)
			return
		}
		for l := range lanes {
			for t, on := range m.mask {
				if on {
					s[(i+l)*w+t] = x[l*w+t]
				}
			}
		}
	}
}

// loop runs the body for each value of the counter; the bounds are the same in all threads.
func (m *machine) loop(n *thread.Node) step {
	from, to, by := m.scalar(n.Args[0], "start of a loop"), m.scalar(n.Args[1], "end of a loop"), m.scalar(n.Args[2], "step of a loop")
	i := &value{uniform: true, one: make([]uint64, 1)}
	if m.n == 1 {
		i.all = i.one
	}
	m.vals[n.Args[3]] = i
	body := m.compile(n.Body)
	return func() {
		m.op = n
		a, b, c := from(), to(), by()
		if c <= 0 {
			m.fail("a step of %d", c)
		}
		for ; a < b; a += c {
			i.one[0] = uint64(uint32(a))
			if i.all != nil && m.n > 1 {
				i.splat(m.n)
			}
			run(body)
		}
	}
}

// branch runs one arm, or both with masks where the threads disagree.
func (m *machine) branch(n *thread.Node) step {
	cond := m.valueOf(n.Args[0])
	yes := m.compile(n.Body)
	var no []step
	if n.Else != nil {
		no = m.compile(n.Else)
	}
	if cond.uniform {
		return func() {
			if cond.one[0] != 0 {
				run(yes)
			} else {
				run(no)
			}
		}
	}
	return func() {
		saved := m.mask
		arm := func(want uint64, body []step) {
			mask := make([]bool, m.n)
			count := 0
			for t := range mask {
				mask[t] = (saved == nil || saved[t]) && cond.all[t] == want
				if mask[t] {
					count++
				}
			}
			switch {
			case count == 0:
				return
			case count == m.n:
				mask = nil
			}
			m.mask = mask
			run(body)
			m.mask = saved
		}
		arm(1, yes)
		if no != nil {
			arm(0, no)
		}
	}
}
