package ir

import (
	"math"
	"strconv"
	"strings"
)

// region reads `{ |args| operations }`.
func (p *parser) region() *Block {
	if p.depth++; p.depth > maxRegionDepth {
		p.fail(p.tok.pos, "regions are nested more than %d deep", maxRegionDepth)
	}
	b := &Block{}
	p.need("{")
	if p.accept("|") {
		p.list("|", func() {
			v := &Value{}
			id := p.defineID()
			if !p.is(":") {
				v.Name = p.name(`":" or a name`)
			}
			p.need(":")
			p.typeOf(v)
			p.values[id] = v
			b.Args = append(b.Args, v)
		})
	}
	for !p.accept("}") {
		b.Ops = append(b.Ops, p.op())
	}
	p.depth--
	return b
}

func (p *parser) op() *Op {
	o := &Op{}
	var ids []string
	if p.tok.kind == tokValue {
		for more := true; more; more = p.accept(",") {
			ids = append(ids, p.defineID())
			v := &Value{Def: o}
			if !p.is(",") && !p.is("=") {
				v.Name = p.name(`"=" or a name`)
			}
			o.Results = append(o.Results, v)
		}
		p.need("=")
	}
	pos := p.tok.pos
	name := p.word("an operation")
	code, ok := CodeOf(name)
	if !ok {
		p.fail(pos, "there is no operation %q", name)
	}
	o.Code = code
	// Without operands the value that follows belongs to the next operation.
	if p.tok.kind == tokValue && len(code.Info().Args) > 0 {
		for more := true; more; more = p.accept(",") {
			o.Args = append(o.Args, p.use())
		}
	}
	type literal struct {
		name string
		pos  int
		read func(float bool) any
	}
	var attrs []literal
	if p.startsAttrs() {
		p.need("{")
		p.list("}", func() {
			l := literal{pos: p.tok.pos}
			l.name = p.word("an attribute")
			p.need("=")
			l.read = p.literal()
			attrs = append(attrs, l)
		})
	}
	if len(o.Results) > 0 {
		p.need(":")
		for i, v := range o.Results {
			if i > 0 {
				p.need(",")
			}
			p.typeOf(v)
		}
	}
	for _, a := range attrs {
		if o.Attr(a.name) != nil {
			p.fail(a.pos, "attribute %s is given twice", a.name)
		}
		o.Set(a.name, a.read(isNumber(code, a.name) && len(o.Results) > 0 && o.Results[0].Type.Elem.IsFloat()))
	}
	o.Span = p.span()
	for range code.Info().Regions {
		o.Regions = append(o.Regions, p.region())
	}
	// Results are visible after the operation, not in its regions.
	for i, id := range ids {
		p.values[id] = o.Results[i]
	}
	return o
}

func isNumber(c Code, attr string) bool {
	for _, s := range c.Info().Attrs {
		if s.Name == attr {
			return s.Type == "number"
		}
	}
	return false
}

// startsAttrs tells `{name = …` from a region.
func (p *parser) startsAttrs() bool {
	if !p.is("{") {
		return false
	}
	l := p.lexer
	return l.next().kind == tokName && l.next().text == "="
}

// literal reads the value of an attribute. Whether a plain number is an int64 or a float64 is known only with the type
// of the result, so that it is read in two steps.
func (p *parser) literal() func(float bool) any {
	pos := p.tok.pos
	value := func(v any) func(bool) any { return func(bool) any { return v } }
	switch {
	case p.tok.kind == tokString:
		return value(p.quoted())
	case p.accept("true"):
		return value(true)
	case p.accept("false"):
		return value(false)
	case p.accept("["):
		ints := []int{}
		p.list("]", func() { ints = append(ints, int(p.integer(math.MinInt64, math.MaxInt64))) })
		return value(ints)
	}
	sign := ""
	if p.accept("-") {
		sign = "-"
	}
	if p.tok.kind != tokNumber && !p.is("inf") && !p.is("nan") {
		p.expected("a number, a string, true, false or a list")
	}
	text := sign + p.advance().text
	return func(float bool) any {
		if float || strings.ContainsAny(text, ".einf") {
			x, err := strconv.ParseFloat(text, 64)
			if text == "nan" || text == "-nan" {
				x, err = math.NaN(), nil
			}
			if err != nil {
				p.fail(pos, "%s is not a number", text)
			}
			return x
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.fail(pos, "%s does not fit 64 bits", text)
		}
		return n
	}
}

// expr reads sums of products; depth bounds what the printer will nest.
func (p *parser) expr() Expr {
	e, _ := p.sum()
	return e
}

func (p *parser) bin(pos int, op ExprOp, a Expr, da int, b Expr, db int) (Expr, int) {
	d := 1 + max(da, db)
	if d > maxExprDepth {
		p.fail(pos, "the expression is nested more than %d deep", maxExprDepth)
	}
	return Expr{Op: op, Args: []Expr{a, b}}, d
}

func (p *parser) sum() (Expr, int) {
	a, da := p.product()
	for p.is("+") || p.is("-") {
		t := p.advance()
		op := EAdd
		if t.text == "-" {
			op = ESub
		}
		b, db := p.product()
		a, da = p.bin(t.pos, op, a, da, b, db)
	}
	return a, da
}

func (p *parser) product() (Expr, int) {
	a, da := p.factor()
	for {
		t := p.tok
		var op ExprOp
		switch {
		case p.is("*"):
			op = EMul
		case p.is("/"):
			op = EDiv
		case p.is("%"):
			op = EMod
		case t.kind == tokValue: // `A%2`: the sign and the number look like a value
			p.pos = t.pos + 1
			op = EMod
		default:
			return a, da
		}
		p.advance()
		b, db := p.factor()
		a, da = p.bin(t.pos, op, a, da, b, db)
	}
}

func (p *parser) factor() (Expr, int) {
	if p.parens++; p.parens > maxParens {
		p.fail(p.tok.pos, "parentheses are nested more than %d deep", maxParens)
	}
	defer func() { p.parens-- }()
	switch {
	case p.accept("("):
		e, d := p.sum()
		p.need(")")
		return e, d
	case p.tok.kind == tokName:
		t := p.advance()
		if t.text != "ceil" || !p.accept("(") {
			return Dim(t.text), 0
		}
		a, da := p.sum()
		p.need(",")
		b, db := p.sum()
		p.need(")")
		return p.bin(t.pos, ECeil, a, da, b, db)
	case p.tok.kind == tokNumber || p.is("-"):
		return Int(p.integer(math.MinInt64, math.MaxInt64)), 0
	}
	p.expected("an extent")
	return Expr{}, 0
}
