package lower

import (
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// castHelp is the form of a conversion.
const castHelp = "its form is %s(x), %[1]s(x, round: nearest), %[1]s(x, round: zero) or %[1]s(x, round: stochastic, bits: r), each with saturate: true or false"

// castCall lowers `f16(x)` and its forms with a rounding or an overflow rule.
func (l *lowerer) castCall(x *syntax.CallExpr, to dtype.Type) operand {
	values := 0
	for _, a := range x.Args {
		if a.Name == nil {
			values++
		}
	}
	if values != 1 || x.Args[0].Name != nil || len(x.TypeArgs) != 0 {
		l.errorf(x.Span(), diag.WrongArguments, "%s(…) converts one value, found %s", to, plural(values, "argument"))
		return nothing
	}
	op := l.expr(x.Args[0].X)
	if len(x.Args) == 1 {
		return l.cast(op, to)
	}
	return l.castWith(x, op, to)
}

// castWith lowers a conversion that says how to round or what to do with what is too large.
func (l *lowerer) castWith(x *syntax.CallExpr, op operand, to dtype.Type) operand {
	var round string
	var saturate *bool
	var bits operand
	var roundAt, saturateAt, bitsAt diag.Span
	ok := op.ok()
	for _, a := range x.Args[1:] {
		switch a.Name.Name {
		case "round":
			roundAt = a.X.Span()
			id, isName := a.X.(*syntax.Ident)
			if !isName || !slices.Contains(ir.Roundings, id.Name) {
				l.errorf(roundAt, diag.UnknownArgument, "round is %s, found %s", strings.Join(ir.Roundings, ", "), l.text(roundAt))
				ok = false
				continue
			}
			round = id.Name
		case "saturate":
			saturateAt = a.X.Span()
			s := l.expr(a.X)
			if s.ok() && (s.kind != constK || !s.num.isBool()) {
				l.errorf(saturateAt, diag.TypeMismatch, "saturate is true or false, found %s", s.describe())
			}
			if ok = ok && s.ok() && s.kind == constK && s.num.isBool(); ok {
				v := s.num.bits64() != 0
				saturate = &v
			}
		case "bits":
			bitsAt = a.X.Span()
			bits = l.expr(a.X)
			ok = ok && bits.ok()
		default:
			l.errorf(a.Name.Span(), diag.UnknownArgument, "a conversion has no argument %s", a.Name.Name).WithHelp(castHelp, to)
			ok = false
		}
	}
	if !ok {
		return nothing
	}
	if op.kind == constK && op.untyped() {
		l.errorf(op.at, diag.BadOperand, "%s is a constant; round and saturate are for values", l.text(op.at)).WithHelp("write the value that is wanted")
		return nothing
	}
	if op = l.value(op); !op.ok() {
		return nothing
	}
	from := op.val.Type.Elem
	switch {
	case from.IsBool() || to.IsBool():
		l.errorf(x.Args[1].Span(), diag.BadConversion, "a conversion from %s to %s neither rounds nor saturates", from, to)
		return nothing
	case round != "" && !from.IsFloat() && !to.IsFloat():
		l.errorf(roundAt, diag.BadConversion, "integers are not rounded: %s to %s wraps, or clamps with saturate: true", from, to)
		return nothing
	case saturate != nil && !*saturate && from.IsFloat() && !to.IsFloat():
		l.errorf(saturateAt, diag.BadConversion, "a conversion from %s to %s always saturates: there is nothing else that %s could give", from, to, to)
		return nothing
	case round == "stochastic" && bits.kind == bad:
		l.errorf(roundAt, diag.WrongArguments, "stochastic rounding needs random bits").WithHelp("write bits: r, r being a u32 tile of the shape of the value")
		return nothing
	case round != "stochastic" && bits.kind != bad:
		l.errorf(bitsAt, diag.WrongArguments, "bits are for round: stochastic only")
		return nothing
	}
	args := []*ir.Value{op.val}
	if round == "stochastic" {
		u32 := dtype.U(32)
		if bits.untyped() {
			bits = l.convert(bits, u32)
		}
		if bits.ok() && bits.valueElem() != u32 {
			l.errorf(bitsAt, diag.TypeMismatch, "the bits of stochastic rounding are u32, found %s", bits.describe())
			return nothing
		}
		if bits.ok() && !fits(bits.shape(), op.shape()) {
			l.errorf(bitsAt, diag.ShapeMismatch, "the bits have shape %v, the value %v", bits.shape(), op.shape())
			return nothing
		}
		if bits = l.shaped(bits, op.shape()); !bits.ok() {
			return nothing
		}
		args = append(args, bits.val)
	}
	o := l.b.Op(ir.OpCast, args, op.val.Type.WithElem(to))
	plain := ir.CastMode(o)
	if round != "" {
		if o.Set("round", round); ir.CastMode(o).Round == plain.Round {
			o.Attrs = nil
		}
	}
	if saturate != nil && *saturate != plain.Saturate {
		o.Set("saturate", *saturate)
	}
	r := tile(o.Result(), op.axes)
	if !hasZero(to) || !hasZero(from) {
		r.axes = castAxes(op.axes, to)
	}
	return r
}
