package lower

import (
	"slices"
	"strconv"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

func (l *lowerer) stmts(list []syntax.Stmt) {
	for i, s := range list {
		if !l.spend(s.Span()) {
			return
		}
		if r, ok := s.(*syntax.ReturnStmt); ok {
			l.returns(r, i == len(list)-1)
			continue
		}
		l.stmt(s)
	}
}

func (l *lowerer) stmt(s syntax.Stmt) {
	l.mark(s.Span())
	switch s := s.(type) {
	case *syntax.TuneStmt:
		l.tune(s)
	case *syntax.GridStmt:
		l.gridStmt(s)
	case *syntax.ConstDecl:
		l.constDecl(s)
	case *syntax.AssignStmt:
		l.assign(s)
	case *syntax.ForStmt:
		l.forStmt(s, 0)
	case *syntax.IfStmt:
		l.ifStmt(s)
	case *syntax.Block:
		l.block(s)
	case *syntax.ClaimStmt:
		l.errorf(s.Span(), diag.NotYet, "%s is not in this version of the language", s.Verb)
	case *syntax.ExprStmt:
		if op := l.expr(s.X); op.ok() {
			l.errorf(s.Span(), diag.NoEffect, "the value of this expression is not used").WithHelp("assign it, or remove it")
		}
	}
}

// block lowers statements in a scope of their own.
func (l *lowerer) block(b *syntax.Block) {
	l.scope = newScope(l.scope)
	l.stmts(b.Stmts)
	l.scope = l.scope.outer
}

// atTop reports a statement that belongs to the top level of a kernel.
func (l *lowerer) atTop(at diag.Span, what string) bool {
	if l.level == 0 && len(l.frames) == 0 && (l.scope.outer == nil || l.scope.outer.outer == nil) {
		return true
	}
	l.errorf(at, diag.Misplaced, "%s stands at the top level of a kernel", what)
	return false
}

// tune declares tune values: the first candidate, or the one that was asked for.
func (l *lowerer) tune(s *syntax.TuneStmt) {
	if !l.atTop(s.Span(), "tune") {
		return
	}
	for _, r := range s.Ranges {
		name := r.Names[0]
		l.tunable = append(l.tunable, name.Name)
		l.used[name.Name] = true
		values, ok := l.candidates(r)
		if !ok {
			l.declare(name, &object{what: "a tune value"})
			continue
		}
		if l.opts.Tune != nil {
			l.opts.Tune(name.Name, values)
		}
		n := values[0]
		if text, given := l.opts.Defines[name.Name]; given {
			v, err := strconv.ParseInt(text, 0, 32)
			switch {
			case err != nil:
				l.errorf(name.Span(), diag.BadTune, "%s=%s: a tune value is an integer", name.Name, text)
			case !l.opts.AnyTune && !slices.Contains(values, v):
				l.errorf(r.Span(), diag.BadTune, "%s=%d is not among the declared values", name.Name, v).
					WithHelp("they are %v", values)
			default:
				n = v
			}
		}
		op := konst(intNumber(n), dtype.Invalid)
		op.at = name.Span()
		l.declare(name, &object{op: op, what: "a tune value"})
	}
}

// candidates are the values of a tune declaration, in order.
func (l *lowerer) candidates(r *syntax.Range) ([]int64, bool) {
	var out []int64
	bad := false
	if xs, ok := r.Hi.(*syntax.ListLit); ok && r.Lo == nil {
		for _, x := range xs.Elems {
			n, ok := l.constInt(l.expr(x), "a tune value")
			bad = bad || !ok
			out = append(out, n)
		}
	} else if r.Lo == nil {
		l.errorf(r.Span(), diag.BadTune, "a tune declaration lists its values").WithHelp("such as [16, 32] or 3..6 (3, 4, 5)")
		return nil, false
	} else {
		lo, ok1 := l.constInt(l.expr(r.Lo), "a tune value")
		hi, ok2 := l.constInt(l.expr(r.Hi), "a tune value")
		if bad = !ok1 || !ok2; !bad && hi-lo > 1000 {
			l.errorf(r.Span(), diag.BadTune, "%d..%d has more than 1000 values", lo, hi)
			return nil, false
		}
		for n := lo; n < hi && !bad; n++ {
			out = append(out, n)
		}
	}
	if r.By != nil {
		l.errorf(r.By.Span(), diag.BadTune, "a tune declaration has no `by`")
		return nil, false
	}
	if !bad && len(out) == 0 {
		l.errorf(r.Span(), diag.BadTune, "there are no values to choose from").WithHelp("a..b excludes b")
		return nil, false
	}
	return out, !bad
}

func (l *lowerer) constDecl(s *syntax.ConstDecl) {
	ops := make([]operand, len(s.Values))
	for i, v := range s.Values {
		ops[i] = l.constOnly(v)
	}
	for i, n := range s.Names {
		l.declare(n, &object{op: ops[i], what: "a constant"})
	}
}

// constOnly evaluates an expression that must be constant.
func (l *lowerer) constOnly(x syntax.Expr) operand {
	op := l.expr(x)
	if op.ok() && op.kind != constK && op.kind != typeK {
		l.errorf(x.Span(), diag.NotConstant, "a constant is known when compiling; this is %s", op.describe())
		return nothing
	}
	return op
}

// ifStmt lowers a conditional. A constant condition chooses when compiling: only that branch is lowered.
func (l *lowerer) ifStmt(s *syntax.IfStmt) {
	cond := l.expr(s.Cond)
	if !cond.ok() {
		return
	}
	if cond.kind == constK {
		if !cond.num.isBool() {
			l.errorf(s.Cond.Span(), diag.TypeMismatch, "a condition is a bool, found %s", cond.describe())
			return
		}
		if cond.num.bits64() != 0 {
			l.block(s.Then)
		} else {
			l.elseBranch(s.Else)
		}
		return
	}
	if cond.kind != tileK || cond.val == nil || !cond.val.Type.Equal(ir.TileOf(dtype.Bool)) {
		d := l.errorf(s.Cond.Span(), diag.TypeMismatch, "a condition is a scalar bool, found %s", cond.describe())
		if len(cond.shape()) > 0 {
			d.WithHelp("use where(…) to choose element by element, or any(…) or all(…)")
		}
		return
	}
	l.branches(s, cond.val)
}

func (l *lowerer) elseBranch(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.Block:
		l.block(s)
	case *syntax.IfStmt:
		l.stmt(s)
	}
}

