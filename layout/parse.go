package layout

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Parse reads a layout expression:
//
//	expr    = term { "*" term }
//	term    = ( "(" expr ")" | call | NAME | basis ) { "." call }
//	call    = NAME "(" [ INT { "," INT } ] ")"
//	basis   = "basis" "(" dim { "," dim } ")" "{" axis { "," axis } "}"
//	dim     = INT { "*" INT }                          major factor first
//	axis    = NAME ":" "[" [ vector { "," vector } ] "]"
//	vector  = [ INT ":" ] "(" INT { "," INT } ")"      radix (2 when absent) and where digit value 1 goes
//
// "*" and "." are the same product. The constructors are local, spatial, column_local, column_spatial and replicate, the
// fragments of fragments.go by their surface names, row_major and column_major for memory, and
//
//	warps(a, b)   spatial(a, b) whose threads are whole warps: the number of threads of everything to its right in the
//	              product must be a multiple of 32
//
// The axes of a basis are thread (or its parts lane, warp, block, minor first) and local (or reg); any other names make a
// layout with exactly those hardware axes. After a term also come .reduce(dims…), .permute(dims…), .reshape(shape…),
// .flatten() and, for memory, .swizzle(bytes, bits).
func Parse(expr string) (Layout, error) { return ParseEnv(expr, nil) }

// ParseEnv is Parse with names bound to layouts. A name of the environment wins over a fragment of the same name.
func ParseEnv(expr string, env map[string]Layout) (Layout, error) {
	ts, err := lex(expr)
	if err != nil {
		return Layout{}, err
	}
	p := &parser{src: expr, ts: ts, env: env}
	t, err := p.expr(0)
	if err != nil {
		return Layout{}, err
	}
	if k := p.peek(); k.kind != 0 {
		return Layout{}, p.errf(k, "unexpected %s after a complete layout; layouts are joined by '*' or '.'", k)
	}
	for _, w := range t.warps {
		if w.below%32 != 0 {
			return Layout{}, &ParseError{expr, w.col, fmt.Sprintf("warps: what follows uses %d threads, not a multiple of 32; "+
				"put warps(…) to the left of a layout of whole warps, or write spatial(…)", w.below)}
		}
	}
	return t.l, nil
}

// term is a parsed layout with the warps(…) factors in it and the threads to the right of each.
type term struct {
	l     Layout
	warps []warpUse
}

type warpUse struct{ col, below int }

type parser struct {
	src string
	ts  []token
	at  int
	env map[string]Layout
}

const maxDepth = 200

func (p *parser) peek() token { return p.ts[p.at] }

func (p *parser) next() token {
	t := p.ts[p.at]
	if t.kind != 0 {
		p.at++
	}
	return t
}

func (p *parser) errf(t token, format string, args ...any) error {
	return &ParseError{p.src, t.col, fmt.Sprintf(format, args...)}
}

func (p *parser) want(kind byte, what string) (token, error) {
	t := p.next()
	if t.kind != kind {
		return t, p.errf(t, "expected %s, found %s", what, t)
	}
	return t, nil
}

func (p *parser) mul(at token, a, b term) (term, error) {
	l, err := a.l.Mul(b.l)
	if err != nil {
		return term{}, p.errf(at, "%s", err)
	}
	n := b.l.Threads()
	for _, w := range a.warps {
		b.warps = append(b.warps, warpUse{w.col, w.below * n})
	}
	return term{l, b.warps}, nil
}

func (p *parser) expr(depth int) (term, error) {
	if depth > maxDepth {
		return term{}, p.errf(p.peek(), "more than %d nested parentheses", maxDepth)
	}
	a, err := p.term(depth)
	if err != nil {
		return term{}, err
	}
	for p.peek().kind == '*' {
		op := p.next()
		b, err := p.term(depth)
		if err != nil {
			return term{}, err
		}
		if a, err = p.mul(op, a, b); err != nil {
			return term{}, err
		}
	}
	return a, nil
}

