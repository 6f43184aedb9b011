package threadvm

import "github.com/girih-lang/girih/codegen/thread"

// repeated compiles the operations that only wide vectors have.
func (m *machine) repeated(n *thread.Node) step {
	if n.Op == thread.Splat {
		return m.pure(n, func(w int, d []uint64, a [][]uint64) {
			for i := range d {
				d[i] = a[0][i%w]
			}
		})
	}
	table := make([]uint64, len(n.Table))
	for i, x := range n.Table {
		table[i] = toFloat(n.Type.Elem, x)
	}
	return m.pure(n, func(_ int, d []uint64, a [][]uint64) {
		for i := range d {
			d[i] = table[a[0][i]%uint64(len(table))]
		}
	})
}
