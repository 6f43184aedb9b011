// Package doctor looks for what Girih uses when it is there: a C compiler, LLVM, ptxas, the CUDA driver and GPUs. It says what
// was found, what each missing one costs and how to install it. Nothing here is an error of its own: Girih runs everything in
// its virtual machine without any of them.
//
// The boundary: it only asks the packages that use these tools, so that it never finds what they would not.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"text/tabwriter"
)

// Tool is one thing looked for.
type Tool struct {
	Name    string `json:"name"` // "cc", "llvm-inprocess", "llvm-process", "ptxas", "nvdisasm", "cuda-driver", "gpu"
	Found   bool   `json:"found"`
	Version string `json:"version,omitempty"`
	Path    string `json:"path,omitempty"`
	Detail  string `json:"detail,omitempty"`  // why it is missing, or what else there is to know
	Costs   string `json:"costs,omitempty"`   // where it is missing: what does not work without it
	Install string `json:"install,omitempty"` // where it is missing: how to get it
	Warning string `json:"warning,omitempty"` // where it is found and still not right
}

// Executor is one way of running a kernel.
type Executor struct {
	Name   string `json:"name"` // as in --on: "vm", "cpu", "cuda"
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why it is not
}

// Report is everything found.
type Report struct {
	Go        string     `json:"go"`
	System    string     `json:"system"` // "linux/amd64"
	Cores     int        `json:"cores"`
	Executors []Executor `json:"executors"`
	Tools     []Tool     `json:"tools"`
}

// Probe looks for everything, all at once; it takes as long as the slowest tool to tell its version.
func Probe() Report {
	probes := []func() []Tool{one(cc), one(llvmInProcess), one(llvmProcess), one(assembler), one(disassembler), devices}
	found := make([][]Tool, len(probes))
	var wg sync.WaitGroup
	for i, p := range probes {
		wg.Go(func() { found[i] = p() })
	}
	wg.Wait()
	r := Report{Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU()}
	for _, f := range found {
		r.Tools = append(r.Tools, f...)
	}
	r.Executors = executors(r.Tools)
	return r
}

func one(p func() Tool) func() []Tool { return func() []Tool { return []Tool{p()} } }

// executors derives from the tools what can run. LLVM is needed once in either form.
func executors(tools []Tool) []Executor {
	has := map[string]bool{}
	for _, t := range tools {
		has[t.Name] = has[t.Name] || t.Found
	}
	cpu := Executor{Name: "cpu", Ready: has["cc"]}
	if !cpu.Ready {
		cpu.Reason = "no C compiler"
	}
	cuda := Executor{Name: "cuda"}
	switch {
	case !has["cuda-driver"]:
		cuda.Reason = "no CUDA driver"
	case !has["gpu"]:
		cuda.Reason = "no GPU"
	case !has["llvm-inprocess"] && !has["llvm-process"]:
		cuda.Reason = "no LLVM"
	default:
		cuda.Ready = true
	}
	return []Executor{{Name: "vm", Ready: true}, cpu, cuda}
}

// Run writes the report as "text" or "json"; any other format is an error.
func Run(w io.Writer, format string) error {
	switch format {
	case "text", "json":
		return Probe().Write(w, format)
	}
	return fmt.Errorf("unknown format %q; expected text or json", format)
}

// Write writes a report as "text" or "json".
func (r Report) Write(w io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	var ready, not []string
	for _, e := range r.Executors {
		if e.Ready {
			ready = append(ready, e.Name)
		} else {
			not = append(not, fmt.Sprintf("%s (%s)", e.Name, e.Reason))
		}
	}
	fmt.Fprintf(w, "Kernels run here on: %s", strings.Join(ready, ", "))
	if len(not) > 0 {
		fmt.Fprintf(w, "; not on %s", strings.Join(not, ", "))
	}
	fmt.Fprintf(w, "\n%s, %s, %d cores\n\n", r.Go, r.System, r.Cores)
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, t := range r.Tools {
		mark := "ok"
		if !t.Found {
			mark = "missing"
		}
		fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", mark, t.Name, t.Version, t.Path)
	}
	tw.Flush()
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	for _, t := range r.Tools {
		if t.Found && t.Warning == "" && t.Detail == "" {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", t.Name)
		for _, l := range []struct{ label, text string }{
			{"", t.Detail}, {"warning: ", t.Warning}, {"costs:   ", t.Costs}, {"install: ", t.Install}} {
			if l.text != "" {
				fmt.Fprintf(w, "  %s%s\n", l.label, l.text)
			}
		}
	}
	return nil
}

// getenv is os.Getenv with a default.
func getenv(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
