package c

import (
	"fmt"
	"math"
	"strconv"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// literal is a node that needs no statement: a constant, or a name that exists already.
func (p *printer) literal(n *thread.Node) ([]string, bool) {
	var s string
	switch n.Op {
	case thread.Const:
		s = p.constant(n)
	case thread.Arg:
		if n.Imm < 0 || int(n.Imm) >= len(p.f.Params) || p.f.Params[n.Imm].Elem != n.Type.Elem {
			p.fail("parameter %d of kind %s: the function has no such one", n.Imm, n.Type.Elem)
		}
		s = p.param(int(n.Imm))
	case thread.Tid:
		s = "0"
	case thread.BlockID:
		if n.Imm < 0 || n.Imm > 2 {
			p.fail("axis %d: expected 0 to 2", n.Imm)
		}
		s = fmt.Sprint("b", n.Imm)
	case thread.SharedAt:
		s = fmt.Sprint(n.Imm)
	case thread.LoopVar:
		p.fail("a counter outside of its loop")
	case thread.Cmp:
		if !p.taken[n] && !p.always(n) {
			return nil, false
		}
		s = "true"
	default:
		return nil, false
	}
	lanes := make([]string, n.Type.Lanes)
	for i := range lanes {
		lanes[i] = s
	}
	return lanes, true
}

// constant is a literal of the node's kind; negative ones stand in parentheses.
func (p *printer) constant(n *thread.Node) string {
	switch e := n.Type.Elem; e {
	case thread.Bool:
		if n.Imm != 0 {
			return "true"
		}
		return "false"
	case thread.I8:
		return integer(int64(int8(n.Imm)), "")
	case thread.I16:
		return integer(int64(int16(n.Imm)), "")
	case thread.I32:
		return integer(int64(int32(n.Imm)), "")
	case thread.I64:
		return integer(n.Imm, "ll")
	case thread.F16:
		return p.call("f16_of", float(dtype.F16.Round(n.F), 32))
	case thread.BF16:
		return p.call("bf16_of", float(dtype.BF16.Round(n.F), 32))
	case thread.F32:
		return float(n.F, 32)
	case thread.F64:
		return float(n.F, 64)
	}
	p.fail("a constant of kind %s", n.Type.Elem)
	return ""
}

func integer(n int64, suffix string) string {
	switch {
	case n == math.MinInt32 && suffix == "":
		return "INT32_MIN"
	case n == math.MinInt64:
		return "INT64_MIN"
	case n < 0:
		return fmt.Sprintf("(%d%s)", n, suffix)
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// float is the shortest decimal that the C compiler reads back as the same number.
func float(x float64, bits int) string {
	suffix, f := "", ""
	if bits == 32 {
		x, suffix, f = float64(float32(x)), "f", "f"
	}
	switch {
	case math.IsNaN(x):
		return fmt.Sprintf("__builtin_nan%s(\"\")", f)
	case math.IsInf(x, 1):
		return fmt.Sprintf("__builtin_inf%s()", f)
	case math.IsInf(x, -1):
		return fmt.Sprintf("(-__builtin_inf%s())", f)
	}
	s := strconv.FormatFloat(x, 'g', -1, bits)
	if x == math.Trunc(x) && math.Abs(x) < 1e9 {
		s = strconv.FormatFloat(x, 'f', 1, 64)
	} else if !isFloatText(s) {
		s += ".0"
	}
	if s[0] == '-' {
		return "(" + s + suffix + ")"
	}
	return s + suffix
}

func isFloatText(s string) bool {
	for _, c := range s {
		if c == '.' || c == 'e' {
			return true
		}
	}
	return false
}
