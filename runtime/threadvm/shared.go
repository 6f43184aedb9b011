package threadvm

import (
	"slices"

	"github.com/girih-lang/girih/codegen/thread"
)

// sharedMem is the shared memory of a block with what its bytes have seen. The bytes are watched in pieces of the largest
// power of two that every access is a multiple of, so that nothing is lost by it.
type sharedMem struct {
	data  []byte
	piece int // log2 of the bytes of a piece

	epoch     uint32 // of the block
	phase     uint32 // counts barriers
	warpPhase uint32 // counts barriers of warps
	seen      []seen
	open      []copyOp   // copies of no group yet
	groups    [][]copyOp // groups in flight, oldest first
}

// seen is the history of a piece.
type seen struct {
	written uint32 // epoch in which the piece was last written
	wPhase  uint32 // phases of the last write and read
	rPhase  uint32
	wWarp   uint32 // the same for barriers of warps
	rWarp   uint32
	writer  int16
	reader  int16 // many when several, of one warp w -3-w
	flying  bool  // an asynchronous copy will land here
}

const many = -2

// copyOp is one thread's asynchronous copy.
type copyOp struct {
	thread, at int
	data       []byte
}

func (s *sharedMem) init(f *thread.Func) {
	s.data = make([]byte, f.Shared)
	s.piece = 4
	walk(f.Body, func(n *thread.Node) {
		switch n.Op {
		case thread.Load, thread.Store:
			if n.Args[0].Type.Elem == thread.SharedPtr {
				t := n.Type
				if n.Op == thread.Store {
					t = n.Args[1].Type
				}
				bytes := int(n.Imm) | t.Lanes*t.Elem.Size()
				for s.piece > 0 && bytes&(1<<s.piece-1) != 0 {
					s.piece--
				}
			}
		case thread.CpAsync:
			for s.piece > 0 && n.Imm&(1<<s.piece-1) != 0 {
				s.piece--
			}
		}
	})
	s.seen = make([]seen, (f.Shared+1<<s.piece-1)>>s.piece)
}

func walk(b *thread.Block, f func(*thread.Node)) {
	for _, n := range b.Nodes {
		f(n)
		if n.Body != nil {
			walk(n.Body, f)
		}
		if n.Else != nil {
			walk(n.Else, f)
		}
	}
}

// start forgets what an earlier block left.
func (s *sharedMem) start() {
	for _, g := range append(s.groups, s.open) {
		for _, c := range g {
			s.fly(c.at, len(c.data), false)
		}
	}
	s.open, s.groups = nil, nil
	s.epoch++
	s.phase++
}

func (s *sharedMem) fly(at, n int, on bool) {
	for p := at >> s.piece; p <= (at+n-1)>>s.piece; p++ {
		s.seen[p].flying = on
	}
}

// check fails for an access of n bytes outside the block's memory or not aligned.
func (m *machine) check(t, at, n, align int) {
	if at < 0 || at+n > len(m.shared.data) {
		m.fail("thread %d: bytes [%d, %d) of shared memory, the block has %d", t, at, at+n, len(m.shared.data))
	}
	if at&(align-1) != 0 {
		m.fail("thread %d: byte %d of shared memory is not aligned to %d", t, at, align)
	}
}

// reads records that a thread reads bytes.
func (m *machine) reads(t, at, n int) {
	s := &m.shared
	for p := at >> s.piece; p <= (at+n-1)>>s.piece; p++ {
		h := &s.seen[p]
		switch {
		case h.flying:
			m.fail("thread %d reads byte %d of shared memory, to which a copy is in flight", t, p<<s.piece)
		case h.written != s.epoch:
			m.fail("thread %d reads byte %d of shared memory, which nothing has written", t, p<<s.piece)
		case h.wPhase == s.phase && int(h.writer) != t && !(int(h.writer)/warp == t/warp && h.wWarp != s.warpPhase):
			m.fail("race: thread %d reads byte %d of shared memory, which thread %d has written since the last barrier", t, p<<s.piece, h.writer)
		case h.rPhase != s.phase, h.readIn(t/warp) && h.rWarp != s.warpPhase:
			h.rPhase, h.rWarp, h.reader = s.phase, s.warpPhase, int16(t)
		case int(h.reader) == t:
		case h.readIn(t / warp):
			h.reader = int16(-3 - t/warp)
		default:
			h.reader = many
		}
	}
}

