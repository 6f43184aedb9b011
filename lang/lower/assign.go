package lower

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

func (l *lowerer) assign(s *syntax.AssignStmt) {
	if s.Op != ":=" && s.Op != "=" {
		l.update(s)
		return
	}
	ops := l.rightSides(s)
	if ops == nil {
		ops = make([]operand, len(s.Lhs))
	}
	if s.Op == ":=" {
		l.declareAll(s, ops)
		return
	}
	for i, x := range s.Lhs {
		switch x := x.(type) {
		case *syntax.Ident:
			l.set(x, ops[i])
		case *syntax.IndexExpr:
			l.store(x, ops[i])
		}
	}
}

// rightSides evaluates all of the right before anything on the left changes.
func (l *lowerer) rightSides(s *syntax.AssignStmt) []operand {
	var ops []operand
	for _, x := range s.Rhs {
		ops = append(ops, l.expr(x))
	}
	if len(ops) == 1 && ops[0].kind == tupleK {
		ops = ops[0].parts
	}
	if len(ops) != len(s.Lhs) {
		if len(ops) == 1 && !ops[0].ok() {
			return nil
		}
		l.errorf(s.Span(), diag.CountMismatch, "%s on the left, %s on the right", plural(len(s.Lhs), "name"), plural(len(ops), "value"))
		return nil
	}
	return ops
}

// declareAll declares variables; as in Go at least one name must be new, the others are assigned.
func (l *lowerer) declareAll(s *syntax.AssignStmt, ops []operand) {
	fresh := 0
	for i, x := range s.Lhs {
		id := x.(*syntax.Ident)
		if old := l.scope.names[id.Name]; old != nil && len(s.Lhs) > 1 {
			l.set(id, ops[i])
			continue
		}
		fresh++
		op := ops[i]
		if op.kind == tensorK || op.kind == typeK || op.kind == funcK || op.kind == builtinK || op.kind == layoutK || op.kind == tupleK {
			l.errorf(op.at, diag.BadOperand, "a variable holds a value, not %s", op.describe())
			op = nothing
		}
		if op.kind == rangeK { // another name for the range
			l.declare(id, &object{op: op, what: "a range"})
			continue
		}
		if op.ok() {
			op = l.materialise(op)
			if op.ok() && op.val.Name == "" && op.val.Def != nil {
				op.val.Name = written(id)
			}
		}
		l.declare(id, &object{op: op, variable: true, what: "a variable"})
	}
	if fresh == 0 {
		l.errorf(s.Span(), diag.Redeclared, "no new name on the left of :=").WithHelp("use = to assign")
	}
}

// materialise turns a constant into a value of its default type and emits what is not emitted yet.
func (l *lowerer) materialise(op operand) operand {
	if op.untyped() {
		t := dtype.F32
		switch {
		case op.num.isBool():
			t = dtype.Bool
		case op.num.isInt():
			t = ir.Index
		case op.num.isText():
			l.errorf(op.at, diag.BadOperand, "a string is not a value of a kernel")
			return nothing
		}
		op = l.convert(op, t)
	}
	return l.value(op)
}

// set assigns to a variable.
func (l *lowerer) set(id *syntax.Ident, op operand) {
	if id.Name == "_" {
		return
	}
	o := l.scope.find(id.Name)
	if o == nil {
		l.undefined(id).WithHelp("declare it with :=")
		return
	}
	if !o.variable {
		if o.op.ok() || o.what != "" {
			l.errorf(id.Span(), diag.NotReassignable, "%s is %s and cannot be assigned", id.Name, o.what).NoteIn(o.src, o.at, "declared here")
		}
		return
	}
	if !o.op.ok() || !op.ok() {
		o.op, o.assigned = nothing, true
		return
	}
	old := o.op
	if op.kind == rangeK || op.kind == constK && op.elem.IsValid() || op.kind == tileK && op.val == nil {
		op = l.value(op)
	} else if op.untyped() {
		c := l.convert(op, old.val.Type.Elem)
		if !c.ok() {
			return
		}
		op = l.spread(l.value(c), old.val.Type.Shape)
	}
	if op.kind != tileK {
		if op.ok() {
			l.errorf(op.at, diag.BadOperand, "a variable holds a value, not %s", op.describe())
		}
		return
	}
	if !op.val.Type.Equal(old.val.Type) {
		code, verb := diag.TypeMismatch, "is"
		if l.level > o.level {
			code, verb = diag.CarriedChanges, "stays"
		} else if op.val.Type.Elem == old.val.Type.Elem {
			code = diag.ShapeMismatch
		}
		d := l.errorf(op.at, code, "%s %s %s, found %s", o.name, verb, old.val.Type, op.val.Type).NoteIn(o.src, o.at, "%s is declared here", o.name)
		if op.val.Type.Elem != old.val.Type.Elem && slices.Equal(op.val.Type.Shape, old.val.Type.Shape) {
			d.WithHelp("convert it with %s(…)", old.val.Type.Elem)
		}
		return
	}
	o.op, o.assigned = l.keepDead(o, op), true
	if o.op.val.Name == "" {
		o.op.val.Name = o.name
	}
}

// keepDead makes an assignment leave alone the elements that are dead by a range of an inner region: the variable
// outlives the range, so for it those elements exist.
func (l *lowerer) keepDead(o *object, op operand) operand {
	var masks *ir.Value
	axes := slices.Clone(op.axes)
	for i, a := range op.axes {
		var inner, outer []limit
		for _, lim := range a.limits {
			if lim.level > o.level {
				inner = append(inner, lim)
			} else {
				outer = append(outer, lim)
			}
		}
		if len(inner) > 0 {
			masks = l.and(masks, l.mask(inner, op.val.Type.Shape, i))
			axes[i] = join(axis{limits: outer, zero: a.zero}, o.op.axes[i])
		}
	}
	if masks == nil {
		return op
	}
	r := tile(l.b.Select(masks, op.val, o.op.val), axes)
	r.at = op.at
	return r
}

// update lowers `x op= e`.
func (l *lowerer) update(s *syntax.AssignStmt) {
	id, ok := s.Lhs[0].(*syntax.Ident)
	if !ok {
		l.errorf(s.Span(), diag.NotYet, "updates of memory are not in this version of the language").
			WithHelp("compute the value in a variable and store it once")
		return
	}
	o := l.scope.find(id.Name)
	if o == nil {
		l.undefined(id)
		return
	}
	old := l.use(o, id.Span())
	op := s.Op[:len(s.Op)-1]
	if op == "+" && o.variable && old.ok() {
		if call := l.dotCall(s.Rhs[0]); call != nil {
			l.set(id, l.dot(call, &old))
			return
		}
	}
	y := l.expr(s.Rhs[0])
	if !old.ok() || !y.ok() {
		o.op, o.assigned = nothing, true
		return
	}
	if (op == "+" || op == "-") && y.kind == tileK && o.variable {
		y.axes = slices.Clone(y.axes)
		for i, a := range y.axes { // adding 0 keeps the old element
			if a.zero {
				var outer []limit
				for _, lim := range a.limits {
					if lim.level <= o.level {
						outer = append(outer, lim)
					}
				}
				y.axes[i].limits = outer
			}
		}
	}
	l.set(id, l.binary(op, s.Span(), s.OpLoc.Span(), old, y))
}
