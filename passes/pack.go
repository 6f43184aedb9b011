package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/ir/widen"
	"github.com/girih-lang/girih/layout"
)

// packPass derives the storage order of packed parameters from the layout of the tile that is read: what a thread wants
// becomes consecutive words, in chunks of up to 16 bytes a thread that neighbouring threads hold side by side, so that
// every read of a warp is one contiguous piece of memory and unpacking is free.
func packPass(k *ir.Kernel, c *Context) error {
	facts := NewFacts(k)
	for _, p := range k.Params {
		if !p.Packed {
			continue
		}
		var at *ir.Op
		var err error
		k.Body.Walk(func(o *ir.Op) bool {
			if o.Code == ir.OpGather && o.Args[0] == p.Value {
				err = &Error{Code: "G0409", Span: o.Span, Text: sprintf("packed %s is read at the positions of a tile; a packed tensor is read in whole tiles", p.Name), Help: "drop the word packed"}
				return false
			}
			if o.Code != ir.OpLoad || o.Args[0] != p.Value {
				return true
			}
			err = packable(facts, p, o, at)
			at = o
			return err == nil
		})
		if err != nil {
			return err
		}
		if at == nil {
			continue
		}
		t := at.Result().Type
		p.Pack = PackOf(at.Result().Layout, t.Elem, goal(k, at.Result(), c.Target).String(), t.Shape[0], t.Shape[1])
		var widths []string
		for _, part := range p.Pack.Chunks() {
			widths = append(widths, fmt.Sprint(4*part.Vec))
		}
		c.remark("pack", at.Span, "%s is stored in tiles of %d×%d: %d words for each of %d threads, read %s bytes at a time, widened without a shuffle",
			p.Name, p.Pack.Tile[0], p.Pack.Tile[1], p.Pack.Words, p.Pack.Threads, strings.Join(widths, " and "))
	}
	return nil
}

func packable(f *Facts, p *ir.Param, o, before *ir.Op) error {
	t := o.Result().Type
	dims := o.Ints("dims")
	switch {
	case len(dims) != 2 || dims[0] != 0 || dims[1] != 1:
		return &Error{Code: "G0409", Span: o.Span, Text: sprintf("packed %s is read as %s; a packed tensor is read in tiles over both of its dimensions, in order", p.Name, t),
			Help: "index it with two ranges, or drop the word packed"}
	case f.Div(o.Args[1])%int64(t.Shape[0]) != 0 || f.Div(o.Args[2])%int64(t.Shape[1]) != 0:
		return &Error{Code: "G0409", Span: o.Span, Text: sprintf("packed %s is read in tiles of %d×%d at offsets that are not multiples of the tile", p.Name, t.Shape[0], t.Shape[1]),
			Help: "loop over it by the tile's extents from 0"}
	case before != nil && (!before.Result().Layout.Equal(*o.Result().Layout) || !before.Result().Type.Equal(t)):
		return &Error{Code: "G0410", Span: o.Span, Text: sprintf("packed %s is read in two layouts, %s and %s; it can be stored in one order only", p.Name, before.Result().Layout, o.Result().Layout),
			Help: "read it once, or drop the word packed"}
	}
	return nil
}

// Distinct splits a layout's threads: rank is the number of a thread among those that hold different elements, copies
// are the threads that hold the same as another one.
func Distinct(l *layout.Layout) (threads int, rank func(thread int) int) {
	digits, _, ok := l.Digits()
	if !ok { // threads share elements in other ways than by whole digits: each keeps its own
		return l.Threads(), func(thread int) int { return thread }
	}
	threads = 1
	for _, d := range digits {
		if d.Dim >= 0 {
			threads *= d.Radix
		}
	}
	return threads, func(t int) int {
		r, w := 0, 1
		for _, d := range digits {
			if d.Dim >= 0 {
				r += t % d.Radix * w
				w *= d.Radix
			}
			t /= d.Radix
		}
		return r
	}
}

// goal is what the elements of a packed tile are widened to: bytes for dots in digits, else the type of the first cast that has
// programs; where there is none, bytes stay what they are, for matrix instructions, and the rest is placed for f16.
func goal(k *ir.Kernel, v *ir.Value, t Target) widen.Goal {
	g := widen.Goal{To: dtype.F16, FP8: t.FP8()}
	found := false
	if e := v.Type.Elem; e == dtype.I8 || e == dtype.U8 {
		g.To = e
	}
	us := uses(k)[v]
	if b, ok := widen.InBytes(v.Type.Elem); ok && inLimbs(us) {
		return b
	}
	for _, o := range us {
		if o.Code == ir.OpCast && !found {
			switch e := o.Result().Type.Elem; e {
			case dtype.F16, dtype.BF16, dtype.F32:
				g.To, found = e, true
			case dtype.I8, dtype.U8: // floats go there one by one
				if v.Type.Elem.IsInt() {
					g.To, found = e, true
				}
			}
		}
	}
	return g
}

// placeBlock fields fill whole words at every width.
const placeBlock = 64

// place puts n fields into words: block after block in the same way, so that every row of fragments of a matrix operand
// finds its fields, and the offsets that widening leaves, at the same places.
func place(elem dtype.Type, g widen.Goal, n int) (*ir.Plan, int) {
	bits := elem.Bits()
	if n <= placeBlock || n%placeBlock != 0 {
		return widen.Place(elem, g, n), widen.Words(bits, n)
	}
	one, words := widen.Place(elem, g, placeBlock), widen.Words(bits, placeBlock)
	all := &ir.Plan{Bits: one.Bits, Goal: one.Goal}
	for b := range n / placeBlock {
		for _, f := range one.Fields {
			moved := ir.Field{Pieces: slices.Clone(f.Pieces)}
			for i := range moved.Pieces {
				moved.Pieces[i].Word += b * words
			}
			all.Fields = append(all.Fields, moved)
		}
	}
	return all, n / placeBlock * words
}

// PackOf is the storage order for tiles of rows×cols elements that threads hold in layout l and widen to a goal (as
// ir/widen writes it; empty is f16).
func PackOf(l *layout.Layout, elem dtype.Type, to string, rows, cols int) *ir.Pack {
	if to == lanesGoal {
		return PackLanes(elem, rows, cols)
	}
	n, rank := Distinct(l)
	p := &ir.Pack{Layout: l.String(), Tile: [2]int{rows, cols}, Threads: n, Fields: l.Locals(), Order: make([][]int32, n)}
	g, ok := widen.ParseGoal(to)
	if !ok {
		g = widen.Goal{To: dtype.F16}
	}
	p.Plan, p.Words = place(elem, g, p.Fields)
	p.Vec = 4
	for p.Words*p.Threads%p.Vec != 0 { // tiles start where their pieces may
		p.Vec /= 2
	}
	for th := range l.Threads() {
		r := rank(th)
		if p.Order[r] != nil {
			continue
		}
		order := make([]int32, p.Fields)
		for i := range order {
			at := l.At(th, i)
			order[i] = int32(at[0]*cols + at[1])
			if at[0] >= rows || at[1] >= cols {
				order[i] = -1 // padding
			}
		}
		p.Order[r] = order
	}
	return p
}