// readIn reports that all readers since the last barrier were lanes of a warp.
func (h *seen) readIn(w int) bool {
	return h.reader >= 0 && int(h.reader)/warp == w || int(h.reader) == -3-w
}

// writes records that a thread writes bytes.
func (m *machine) writes(t, at, n int) {
	s := &m.shared
	for p := at >> s.piece; p <= (at+n-1)>>s.piece; p++ {
		h := &s.seen[p]
		switch {
		case h.flying:
			m.fail("thread %d writes byte %d of shared memory, to which a copy is in flight", t, p<<s.piece)
		case h.written == s.epoch && h.wPhase == s.phase && int(h.writer) != t && !(int(h.writer)/warp == t/warp && h.wWarp != s.warpPhase):
			m.fail("race: threads %d and %d write byte %d of shared memory without a barrier between them", h.writer, t, p<<s.piece)
		case h.rPhase == s.phase && h.readIn(t/warp) && h.rWarp != s.warpPhase: // in order
		case h.rPhase == s.phase && int(h.reader) < 0:
			m.fail("race: thread %d writes byte %d of shared memory, which other threads have read since the last barrier", t, p<<s.piece)
		case h.rPhase == s.phase && int(h.reader) != t:
			m.fail("race: thread %d writes byte %d of shared memory, which thread %d has read since the last barrier", t, p<<s.piece, h.reader)
		}
		h.written, h.wPhase, h.wWarp, h.writer = s.epoch, s.phase, s.warpPhase, int16(t)
	}
}

// commit closes a group.
func (s *sharedMem) commit() {
	s.groups = append(s.groups, s.open)
	s.open = nil
}

// wait lets all but the latest n groups land. A landing is a write by the thread that started the copy.
func (s *sharedMem) wait(n int) {
	for len(s.groups) > n {
		for _, c := range s.groups[0] {
			copy(s.data[c.at:], c.data)
			s.fly(c.at, len(c.data), false)
			for p := c.at >> s.piece; p <= (c.at+len(c.data)-1)>>s.piece; p++ {
				h := &s.seen[p]
				h.written, h.wPhase, h.wWarp, h.writer = s.epoch, s.phase, s.warpPhase, int16(c.thread)
			}
		}
		s.groups = s.groups[1:]
	}
}

// wavefronts counts what an access of the threads that take part costs: at[t] is the byte, negative when thread t does not.
// Warps of 32 threads, 32 banks of 4 bytes; an access of up to 4 bytes a thread is one wavefront without conflicts, of 8
// bytes two, of 16 four.
func (m *machine) wavefronts(at []int, bytes int) {
	phase := 32
	for w := 4; w < bytes; w *= 2 {
		phase /= 2
	}
	for w := 0; w < len(at); w += 32 {
		any := false
		for p := w; p < min(w+32, len(at)); p += phase {
			for b := range m.banks {
				m.banks[b] = m.banks[b][:0]
			}
			worst := 0
			for t := p; t < min(p+phase, len(at)); t++ {
				if at[t] < 0 {
					continue
				}
				any = true
				for word := at[t] / 4; word <= (at[t]+bytes-1)/4; word++ {
					b := &m.banks[word%32]
					if !slices.Contains(*b, word) {
						*b = append(*b, word)
						worst = max(worst, len(*b))
					}
				}
			}
			if worst > 0 {
				m.counts.Wavefronts += int64(worst)
				m.counts.Conflicts += int64(worst - 1)
			}
		}
		if any {
			m.counts.Accesses++
		}
	}
}
