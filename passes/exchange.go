package passes

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// Conversion is how a tile gets from one layout to another on a GPU.
type Conversion struct {
	Class    layout.Class
	Rename   []int               // Register: for each local of the destination that of the source
	Shuffle  *layout.ShufflePlan // Shuffle
	Exchange *layout.Exchange    // Shared, through a buffer made for the two layouts; nil through rows
	Rows     Rows                // Shared, otherwise

	Cost              int // cycles of a block, by Costs
	Shuffles, Selects int // Shuffle: instructions of a thread
	Bytes             int // Shared: of the buffer
	Store, Load       layout.Access
}

// Costs is what instructions count for when a conversion is chosen, in cycles of a multiprocessor: a shuffle, a wavefront of
// shared memory and the issue of its instruction take one cycle a warp, a select a quarter; the rest is latency that
// nothing else hides in a block of few warps.
var Costs = struct {
	Shuffle, Wavefront, Access int
	SelectsPerCycle            int
	ShuffleLatency, Roundtrip  int // of the first shuffle; of two barriers, a store and a load
}{1, 1, 1, 4, 24, 100}

// MaxScratch is the size, in bytes, above which an exchange goes in rounds where it can.
const MaxScratch = 32 << 10

// PlanConversion decides how a tile of type t gets from src to dst. It depends on nothing else, so that every pass and the
// lowering agree. With matrices the target has stmatrix.
func PlanConversion(src, dst *layout.Layout, t ir.Type, matrices bool) Conversion {
	if src.Equal(*dst) {
		return Conversion{Class: layout.None}
	}
	if m, ok := layout.RegisterMap(*src, *dst); ok {
		return Conversion{Class: layout.Register, Rename: m}
	}
	c := Conversion{Class: layout.Shared, Rows: RowsOf(t, SwizzleFor(t))}
	c.Store, c.Load = c.Rows.Traffic(src, true, matrices), c.Rows.Traffic(dst, false, true)
	c.Bytes = c.Rows.Slot
	cost := func(a layout.Access) int { return a.Wavefronts*Costs.Wavefront + a.Accesses*Costs.Access }
	c.Cost = Costs.Roundtrip + cost(c.Store) + cost(c.Load)
	size := container(t.Elem.Bits())
	if x, err := layout.PlanExchange(*src, *dst, 8*size, MaxScratch); err == nil {
		n := x.Rounds*Costs.Roundtrip + cost(x.Src.Access) + cost(x.Dst.Access)
		if n < c.Cost || c.Bytes > MaxScratch && x.Elements*size < c.Bytes {
			c.Exchange, c.Store, c.Load, c.Bytes, c.Cost = x, x.Src.Access, x.Dst.Access, x.Elements*size, n
		}
	}
	warps := src.Threads() / 32
	if p, err := layout.PlanShuffle(*src, *dst, t.Elem.IsFloat() && t.Elem.Bits() == 16); err == nil {
		s := Conversion{Class: layout.Shuffle, Shuffle: p}
		s.Shuffles, s.Selects = p.Count()
		if t.Elem.Bits() > 32 {
			s.Shuffles, s.Selects = 2*s.Shuffles, 2*s.Selects
		}
		s.Cost = Costs.ShuffleLatency + warps*(s.Shuffles*Costs.Shuffle+s.Selects/Costs.SelectsPerCycle)
		if s.Cost <= c.Cost {
			return s
		}
	}
	return c
}

// String says what the conversion takes, for a remark.
func (c Conversion) String() string {
	switch c.Class {
	case layout.None:
		return "nothing to do"
	case layout.Register:
		return "registers are renamed, no instruction"
	case layout.Shuffle:
		return fmt.Sprintf("%d shuffles and %d selects a thread, about %d cycles", c.Shuffles, c.Selects, c.Cost)
	}
	s := fmt.Sprintf("through %d bytes of shared memory", c.Bytes)
	if c.Exchange != nil {
		s += " swizzled for the two layouts"
		if c.Exchange.Rounds > 1 {
			s += fmt.Sprintf(", in %d rounds", c.Exchange.Rounds)
		}
	}
	return fmt.Sprintf("%s: %s, %s, about %d cycles", s, traffic("store", c.Store), traffic("load", c.Load), c.Cost)
}
