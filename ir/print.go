package ir

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// String prints the kernel in the text form that Parse reads back. Values are numbered in textual order, whatever
// their IDs are; the kernel is not changed. Param.Pack is not part of the text: it belongs to a target's manifest.
func (k *Kernel) String() string {
	p := printer{ids: map[*Value]int{}}
	p.kernel(k)
	return p.b.String()
}

// String prints one operation, with its regions, as it stands in the text form. Values have the numbers of the last
// Kernel.Renumber.
func (o *Op) String() string {
	var p printer
	p.op(o, 0)
	return strings.TrimSuffix(p.b.String(), "\n")
}

// printer writes the text form. ids is nil when values keep their own numbers.
type printer struct {
	b    strings.Builder
	ids  map[*Value]int
	next int
}

func (p *printer) str(ss ...string) {
	for _, s := range ss {
		p.b.WriteString(s)
	}
}

// define numbers a value where the text defines it.
func (p *printer) define(v *Value) {
	if p.ids != nil {
		p.ids[v] = p.next
		p.next++
	}
	p.use(v)
	if v.Name != "" {
		p.str(" ", quoteName(v.Name))
	}
}

func (p *printer) use(v *Value) {
	if p.ids == nil {
		p.str(v.String())
	} else if id, ok := p.ids[v]; ok {
		p.str("%", strconv.Itoa(id))
	} else {
		p.str("%?") // only in a kernel that does not verify
	}
}

func (p *printer) typeOf(v *Value) {
	p.str(v.Type.String())
	if v.Layout != nil {
		p.str(" @ ", v.Layout.String())
	}
}

func (p *printer) span(s Span) {
	if s != (Span{}) {
		p.str(" loc(", strconv.Itoa(int(s.Start)), ":", strconv.Itoa(int(s.End)), ")")
	}
}

func (p *printer) kernel(k *Kernel) {
	p.str("kernel @", quoteName(k.Name), "(")
	var outs []*Param
	first := true
	for _, q := range k.Params {
		if q.Out {
			outs = append(outs, q)
			continue
		}
		p.param(q, first)
		first = false
	}
	p.str(")")
	if len(outs) > 0 {
		p.str(" -> (")
		for i, q := range outs {
			p.param(q, i == 0)
		}
		p.str(")")
	}
	if len(k.Dims) > 0 {
		p.str(" dims(")
		for i, d := range k.Dims {
			p.comma(i)
			p.str(d.Name)
			if d.Static >= 0 {
				p.str(" = ", strconv.FormatInt(d.Static, 10))
			}
			if d.Div > 1 {
				p.str(" div ", strconv.FormatInt(d.Div, 10))
			}
		}
		p.str(")")
	}
	p.str(" grid(")
	for i, e := range k.Grid {
		p.comma(i)
		p.str(e.String())
	}
	p.str(")")
	if k.Band > 0 {
		p.str(" band ", strconv.Itoa(k.Band))
	}
	if k.Persistent {
		p.str(" persistent")
	}
	if k.Warps != 0 {
		p.str(" warps ", strconv.Itoa(k.Warps))
	}
	if k.Cluster > 1 {
		p.str(" cluster ", strconv.Itoa(k.Cluster))
	}
	if len(k.After) > 0 {
		p.str(" after(")
		for i, name := range k.After {
			if i > 0 {
				p.str(", ")
			}
			p.str(quoteName(name))
		}
		p.str(")")
	}
	if k.Source != "" {
		p.str(" source ", strconv.Quote(k.Source))
	}
	p.str(" ")
	p.region(k.Body, 0)
	p.str("\n")
}

func (p *printer) param(q *Param, first bool) {
	if !first {
		p.str(", ")
	}
	v := *q.Value // the name stands on the parameter
	v.Name = ""
	if p.ids != nil {
		p.ids[q.Value] = p.next
		p.next++
	}
	p.use(q.Value)
	p.str(" ", quoteName(q.Name), ": ")
	if q.Packed {
		p.str("packed ")
	}
	p.typeOf(&v)
	p.span(q.Span)
}

func (p *printer) comma(i int) {
	if i > 0 {
		p.str(", ")
	}
}

func (p *printer) indent(depth int) {
	for range depth {
		p.str("  ")
	}
}

// region prints `{`, the arguments and operations, and `}`.
func (p *printer) region(b *Block, depth int) {
	p.str("{\n")
	if len(b.Args) > 0 {
		p.indent(depth + 1)
		p.str("|")
		for i, a := range b.Args {
			p.comma(i)
			p.define(a)
			p.str(": ")
			p.typeOf(a)
		}
		p.str("|\n")
	}
	for _, o := range b.Ops {
		p.op(o, depth+1)
	}
	p.indent(depth)
	p.str("}")
}

func (p *printer) op(o *Op, depth int) {
	p.indent(depth)
	for i, r := range o.Results {
		p.comma(i)
		p.define(r)
	}
	if len(o.Results) > 0 {
		p.str(" = ")
	}
	p.str(o.Code.String())
	for i, a := range o.Args {
		if i == 0 {
			p.str(" ")
		}
		p.comma(i)
		p.use(a)
	}
	if len(o.Attrs) > 0 {
		p.str(" {")
		for i, a := range o.Attrs {
			p.comma(i)
			p.str(a.Name, " = ", attrText(a.Value, len(o.Results) > 0 && o.Results[0].Type.Elem.IsFloat()))
		}
		p.str("}")
	}
	for i, r := range o.Results {
		if i == 0 {
			p.str(" : ")
		}
		p.comma(i)
		p.typeOf(r)
	}
	p.span(o.Span)
	for _, r := range o.Regions {
		p.str(" ")
		p.region(r, depth)
	}
	p.str("\n")
}

// attrText prints an attribute. A number of an operation with a float result is read back as a float, so that it needs
// no point.
func attrText(v any, float bool) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		switch {
		case math.IsNaN(v):
			return "nan"
		case math.IsInf(v, 1):
			return "inf"
		case math.IsInf(v, -1):
			return "-inf"
		}
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !float && !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case string:
		return strconv.Quote(v)
	case bool:
		return strconv.FormatBool(v)
	case []int:
		var b strings.Builder
		b.WriteByte('[')
		for i, n := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(']')
		return b.String()
	}
	return "?" // no such attribute passes the verifier
}

// quoteName prints an identifier as it is and anything else in quotes.
func quoteName(s string) string {
	if isName(s) {
		return s
	}
	return strconv.Quote(s)
}

func isName(s string) bool {
	for i, r := range s {
		if !nameRune(r, i == 0) {
			return false
		}
	}
	return s != ""
}

func nameRune(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) && r != unicode.ReplacementChar || !first && unicode.IsDigit(r)
}
