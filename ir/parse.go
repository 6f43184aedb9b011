package ir

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
)

// Limits that keep hostile text from exhausting the stack; no real kernel comes near.
const (
	maxRegionDepth = 100
	maxExprDepth   = 100
	maxParens      = 300
)

// Parse reads a kernel from its text form. It checks the form, the number of types, and that values are defined before
// they are used; Verify checks the rest. An error is a *ParseError. Values are renumbered in textual order.
func Parse(text string) (k *Kernel, err error) {
	p := newParser(text)
	defer p.recover(&err)
	p.advance()
	k = p.kernel()
	if p.tok.kind != tokEOF {
		p.expected("the end")
	}
	k.Renumber()
	return k, nil
}

// ParseExpr reads an extent as Expr.String prints it. It folds nothing.
func ParseExpr(text string) (e Expr, err error) {
	p := newParser(text)
	defer p.recover(&err)
	p.advance()
	e = p.expr()
	if p.tok.kind != tokEOF {
		p.expected("the end")
	}
	return e, nil
}

type parser struct {
	lexer
	tok    token
	values map[string]*Value
	depth  int // of regions
	parens int
}

func newParser(text string) *parser {
	return &parser{lexer: lexer{src: text}, values: map[string]*Value{}}
}

// fail leaves the parser; recover turns it into the error.
func (p *parser) fail(pos int, format string, args ...any) {
	line := 1 + strings.Count(p.src[:pos], "\n")
	col := pos - strings.LastIndexByte(p.src[:pos], '\n')
	panic(&ParseError{line, col, fmt.Sprintf(format, args...)})
}

func (p *parser) recover(err *error) {
	switch r := recover().(type) {
	case nil:
	case *ParseError:
		*err = r
	default:
		panic(r)
	}
}

func (p *parser) expected(what string) {
	found := strconv.Quote(p.tok.text)
	if p.tok.kind == tokEOF {
		found = "the end"
	}
	p.fail(p.tok.pos, "expected %s, found %s", what, found)
}

func (p *parser) advance() token {
	t := p.tok
	p.tok = p.next()
	return t
}

// is reports whether the next token is a sign or a word.
func (p *parser) is(text string) bool {
	return (p.tok.kind == tokSign || p.tok.kind == tokName) && p.tok.text == text
}

func (p *parser) accept(text string) bool {
	ok := p.is(text)
	if ok {
		p.advance()
	}
	return ok
}

func (p *parser) need(text string) {
	if !p.accept(text) {
		p.expected(strconv.Quote(text))
	}
}

// list reads comma-separated items up to the closing sign, which is taken.
func (p *parser) list(closing string, item func()) {
	if p.accept(closing) {
		return
	}
	for {
		item()
		if p.accept(closing) {
			return
		}
		if !p.accept(",") {
			p.expected(`"," or ` + strconv.Quote(closing))
		}
	}
}

func (p *parser) word(what string) string {
	if p.tok.kind != tokName {
		p.expected(what)
	}
	return p.advance().text
}

// name reads an identifier or a quoted name.
func (p *parser) name(what string) string {
	if p.tok.kind == tokString {
		return p.quoted()
	}
	return p.word(what)
}

func (p *parser) quoted() string {
	s, err := strconv.Unquote(p.tok.text)
	if p.tok.kind != tokString || err != nil {
		p.expected("a string")
	}
	p.advance()
	return s
}

// integer reads a number with an optional sign that lies in the range.
func (p *parser) integer(lo, hi int64) int64 {
	pos, neg := p.tok.pos, p.accept("-")
	if p.tok.kind != tokNumber {
		p.expected("an integer")
	}
	text := p.advance().text
	if neg {
		text = "-" + text
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < lo || n > hi {
		p.fail(pos, "%s is not an integer from %d to %d", text, lo, hi)
	}
	return n
}

func (p *parser) kernel() *Kernel {
	k := &Kernel{}
	p.need("kernel")
	p.need("@")
	k.Name = p.name("a name")
	p.need("(")
	p.list(")", func() { k.Params = append(k.Params, p.param(false)) })
	if p.accept("->") {
		p.need("(")
		p.list(")", func() { k.Params = append(k.Params, p.param(true)) })
	}
	if p.accept("dims") {
		p.need("(")
		p.list(")", func() {
			d := DimFact{Name: p.word("a dimension"), Static: -1, Div: 1}
			if p.accept("=") {
				d.Static = p.integer(0, math.MaxInt64)
			}
			if p.accept("div") {
				d.Div = p.integer(1, math.MaxInt64)
			}
			k.Dims = append(k.Dims, d)
		})
	}
	p.need("grid")
	p.need("(")
	p.list(")", func() { k.Grid = append(k.Grid, p.expr()) })
	if p.accept("band") {
		k.Band = int(p.integer(1, MaxBand))
	}
	k.Persistent = p.accept("persistent")
	if p.accept("warps") {
		k.Warps = int(p.integer(0, 1024))
	}
	if p.accept("cluster") {
		k.Cluster = int(p.integer(1, 8))
	}
	if p.accept("after") {
		p.need("(")
		p.list(")", func() { k.After = append(k.After, p.name("a parameter's name")) })
	}
	if p.accept("source") {
		k.Source = p.quoted()
	}
	k.Body = p.region()
	return k
}

func (p *parser) param(out bool) *Param {
	q := &Param{Out: out, Value: &Value{}}
	id := p.defineID()
	q.Name = p.name("the parameter's name")
	q.Value.Name = q.Name
	p.need(":")
	q.Packed = p.accept("packed")
	p.typeOf(q.Value)
	q.Span = p.span()
	p.values[id] = q.Value
	return q
}

// defineID reads the number of a value that is defined here.
func (p *parser) defineID() string {
	if p.tok.kind != tokValue {
		p.expected("a value such as %0")
	}
	t := p.advance()
	if _, twice := p.values[t.text]; twice {
		p.fail(t.pos, "%s is defined twice", t.text)
	}
	p.values[t.text] = nil
	return t.text
}

func (p *parser) use() *Value {
	if p.tok.kind != tokValue {
		p.expected("a value such as %0")
	}
	t := p.advance()
	v := p.values[t.text]
	if v == nil {
		p.fail(t.pos, "%s is not defined before this", t.text)
	}
	return v
}

func (p *parser) elem() dtype.Type {
	pos := p.tok.pos
	t, err := dtype.Parse(p.word("a type"))
	if err != nil {
		p.fail(pos, "%v", err)
	}
	return t
}

// typeOf reads a type and, after @, a layout.
func (p *parser) typeOf(v *Value) {
	t := &v.Type
	switch {
	case p.accept("tensor"):
		t.Kind = Tensor
	case p.accept("shared"):
		t.Kind = Shared
	}
	t.Elem = p.elem()
	if p.accept("[") {
		p.list("]", func() {
			if t.Kind == Tensor {
				t.Dims = append(t.Dims, p.expr())
			} else {
				t.Shape = append(t.Shape, int(p.integer(1, math.MaxInt32)))
			}
		})
	} else if t.Kind != Tile {
		p.expected(`"["`)
	}
	if p.is("@") {
		pos := p.pos
		text := p.raw()
		l, err := layout.Parse(text)
		if err != nil {
			p.fail(pos, "layout %q: %v", text, err)
		}
		v.Layout = &l
		p.advance()
	}
}

func (p *parser) span() (s Span) {
	if p.accept("loc") {
		p.need("(")
		s.Start = int32(p.integer(0, math.MaxInt32))
		p.need(":")
		s.End = int32(p.integer(0, math.MaxInt32))
		p.need(")")
	}
	return s
}
