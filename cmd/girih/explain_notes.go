package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang/diag"
)

// conflicts says in which lines shared memory loses wavefronts to bank conflicts.
func conflicts(text *diag.Source, code *compile.Code) string {
	lost := map[int]int{}
	for _, r := range code.Remarks {
		if r.Conflicts > 0 {
			lost[text.LineOf(r.Span.Start)] += r.Conflicts
		}
	}
	if len(lost) == 0 {
		return "no bank conflicts"
	}
	var s []string
	for _, n := range slices.Sorted(maps.Keys(lost)) {
		s = append(s, fmt.Sprintf("%d in line %d", lost[n], n))
	}
	return "bank conflicts: " + strings.Join(s, ", ")
}

// notes are the remarks and the layouts of the values of each line, in the order of the text.
func notes(text *diag.Source, span diag.Span, code *compile.Code) map[int][]string {
	type note struct {
		at   int32
		text string
	}
	byLine := map[int][]note{}
	add := func(at ir.Span, s string) {
		if at == (ir.Span{}) || !span.Contains(at.Start) {
			at.Start = span.Start
		}
		n := text.LineOf(at.Start)
		if !slices.ContainsFunc(byLine[n], func(x note) bool { return x.text == s }) {
			byLine[n] = append(byLine[n], note{at.Start, s})
		}
	}
	// What decided a layout stands behind the first value of the line that has it.
	type decision struct {
		line  int
		value string // type and layout
	}
	why := map[decision]string{}
	key := func(at ir.Span, value string) decision { return decision{text.LineOf(at.Start), value} }
	for _, r := range code.Remarks {
		if r.Value != "" {
			why[key(r.Span, r.Value)] = strings.TrimPrefix(r.Text, r.Value+": ")
		}
	}
	clip := clips(code.Kernel)
	code.Kernel.Body.Walk(func(o *ir.Op) bool {
		for _, v := range o.Results {
			if v.Layout == nil || v.Type.IsScalar() || o.Code == ir.OpConst || clip.part[v] {
				continue
			}
			name := o.Code.String()
			if v.Name != "" {
				name = v.Name + " = " + name
			}
			if expr := text.Slice(diag.Span(o.Span)); v.Name == "" && len(expr) < 40 && !strings.Contains(expr, "\n") {
				name = expr
			}
			if at, ok := clip.at[v]; ok {
				name += ", clipped at " + at
			}
			note := fmt.Sprintf("%s: %s @ %s", name, v.Type, shorten(v.Layout.String()))
			k := key(o.Span, fmt.Sprintf("%s @ %s", v.Type, v.Layout))
			if because, ok := why[k]; ok {
				note += ": " + because
				delete(why, k)
			}
			add(o.Span, note)
		}
		return true
	})
	for _, r := range code.Remarks {
		if _, left := why[key(r.Span, r.Value)]; left || r.Value == "" {
			add(r.Span, r.Pass+": "+r.Text)
		}
	}
	out := map[int][]string{}
	for n, list := range byLine {
		slices.SortStableFunc(list, func(a, b note) int { return int(a.at - b.at) })
		for _, x := range list {
			out[n] = append(out[n], x.text)
		}
	}
	return out
}

// clipping is what stands in a kernel for the clipping of ranges: nobody has written it, and it is not told value by value.
type clipping struct {
	part map[*ir.Value]bool   // masks, and the coordinates that they compare
	at   map[*ir.Value]string // values in which a mask has replaced what is dead, and by which extents
}

// clips finds the masks: comparisons of plain coordinates with what is left of an extent.
func clips(k *ir.Kernel) clipping {
	c := clipping{map[*ir.Value]bool{}, map[*ir.Value]string{}}
	extents := map[*ir.Value][]string{}
	k.Body.Walk(func(o *ir.Op) bool {
		if len(o.Results) != 1 || len(o.Args) == 0 {
			return true
		}
		r := o.Result()
		switch o.Code {
		case ir.OpCmp:
			if !r.Type.IsScalar() && through(o.Args[0]).Code == ir.OpIota && through(o.Args[1]).Code == ir.OpBroadcast {
				c.part[r], c.part[o.Args[0]], c.part[o.Args[1]] = true, true, true
				extents[r] = room(through(o.Args[1]).Args[0])
			}
		case ir.OpAnd, ir.OpReshape, ir.OpBroadcast, ir.OpConvert:
			all := true
			for _, a := range o.Args {
				all = all && c.part[a] && r.Type.Elem.IsBool()
			}
			if all {
				c.part[r] = true
				for _, a := range o.Args {
					extents[r] = append(extents[r], extents[a]...)
				}
			}
		case ir.OpSelect:
			if list := extents[o.Args[0]]; list != nil {
				slices.Sort(list)
				c.at[r] = strings.Join(slices.Compact(list), " and ")
			}
		}
		return true
	})
	return c
}

// through is the operation that makes a value, conversions left out.
func through(v *ir.Value) *ir.Op {
	for v.Def != nil && v.Def.Code == ir.OpConvert {
		v = v.Def.Args[0]
	}
	if v.Def == nil {
		return &ir.Op{}
	}
	return v.Def
}

// room names the extent in "extent - position"; for the side below 0 there is none.
func room(v *ir.Value) []string {
	if v.Def == nil || v.Def.Code != ir.OpSub {
		return []string{"0"}
	}
	switch d := v.Def.Args[0]; {
	case d.Def == nil:
		return []string{"a scalar"}
	case d.Def.Code == ir.OpDim:
		return []string{d.Def.Str("expr")}
	case d.Def.Code == ir.OpConst:
		return []string{fmt.Sprint(d.Def.Int("value"))}
	case d.Name != "":
		return []string{d.Name}
	}
	return []string{"a scalar"}
}
