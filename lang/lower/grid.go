package lower

import (
	"fmt"
	"math"
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// schedule reads the words of a loop.
func (l *lowerer) schedule(words []*syntax.Word) []ir.Attr {
	var out []ir.Attr
	given := map[string]*syntax.Word{}
	for _, w := range words {
		if first := given[w.Name.Name]; first != nil {
			l.errorf(w.Span(), diag.BadSchedule, "%s is given twice", w.Name.Name).Note(first.Span(), "first given here")
			continue
		}
		given[w.Name.Name] = w
		switch w.Name.Name {
		case "pipeline", "split", "cluster", "unroll":
			limit := int64(math.MaxInt16)
			if w.Name.Name == "cluster" {
				limit = 8 // blocks of a cluster that every GPU with clusters takes (CUDA C++ Programming Guide, "Thread Block Clusters")
			}
			if n, ok := l.wordInt(w, limit); ok {
				out = append(out, ir.Attr{Name: w.Name.Name, Value: n})
			}
		default:
			if !l.misplaced(w, false) {
				l.unknownWord(w, false)
			}
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
	given := map[string]*syntax.Word{}
	for _, w := range s.Words {
		if first := given[w.Name.Name]; first != nil {
			d := l.errorf(w.Span(), diag.BadSchedule, "%s is given twice", w.Name.Name).Note(first.Span(), "first given here")
			if w.Name.Name == "after" {
				d.WithHelp("list all tensors in one: after(x, y)")
			}
			continue
		}
		given[w.Name.Name] = w
		switch w.Name.Name {
		case "warps":
			if n, ok := l.wordInt(w, 32); ok {
				l.k.Warps = int(n)
			}
		case "after":
			l.after(w)
		case "persistent":
			l.k.Persistent = l.persistent(w)
		case "order":
			l.order(w, len(s.Ranges))
		default:
			if !l.misplaced(w, true) {
				l.unknownWord(w, true)
			}
		}
	}
}

// persistent is true without an argument, else what the argument says, so that a tune value may.
func (l *lowerer) persistent(w *syntax.Word) bool {
	switch {
	case len(w.Args) == 0:
		return true
	case len(w.Args) > 1 || w.Args[0].Name != nil:
		l.errorf(w.Span(), diag.BadSchedule, "persistent takes one number, without a name, or nothing")
		return false
	}
	n, ok := l.constInt(l.expr(w.Args[0].X), "persistent")
	if ok && (n < 0 || n > 1) {
		l.errorf(w.Args[0].Span(), diag.BadSchedule, "persistent(%d): the number must be 0 (off) or 1", n).
			WithHelp("a launch of persistent blocks has as many as the chip holds at a time")
	}
	return n == 1
}

// order says which places blocks take first: order(swizzle(n)) bands of n tiles of the last range but one.
func (l *lowerer) order(w *syntax.Word, ranges int) {
	var n *syntax.Arg
	if len(w.Args) == 1 && w.Args[0].Name == nil {
		if c, ok := w.Args[0].X.(*syntax.CallExpr); ok && len(c.Args) == 1 && c.Args[0].Name == nil && len(c.TypeArgs) == 0 {
			if f, ok := c.Fun.(*syntax.Ident); ok && f.Name == "swizzle" {
				n = c.Args[0]
			}
		}
	}
	if n == nil {
		found := "nothing"
		switch {
		case len(w.Args) > 1:
			found = fmt.Sprintf("%d arguments", len(w.Args))
		case len(w.Args) == 1:
			found = "something else"
			if c, ok := w.Args[0].X.(*syntax.CallExpr); ok {
				if f, ok := c.Fun.(*syntax.Ident); ok {
					found = fmt.Sprintf("%s with %d arguments", f.Name, len(c.Args))
				}
			}
		}
		l.errorf(w.Span(), diag.BadSchedule, "order takes swizzle(n), with the number of tiles that a band is wide, found %s", found).
			WithHelp("order(swizzle(8)): 8 tiles of the last range but one, for all tiles of the last, before the next 8")
		return
	}
	if ranges < 2 {
		l.errorf(w.Span(), diag.BadSchedule, "a grid of one range has one order").WithHelp("order(swizzle(n)) is for grids of two or three ranges")
		return
	}
	width, ok := l.constInt(l.expr(n.X), "swizzle")
	if ok && (width < 1 || width > ir.MaxBand) {
		l.errorf(n.Span(), diag.BadSchedule, "swizzle(%d): the number must be 1 to %d", width, ir.MaxBand)
		return
	}
	l.k.Band = int(width)
}

// after lists the inputs that the kernel launched before may write.
func (l *lowerer) after(w *syntax.Word) {
	if len(w.Args) == 0 {
		l.errorf(w.Span(), diag.BadSchedule, "after takes the input tensors that a kernel launched before may write, found none").
			WithHelp("without the word, all inputs may be")
	}
	for _, a := range w.Args {
		op := l.expr(a.X)
		switch {
		case !op.ok():
		case a.Name != nil || op.kind != tensorK:
			l.errorf(a.Span(), diag.BadSchedule, "after takes names of input tensors, found %s", op.describe())
		case op.param.out:
			l.errorf(a.Span(), diag.BadSchedule, "after takes input tensors, found the result %s", op.param.name).
				WithHelp("results need no mention: every store waits for the kernel launched before")
		case slices.Contains(l.k.After, op.param.name):
			l.errorf(a.Span(), diag.BadSchedule, "after names %s twice", op.param.name)
		default:
			l.k.After = append(l.k.After, op.param.name)
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
		pid.Name = written(name)
		l.below[pid] = *ext.expr
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
	base.Name = written(name)
	g := &rng{name: name.Name, root: base, width: int(w), ext: ext, step: w, div: 1, level: l.level, floor: true, plain: true}
	l.declare(name, &object{op: operand{kind: rangeK, rng: g, at: name.Span()}, what: "a range"})
}
