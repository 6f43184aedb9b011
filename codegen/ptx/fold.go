package ptx

import "github.com/girih-lang/girih/codegen/thread"

func width(e thread.Elem) uint {
	if e == thread.Bool {
		return 1
	}
	return uint(8 * e.Size())
}

// wrap brings an integer into the range of its kind: sign-extended, Bool 0 or 1.
func wrap(e thread.Elem, x int64) int64 {
	if e == thread.Bool {
		return x & 1
	}
	s := 64 - width(e)
	return x << s >> s
}

// unsigned is the unsigned reading of a wrapped integer.
func unsigned(e thread.Elem, x int64) uint64 {
	return uint64(x) << (64 - width(e)) >> (64 - width(e))
}

// fold computes an operation on two constants exactly as the machine would. It declines what the machine does not define.
func fold(op thread.Op, e thread.Elem, uns bool, x, y int64) (int64, bool) {
	ux, uy := unsigned(e, x), unsigned(e, y)
	var r int64
	switch op {
	case thread.Add:
		r = x + y
	case thread.Sub:
		r = x - y
	case thread.Mul:
		r = x * y
	case thread.Div, thread.Rem:
		switch {
		case y == 0:
			return 0, false
		case uns && op == thread.Div:
			r = int64(ux / uy)
		case uns:
			r = int64(ux % uy)
		case op == thread.Div:
			r = x / y
		default:
			r = x % y
		}
	case thread.Min, thread.Max:
		less := x < y
		if uns {
			less = ux < uy
		}
		if r = y; less == (op == thread.Min) {
			r = x
		}
	case thread.And:
		r = x & y
	case thread.Or:
		r = x | y
	case thread.Xor:
		r = x ^ y
	case thread.Shl, thread.Shr:
		switch {
		case uy >= uint64(width(e)):
			return 0, false
		case op == thread.Shl:
			r = x << uy
		case uns:
			r = int64(ux >> uy)
		default:
			r = x >> uy
		}
	default:
		return 0, false
	}
	return wrap(e, r), true
}

// identity gives x∘y when one of them is a constant that makes the operation trivial: the other operand, or a constant.
func identity(op thread.Op, e thread.Elem, x, y val) (val, bool) {
	if x.konst {
		switch op {
		case thread.Add, thread.Mul, thread.And, thread.Or, thread.Xor:
			x, y = y, x
		}
	}
	if !y.konst {
		return val{}, false
	}
	switch {
	case y.k == 0:
		switch op {
		case thread.Add, thread.Sub, thread.Or, thread.Xor, thread.Shl, thread.Shr:
			return x, true
		case thread.Mul, thread.And:
			return konst(0), true
		}
	case y.k == 1:
		switch op {
		case thread.Mul, thread.Div:
			if e != thread.Bool {
				return x, true
			}
		case thread.Rem:
			return konst(0), true
		case thread.And:
			if e == thread.Bool {
				return x, true
			}
		case thread.Or:
			if e == thread.Bool {
				return konst(1), true
			}
		}
	case y.k == -1 && op == thread.And:
		return x, true
	}
	return val{}, false
}

// compare decides a comparison of constants.
func compare(pred string, e thread.Elem, uns bool, x, y int64) bool {
	less := x < y
	if uns {
		less = unsigned(e, x) < unsigned(e, y)
	}
	switch pred {
	case "eq":
		return x == y
	case "ne":
		return x != y
	case "lt":
		return less
	case "le":
		return less || x == y
	case "gt":
		return !less && x != y
	default: // ge
		return !less
	}
}
