// Package ptxas assembles PTX with NVIDIA's ptxas, where it is installed, and reads what it says: registers, spills, shared
// memory, and the warnings that mean a slow kernel.
//
// The model: ptxas checks every kernel for every target without a GPU. It is no part of running a kernel (the driver assembles
// PTX itself), so [Find] may fail and the rest of Girih goes on; tests and `girih explain` use it when it is there, and CI asks
// for it.
//
// The boundary: text and bytes in, bytes and a [Report] out. The package knows the tools' output formats and nothing of how
// the PTX came to be.
package ptxas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Assembler is one installed ptxas. It is safe for concurrent use.
type Assembler struct {
	path, version string
}

// Path is the executable.
func (a *Assembler) Path() string { return a.path }

// Version is ptxas', "13.5.37".
func (a *Assembler) Version() string { return a.version }

// Suspect is a warning about this version, or empty: 12.8 to 13.0 are reported to miscompile some Hopper kernels.
func (a *Assembler) Suspect() string {
	var major, minor int
	fmt.Sscanf(a.version, "%d.%d", &major, &minor)
	switch {
	case major == 12 && minor >= 8, major == 13 && minor == 0:
		return "ptxas " + a.version + " is reported to miscompile some Hopper kernels; take 13.1 or later"
	case major < 12:
		return "ptxas " + a.version + " is older than sm_90a; take 13.1 or later"
	}
	return ""
}

// Usage is what one function takes.
type Usage struct {
	Name        string
	Registers   int // 32-bit registers a thread
	Stack       int // bytes of local memory a thread
	SpillStores int // bytes
	SpillLoads  int // bytes
	Shared      int // bytes of static shared memory
	Barriers    int
}

// Warning is something ptxas remarked.
type Warning struct {
	Code string // "C7510", or empty
	Text string
}

// Serious reports whether a warning means that the kernel will not run as it was written: ptxas put wgmma in series, ignored
// setmaxnreg, or the like (the C75xx family, "Potential Performance Loss").
func (w Warning) Serious() bool {
	return strings.HasPrefix(w.Code, "C75") || strings.Contains(w.Text, "Potential Performance Loss")
}

// Report is what ptxas says of a module. The embedded Usage is the greatest of its kernels' in every number.
type Report struct {
	Usage
	Kernels  []Usage // in the order of ptxas
	Warnings []Warning
	Time     time.Duration // of the whole call
}

// Spills reports whether any kernel of the module spills registers to memory.
func (r Report) Spills() bool { return r.SpillStores > 0 || r.SpillLoads > 0 }

// Problem is one error of ptxas.
type Problem struct {
	Line int // 1-based line of the PTX; 0 if none was said
	Text string
}

// Error is a rejected module.
type Error struct {
	CPU      string
	Problems []Problem // one at least
}

// Error names the first problem and counts the others.
func (e *Error) Error() string {
	p := e.Problems[0]
	s := fmt.Sprintf("ptxas rejects the PTX for %s: %s", e.CPU, p.Text)
	if p.Line > 0 {
		s = fmt.Sprintf("ptxas rejects the PTX for %s at its line %d: %s", e.CPU, p.Line, p.Text)
	}
	if n := len(e.Problems) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

var cpuName = regexp.MustCompile(`^sm_[0-9]{2,3}[af]?$`)

// Assemble turns PTX into a cubin for a CPU such as "sm_90a". A rejected module is an *Error.
func (a *Assembler) Assemble(ctx context.Context, ptx []byte, cpu string) (cubin []byte, rep Report, err error) {
	if !cpuName.MatchString(cpu) {
		return nil, rep, &Error{cpu, []Problem{{0, fmt.Sprintf("%q is no name of a GPU; expected one such as sm_90a", cpu)}}}
	}
	start := time.Now()
	dir, err := os.MkdirTemp("", "girih-ptxas-")
	if err != nil {
		return nil, rep, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, inputName), ptx, 0o600); err != nil {
		return nil, rep, err
	}
	cmd := exec.CommandContext(ctx, a.path, "-v", "-arch="+cpu, inputName, "-o", "out.cubin")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	runErr := cmd.Run()
	if ctx.Err() != nil {
		return nil, rep, ctx.Err()
	}
	rep, problems := parse(out.String())
	rep.Time = time.Since(start)
	if runErr != nil {
		var exit *exec.ExitError
		if !errors.As(runErr, &exit) {
			return nil, rep, fmt.Errorf("ptxas did not run: %w", runErr)
		}
		if len(problems) == 0 {
			problems = []Problem{{0, fmt.Sprintf("it ended with %s: %s", exit.ProcessState, strings.TrimSpace(out.String()))}}
		}
		return nil, rep, &Error{cpu, problems}
	}
	cubin, err = os.ReadFile(filepath.Join(dir, "out.cubin"))
	return cubin, rep, err
}

// inputName is the file that ptxas reads; its messages repeat it.
const inputName = "kernel.ptx"
