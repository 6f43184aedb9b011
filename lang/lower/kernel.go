package lower

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// Options specialise a kernel.
type Options struct {
	// Defines set type parameters ("W": "u4"), integer parameters ("G": "64") and tune values ("BM": "32").
	Defines map[string]string
	// Dims binds dimensions when compiling. Dimensions declared static must be bound.
	Dims map[string]int64
	// AnyTune lets Defines set a tune value outside of its declared candidates.
	AnyTune bool
	// Tune, if not nil, is told the candidates of every tune value, in source order.
	Tune func(name string, values []int64)
	// NoSplit lowers split(n) as one part: where the steps of a loop run one after the other, wider ones only cost.
	NoSplit bool
}

// param is a parameter or result of the kernel.
type param struct {
	name    string
	at      diag.Span
	ir      *ir.Param
	out     bool
	written bool
	whole   []int // the shape of a tensor of a script, which without indices is one tile
}

func (p *param) typeText() string {
	return strings.TrimPrefix(p.ir.Value.Type.String(), "tensor ")
}

// lowerer holds the state of lowering one kernel.
type lowerer struct {
	prog  *Program
	opts  Options
	diags *diag.List
	src   *diag.Source // of the text that is being read
	k     *ir.Kernel
	b     *ir.Builder
	scope *scope
	level int

	params   []*param
	below    map[*ir.Value]ir.Expr // scalars from 0 on, and what they stay below
	static   map[string]diag.Span  // dimensions declared static
	standIn  bool                  // static dimensions have made-up values: a generic check
	used     map[string]bool       // defines that named something
	tunable  []string              // what defines may name, for messages
	grid     diag.Span
	gridded  bool
	frames   []frame
	inlined  []*syntax.FuncDecl // each once
	loops    int
	split    int64 // parts of the innermost loop
	work     int
	stopped  bool
	returned []operand
}

// Lower checks the specialised kernel and gives its tile IR. The kernel is nil if there are errors in diags.
func Lower(p *Program, decl *syntax.KernelDecl, opts Options, diags *diag.List) *ir.Kernel {
	return run(p, decl, opts, false, diags)
}

// Check lowers the kernel with its defaults and made-up values for unbound static dimensions, for its diagnostics alone.
// A kernel with a parameter that has no default is only checked when it is specialised. Messages that may come from the
// made-up extents are left out.
func Check(p *Program, decl *syntax.KernelDecl, diags *diag.List) {
	for _, t := range decl.TypeParams {
		if t.Default == nil {
			return
		}
	}
	var mine diag.List
	l := &lowerer{}
	l.run(p, decl, Options{}, true, &mine)
	for _, d := range mine {
		if l.standIn && shapeCodes[d.Code] {
			continue
		}
		*diags = append(*diags, d)
	}
}

var shapeCodes = map[string]bool{diag.ShapeMismatch: true, diag.EmptyExtent: true, diag.OutOfBounds: true,
	diag.NotDivisible: true, diag.LiteralRange: true, diag.LayoutShape: true, diag.CarriedChanges: true, diag.DimMismatch: true,
	diag.BadRange: true}

func run(p *Program, decl *syntax.KernelDecl, opts Options, generic bool, diags *diag.List) *ir.Kernel {
	return (&lowerer{}).run(p, decl, opts, generic, diags)
}

func (l *lowerer) run(p *Program, decl *syntax.KernelDecl, opts Options, generic bool, diags *diag.List) *ir.Kernel {
	before := len(*diags)
	l.prog, l.opts, l.diags, l.src = p, opts, diags, p.sources[decl]
	l.below = map[*ir.Value]ir.Expr{}
	l.static, l.used = map[string]diag.Span{}, map[string]bool{}
	l.k = &ir.Kernel{Name: decl.Name.Name, Body: &ir.Block{}, Source: l.src.Path}
	l.b = &ir.Builder{Block: l.k.Body}
	l.scope = newScope(nil)
	l.typeParams(decl)
	l.signature(decl, generic)
	if len(*diags) == before {
		l.scope = newScope(l.scope)
		l.stmts(decl.Body.Stmts)
		l.finish(decl, len(*diags) > before)
	}
	if !(*diags)[before:].HasErrors() { // else a reader may stand in what was not lowered
		l.unused(decl)
	}
	if (*diags)[before:].HasErrors() {
		return nil
	}
	l.k.Renumber()
	if err := l.k.Verify(); err != nil {
		at := diag.Span{Start: decl.Name.Span().Start, End: decl.Name.Span().End}
		if ve, ok := err.(*ir.VerifyError); ok && ve.Op != nil {
			at = diag.Span(ve.Op.Span)
		}
		l.errorf(at, diag.ToolFailed, "the compiler made invalid tile IR here (%s); please report this with the source", err)
		return nil
	}
	return l.k
}

