package script

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
	"github.com/girih-lang/girih/runtime/tensor"
)

// A HostFunc is a row of the table of functions that only scripts have.
type HostFunc struct{ Name, Form, Doc string }

// HostFuncs lists them, for help and documents.
var HostFuncs = []HostFunc{
	{"random.normal", "random.normal[T](n, …)", "normal numbers of deviation 1, rounded to T"},
	{"random.uniform", "random.uniform[T](n, …, lo: 0, hi: 1)", "numbers drawn evenly from lo to hi, rounded to T"},
	{"random.bits", "random.bits[T](n, …)", "every code of T with equal chance; normal numbers for a float type"},
	{"iota", "iota(T, n, …)", "0, 1, 2, … in row-major order, as a tensor of T"},
	{"T", "T([a, b, …])", "the tensor of a list, or of lists of lists: i32([0, 5]), f16([[1, 2], [3, 4]])"},
	{"file", "file(\"w.safetensors\", \"name\", rows: n)", "a tensor of a .npy or .safetensors file, or its first rows"},
	{"quantize", "quantize(t, T, G, S)", "two tensors: the codes of t in T and their scales in S (f16), one per G rows and column"},
	{"close", "close(got, want, rel: r, abs: a)", "a claim: the relative Frobenius error is at most r, no difference larger than a"},
	{"equal", "equal(got, want)", "a claim: all elements are equal"},
	{"print", "print(x, …)", "shows values"},
}

// hostFunc is the function that a call names, if it is one of the host's; nil for one of the language.
func (s *Session) hostFunc(x *syntax.CallExpr) func(*syntax.CallExpr) (Value, error) {
	switch f := x.Fun.(type) {
	case *syntax.SelectorExpr:
		if id, ok := f.X.(*syntax.Ident); ok && id.Name == "random" && !s.bound("random") {
			return s.random
		}
	case *syntax.Ident:
		if s.Pkg.Declares(f.Name) == "kernel" {
			return s.kernel
		}
		if listed(x) {
			return s.list
		}
		if s.bound(f.Name) || s.Pkg.Declares(f.Name) != "" {
			return nil
		}
		switch f.Name {
		case "random":
			return s.random
		case "file":
			return s.file
		case "quantize":
			return s.quantize
		case "close", "equal":
			return s.closeCall
		case "print":
			return s.print
		case "iota":
			if len(x.Args) > 1 || len(x.TypeArgs) > 0 {
				return s.iota
			}
		}
	}
	return nil
}

func (s *Session) bound(name string) bool { _, ok := s.Lookup(name); return ok }

// arguments sorts the arguments of a call: the positional ones, and the named ones, of which only some exist.
func (s *Session) arguments(x *syntax.CallExpr, names ...string) (pos []syntax.Expr, named map[string]syntax.Expr, err error) {
	named = map[string]syntax.Expr{}
	for _, a := range x.Args {
		switch {
		case a.Name == nil:
			pos = append(pos, a.X)
		case !slices.Contains(names, a.Name.Name):
			return nil, nil, s.errorf(a, diag.UnknownArgument, "%s has no argument %s", s.Src.Slice(x.Fun.Span()), a.Name.Name).
				help("its form is %s", form(s.Src.Slice(x.Fun.Span())))
		default:
			named[a.Name.Name] = a.X
		}
	}
	return pos, named, nil
}

func form(name string) string {
	for _, f := range HostFuncs {
		if f.Name == name {
			return f.Form
		}
	}
	return name + "(…)"
}

func (s *Session) wrong(x *syntax.CallExpr, format string, args ...any) error {
	return s.errorf(x, diag.WrongArguments, "%s", fmt.Sprintf(format, args...)).help("its form is %s", form(s.Src.Slice(x.Fun.Span())))
}

// elem is the type that an expression names.
func (s *Session) elem(x syntax.Expr) (dtype.Type, error) {
	v, err := s.Eval(x)
	if err == nil && !v.Type.IsValid() {
		err = s.errorf(x, diag.TypeMismatch, "expected a type, found %s", v)
	}
	return v.Type, err
}

func (s *Session) real(x syntax.Expr, or float64) (float64, error) {
	if x == nil {
		return or, nil
	}
	v, err := s.Eval(x)
	if err != nil {
		return 0, err
	}
	n, _, ok := v.number()
	if !ok || math.IsNaN(n) {
		return 0, s.errorf(x, diag.TypeMismatch, "expected a number, found %s", v)
	}
	return n, nil
}

