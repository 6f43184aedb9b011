package lower

import (
	"slices"

	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// A ScheduleWord is a word behind the ranges of a grid or a loop.
type ScheduleWord struct {
	Name, Form, Doc string
	Grid            bool // of the grid, not of a loop
}

// ScheduleWords lists the words of grids and then those of loops (docs/spec.md, sections 9 and 13).
var ScheduleWords = []ScheduleWord{
	{"warps", "warps(n)", "a block has n warps of 32 threads on a GPU, 1 to 32", true},
	{"after", "after(x, …)", "a promise that the kernel launched before writes no other input than these, so that all else may start while it still runs (programmatic dependent launch)", true},
	{"order", "order(swizzle(n))", "blocks take bands of n tiles of the last range but one, for all tiles of the last, so that those that run at a time share more of what they read", true},
	{"persistent", "persistent(n)", "with an n of 1, or none, no more blocks than the chip holds at a time, each of which takes one place after the other; with 0 without that", true},
	{"pipeline", "pipeline(n)", "copies for n iterations are in flight", false},
	{"split", "split(n)", "up to n parallel parts, each summed by warps of its own", false},
	{"cluster", "cluster(n)", "the iterations are divided among n blocks, up to 8, where a GPU has clusters of blocks and all that the loop carries are sums of dot that start at 0", false},
	{"unroll", "unroll(n)", "n iterations stand in the code one after the other", false},
}

// unknownWord says that a grid or a loop has no such word, and which it has.
func (l *lowerer) unknownWord(w *syntax.Word, grid bool) {
	where := "a loop"
	if grid {
		where = "a grid"
	}
	var names, forms []string
	for _, s := range ScheduleWords {
		if s.Grid == grid {
			names, forms = append(names, s.Name), append(forms, s.Form)
		}
	}
	d := l.errorf(w.Name.Span(), diag.UnknownSchedule, "%s has no schedule word %s", where, w.Name.Name)
	if near := closest(w.Name.Name, names); near != "" {
		d.WithHelp("did you mean %s? There are %s", near, list(forms))
		return
	}
	d.WithHelp("there are %s", list(forms))
}

// misplaced says that a word belongs to the grid, or to a loop, if it does.
func (l *lowerer) misplaced(w *syntax.Word, grid bool) bool {
	i := slices.IndexFunc(ScheduleWords, func(s ScheduleWord) bool { return s.Name == w.Name.Name && s.Grid != grid })
	switch {
	case i < 0:
		return false
	case grid:
		l.errorf(w.Span(), diag.BadSchedule, "%s is a word of a loop, not of the grid", w.Name.Name)
	default:
		l.errorf(w.Span(), diag.BadSchedule, "%s is a word of the grid, not of a loop", w.Name.Name).WithHelp("write it behind the ranges of the grid")
	}
	return true
}
