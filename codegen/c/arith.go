package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// short names kinds in the names of helpers.
func short(e thread.Elem) string { return e.String() }

// scalar is the expression of a node with one lane; v collects what it reads.
func (p *printer) scalar(n *thread.Node, v *val) string {
	switch n.Op {
	case thread.Get:
		v.vars[n.Var] = true
		return p.arrays[n.Var] + "[" + bare(p.in(n.Args[0], v)) + "]"
	case thread.Load:
		return p.load(n, v)
	case thread.PtrAdd:
		if n.Type.Elem == thread.SharedPtr {
			return fmt.Sprintf("(%s + (int32_t)%s)", p.in(n.Args[0], v), p.in(n.Args[1], v))
		}
		return fmt.Sprintf("(%s + %s)", p.in(n.Args[0], v), p.in(n.Args[1], v))
	case thread.Select:
		c := p.in(n.Args[0], v)
		// The arms are evaluated ahead: a read under a condition would keep the compiler from vectorising the loop.
		return fmt.Sprintf("(%s ? %s : %s)", c, p.arm(n.Args[1], v), p.arm(n.Args[2], v))
	case thread.Bitcast:
		if a := n.Args[0].Type; a.Lanes > 1 {
			return p.reinterpret(n)[0]
		}
	case thread.Vec:
		return p.in(n.Args[0], v)
	}
	ops := make([]string, len(n.Args))
	for i, a := range n.Args {
		if n.Op == thread.Lop3 { // prints its operands more than once
			ops[i] = p.atom(a)
		} else {
			ops[i] = p.in(a, v)
		}
	}
	return p.apply(n, ops)
}

// arm is an operand of a Select: an expression when it is short and reads nothing.
func (p *printer) arm(n *thread.Node, v *val) string {
	x := p.get(n)
	if x.waits && (len(x.vars) > 0 || x.memory || strings.Contains(x.lanes[0], "/") || len(x.lanes[0]) > 50) {
		return p.atom(n)
	}
	return p.in(n, v)
}

// defineVector evaluates a vector lane by lane into names.
func (p *printer) defineVector(n *thread.Node, v *val) {
	switch n.Op {
	case thread.Vec:
		if len(n.Args) != n.Type.Lanes {
			p.fail("%d operands for %s", len(n.Args), n.Type)
		}
		for _, a := range n.Args {
			v.lanes = append(v.lanes, p.atom(a))
		}
		return
	case thread.Get:
		at := p.atom(n.Args[0])
		for i := range n.Type.Lanes {
			v.lanes = append(v.lanes, p.arrays[n.Var]+"["+offset(at, i)+"]")
		}
	case thread.Load:
		v.lanes = p.loadVector(n)
	case thread.Bitcast:
		v.lanes = p.reinterpret(n)
		return
	case thread.Select:
		c, x, y := p.lanes(n.Args[0]), p.lanes(n.Args[1]), p.lanes(n.Args[2])
		for i := range n.Type.Lanes {
			v.lanes = append(v.lanes, fmt.Sprintf("(%s ? %s : %s)", c[i%len(c)], x[i], y[i]))
		}
	default:
		ops := make([][]string, len(n.Args))
		for i, a := range n.Args {
			if a.Type.Lanes != n.Type.Lanes {
				p.fail("operand %d is %s, the result %s", i, a.Type, n.Type)
			}
			ops[i] = p.lanes(a)
		}
		for i := range n.Type.Lanes {
			s := make([]string, len(ops))
			for j := range ops {
				s[j] = ops[j][i]
			}
			v.lanes = append(v.lanes, p.apply(n, s))
		}
	}
	ct := p.ctype(n.Type.Elem)
	for i, s := range v.lanes {
		t := p.fresh()
		p.line("const %s %s = %s;", ct, t, bare(s))
		v.lanes[i] = t
	}
}

func offset(at string, i int) string {
	if i == 0 {
		return at
	}
	return fmt.Sprintf("%s + %d", at, i)
}

