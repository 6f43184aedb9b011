package syntax

import (
	"math"
	"strconv"
	"strings"
)

// Int is the value of an integer literal. It is at most 2^64-1; signs are operators.
func (l *BasicLit) Int() uint64 {
	v, _ := strconv.ParseUint(strings.ToLower(l.Text), 0, 64)
	return v
}

// Float is the value of a float or integer literal, rounded to the nearest float64.
func (l *BasicLit) Float() float64 {
	switch l.Text {
	case "inf":
		return math.Inf(1)
	case "nan":
		return math.NaN()
	}
	if l.Kind == IntLit {
		return float64(l.Int())
	}
	v, _ := strconv.ParseFloat(strings.ReplaceAll(l.Text, "_", ""), 64)
	return v
}

// Str is the value of a string literal, unquoted.
func (l *BasicLit) Str() string {
	s, _ := strconv.Unquote(l.Text)
	return s
}

// Bool is the value of true or false.
func (l *BasicLit) Bool() bool { return l.Text == "true" }

// Text is the documentation as prose: the comment lines without slashes and the blank after them.
func (d *Doc) Text() string {
	if d == nil {
		return ""
	}
	lines := make([]string, len(d.List))
	for i, c := range d.List {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(c.Text, "//"), " ")
	}
	return strings.Join(lines, "\n")
}

// Unparen removes parentheses.
func Unparen(x Expr) Expr {
	for {
		p, ok := x.(*ParenExpr)
		if !ok {
			return x
		}
		x = p.X
	}
}
