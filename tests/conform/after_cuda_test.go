package conform

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/compile"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/cuda"
)

// A chain of kernels, each of which reads what the one before writes while it may still run, gives the same bits as one
// after the other, in a stream and in a graph.
func TestCUDAAfter(t *testing.T) {
	dev := gpu(t)
	s, err := dev.NewStream()
	require.NoError(t, err)
	defer s.Close()
	for _, typ := range []string{"f16", "bf16"} {
		c := &chain{dev: dev, s: s}
		c.add(t, Case{"after", "Square", defs{"T": typ}, chained, nil})
		c.add(t, Case{"after", "Norm", defs{"T": typ}, chained, nil})
		c.add(t, Case{"after", "Lasting", defs{"T": typ}, chained, nil})
		c.connect(t)
		want := c.run(t, false, c.launch)
		require.NotEqual(t, make([]byte, len(want)), want)
		for range 100 {
			require.True(t, string(want) == string(c.run(t, true, c.launch)), "%s: in a stream", typ)
		}
		g, err := s.Capture(c.launch)
		require.NoError(t, err)
		for range 100 {
			require.True(t, string(want) == string(c.run(t, true, func() error { return g.Launch(s) })), "%s: in a graph", typ)
		}
		require.NoError(t, g.Close())
		c.close(t)
	}
}

// chain is kernels that pass a tensor on: the x of each is the y of the one before.
type chain struct {
	dev   *cuda.Device
	s     *cuda.Stream
	links []*link
	first []byte
	size  int
	bufs  []cuda.Ptr
}

type link struct {
	prog   *cuda.Program
	code   *compile.Code
	call   *runtime.Call
	params *cuda.Params
}

func (c *chain) alloc(t *testing.T, n int) cuda.Ptr {
	p, err := c.dev.Alloc(n)
	require.NoError(t, err)
	c.bufs = append(c.bufs, p)
	return p
}

// add compiles a kernel and gives it all arguments but x and y.
func (c *chain) add(t *testing.T, kase Case) {
	p, err := kase.Prepare(context.Background())
	require.NoError(t, err)
	code, err := compile.GPU(context.Background(), p.Kernel, c.dev.Target(), compile.Options{Cache: store(), Verify: true})
	require.NoError(t, err)
	prog, err := cuda.NewProgram(c.dev, cuda.Code{Kernel: code.Kernel, PTX: code.PTX, Threads: code.Threads, Shared: code.Shared})
	require.NoError(t, err)
	require.Equal(t, c.dev.Major >= 9, prog.Function.Dependent)
	args, err := runtime.Arguments(code.Kernel, p.Args, kase.Dims)
	require.NoError(t, err)
	l := &link{prog: prog, code: code}
	l.call, err = runtime.Check(code.Kernel, args)
	require.NoError(t, err)
	l.params = cuda.NewParams(len(args) + len(l.call.Dynamic))
	for i, q := range code.Kernel.Params {
		data := l.call.Args[i].Tensor.Data
		switch q.Name {
		case "x":
			if c.first == nil {
				c.first = data
			}
		case "y":
			c.size = max(c.size, len(data))
		default:
			if q.Pack != nil {
				data, err = runtime.Pack(l.call.Args[i].Tensor, q.Pack)
				require.NoError(t, err)
			}
			ptr := c.alloc(t, len(data))
			require.NoError(t, c.dev.CopyIn(ptr, data))
			l.params.SetPtr(i, ptr)
		}
	}
	for i, n := range l.call.Dynamic {
		l.params.SetI64(len(args)+i, n)
	}
	c.links = append(c.links, l)
}

// connect gives the kernels a buffer each to write, and the last one's to the first to read.
func (c *chain) connect(t *testing.T) {
	outs := make([]cuda.Ptr, len(c.links))
	for i := range outs {
		outs[i] = c.alloc(t, c.size)
	}
	for i, l := range c.links {
		at := func(name string) int {
			for j, q := range l.code.Kernel.Params {
				if q.Name == name {
					return j
				}
			}
			return -1
		}
		l.params.SetPtr(at("x"), outs[(i+len(outs)-1)%len(outs)])
		l.params.SetPtr(at("y"), outs[i])
	}
}

// launch queues ten rounds of the chain.
func (c *chain) launch() error {
	for range 10 {
		for _, l := range c.links {
			grid, shared, err := l.prog.LaunchShape(l.call.Grid)
			if err != nil {
				return err
			}
			if err := l.prog.Function.Launch(grid, [3]uint32{uint32(l.code.Threads), 1, 1}, shared, c.s, l.params); err != nil {
				return err
			}
		}
	}
	return nil
}

// run starts from the first kernel's argument and gives what the last one has written.
func (c *chain) run(t *testing.T, dependent bool, launch func() error) []byte {
	last := c.bufs[len(c.bufs)-1]
	require.NoError(t, c.dev.CopyIn(last, c.first))
	for _, l := range c.links {
		l.prog.Function.Dependent = dependent && len(l.code.Kernel.After) > 0
	}
	require.NoError(t, launch())
	require.NoError(t, c.s.Sync())
	got := make([]byte, c.size)
	require.NoError(t, c.dev.CopyOut(got, last))
	return got
}

func (c *chain) close(t *testing.T) {
	for _, l := range c.links {
		require.NoError(t, l.prog.Close())
	}
	for _, p := range c.bufs {
		require.NoError(t, c.dev.Free(p))
	}
}
