package c

import (
	"strconv"

	"github.com/girih-lang/girih/codegen/thread"
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
	if n.Type.IsWide() {
		p.defineWide(n, v)
		return
	}
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
	if text == "true" { // a clip that is decided, and so are its users
		return
	}
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
