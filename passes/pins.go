package passes

import (
	"github.com/girih-lang/girih/ir"
)

// pin makes an author's layout the only candidate of a class.
func (s *solver) pin(v *ir.Value, o *ir.Op) error {
	l := v.Layout
	if l.Threads() != s.threads {
		return &Error{Code: "G0405", Span: o.Span, Text: sprintf("the layout %s is for %d threads, the block has %d (%d warps)", l, l.Threads(), s.threads, s.k.Warps),
			Help: "write warps(n) after the grid, or replicate the layout"}
	}
	c := s.class(v)
	if c.pinned {
		if q := c.labels[0].l; !q.Equal(*l) {
			return &Error{Code: "G0406", Span: o.Span, Text: sprintf("the layout %s contradicts %s, which an earlier annotation gives to a value that must agree with this one", l, q),
				Help: "annotate one of them only; a conversion is inserted where layouts differ"}
		}
		return nil
	}
	s.add(v, l, "annotation")
	c.pinned = true
	return nil
}
