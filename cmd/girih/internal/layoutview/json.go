package layoutview

import (
	"bufio"
	"strconv"

	"github.com/girih-lang/girih/layout"
)

func writeInts(w *bufio.Writer, xs []int) {
	w.WriteByte('[')
	for i, x := range xs {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(strconv.Itoa(x))
	}
	w.WriteByte(']')
}

// writeJSON writes {"shape":[…],"threads":T,"locals":L,"map":[…]} with the logical index by thread and local. Layouts with
// other hardware axes have {"shape":[…],"axes":{"offset":N},"map":[…]}, the index by point, the last axis fastest.
func writeJSON(w *bufio.Writer, l layout.Layout) {
	w.WriteString(`{"shape":`)
	writeInts(w, l.Shape())
	if !l.IsRegister() {
		w.WriteString(`,"axes":{`)
		for k, n := range l.Axes() {
			if k > 0 {
				w.WriteByte(',')
			}
			w.WriteString(strconv.Quote(n) + ":" + strconv.Itoa(l.AxisSize(n)))
		}
		w.WriteString(`},"map":[`)
		first := true
		l.Points(func(_, at []int) {
			if !first {
				w.WriteByte(',')
			}
			first = false
			writeInts(w, at)
		})
		w.WriteString("]}")
		return
	}
	nt, nl := l.Threads(), l.Locals()
	w.WriteString(`,"threads":` + strconv.Itoa(nt) + `,"locals":` + strconv.Itoa(nl) + `,"map":[`)
	idx := make([]int, 0, l.Rank())
	for t := range nt {
		if t > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('[')
		for k := range nl {
			if k > 0 {
				w.WriteByte(',')
			}
			idx = l.AppendAt(idx, t, k)
			writeInts(w, idx)
		}
		w.WriteByte(']')
	}
	w.WriteString("]}")
}
