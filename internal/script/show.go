package script

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/girih-lang/girih/runtime/tensor"
)

// ShowOptions say how much of a tensor is shown.
type ShowOptions struct {
	Rows, Cols int  // of the corner; 0 is 6 rows and 8 columns
	Histogram  bool // of the values, in one line
}

// Show prints a value: a tensor as its shape and a corner of its numbers.
func Show(v Value, o ShowOptions) string {
	switch {
	case v.Tensor != nil:
		text := showTensor(v.Tensor, o)
		if v.Layout != nil {
			text = strings.Replace(text, "\n", " @ "+v.Layout.String()+"\n", 1)
		}
		return text
	case v.Const != nil:
		if t, ok := v.Const.Text(); ok {
			return fmt.Sprintf("%q\n", t)
		}
		return v.Const.String() + "\n"
	case v.Type.IsValid():
		return v.Type.String() + "\n"
	case v.Layout != nil:
		return fmt.Sprintf("%s: shape %v, %d threads, %d elements each\n", v.Layout, v.Layout.Shape(), v.Layout.Threads(), v.Layout.Locals())
	case v.Claim != nil && v.Claim.OK:
		return "true: " + v.Claim.Diff.String() + "\n"
	case v.Claim != nil:
		return "false: " + v.Claim.describe() + "\n"
	}
	var b strings.Builder
	for i, p := range v.Tuple {
		fmt.Fprintf(&b, "(%d) %s", i, Show(p, o))
	}
	return b.String()
}

func showTensor(t *tensor.Tensor, o ShowOptions) string {
	if o.Rows == 0 {
		o.Rows, o.Cols = 6, 8
	}
	if len(t.Shape) == 0 {
		return text(t, 0) + " " + t.DType.String() + "\n"
	}
	var b strings.Builder
	b.WriteString(t.String())
	if o.Histogram && t.Len() > 16 {
		b.WriteString("  " + Histogram(t))
	}
	b.WriteByte('\n')
	rank := len(t.Shape)
	cols := t.Shape[rank-1]
	rows := 1
	if rank > 1 {
		rows = t.Shape[rank-2]
	}
	if t.Len() == 0 {
		return b.String()
	}
	planes := t.Len() / (rows * cols)
	for p := range min(planes, 2) {
		if planes > 1 {
			at := t.Index(p * rows * cols)[:rank-2]
			fmt.Fprintf(&b, "%s\n", strings.TrimSuffix(tensor.ShapeString(at), "]")+", :, :]")
		}
		b.WriteString(plane(t, p*rows*cols, rows, cols, o))
	}
	if planes > 2 {
		fmt.Fprintf(&b, "… and %d more\n", planes-2)
	}
	return b.String()
}

// plane prints the corner of a matrix, its numbers in aligned columns.
func plane(t *tensor.Tensor, base, rows, cols int, o ShowOptions) string {
	r, c := min(rows, o.Rows), min(cols, o.Cols)
	cells := make([][]string, r)
	width := make([]int, c)
	for i := range cells {
		for j := range c {
			s := text(t, base+i*cols+j)
			cells[i] = append(cells[i], s)
			width[j] = max(width[j], len(s))
		}
	}
	var b strings.Builder
	for _, row := range cells {
		b.WriteString(" ")
		for j, s := range row {
			fmt.Fprintf(&b, " %*s", width[j], s)
		}
		if c < cols {
			b.WriteString(" …")
		}
		b.WriteByte('\n')
	}
	if r < rows {
		b.WriteString("  …\n")
	}
	return b.String()
}

// text is an element in few digits.
func text(t *tensor.Tensor, i int) string {
	code := t.Code(i)
	switch {
	case t.DType.IsBool():
		return map[bool]string{false: "false", true: "true"}[code != 0]
	case t.DType.IsFloat():
		x := t.DType.Float(code)
		if x == math.Trunc(x) && math.Abs(x) < 1e6 {
			return fmt.Sprintf("%g", x)
		}
		return fmt.Sprintf("%.4g", x)
	}
	return t.DType.Text(code)
}

var bars = []rune(" ▁▂▃▄▅▆▇█")

// Histogram is one line on the values of a tensor: the least, a bar for each sixteenth of the span, the greatest; and how many
// are not finite.
func Histogram(t *tensor.Tensor) string {
	v := t.Floats()
	finite := v[:0:0]
	for _, x := range v {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			finite = append(finite, x)
		}
	}
	odd := ""
	if n := len(v) - len(finite); n > 0 {
		odd = fmt.Sprintf(", %d not finite", n)
	}
	if len(finite) == 0 {
		return strings.TrimPrefix(odd, ", ")
	}
	lo, hi := slices.Min(finite), slices.Max(finite)
	if lo == hi {
		return fmt.Sprintf("all %.4g%s", lo, odd)
	}
	var counts [16]int
	sum := 0.0
	for _, x := range finite {
		counts[min(15, int((x/2-lo/2)/(hi/2-lo/2)*16))]++
		sum += x / float64(len(finite))
	}
	top := slices.Max(counts[:])
	var b strings.Builder
	for _, n := range counts {
		i := n * (len(bars) - 1) / top
		if n > 0 && i == 0 {
			i = 1
		}
		b.WriteRune(bars[i])
	}
	return fmt.Sprintf("%.3g ▕%s▏ %.3g  mean %.3g%s", lo, b.String(), hi, sum, odd)
}
