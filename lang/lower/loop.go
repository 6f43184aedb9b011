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
	parts := int64(1)
	for _, w := range words {
		if w.Name == "split" && !l.opts.NoSplit {
			parts = w.Value.(int64)
		}
	}
	lp, ok := l.loopRange(r, parts)
	if !ok {
		return
	}
	outer := l.split
	l.split = parts
	defer func() { l.split = outer }()
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

// loopRange evaluates a clause in the scope outside of the loop. A loop split in parts takes the parts of as many steps
// at once, so that different warps work on different steps: its range is that much wider.
func (l *lowerer) loopRange(r *syntax.Range, parts int64) (*loopRange, bool) {
	lp := &loopRange{r: r, name: written(r.Names[0]), floor: true}
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
		if width *= parts; width > maxTile {
			l.errorf(r.By.Span(), diag.BadRange, "the width of the range in %d parts is %d; it must be at most %d", parts, width, maxTile)
			return nil, false
		}
		lp.width = width
	}
	if parts > 1 && (r.By == nil || len(r.Names) > 1) {
		l.errorf(r.Span(), diag.BadSchedule, "split(%d) needs a range with a width and without a counter", parts).
			WithHelp("write `for k in K by BK split(n)`")
		return nil, false
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
		if lp.floor && lp.ext.expr != nil {
			l.below[lp.counter] = *lp.ext.expr
		}
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
		if ok && (n < math.MinInt32 || n > math.MaxInt32) {
			l.errorf(x.Span(), diag.BadRange, "a range starts and ends at values of type i32, found %d", n)
			return extent{}, false
		}
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
