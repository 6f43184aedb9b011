package layoutview

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/layout"
)

// holder is a hardware point: thread and local of a register layout; for other layouts the first axis and the rest.
type holder struct{ thread, local int }

// cells lists, for every element in row-major order, who holds it, by thread and then local.
func cells(l layout.Layout) [][]holder {
	out := make([][]holder, l.Size())
	shape := l.Shape()
	eachPoint(l, func(x []int) {
		n := 0
		for d, i := range l.Apply(x...) {
			n = n*shape[d] + i
		}
		h := holder{local: -1}
		if len(x) > 0 {
			h.thread = x[0]
		}
		if len(x) > 1 {
			h.local = 0
			for k, v := range x[1:] {
				h.local = h.local*l.AxisSize(l.Axes()[k+1]) + v
			}
		}
		out[n] = append(out[n], h)
	})
	return out
}

// eachPoint walks the hardware points, the last axis fastest.
func eachPoint(l layout.Layout, f func(x []int)) {
	names := l.Axes()
	x := make([]int, len(names))
	for {
		f(x)
		k := len(x) - 1
		for ; k >= 0; k-- {
			if x[k]++; x[k] < l.AxisSize(names[k]) {
				break
			}
			x[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// label is the text of a cell: "5:2"; "0,4,8:0" when threads share the element, "0,4…×8:0" when many do; "·" for nobody.
func label(hs []holder) string {
	if len(hs) == 0 {
		return "·"
	}
	first := hs[0].local
	var threads []string
	mixed := false
	for _, h := range hs {
		if h.local == first {
			threads = append(threads, strconv.Itoa(h.thread))
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

// tint gives each cell its colour. Up to a warp of threads, the hue is the thread; beyond, the warp. Locals of one thread
// differ in lightness. Memory is coloured by place in a row of 64 elements, which shows what
// a swizzle moves.
type tint struct{ threads, locals int }

func tintOf(l layout.Layout) tint {
	n := l.Axes()
	t := tint{1, 1}
	if len(n) > 0 {
		t.threads = l.AxisSize(n[0])
	}
	for _, x := range n[1:] {
		t.locals *= l.AxisSize(x)
	}
	return t
}

func (t tint) rgb(hs []holder) (r, g, b uint8) {
	if len(hs) == 0 {
		return 255, 255, 255
	}
	h := hs[0]
	var hue, light float64
	light = 0.88
	switch {
	case h.local < 0: // memory: the hue is the place in a row of 64 elements, which shows what a swizzle moves
		row := min(64, t.threads)
		hue = 360 * float64(h.thread%row) / float64(row)
		light -= 0.20 * float64(h.thread/row) / float64(max(1, t.threads/row))
	case t.threads <= 32:
		hue = 360 * float64(h.thread) / float64(t.threads)
		light -= 0.22 * float64(h.local) / float64(max(1, t.locals-1))
	default:
		hue = math.Mod(205+137.508*float64(h.thread/32), 360)
		light -= 0.26 * float64(h.thread%32) / 31
	}
	return hsl(hue, 0.62, light)
}

func hsl(h, s, l float64) (r, g, b uint8) {
	c := (1 - math.Abs(2*l-1)) * s
	x := c * (1 - math.Abs(math.Mod(h/60, 2)-1))
	m := l - c/2
	var p, q, v float64
	switch {
	case h < 60:
		p, q = c, x
	case h < 120:
		p, q = x, c
	case h < 180:
		q, v = c, x
	case h < 240:
		q, v = x, c
	case h < 300:
		p, v = x, c
	default:
		p, v = c, x
	}
	f := func(y float64) uint8 { return uint8(math.Round(255 * (y + m))) }
	return f(p), f(q), f(v)
}

// page is one 2-D slice of the elements: rows by columns, with the index of the dims before.
type page struct {
	prefix     []int
	rows, cols int
	hasRows    bool // false for 1-D and scalar layouts: there is no row index to print
	cell       [][]holder
}

func pages(l layout.Layout) []page {
	all := cells(l)
	shape := l.Shape()
	p := page{rows: 1, cols: 1}
	if n := len(shape); n > 0 {
		p.cols = shape[n-1]
		if n > 1 {
			p.rows, p.hasRows = shape[n-2], true
		}
	}
	var out []page
	per := p.rows * p.cols
	for at := 0; at < len(all); at += per {
		q := p
		q.cell = all[at : at+per]
		if len(shape) > 2 {
			lead := shape[:len(shape)-2]
			q.prefix = make([]int, len(lead))
			for d, n := len(lead)-1, at/per; d >= 0; d-- {
				q.prefix[d] = n % lead[d]
				n /= lead[d]
			}
		}
		out = append(out, q)
	}
	return out
}

func (p page) title() string {
	if p.prefix == nil {
		return ""
	}
	s := make([]string, len(p.prefix))
	for d, i := range p.prefix {
		s[d] = strconv.Itoa(i)
	}
	return "[" + strings.Join(s, ", ") + ", :, :]"
}
