package threadvm

import (
	"encoding/binary"
	"iter"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir"
)

// cluster is the machines of blocks that work on one place of the grid together; one machine where there are no clusters.
// The blocks take turns: each runs to the next barrier of the cluster, then the next one does.
type cluster []*machine

func newCluster(f *thread.Func) cluster {
	c := make(cluster, max(f.Cluster, 1))
	for i := range c {
		c[i] = newMachine(f)
		c[i].rank, c[i].peers = i, c
	}
	return c
}

// compile shares the memory of the first machine with the others and compiles the body for each.
func (c cluster) compile() {
	for i, m := range c {
		m.params, m.tensors = c[0].params, c[0].tensors
		m.blockNumber = int64(i)
		m.body = m.compile(m.f.Body)
	}
}

// launch is the grid of clusters that run. A persistent kernel has three of them, so that most take several places, and not all as many.
func (c cluster) launch(k *ir.Kernel, grid [3]int64) ([3]int64, error) {
	if c[0].f.Persistent {
		launched, err := k.LaunchGrid(grid, 3*len(c))
		if err != nil {
			return grid, err
		}
		grid = [3]int64{int64(launched[0]) / int64(len(c)), int64(launched[1]), int64(launched[2])}
	}
	for _, m := range c {
		m.blocks = [3]int64{grid[0] * int64(len(c)), grid[1], grid[2]}
	}
	return grid, nil
}

// run executes the blocks at one place of the grid.
func (c cluster) run(at [3]int64) {
	if len(c) == 1 {
		c[0].start(at)
		run(c[0].body)
		c[0].blockNumber++
		return
	}
	n := int64(len(c))
	next := make([]func() (struct{}, bool), len(c))
	for i, m := range c {
		m.start([3]int64{at[0]*n + int64(i), at[1], at[2]})
		var stop func()
		next[i], stop = iter.Pull(func(yield func(struct{}) bool) {
			m.yield = func() { yield(struct{}{}) }
			run(m.body)
		})
		defer stop()
	}
	for {
		waiting := 0
		for i, m := range c {
			if _, more := next[i](); more {
				waiting++
			} else if waiting > 0 {
				m.fail("the block ends while others of its cluster wait at a barrier")
			}
		}
		if waiting == 0 {
			break
		}
		if waiting < len(c) {
			c[0].fail("%d of the %d blocks of a cluster wait at a barrier that the others do not reach", waiting, len(c))
		}
		for _, m := range c { // all have come before any goes on
			m.shared.phase++
		}
	}
	for _, m := range c {
		m.blockNumber += n
	}
}

func (n *Counts) add(x Counts) {
	n.Accesses += x.Accesses
	n.Wavefronts += x.Wavefronts
	n.Conflicts += x.Conflicts
	n.Shuffles += x.Shuffles
	n.Barriers += x.Barriers
}

// loadCluster reads the shared memory of a block of the cluster. A barrier of the cluster must lie between the write and the
// read, and another before the next write or the block's end.
func (m *machine) loadCluster(n *thread.Node) step {
	addr, rank, d := m.wide(n.Args[0]), m.wide(n.Args[1]), m.varying(n)
	return func() {
		m.op = n
		for t := range d {
			if !m.active(t) {
				continue
			}
			r, at := int(rank[t]), int(int32(addr[t]))
			if r < 0 || r >= len(m.peers) {
				m.fail("thread %d reads from block %d of a cluster of %d", t, r, len(m.peers))
			}
			peer := m.peers[r]
			m.check(t, at, 4, 4)
			if problem := peer.shared.remote(at, 4); problem != "" {
				m.fail("thread %d reads byte %d of the shared memory of block %d of the cluster, %s", t, at, r, problem)
			}
			d[t] = uint64(binary.LittleEndian.Uint32(peer.shared.data[at:]))
		}
	}
}

// remote records that another block reads bytes, and says what is wrong with it.
func (s *sharedMem) remote(at, n int) string {
	for p := at >> s.piece; p <= (at+n-1)>>s.piece; p++ {
		switch h := &s.seen[p]; {
		case h.flying:
			return "to which a copy is in flight"
		case h.written != s.epoch:
			return "which nothing has written"
		case h.wPhase == s.phase:
			return "which was written since the last barrier"
		default:
			h.rPhase, h.reader = s.phase, many
		}
	}
	return ""
}
