package threadvm

import (
	"encoding/binary"

	"github.com/girih-lang/girih/codegen/thread"
)

// tensorMem is a tensor argument in the machine's global memory.
type tensorMem struct {
	name   string
	data   []byte  // padded to whole words, for elements written bit by bit
	size   int     // bytes of the tensor
	writer []int32 // of a result: the thread of the grid that wrote each byte, plus one
	out    bool
}

// A pointer holds the number of its tensor above 48 bits and an offset around the middle below them, so that an address may
// leave its tensor and come back.
const middle = 1 << 47

func pointer(tensor int) uint64 { return uint64(tensor+1)<<48 + middle }

// locate finds the tensor and offset of a pointer.
func (m *machine) locate(t int, p uint64) (*tensorMem, int) {
	i := int(p>>48) - 1
	if i < 0 || i >= len(m.tensors) || m.tensors[i].data == nil && m.tensors[i].name == "" {
		m.fail("thread %d: %#x is no address of a tensor", t, p)
	}
	return &m.tensors[i], int(p&(1<<48-1)) - middle
}

// global checks an access of n bytes and gives them.
func (m *machine) global(t int, p uint64, n, align int, write bool) []byte {
	g, at := m.locate(t, p)
	if at < 0 || at+n > g.size {
		m.fail("thread %d: bytes [%d, %d) of %s, which has %d", t, at, at+n, g.name, g.size)
	}
	if at&(align-1) != 0 {
		m.fail("thread %d: byte %d of %s is not aligned to %d", t, at, g.name, align)
	}
	if write {
		if !g.out {
			m.fail("thread %d writes %s, which is no result", t, g.name)
		}
		me := int32(m.blockNumber)*int32(m.n) + int32(t) + 1
		for i := at; i < at+n; i++ {
			if w := g.writer[i]; w != 0 && w != me {
				m.fail("byte %d of %s is written by thread %d of block number %d and by thread %d of block number %d", i, g.name,
					int(w-1)%m.n, int(w-1)/m.n, t, m.blockNumber)
			}
			g.writer[i] = me
		}
	}
	return g.data[at : at+n]
}

func getBits(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

func putBits(b []byte, size int, x uint64) {
	switch size {
	case 1:
		b[0] = byte(x)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(x))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(x))
	default:
		binary.LittleEndian.PutUint64(b, x)
	}
}

// access compiles loads, stores and atomics.
func (m *machine) access(n *thread.Node) step {
	addr := m.wide(n.Args[0])
	shared := n.Args[0].Type.Elem == thread.SharedPtr
	typ, first := n.Type, 1
	var x []uint64
	if n.Op != thread.Load {
		typ, first = n.Args[1].Type, 2
		x = m.wide(n.Args[1])
	}
	var pred []uint64
	if len(n.Args) > first {
		pred = m.wide(n.Args[first])
	}
	size, lanes, w := typ.Elem.Size(), typ.Lanes, m.n
	total, align := size*lanes, int(n.Imm)
	on := func(t int) bool { return m.active(t) && (pred == nil || pred[t] != 0) }
	if n.Op == thread.AtomicOr || n.Op == thread.AtomicAnd {
		return func() {
			m.op = n
			for t := range w {
				if on(t) {
					m.atomic(t, addr[t], uint32(x[t]), n.Op == thread.AtomicOr)
				}
			}
		}
	}
	var d []uint64
	if n.Op == thread.Load {
		d = m.varying(n)
	}
	at := make([]int, w)
	return func() {
		m.op = n
		for t := range w {
			at[t] = -1
			if !on(t) {
				for l := range lanes {
					if d != nil {
						d[l*w+t] = 0
					}
				}
				continue
			}
			var b []byte
			switch {
			case shared:
				at[t] = int(int32(addr[t]))
				m.check(t, at[t], total, align)
				if d != nil {
					m.reads(t, at[t], total)
				} else {
					m.writes(t, at[t], total)
				}
				b = m.shared.data[at[t] : at[t]+total]
			default:
				b = m.global(t, addr[t], total, align, d == nil)
			}
			for l := range lanes {
				if d != nil {
					d[l*w+t] = getBits(b[l*size:], size)
				} else {
					putBits(b[l*size:], size, x[l*w+t])
				}
			}
		}
		if shared {
			m.wavefronts(at, total)
		}
	}
}

// atomic changes a word of a result; a word may reach into the padding behind the tensor.
func (m *machine) atomic(t int, p uint64, x uint32, or bool) {
	g, at := m.locate(t, p)
	if at < 0 || at+4 > len(g.data) || at&3 != 0 || !g.out {
		m.fail("thread %d: an atomic on byte %d of %s", t, at, g.name)
	}
	w := binary.LittleEndian.Uint32(g.data[at:])
	if or {
		w |= x
	} else {
		w &= x
	}
	binary.LittleEndian.PutUint32(g.data[at:], w)
}

// copyAsync starts copies. The bytes are read now; they lie in shared memory after the wait.
func (m *machine) copyAsync(n *thread.Node) step {
	dst, src, count := m.wide(n.Args[0]), m.wide(n.Args[1]), m.wide(n.Args[2])
	bytes := int(n.Imm)
	return func() {
		m.op = n
		for t := range m.n {
			if !m.active(t) {
				continue
			}
			at, k := int(int32(dst[t])), int(int32(count[t]))
			m.check(t, at, bytes, bytes)
			if k < 0 || k > bytes {
				m.fail("thread %d: %d of %d bytes are to be copied", t, k, bytes)
			}
			m.writes(t, at, bytes)
			m.shared.fly(at, bytes, true)
			c := copyOp{t, at, make([]byte, bytes)}
			if k > 0 {
				if src[t]&uint64(bytes-1) != 0 {
					_, from := m.locate(t, src[t])
					m.fail("thread %d: byte %d of the tensor is not aligned to %d", t, from, bytes)
				}
				copy(c.data, m.global(t, src[t], k, 1, false))
			}
			m.shared.open = append(m.shared.open, c)
		}
	}
}
