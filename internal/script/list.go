package script

import (
	"strconv"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

// listed says that a call converts a list: i32([0, 5]), f16([[1, 2], [3, 4]]).
func listed(x *syntax.CallExpr) bool {
	if len(x.Args) != 1 || x.Args[0].Name != nil {
		return false
	}
	_, ok := syntax.Unparen(x.Args[0].X).(*syntax.ListLit)
	return ok
}

// list is the tensor of a list of numbers, or of lists of one length. Integers must fit the type; into a float type each number is
// rounded once.
func (s *Session) list(x *syntax.CallExpr) (Value, error) {
	dt, err := s.elem(x.Fun)
	if err != nil {
		return Value{}, err
	}
	l := lister{s: s, dt: dt}
	if err := l.add(x.Args[0].X, 0); err != nil {
		return Value{}, err
	}
	if dt.IsFloat() {
		return Value{Tensor: tensor.FromFloats(dt, l.shape, l.floats)}, nil
	}
	return Value{Tensor: tensor.FromInts(dt, l.shape, l.ints)}, nil
}

// lister collects the numbers of a list in row-major order.
type lister struct {
	s      *Session
	dt     dtype.Type
	shape  []int
	depth  int // of the numbers; 0 before the first one
	floats []float64
	ints   []int64
}

func (l *lister) add(x syntax.Expr, depth int) error {
	list, ok := syntax.Unparen(x).(*syntax.ListLit)
	if !ok {
		return l.number(x, depth)
	}
	if l.depth > 0 && depth >= l.depth {
		return l.s.errorf(x, diag.BadRank, "a list stands beside a number")
	}
	if depth == len(l.shape) {
		l.shape = append(l.shape, len(list.Elems))
	}
	if n := l.shape[depth]; n != len(list.Elems) {
		return l.s.errorf(x, diag.ShapeMismatch, "a list of %d beside one of %d: a tensor has rows of one length", len(list.Elems), n)
	}
	for _, e := range list.Elems {
		if err := l.add(e, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) number(x syntax.Expr, depth int) error {
	if l.depth == 0 {
		l.depth = depth
	}
	if depth != l.depth {
		return l.s.errorf(x, diag.BadRank, "a number stands beside a list")
	}
	v, err := l.s.Eval(x)
	if err != nil {
		return err
	}
	n, whole, ok := v.number()
	if !ok {
		return l.s.errorf(x, diag.TypeMismatch, "expected a number, found %s", v)
	}
	if l.dt.IsFloat() {
		l.floats = append(l.floats, n)
		return nil
	}
	i, fits := l.integer(v, n)
	if !fits || !whole {
		return l.s.errorf(x, diag.LiteralRange, "%s does not fit %s", l.s.Src.Slice(x.Span()), l.dt)
	}
	l.ints = append(l.ints, i)
	return nil
}

// integer is a number as a value of the type; a u64 is its bit pattern.
func (l *lister) integer(v Value, n float64) (i int64, fits bool) {
	if l.dt.IsBool() {
		return int64(n), n == 0 || n == 1
	}
	if v.Tensor != nil {
		i, fits = v.Tensor.Ints()[0], true
	} else if i, fits = v.Const.Int(); !fits && l.dt == dtype.U64 {
		u, err := strconv.ParseUint(v.Const.String(), 10, 64)
		return int64(u), err == nil
	}
	if l.dt == dtype.U64 {
		return i, fits && i >= 0
	}
	return i, fits && i >= l.dt.MinInt() && i <= l.dt.MaxInt()
}
