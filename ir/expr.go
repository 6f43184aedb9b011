package ir

import (
	"fmt"
	"math"
	"strconv"
)

// ExprOp is the operator of an [Expr].
type ExprOp uint8

const (
	EConst ExprOp = iota
	EDim
	EAdd
	ESub
	EMul
	EDiv  // floor division
	ECeil // ceiling division
	EMod
)

var exprSpelling = [...]string{EAdd: "+", ESub: "-", EMul: "*", EDiv: "/", ECeil: "ceil", EMod: "%"}

// Expr is an integer expression over named dimensions, evaluated on the host at launch: the extent of a tensor
// dimension (`K/128`) or of the grid (`ceil(M, 16)`). The zero value is the constant 0.
type Expr struct {
	Op   ExprOp
	N    int64  // EConst
	Name string // EDim
	Args []Expr // two operands for the others
}

// Int is a constant extent.
func Int(n int64) Expr { return Expr{N: n} }

// Dim is a named extent.
func Dim(name string) Expr { return Expr{Op: EDim, Name: name} }

// Bin applies an operator and folds constants.
func Bin(op ExprOp, a, b Expr) Expr {
	if a.Op == EConst && b.Op == EConst {
		if n, err := apply(op, a.N, b.N); err == nil {
			return Int(n)
		}
	}
	if b.Op == EConst && b.N == 1 && (op == EMul || op == EDiv || op == ECeil) {
		return a
	}
	return Expr{Op: op, Args: []Expr{a, b}}
}

func apply(op ExprOp, a, b int64) (int64, error) {
	n, ok := int64(0), true
	switch op {
	case EAdd:
		n = a + b
		ok = (n > a) == (b > 0)
	case ESub:
		n = a - b
		ok = (n < a) == (b > 0)
	case EMul:
		n = a * b
		ok = a == 0 || n/a == b && !(a == -1 && b == math.MinInt64)
	default:
		return divide(op, a, b)
	}
	if !ok {
		return 0, fmt.Errorf("%d%s%d does not fit 64 bits", a, exprSpelling[op], b)
	}
	return n, nil
}

// divide rounds toward minus infinity (EDiv) or plus infinity (ECeil); EMod is the remainder of EDiv.
func divide(op ExprOp, a, b int64) (int64, error) {
	if b <= 0 {
		return 0, fmt.Errorf("division of an extent by %d", b)
	}
	q, r := a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	switch {
	case op == EMod:
		return r, nil
	case op == ECeil && r > 0:
		q++
	}
	return q, nil
}

// Eval computes the expression; every dimension it names must be in dims.
func (e Expr) Eval(dims map[string]int64) (int64, error) {
	switch e.Op {
	case EConst:
		return e.N, nil
	case EDim:
		n, ok := dims[e.Name]
		if !ok {
			return 0, fmt.Errorf("dimension %s has no value", e.Name)
		}
		return n, nil
	}
	a, err := e.Args[0].Eval(dims)
	if err != nil {
		return 0, err
	}
	b, err := e.Args[1].Eval(dims)
	if err != nil {
		return 0, err
	}
	return apply(e.Op, a, b)
}

// Subst replaces the dimensions that dims knows by constants.
func (e Expr) Subst(dims map[string]int64) Expr {
	switch e.Op {
	case EConst:
		return e
	case EDim:
		if n, ok := dims[e.Name]; ok {
			return Int(n)
		}
		return e
	}
	return Bin(e.Op, e.Args[0].Subst(dims), e.Args[1].Subst(dims))
}

// Names calls f for every dimension that the expression names.
func (e Expr) Names(f func(string)) {
	if e.Op == EDim {
		f(e.Name)
	}
	for _, a := range e.Args {
		a.Names(f)
	}
}

// String prints with full parentheses below the top: `K/128`, `ceil(M, 16)`, `(A + B)*2`.
func (e Expr) String() string { return e.print(false) }

func (e Expr) print(inner bool) string {
	switch e.Op {
	case EConst:
		return strconv.FormatInt(e.N, 10)
	case EDim:
		return e.Name
	case ECeil:
		return "ceil(" + e.Args[0].print(false) + ", " + e.Args[1].print(false) + ")"
	}
	sep := exprSpelling[e.Op]
	if e.Op == EAdd || e.Op == ESub {
		sep = " " + sep + " "
	}
	s := e.Args[0].print(true) + sep + e.Args[1].print(true)
	if inner {
		return "(" + s + ")"
	}
	return s
}
