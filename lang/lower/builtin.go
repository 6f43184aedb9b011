package lower

import (
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// call is a call of a builtin.
type call struct {
	*syntax.CallExpr
	name string
}

// A builtin is a function that is part of the language.
type builtin struct {
	form  string // how it is called
	doc   string // what it means, one line
	lower func(*lowerer, *call) operand
}

// builtins is the table; a test writes it into docs/spec.md.
var builtins map[string]builtin

func init() {
	builtins = map[string]builtin{
		"zeros":     {"zeros[T](n, …)", "a tile of zeros", (*lowerer).zeros},
		"ones":      {"ones[T](n, …)", "a tile of ones", (*lowerer).ones},
		"full":      {"full(v, n, …) or full[T](v, n, …)", "a tile whose elements are all the scalar v", (*lowerer).filled},
		"iota":      {"iota(n)", "0, 1, … n-1 as an i32 tile", (*lowerer).iota},
		"expand":    {"expand(x, axis)", "x with an axis of extent 1 inserted", (*lowerer).expand},
		"reshape":   {"reshape(x, n, …)", "the elements of x in row-major order under another shape", (*lowerer).reshape},
		"broadcast": {"broadcast(x, n, …)", "x repeated along axes of extent 1, matched from the right", (*lowerer).broadcast},
		"transpose": {"transpose(x, axis, …)", "axis i of the result is the named axis of x; without axes, all reversed", (*lowerer).transpose},
		"bitcast":   {"bitcast[T](x)", "the bits of every element read as a T of the same width", (*lowerer).bitcast},
		"view":      {"view[T](x)", "the bits of every row read as Ts of another width, lowest bits first: n elements of a bits become n·a/b of b", (*lowerer).viewBits},
		"where":     {"where(c, a, b)", "a where c is true, b elsewhere", (*lowerer).where},
		"fma":       {"fma(a, b, c)", "a*b + c, rounded once", (*lowerer).fma},
		"dot":       {"dot(a, b)", "the matrix product, summed in f32 (f64 for f64, i32 for integers)", func(l *lowerer, c *call) operand { return l.dot(c, nil) }},
		"cdiv":      {"cdiv(a, b)", "a/b rounded up, for integers that are not negative", (*lowerer).cdiv},
		"min":       {"min(a, b) or min(x, axis: i)", "the smaller element, or the least along an axis", (*lowerer).minMax},
		"max":       {"max(a, b) or max(x, axis: i)", "the larger element, or the greatest along an axis", (*lowerer).minMax},
		"sum":       {"sum(x, axis: i)", "the sum along an axis, or of all elements", (*lowerer).reduction},
		"mean":      {"mean(x, axis: i)", "the sum divided by the number of live elements", (*lowerer).reduction},
		"any":       {"any(c, axis: i)", "whether some element is true", (*lowerer).reduction},
		"all":       {"all(c, axis: i)", "whether every element is true", (*lowerer).reduction},
		"ceil":      {"ceil(x) or ceil(a, b)", "x rounded up; or a/b rounded up, as cdiv", (*lowerer).ceil},
		"popcount":  {"popcount(x)", "the number of one bits of an integer, as i32", (*lowerer).bitCount},
		"clz":       {"clz(x)", "the number of zero bits above the highest one bit of an integer, as i32; its width for 0", (*lowerer).bitCount},
		"abs":       {"abs(x)", "the magnitude", elementwise(ir.OpAbs, true)},
	}
	for name, e := range map[string]struct {
		code ir.Code
		zero bool
		doc  string
	}{
		"exp": {ir.OpExp, false, "e to the power x"}, "exp2": {ir.OpExp2, false, "2 to the power x"},
		"log": {ir.OpLog, false, "the natural logarithm"}, "log2": {ir.OpLog2, false, "the logarithm to base 2"},
		"sin": {ir.OpSin, true, "the sine, x in radians"}, "cos": {ir.OpCos, false, "the cosine, x in radians"},
		"tanh": {ir.OpTanh, true, "the hyperbolic tangent"}, "erf": {ir.OpErf, true, "the error function"},
		"sqrt": {ir.OpSqrt, true, "the square root"}, "rsqrt": {ir.OpRsqrt, false, "1/sqrt(x)"},
		"floor": {ir.OpFloor, true, "x rounded down"}, "round": {ir.OpRound, true, "x rounded to the nearest integer, ties to even"},
	} {
		builtins[name] = builtin{name + "(x)", e.doc, elementwise(e.code, e.zero)}
	}
}

// A Builtin is a row of the table of builtin functions.
type Builtin struct{ Name, Form, Doc string }

// Builtins lists the functions that the language itself declares, by name.
func Builtins() []Builtin {
	var out []Builtin
	for name, b := range builtins {
		out = append(out, Builtin{name, b.form, b.doc})
	}
	slices.SortFunc(out, func(a, b Builtin) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// IsBuiltin says whether the language itself declares the function.
func IsBuiltin(name string) bool { _, ok := builtins[name]; return ok }

// elementwise lowers a function of one tile; zero says that it maps 0 to 0.
func elementwise(code ir.Code, zero bool) func(*lowerer, *call) operand {
	return func(l *lowerer, c *call) operand {
		args, ok := l.positional(c, 1, 1)
		if !ok || !l.noNames(c) || !l.noTypes(c) {
			return nothing
		}
		return l.apply(c, code, args[0], zero)
	}
}

func (l *lowerer) apply(c *call, code ir.Code, x operand, zero bool) operand {
	x = l.floatArg(c, code, x)
	if !x.ok() {
		return nothing
	}
	axes := notSmall(x.axes)
	if !zero {
		axes = notZero(axes)
	}
	return tile(l.b.Unary(code, x.val), axes)
}

// floatArg checks an operand against the element types of an operation.
func (l *lowerer) floatArg(c *call, code ir.Code, x operand) operand {
	floats := code.Info().Elems == ir.Floats
	if x.untyped() && x.num.isInt() && floats {
		x = l.convert(x, dtype.F32)
	}
	x = l.value(x)
	if !x.ok() {
		return nothing
	}
	t := x.val.Type.Elem
	if floats && !t.IsFloat() {
		l.errorf(x.at, diag.BadOperand, "%s takes floats, found %s", c.name, x.describe()).WithHelp("convert it: f32(%s)", l.text(x.at))
		return nothing
	}
	if !floats && t.IsBool() {
		l.errorf(x.at, diag.BadOperand, "%s takes numbers, found %s", c.name, x.describe())
		return nothing
	}
	return x
}

// positional evaluates the arguments without names, of which there must be lo to hi (hi < 0: any number).
func (l *lowerer) positional(c *call, lo, hi int) ([]operand, bool) {
	var out []operand
	ok := true
	for _, a := range c.Args {
		if a.Name == nil {
			op := l.expr(a.X)
			ok = ok && op.ok()
			out = append(out, op)
		}
	}
	if len(out) < lo || hi >= 0 && len(out) > hi {
		l.errorf(c.Span(), diag.WrongArguments, "%s takes %s, found %d", c.name, count(lo, hi), len(out)).
			WithHelp("its form is %s", builtins[c.name].form)
		return nil, false
	}
	return out, ok
}

func count(lo, hi int) string {
	switch {
	case hi < 0:
		return "at least " + plural(lo, "argument")
	case lo == hi:
		return plural(lo, "argument")
	}
	return plural(lo, "argument") + " or " + article("", hi)
}

func (l *lowerer) noNames(c *call, allowed ...string) bool {
	for _, a := range c.Args {
		if a.Name != nil && !slices.Contains(allowed, a.Name.Name) {
			l.errorf(a.Name.Span(), diag.UnknownArgument, "%s has no argument %s", c.name, a.Name.Name).
				WithHelp("its form is %s", builtins[c.name].form)
			return false
		}
	}
	return true
}

func (l *lowerer) noTypes(c *call) bool {
	if len(c.TypeArgs) > 0 {
		l.errorf(c.TypeArgs[0].Span(), diag.WrongArguments, "%s takes nothing in square brackets", c.name).
			WithHelp("its form is %s", builtins[c.name].form)
		return false
	}
	return true
}

// typeArgument is the T of zeros[T](…); ok with an invalid type if there is none and none is required.
func (l *lowerer) typeArgument(c *call, required bool) (dtype.Type, bool) {
	if len(c.TypeArgs) == 0 && !required {
		return dtype.Invalid, true
	}
	if len(c.TypeArgs) != 1 {
		l.errorf(c.Fun.Span(), diag.WrongArguments, "%s needs one type in square brackets", c.name).WithHelp("its form is %s", builtins[c.name].form)
		return dtype.Invalid, false
	}
	op := l.expr(c.TypeArgs[0])
	if op.ok() && op.kind != typeK {
		l.errorf(op.at, diag.TypeMismatch, "%s needs a type in square brackets, found %s", c.name, op.describe())
	}
	return op.elem, op.kind == typeK
}

// extents are constant arguments that make a shape.
func (l *lowerer) extents(c *call, args []operand) ([]int, bool) {
	var out []int
	size := int64(1)
	for _, a := range args {
		n, ok := l.constInt(a, "an extent")
		if !ok {
			return nil, false
		}
		if n < 1 {
			l.errorf(a.at, diag.EmptyExtent, "an extent is positive, found %d", n)
			return nil, false
		}
		if n > maxTile || size*n > maxTile {
			l.errorf(c.Span(), diag.ShapeMismatch, "the tile has more than %d elements", maxTile)
			return nil, false
		}
		size *= n
		out = append(out, int(n))
	}
	return out, true
}
