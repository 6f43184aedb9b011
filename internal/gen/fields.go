package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/girih-lang/girih/lang"
)

// constants are the values that the code is made for.
func (f *goFile) constants(k *made, name string) error {
	var lines []string
	for _, p := range k.decl.Params {
		v, ok := k.values[p.Name]
		if !ok {
			continue
		}
		c := name + upper(p.Name)
		if err := f.declare(c, fmt.Sprintf("the parameter %s of kernel %s", p.Name, k.decl.Name)); err != nil {
			return err
		}
		if p.Kind == "type" {
			v = fmt.Sprintf("%q", v)
		}
		lines = append(lines, fmt.Sprintf("\t%s = %s", c, v))
	}
	if lines != nil {
		f.line("\n// The parameters that the code of %s is made for.\nconst (\n%s\n)", k.decl.Name, strings.Join(lines, "\n"))
	}
	return nil
}

// field is a field of the struct of parameters.
type field struct{ name, goName, zero string }

func (f *goFile) fields(k *made, set string) ([]field, error) {
	f.line("\n// %s are the parameters of the kernel %s. A field that is zero has its value here; for others than", set, k.decl.Name)
	f.line("// those the kernel is compiled when it is first used.")
	f.line("type %s struct {", set)
	var fields []field
	seen := map[string]bool{}
	for _, p := range k.decl.Params {
		q := field{p.Name, upper(p.Name), "0"}
		if seen[q.goName] || q.goName == "Kernel" || q.goName == "Call" || q.goName == "Prepare" || strings.HasPrefix(q.goName, "Pack") {
			q.goName += "_"
		}
		if seen[q.goName] {
			return nil, &Error{fmt.Sprintf("kernel %s: two parameters would be called %s in Go: rename one", k.decl.Name, q.goName)}
		}
		seen[q.goName] = true
		v, ok := k.values[p.Name]
		zero := "zero: " + v
		if !ok && p.Default != "" {
			zero = "zero: " + p.Default
		} else if !ok {
			zero = "must be set"
		}
		switch p.Kind {
		case "type":
			q.zero = "(girih.DType{})"
			f.line("\t%s girih.DType // type parameter; %s", q.goName, zero)
		case "tune":
			if !ok {
				zero = "zero: the compiler's choice of " + p.Default
			}
			f.line("\t%s int // tune value; %s", q.goName, oneLine(zero))
		default:
			f.line("\t%s int // %s parameter; %s", q.goName, p.Kind, oneLine(zero))
		}
		fields = append(fields, q)
	}
	f.line("}")
	return fields, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// scalar is the Go type of a scalar parameter. One whose type is a parameter of the kernel takes any value of its kind.
func (f *goFile) scalar(k *made, i int) string {
	t := k.ir.Params[i].Value.Type.Elem
	named := false
	n := 0
	for _, p := range k.decl.Decl.Params {
		for range p.Names {
			if n == i {
				named = slices.ContainsFunc(k.decl.Params, func(q lang.Param) bool { return q.Name == p.Type.Elem.Name })
			}
			n++
		}
	}
	switch {
	case t.IsBool():
		return "bool"
	case t.IsFloat() && (named || t.Bits() == 64):
		return "float64"
	case t.IsFloat():
		return "float32"
	case named:
		return "int64"
	}
	width := 8
	for width < t.Bits() {
		width *= 2
	}
	if t.IsSigned() {
		return fmt.Sprintf("int%d", width)
	}
	return fmt.Sprintf("uint%d", width)
}
