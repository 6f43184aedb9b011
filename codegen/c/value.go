package c

import (
	"fmt"
	"math"
	"strconv"

	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// val is a value as C expressions, one for each lane. Those of vectors are always names or literals.
type val struct {
	lanes []string
	// Of an expression that waits for its only user, what it reads: it must be evaluated before any of that is written.
	vars   map[*thread.Var]bool
	memory bool
	waits  bool
}

// longest is the length from which on an expression gets a name, for readers of the text.
const longest = 110

// survey counts the uses of every node that matters and notes where its user is. Nodes that nothing with an effect needs are
// left out, so that dead address arithmetic is not printed.
func (p *printer) survey() {
	p.uses, p.home, p.user = map[*thread.Node]int{}, map[*thread.Node]*thread.Block{}, map[*thread.Node]*thread.Block{}
	p.loops = map[*thread.Node]*thread.Node{}
	var effects []*thread.Node
	var list func(b *thread.Block)
	list = func(b *thread.Block) {
		for _, n := range b.Nodes {
			p.home[n] = b
			if n.Op == thread.For {
				p.loops[n.Args[3]] = n
				p.home[n.Args[3]] = n.Body
			}
			if n.Type.Elem == thread.Void {
				effects = append(effects, n)
			}
			if n.Body != nil {
				list(n.Body)
			}
			if n.Else != nil {
				list(n.Else)
			}
		}
	}
	list(p.f.Body)
	var visit func(n *thread.Node)
	visit = func(n *thread.Node) {
		for i, a := range n.Args {
			if n.Op == thread.For && i == 3 {
				continue
			}
			p.uses[a]++
			p.user[a] = p.home[n]
			if p.uses[a] == 1 {
				visit(a)
			}
		}
	}
	for _, n := range effects {
		visit(n)
	}
}

// body prints the nodes of a block.
func (p *printer) body(b *thread.Block) {
	outer, mark := p.block, len(p.scope)
	p.block = b
	for _, n := range b.Nodes {
		p.node = n
		if n.Type.Elem == thread.Void {
			p.effect(n)
		} else if p.uses[n] > 0 {
			p.define(n)
		}
	}
	for _, n := range p.scope[mark:] { // out of scope: a later use is a malformed tree
		delete(p.vals, n)
	}
	p.scope = p.scope[:mark]
	p.block = outer
}

// define evaluates a node: literals and names at once, values with one user in this block as an expression that waits
// for it, all else into constants.
func (p *printer) define(n *thread.Node) {
	v := &val{vars: map[*thread.Var]bool{}}
	p.scope = append(p.scope, n)
	p.vals[n] = v
	saved := p.node
	p.node = n
	defer func() { p.node = saved }()
	if lit, ok := p.literal(n); ok {
		v.lanes = lit
		return
	}
	if n.Type.Lanes > 1 {
		p.defineVector(n, v)
		return
	}
	if n.Op == thread.Extract {
		v.lanes = []string{p.lanes(n.Args[0])[n.Imm]}
		return
	}
	text := p.scalar(n, v)
	v.lanes = []string{text}
	if p.uses[n] == 1 && p.user[n] == p.block && p.home[n] == p.block && len(text) <= longest {
		v.waits = true
		p.pending = append(p.pending, n)
		return
	}
	p.name(n, v)
}

// name gives a scalar value a constant.
func (p *printer) name(n *thread.Node, v *val) {
	t := p.fresh()
	ct := p.ctype(n.Type.Elem)
	if n.Type.Elem == thread.Ptr {
		p.line("char *const %s = %s;", t, bare(v.lanes[0]))
	} else {
		p.line("const %s %s = %s;", ct, t, bare(v.lanes[0]))
	}
	v.lanes, v.waits, v.memory = []string{t}, false, false
	clear(v.vars)
}

func (p *printer) fresh() string {
	p.names++
	return "t" + strconv.Itoa(p.names-1)
}

// bare drops the parentheses around a whole expression.
func bare(s string) string {
	if len(s) < 2 || s[0] != '(' {
		return s
	}
	depth := 0
	for i, c := range s {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if i == len(s)-1 {
					return s[1:i]
				}
				return s
			}
		}
	}
	return s
}

// get is the value of an operand, which must have been listed before; a node that hangs below its user alone is
// evaluated here.
func (p *printer) get(n *thread.Node) *val {
	v := p.vals[n]
	if v == nil {
		if _, listed := p.home[n]; listed && n.Op != thread.Const {
			p.fail("uses the value of %s outside of its block", n.Op)
		}
		p.define(n)
		v = p.vals[n]
	}
	return v
}

// in is a scalar operand as part of the expression of v.
func (p *printer) in(n *thread.Node, v *val) string {
	if n.Type.Lanes != 1 {
		p.fail("an operand has type %s, expected a scalar", n.Type)
	}
	x := p.get(n)
	if x.waits {
		p.settle(n, x)
		for a := range x.vars {
			v.vars[a] = true
		}
		v.memory = v.memory || x.memory
	}
	return x.lanes[0]
}

// settle takes a waiting value off the list.
func (p *printer) settle(n *thread.Node, x *val) {
	x.waits = false
	for i := len(p.pending) - 1; i >= 0; i-- {
		if p.pending[i] == n {
			p.pending = append(p.pending[:i], p.pending[i+1:]...)
			return
		}
	}
}

// atom is a scalar operand as a name or literal, that may be printed several times.
func (p *printer) atom(n *thread.Node) string {
	x := p.get(n)
	if x.waits {
		p.settle(n, x)
		p.name(n, x)
	}
	return x.lanes[0]
}

// lanes is any operand as names or literals.
func (p *printer) lanes(n *thread.Node) []string {
	if n.Type.Lanes == 1 {
		return []string{p.atom(n)}
	}
	return p.get(n).lanes
}

// flush names the waiting values that read what is about to be written.
func (p *printer) flush(vars map[*thread.Var]bool, memory bool) {
	for i := 0; i < len(p.pending); {
		n := p.pending[i]
		v := p.vals[n]
		hit := memory && v.memory
		for a := range v.vars {
			hit = hit || vars[a]
		}
		if !hit {
			i++
			continue
		}
		p.pending = append(p.pending[:i], p.pending[i+1:]...)
		v.waits = false
		p.name(n, v)
	}
}

// writes collects what a block writes.
func writes(b *thread.Block, vars map[*thread.Var]bool) (memory bool) {
	if b == nil {
		return false
	}
	for _, n := range b.Nodes {
		switch n.Op {
		case thread.Set:
			vars[n.Var] = true
		case thread.Store, thread.AtomicOr, thread.AtomicAnd, thread.CpAsync:
			memory = true
		case thread.For, thread.If:
			memory = writes(n.Body, vars) || memory
			memory = writes(n.Else, vars) || memory
		}
	}
	return memory
}

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
