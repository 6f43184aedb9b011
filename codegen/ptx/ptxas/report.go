package ptxas

import (
	"fmt"
	"regexp"
	"strings"
)

// What `ptxas -v` prints (13.5):
//
//	ptxas info    : Compiling entry function 'k' for 'sm_90a'
//	ptxas info    : Function properties for k
//	    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
//	ptxas info    : Used 8 registers, used 0 barriers, 1024 bytes smem
//	ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to …
//	ptxas kernel.ptx, line 9; error   : Unknown modifier '.u77'
//	ptxas fatal   : Ptx assembly aborted due to errors
var (
	reEntry = regexp.MustCompile(`Compiling entry function '([^']*)'`)
	reStack = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	reUsed  = regexp.MustCompile(`Used (\d+) registers`)
	reBar   = regexp.MustCompile(`used (\d+) barriers`)
	reSmem  = regexp.MustCompile(`(\d+)(?:\+\d+)? bytes smem`)
	reCode  = regexp.MustCompile(`\((C\d+)\)\s*`)
	reError = regexp.MustCompile(`^ptxas (?:.*, line (\d+); )?(error|fatal)\s*: (.*)$`)
	reWarn  = regexp.MustCompile(`^ptxas (?:.*, line \d+; )?(warning|info)\s*: (.*)$`)
)

// number reads the n-th group of a match.
func number(m []string, n int) (v int) {
	if len(m) > n {
		fmt.Sscan(m[n], &v)
	}
	return v
}

// parse reads ptxas' output. Lines it does not know are passed over: the format is not documented.
func parse(out string) (r Report, problems []Problem) {
	var cur *Usage
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if m := reError.FindStringSubmatch(line); m != nil {
			// The closing line of a failed run adds nothing to the errors above it.
			if !(m[2] == "fatal" && len(problems) > 0) {
				problems = append(problems, Problem{number(m, 1), strings.TrimSpace(m[3])})
			}
			continue
		}
		if m := reEntry.FindStringSubmatch(line); m != nil {
			r.Kernels = append(r.Kernels, Usage{Name: m[1]})
			cur = &r.Kernels[len(r.Kernels)-1]
			continue
		}
		if m := reWarn.FindStringSubmatch(line); m != nil {
			code := reCode.FindStringSubmatch(m[2])
			if m[1] == "warning" || code != nil {
				w := Warning{Text: strings.TrimSpace(reCode.ReplaceAllString(m[2], ""))}
				if code != nil {
					w.Code = code[1]
				}
				r.Warnings = append(r.Warnings, w)
				continue
			}
		}
		if cur == nil {
			continue
		}
		if m := reStack.FindStringSubmatch(line); m != nil {
			cur.Stack, cur.SpillStores, cur.SpillLoads = number(m, 1), number(m, 2), number(m, 3)
		}
		if m := reUsed.FindStringSubmatch(line); m != nil {
			cur.Registers = number(m, 1)
			cur.Barriers = number(reBar.FindStringSubmatch(line), 1)
			cur.Shared = number(reSmem.FindStringSubmatch(line), 1)
		}
	}
	for _, k := range r.Kernels {
		r.Registers, r.Stack = max(r.Registers, k.Registers), max(r.Stack, k.Stack)
		r.SpillStores, r.SpillLoads = max(r.SpillStores, k.SpillStores), max(r.SpillLoads, k.SpillLoads)
		r.Shared, r.Barriers = max(r.Shared, k.Shared), max(r.Barriers, k.Barriers)
	}
	return r, problems
}
