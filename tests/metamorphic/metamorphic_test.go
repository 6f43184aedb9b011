package metamorphic

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/threadvm"
	"github.com/girih-lang/girih/tests/conform"
)

// refusals are the codes with which a target may refuse a variant: too much shared memory, too many registers, two pins that contradict each
// other, a packed tensor read in two orders.
var refusals = map[string]bool{"G0503": true, "G0504": true, "G0406": true, "G0410": true}

func TestLayoutsDoNotMatter(t *testing.T) {
	target, err := compile.Target("sm_90a")
	require.NoError(t, err)
	perKernel := map[string]int{}
	ran, refused := 0, 0
	for i, c := range conform.Cases() {
		if perKernel[c.Kernel]++; perKernel[c.Kernel] > 16 || size(c) > 1<<22 {
			continue
		}
		p, err := c.Prepare(context.Background())
		require.NoError(t, err)
		for v := range 6 {
			k := p.Kernel.Clone()
			what := Variant(k, rand.New(rand.NewPCG(uint64(i), uint64(v))))
			t.Run(c.String(), func(t *testing.T) {
				t.Logf("case %d variant %d: %s", i, v, what)
				defer func() {
					if x := recover(); x != nil {
						t.Errorf("panic: %v\n%s", x, debug.Stack())
					}
				}()
				code, err := compile.Thread(k, target, compile.Options{Verify: true})
				var e *passes.Error
				if errors.As(err, &e) && refusals[e.Code] {
					refused++
					t.Skip(err)
				}
				require.NoError(t, err)
				prog, err := threadvm.New(code.Thread, code.Kernel)
				require.NoError(t, err)
				got, err := conform.Results(context.Background(), prog, code.Kernel, p.Args, p.Case.Dims)
				require.NoError(t, err)
				require.NoError(t, p.Compare(got))
				ran++
			})
		}
	}
	t.Logf("%d ran, %d were refused", ran, refused)
	require.Greater(t, ran, refused)
}

// size is the work of a case, roughly.
func size(c conform.Case) int64 {
	n := int64(1)
	for _, d := range c.Dims {
		n *= d
	}
	return n
}
