// Package passes turns tile IR as the language gives it into tile IR that a target can lower: simplified, with a layout
// on every tile, copies in flight, and shared memory allocated.
//
// Every pass is a function over a kernel and stands in its own file; the table in this file is the pipeline and says why
// the order is what it is. A pass keeps the meaning of the kernel: the VM gives the same result before and after.
// This package knows targets only through [Target]; it knows nothing of PTX or C.
package passes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/girih-lang/girih/ir"
)

// Target is what the passes must know of a machine.
type Target struct {
	Name      string // "cpu", "sm_80", "sm_90a"
	GPU       bool
	Warps     int // default warps of a block; 0 on a CPU
	MaxShared int // bytes of shared memory of a block
}

// FP8 reports that the target converts pairs of f8e4m3fn and f8e5m2 to f16 (PTX ISA, cvt: sm_90, and sm_89 from PTX 8.1 on, which is newer than what is written for it).
func (t Target) FP8() bool {
	n := 0
	for _, c := range strings.TrimPrefix(t.Name, "sm_") {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return t.GPU && n >= 90
}

// HasWgmma reports a GPU with wgmma, the matrix instruction of four warps: sm_90a alone.
func (t Target) HasWgmma() bool { return t.Name == "sm_90a" }

// HasClusters reports a GPU with clusters of thread blocks: sm_90 and later.
func (t Target) HasClusters() bool {
	return t.GPU && t.HasMatrixStores() && t.Name != "sm_120" && t.Name != "sm_120a"
}

// HasDependentLaunch reports a GPU that starts a kernel while the one before it in the stream still runs, if that is asked for
// (PTX ISA, griddepcontrol): sm_90 and later.
func (t Target) HasDependentLaunch() bool { return t.GPU && t.HasMatrixStores() }

// HasMatrixStores reports a GPU with stmatrix: sm_90 and later.
func (t Target) HasMatrixStores() bool {
	n := 0
	_, err := fmt.Sscanf(t.Name, "sm_%d", &n)
	return err == nil && n >= 90
}

// CPU is the target for C.
var CPU = Target{Name: "cpu"}

// Pass is one row of the pipeline.
type Pass struct {
	Name     string
	Doc      string
	GPU      bool // only for GPUs
	Required bool // may not be switched off
	Run      func(*ir.Kernel, *Context) error
}

// Context is what the passes of one compilation share.
type Context struct {
	Target  Target
	Remarks []Remark
	Off     map[string]bool                       // passes to leave out, by name
	After   func(pass string, k *ir.Kernel) error // called after every pass: dump, verify
	Timing  func(pass string, d time.Duration)
}

// Remark tells the author what a pass decided, on the source line it concerns.
type Remark struct {
	Pass      string
	Span      ir.Span
	Text      string
	Value     string // the type and layout with which Text begins, where it says what decided them
	Conflicts int    // wavefronts of shared memory that are lost to bank conflicts
}

func (c *Context) remark(pass string, span ir.Span, format string, args ...any) {
	c.Remarks = append(c.Remarks, Remark{Pass: pass, Span: span, Text: fmt.Sprintf(format, args...)})
}

// Error is a kernel that the target cannot run; Code is a stable diagnostic code.
type Error struct {
	Code   string
	Span   ir.Span
	Text   string
	Other  ir.Span // another place that it is about, with Note
	Note   string
	Detail string // lines to print as they are
	Help   string
}

func (e *Error) Error() string { return e.Text }

// Table is the pipeline, in order.
var Table = []Pass{
	{Name: "canon", Doc: "folds constants, removes what has no effect", Run: canonPass},
	{Name: "cse", Doc: "computes equal values once", Run: csePass},
	{Name: "dce", Doc: "removes what nobody uses", Run: dcePass},
	{Name: "cluster", Doc: "divides a loop among the blocks of a cluster", GPU: true, Run: clusterPass},
	{Name: "split", Doc: "sums a dot in parts, one for each group of warps", GPU: true, Run: splitPass},
	{Name: "limbs", Doc: "cuts a single row of activations into digits for integer matrix instructions", GPU: true, Run: limbsPass},
	{Name: "scale", Doc: "takes factors that are constant along K out of a dot", Run: scalePass},
	{Name: "remat", Doc: "gives each user its own constants and broadcast scalars", Required: true, Run: rematPass},
	{Name: "layout", Doc: "assigns a layout to every tile and converts where two differ", Required: true, Run: layoutPass},
	{Name: "pack", Doc: "derives the storage order of packed tensors", GPU: true, Required: true, Run: packPass},
	{Name: "lanes", Doc: "derives the storage order of packed tensors for vector registers", Required: true, Run: packLanesPass},
	{Name: "async", Doc: "starts the loads of later iterations early, through shared memory", GPU: true, Run: asyncPass},
	{Name: "dependent", Doc: "places the wait for the kernel launched before, behind what need not wait", GPU: true, Required: true, Run: dependentPass},
	{Name: "shared", Doc: "allocates shared memory and inserts barriers", GPU: true, Required: true, Run: sharedPass},
	{Name: "report", Doc: "tells what every access of memory takes", GPU: true, Run: reportPass},
}

// Order is why a pass stands before another.
var Order = []struct{ Before, After, Why string }{
	{"canon", "cse", "folded constants are equal more often"},
	{"cse", "dce", "a merged value leaves dead operands"},
	{"dce", "cluster", "only live uses of an accumulator count"},
	{"cluster", "split", "what is added up over the cluster is already the sum of the warps' parts"},
	{"split", "scale", "a factor is constant in each part sooner than in the whole"},
	{"split", "limbs", "a warp cuts the part of the row that it has"},
	{"limbs", "scale", "digits take factors of smaller groups out, too"},
	{"limbs", "remat", "the new sums need constants of their own"},
	{"scale", "remat", "the new constants and factors need copies of their own too"},
	{"cse", "remat", "cse would merge again what remat has split"},
	{"remat", "layout", "a constant must not tie the layouts of its users together"},
	{"layout", "pack", "the storage order is the layout that the consumer wants"},
	{"layout", "lanes", "the storage order is that of the tile that is read"},
	{"pack", "async", "a packed tile is copied as the words that pack has laid out"},
	{"async", "dependent", "copies that need not wait start first"},
	{"dependent", "report", "what is told is what is generated"},
	{"async", "shared", "the buffers of the copies are part of the allocation"},
	{"shared", "report", "what is told is what is generated"},
}

func init() {
	for _, o := range Order {
		if index(o.Before) >= index(o.After) {
			panic("passes: " + o.Before + " must come before " + o.After + ": " + o.Why)
		}
	}
}

func index(name string) int {
	i := slices.IndexFunc(Table, func(p Pass) bool { return p.Name == name })
	if i < 0 {
		panic("passes: no pass " + name)
	}
	return i
}

// Run applies the pipeline to k in place.
func Run(k *ir.Kernel, c *Context) error {
	for _, p := range Table {
		if p.GPU && !c.Target.GPU || c.Off[p.Name] && !p.Required {
			continue
		}
		start := time.Now()
		if err := p.Run(k, c); err != nil {
			return err
		}
		if c.Timing != nil {
			c.Timing(p.Name, time.Since(start))
		}
		if c.After != nil {
			if err := c.After(p.Name, k); err != nil {
				return fmt.Errorf("after pass %s: %w", p.Name, err)
			}
		}
	}
	return nil
}
