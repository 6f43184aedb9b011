package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// memType names the type through which memory is accessed. It may alias all others, since tensors are also read as bytes
// and written as words, and it has the alignment that the node promises.
func (p *printer) memType(e thread.Elem, align int64) string {
	if align < 1 || align&(align-1) != 0 {
		p.fail("an alignment of %d: expected a power of two", align)
	}
	if e == thread.Bool {
		e = thread.I8
	}
	p.ctype(e)
	name := "mem_" + short(e)
	if align < int64(e.Size()) {
		name += "_1"
	}
	return p.use(name)
}

// pointer is an address as a C pointer.
func (p *printer) pointer(n *thread.Node, s string) string {
	if n.Type.Elem == thread.SharedPtr {
		return "(m->shared + " + s + ")"
	}
	if n.Type.Elem != thread.Ptr {
		p.fail("%s is no address", n.Type)
	}
	return s
}

// fromByte makes a Bool of its byte in memory, which may be any.
func fromByte(e thread.Elem, s string) string {
	if e == thread.Bool {
		return "(" + s + " != 0)"
	}
	return s
}

func (p *printer) zero(e thread.Elem) string {
	switch e {
	case thread.F16, thread.BF16:
		return p.call(short(e)+"_of", "0.0f")
	case thread.F32:
		return "0.0f"
	case thread.F64:
		return "0.0"
	case thread.Bool:
		return "false"
	}
	return "0"
}

func (p *printer) load(n *thread.Node, v *val) string {
	e := n.Type.Elem
	t := p.memType(e, n.Imm)
	s := fromByte(e, fmt.Sprintf("*(const %s *)%s", t, p.pointer(n.Args[0], p.in(n.Args[0], v))))
	v.memory = true
	if pred := p.predicate(n, 1, v); pred != "" {
		return fmt.Sprintf("(%s ? %s : %s)", pred, s, p.zero(e))
	}
	if e == thread.Bool {
		return s
	}
	return "(" + s + ")"
}

func (p *printer) loadVector(n *thread.Node) []string {
	e := n.Type.Elem
	t := p.memType(e, n.Imm)
	at := p.pointer(n.Args[0], p.atom(n.Args[0]))
	pred := ""
	if len(n.Args) > 1 && p.atom(n.Args[1]) != "true" {
		pred = p.atom(n.Args[1])
	}
	var out []string
	for i := range n.Type.Lanes {
		s := fromByte(e, fmt.Sprintf("((const %s *)%s)[%d]", t, at, i))
		if pred != "" {
			s = fmt.Sprintf("(%s ? %s : %s)", pred, s, p.zero(e))
		}
		out = append(out, s)
	}
	return out
}

// effect prints a node without a result.
func (p *printer) effect(n *thread.Node) {
	switch n.Op {
	case thread.Nop, thread.Barrier, thread.CpCommit, thread.CpWait: // one thread, whose copies are done at once
	case thread.Set:
		p.set(n)
	case thread.Store:
		p.store(n)
	case thread.AtomicOr, thread.AtomicAnd:
		p.atomic(n)
	case thread.CpAsync:
		p.copy(n)
	case thread.Prefetch:
		p.line("__builtin_prefetch(%s);", p.pointer(n.Args[0], p.atom(n.Args[0])))
	case thread.For:
		p.versions(n)
	case thread.If:
		p.branch(n)
	default:
		p.fail("exists on a GPU only")
	}
}

func (p *printer) set(n *thread.Node) {
	x, v := n.Args[1], &val{vars: map[*thread.Var]bool{}}
	if n.Var.Elem != x.Type.Elem {
		p.fail("stores %s to an array of %s", x.Type, n.Var.Elem)
	}
	written := map[*thread.Var]bool{n.Var: true}
	if x.Type.IsWide() {
		p.setWide(n)
		return
	}
	if x.Type.Lanes == 1 {
		at, s := bare(p.in(n.Args[0], v)), bare(p.in(x, v))
		p.flush(written, false)
		p.line("%s[%s] = %s;", p.arrays[n.Var], at, s)
		return
	}
	at, s := p.atom(n.Args[0]), p.lanes(x)
	p.flush(written, false)
	for i, l := range s {
		p.line("%s[%s] = %s;", p.arrays[n.Var], offset(at, i), l)
	}
}

// under prints statements under an optional predicate.
func (p *printer) under(pred string, lines ...string) {
	if pred == "" {
		for _, l := range lines {
			p.line("%s", l)
		}
		return
	}
	if len(lines) == 1 {
		p.line("if (%s)\n%s\t%s", bare(pred), p.indent, lines[0])
		return
	}
	p.line("if (%s) {\n%s\t%s\n%s}", bare(pred), p.indent, strings.Join(lines, "\n"+p.indent+"\t"), p.indent)
}

