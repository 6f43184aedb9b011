package lower

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// A frame is a call of a function that is being inlined.
type frame struct {
	fn  *syntax.FuncDecl
	src *diag.Source // of the call
	at  diag.Span    // of the call
}

// errorf reports a mistake. Inside a function of the prelude the place is the call in the author's text; inside one of
// the author's own functions the call is a note.
func (l *lowerer) errorf(at diag.Span, code, format string, args ...any) *diag.Diagnostic {
	src, inner, innerAt := l.src, (*diag.Source)(nil), at
	i := len(l.frames)
	for i > 0 && l.prog.prelude(l.frames[i-1].fn) {
		i--
		inner = src
		src, at = l.frames[i].src, l.frames[i].at
	}
	d := l.diags.Errorf(src, at, code, format, args...)
	if inner != nil {
		d.NoteIn(l.src, innerAt, "in %s", l.frames[len(l.frames)-1].fn.Name.Name)
	}
	for ; i > 0; i-- {
		d.NoteIn(l.frames[i-1].src, l.frames[i-1].at, "in this call of %s", l.frames[i-1].fn.Name.Name)
	}
	return d
}

func (p *Program) prelude(d *syntax.FuncDecl) bool {
	e := p.decls[d.Name.Name]
	return e != nil && e.decl == d && e.prelude
}

// mark makes operations carry the place: that of the outermost call if the text is not the kernel's own.
func (l *lowerer) mark(at diag.Span) {
	if len(l.frames) > 0 {
		at = l.frames[0].at
	}
	l.b.Span = ir.Span(at)
}

// text is the source of an expression, for messages.
func (l *lowerer) text(at diag.Span) string {
	s := l.src.Slice(at)
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// The bounds that keep hostile programs from taking memory or time without end.
const (
	maxWork  = 200_000 // expressions lowered, inlined calls and repeated loop bodies included
	maxLoops = 8       // loops inside each other
	maxCalls = 64      // calls inside each other
	maxTile  = 1 << 24 // elements of a tile
)

// spend counts work and says whether lowering should go on.
func (l *lowerer) spend(at diag.Span) bool {
	if l.stopped {
		return false
	}
	if l.work++; l.work > maxWork {
		l.stopped = true
		l.errorf(at, diag.TooDeep, "the kernel is too large: after inlining it has more than %d expressions", maxWork)
	}
	return !l.stopped
}

// written is a name as values of the IR carry it: `_` is none.
func written(id *syntax.Ident) string {
	if id.Name == "_" {
		return ""
	}
	return id.Name
}

// declare adds a name to the innermost scope.
func (l *lowerer) declare(id *syntax.Ident, o *object) *object {
	o.name, o.at, o.src, o.level = id.Name, id.Span(), l.src, l.level
	if id.Name == "_" {
		return o
	}
	if old := l.scope.names[id.Name]; old != nil {
		l.errorf(id.Span(), diag.Redeclared, "%s is declared twice in this scope", id.Name).NoteIn(old.src, old.at, "first declared here")
		return o
	}
	l.scope.names[id.Name] = o
	return o
}

func article(what string, n int) string { return fmt.Sprintf("%d %s", n, what) }
