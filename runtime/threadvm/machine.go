package threadvm

import (
	"fmt"

	"github.com/girih-lang/girih/codegen/thread"
)

// step is one compiled operation.
type step func()

func run(steps []step) {
	for _, s := range steps {
		s()
	}
}

// value is where a node's result lies. Element (lane l, thread t) is at l*threads+t. A uniform value is the same in all
// threads: one has the lanes, and all is a copy for users that differ by thread, made only when there is one.
type value struct {
	uniform bool
	one     []uint64 // uniform: by lane
	all     []uint64 // by lane and thread; nil until needed when uniform
}

// machine runs the blocks of one launch, one after the other.
type machine struct {
	f    *thread.Func
	n    int    // threads
	mask []bool // threads that run; nil when all do

	vals    map[*thread.Node]*value
	vars    map[*thread.Var][]uint64 // element (index i, thread t) at i*threads+t
	params  []uint64
	tensors []tensorMem

	block       [3]int64
	blockNumber int64
	blocks      [3]int64   // that were launched along each axis
	rank        int        // of the block in its cluster
	peers       []*machine // of the cluster, by rank
	yield       func()     // waits for the other blocks of the cluster
	body        []step
	shared      sharedMem
	counts      Counts
	banks       [32][]int    // words of each bank in a wavefront
	op          *thread.Node // being executed, of those that can fail
}

func newMachine(f *thread.Func) *machine {
	_ = f.String() // numbers the nodes, for errors
	m := &machine{f: f, n: f.Threads, vals: map[*thread.Node]*value{}, vars: map[*thread.Var][]uint64{}}
	m.shared.init(f)
	for _, v := range f.Vars {
		s := make([]uint64, v.Len*m.n)
		for i := range s {
			s[i] = junk & maskOf(v.Elem)
		}
		m.vars[v] = s
	}
	return m
}

// junk is what an array holds before it is set: no number anyone expects.
const junk = 0xfb5a_a55a_7ead_beef

func maskOf(e thread.Elem) uint64 {
	if e == thread.Bool {
		return 1
	}
	if n := e.Size(); n < 8 {
		return 1<<(8*n) - 1
	}
	return ^uint64(0)
}

func (m *machine) start(block [3]int64) {
	m.block, m.mask = block, nil
	m.shared.start()
}

func (m *machine) error(format string, args ...any) *Error {
	return &Error{m.f.Name, m.block, m.op, m.last(), fmt.Sprintf(format, args...)}
}

// last is the number, in the function's text, of the last value before the present operation.
func (m *machine) last() int {
	at, found := -1, false
	walk(m.f.Body, func(n *thread.Node) {
		found = found || n == m.op
		if !found && n.Type.Elem != thread.Void && n.Op != thread.Const {
			at = n.ID
		}
	})
	return at
}

// fail ends the run at the present operation.
func (m *machine) fail(format string, args ...any) { panic(m.error(format, args...)) }

// active reports a thread that is not masked out.
func (m *machine) active(t int) bool { return m.mask == nil || m.mask[t] }

// converged fails unless all threads are here.
func (m *machine) converged() {
	if m.mask == nil {
		return
	}
	for t, on := range m.mask {
		if !on {
			m.fail("thread %d is not here: the operation needs all threads of its block or warp", t)
		}
	}
}

// wide is the value of a node for each thread.
func (m *machine) wide(n *thread.Node) []uint64 {
	v := m.valueOf(n)
	if v.all == nil {
		v.all = make([]uint64, len(v.one)*m.n)
		v.splat(m.n)
	}
	return v.all
}

// splat copies a uniform value to all threads.
func (v *value) splat(n int) {
	for l, x := range v.one {
		s := v.all[l*n : (l+1)*n]
		for i := range s {
			s[i] = x
		}
	}
}

func (m *machine) valueOf(n *thread.Node) *value {
	v := m.vals[n]
	if v == nil {
		panic(m.error("operand %s is used before it is listed", n.Op))
	}
	return v
}

// scalar is a function that gives an operand that must be the same in all threads that run.
func (m *machine) scalar(n *thread.Node, what string) func() int64 {
	v := m.valueOf(n)
	e := n.Type.Elem
	if v.uniform {
		return func() int64 { return signed(e, v.one[0]) }
	}
	return func() int64 {
		first := -1
		for t := range m.n {
			if !m.active(t) {
				continue
			}
			if first >= 0 && v.all[t] != v.all[first] {
				m.fail("the %s differs: %d in thread %d, %d in thread %d", what, signed(e, v.all[first]), first, signed(e, v.all[t]), t)
			}
			if first < 0 {
				first = t
			}
		}
		return signed(e, v.all[max(first, 0)])
	}
}

// signed reads the bits of an integer kind.
func signed(e thread.Elem, x uint64) int64 {
	switch e {
	case thread.I8:
		return int64(int8(x))
	case thread.I16:
		return int64(int16(x))
	case thread.I32, thread.SharedPtr:
		return int64(int32(x))
	}
	return int64(x)
}
