package lower

import (
	"math"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// outerVariables are the variables visible here whose names are assigned in s. A variable of the same name inside s may
// be meant; the caller drops those that turn out not to be assigned.
func (l *lowerer) outerVariables(s syntax.Stmt) []*object {
	var out []*object
	seen := map[*object]bool{}
	syntax.Walk(s, func(n syntax.Node) bool {
		a, ok := n.(*syntax.AssignStmt)
		if !ok {
			return true
		}
		for _, x := range a.Lhs {
			id, ok := x.(*syntax.Ident)
			if !ok {
				continue
			}
			if o := l.scope.find(id.Name); o != nil && o.variable && !seen[o] && o.op.ok() {
				seen[o] = true
				out = append(out, o)
			}
		}
		return true
	})
	return out
}

func snapshot(vars []*object) []operand {
	ops := make([]operand, len(vars))
	for i, o := range vars {
		ops[i] = o.op
	}
	return ops
}

func restore(vars []*object, ops []operand) {
	for i, o := range vars {
		o.op = ops[i]
	}
}

// region lowers a body into a block of its own, one level deeper.
func (l *lowerer) region(args []*ir.Value, body func()) *ir.Block {
	outer := l.b
	l.b = &ir.Builder{Block: &ir.Block{Args: args}, Span: outer.Span}
	l.level++
	body()
	l.level--
	blk := l.b.Block
	l.b = outer
	return blk
}

// forStmt lowers the loop over range number i of the statement; the next range is the loop inside it.
func (l *lowerer) forStmt(s *syntax.ForStmt, i int) {
	if l.loops++; l.loops > maxLoops {
		l.errorf(s.Span(), diag.TooDeep, "more than %d loops stand inside each other", maxLoops)
		l.loops--
		return
	}
	defer func() { l.loops-- }()
	r := s.Ranges[i]
	var words []ir.Attr
	if i == len(s.Ranges)-1 {
		words = l.schedule(s.Words)
	}
	lp, ok := l.loopRange(r)
	if !ok {
		return
	}
	body := func() {
		l.scope = newScope(l.scope)
		lp.declare(l)
		if i < len(s.Ranges)-1 {
			l.forStmt(s, i+1)
		} else {
			l.block(s.Body)
		}
		l.scope = l.scope.outer
	}
	l.carry(s, lp, words, body)
}

// carry lowers a loop whose body assigns variables of outer scopes: they become values carried from one iteration to the
// next. What is known of their axes must hold in every iteration, so the body is lowered again until it does.
func (l *lowerer) carry(s *syntax.ForStmt, lp *loopRange, words []ir.Attr, body func()) {
	vars := l.outerVariables(s)
	before := snapshot(vars)
	axes := make([][]axis, len(vars))
	for i := range vars {
		axes[i] = before[i].axes
	}
	said := len(*l.diags)
	was := make(map[*object]bool)
	for _, o := range vars {
		was[o] = o.assigned
	}
	for {
		args := []*ir.Value{{Type: ir.TileOf(ir.Index), Name: lp.name}}
		for i, o := range vars {
			v := &ir.Value{Type: before[i].val.Type, Name: o.name}
			args = append(args, v)
			o.op, o.assigned = tile(v, axes[i]), false
		}
		lp.counter = args[0]
		region := l.region(args, body)
		after := snapshot(vars)
		again := false
		var keep []*object
		var keepBefore []operand
		var keepAxes [][]axis
		for i, o := range vars {
			if !o.assigned {
				again = true // it only seemed to be carried
				o.op, o.assigned = before[i], was[o]
				continue
			}
			if !after[i].ok() {
				restore(vars, before)
				o.op = nothing
				return
			}
			next := joinAxes(axes[i], after[i].axes)
			again = again || !sameAxes(next, axes[i])
			keep, keepBefore, keepAxes = append(keep, o), append(keepBefore, before[i]), append(keepAxes, next)
		}
		failed := len(*l.diags) > said || l.stopped
		if again && !failed {
			restore(vars, before)
			vars, before, axes = keep, keepBefore, keepAxes
			continue
		}
		if failed {
			restore(vars, before)
			return
		}
		l.finishLoop(s, lp, words, region, vars, before, after, axes)
		return
	}
}

func (l *lowerer) finishLoop(s *syntax.ForStmt, lp *loopRange, words []ir.Attr, region *ir.Block, vars []*object, before, after []operand, axes [][]axis) {
	l.mark(s.Span())
	args := []*ir.Value{lp.from, lp.to, lp.step}
	var types []ir.Type
	var next []*ir.Value
	for i := range vars {
		args = append(args, before[i].val)
		types = append(types, before[i].val.Type)
		next = append(next, after[i].val)
	}
	(&ir.Builder{Block: region, Span: l.b.Span}).Op(ir.OpYield, next)
	op := l.b.Op(ir.OpFor, args, types...)
	op.Regions = []*ir.Block{region}
	for _, w := range words {
		op.Set(w.Name, w.Value)
	}
	for i, o := range vars {
		op.Results[i].Name = o.name
		o.op = tile(op.Results[i], axes[i])
		o.assigned = true
	}
}

// A loopRange is a loop's clause: its bounds, and the names its body sees.
type loopRange struct {
	r              *syntax.Range
	name           string
	from, to, step *ir.Value
	width          int64 // 0 for a scalar index
	ext            extent
	lo             int64 // 0 unless a constant start is given
	floor          bool
	loDiv          int64
	counter        *ir.Value
}

// loopRange evaluates a clause in the scope outside of the loop.
func (l *lowerer) loopRange(r *syntax.Range) (*loopRange, bool) {
	lp := &loopRange{r: r, name: r.Names[0].Name, floor: true}
	ext, ok := l.extent(r.Hi)
	lp.ext = ext
	if r.Lo != nil {
		lo, good := l.extent(r.Lo)
		if ok = ok && good; ok {
			lp.from = l.extentValue(lo)
			n, known := lo.known()
			lp.lo, lp.floor, lp.loDiv = n, known && n >= 0, 1
			if lo.expr != nil {
				lp.loDiv = l.divides(*lo.expr)
				lp.floor = lp.floor || lo.expr.Op == ir.EDim
			}
		}
	} else {
		lp.from = l.b.Index(0)
	}
	width := int64(1)
	if r.By != nil {
		var good bool
		if width, good = l.width(r.By); !good {
			return nil, false
		}
		lp.width = width
	}
	if !ok {
		return nil, false
	}
	lp.to, lp.step = l.extentValue(ext), l.b.Index(int(width))
	return lp, true
}

// declare makes the loop's names known in the scope of its body.
func (lp *loopRange) declare(l *lowerer) {
	name := lp.r.Names[0]
	if lp.width == 0 {
		op := tile(lp.counter, nil)
		op.at = name.Span()
		l.declare(name, &object{op: op, what: "a loop index"})
	} else {
		g := &rng{name: name.Name, root: lp.counter, width: int(lp.width), ext: lp.ext, step: gcd(lp.width, lp.loDiv), div: 1, level: l.level,
			floor: lp.floor, plain: lp.floor}
		l.declare(name, &object{op: operand{kind: rangeK, rng: g, at: name.Span()}, what: "a range"})
	}
	if len(lp.r.Names) > 1 {
		i := lp.counter
		if lp.r.Lo != nil {
			i = l.b.Binary(ir.OpSub, i, lp.from)
		}
		if lp.width > 1 {
			i = l.b.Binary(ir.OpDiv, i, l.b.Index(int(lp.width)))
		}
		l.declare(lp.r.Names[1], &object{op: tile(i, nil), what: "a loop counter"})
	}
}

// extent evaluates the end (or start) of a range.
func (l *lowerer) extent(x syntax.Expr) (extent, bool) {
	op := l.expr(x)
	if !op.ok() {
		return extent{}, false
	}
	if op.kind == constK {
		n, ok := l.constInt(op, "an extent")
		return constExtent(n), ok
	}
	if op.expr != nil {
		return extent{expr: op.expr}, true
	}
	if op.kind == tileK && op.val.Type.Equal(ir.TileOf(ir.Index)) {
		return extent{val: op.val}, true
	}
	d := l.errorf(x.Span(), diag.BadRange, "a range runs over an extent of type i32, found %s", op.describe())
	if op.kind == tileK && len(op.shape()) == 0 {
		d.WithHelp("convert it with i32(…)")
	}
	return extent{}, false
}

// width evaluates the `by` of a range.
func (l *lowerer) width(x syntax.Expr) (int64, bool) {
	n, ok := l.constInt(l.expr(x), "the width of a range")
	if ok && (n < 1 || n > maxTile) {
		l.errorf(x.Span(), diag.BadRange, "the width of a range is %d; it must be 1 to %d", n, maxTile)
		return 0, false
	}
	return n, ok
}

// schedule reads the words of a loop.
func (l *lowerer) schedule(words []*syntax.Word) []ir.Attr {
	var out []ir.Attr
	for _, w := range words {
		switch w.Name.Name {
		case "pipeline", "split", "unroll":
			if n, ok := l.wordInt(w, math.MaxInt16); ok {
				for _, a := range out {
					if a.Name == w.Name.Name {
						l.errorf(w.Span(), diag.BadSchedule, "%s is given twice", w.Name.Name)
					}
				}
				out = append(out, ir.Attr{Name: w.Name.Name, Value: n})
			}
		default:
			l.errorf(w.Name.Span(), diag.UnknownSchedule, "a loop has no schedule word %s", w.Name.Name).
				WithHelp("there are pipeline(n), split(n) and unroll(n)")
		}
	}
	return out
}

func (l *lowerer) wordInt(w *syntax.Word, limit int64) (int64, bool) {
	if len(w.Args) != 1 || w.Args[0].Name != nil {
		l.errorf(w.Span(), diag.BadSchedule, "%s takes one number, found %d arguments", w.Name.Name, len(w.Args))
		return 0, false
	}
	n, ok := l.constInt(l.expr(w.Args[0].X), w.Name.Name)
	if ok && (n < 1 || n > limit) {
		l.errorf(w.Args[0].Span(), diag.BadSchedule, "%s(%d): the number must be 1 to %d", w.Name.Name, n, limit)
		return 0, false
	}
	return n, ok
}

// gridStmt makes one block for each tile. The last range is axis 0 of the grid, which varies fastest.
func (l *lowerer) gridStmt(s *syntax.GridStmt) {
	if !l.atTop(s.Span(), "grid") {
		return
	}
	if l.gridded {
		l.errorf(s.Span(), diag.MissingGrid, "a kernel has one grid").Note(l.grid, "the first one is here")
		return
	}
	l.gridded, l.grid = true, s.Span()
	if len(s.Ranges) > 3 {
		l.errorf(s.Ranges[3].Span(), diag.BadSchedule, "a grid has at most 3 ranges, found %d", len(s.Ranges))
		return
	}
	l.k.Grid = make([]ir.Expr, len(s.Ranges))
	for i, r := range s.Ranges {
		l.gridRange(r, len(s.Ranges)-1-i)
	}
	for _, w := range s.Words {
		switch w.Name.Name {
		case "warps":
			if n, ok := l.wordInt(w, 32); ok {
				l.k.Warps = int(n)
			}
		case "persistent", "order", "cluster":
			l.errorf(w.Span(), diag.NotYet, "%s is not in this version of the language", w.Name.Name)
		case "pipeline", "split", "unroll":
			l.errorf(w.Span(), diag.BadSchedule, "%s is a word of a loop, not of the grid", w.Name.Name)
		default:
			l.errorf(w.Name.Span(), diag.UnknownSchedule, "a grid has no schedule word %s", w.Name.Name).WithHelp("there is warps(n)")
		}
	}
}

func (l *lowerer) gridRange(r *syntax.Range, at int) {
	name := r.Names[0]
	fail := func() { l.declare(name, &object{what: "a range"}) }
	if r.Lo != nil {
		l.errorf(r.Span(), diag.BadRange, "a grid's range starts at 0").WithHelp("write %s in …", name.Name)
		fail()
		return
	}
	ext, ok := l.extent(r.Hi)
	if !ok {
		fail()
		return
	}
	if ext.expr == nil {
		l.errorf(r.Hi.Span(), diag.BadRange, "the extent of a grid is an expression over dimensions, found a scalar that is known only inside the block")
		fail()
		return
	}
	if n, known := ext.known(); known && n < 1 {
		l.errorf(r.Hi.Span(), diag.EmptyExtent, "the extent is %d; it must be positive", n)
	}
	pid := l.b.Op(ir.OpProgramID, nil, ir.TileOf(ir.Index)).Set("axis", at).Result()
	if r.By == nil {
		l.k.Grid[at] = *ext.expr
		pid.Name = name.Name
		l.declare(name, &object{op: tile(pid, nil), what: "a grid index"})
		return
	}
	w, ok := l.width(r.By)
	if !ok {
		fail()
		return
	}
	l.k.Grid[at] = ir.Bin(ir.ECeil, *ext.expr, ir.Int(w))
	base := pid
	if w > 1 {
		base = l.b.Binary(ir.OpMul, pid, l.b.Index(int(w)))
	}
	base.Name = name.Name
	g := &rng{name: name.Name, root: base, width: int(w), ext: ext, step: w, div: 1, level: l.level, floor: true, plain: true}
	l.declare(name, &object{op: operand{kind: rangeK, rng: g, at: name.Span()}, what: "a range"})
}
