package conform

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/internal/need"
)

// What stands before the wait in the PTX of every kernel with the word: no access of what it waits for, and no store. In Linear all
// copies of weights and scales that start before the loop do, and those of the activations do not.
func TestPTXAfter(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	for _, c := range afterCases() {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			p, err := c.Prepare(context.Background())
			require.NoError(t, err)
			code, err := compile.GPU(context.Background(), p.Kernel, "sm_90a", compile.Options{Cache: store(), Verify: true})
			require.NoError(t, err)
			require.Equal(t, p.Kernel.After, code.Kernel.After)
			if code.Kernel.Persistent {
				return // LLVM takes the first place out of the loop over places, and with it the wait: it stands in the text twice
			}
			early, late := accesses(t, string(code.PTX), len(code.Kernel.Params))
			for i, q := range code.Kernel.Params {
				for _, a := range early[i] {
					require.False(t, q.Out, "%s of the result %s before the wait", a, q.Name)
					require.NotContains(t, code.Kernel.After, q.Name, "%s before the wait", a)
				}
				for _, a := range append(early[i], late[i]...) {
					require.Falsef(t, strings.Contains(a, ".nc") && slices.Contains(code.Kernel.After, q.Name), "%s of %s, which changes while the kernel runs", a, q.Name)
				}
			}
			if c.Kernel == "Linear" || c.Kernel == "Square" {
				stages := c.stages()
				// An iteration of the loop starts as many copies as each stage before it; LLVM may have put some of those into both arms of a branch.
				for i, q := range code.Kernel.Params[:3] {
					if q.Name == "x" {
						require.Empty(t, early[i])
						require.Positive(t, len(late[i]))
						require.Zero(t, len(late[i])%stages)
						continue
					}
					require.Positive(t, len(late[i]))
					require.GreaterOrEqual(t, len(early[i]), (stages-1)*len(late[i]), "copies of %s", q.Name)
				}
			}

			if c.Kernel == "Norm" && c.Dims["N"] < 5000 || c.Kernel == "Pick" {
				require.NotEmpty(t, early[1], "what need not wait")
				require.NotContains(t, strings.Join(early[1], " "), ".nc", "ptxas would take it behind the wait")
			}

			old, err := compile.GPU(context.Background(), p.Kernel, "sm_80", compile.Options{Cache: store(), Verify: true})
			require.NoError(t, err)
			require.Empty(t, old.Kernel.After, "sm_80 is launched as ever")
			require.NotContains(t, string(old.PTX), "griddepcontrol")
		})
	}
}

// stages is how many places the rings of a case have.
func (c Case) stages() int {
	if n, err := strconv.Atoi(c.Defines["stages"]); err == nil {
		return n
	}
	return map[string]int{"Linear": 3, "Square": 4}[c.Kernel]
}

var (
	register = regexp.MustCompile(`%[a-z]+\d+`)
	argument = regexp.MustCompile(`_param_(\d+)`)
	global   = regexp.MustCompile(`^(?:@%p\d+ )?((?:ld|st|red|cp\.async)\.\S*global\S*)\s`)
)

// accesses lists the instructions that touch global memory before the one wait and after it, for each parameter that their
// address comes from. Registers are followed through the text in its order.
func accesses(t *testing.T, text string, params int) (early, late map[int][]string) {
	require.Equal(t, 1, strings.Count(text, "griddepcontrol.wait;"))
	require.Equal(t, 1, strings.Count(text, "griddepcontrol.launch_dependents;"))
	_, body, _ := strings.Cut(text, "{\n")
	head, _, _ := strings.Cut(body, "griddepcontrol.launch_dependents;")
	require.False(t, global.MatchString(head), "at entry")
	early, late = map[int][]string{}, map[int][]string{}
	from := map[string]int{} // register -> the tensor whose address it holds
	to := early
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "griddepcontrol.wait") {
			to = late
			continue
		}
		regs := register.FindAllString(line, -1)
		if m := argument.FindStringSubmatch(line); m != nil && strings.HasPrefix(line, "ld.param.b64") {
			if p, _ := strconv.Atoi(m[1]); p < params { // what follows are dimensions
				from[regs[0]] = p
			}
			continue
		}
		if m := global.FindStringSubmatch(line); m != nil {
			at := line[strings.LastIndex(line, "["):]
			if p, ok := from[register.FindString(at)]; ok {
				to[p] = append(to[p], m[1])
			} else {
				t.Errorf("nobody knows where the address comes from: %s", line)
			}
			continue
		}
		if len(regs) > 1 {
			for _, r := range regs[1:] {
				if p, ok := from[r]; ok && strings.HasPrefix(r, "%rd") {
					if _, done := from[regs[0]]; !done {
						from[regs[0]] = p
					}
				}
			}
		}
	}
	return early, late
}
