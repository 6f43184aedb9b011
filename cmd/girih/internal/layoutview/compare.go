package layoutview

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"

	"github.com/girih-lang/girih/layout"
)

// comparison is the conversion between two register layouts, or the access of a register layout to a memory layout.
type comparison struct {
	from, to layout.Layout
	memory   bool // to is memory
	class    layout.Class
	renamed  []int // class Register: local of from for each local of to
	foreign  int   // class Shuffle: values that come from another lane, over all threads
	shuffles []shuffles
	traffic  []traffic
}

// traffic is what the way through shared memory costs for one element width.
type traffic struct {
	bits          int
	mem           layout.Layout // empty when to is the memory
	plain         bool          // mem is row-major, shown for comparison
	store, access layout.Access
}

var widths = []int{8, 16, 32}

// shuffles are the instructions of a thread where the conversion stays in the warp.
type shuffles struct{ bits, shuffles, selects int }

// maxBlock is the number of threads of a block on every NVIDIA GPU.
const maxBlock = 1024

func compare(from, to layout.Layout) (*comparison, error) {
	c := &comparison{from: from, to: to}
	if from.IsMemory() && to.IsRegister() {
		c.from, c.to = to, from
	}
	if c.to.IsMemory() {
		c.memory = true
		for _, b := range widths {
			a, err := layout.BankConflicts(c.from, c.to, b)
			if err != nil {
				return nil, err
			}
			c.traffic = append(c.traffic, traffic{bits: b, access: a})
		}
		return c, nil
	}
	var err error
	if c.class, err = layout.ClassifyIn(from, to, 32, maxBlock); err != nil {
		return nil, err
	}
	switch c.class {
	case layout.Register:
		c.renamed, _ = layout.RegisterMap(from, to)
	case layout.Shuffle:
		c.foreign = foreign(from, to)
		for _, b := range []int{16, 32} {
			if p, err := layout.PlanShuffle(from, to, b == 16); err == nil {
				n, m := p.Count()
				c.shuffles = append(c.shuffles, shuffles{b, n, m})
			}
		}
	case layout.Shared:
		for _, b := range widths {
			best, err := layout.OptimalShared(from, to, b)
			mems := []layout.Layout{layout.RowMajor(from.Shape()...)}
			if err == nil {
				mems = append(mems, best)
			}
			for i, m := range mems {
				s, err := layout.BankConflicts(from, m, b)
				if err != nil {
					return nil, err
				}
				l, err := layout.BankConflicts(to, m, b)
				if err != nil {
					return nil, err
				}
				c.traffic = append(c.traffic, traffic{b, m, i == 0, s, l})
			}
		}
	}
	return c, nil
}

// foreign counts the values that a thread does not hold itself.
func foreign(from, to layout.Layout) int {
	n := 0
	for t := range to.Threads() {
		own := map[string]bool{}
		for l := range from.Locals() {
			own[fmt.Sprint(from.At(t, l))] = true
		}
		for l := range to.Locals() {
			if !own[fmt.Sprint(to.At(t, l))] {
				n++
			}
		}
	}
	return n
}

func (c *comparison) table(w *bufio.Writer, color bool) {
	drawTable(w, c.from, color)
	w.WriteString("\nto\n\n")
	drawTable(w, c.to, color)
	w.WriteByte('\n')
	if c.memory {
		for _, t := range c.traffic {
			fmt.Fprintf(w, "%2d-bit elements: %s\n", t.bits, t.access)
		}
		return
	}
	switch c.class {
	case layout.None:
		fmt.Fprintln(w, "conversion: none; both are the same map")
	case layout.Register:
		fmt.Fprintln(w, "conversion: register; every thread renames its registers, no instruction for whole registers")
		n := min(len(c.renamed), 64)
		for l, s := range c.renamed[:n] {
			fmt.Fprintf(w, "  local %d ← local %d\n", l, s)
		}
		if n < len(c.renamed) {
			fmt.Fprintf(w, "  … %d more; --format json lists all\n", len(c.renamed)-n)
		}
	case layout.Shuffle:
		total := c.to.Threads() * c.to.Locals()
		fmt.Fprintf(w, "conversion: shuffle; %d of %d values come from another lane of the same warp, the others from the thread's own registers\n", c.foreign, total)
		for _, s := range c.shuffles {
			fmt.Fprintf(w, "  %2d-bit elements: %d shuffles and %d selects a thread\n", s.bits, s.shuffles, s.selects)
		}
	case layout.Shared:
		fmt.Fprintln(w, "conversion: shared; through shared memory")
		for _, t := range c.traffic {
			name := "conflict-free " + t.mem.String()
			if t.plain {
				name = "row-major"
			}
			fmt.Fprintf(w, "  %2d-bit elements, %s\n     store %s\n     load  %s\n", t.bits, name, t.store, t.access)
		}
	default:
		fmt.Fprintf(w, "conversion: %s; a block holds at most %d threads, and no kernel converts between blocks\n", c.class, maxBlock)
	}
}

func (c *comparison) json(w *bufio.Writer) {
	w.WriteString(`{"from":`)
	writeJSON(w, c.from)
	w.WriteString(`,"to":`)
	writeJSON(w, c.to)
	if !c.memory {
		w.WriteString(`,"class":` + strconv.Quote(c.class.String()))
	}
	if c.renamed != nil {
		w.WriteString(`,"locals":`)
		writeInts(w, c.renamed)
	}
	if c.class == layout.Shuffle {
		w.WriteString(`,"foreign":` + strconv.Itoa(c.foreign))
		w.WriteString(`,"instructions":[`)
		for i, s := range c.shuffles {
			if i > 0 {
				w.WriteByte(',')
			}
			fmt.Fprintf(w, `{"bits":%d,"shuffles":%d,"selects":%d}`, s.bits, s.shuffles, s.selects)
		}
		w.WriteByte(']')
	}
	if len(c.traffic) > 0 {
		w.WriteString(`,"traffic":[`)
		for i, t := range c.traffic {
			if i > 0 {
				w.WriteByte(',')
			}
			fmt.Fprintf(w, `{"bits":%d`, t.bits)
			if !c.memory {
				fmt.Fprintf(w, `,"memory":%q,"store":`, t.mem.String())
				accessJSON(w, t.store)
				w.WriteString(`,"load":`)
			} else {
				w.WriteString(`,"access":`)
			}
			accessJSON(w, t.access)
			w.WriteByte('}')
		}
		w.WriteByte(']')
	}
	w.WriteString("}\n")
}

func accessJSON(w *bufio.Writer, a layout.Access) {
	fmt.Fprintf(w, `{"vector":%d,"accesses":%d,"wavefronts":%d,"conflicts":%d}`, a.Vector, a.Accesses, a.Wavefronts, a.Conflicts())
}

// moved marks, for pictures, the elements that change hands: those whose first holder differs.
func moved(from, to layout.Layout) []bool {
	a, b := from.Holders(), to.Holders()
	out := make([]bool, len(a))
	for i := range out {
		out[i] = !slices.Equal(a[i], b[i])
	}
	return out
}
