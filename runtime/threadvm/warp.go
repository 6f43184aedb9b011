package threadvm

import (
	"encoding/binary"
	"math"

	"github.com/girih-lang/girih/codegen/thread"
)

const warp = 32

// shuffle gives each thread the word of the lane whose number differs by the bits Imm, or of the lane that Args[1] names.
func (m *machine) shuffle(n *thread.Node) step {
	x, d := m.wide(n.Args[0]), m.varying(n)
	var from []uint64
	if len(n.Args) > 1 {
		from = m.wide(n.Args[1])
	}
	mask := int(n.Imm)
	return func() {
		m.op = n
		m.converged()
		m.counts.Shuffles += int64((m.n + warp - 1) / warp)
		for t := range d {
			s := t ^ mask
			if from != nil {
				s = t&^(warp-1) | int(from[t]&(warp-1))
			}
			if s >= m.n || mask >= warp {
				m.fail("thread %d takes the word of thread %d, which is not in its warp", t, s)
			}
			d[t] = x[s]
		}
	}
}

// acrossLanes gives every thread what the lanes of its warp make together.
func (m *machine) acrossLanes(n *thread.Node, combine func(x, y uint64) uint64) step {
	x, d := m.wide(n.Args[0]), m.varying(n)
	return func() {
		m.op = n
		m.converged()
		for w := 0; w < len(d); w += warp {
			all := x[w]
			for t := w; t < min(w+warp, len(d)); t++ {
				all = combine(all, x[t])
			}
			for t := w; t < min(w+warp, len(d)); t++ {
				d[t] = all
			}
		}
	}
}

// rows calls f with the byte of each row of each matrix of a warp: lane 8i+r has the address of row r of matrix i (PTX ISA,
// ldmatrix).
func (m *machine) rows(addr []uint64, count int, f func(warp, matrix, row, lane, at int)) {
	at := make([]int, warp)
	for w := 0; w < m.n; w += warp {
		for i := range count {
			for l := range at {
				at[l] = -1
			}
			for r := range 8 {
				t := w + 8*i + r
				a := int(int32(addr[t]))
				m.check(t, a, 16, 16)
				f(w, i, r, t, a)
				at[r] = a
			}
			m.wavefronts(at[:8], 16)
			m.counts.Accesses--
		}
		m.counts.Accesses++
	}
}

// ldmatrix: a lane gets two neighbours of 16 bits of row lane/4, or with trans of column lane/4, as one word of its array.
func (m *machine) ldmatrix(n *thread.Node) step {
	addr := m.wide(n.Args[0])
	var idx []func() int64
	for _, a := range n.Args[1:] {
		idx = append(idx, m.scalar(a, "index of a matrix"))
	}
	v, w := m.vars[n.Var], m.n
	count := int(n.Imm)
	size, mask := n.Var.Elem.Size(), maskOf(n.Var.Elem)
	return func() {
		m.op = n
		m.converged()
		var tile [8][8]uint64
		m.rows(addr, count, func(base, i, r, t, at int) {
			// The row is read for the whole warp; the thread that gives its address stands for it.
			m.reads(t, at, 16)
			for c := range 8 {
				tile[r][c] = uint64(binary.LittleEndian.Uint16(m.shared.data[at+2*c:]))
			}
			if r < 7 {
				return
			}
			to := int(idx[i]())
			m.inside(n, to, 4/size)
			for lane := range warp {
				x := tile[lane/4][2*(lane%4)] | tile[lane/4][2*(lane%4)+1]<<16
				if n.Kind == "trans" {
					x = tile[2*(lane%4)][lane/4] | tile[2*(lane%4)+1][lane/4]<<16
				}
				for j := range 4 / size {
					v[(to+j)*w+base+lane] = x >> (8 * size * j) & mask
				}
			}
		})
	}
}

// stmatrix is the inverse: lane 4r+c gives elements 2c and 2c+1 of row r.
func (m *machine) stmatrix(n *thread.Node) step {
	addr := m.wide(n.Args[0])
	var idx []func() int64
	for _, a := range n.Args[1:] {
		idx = append(idx, m.scalar(a, "index of a matrix"))
	}
	v, w := m.vars[n.Var], m.n
	count, size := int(n.Imm), n.Var.Elem.Size()
	return func() {
		m.op = n
		m.converged()
		m.rows(addr, count, func(base, i, r, t, at int) {
			m.writes(t, at, 16)
			from := int(idx[i]())
			m.inside(n, from, 4/size)
			for c := range 4 {
				x := uint64(0)
				for j := range 4 / size {
					x |= v[(from+j)*w+base+4*r+c] << (8 * size * j)
				}
				binary.LittleEndian.PutUint32(m.shared.data[at+4*c:], uint32(x))
			}
		})
	}
}

// mma multiplies fragments (PTX ISA, matrix fragments for mma.m16n8k16 and mma.m16n8k32). The sum of the products is made in
// float64, or in integers, and added once.
func (m *machine) mma(n *thread.Node) step {
	form, ok := thread.MmaForms[n.Kind]
	if !ok {
		panic(m.error("no matrix instruction %q", n.Kind))
	}
	ai, bi, ci := m.scalar(n.Args[0], "index of a fragment"), m.scalar(n.Args[1], "index of a fragment"), m.scalar(n.Args[2], "index of a fragment")
	av, bv, cv := m.vars[n.Vars[0]], m.vars[n.Vars[1]], m.vars[n.Vars[2]]
	per := form.K / 8 // elements of a word: two of 16 bits or four bytes
	a, b := make([]float64, form.M*form.K), make([]float64, form.K*form.N)
	value := func(x uint64, sub int, signed bool) float64 {
		if form.In == thread.I8 {
			y := uint8(x >> (8 * sub))
			if !signed {
				return float64(y)
			}
			return float64(int8(y))
		}
		return float(form.In, x)
	}
	each := per // entries of the array for a word
	if form.In == thread.I8 {
		each = 1
	}
	return func() {
		m.op = n
		m.converged()
		ia, ib, ic := int(ai()), int(bi()), int(ci())
		for base := 0; base < m.n; base += warp {
			for lane := range warp {
				t, g, q := base+lane, lane/4, lane%4
				for word := range 4 { // a: rows g and g+8, then the same further along K
					row, k := g+8*(word%2), q*per+word/2*form.K/2
					for j := range per {
						x := av[(ia+word*each+j%each)*m.n+t]
						a[row*form.K+k+j] = value(x, j, n.Kind == "s8")
					}
				}
				for word := range 2 {
					k := q*per + word*form.K/2
					for j := range per {
						x := bv[(ib+word*each+j%each)*m.n+t]
						b[(k+j)*form.N+g] = value(x, j, n.Kind != "u8")
					}
				}
			}
			for lane := range warp {
				t, g, q := base+lane, lane/4, lane%4
				for i := range 4 {
					row, col := g+8*(i/2), 2*q+i%2
					sum := 0.0
					for k := range form.K {
						sum += a[row*form.K+k] * b[k*form.N+col]
					}
					c := &cv[(ic+i)*m.n+t]
					if form.Acc == thread.F32 {
						*c = uint64(math.Float32bits(float32(float64(math.Float32frombits(uint32(*c))) + sum)))
					} else {
						*c = uint64(uint32(*c) + uint32(int32(sum)))
					}
				}
			}
		}
	}
}
