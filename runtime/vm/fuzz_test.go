package vm

import (
	"context"
	"testing"
	"time"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/stretchr/testify/assert"
)

// Whatever the reader and the verifier let through, the VM runs or refuses with an error of its own.
func FuzzRun(f *testing.F) {
	for _, text := range []string{addText, softmaxText, matmulText("u3", "i32", "f6e3m2"), pipelineText} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ir.Parse(text)
		if err != nil {
			return
		}
		g, err := New(k, Options{Check: len(text)%2 == 0, Exact: len(text)%3 == 0})
		if err != nil || g.p.bytes > 1<<20 {
			return
		}
		named, dims := map[string]runtime.Arg{}, map[string]int64{}
		for i, d := range k.Dims {
			dims[d.Name] = int64(i + 3)
			if d.Static >= 0 {
				dims[d.Name] = d.Static
			}
		}
		for _, p := range g.Kernel().Params {
			if p.Value.Type.Kind != ir.Tensor {
				named[p.Name] = runtime.Int(1)
				continue
			}
			shape, err := p.Shape(dims)
			if err != nil {
				return
			}
			size := 1
			for _, n := range shape {
				if size *= min(n, 1<<20); size > 1<<20 {
					return
				}
			}
			named[p.Name] = runtime.Tensor(random(1, p.Value.Type.Elem, shape...))
		}
		args, err := runtime.Arguments(g.Kernel(), named, dims)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if _, err = g.Run(ctx, args); err != nil {
			assert.NotContains(t, err.Error(), "internal error")
		}
	})
}
