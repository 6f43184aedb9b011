package girih

import "sync/atomic"

// mapping is a file in memory, which is given back when nobody uses it any more.
type mapping struct {
	data []byte
	refs atomic.Int64
}

func newMapping(data []byte) *mapping {
	m := &mapping{data: data}
	m.refs.Store(1)
	return m
}

func (m *mapping) retain() bool {
	for {
		n := m.refs.Load()
		if n <= 0 {
			return false
		}
		if m.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (m *mapping) drop() {
	if m.refs.Add(-1) == 0 {
		unmap(m.data)
	}
}
