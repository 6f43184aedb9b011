package threadvm

import (
	"math"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// arith compiles operations on values.
func (m *machine) arith(n *thread.Node) step {
	switch n.Op {
	case thread.Vec:
		return m.pure(n, func(w int, d []uint64, a [][]uint64) {
			for l := range a {
				copy(d[l*w:(l+1)*w], a[l])
			}
		})
	case thread.Extract:
		i := int(n.Imm)
		return m.pure(n, func(w int, d []uint64, a [][]uint64) { copy(d, a[0][i*w:(i+1)*w]) })
	case thread.Select:
		return m.pure(n, choose)
	case thread.Bitcast:
		return m.bitcast(n)
	case thread.Conv:
		f := converter(n.Args[0].Type.Elem, n.Type.Elem, n.Uns)
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) { f(d, a[0]) })
	case thread.PtrAdd:
		e, mask := n.Args[1].Type.Elem, maskOf(n.Type.Elem)
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) {
			p, by := a[0], a[1]
			if e == thread.I32 {
				for i := range d {
					d[i] = (p[i] + uint64(int64(int32(by[i])))) & mask
				}
				return
			}
			for i := range d {
				d[i] = (p[i] + by[i]) & mask
			}
		})
	case thread.Cmp:
		f := comparison(n.Kind, n.Args[0].Type.Elem, n.Uns)
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) {
			x, y := a[0], a[1]
			for i := range d {
				d[i] = 0
				if f(x[i], y[i]) {
					d[i] = 1
				}
			}
		})
	case thread.Lop3:
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) { lop3(d, a[0], a[1], a[2], uint8(n.Imm)) })
	case thread.Prmt:
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) { prmt(d, a[0], a[1], a[2]) })
	case thread.Splat, thread.Lookup:
		return m.repeated(n)
	case thread.FP8:
		t := fp8[n.Kind]
		return m.pure(n, func(w int, d []uint64, a [][]uint64) {
			for i := range d {
				d[i] = dtype.F16.FromFloat(t.Float(a[0][i%w]>>(8*(i/w))&255), dtype.Mode{})
			}
		})
	case thread.ToFP8:
		t := fp8[n.Kind]
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) {
			for i := range d {
				x := math.Float32frombits(uint32(a[0][i]))
				if d[i] = t.FromFloat(float64(x), t.Mode()); x != x {
					d[i] = 0x7f
				}
			}
		})
	case thread.Equal:
		t := map[string]dtype.Type{"f16": dtype.F16, "bf16": dtype.BF16}[n.Kind]
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) {
			for i := range d {
				d[i] = 0
				for at := 0; at < 32; at += 16 {
					if t.Float(a[0][i]>>at&0xffff) == t.Float(a[1][i]>>at&0xffff) {
						d[i] |= 0xffff << at
					}
				}
			}
		})
	case thread.Fma:
		f := fma(n.Type.Elem)
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) { f(d, a[0], a[1], a[2]) })
	}
	if n.Type.Elem.IsFloat() {
		if len(n.Args) == 1 {
			f := floatUnary(n.Op, n.Type.Elem)
			if f == nil {
				panic(m.error("no float operation %s", n.Op))
			}
			return m.pure(n, func(_ int, d []uint64, a [][]uint64) { f(d, a[0]) })
		}
		f := floatBinary(n.Op, n.Type.Elem)
		if f == nil {
			panic(m.error("no float operation %s", n.Op))
		}
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) { f(d, a[0], a[1]) })
	}
	return m.integer(n)
}

// choose is Select; a condition of one lane decides for all.
func choose(w int, d []uint64, a [][]uint64) {
	c, x, y := a[0], a[1], a[2]
	if len(c) < len(d) {
		for l := 0; l < len(d); l += w {
			choose(w, d[l:l+w], [][]uint64{c, x[l : l+w], y[l : l+w]})
		}
		return
	}
	for i := range d {
		if c[i] != 0 {
			d[i] = x[i]
		} else {
			d[i] = y[i]
		}
	}
}

// bitcast regroups the bytes of the lanes.
func (m *machine) bitcast(n *thread.Node) step {
	from, to := n.Args[0].Type, n.Type
	fb, tb := from.Elem.Size()*8, to.Elem.Size()*8
	if fb*from.Lanes != tb*to.Lanes {
		panic(m.error("bitcast of %s to %s: %d and %d bits", from, to, fb*from.Lanes, tb*to.Lanes))
	}
	mask := maskOf(to.Elem)
	return m.pure(n, func(w int, d []uint64, a [][]uint64) {
		s := a[0]
		switch {
		case fb == tb:
			copy(d, s)
		case fb < tb: // join k lanes
			k := tb / fb
			for l := range to.Lanes {
				for t := range w {
					x := uint64(0)
					for j := range k {
						x |= s[(l*k+j)*w+t] << (j * fb)
					}
					d[l*w+t] = x
				}
			}
		default:
			k := fb / tb
			for l := range from.Lanes {
				for t := range w {
					x := s[l*w+t]
					for j := range k {
						d[(l*k+j)*w+t] = x >> (j * tb) & mask
					}
				}
			}
		}
	})
}

// lop3 applies a truth table bit by bit.
func lop3(d, a, b, c []uint64, table uint8) {
	for i := range d {
		x, y, z := uint32(a[i]), uint32(b[i]), uint32(c[i])
		r := uint32(0)
		for k := range 8 {
			if table>>k&1 == 0 {
				continue
			}
			p, q, s := x, y, z
			if k&4 == 0 {
				p = ^p
			}
			if k&2 == 0 {
				q = ^q
			}
			if k&1 == 0 {
				s = ^s
			}
			r |= p & q & s
		}
		d[i] = uint64(r)
	}
}

// prmt picks four bytes of the eight of b:a.
func prmt(d, a, b, sel []uint64) {
	for i := range d {
		w := a[i] | b[i]<<32
		r := uint64(0)
		for j := range 4 {
			s := sel[i] >> (4 * j) & 15
			x := w >> (8 * (s & 7)) & 255
			if s&8 != 0 { // the sign, repeated
				x = uint64(uint8(int8(x) >> 7))
			}
			r |= x << (8 * j)
		}
		d[i] = r
	}
}

// fp8 are the types that the instructions FP8 and ToFP8 name.
var fp8 = map[string]dtype.Type{"e4m3": dtype.F8E4M3FN, "e5m2": dtype.F8E5M2}
