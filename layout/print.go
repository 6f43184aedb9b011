package layout

import (
	"strconv"
	"strings"
)

// String prints the layout as an expression that Parse reads back to an equal layout: a product of local, spatial and
// replicate (row_major and column_major for memory) where one exists, a basis otherwise. Equal layouts that cover their shape print alike.
func (a Layout) String() string {
	l := a.lin()
	if s, ok := l.productText(); ok {
		return s
	}
	return l.basisText()
}

// factorWord names the constructor of an axis in either order; the empty string means that there is none.
func factorWord(name string, column bool) string {
	w := map[string]string{ThreadAxis: "spatial", LocalAxis: "local", OffsetAxis: "major"}[name]
	switch {
	case w == "major" && column:
		return "column_major"
	case w == "major":
		return "row_major"
	case column && w != "":
		return "column_" + w
	}
	return w
}

// productText peels factors off the minor end. A factor can be peeled when the most minor digits of its axis are the most
// minor remaining digits of their dims; peeling one never hides another, so the greedy order finds a product whenever
// there is one.
func (l *lin) productText() (string, bool) {
	if !l.perm {
		return "", false
	}
	for _, a := range l.in {
		if factorWord(a.name, false) == "" {
			return "", false
		}
	}
	done := make([]int, len(l.out))
	for d := range done {
		done[d] = 1
	}
	at := make([]int, len(l.in)) // digits already peeled, per axis
	var factors []string         // minor first
	left := l.in
	remaining := 0
	for k := range left {
		remaining += len(l.steps[k])
	}
	fits := func(k int) bool {
		if at[k] == len(l.steps[k]) {
			return false
		}
		d := l.steps[k][at[k]]
		if d.Dim < 0 {
			return l.in[k].name == ThreadAxis
		}
		return done[d.Dim] == d.Stride
	}
	for remaining > 0 {
		k := len(l.in) - 1
		for k >= 0 && !fits(k) {
			k--
		}
		if k < 0 {
			return "", false
		}
		shape := make([]int, len(l.out))
		for d := range shape {
			shape[d] = 1
		}
		dir, last, n := 0, -1, 0 // dir: -1 dims fall (row order), +1 they rise (column order)
		for fits(k) {
			d := l.steps[k][at[k]]
			if d.Dim < 0 {
				if n == 0 {
					factors = append(factors, "replicate("+strconv.Itoa(d.Radix)+")")
					at[k]++
					remaining--
				}
				break
			}
			step := 0
			if n > 0 {
				if d.Dim == last {
					break
				}
				step = 1
				if d.Dim < last {
					step = -1
				}
				if dir != 0 && step != dir {
					break
				}
			}
			dir, last = step, d.Dim
			shape[d.Dim] = d.Radix
			done[d.Dim] *= d.Radix
			at[k]++
			remaining--
			n++
		}
		if n > 0 {
			factors = append(factors, factorWord(l.in[k].name, dir > 0)+shapeText(shape))
		}
	}
	full := false
	for d := range l.out {
		if done[d] != l.out[d].size() {
			return "", false
		}
	}
	for _, f := range factors {
		full = full || !strings.HasPrefix(f, "replicate")
	}
	if !full { // only replication, or nothing: state the rank
		ones := make([]int, len(l.out))
		for d := range ones {
			ones[d] = 1
		}
		factors = append(factors, factorWord(l.in[len(l.in)-1].name, false)+shapeText(ones))
	}
	var b strings.Builder
	for i := range factors {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(factors[len(factors)-1-i])
	}
	return b.String(), true
}
