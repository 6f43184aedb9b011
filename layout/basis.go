package layout

import (
	"fmt"
	"slices"
)

// vector is one digit of a basis: its radix and the index that its value 1 goes to.
type vector struct {
	radix int
	at    []int
	tok   token
}

// axisParts maps the surface names of a register basis to the axis they belong to and their place in it, minor first.
var axisParts = map[string]struct{ axis, place int }{
	"thread": {0, 0}, "lane": {0, 0}, "warp": {0, 1}, "block": {0, 2}, "local": {1, 0}, "reg": {1, 0},
}

func (p *parser) basis(head token) (Layout, error) {
	out, err := p.basisShape()
	if err != nil {
		return Layout{}, err
	}
	if _, err := p.want('{', "'{' and the vectors of each axis"); err != nil {
		return Layout{}, err
	}
	type part struct {
		name token
		vs   []vector
	}
	var parts []part
	for p.peek().kind != '}' {
		name, err := p.want('a', "an axis such as lane, warp, thread or local")
		if err != nil {
			return Layout{}, err
		}
		for _, q := range parts {
			if q.name.text == name.text {
				return Layout{}, p.errf(name, "axis %s is given twice", name.text)
			}
		}
		if _, err := p.want(':', "':'"); err != nil {
			return Layout{}, err
		}
		vs, err := p.vectors(len(out))
		if err != nil {
			return Layout{}, err
		}
		parts = append(parts, part{name, vs})
		if p.peek().kind == ',' {
			p.next()
		} else if p.peek().kind != '}' {
			return Layout{}, p.errf(p.peek(), "expected ',' or '}', found %s", p.peek())
		}
	}
	p.next()

	register := true
	for _, q := range parts {
		if _, ok := axisParts[q.name.text]; !ok {
			register = false
		}
	}
	var in []axis
	var vs [][]vector
	if register {
		in = []axis{{name: ThreadAxis}, {name: LocalAxis}}
		vs = make([][]vector, 2)
		whole, split := false, false
		slices.SortStableFunc(parts, func(a, b part) int { return axisParts[a.name.text].place - axisParts[b.name.text].place })
		for _, q := range parts {
			k := axisParts[q.name.text].axis
			vs[k] = append(vs[k], q.vs...)
			whole = whole || q.name.text == "thread"
			split = split || k == 0 && q.name.text != "thread"
			if k == 1 && len(vs[1]) != len(q.vs) || whole && split {
				return Layout{}, p.errf(q.name, "axis %s overlaps another; give thread, or lane, warp and block; and one of local and reg", q.name.text)
			}
		}
	} else {
		for _, q := range parts {
			in = append(in, axis{name: q.name.text})
			vs = append(vs, q.vs)
		}
	}
	return p.fillBasis(head, in, vs, out)
}

func (p *parser) basisShape() ([]axis, error) {
	if _, err := p.want('(', "'(' and the shape of the basis"); err != nil {
		return nil, err
	}
	var out []axis
	total := 1
	for p.peek().kind != ')' {
		var majorFirst []int
		for {
			n, err := p.want('0', "an extent")
			if err != nil {
				return nil, err
			}
			if n.num < 1 || n.num > MaxSize/total {
				return nil, p.errf(n, "extent %d is not between 1 and what 2^31 elements leave", n.num)
			}
			total *= n.num
			majorFirst = append(majorFirst, n.num)
			if p.peek().kind != '*' {
				break
			}
			p.next()
		}
		var a axis
		for _, n := range slices.Backward(majorFirst) {
			a.rad = factorInto(a.rad, n)
		}
		if out = append(out, a); len(out) > MaxRank {
			return nil, p.errf(p.peek(), "more than %d dims", MaxRank)
		}
		if p.peek().kind == ',' {
			p.next()
		} else if p.peek().kind != ')' {
			return nil, p.errf(p.peek(), "expected ',' or ')', found %s", p.peek())
		}
	}
	p.next()
	return out, nil
}

func (p *parser) vectors(rank int) ([]vector, error) {
	if _, err := p.want('[', "'['"); err != nil {
		return nil, err
	}
	var vs []vector
	for p.peek().kind != ']' {
		v := vector{radix: 2, tok: p.peek()}
		if v.tok.kind == '0' {
			v.radix = p.next().num
			if _, err := p.want(':', "':' after the radix"); err != nil {
				return nil, err
			}
			if fs := factor(v.radix); len(fs) != 1 {
				return nil, p.errf(v.tok, "radix %d is not a prime; write one vector for each prime factor", v.radix)
			}
		}
		at, err := p.args(token{text: "the vector"})
		if err != nil {
			return nil, err
		}
		if len(at) != rank {
			return nil, p.errf(v.tok, "the vector has %d indices, the shape has %d dims", len(at), rank)
		}
		v.at = at
		vs = append(vs, v)
		if p.peek().kind == ',' {
			p.next()
		} else if p.peek().kind != ']' {
			return nil, p.errf(p.peek(), "expected ',' or ']', found %s", p.peek())
		}
	}
	p.next()
	return vs, nil
}

func (p *parser) fillBasis(head token, in []axis, vs [][]vector, out []axis) (Layout, error) {
	n := 1
	for k := range in {
		for _, v := range vs[k] {
			if v.radix > MaxSize/n {
				return Layout{}, p.errf(head, "the basis has more than 2^31 hardware points")
			}
			n *= v.radix
			in[k].rad = append(in[k].rad, v.radix)
		}
	}
	l := newLin(in, out)
	ro := radices(out)
	i := 0
	for k := range in {
		for _, v := range vs[k] {
			for d, x := range v.at {
				if x >= out[d].size() {
					return Layout{}, p.errf(v.tok, "index %d is outside dim %d of size %d", x, d, out[d].size())
				}
			}
			for o, c := range split(out, v.at, nil) {
				if c != 0 && ro[o] != v.radix {
					d, _ := locate(out, o)
					return Layout{}, p.errf(v.tok, "a digit of radix %d cannot step by %d along dim %d, whose factors are %s: "+
						"that moves a digit of radix %d", v.radix, v.at[d], d, factorText(out[d].rad), ro[o])
				}
				l.m[i*l.no+o] = int32(c)
			}
			i++
		}
	}
	return wrap(l), nil
}

// basisText prints any layout as a basis expression.
func (l *lin) basisText() string {
	s := []byte("basis(")
	for d, a := range l.out {
		if d > 0 {
			s = append(s, ", "...)
		}
		if slices.IsSorted(a.rad) {
			s = fmt.Append(s, a.size())
			continue
		}
		for j := range a.rad {
			if j > 0 {
				s = append(s, '*')
			}
			s = fmt.Append(s, a.rad[len(a.rad)-1-j])
		}
	}
	s = append(s, "){"...)
	i := 0
	st := strides(l.out)
	for k, a := range l.in {
		if k > 0 {
			s = append(s, ", "...)
		}
		s = fmt.Appendf(s, "%s: [", a.name)
		for j, r := range a.rad {
			if j > 0 {
				s = append(s, ", "...)
			}
			if r != 2 {
				s = fmt.Appendf(s, "%d:", r)
			}
			at := make([]int, len(l.out))
			for o, c := range l.col(i) {
				d, _ := locate(l.out, o)
				at[d] += int(c) * st[o]
			}
			s = append(s, shapeText(at)...)
			i++
		}
		s = append(s, ']')
	}
	return string(append(s, '}'))
}
