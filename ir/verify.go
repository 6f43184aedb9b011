package ir

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// VerifyError names the operation that breaks a rule.
type VerifyError struct {
	Op   *Op
	Text string
}

func (e *VerifyError) Error() string { return fmt.Sprintf("%s: %s", e.Op.Code, e.Text) }

// Verify checks every rule of the table, and that values are defined before they are used and inside their region.
func (k *Kernel) Verify() error {
	if n := len(k.Grid); n < 1 || n > 3 {
		return fmt.Errorf("kernel %s has a grid of %d axes, not 1 to 3", k.Name, n)
	}
	if k.Band > 0 && len(k.Grid) < 2 {
		return fmt.Errorf("kernel %s has bands along axis 1 of its grid, which has one axis", k.Name)
	}
	known := map[*Value]bool{}
	names := map[string]bool{}
	out := false
	for _, p := range k.Params {
		known[p.Value] = true
		if out && !p.Out {
			return fmt.Errorf("kernel %s: input %s stands after a result", k.Name, p.Name)
		}
		if names[p.Name] {
			return fmt.Errorf("kernel %s has two parameters %s", k.Name, p.Name)
		}
		out, names[p.Name] = p.Out, true
	}
	if err := k.verifyAfter(); err != nil {
		return err
	}
	return verifyBlock(k.Body, known, false)
}

func verifyBlock(b *Block, known map[*Value]bool, inner bool) error {
	var mine []*Value
	define := func(v *Value) { known[v] = true; mine = append(mine, v) }
	for _, a := range b.Args {
		define(a)
	}
	for i, o := range b.Ops {
		fail := func(err error) error {
			if ve, ok := err.(*VerifyError); ok {
				return ve
			}
			return &VerifyError{o, err.Error()}
		}
		for j, a := range o.Args {
			if !known[a] {
				return fail(fmt.Errorf("operand %d is not defined here", j))
			}
		}
		if (o.Code == OpYield) != (inner && i == len(b.Ops)-1) {
			return fail(fmt.Errorf("a yield stands at the end of a region, and only there"))
		}
		if err := o.Verify(); err != nil {
			return fail(err)
		}
		for _, r := range o.Regions {
			if err := verifyBlock(r, known, true); err != nil {
				return fail(err)
			}
		}
		for _, r := range o.Results {
			if r.Def != o {
				return fail(fmt.Errorf("a result does not know its operation"))
			}
			define(r)
		}
	}
	if inner && b.Yield() == nil {
		return fmt.Errorf("a region does not end with yield")
	}
	for _, v := range mine {
		delete(known, v)
	}
	return nil
}

// Verify checks the operation against its row, without looking at its neighbours.
func (o *Op) Verify() error {
	if o.Code == OpInvalid || o.Code >= numCodes {
		return fmt.Errorf("unknown operation %d", o.Code)
	}
	info := o.Code.Info()
	fixed, variadic := len(info.Args), false
	if fixed > 0 && strings.HasSuffix(info.Args[fixed-1], "…") {
		fixed, variadic = fixed-1, true
	}
	if len(o.Args) < fixed || (!variadic && len(o.Args) > fixed) {
		return fmt.Errorf("has %d operands, expected %d", len(o.Args), fixed)
	}
	if info.Results >= 0 && len(o.Results) != info.Results {
		return fmt.Errorf("has %d results, expected %d", len(o.Results), info.Results)
	}
	if len(o.Regions) != info.Regions {
		return fmt.Errorf("has %d regions, expected %d", len(o.Regions), info.Regions)
	}
	for _, r := range o.Results {
		if slices.Min(append([]int{1}, r.Type.Shape...)) < 1 {
			return fmt.Errorf("result %s has an extent below 1", r.Type)
		}
	}
	if err := verifyAttrs(o, info); err != nil {
		return err
	}
	switch info.Class {
	case ClassUnary:
		if err := sameTiles(o.Args[0], o.Result()); err != nil {
			return err
		}
	case ClassBinary:
		if err := sameTiles(o.Args[0], o.Args[1], o.Result()); err != nil {
			return err
		}
	}
	if info.Elems != AnyElem && !info.Elems.allow(o.Result().Type.Elem) {
		return fmt.Errorf("does not take %s", o.Result().Type.Elem)
	}
	if info.Verify != nil {
		return info.Verify(o)
	}
	return nil
}

func verifyAttrs(o *Op, info *Info) error {
	for _, s := range info.Attrs {
		v := o.Attr(s.Name)
		if v == nil {
			if s.Optional {
				continue
			}
			return fmt.Errorf("attribute %s is missing", s.Name)
		}
		ok := false
		switch v := v.(type) {
		case int64:
			ok = s.Type == "int" || s.Type == "number"
		case float64:
			ok = s.Type == "number"
		case string:
			ok = s.Type == "string"
		case bool:
			ok = s.Type == "bool"
		case []int:
			ok = s.Type == "ints"
			_ = v
		}
		if !ok {
			return fmt.Errorf("attribute %s is %v, expected %s", s.Name, v, s.Type)
		}
	}
	for _, a := range o.Attrs {
		if !slices.ContainsFunc(info.Attrs, func(s AttrSpec) bool { return s.Name == a.Name }) {
			return fmt.Errorf("has no attribute %s", a.Name)
		}
	}
	return nil
}

func (e Elems) allow(t dtype.Type) bool {
	switch e {
	case Floats:
		return t.IsFloat()
	case Ints:
		return t.IsInt()
	case Bits:
		return t.IsInt() || t.IsBool()
	case Numbers:
		return t.IsInt() || t.IsFloat()
	}
	return true
}

func sameTiles(vs ...*Value) error {
	for _, v := range vs {
		if v.Type.Kind != Tile {
			return fmt.Errorf("takes tiles, found %s", v.Type)
		}
		if !v.Type.Equal(vs[0].Type) {
			return fmt.Errorf("types differ: %s and %s", vs[0].Type, v.Type)
		}
	}
	return nil
}

func verifyConst(o *Op) error {
	t := o.Result().Type
	if t.Kind != Tile {
		return fmt.Errorf("gives a tile, not %s", t)
	}
	switch v := o.Attr("value").(type) {
	case float64:
		if !t.Elem.IsFloat() {
			return fmt.Errorf("%v is not a value of %s", v, t.Elem)
		}
		if r := t.Elem.Round(v); r != v && !(math.IsNaN(r) && math.IsNaN(v)) {
			return fmt.Errorf("%v is not a value of %s", v, t.Elem)
		}
	case int64:
		if t.Elem.IsFloat() {
			return fmt.Errorf("an integer constant of type %s", t.Elem)
		}
		if t.Elem.IsInt() && t.Elem.Wrap(v) != v || t.Elem.IsBool() && v>>1 != 0 {
			return fmt.Errorf("%d is not a value of %s", v, t.Elem)
		}
	}
	return nil
}