// apply is an operation on scalar operands.
func (p *printer) apply(n *thread.Node, a []string) string {
	switch n.Op {
	case thread.Cmp:
		return p.compare(n, a)
	case thread.Conv:
		return p.convert(n.Args[0].Type.Elem, n.Type.Elem, n.Uns, a[0])
	case thread.Bitcast:
		return p.bits(n.Args[0].Type.Elem, n.Type.Elem, a[0])
	case thread.Lop3:
		return lop3(uint8(n.Imm), a[0], a[1], a[2])
	case thread.Prmt:
		return p.call("prmt", a...)
	case thread.Shfl:
		p.fail("exists on a GPU only")
	}
	switch e := n.Type.Elem; {
	case e == thread.Bool:
		return p.logic(n, a)
	case e.IsInt():
		return p.integer(n, a)
	case e.IsFloat():
		return p.float(n, a)
	}
	p.fail("is not defined for %s", n.Type)
	return ""
}

func (p *printer) logic(n *thread.Node, a []string) string {
	switch n.Op {
	case thread.And:
		switch "true" {
		case a[0]:
			return a[1]
		case a[1]:
			return a[0]
		}
		return "(" + a[0] + " & " + a[1] + ")"
	case thread.Or:
		return "(" + a[0] + " | " + a[1] + ")"
	case thread.Xor:
		return "(" + a[0] + " ^ " + a[1] + ")"
	case thread.Not:
		return "!" + a[0]
	}
	p.fail("is not defined for bool")
	return ""
}

var operators = map[thread.Op]string{thread.Add: "+", thread.Sub: "-", thread.Mul: "*", thread.Div: "/", thread.Rem: "%", thread.And: "&", thread.Or: "|", thread.Xor: "^"}

// integer is integer arithmetic. Unsigned operands of fewer than 32 bits would be promoted to int: they go through uint32_t.
func (p *printer) integer(n *thread.Node, a []string) string {
	e := n.Type.Elem
	t, u := p.ctype(e), "uint32_t"
	if e == thread.I64 {
		u = "uint64_t"
	}
	narrow := e.Size() < 4
	zero := func(s string) string { // the operand extended by zeros
		if narrow {
			return fmt.Sprintf("(%s)(u%s)%s", u, t, s)
		}
		return "(" + u + ")" + s
	}
	switch n.Op {
	case thread.Add, thread.Sub, thread.Mul:
		if p.fits(n) {
			return fmt.Sprintf("(%s %s %s)", a[0], operators[n.Op], a[1])
		}
		return fmt.Sprintf("(%s)((%s)%s %s (%s)%s)", t, u, a[0], operators[n.Op], u, a[1])
	case thread.Div, thread.Rem:
		if n.Uns {
			return fmt.Sprintf("(%s)(%s %s %s)", t, zero(a[0]), operators[n.Op], zero(a[1]))
		}
		if narrow {
			return fmt.Sprintf("(%s)(%s %s %s)", t, a[0], operators[n.Op], a[1])
		}
		return fmt.Sprintf("(%s %s %s)", a[0], operators[n.Op], a[1])
	case thread.And, thread.Or, thread.Xor:
		s := fmt.Sprintf("(%s %s %s)", a[0], operators[n.Op], a[1])
		if narrow {
			return "(" + t + ")" + s
		}
		return s
	case thread.Shl:
		return fmt.Sprintf("(%s)((%s)%s << %s)", t, u, a[0], a[1])
	case thread.Shr:
		if n.Uns {
			return fmt.Sprintf("(%s)(%s >> %s)", t, zero(a[0]), a[1])
		}
		if narrow {
			return fmt.Sprintf("(%s)(%s >> %s)", t, a[0], a[1])
		}
		return fmt.Sprintf("(%s >> %s)", a[0], a[1])
	case thread.Neg:
		return fmt.Sprintf("(%s)(0 - (%s)%s)", t, u, a[0])
	case thread.Not:
		return fmt.Sprintf("(%s)~%s", t, a[0])
	case thread.Min, thread.Max:
		name := short(e) + "_" + n.Op.String()
		if n.Uns {
			name = "u" + name[1:]
		}
		return p.call(name, a...)
	case thread.Abs:
		return p.call(short(e)+"_abs", a...)
	case thread.Popc:
		return fmt.Sprintf("(%s)__builtin_popcountll((uint64_t)(%s))", t, zero(a[0]))
	case thread.Clz: // a one just below the operand, so that 0 is no special case
		if e == thread.I64 {
			return p.call("i64_clz", a...)
		}
		return fmt.Sprintf("(%s)__builtin_clzll((uint64_t)(%s) << %d | UINT64_C(1) << %d)", t, zero(a[0]), 64-8*e.Size(), 63-8*e.Size())
	}
	p.fail("is not defined for %s", n.Type)
	return ""
}
