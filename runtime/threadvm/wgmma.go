package threadvm

import (
	"encoding/binary"
	"math"

	"github.com/girih-lang/girih/codegen/thread"
)

// wgmma multiplies fragments of four warps, which lie in registers as those of mma.m16n8k16 do, by columns that lie in shared
// memory (PTX ISA, "Asynchronous Warpgroup Level Matrix Operations": register fragments of wgmma.m64nNk16, K-major layout with
// 128-byte swizzling). The products of all steps are summed in float64 and added once.
func (m *machine) wgmma(n *thread.Node) step {
	ai, ci := m.scalar(n.Args[0], "index of a fragment"), m.scalar(n.Args[1], "index of a fragment")
	av, cv := m.vars[n.Vars[0]], m.vars[n.Vars[1]]
	elem := thread.MmaForms[n.Kind].In
	steps, cols := len(n.Args)-2, int(n.Imm)
	addr := make([][]uint64, steps)
	for s := range addr {
		addr[s] = m.wide(n.Args[2+s])
	}
	b := make([]float64, steps*16*cols)
	return func() {
		m.op = n
		m.converged()
		ia, ic := int(ai()), int(ci())
		for base := 0; base < m.n; base += warp {
			for s := range steps {
				at := int(int32(addr[s][base]))
				for t := base; t < base+warp; t++ {
					if int(int32(addr[s][t])) != at {
						m.fail("threads %d and %d give different addresses of a matrix operand", base, t)
					}
				}
				for col := range cols {
					for piece := range 2 { // of 16 bytes
						p := at + col/8*1024 + col%8*128 + 16*piece
						p ^= p >> 7 & 7 << 4
						m.check(base, p, 16, 16)
						m.reads(base, p, 16)
						for k := range 8 {
							b[(16*s+8*piece+k)*cols+col] = float(elem, uint64(binary.LittleEndian.Uint16(m.shared.data[p+2*k:])))
						}
					}
				}
			}
			for r := range n.Rows {
				for lane := range warp {
					for i := range cols / 8 * 4 {
						row, col := lane/4+8*(i%4/2), i/4*8+2*(lane%4)+i%2
						sum := 0.0
						for k := range 16 * steps {
							s, k := k/16, k%16
							owner := base + row%8*4 + k%8/2
							x := av[(ia+(r*steps+s)*8+k/8*4+row/8*2+k%2)*m.n+owner]
							sum += float(elem, x) * b[(16*s+k)*cols+col]
						}
						c := &cv[(ic+r*cols/2+i)*m.n+base+lane]
						*c = uint64(math.Float32bits(float32(float64(math.Float32frombits(uint32(*c))) + sum)))
					}
				}
			}
		}
	}
}
