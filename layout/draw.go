package layout

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Holder is a hardware point: thread and local of a register layout; for other layouts the first axis and the rest as one
// number, -1 where there is only one axis.
type Holder struct{ Thread, Local int }

// Holders lists, for every element in row-major order, who holds it, by thread and then local.
func (a Layout) Holders() [][]Holder {
	shape := a.Shape()
	var sizes []int
	for _, n := range a.Axes() {
		sizes = append(sizes, a.AxisSize(n))
	}
	out := make([][]Holder, a.Size())
	a.Points(func(x, at []int) {
		n := 0
		for d, i := range at {
			n = n*shape[d] + i
		}
		h := Holder{Local: -1}
		if len(x) > 0 {
			h.Thread = x[0]
		}
		if len(x) > 1 {
			h.Local = 0
			for k, v := range x[1:] {
				h.Local = h.Local*sizes[k+1] + v
			}
		}
		out[n] = append(out[n], h)
	})
	return out
}

// Points walks the hardware points, the last axis fastest, with the index of each; f keeps neither.
func (a Layout) Points(f func(x, index []int)) {
	l := a.lin()
	x, at := make([]int, len(l.in)), make([]int, 0, len(l.out))
	for {
		at = l.apply(x, at)
		f(x, at)
		k := len(x) - 1
		for ; k >= 0; k-- {
			if x[k]++; x[k] < l.in[k].size() {
				break
			}
			x[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// HolderText is the text of a cell: "5:2"; "0,4,8:0" when threads share the element, "0,4…×8:0" when many do; "·" for nobody.
func HolderText(hs []Holder) string {
	if len(hs) == 0 {
		return "·"
	}
	first := hs[0].Local
	var threads []string
	mixed := false
	for _, h := range hs {
		if h.Local == first {
			threads = append(threads, strconv.Itoa(h.Thread))
		} else {
			mixed = true
		}
	}
	t := strings.Join(threads, ",")
	if len(threads) > 3 {
		t = fmt.Sprintf("%s,%s…×%d", threads[0], threads[1], len(threads))
	}
	if first >= 0 {
		t += ":" + strconv.Itoa(first)
	}
	if mixed {
		t += "…"
	}
	return t
}

// Draw is a small picture of a layout for messages: the cells of its first rows and columns, of the first slice where it has
// more than two dims.
func (a Layout) Draw(rows, cols int) string {
	shape := a.Shape()
	m, n := 1, 1
	if r := len(shape); r > 0 {
		n = shape[r-1]
		if r > 1 {
			m = shape[r-2]
		}
	}
	hs := a.Holders()
	r, c := min(m, rows), min(n, cols)
	width := len(strconv.Itoa(c - 1))
	for i := range r {
		for j := range c {
			width = max(width, utf8.RuneCountInString(HolderText(hs[i*n+j])))
		}
	}
	pad := func(s string) string { return strings.Repeat(" ", width-utf8.RuneCountInString(s)) + s }
	head := len(strconv.Itoa(r - 1))
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", head))
	for j := range c {
		b.WriteString("  " + pad(strconv.Itoa(j)))
	}
	for i := range r {
		fmt.Fprintf(&b, "\n%*d", head, i)
		for j := range c {
			b.WriteString("  " + pad(HolderText(hs[i*n+j])))
		}
		if c < n {
			b.WriteString("  …")
		}
	}
	if r < m || len(hs) > m*n {
		b.WriteString("\n…")
	}
	return b.String()
}

// Difference names the first digit in which two register layouts differ, "" when they are equal: sizes first, then the digits
// of thread, then those of local, minor first.
func Difference(a, b Layout) string {
	if x, y := a.Shape(), b.Shape(); len(x) != len(y) {
		return fmt.Sprintf("the first has %d dims, the second %d", len(x), len(y))
	} else {
		for d := range x {
			if x[d] != y[d] {
				return fmt.Sprintf("dim %d has %d elements in the first and %d in the second", d, x[d], y[d])
			}
		}
	}
	for _, name := range a.Axes() {
		if n, m := a.AxisSize(name), b.AxisSize(name); n != m {
			return fmt.Sprintf("the first has %d points of %s, the second %d", n, name, m)
		}
	}
	x, y := a.lin(), b.lin()
	if len(x.in) != len(y.in) {
		return "they have different hardware axes"
	}
	for k := range x.in {
		stride := 1
		for j, r := range x.in[k].rad {
			if s := y.in[k].rad[j]; s != r {
				return fmt.Sprintf("digit %d of %s (steps of %d) has radix %d in the first and %d in the second", j, x.in[k].name, stride, r, s)
			}
			p := make([]int, len(x.in))
			p[k] = stride
			if u, v := x.apply(p, nil), y.apply(p, nil); fmt.Sprint(u) != fmt.Sprint(v) {
				return fmt.Sprintf("the first differing digit is number %d of %s: %s %d is element %s in the first and %s in the second", j, x.in[k].name, x.in[k].name, stride, shapeText(u), shapeText(v))
			}
			stride *= r
		}
	}
	return ""
}
