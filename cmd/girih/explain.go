package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/lang"
	"github.com/girih-lang/girih/passes"
)

// explainCmd is `girih explain`: the source, and below each line what the compiler decided there.
type explainCmd struct {
	kernelFlags
	Target string `required:"" placeholder:"cpu|sm_80|sm_90a|…" help:"What to compile for."`
}

func (c *explainCmd) Run(a *app) error {
	target, err := compile.Target(c.Target)
	if err != nil {
		return usagef("--target: %w", err)
	}
	src, err := c.load()
	if err != nil {
		return err
	}
	if src.pkg == nil {
		return usagef("explain needs source, not tile IR")
	}
	k, choice, err := src.pick(compile.Picker{Machine: compile.MachineOf(target.Name), Cache: a.cache()}, src.dims)
	if err != nil {
		return err
	}
	compile.Specialise(k, src.dims)
	return a.explain(src.pkg, src.decl, k, target, told(choice))
}

// explain prints the source of a kernel with what the compiler decides for it; tuned says how its tune values were chosen.
func (a *app) explain(pkg *lang.Package, decl lang.Kernel, k *ir.Kernel, target passes.Target, tuned string) error {
	code, err := compile.Thread(k, target, compile.Options{})
	if err != nil {
		return compileError(pkg, k, err)
	}
	text := sourceOf(pkg, k)
	span := decl.Decl.Span()
	lines := notes(text, span, code)
	first, last := text.LineOf(span.Start), text.LineOf(span.End)
	for n := first; n <= last; n++ {
		a.printf("%5d | %s\n", n, strings.ReplaceAll(text.Line(n), "\t", "    "))
		indent := strings.Repeat(" ", leading(text.Line(n)))
		for _, note := range lines[n] {
			if a.colors {
				note = "\x1b[36m" + note + "\x1b[0m"
			}
			a.printf("      |   %s%s\n", indent, note)
		}
	}
	if tuned != "" {
		a.printf("\ntune values: %s\n", tuned)
	}
	facts := a.resources(k, code)
	if code.Target.GPU {
		facts = append(facts, conflicts(text, code))
	}
	a.printf("\nfor %s: %s\n", target.Name, strings.Join(append(facts, specialisation(k)...), "; "))
	return nil
}

// leading is the width of a line's indentation.
func leading(line string) int {
	return len(strings.ReplaceAll(line, "\t", "    ")) - len(strings.TrimLeft(strings.ReplaceAll(line, "\t", "    "), " "))
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 120 {
		return string(r[:117]) + "…"
	}
	return s
}

// resources are the numbers of a block; registers come from ptxas where it is installed.
func (a *app) resources(k *ir.Kernel, code *compile.Code) []string {
	if !code.Target.GPU {
		return []string{"a block is one call on one core"}
	}
	out := []string{fmt.Sprintf("%d threads a block", code.Threads), fmt.Sprintf("%d of %d bytes of shared memory", code.Shared, code.Target.MaxShared)}
	full, err := compile.GPU(a.ctx, k, code.Target.Name, compile.Options{Cache: a.cache()})
	if errors.Is(err, llvm.ErrMissing) {
		return append(out, fmt.Sprintf("registers unknown without LLVM %d", llvm.Major))
	}
	as, missing := ptxas.Find()
	if err != nil || missing != nil {
		return append(out, "registers unknown without ptxas")
	}
	_, rep, err := as.Assemble(a.ctx, full.PTX, code.Target.Name)
	if err != nil {
		return append(out, "ptxas: "+err.Error())
	}
	out = append(out, fmt.Sprintf("%d registers a thread", rep.Registers))
	if rep.Spills() {
		out = append(out, fmt.Sprintf("SPILLS %d bytes", rep.SpillStores+rep.SpillLoads))
	}
	for _, w := range rep.Warnings {
		out = append(out, "ptxas: "+w.Text)
	}
	return out
}

// specialisation says what the code relies on.
func specialisation(k *ir.Kernel) (out []string) {
	for _, d := range k.Dims {
		switch {
		case d.Static >= 0:
			out = append(out, fmt.Sprintf("%s is %d", d.Name, d.Static))
		case d.Div > 1:
			out = append(out, fmt.Sprintf("%d divides %s", d.Div, d.Name))
		}
	}
	return out
}
