package passes

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// pin makes an author's layout the only candidate of a class. Errors stand at the annotation and draw the layouts.
func (s *solver) pin(v *ir.Value, o *ir.Op) error {
	l, at := v.Layout, v.Pin
	if at == (ir.Span{}) {
		at = o.Span
	}
	if l.Threads() != s.threads {
		return &Error{Code: "G0405", Span: at, Text: sprintf("the layout is for %d threads, the block has %d (%d warps)", l.Threads(), s.threads, s.k.Warps),
			Detail: picture("the layout", l), Help: sprintf("write warps(%d) after the grid, or another layout%s", max(1, l.Threads()/32), replicated(l.Threads(), s.threads))}
	}
	c := s.class(v)
	if !c.pinned {
		s.add(v, l, "annotation")
		c.pinned, c.pin = true, v.Pin
		return nil
	}
	q := c.labels[0].l
	if q.Equal(*l) {
		return nil
	}
	return &Error{Code: "G0406", Span: at, Text: "the layout contradicts an earlier annotation of a value that must agree with this one", Other: c.pin, Note: "the earlier annotation",
		Detail: layout.Difference(*q, *l) + "\n" + picture("first, earlier", q) + "\n" + picture("second, here", l),
		Help:   "annotate one of them only; a conversion is inserted where layouts differ"}
}

// replicated suggests copies where they make up the number of threads.
func replicated(have, want int) string {
	if have < want && want%have == 0 {
		return sprintf(", such as replicate(%d) * this one", want/have)
	}
	return ""
}

// picture draws the first cells of a layout.
func picture(what string, l *layout.Layout) string {
	return what + ": " + l.String() + ", thread:local of each element\n" + l.Draw(8, 8)
}
