package layoutview

import (
	"math"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/layout"
)

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

func (t tint) rgb(hs []layout.Holder) (r, g, b uint8) {
	if len(hs) == 0 {
		return 255, 255, 255
	}
	h := hs[0]
	var hue, light float64
	light = 0.88
	switch {
	case h.Local < 0: // memory: the hue is the place in a row of 64 elements, which shows what a swizzle moves
		row := min(64, t.threads)
		hue = 360 * float64(h.Thread%row) / float64(row)
		light -= 0.20 * float64(h.Thread/row) / float64(max(1, t.threads/row))
	case t.threads <= 32:
		hue = 360 * float64(h.Thread) / float64(t.threads)
		light -= 0.22 * float64(h.Local) / float64(max(1, t.locals-1))
	default:
		hue = math.Mod(205+137.508*float64(h.Thread/32), 360)
		light -= 0.26 * float64(h.Thread%32) / 31
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
	cell       [][]layout.Holder
}

func pages(l layout.Layout) []page {
	all := l.Holders()
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