// finish reports what is missing at the end. After an error, a result without a store says nothing: its store may stand in
// what was not lowered.
func (l *lowerer) finish(decl *syntax.KernelDecl, failed bool) {
	if l.stopped {
		return
	}
	if !l.gridded {
		l.errorf(decl.Name.Span(), diag.MissingGrid, "kernel %s has no grid", decl.Name.Name).
			WithHelp("start it with a statement such as `grid n in N by 1024`")
	}
	for _, p := range l.params {
		if p.out && !p.written && !failed {
			l.errorf(p.at, diag.ResultNotStored, "the result %s is never stored", p.name).
				WithHelp("assign to a view of it, such as `%s[…] = …`", p.name)
		}
	}
	var unknown []string
	for name := range l.opts.Defines {
		if !l.used[name] {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	for _, name := range unknown {
		help := "it has no parameters and no tune values"
		if len(l.tunable) > 0 {
			help = "it has " + strings.Join(l.tunable, ", ")
		}
		l.errorf(decl.Name.Span(), diag.UnknownOption, "kernel %s has no parameter or tune value %s", decl.Name.Name, name).WithHelp("%s", help)
	}
}

// unused reports what nothing reads in the kernel and in the functions that it calls.
func (l *lowerer) unused(decl *syntax.KernelDecl) {
	Unused(l.src, decl.Body.Stmts, l.diags)
	for _, fn := range l.inlined {
		if !l.prog.prelude(fn) {
			Unused(l.prog.sources[fn], fn.Body.Stmts, l.diags)
		}
	}
}

// typeParams declares the parameters in square brackets with their values.
func (l *lowerer) typeParams(decl *syntax.KernelDecl) {
	for _, tp := range decl.TypeParams {
		for _, name := range tp.Names {
			l.tunable = append(l.tunable, name.Name)
			text, given := l.opts.Defines[name.Name]
			l.used[name.Name] = true
			op := operand{}
			switch {
			case given:
				op = l.define(name, tp.Kind, text)
			case tp.Default != nil:
				op = l.typeArg(tp, l.expr(tp.Default))
			default:
				l.errorf(name.Span(), diag.WrongArguments, "parameter %s of kernel %s has no value", name.Name, decl.Name.Name).
					WithHelp("set it with -D %s=…, or give it a default", name.Name)
			}
			l.declare(name, &object{op: op, what: "a parameter"})
		}
	}
}

// typeArg checks a value for a type or integer parameter.
func (l *lowerer) typeArg(tp *syntax.TypeParam, op operand) operand {
	if tp.Kind == nil || !op.ok() {
		return nothing
	}
	if tp.Kind.Name == "type" {
		if op.kind != typeK {
			l.errorf(op.at, diag.TypeMismatch, "%s needs a type, found %s", tp.Names[0].Name, op.describe())
			return nothing
		}
		return op
	}
	t, ok := l.intKind(tp.Kind)
	if !ok {
		return nothing
	}
	n, ok := l.constInt(op, "the parameter "+tp.Names[0].Name)
	if !ok {
		return nothing
	}
	if _, problem := represent(intNumber(n), t, true); problem != "" {
		l.errorf(op.at, diag.LiteralRange, "%d is no %s: %s", n, t, problem)
		return nothing
	}
	r := konst(intNumber(n), dtype.Invalid)
	r.at = op.at
	return r
}

// intKind is the range of an integer parameter's values.
func (l *lowerer) intKind(kind *syntax.Ident) (dtype.Type, bool) {
	if kind.Name == "int" {
		return dtype.I32, true
	}
	if t, err := dtype.Parse(kind.Name); err == nil && t.IsInt() {
		return t, true
	}
	l.errorf(kind.Span(), diag.UnknownType, "a parameter is a type or an int, not %s", kind.Name).
		WithHelp("kinds of parameters are type, int, and integer types such as u8")
	return dtype.Invalid, false
}

// define reads a value given from outside.
func (l *lowerer) define(name, kind *syntax.Ident, text string) operand {
	if kind.Name == "type" {
		t, err := dtype.Parse(text)
		if err != nil {
			l.errorf(name.Span(), diag.UnknownType, "%s=%s: %s", name.Name, text, err)
			return nothing
		}
		return operand{kind: typeK, elem: t, at: name.Span()}
	}
	t, ok := l.intKind(kind)
	if !ok {
		return nothing
	}
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		l.errorf(name.Span(), diag.TypeMismatch, "%s=%s: the parameter is an integer", name.Name, text)
		return nothing
	}
	if _, problem := represent(intNumber(n), t, true); problem != "" {
		l.errorf(name.Span(), diag.LiteralRange, "%s=%s: %s", name.Name, text, problem)
		return nothing
	}
	op := konst(intNumber(n), dtype.Invalid)
	op.at = name.Span()
	return op
}

func list(names []string) string { return strings.Join(names, ", ") }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "index" {
		return fmt.Sprintf("%d indices", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
