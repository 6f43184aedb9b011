package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// builtins are the functions that compilers know for float and double.
var builtins = map[thread.Op]string{thread.Sqrt: "sqrt", thread.Floor: "floor", thread.Ceil: "ceil", thread.Round: "rint", thread.Abs: "fabs", thread.Fma: "fma"}

func (p *printer) float(n *thread.Node, a []string) string {
	e := n.Type.Elem
	if e == thread.F16 || e == thread.BF16 {
		return p.half(n, a)
	}
	switch n.Op {
	case thread.Add, thread.Sub, thread.Mul, thread.Div:
		return fmt.Sprintf("(%s %s %s)", a[0], operators[n.Op], a[1])
	case thread.Neg:
		return "(-" + a[0] + ")"
	case thread.Sqrt, thread.Floor, thread.Ceil, thread.Round, thread.Abs, thread.Fma:
		f := "__builtin_" + builtins[n.Op]
		if e == thread.F32 {
			f += "f"
		}
		return f + "(" + strings.Join(bareAll(a), ", ") + ")"
	case thread.Min, thread.Max, thread.Exp, thread.Exp2, thread.Log2, thread.Sin, thread.Cos, thread.Tanh, thread.Erf, thread.Erfc:
		if e == thread.F64 && n.Op != thread.Min && n.Op != thread.Max {
			return "__builtin_" + n.Op.String() + "(" + bare(a[0]) + ")"
		}
		return p.call(short(e)+"_"+n.Op.String(), bareAll(a)...)
	case thread.Rsqrt: // two roundings: at most one and a half units in the last place
		if e == thread.F32 {
			return "(1.0f / __builtin_sqrtf(" + bare(a[0]) + "))"
		}
		return "(1.0 / __builtin_sqrt(" + bare(a[0]) + "))"
	}
	p.fail("is not defined for %s", n.Type)
	return ""
}

func bareAll(a []string) []string {
	out := make([]string, len(a))
	for i, s := range a {
		out[i] = bare(s)
	}
	return out
}

// half is arithmetic on floats of 16 bits: in float, rounded once. A fused multiply-add is computed in double and rounded to
// odd, after which rounding again is rounding the exact sum.
func (p *printer) half(n *thread.Node, a []string) string {
	e := n.Type.Elem
	wide := make([]string, len(a))
	for i, s := range a {
		wide[i] = p.convert(e, thread.F32, false, s)
	}
	var x string
	switch n.Op {
	case thread.Exp, thread.Exp2, thread.Log2, thread.Sin, thread.Cos, thread.Tanh, thread.Erf, thread.Erfc, thread.Rsqrt:
		p.fail("is not defined for %s", n.Type)
	case thread.Fma:
		return p.convert(thread.F64, e, false, p.call("fma_odd", wide...))
	default:
		x = p.float(&thread.Node{Op: n.Op, Type: thread.Scalar(thread.F32)}, wide)
	}
	return p.convert(thread.F32, e, false, x)
}

var predicates = map[string]string{"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

func (p *printer) compare(n *thread.Node, a []string) string {
	op, ok := predicates[n.Kind]
	if !ok {
		p.fail("predicate %q: expected eq ne lt le gt ge", n.Kind)
	}
	x, y := n.Args[0], n.Args[1]
	switch e := x.Type.Elem; {
	case e == thread.F16 || e == thread.BF16:
		return fmt.Sprintf("(%s %s %s)", p.convert(e, thread.F32, false, a[0]), op, p.convert(e, thread.F32, false, a[1]))
	case n.Uns && e.IsInt() && (x.Type.Lanes > 1 || p.rangeOf(x).lo < 0 || p.rangeOf(y).lo < 0 || !p.bounded(x) || !p.bounded(y)):
		u := "u" + p.ctype(e)
		return fmt.Sprintf("((%s)%s %s (%s)%s)", u, a[0], op, u, a[1])
	}
	return fmt.Sprintf("(%s %s %s)", a[0], op, a[1])
}

// lop3 is the bitwise function with truth table f, where the bits of a, b and c number its rows: split at a, then at b.
func lop3(f uint8, a, b, c string) string {
	pair := func(f uint8, b, c string) string { // f has four bits, row 2b+c
		return [...]string{"0", "~(" + b + " | " + c + ")", "(~" + b + " & " + c + ")", "~" + b, "(" + b + " & ~" + c + ")", "~" + c, "(" + b + " ^ " + c + ")",
			"~(" + b + " & " + c + ")", "(" + b + " & " + c + ")", "~(" + b + " ^ " + c + ")", c, "(~" + b + " | " + c + ")", b, "(" + b + " | ~" + c + ")", "(" + b + " | " + c + ")", "(-1)"}[f]
	}
	hi, lo := f>>4, f&15 // a = 1, a = 0
	x, y := pair(hi, b, c), pair(lo, b, c)
	switch {
	case hi == lo:
		return x
	case lo == 0 && hi == 15:
		return a
	case hi == 0 && lo == 15:
		return "~" + a
	case lo == 0:
		return "(" + a + " & " + x + ")"
	case hi == 0:
		return "(~" + a + " & " + y + ")"
	case hi == 15:
		return "(" + a + " | " + y + ")"
	case lo == 15:
		return "(~" + a + " | " + x + ")"
	case hi == ^lo&15:
		return "(" + a + " ^ " + y + ")"
	}
	return "((" + a + " & " + x + ") | (~" + a + " & " + y + "))"
}
