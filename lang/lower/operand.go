package lower

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/lang/diag"
	"github.com/girih-lang/girih/lang/syntax"
)

// kind says what an expression denotes.
type kind uint8

const (
	bad      kind = iota // a mistake that has been reported
	constK               // a compile-time value, untyped or typed
	tileK                // a tile or scalar
	rangeK               // a range
	tensorK              // a tensor parameter
	typeK                // an element type
	funcK                // a function of the language
	builtinK             // a builtin function
	layoutK              // a named layout
	tupleK               // the results of a function with several
)

// operand is what an expression denotes.
type operand struct {
	kind kind
	at   diag.Span

	elem dtype.Type // typeK; constK: the type, invalid while untyped
	num  *number    // constK

	val  *ir.Value // tileK; nil for an extent, which is emitted where it is used
	axes []axis    // tileK: one for each axis
	expr *ir.Expr  // an extent over dimensions: a scalar of type i32; also with constK

	rng     *rng             // rangeK
	param   *param           // tensorK
	fn      *syntax.FuncDecl // funcK
	src     *diag.Source     // funcK: where it is declared
	builtin string           // builtinK
	parts   []operand        // tupleK
}

var nothing = operand{}

func (o operand) ok() bool      { return o.kind != bad }
func (o operand) untyped() bool { return o.kind == constK && !o.elem.IsValid() }

// shape is the extents of a value; empty for scalars and constants.
func (o operand) shape() []int {
	switch o.kind {
	case tileK:
		if o.val != nil {
			return o.val.Type.Shape
		}
	case rangeK:
		return []int{o.rng.width}
	}
	return nil
}

// valueElem is the element type of a value; invalid for an untyped constant.
func (o operand) valueElem() dtype.Type {
	switch o.kind {
	case tileK:
		if o.val != nil {
			return o.val.Type.Elem
		}
		return ir.Index
	case rangeK:
		return ir.Index
	case constK:
		return o.elem
	}
	return dtype.Invalid
}

// describe names the operand as a message does.
func (o operand) describe() string {
	switch o.kind {
	case constK:
		switch {
		case o.elem.IsValid():
			return fmt.Sprintf("the constant %s of type %s", o.num, o.elem)
		case o.num.isText():
			return "a string"
		}
		return "the constant " + o.num.String()
	case tileK:
		switch {
		case o.val == nil:
			return "a scalar " + ir.Index.String()
		case o.val.Type.IsScalar():
			return "a scalar " + o.val.Type.String()
		}
		return o.val.Type.String()
	case rangeK:
		return "a range"
	case tensorK:
		return "the tensor " + o.param.name + " " + o.param.typeText()
	case typeK:
		return "the type " + o.elem.String()
	case funcK, builtinK:
		return "a function"
	case layoutK:
		return "a layout"
	case tupleK:
		return fmt.Sprintf("%d results", len(o.parts))
	}
	return "nothing"
}

func tile(v *ir.Value, axes []axis) operand {
	if axes == nil {
		axes = make([]axis, v.Type.Rank())
	}
	return operand{kind: tileK, val: v, axes: axes}
}

func konst(n *number, elem dtype.Type) operand { return operand{kind: constK, num: n, elem: elem} }

// An object is a named thing.
type object struct {
	name     string
	op       operand
	at       diag.Span
	src      *diag.Source
	variable bool // may be assigned
	level    int  // nesting of the region in which it is declared
	assigned bool // since the mark was last cleared
	what     string
}

// A scope maps names to objects; inner scopes hide outer ones.
type scope struct {
	outer *scope
	names map[string]*object
}

func newScope(outer *scope) *scope { return &scope{outer: outer, names: map[string]*object{}} }

func (s *scope) find(name string) *object {
	for ; s != nil; s = s.outer {
		if o := s.names[name]; o != nil {
			return o
		}
	}
	return nil
}
