package threadvm

import (
	"math/bits"

	"github.com/girih-lang/girih/codegen/thread"
)

// integer compiles integer and Bool operations. The frequent ones of 32 bits have loops of their own.
func (m *machine) integer(n *thread.Node) step {
	e := n.Type.Elem
	mask := maskOf(e)
	if len(n.Args) == 1 {
		var f func(x uint64) uint64
		switch n.Op {
		case thread.Not:
			f = func(x uint64) uint64 { return ^x & mask }
		case thread.Neg:
			f = func(x uint64) uint64 { return -x & mask }
		case thread.Abs:
			f = func(x uint64) uint64 {
				if signed(e, x) < 0 {
					x = -x
				}
				return x & mask
			}
		case thread.Popc:
			f = func(x uint64) uint64 { return uint64(bits.OnesCount64(x & mask)) }
		case thread.Clz:
			f = func(x uint64) uint64 { return uint64(bits.LeadingZeros64(x&mask) - bits.LeadingZeros64(mask)) }
		default:
			panic(m.error("no integer operation %s", n.Op))
		}
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) {
			for i, x := range a[0][:len(d)] {
				d[i] = f(x)
			}
		})
	}
	if f := words[n.Op]; e == thread.I32 && f != nil {
		return m.pure(n, func(_ int, d []uint64, a [][]uint64) { f(d, a[0], a[1]) })
	}
	f := m.intBinary(n, e)
	return m.pure(n, func(w int, d []uint64, a [][]uint64) {
		x, y := a[0], a[1]
		for i := range d {
			d[i] = f(x[i], y[i]) & mask
		}
	})
}

// words are operations of 32 bits that need no care for signs.
var words = map[thread.Op]func(d, x, y []uint64){
	thread.Add: func(d, x, y []uint64) {
		for i := range d {
			d[i] = uint64(uint32(x[i] + y[i]))
		}
	},
	thread.Sub: func(d, x, y []uint64) {
		for i := range d {
			d[i] = uint64(uint32(x[i] - y[i]))
		}
	},
	thread.Mul: func(d, x, y []uint64) {
		for i := range d {
			d[i] = uint64(uint32(x[i] * y[i]))
		}
	},
	thread.And: func(d, x, y []uint64) {
		for i := range d {
			d[i] = x[i] & y[i]
		}
	},
	thread.Or: func(d, x, y []uint64) {
		for i := range d {
			d[i] = x[i] | y[i]
		}
	},
	thread.Xor: func(d, x, y []uint64) {
		for i := range d {
			d[i] = x[i] ^ y[i]
		}
	},
}

// intBinary is an operation on bits. A pure operation is done for threads that are masked out too, whose operands mean
// nothing: there a division by zero gives 0.
func (m *machine) intBinary(n *thread.Node, e thread.Elem) func(x, y uint64) uint64 {
	bits := uint64(8 * e.Size())
	if e == thread.Bool {
		bits = 1
	}
	uns := n.Uns
	less := func(x, y uint64) bool {
		if uns || e == thread.Bool {
			return x < y
		}
		return signed(e, x) < signed(e, y)
	}
	bad := func(format string, args ...any) uint64 {
		if m.mask == nil {
			m.op = n
			m.fail(format, args...)
		}
		return 0
	}
	switch n.Op {
	case thread.Add:
		return func(x, y uint64) uint64 { return x + y }
	case thread.Sub:
		return func(x, y uint64) uint64 { return x - y }
	case thread.Mul:
		return func(x, y uint64) uint64 { return x * y }
	case thread.Div, thread.Rem:
		rem := n.Op == thread.Rem
		return func(x, y uint64) uint64 {
			if y == 0 {
				return bad("division by zero")
			}
			if uns {
				if rem {
					return x % y
				}
				return x / y
			}
			a, b := signed(e, x), signed(e, y)
			if b == -1 && uint64(a)&maskOf(e) == 1<<(bits-1) {
				return bad("the quotient %d / -1 overflows", a)
			}
			if rem {
				return uint64(a % b)
			}
			return uint64(a / b)
		}
	case thread.Min:
		return func(x, y uint64) uint64 {
			if less(y, x) {
				return y
			}
			return x
		}
	case thread.Max:
		return func(x, y uint64) uint64 {
			if less(x, y) {
				return y
			}
			return x
		}
	case thread.And:
		return func(x, y uint64) uint64 { return x & y }
	case thread.Or:
		return func(x, y uint64) uint64 { return x | y }
	case thread.Xor:
		return func(x, y uint64) uint64 { return x ^ y }
	case thread.Shl, thread.Shr:
		return func(x, y uint64) uint64 {
			switch {
			case y >= bits:
				return bad("a shift of %d bits by %d", bits, y)
			case n.Op == thread.Shl:
				return x << y
			case uns:
				return x >> y
			}
			return uint64(signed(e, x) >> y)
		}
	}
	panic(m.error("no integer operation %s", n.Op))
}

// comparison compares bits as the kind says; float comparisons with NaN are false but ne.
func comparison(kind string, e thread.Elem, uns bool) func(x, y uint64) bool {
	var less, equal func(x, y uint64) bool
	switch {
	case e.IsFloat():
		less = func(x, y uint64) bool { return float(e, x) < float(e, y) }
		equal = func(x, y uint64) bool { return float(e, x) == float(e, y) }
	case uns || e == thread.Bool || e == thread.Ptr || e == thread.SharedPtr:
		less = func(x, y uint64) bool { return x < y }
		equal = func(x, y uint64) bool { return x == y }
	default:
		less = func(x, y uint64) bool { return signed(e, x) < signed(e, y) }
		equal = func(x, y uint64) bool { return x == y }
	}
	switch kind {
	case "eq":
		return equal
	case "ne":
		return func(x, y uint64) bool { return !equal(x, y) }
	case "lt":
		return less
	case "le":
		return func(x, y uint64) bool { return less(x, y) || equal(x, y) }
	case "gt":
		return func(x, y uint64) bool { return less(y, x) }
	case "ge":
		return func(x, y uint64) bool { return less(y, x) || equal(x, y) }
	}
	panic("threadvm: comparison " + kind)
}
