package ir

import (
	"fmt"
	"strings"
)

// isaGroups are the chapters of docs/isa.md: each runs from its first operation to the next chapter.
var isaGroups = []struct {
	first Code
	title string
}{
	{OpConst, "Constants and coordinates"},
	{OpCast, "Elementwise, one operand"},
	{OpAdd, "Elementwise, two operands"},
	{OpSelect, "Elementwise, three operands"},
	{OpBroadcast, "Shape"},
	{OpDot, "Contractions"},
	{OpLoad, "Memory"},
	{OpFor, "Control"},
	{OpConvert, "Inserted by passes: layouts, shared memory, asynchronous copies"},
}

const isaIntro = `# The instruction set

This page is generated from the table in ` + "`ir/table.go`" + ` (` + "`go test ./ir -run ISA -update`" + `).

The Girih virtual machine executes one *kernel* for every block of a grid. A value is a *tile*: an element type and a
static shape (rank 0 is a scalar), never changed once computed. Tensors in memory and shared buffers are values too, and
only memory operations touch them. Control flow is structured: operations own regions.

## Text form

` + "```" + `
kernel @Scale(%0 x: tensor f16[M, K], %1 by: f16) -> (%2 y: tensor f16[M, K]) dims(M, K div 8) grid(M) warps 4 {
  %3 m = program_id {axis = 0} : i32
  …
}
` + "```" + `

A kernel lists its parameters (inputs, then results; ` + "`packed`" + ` marks a tensor in a derived storage order), its named
dimensions (` + "`N = 1536`" + ` is bound when compiling, ` + "`K div 8`" + ` is a divisor that launches check), the extents of its grid,
the warps of a block, and after ` + "`after`" + ` the inputs that a kernel launched before may still write. Behind the grid may stand ` + "`band 8`" + ` (eight
places along axis 1 are taken before the next along axis 0) and ` + "`persistent`" + ` (a block takes several places); the machine has no use for either. An operation is

` + "```" + `
results = name operands {attributes} : types of the results loc(start:end) regions
` + "```" + `

where every part but the name is left out when empty. A name after a value's number is a hint from the source. A type may be followed by
` + "`@ layout`" + `. ` + "`loc`" + ` is the span in the source in bytes. Comments run from ` + "`//`" + ` to the end of the line.
`

// ISA is the text of docs/isa.md: every operation with its operands, attributes, meaning and an example.
func ISA() string {
	var b strings.Builder
	b.WriteString(isaIntro)
	group := 0
	for _, c := range Codes() {
		if group < len(isaGroups) && isaGroups[group].first == c {
			fmt.Fprintf(&b, "\n## %s\n", isaGroups[group].title)
			group++
		}
		isaRow(&b, c.Info())
	}
	return b.String()
}

var elemsText = map[Elems]string{Floats: "floats", Ints: "integers", Bits: "integers and bool", Numbers: "integers and floats"}

var effectText = map[Effect]string{Reads: "reads memory", Writes: "writes memory", Syncs: "orders memory operations of the block"}

func isaRow(b *strings.Builder, r *Info) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", r.Name, r.Doc)
	var facts []string
	if len(r.Args) > 0 {
		facts = append(facts, "operands: "+strings.Join(r.Args, ", "))
	}
	switch {
	case r.Class == ClassUnary || r.Class == ClassBinary:
		facts = append(facts, "operands and result have one type")
	case r.Class == ClassCount:
		facts = append(facts, "operand: integers; the result is i32")
	case r.Results < 0:
		facts = append(facts, "any number of results")
	}
	if t, ok := elemsText[r.Elems]; ok {
		facts = append(facts, "elements: "+t)
	}
	if r.Commut {
		facts = append(facts, "commutative")
	}
	if t, ok := effectText[r.Effect]; ok {
		facts = append(facts, t)
	}
	if r.Regions > 0 {
		facts = append(facts, fmt.Sprintf("regions: %d", r.Regions))
	}
	if len(facts) > 0 {
		f := strings.Join(facts, "; ")
		fmt.Fprintf(b, "%s%s.\n\n", strings.ToUpper(f[:1]), f[1:])
	}
	for _, a := range r.Attrs {
		opt := ""
		if a.Optional {
			opt = ", optional"
		}
		fmt.Fprintf(b, "- `%s` (%s%s): %s\n", a.Name, a.Type, opt, a.Doc)
	}
	if len(r.Attrs) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "```\n%s\n```\n", r.Example)
}
