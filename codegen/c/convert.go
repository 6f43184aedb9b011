package c

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/thread"
)

// convert is a Conv of one scalar. The formats of 16 bits are reached from float in one rounding, and from wider kinds
// through a float that was rounded to odd, after which rounding again is rounding once.
func (p *printer) convert(from, to thread.Elem, uns bool, x string) string {
	half := func(e thread.Elem) bool { return e == thread.F16 || e == thread.BF16 }
	t := p.ctype(to)
	switch {
	case from == to:
		return x
	case half(from):
		x = p.call(short(from)+"_float", bare(x))
		if to == thread.F32 {
			return x
		}
		return p.convert(thread.F32, to, uns, x)
	case to == thread.Bool && from.IsFloat():
		return "(" + x + " != 0)"
	case to == thread.Bool:
		return "(" + x + " != 0)"

	case half(to):
		name := short(to)
		switch from {
		case thread.F32:
			return p.call(name+"_of", bare(x))
		case thread.F64:
			return p.call(name+"_of_double", bare(x))
		case thread.Bool, thread.I8, thread.I16: // exact in float
			return p.call(name+"_of", "(float)"+p.extended(from, uns, x))
		case thread.I32:
			return p.call(name+"_of_double", "(double)"+p.extended(from, uns, x))
		case thread.I64:
			odd := p.use("i64_odd")
			if uns {
				odd = p.use("u64_odd")
			}
			return p.call(name+"_of_double", odd+"("+bare(x)+")")
		}

	case to.IsFloat():
		return "(" + t + ")" + p.extended(from, uns, x)
	case from.IsFloat() && uns:
		return fmt.Sprintf("(%s)(u%s)%s", t, t, x)
	case from.IsFloat():
		return fmt.Sprintf("(%s)%s", t, x)
	case from == thread.Bool || to.Size() <= from.Size():
		return "(" + t + ")" + x
	}
	return "(" + t + ")" + p.extended(from, uns, x)
}

// extended is an integer or Bool that C extends as uns says.
func (p *printer) extended(e thread.Elem, uns bool, x string) string {
	if uns && e.IsInt() {
		return "(u" + p.ctype(e) + ")" + x
	}
	return x
}

// bits is a Bitcast between scalars.
func (p *printer) bits(from, to thread.Elem, x string) string {
	if from == to {
		return x
	}
	if from.Size() != to.Size() {
		p.fail("from %s to %s: the widths differ", from, to)
	}
	address := func(e thread.Elem) bool { return e == thread.Ptr || e == thread.SharedPtr }
	switch {
	case address(from) && to.IsInt():
		return fmt.Sprintf("(%s)%s", p.ctype(to), x)
	case address(to) && from.IsInt():
		return fmt.Sprintf("(%s)%s", p.ctype(to), x)
	case from == thread.Bool:
		return fmt.Sprintf("(%s)%s", p.ctype(to), x)
	case to == thread.Bool:
		return "(" + x + " != 0)"
	case from == thread.BF16 && to == thread.I16: // bf16 is uint16_t
		return "(int16_t)" + x
	case from == thread.I16 && to == thread.BF16:
		return "(bf16)" + x
	}
	name := short(from) + "_as_" + short(to)
	if _, ok := helpers[name]; !ok {
		p.fail("from %s to %s", from, to)
	}
	return p.call(name, bare(x))
}

// reinterpret is a Bitcast where a side is a vector: through memory, which compilers see through. It gives names.
func (p *printer) reinterpret(n *thread.Node) []string {
	a := n.Args[0]
	if a.Type.Elem.Size()*a.Type.Lanes != n.Type.Elem.Size()*n.Type.Lanes {
		p.fail("from %s to %s: the widths differ", a.Type, n.Type)
	}
	in := p.lanes(a)
	src, dst := p.fresh(), p.fresh()
	p.line("const %s %s[%d] = {%s};", p.ctype(a.Type.Elem), src, a.Type.Lanes, strings.Join(in, ", "))
	p.line("%s %s[%d];", p.ctype(n.Type.Elem), dst, n.Type.Lanes)
	p.line("__builtin_memcpy(%s, %s, sizeof %s);", dst, src, dst)
	out := make([]string, n.Type.Lanes)
	for i := range out {
		out[i] = fmt.Sprintf("%s[%d]", dst, i)
	}
	return out
}
