package layoutview

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/girih-lang/girih/layout"
)

// maxCells bounds an SVG: larger files open slowly everywhere.
const maxCells = 1 << 14

const (
	svgFont   = "'DejaVu Sans Mono','SF Mono',Menlo,Consolas,monospace"
	svgChar   = 7.25 // advance of a 12 px monospace character
	svgCell   = 26.0 // cell height
	svgMargin = 24.0
	svgIndex  = 30.0 // room for row numbers
	svgGap    = 2.0
)

type svg struct {
	w    *bufio.Writer
	body strings.Builder
	x, y float64 // extent so far
}

// drawSVG draws one layout, or two below each other.
func drawSVG(w *bufio.Writer, l layout.Layout, to *layout.Layout) error {
	n := l.Size()
	if to != nil {
		n += to.Size()
	}
	if n > maxCells {
		return fmt.Errorf("%d elements do not fit a legible SVG (at most %d); --format json lists them", n, maxCells)
	}
	s := &svg{w: w, y: svgMargin}
	s.layout(l)
	if to != nil {
		verdict := "access"
		if !to.IsMemory() && !l.IsMemory() {
			c, err := layout.Classify(l, *to)
			if err != nil {
				return err
			}
			k := 0
			for _, m := range moved(l, *to) {
				if m {
					k++
				}
			}
			verdict = fmt.Sprintf("conversion: %s · %d of %d elements change place", c, k, l.Size())
		}
		s.y += 38
		s.text(svgMargin, s.y, 13, "start", "#111111", "600", "↓ "+verdict)
		s.x = max(s.x, svgMargin+float64(utf8.RuneCountInString(verdict)+2)*8)
		s.y += 26
		s.layout(*to)
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="%s">`+"\n",
		s.x+svgMargin, s.y+svgMargin, s.x+svgMargin, s.y+svgMargin, svgFont)
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	w.WriteString(s.body.String())
	w.WriteString("</svg>\n")
	return nil
}

func (s *svg) text(x, y, size float64, anchor, fill, weight, text string) {
	var esc strings.Builder
	_ = xml.EscapeText(&esc, []byte(text))
	fmt.Fprintf(&s.body, `<text x="%.1f" y="%.1f" font-size="%g" text-anchor="%s" fill="%s" font-weight="%s">%s</text>`+"\n",
		x, y, size, anchor, fill, weight, esc.String())
}

// lines breaks a title at the dots of a product, between vectors, or anywhere, so that it is not wider than n characters.
func lines(text string, n int) []string {
	var out []string
	for utf8.RuneCountInString(text) > n {
		r := []rune(text)
		cut := n
		for k := n; k > n/2; k-- {
			if r[k] == '.' || k > 2 && string(r[k-3:k]) == "), " {
				cut = k
				break
			}
		}
		out = append(out, string(r[:cut]))
		text = string(r[cut:])
		if len(out) == 4 {
			return append(out[:3], out[3]+"…")
		}
	}
	return append(out, text)
}

func (s *svg) layout(l layout.Layout) {
	ps := pages(l)
	width := 3
	for _, p := range ps {
		for _, c := range p.cell {
			width = max(width, utf8.RuneCountInString(layout.HolderText(c)))
		}
	}
	cell := float64(width)*svgChar + 10
	gridWidth := svgIndex + float64(ps[0].cols)*(cell+svgGap)
	chars := int(max(gridWidth, 520) / 8.8)
	for _, t := range lines(l.String(), chars) {
		s.y += 16
		s.text(svgMargin, s.y, 14, "start", "#111111", "600", t)
		s.x = max(s.x, svgMargin+float64(utf8.RuneCountInString(t))*8.5)
		s.y += 3
	}
	s.y += 16
	s.text(svgMargin, s.y, 12, "start", "#555555", "400", summary(l))
	s.x = max(s.x, svgMargin+float64(utf8.RuneCountInString(summary(l)))*svgChar)
	s.y += 10
	t := tintOf(l)
	for _, p := range ps {
		s.page(p, t, cell)
	}
	legend := "cell: thread:local"
	if l.IsMemory() {
		legend = "cell: offset in elements · one hue for each place in a row of 64, darker for later rows"
	} else if !l.IsRegister() {
		legend = "cell: " + strings.Join(l.Axes(), ":")
	} else if t.threads <= 32 {
		legend += " · one hue a thread, darker for higher locals"
	} else {
		legend += " · one hue a warp, darker for higher lanes"
	}
	s.y += 20
	s.text(svgMargin, s.y, 11, "start", "#777777", "400", legend)
	s.x = max(s.x, svgMargin+float64(utf8.RuneCountInString(legend))*6.7)
}

func (s *svg) page(p page, t tint, cell float64) {
	if title := p.title(); title != "" {
		s.y += 20
		s.text(svgMargin, s.y, 12, "start", "#333333", "600", title)
	}
	left := svgMargin
	if p.hasRows {
		left += svgIndex
	}
	s.y += 18
	for c := range p.cols {
		s.text(left+float64(c)*(cell+svgGap)+cell/2, s.y, 10, "middle", "#888888", "400", strconv.Itoa(c))
	}
	s.y += 6
	for r := range p.rows {
		if p.hasRows {
			s.text(left-8, s.y+svgCell/2+3.5, 10, "end", "#888888", "400", strconv.Itoa(r))
		}
		for c := range p.cols {
			hs := p.cell[r*p.cols+c]
			x := left + float64(c)*(cell+svgGap)
			cr, cg, cb := t.rgb(hs)
			extra := ""
			if len(hs) == 0 {
				extra = ` stroke="#cccccc" stroke-dasharray="3 2"`
			}
			fmt.Fprintf(&s.body, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="3" fill="#%02x%02x%02x"%s/>`+"\n",
				x, s.y, cell, svgCell, cr, cg, cb, extra)
			s.cellText(x+cell/2, s.y+svgCell/2+4.2, layout.HolderText(hs))
		}
		s.y += svgCell + svgGap
	}
	s.x = max(s.x, left+float64(p.cols)*(cell+svgGap))
}

// cellText sets the thread in bold and the local lighter. They are texts of their own, which meet where the widths of their
// characters say: not every renderer centres a text of two parts.
func (s *svg) cellText(x, y float64, text string) {
	a, b, two := strings.Cut(text, ":")
	if !two {
		s.text(x, y, 12, "middle", "#1a1a1a", "600", a)
		return
	}
	n, m := utf8.RuneCountInString(a), utf8.RuneCountInString(b)+1
	at := x + float64(n-m)*svgChar/2
	s.text(at, y, 12, "end", "#1a1a1a", "600", a)
	s.text(at, y, 12, "start", "#555555", "400", ":"+b)
}