func (p *parser) term(depth int) (term, error) {
	var a term
	t := p.next()
	var err error
	switch {
	case t.kind == '(':
		if a, err = p.expr(depth + 1); err != nil {
			return a, err
		}
		if _, err = p.want(')', "')'"); err != nil {
			return a, err
		}
	case t.kind == 'a' && t.text == "basis":
		if a.l, err = p.basis(t); err != nil {
			return a, err
		}
	case t.kind == 'a' && p.peek().kind == '(':
		if a, err = p.call(t); err != nil {
			return a, err
		}
	case t.kind == 'a':
		l, ok := p.env[t.text]
		if !ok {
			return a, p.errf(t, "unknown layout %q%s", t.text, p.hint(t.text))
		}
		a.l = l
	default:
		return a, p.errf(t, "expected a layout such as local(2, 1) or spatial(8, 4), found %s", t)
	}
	for p.peek().kind == '.' {
		p.next()
		name, err := p.want('a', "the name of a layout or operation after '.'")
		if err != nil {
			return a, err
		}
		if op, ok := postfix[name.text]; ok {
			args, err := p.args(name)
			if err != nil {
				return a, err
			}
			l, err := op(a.l, args)
			if err != nil {
				return a, p.errf(name, "%s", err)
			}
			a.l = l
			continue
		}
		b, err := p.call(name)
		if err != nil {
			return a, err
		}
		if a, err = p.mul(name, a, b); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (p *parser) args(name token) ([]int, error) {
	t := p.next()
	if t.kind != '(' {
		return nil, p.errf(t, "expected '(' and the extents of %s, found %s", name.text, t)
	}
	var args []int
	if p.peek().kind == ')' {
		p.next()
		return args, nil
	}
	for {
		n, err := p.want('0', "a number")
		if err != nil {
			return nil, err
		}
		args = append(args, n.num)
		switch t := p.next(); t.kind {
		case ',':
		case ')':
			return args, nil
		default:
			return nil, p.errf(t, "expected ',' or ')', found %s", t)
		}
	}
}

var shaped = map[string]func(...int) Layout{
	"local": Local, "spatial": Spatial, "column_local": ColumnLocal, "column_spatial": ColumnSpatial, "warps": Spatial,
	"row_major": RowMajor, "column_major": ColumnMajor,
}

func (p *parser) call(name token) (term, error) {
	open := p.peek()
	args, err := p.args(name)
	if err != nil {
		return term{}, err
	}
	if f, ok := shaped[name.text]; ok {
		if err := checkShape(name.text, args); err != nil {
			return term{}, p.errf(open, "%s", err)
		}
		t := term{l: f(args...)}
		if name.text == "warps" {
			t.warps = []warpUse{{name.col, 1}}
		}
		return t, nil
	}
	if name.text == "replicate" {
		if len(args) != 1 {
			return term{}, p.errf(open, "replicate takes one number, the count of copies; found %d", len(args))
		}
		if err := checkShape("replicate", args); err != nil {
			return term{}, p.errf(open, "%s", err)
		}
		return term{l: Replicate(args[0])}, nil
	}
	if f, ok := fragments[name.text]; ok {
		l, err := f(args)
		if err != nil {
			return term{}, p.errf(open, "%s: %s", name.text, err)
		}
		return term{l: l}, nil
	}
	return term{}, p.errf(name, "unknown layout %q%s", name.text, p.hint(name.text))
}

// hint lists what could have been meant, nearest first.
func (p *parser) hint(name string) string {
	var all []string
	for n := range shaped {
		all = append(all, n)
	}
	for n := range postfix {
		all = append(all, n)
	}
	for n := range fragments {
		all = append(all, n)
	}
	for n := range p.env {
		all = append(all, n)
	}
	all = append(all, "replicate", "basis")
	sort.Strings(all)
	all = slices.Compact(all)
	for _, n := range all {
		if editDistance(name, n) <= 1+len(name)/4 {
			return fmt.Sprintf("; did you mean %s?", n)
		}
	}
	return "; known are " + strings.Join(all, ", ")
}

func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			c := diag
			if a[i] != b[j] {
				c++
			}
			diag = row[j+1]
			row[j+1] = min(c, row[j]+1, diag+1)
		}
	}
	return row[len(b)]
}