// predicate is operand i as an expression, empty when there is none or it always holds.
func (p *printer) predicate(n *thread.Node, i int, v *val) string {
	if len(n.Args) <= i || n.Args[i].Op == thread.Const && n.Args[i].Imm != 0 {
		return ""
	}
	if s := p.in(n.Args[i], v); s != "true" {
		return s
	}
	return ""
}

func (p *printer) store(n *thread.Node) {
	v := &val{vars: map[*thread.Var]bool{}}
	x := n.Args[1]
	t := p.memType(x.Type.Elem, n.Imm)
	var lines []string
	if x.Type.Lanes == 1 {
		at := p.pointer(n.Args[0], p.in(n.Args[0], v))
		s := p.in(x, v)
		lines = []string{fmt.Sprintf("*(%s *)%s = %s;", t, at, bare(s))}
	} else {
		at := p.pointer(n.Args[0], p.atom(n.Args[0]))
		for i, s := range p.lanes(x) {
			lines = append(lines, fmt.Sprintf("((%s *)%s)[%d] = %s;", t, at, i, s))
		}
	}
	pred := p.predicate(n, 2, v)
	p.flush(nil, true)
	p.under(pred, lines...)
}

func (p *printer) atomic(n *thread.Node) {
	v := &val{vars: map[*thread.Var]bool{}}
	name := "or"
	if n.Op == thread.AtomicAnd {
		name = "and"
	}
	s := fmt.Sprintf("__atomic_fetch_%s((%s *)%s, %s, __ATOMIC_RELAXED);", name, p.memType(thread.I32, 4), p.pointer(n.Args[0], p.in(n.Args[0], v)), bare(p.in(n.Args[1], v)))
	pred := p.predicate(n, 2, v)
	p.flush(nil, true)
	p.under(pred, s)
}

// copy is an asynchronous copy, done at once: what it brings may only be read later.
func (p *printer) copy(n *thread.Node) {
	to, from, size := p.pointer(n.Args[0], p.atom(n.Args[0])), p.pointer(n.Args[1], p.atom(n.Args[1])), p.atom(n.Args[2])
	p.flush(nil, true)
	p.line("__builtin_memset(%s, 0, %d);", to, n.Imm)
	p.line("__builtin_memcpy(%s, %s, %s);", to, from, size)
}

func (p *printer) plainLoop(n *thread.Node) {
	v := &val{vars: map[*thread.Var]bool{}}
	from, to, step := bare(p.in(n.Args[0], v)), p.atom(n.Args[1]), p.atom(n.Args[2])
	p.before(n)
	i := fmt.Sprint("i", p.names)
	p.names++
	c := n.Args[3]
	f, s := p.rangeOf(n.Args[1]), p.rangeOf(n.Args[2])
	if s.lo < 1 {
		p.line("if (%s < 1)\n%s\treturn %d;", step, p.indent, BadStep)
	}
	by := i + " += " + step
	if step == "1" {
		by = i + "++"
	}
	if s.lo >= 1 && f.hi+s.hi <= whole(thread.I32).hi { // the counter stays an int32_t, also after the last step
		p.line("for (int32_t %s = %s; %s < %s; %s) {", i, from, i, to, by)
		p.vals[c] = &val{lanes: []string{i}}
	} else {
		p.line("for (int64_t %s = %s; %s < %s; %s) {", i, from, i, to, by)
		p.vals[c] = &val{lanes: []string{"(int32_t)" + i}}
	}
	p.nested(n.Body)
	p.line("}")
	delete(p.vals, c)
}

// before names what waits and reads what a node's blocks write.
func (p *printer) before(n *thread.Node) {
	vars := map[*thread.Var]bool{}
	memory := writes(n.Body, vars)
	memory = writes(n.Else, vars) || memory
	p.flush(vars, memory)
}

// nested prints an inner block; values that wait stay outside of it.
func (p *printer) nested(b *thread.Block) {
	outer := p.pending
	p.pending = nil
	p.indent += "\t"
	node := p.node
	p.body(b)
	p.node = node
	p.indent = p.indent[1:]
	p.pending = outer
}

func (p *printer) branch(n *thread.Node) {
	v := &val{vars: map[*thread.Var]bool{}}
	c := bare(p.in(n.Args[0], v))
	p.before(n)
	p.line("if (%s) {", c)
	p.nested(n.Body)
	if n.Else != nil && len(n.Else.Nodes) > 0 {
		p.line("} else {")
		p.nested(n.Else)
	}
	p.line("}")
}
