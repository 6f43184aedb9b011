package passes

import (
	"fmt"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
)

// lanesGoal is the goal of a plan for the vector registers of a CPU, as ir.Plan.Goal has it.
const lanesGoal = "lanes"

// simdLanes is the number of columns that lie side by side: the lanes of F32 in a vector register of 64 bytes.
const simdLanes = 16

// packLanesPass derives the storage order of packed parameters for a CPU. Where no such order exists for the tile that is
// read, the parameter stays in row-major order: unlike on a GPU that is merely slower.
func packLanesPass(k *ir.Kernel, c *Context) error {
	if c.Target.GPU {
		return nil
	}
	facts := NewFacts(k)
	for _, p := range k.Params {
		if !p.Packed {
			continue
		}
		var at *ir.Op
		good := true
		k.Body.Walk(func(o *ir.Op) bool {
			for _, a := range o.Args {
				if a != p.Value {
					continue
				}
				good = good && o.Code == ir.OpLoad && packable(facts, p, o, at) == nil
				at = o
			}
			return true
		})
		if at == nil || !good {
			continue
		}
		t := at.Result().Type
		if t.Rank() != 2 || t.Elem.IsBool() || t.Elem.Bits() > 8 || t.Shape[0]%32 != 0 || t.Shape[1]%simdLanes != 0 {
			continue
		}
		p.Pack = PackLanes(t.Elem, t.Shape[0], t.Shape[1])
		c.remark("pack", at.Span, "%s is stored in tiles of %d×%d: %d columns side by side, each a stream of %d-bit elements along the rows", p.Name, t.Shape[0], t.Shape[1],
			simdLanes, t.Elem.Bits())
	}
	return nil
}

// PackLanes is the storage order for vector registers: column c of a tile belongs to lane c % 16, whose words are the
// elements of column c from top to bottom, without gaps, for one column after the other. Words of the same number of all
// lanes lie side by side. rows is a multiple of 32, so that every column starts with a word.
func PackLanes(elem dtype.Type, rows, cols int) *ir.Pack {
	n := rows * cols / simdLanes
	p := &ir.Pack{Layout: fmt.Sprintf("local(1,%d).spatial(1,%d).local(%d,1)", cols/simdLanes, simdLanes, rows), Tile: [2]int{rows, cols}, Threads: simdLanes, Vec: 1, Fields: n,
		Words: n * elem.Bits() / 32, Order: make([][]int32, simdLanes), Plan: &ir.Plan{Bits: elem.Bits(), Goal: lanesGoal, Fields: make([]ir.Field, n)}}
	for i := range n {
		for at, left := i*elem.Bits(), elem.Bits(); left > 0; {
			l := min(left, 32-at%32)
			p.Plan.Fields[i].Pieces = append(p.Plan.Fields[i].Pieces, ir.Piece{Word: at / 32, Bit: at % 32, Len: l})
			at, left = at+l, left-l
		}
	}
	for lane := range p.Order {
		for col := lane; col < cols; col += simdLanes {
			for row := range rows {
				p.Order[lane] = append(p.Order[lane], int32(row*cols+col))
			}
		}
	}
	return p
}
