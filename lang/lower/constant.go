package lower

import (
	"go/constant"
	"go/token"
	"math"
	"math/big"

	"github.com/girih-lang/girih/ir/dtype"
)

// A number is a compile-time value: a bool, an exact integer or rational (go/constant), or one of inf, -inf and nan,
// which go/constant does not have.
type number struct {
	exact   constant.Value // nil when special
	special float64
}

func intNumber(n int64) *number            { return &number{exact: constant.MakeInt64(n)} }
func uintNumber(n uint64) *number          { return &number{exact: constant.MakeUint64(n)} }
func boolNumber(b bool) *number            { return &number{exact: constant.MakeBool(b)} }
func stringNumber(s string) *number        { return &number{exact: constant.MakeString(s)} }
func exactNumber(v constant.Value) *number { return &number{exact: v} }

// floatNumber holds a float64 exactly.
func floatNumber(x float64) *number {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return &number{special: x}
	}
	return &number{exact: constant.ToFloat(constant.MakeFloat64(x))}
}

func (n *number) isBool() bool { return n.exact != nil && n.exact.Kind() == constant.Bool }
func (n *number) isText() bool { return n.exact != nil && n.exact.Kind() == constant.String }
func (n *number) isInt() bool  { return n.exact != nil && n.exact.Kind() == constant.Int }
func (n *number) isFinite() bool {
	return n.exact != nil && (n.exact.Kind() == constant.Int || n.exact.Kind() == constant.Float)
}

// int64 is the value if it is an integer (also one written as a float) that fits.
func (n *number) int64() (int64, bool) {
	if !n.isFinite() {
		return 0, false
	}
	v := constant.ToInt(n.exact)
	if v.Kind() != constant.Int {
		return 0, false
	}
	return constant.Int64Val(v)
}

// float is the nearest float64.
func (n *number) float() float64 {
	if n.exact == nil {
		return n.special
	}
	f, _ := constant.Float64Val(constant.ToFloat(n.exact))
	return f
}

// odd is the value rounded to float64 by rounding to odd: a later rounding to at most 50 bits is then as if from the
// exact value (Boldo and Melquiond 2008).
func (n *number) odd() float64 {
	if n.exact == nil {
		return n.special
	}
	var r *big.Float
	switch v := constant.Val(constant.ToFloat(n.exact)).(type) {
	case *big.Rat:
		r = new(big.Float).SetPrec(600).SetMode(big.ToZero).SetRat(v)
		if back, _ := r.Rat(nil); back == nil || back.Cmp(v) != 0 {
			return stick(r, true)
		}
	case *big.Float:
		r = v
	case int64:
		r = new(big.Float).SetInt64(v)
	case *big.Int:
		r = new(big.Float).SetInt(v)
	default:
		return n.float()
	}
	return stick(r, false)
}

func stick(r *big.Float, inexact bool) float64 {
	t := new(big.Float).SetPrec(53).SetMode(big.ToZero).Set(r)
	f, acc := t.Float64()
	if t.Acc() != big.Exact || acc != big.Exact || inexact {
		if math.IsInf(f, 0) || f == 0 {
			g, _ := r.Float64()
			return g
		}
		return math.Float64frombits(math.Float64bits(f) | 1)
	}
	return f
}

// String is how a message shows the value.
func (n *number) String() string {
	if n.exact == nil {
		switch {
		case math.IsNaN(n.special):
			return "nan"
		case n.special < 0:
			return "-inf"
		}
		return "inf"
	}
	return n.exact.String()
}

// maxConstBits bounds integer constants, so that no chain of declarations can exhaust memory.
const maxConstBits = 512

// tooBig says that a constant left the bounds.
func (n *number) tooBig() bool {
	return n.exact != nil && (n.exact.Kind() == constant.Unknown || n.isInt() && constant.BitLen(n.exact) > maxConstBits)
}

// represent is the value of n as one of elem. problem says why there is none; a float is rounded once to nearest even,
// and if exactInts is set an integer must not be changed by that.
func represent(n *number, elem dtype.Type, exactInts bool) (v *number, problem string) {
	switch {
	case n.isText():
		return nil, "a string is not a number"
	case elem.IsBool():
		if n.isBool() {
			return n, ""
		}
		return nil, "a number is not a bool"
	case n.isBool():
		return nil, "a bool is not a number"
	case elem.IsInt():
		return representInt(n, elem)
	}
	x := n.odd()
	if elem == dtype.F64 {
		x = n.float()
	}
	r := elem.Round(x)
	switch {
	case n.exact == nil:
		if math.IsNaN(n.special) != math.IsNaN(r) || !math.IsNaN(r) && r != n.special {
			return nil, elem.String() + " has no " + n.String()
		}
	case x < 0 && !elem.IsSigned():
		return nil, elem.String() + " has no negative values"
	case math.IsInf(r, 0) || math.IsNaN(r) || math.Abs(x) > elem.MaxFloat() && beyond(x, elem):
		return nil, "it is beyond the largest " + elem.String() + ", " + floatNumber(elem.MaxFloat()).String()
	case r != x && n.isInt() && exactInts:
		return nil, "the nearest " + elem.String() + " is " + floatNumber(r).String()
	case r == 0 && x != 0:
		return nil, "it rounds to 0"
	}
	return floatNumber(r), ""
}

