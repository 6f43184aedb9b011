package passes

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
)

// Conversion is how a tile gets from one layout to another on a GPU.
type Conversion struct {
	Class   layout.Class
	Rename  []int               // Register: for each local of the destination that of the source
	Shuffle *layout.ShufflePlan // Shuffle
	Cost    int                 // cycles of a block, by Costs

	Shuffles, Selects int // Shuffle: instructions of a thread
}

// Costs is what instructions count for when a conversion is chosen, in cycles of a multiprocessor: a shuffle and a wavefront
// of shared memory take the same unit for one cycle a warp, a select a quarter; the rest is latency that nothing else
// hides in a block of few warps.
var Costs = struct {
	Shuffle, Wavefront        int
	SelectsPerCycle           int
	ShuffleLatency, Roundtrip int // of the first shuffle; of two barriers, a store and a load
}{1, 1, 4, 24, 100}

// PlanConversion decides how a tile of type t gets from src to dst. It depends on nothing else, so that every pass and the
// lowering agree.
func PlanConversion(src, dst *layout.Layout, t ir.Type) Conversion {
	if src.Equal(*dst) {
		return Conversion{Class: layout.None}
	}
	if m, ok := layout.RegisterMap(*src, *dst); ok {
		return Conversion{Class: layout.Register, Rename: m}
	}
	c := Conversion{Class: layout.Shared}
	warps := src.Threads() / 32
	c.Cost = Costs.Roundtrip + warps*Costs.Wavefront*(src.Locals()+dst.Locals())*t.Elem.Bits()/32
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
	case layout.None, layout.Register:
		return fmt.Sprintf("%s, no instruction", c.Class)
	case layout.Shuffle:
		return fmt.Sprintf("shuffle, %d shuffles and %d selects a thread", c.Shuffles, c.Selects)
	}
	return c.Class.String()
}
