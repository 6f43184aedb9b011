package compile

import (
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/passes"
)

// Diagnose gives an error of the passes or of the lowering its place in the source.
func Diagnose(src *diag.Source, e *passes.Error) diag.List {
	var l diag.List
	d := l.Errorf(src, diag.Span(e.Span), e.Code, "%s", e.Text).WithDetail(e.Detail).WithHelp("%s", e.Help)
	if e.Other != (ir.Span{}) {
		d.Note(diag.Span(e.Other), "%s", e.Note)
	}
	return l
}
