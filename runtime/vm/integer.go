package vm

import (
	"math/bits"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

func init() {
	for c := range binarySigned {
		table[c] = buildBinary
	}
	register(map[ir.Code]build{ir.OpNot: buildUnaryInt, ir.OpPopcount: buildCount, ir.OpClz: buildCount, ir.OpCmp: buildCmp, ir.OpSelect: buildSelect})
}

// binarySigned are the integer operations, before wrapping to the width. Bool and unsigned types use them too unless
// binaryUnsigned has the operation: narrower unsigned values are positive as int64.
var binarySigned = map[ir.Code]func(x, y int64) int64{
	ir.OpAdd: func(x, y int64) int64 { return x + y },
	ir.OpSub: func(x, y int64) int64 { return x - y },
	ir.OpMul: func(x, y int64) int64 { return x * y },
	ir.OpDiv: func(x, y int64) int64 {
		if y == 0 {
			return 0
		}
		return x / y
	},
	ir.OpRem: func(x, y int64) int64 {
		if y == 0 {
			return x
		}
		return x % y
	},
	ir.OpMin: func(x, y int64) int64 { return min(x, y) },
	ir.OpMax: func(x, y int64) int64 { return max(x, y) },
	ir.OpAnd: func(x, y int64) int64 { return x & y },
	ir.OpOr:  func(x, y int64) int64 { return x | y },
	ir.OpXor: func(x, y int64) int64 { return x ^ y },
	// A negative count is large when read as unsigned at any width. Shifting further than the type's width but less
	// than 64 leaves zero bits in its low part (shl) or the filling (shr).
	ir.OpShl: func(x, y int64) int64 { return x << min(uint64(y), 64) },
	ir.OpShr: func(x, y int64) int64 { return x >> min(uint64(y), 64) },
}

// binaryUnsigned are the operations for which the top bit of a u64 counts.
var binaryUnsigned = map[ir.Code]func(x, y int64) int64{
	ir.OpDiv: func(x, y int64) int64 {
		if y == 0 {
			return 0
		}
		return int64(uint64(x) / uint64(y))
	},
	ir.OpRem: func(x, y int64) int64 {
		if y == 0 {
			return x
		}
		return int64(uint64(x) % uint64(y))
	},
	ir.OpMin: func(x, y int64) int64 { return int64(min(uint64(x), uint64(y))) },
	ir.OpMax: func(x, y int64) int64 { return int64(max(uint64(x), uint64(y))) },
	ir.OpShr: func(x, y int64) int64 { return int64(uint64(x) >> min(uint64(y), 64)) },
}

var unaryInt = map[ir.Code]func(int64) int64{
	ir.OpNeg: func(x int64) int64 { return -x },
	ir.OpNot: func(x int64) int64 { return ^x },
	ir.OpAbs: func(x int64) int64 { return max(x, -x) },
}

func buildUnaryInt(p *prep, o *ir.Op) (step, error) {
	t := o.Result().Type.Elem
	fn := unaryInt[o.Code]
	switch {
	case t.IsBool():
		fn = func(x int64) int64 { return x ^ 1 }
	case o.Code == ir.OpAbs && !t.IsSigned():
		fn = func(x int64) int64 { return x }
	}
	d, x := p.slot(o.Result()), p.slot(o.Args[0])
	return func(f *frame) error {
		dst := f.I[d]
		src := f.I[x][:len(dst)]
		for i := range dst {
			dst[i] = fn(src[i])
		}
		wrap(t, dst)
		return nil
	}, nil
}

// buildCount counts bits within the width of the operand's type.
func buildCount(p *prep, o *ir.Op) (step, error) {
	n := o.Args[0].Type.Elem.Bits()
	mask := ^uint64(0) >> (64 - n)
	fn := func(x uint64) int { return bits.OnesCount64(x) }
	if o.Code == ir.OpClz {
		fn = func(x uint64) int { return n - bits.Len64(x) }
	}
	d, x := p.slot(o.Result()), p.slot(o.Args[0])
	return func(f *frame) error {
		for i, v := range f.I[x] {
			f.I[d][i] = int64(fn(uint64(v) & mask))
		}
		return nil
	}, nil
}

func buildBinaryInt(p *prep, o *ir.Op) (step, error) {
	t := o.Result().Type.Elem
	fn := binarySigned[o.Code]
	if u := binaryUnsigned[o.Code]; u != nil && !t.IsSigned() {
		fn = u
	}
	if fn == nil {
		return nil, p.fail(o, "the VM has no %s of %s", o.Code, t)
	}
	d, x, y := p.slot(o.Result()), p.slot(o.Args[0]), p.slot(o.Args[1])
	return func(f *frame) error {
		dst := f.I[d]
		a, b := f.I[x][:len(dst)], f.I[y][:len(dst)]
		for i := range dst {
			dst[i] = fn(a[i], b[i])
		}
		wrap(t, dst)
		return nil
	}, nil
}

// wrap brings results back into their type. Logic on bool stays in bool by itself.
func wrap(t dtype.Type, d []int64) {
	switch {
	case t.Bits() == 64 || t.IsBool():
	case t == ir.Index:
		for i, x := range d {
			d[i] = int64(int32(x))
		}
	default:
		for i, x := range d {
			d[i] = t.Wrap(x)
		}
	}
}

// ordered are the predicates of one kind of values.
type ordered interface{ ~float64 | ~int64 | ~uint64 }

// compare is generic over the order: unsigned operands come as uint64.
func compare[T, S ordered](pred string, conv func(S) T) func(d []int64, x, y []S) {
	loop := func(test func(a, b T) bool) func(d []int64, x, y []S) {
		return func(d []int64, x, y []S) {
			for i := range d {
				d[i] = 0
				if test(conv(x[i]), conv(y[i])) {
					d[i] = 1
				}
			}
		}
	}
	switch pred {
	case "eq":
		return loop(func(a, b T) bool { return a == b })
	case "ne":
		return loop(func(a, b T) bool { return a != b })
	case "lt":
		return loop(func(a, b T) bool { return a < b })
	case "le":
		return loop(func(a, b T) bool { return a <= b })
	case "gt":
		return loop(func(a, b T) bool { return a > b })
	case "ge":
		return loop(func(a, b T) bool { return a >= b })
	}
	return nil
}

func buildCmp(p *prep, o *ir.Op) (step, error) {
	t, pred := o.Args[0].Type.Elem, o.Str("pred")
	d, x, y := p.slot(o.Result()), p.slot(o.Args[0]), p.slot(o.Args[1])
	if t.IsFloat() {
		fn := compare(pred, func(v float64) float64 { return v })
		return func(f *frame) error { fn(f.I[d], f.F[x], f.F[y]); return nil }, nil
	}
	fn := compare(pred, func(v int64) int64 { return v })
	if !t.IsSigned() {
		fn = compare(pred, func(v int64) uint64 { return uint64(v) })
	}
	return func(f *frame) error { fn(f.I[d], f.I[x], f.I[y]); return nil }, nil
}

func choose[T any](d []T, cond []int64, x, y []T) {
	for i := range d {
		if cond[i] != 0 {
			d[i] = x[i]
		} else {
			d[i] = y[i]
		}
	}
}

func buildSelect(p *prep, o *ir.Op) (step, error) {
	d, s := p.slot(o.Result()), p.args(o.Args...)
	return func(f *frame) error {
		choose(f.F[d], f.I[s[0]], f.F[s[1]], f.F[s[2]])
		choose(f.I[d], f.I[s[0]], f.I[s[1]], f.I[s[2]])
		return nil
	}, nil
}
