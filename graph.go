package girih

import (
	"context"
	"sync"

	"github.com/girih-lang/girih/runtime/cuda"
)

// Graph is recorded launches, to be launched as a whole: one call for many kernels, with the arguments that they had.
type Graph struct {
	dev      *Device
	gpu      *cuda.Graph
	launches []*Launcher

	mu     sync.Mutex
	closed bool
}

// Capture records what record launches on the stream instead of running it. On a GPU record must launch on no other stream,
// neither allocate nor wait, nor Set arguments of what it has launched; it runs on one thread. Close the graph.
func (s *Stream) Capture(record func() error) (*Graph, error) {
	if err := s.use(); err != nil {
		return nil, err
	}
	s.dev.leave() // record enters for itself
	g := &Graph{dev: s.dev}
	s.mu.Lock()
	if s.recording != nil {
		s.mu.Unlock()
		return nil, errorf(ErrArgument, "the stream is being captured already")
	}
	s.recording = g
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.recording = nil
		s.mu.Unlock()
	}()
	if s.gpu == nil {
		return g, record()
	}
	var err error
	g.gpu, err = s.gpu.Capture(record)
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Launch queues the whole graph on a stream, nil for the default one. Arguments that were freed since are ErrFreed, and
// nothing is launched. On vm and cpu the launches run one after the other, with the arguments that they have now.
func (g *Graph) Launch(ctx context.Context, s *Stream) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return errorf(ErrClosed, "the graph is closed")
	}
	if s != nil {
		if s.dev != g.dev {
			return errorf(ErrDevice, "a graph of %s on a stream of %s", g.dev.name, s.dev.name)
		}
		if err := s.use(); err != nil {
			return err
		}
		s.dev.leave()
	}
	if g.gpu == nil {
		for _, l := range g.launches {
			if err := l.Launch(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
	g.dev.mu.RLock()
	defer g.dev.mu.RUnlock()
	for _, l := range g.launches {
		if err := l.alive(); err != nil {
			return err
		}
	}
	return g.gpu.Launch(s.raw())
}

// Close gives the graph back. A second Close does nothing.
func (g *Graph) Close() error {
	if err := g.dev.enter(); err != nil {
		return nil // gone with the device
	}
	defer g.dev.leave()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	g.launches = nil
	if g.gpu == nil {
		return nil
	}
	return g.gpu.Close()
}
