package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/internal/script"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

func (in *inputs) call(x *syntax.CallExpr) ([]value, bool) {
	name, _ := x.Fun.(*syntax.Ident)
	switch {
	case name != nil && name.Name == "file":
		return in.file(x)
	case name != nil && name.Name == "quantize":
		return in.quantize(x)
	case name != nil && len(x.Args) == 1:
		if v, err := in.s.elemType(name); err == nil {
			return in.convert(x, v)
		}
	}
	in.fail(x.Fun, diag.Undefined, "undefined: %s", in.src.Slice(x.Fun.Span())).WithHelp("input declarations have file(…), quantize(…) and conversions such as f16(…)")
	return nil, false
}

// convert rounds a tensor to another type, as its author asks.
func (in *inputs) convert(x *syntax.CallExpr, to dtype.Type) ([]value, bool) {
	v, ok := in.eval(x.Args[0].X)
	if !ok {
		return nil, false
	}
	if len(v) != 1 || v[0].tensor == nil {
		in.fail(x.Args[0], diag.TypeMismatch, "expected a tensor, found %s", v[0])
		return nil, false
	}
	return []value{{tensor: v[0].tensor.Convert(to)}}, true
}

// arguments sorts the arguments of a call by the names of the parameters; the first need of them must be there.
func (in *inputs) arguments(x *syntax.CallExpr, need int, names ...string) ([]syntax.Expr, bool) {
	out := make([]syntax.Expr, len(names))
	for i, a := range x.Args {
		at := i
		if a.Name != nil {
			at = slices.Index(names, a.Name.Name)
		}
		if at < 0 || at >= len(names) || out[at] != nil {
			in.fail(a, diag.WrongArguments, "the arguments are %s", strings.Join(names, ", "))
			return nil, false
		}
		out[at] = a.X
	}
	for i := range need {
		if out[i] == nil {
			in.fail(x, diag.WrongArguments, "the argument %s is missing: the arguments are %s", names[i], strings.Join(names, ", "))
			return nil, false
		}
	}
	return out, true
}

func (in *inputs) text(x syntax.Expr) (string, bool) {
	if lit, ok := x.(*syntax.BasicLit); ok {
		if s, err := strconv.Unquote(in.src.Slice(lit.Span())); err == nil {
			return s, true
		}
	}
	in.fail(x, diag.BadOperand, "expected a text between quotes")
	return "", false
}

func (in *inputs) file(x *syntax.CallExpr) ([]value, bool) {
	args, ok := in.arguments(x, 1, "path", "tensor", "rows")
	if !ok {
		return nil, false
	}
	path, ok := in.text(args[0])
	name, at := "", syntax.Expr(nil)
	if ok && args[1] != nil {
		at = args[1]
		name, ok = in.text(at)
	}
	if !ok {
		return nil, false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(in.src.Path), filepath.FromSlash(path))
	}
	t, err := loadTensor(path, name)
	if err != nil {
		in.code = exitRuntime
		in.fail(x, diag.MissingInput, "%s", err)
		return nil, false
	}
	if args[2] != nil {
		n, ok := in.integer(args[2], "the number of rows", 1)
		if !ok {
			return nil, false
		}
		if len(t.Shape) == 0 || n > int64(t.Shape[0]) {
			in.code = exitRuntime
			in.fail(args[2], diag.DimMismatch, "%d rows are asked for, the tensor in %s is %s", n, filepath.Base(path), t)
			return nil, false
		}
		t = firstRows(t, int(n))
	}
	return []value{{tensor: t}}, true
}

func (in *inputs) quantize(x *syntax.CallExpr) ([]value, bool) {
	args, ok := in.arguments(x, 3, "tensor", "type", "group", "scale")
	if !ok {
		return nil, false
	}
	v, ok := in.eval(args[0])
	if !ok {
		return nil, false
	}
	if v[0].tensor == nil {
		in.fail(args[0], diag.TypeMismatch, "expected a tensor, found %s", v[0])
		return nil, false
	}
	to, ok := in.elem(args[1])
	if !ok {
		return nil, false
	}
	group, ok := in.integer(args[2], "the group", 1)
	if !ok {
		return nil, false
	}
	scale := dtype.F16
	if args[3] != nil {
		if scale, ok = in.elem(args[3]); !ok {
			return nil, false
		}
	}
	q, s, err := tensor.Quantize(v[0].tensor, to, int(group), scale)
	if err != nil {
		in.code = exitRuntime
		in.fail(x, diag.MissingInput, "%s", err)
		return nil, false
	}
	e := quantised{name: in.src.Slice(x.Args[0].Span()), to: to, group: int(group), error: math.NaN()}
	if back, err := tensor.Dequantize(q, s, int(group)); err == nil {
		if d, err := tensor.Compare(back, v[0].tensor); err == nil {
			e.error = d.RelFro
		}
	}
	in.quants = append(in.quants, e)
	return []value{{tensor: q}, {tensor: s}}, true
}

func (in *inputs) elem(x syntax.Expr) (dtype.Type, bool) {
	v, ok := in.eval(x)
	if ok && (len(v) != 1 || v[0].elem == dtype.Invalid) {
		in.fail(x, diag.TypeMismatch, "expected a type, found %s", v[0])
		ok = false
	}
	if !ok {
		return dtype.Invalid, false
	}
	return v[0].elem, true
}

// loadTensor reads a tensor of a .npy file, or of a .safetensors file by its name.
func loadTensor(path, name string) (*tensor.Tensor, error) {
	t, err := script.LoadTensor(path, name)
	return t, inFile(path, err)
}

// inFile puts the path in front of an error that does not name it yet.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	if err = plain(err); strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func firstRows(t *tensor.Tensor, n int) *tensor.Tensor {
	shape := slices.Clone(t.Shape)
	each := 1
	for _, d := range shape[1:] {
		each *= d
	}
	shape[0] = n
	out := tensor.New(t.DType, shape...)
	if bits := each * n * t.DType.Bits(); bits%8 == 0 {
		copy(out.Data, t.Data[:bits/8])
		return out
	}
	for i := range each * n {
		out.SetCode(i, t.Code(i))
	}
	return out
}