func (s *Session) tensor(x syntax.Expr) (*tensor.Tensor, error) {
	v, err := s.Eval(x)
	if err != nil {
		return nil, err
	}
	switch n, whole, ok := v.number(); {
	case v.Tensor != nil:
		return v.Tensor, nil
	case ok && whole && math.Abs(n) < 1<<31:
		return tensor.FromFloats(dtype.I32, nil, []float64{n}), nil
	case ok:
		return tensor.FromFloats(dtype.F64, nil, []float64{n}), nil
	}
	return nil, s.errorf(x, diag.TypeMismatch, "expected a tensor, found %s", v)
}

func (s *Session) random(x *syntax.CallExpr) (Value, error) {
	how := "normal"
	if sel, ok := x.Fun.(*syntax.SelectorExpr); ok {
		how = sel.Sel.Name
	}
	if !slices.Contains([]string{"normal", "uniform", "bits"}, how) {
		return Value{}, s.errorf(x.Fun, diag.Undefined, "random has no %s", how).help("there are random.normal, random.uniform and random.bits")
	}
	allowed := map[string][]string{"uniform": {"lo", "hi"}}[how]
	pos, named, err := s.arguments(x, allowed...)
	if err != nil {
		return Value{}, err
	}
	dt := dtype.F32
	if len(x.TypeArgs) > 1 {
		return Value{}, s.wrong(x, "one type stands in the brackets")
	}
	for _, t := range x.TypeArgs {
		if dt, err = s.elem(t); err != nil {
			return Value{}, err
		}
	}
	shape, err := s.shape(x, pos)
	if err != nil {
		return Value{}, err
	}
	s.draws++
	seed := Mix(s.Seed, s.draws)
	var t *tensor.Tensor
	switch how {
	case "uniform":
		var lo, hi float64
		if lo, err = s.real(named["lo"], 0); err != nil {
			return Value{}, err
		}
		if hi, err = s.real(named["hi"], 1); err != nil {
			return Value{}, err
		}
		t, err = tensor.Uniform(dt, seed, lo, hi, shape...)
	case "normal":
		if !dt.IsFloat() {
			return Value{}, s.errorf(x, diag.BadOperand, "normal numbers are floats, found the type %s", dt).help("random.bits[%s](…) has every code with equal chance", dt)
		}
		t, err = tensor.Normal(dt, seed, 1, shape...)
	default:
		t, err = tensor.Random(dt, seed, shape...)
	}
	if err != nil {
		return Value{}, s.errorf(x, runCode, "%s", err)
	}
	return Value{Tensor: t}, nil
}