// beyond says that x is out of range even after rounding: more than half a step above the largest value.
func beyond(x float64, elem dtype.Type) bool {
	step := elem.MaxFloat() * math.Ldexp(1, -elem.ManBits()-1)
	return math.Abs(x) >= elem.MaxFloat()+step
}

func representInt(n *number, elem dtype.Type) (*number, string) {
	if n.exact == nil {
		return nil, n.String() + " is not an integer"
	}
	v := constant.ToInt(n.exact)
	if v.Kind() != constant.Int {
		return nil, "it is not an integer"
	}
	lo, hi := constant.MakeInt64(elem.MinInt()), constant.MakeInt64(elem.MaxInt())
	if !elem.IsSigned() {
		hi = constant.MakeUint64(uint64(elem.MaxInt()))
	}
	if constant.Compare(v, token.LSS, lo) || constant.Compare(v, token.GTR, hi) {
		return nil, elem.String() + " holds " + lo.String() + " to " + hi.String()
	}
	return exactNumber(v), ""
}

// bits64 is an integer as the IR holds it: a u64 by its bit pattern.
func (n *number) bits64() int64 {
	if n.isBool() {
		if constant.BoolVal(n.exact) {
			return 1
		}
		return 0
	}
	v := constant.ToInt(n.exact)
	if i, ok := constant.Int64Val(v); ok {
		return i
	}
	u, _ := constant.Uint64Val(v)
	return int64(u)
}

var binaryTokens = map[string]token.Token{"+": token.ADD, "-": token.SUB, "*": token.MUL, "/": token.QUO, "%": token.REM,
	"&": token.AND, "|": token.OR, "^": token.XOR, "==": token.EQL, "!=": token.NEQ, "<": token.LSS, "<=": token.LEQ,
	">": token.GTR, ">=": token.GEQ, "&&": token.LAND, "||": token.LOR}

// fold applies an operator to two constants. problem is empty on success.
func fold(op string, a, b *number) (r *number, problem string) {
	tok, compares := binaryTokens[op], false
	switch op {
	case "==", "!=", "<", "<=", ">", ">=":
		compares = true
	case "&&", "||":
		if !a.isBool() || !b.isBool() {
			return nil, "takes bools"
		}
		return exactNumber(constant.BinaryOp(a.exact, tok, b.exact)), ""
	}
	switch {
	case a.isText() || b.isText():
		return nil, "does not take strings"
	case a.isBool() != b.isBool():
		return nil, "does not mix a bool and a number"
	case a.isBool():
		if op != "==" && op != "!=" {
			return nil, "does not take bools"
		}
	case a.exact == nil || b.exact == nil:
		return foldSpecial(op, a.float(), b.float(), compares)
	}
	if compares {
		return boolNumber(constant.Compare(a.exact, tok, b.exact)), ""
	}
	switch op {
	case "<<", ">>":
		return foldShift(op, a, b)
	case "&", "|", "^", "%":
		if !a.isInt() || !b.isInt() {
			return nil, "takes integers"
		}
	}
	if (op == "/" || op == "%") && constant.Sign(b.exact) == 0 {
		return nil, "divides by zero"
	}
	if op == "/" && a.isInt() && b.isInt() {
		tok = token.QUO_ASSIGN // go/constant: truncated integer division
	}
	r = exactNumber(constant.BinaryOp(a.exact, tok, b.exact))
	if r.tooBig() {
		return nil, "gives a constant that is too large"
	}
	return r, ""
}

func foldShift(op string, a, b *number) (*number, string) {
	n, ok := b.int64()
	if !a.isInt() || !ok || n < 0 || n > maxConstBits {
		return nil, "takes integers, and shifts by 0 to 512"
	}
	tok := token.SHL
	if op == ">>" {
		tok = token.SHR
	}
	r := exactNumber(constant.Shift(a.exact, tok, uint(n)))
	if r.tooBig() {
		return nil, "gives a constant that is too large"
	}
	return r, ""
}

func foldSpecial(op string, x, y float64, compares bool) (*number, string) {
	if compares {
		return boolNumber(map[string]bool{"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]), ""
	}
	switch op {
	case "+":
		return floatNumber(x + y), ""
	case "-":
		return floatNumber(x - y), ""
	case "*":
		return floatNumber(x * y), ""
	case "/":
		return floatNumber(x / y), ""
	}
	return nil, "takes integers"
}

// negate is -n.
func negate(n *number) *number {
	if n.exact == nil {
		return floatNumber(-n.special)
	}
	return exactNumber(constant.UnaryOp(token.SUB, n.exact, 0))
}