func (l *lowerer) branches(s *syntax.IfStmt, cond *ir.Value) {
	vars := l.outerVariables(s)
	before := snapshot(vars)
	was := make([]bool, len(vars))
	for i, o := range vars {
		was[i], o.assigned = o.assigned, false
	}
	var regions [2]*ir.Block
	var after [2][]operand
	for i := range regions {
		restore(vars, before)
		regions[i] = l.region(nil, func() {
			if i == 0 {
				l.block(s.Then)
			} else {
				l.elseBranch(s.Else)
			}
		})
		after[i] = snapshot(vars)
	}
	restore(vars, before)
	var types []ir.Type
	var yields [2][]*ir.Value
	var changed []*object
	var axes [][]axis
	for i, o := range vars {
		if !o.assigned {
			o.assigned = was[i]
			continue
		}
		a, b := after[0][i], after[1][i]
		if !a.ok() || !b.ok() {
			o.op = nothing
			continue
		}
		changed = append(changed, o)
		types = append(types, a.val.Type)
		axes = append(axes, joinAxes(a.axes, b.axes))
		yields[0], yields[1] = append(yields[0], a.val), append(yields[1], b.val)
	}
	l.mark(s.Span())
	op := l.b.Op(ir.OpIf, []*ir.Value{cond}, types...)
	for i, r := range regions {
		(&ir.Builder{Block: r, Span: l.b.Span}).Op(ir.OpYield, yields[i])
	}
	op.Regions = regions[:]
	for i, o := range changed {
		op.Results[i].Name = o.name
		o.op = tile(op.Results[i], axes[i])
		o.assigned = true
	}
}