// Mix makes a seed of a seed and a number (SplitMix64, Steele, Lea and Flood 2014).
func Mix(seed, n uint64) uint64 {
	z := seed + n*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *Session) iota(x *syntax.CallExpr) (Value, error) {
	pos, _, err := s.arguments(x)
	if err != nil {
		return Value{}, err
	}
	types := append(slices.Clone(x.TypeArgs), pos...)
	if len(types) < 2 {
		return Value{}, s.wrong(x, "iota takes a type and extents")
	}
	dt, err := s.elem(types[0])
	if err != nil {
		return Value{}, err
	}
	shape, err := s.shape(x, types[1:])
	if err != nil {
		return Value{}, err
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	ints := make([]int64, n)
	for i := range ints {
		ints[i] = int64(i)
	}
	return Value{Tensor: tensor.FromInts(dt, shape, ints)}, nil
}

func (s *Session) file(x *syntax.CallExpr) (Value, error) {
	pos, named, err := s.arguments(x, "rows")
	if err != nil {
		return Value{}, err
	}
	if len(pos) < 1 || len(pos) > 2 {
		return Value{}, s.wrong(x, "file takes a path, and the name of a tensor in it")
	}
	texts := make([]string, 2)
	for i, p := range pos {
		v, err := s.Eval(p)
		if err != nil {
			return Value{}, err
		}
		ok := false
		if v.Const != nil {
			texts[i], ok = v.Const.Text()
		}
		if !ok {
			return Value{}, s.errorf(p, diag.BadOperand, "expected a text between quotes, found %s", v)
		}
	}
	path := filepath.FromSlash(texts[0])
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	t, err := LoadTensor(path, texts[1])
	if err != nil {
		return Value{}, s.errorf(x, runCode, "%s", err)
	}
	if named["rows"] != nil {
		n, err := s.integer(named["rows"], "the number of rows", 1)
		if err != nil {
			return Value{}, err
		}
		if len(t.Shape) == 0 || n > int64(t.Shape[0]) {
			return Value{}, s.errorf(named["rows"], diag.DimMismatch, "%d rows are asked for, the tensor is %s", n, t)
		}
		t = rows(t, int(n))
	}
	return Value{Tensor: t}, nil
}

func rows(t *tensor.Tensor, n int) *tensor.Tensor {
	shape := slices.Clone(t.Shape)
	shape[0] = n
	out := tensor.New(t.DType, shape...)
	for i := range out.Len() {
		out.SetCode(i, t.Code(i))
	}
	return out
}

// LoadTensor reads a tensor of a .npy file, or of a .safetensors file by its name, which may be left out where there is one. What
// girih pack wrote is the matrix, whatever its order.
func LoadTensor(path, name string) (*tensor.Tensor, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		if name != "" {
			return nil, fmt.Errorf("%s: a .npy file holds one array without a name, not %q", path, name)
		}
		return tensor.LoadNpy(path)
	case ".safetensors":
		f, err := tensor.OpenSafetensors(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if name == "" && len(f.Entries) != 1 {
			return nil, fmt.Errorf("%s holds %d tensors, name one: %s", path, len(f.Entries), strings.Join(f.Names(), ", "))
		}
		if name == "" {
			name = f.Entries[0].Name
		}
		return bundle.Matrix(f, name)
	}
	return nil, fmt.Errorf("%s: expected a .npy or .safetensors file", path)
}

func (s *Session) quantize(x *syntax.CallExpr) (Value, error) {
	pos, _, err := s.arguments(x)
	if err != nil {
		return Value{}, err
	}
	if len(pos) != 3 && len(pos) != 4 {
		return Value{}, s.wrong(x, "quantize takes a tensor, a type, the rows of a group, and the type of the scales")
	}
	t, err := s.tensor(pos[0])
	if err != nil {
		return Value{}, err
	}
	to, err := s.elem(pos[1])
	if err != nil {
		return Value{}, err
	}
	group, err := s.integer(pos[2], "the group", 1)
	if err != nil {
		return Value{}, err
	}
	scale := dtype.F16
	if len(pos) == 4 {
		if scale, err = s.elem(pos[3]); err != nil {
			return Value{}, err
		}
	}
	q, sc, err := tensor.Quantize(t, to, int(group), scale)
	if err != nil {
		return Value{}, s.errorf(x, runCode, "%s", err)
	}
	return Value{Tuple: []Value{{Tensor: q}, {Tensor: sc}}}, nil
}

func (s *Session) closeCall(x *syntax.CallExpr) (Value, error) {
	exact := x.Fun.(*syntax.Ident).Name == "equal"
	allowed := []string{"rel", "abs"}
	if exact {
		allowed = nil
	}
	pos, named, err := s.arguments(x, allowed...)
	if err != nil {
		return Value{}, err
	}
	if len(pos) != 2 || !exact && len(named) == 0 {
		return Value{}, s.wrong(x, "two tensors are compared%s", map[bool]string{false: ", with rel: or abs: or both"}[exact])
	}
	got, err := s.tensor(pos[0])
	if err != nil {
		return Value{}, err
	}
	want, err := s.tensor(pos[1])
	if err != nil {
		return Value{}, err
	}
	or := math.Inf(1)
	if exact {
		or = 0
	}
	rel, err := s.real(named["rel"], or)
	if err != nil {
		return Value{}, err
	}
	abs, err := s.real(named["abs"], or)
	if err != nil {
		return Value{}, err
	}
	return s.compare(x, got, want, rel, abs, exact)
}

func (s *Session) print(x *syntax.CallExpr) (Value, error) {
	for _, a := range x.Args {
		v, err := s.Eval(a.X)
		if err != nil {
			return Value{}, err
		}
		if s.Out != nil {
			fmt.Fprintf(s.Out, "%s", Show(v, ShowOptions{}))
		}
	}
	return Value{}, nil
}
