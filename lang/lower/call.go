package lower

import (
	"slices"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// call lowers a cast, a builtin or an inlined function.
func (l *lowerer) call(x *syntax.CallExpr) operand {
	if sel, ok := x.Fun.(*syntax.SelectorExpr); ok {
		if op := l.expr(sel.X); op.ok() {
			l.errorf(sel.Sel.Span(), diag.NotYet, "%s has no method %s in this version of the language", op.describe(), sel.Sel.Name)
		}
		return nothing
	}
	f := l.expr(x.Fun)
	switch f.kind {
	case typeK:
		return l.castCall(x, f.elem)
	case builtinK:
		return builtins[f.builtin].lower(l, &call{CallExpr: x, name: f.builtin})
	case funcK:
		return l.inline(x, f)
	case bad:
		for _, a := range x.Args { // still report what is wrong with the arguments
			l.expr(a.X)
		}
		return nothing
	}
	l.errorf(x.Fun.Span(), diag.BadOperand, "%s cannot be called", f.describe())
	return nothing
}

// inline lowers the body of a function in place of its call.
func (l *lowerer) inline(x *syntax.CallExpr, f operand) operand {
	fn := f.fn
	name := fn.Name.Name
	for _, fr := range l.frames {
		if fr.fn == fn {
			l.errorf(x.Span(), diag.Recursive, "%s calls itself; functions are inlined, so they cannot recurse", name)
			return nothing
		}
	}
	if len(l.frames) == maxCalls {
		l.errorf(x.Span(), diag.TooDeep, "more than %d calls stand inside each other", maxCalls)
		return nothing
	}
	args, ok := l.arguments(x, fn)
	types, good := l.typeArguments(x, fn)
	if !ok || !good {
		return nothing
	}
	src, sc, returned := l.src, l.scope, l.returned
	l.frames = append(l.frames, frame{fn, src, x.Span()})
	if !slices.Contains(l.inlined, fn) {
		l.inlined = append(l.inlined, fn)
	}
	l.src, l.scope, l.returned = f.src, newScope(nil), nil
	i := 0
	for _, tp := range fn.TypeParams {
		for _, n := range tp.Names {
			op := operand{}
			if i < len(types) {
				op = l.typeArg(tp, types[i])
			} else if tp.Default != nil {
				op = l.typeArg(tp, l.expr(tp.Default))
			} else {
				l.errorf(n.Span(), diag.WrongArguments, "%s needs a value for %s", name, n.Name).WithHelp("write %s[…](…)", name)
			}
			l.declare(n, &object{op: op, what: "a parameter"})
			i++
		}
	}
	i = 0
	good = true
	for _, p := range fn.Params {
		for _, n := range p.Names {
			op := args[i]
			if p.Type != nil {
				op = l.parameterValue(p, n, op)
			}
			good = good && op.ok()
			l.declare(n, &object{op: op, what: "a parameter"})
			i++
		}
	}
	var result operand
	if good {
		result = l.body(fn, x)
	}
	l.frames = l.frames[:len(l.frames)-1]
	l.src, l.scope, l.returned = src, sc, returned
	return result
}

func (l *lowerer) body(fn *syntax.FuncDecl, x *syntax.CallExpr) operand {
	l.scope = newScope(l.scope)
	l.stmts(fn.Body.Stmts)
	l.scope = l.scope.outer
	if l.returned == nil {
		if n := len(fn.Body.Stmts); n == 0 || !isReturn(fn.Body.Stmts[n-1]) {
			l.errorf(fn.Name.Span(), diag.MissingReturn, "%s does not end with return", fn.Name.Name)
		}
		return nothing
	}
	for i, r := range l.returned {
		if i < len(fn.Results) && r.ok() {
			t, ok := l.elemType(fn.Results[i].Elem)
			if !ok {
				return nothing
			}
			if r.untyped() {
				l.returned[i] = l.convert(r, t)
			} else if r.valueElem() != t {
				l.errorf(r.at, diag.TypeMismatch, "%s returns %s, found %s", fn.Name.Name, t, r.valueElem()).Note(fn.Results[i].Span(), "declared here")
				return nothing
			}
		}
	}
	if len(l.returned) == 1 {
		return l.returned[0]
	}
	return operand{kind: tupleK, parts: l.returned}
}

func isReturn(s syntax.Stmt) bool { _, ok := s.(*syntax.ReturnStmt); return ok }

// parameterValue checks an argument against a parameter's declared type; extents there are constants.
func (l *lowerer) parameterValue(p *syntax.Param, n *syntax.Ident, op operand) operand {
	if !op.ok() {
		return nothing
	}
	t, ok := l.elemType(p.Type.Elem)
	if !ok {
		return nothing
	}
	if op.untyped() {
		if op = l.convert(op, t); !op.ok() {
			return nothing
		}
	}
	if got := op.valueElem(); got != t {
		l.errorf(p.Span(), diag.TypeMismatch, "%s is %s, found %s", n.Name, t, op.describe())
		return nothing
	}
	for i, d := range p.Type.Dims {
		w, ok := l.constInt(l.expr(d.X), "an extent")
		if !ok {
			return nothing
		}
		if s := op.shape(); len(s) != len(p.Type.Dims) || int64(s[i]) != w {
			l.errorf(p.Span(), diag.ShapeMismatch, "%s has extent %d here, found %s", n.Name, w, op.describe())
			return nothing
		}
	}
	return op
}

// arguments evaluates the arguments of a function in the order of its parameters.
func (l *lowerer) arguments(x *syntax.CallExpr, fn *syntax.FuncDecl) ([]operand, bool) {
	names := paramNames(fn.Params)
	out := make([]operand, len(names))
	seen := make([]bool, len(names))
	ok := true
	for i, a := range x.Args {
		at := i
		if a.Name != nil {
			at = -1
			for j, n := range names {
				if n == a.Name.Name {
					at = j
				}
			}
			if at < 0 {
				l.errorf(a.Name.Span(), diag.UnknownArgument, "%s has no parameter %s", fn.Name.Name, a.Name.Name).WithHelp("it has %s", list(names))
				return nil, false
			}
		}
		op := l.expr(a.X)
		if at >= len(names) || seen[at] {
			ok = false
			continue
		}
		out[at], seen[at] = op, true
		ok = ok && op.ok()
	}
	n := 0
	for _, s := range seen {
		if s {
			n++
		}
	}
	if n != len(names) || len(x.Args) != len(names) {
		d := l.errorf(x.Span(), diag.WrongArguments, "%s takes %s, found %d", fn.Name.Name, plural(len(names), "argument"), len(x.Args))
		if e := l.prog.decls[fn.Name.Name]; e != nil && !e.prelude {
			d.NoteIn(e.src, e.at, "declared here")
		}
		return nil, false
	}
	return out, ok
}

func (l *lowerer) typeArguments(x *syntax.CallExpr, fn *syntax.FuncDecl) ([]operand, bool) {
	var out []operand
	ok := true
	for _, a := range x.TypeArgs {
		op := l.expr(a)
		ok = ok && op.ok()
		out = append(out, op)
	}
	n := 0
	for _, tp := range fn.TypeParams {
		n += len(tp.Names)
	}
	if len(out) > n {
		l.errorf(x.Span(), diag.WrongArguments, "%s has %s in brackets, found %d", fn.Name.Name, plural(n, "parameter"), len(out))
		return nil, false
	}
	return out, ok
}

// returns records the results of an inlined function.
func (l *lowerer) returns(s *syntax.ReturnStmt, last bool) {
	switch {
	case len(l.frames) == 0:
		l.errorf(s.Span(), diag.Misplaced, "return stands only in a func; a kernel stores its results")
		return
	case !last || l.scope.outer == nil || l.scope.outer.outer != nil:
		l.errorf(s.Span(), diag.Misplaced, "return is the last statement of a func").
			WithHelp("assign to a variable in the branches and return it at the end")
		l.returned = []operand{nothing}
		return
	case len(s.Results) == 0:
		l.errorf(s.Span(), diag.MissingReturn, "a func returns a value")
		l.returned = []operand{nothing}
		return
	}
	l.returned = nil
	for _, r := range s.Results {
		l.returned = append(l.returned, l.expr(r))
	}
}
