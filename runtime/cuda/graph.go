package cuda

import (
	"errors"
	"unsafe"
)

// Graph is recorded work, ready to be launched as a whole: one launch for many kernels, with the arguments that they had
// when they were recorded.
type Graph struct {
	dev   *Device
	graph uintptr
	exec  uintptr
}

// Capture records what record queues on the stream, instead of running it, and makes it launchable. Only the work on
// that stream (and on streams that wait for it) is recorded; record must not synchronise, allocate or use the default
// stream. Close the graph.
func (s *Stream) Capture(record func() error) (g *Graph, err error) {
	const threadLocal = 1
	d := s.dev
	// The capture belongs to the thread from begin to end: stay on it. The calls inside lock it too, which nests.
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	if r := d.drv.call(d.drv.streamBeginCapture, s.handle, threadLocal); r != 0 {
		return nil, d.drv.err(r, "cuStreamBeginCapture")
	}
	g = &Graph{dev: d}
	ended := false
	end := func() Result {
		ended = true
		return d.drv.call(d.drv.streamEndCapture, s.handle, uintptr(unsafe.Pointer(&g.graph)))
	}
	defer func() {
		if !ended { // record panicked: the stream must not stay in capture
			end()
		}
		if err != nil || g.exec == 0 {
			err = errors.Join(err, g.Close())
			g = nil
		}
	}()
	err = record()
	if r := end(); r != 0 {
		return g, errors.Join(err, d.drv.err(r, "cuStreamEndCapture", "something in the recorded work cannot be captured"))
	}
	if err != nil {
		return g, err
	}
	if r := d.drv.call(d.drv.graphInstantiate, uintptr(unsafe.Pointer(&g.exec)), g.graph, 0); r != 0 {
		return g, d.drv.err(r, "cuGraphInstantiateWithFlags")
	}
	return g, nil
}

// Launch queues the whole graph on a stream.
func (g *Graph) Launch(s *Stream) error {
	return g.dev.do("cuGraphLaunch", g.dev.drv.graphLaunch, g.exec, s.raw())
}

// Close gives the graph back.
func (g *Graph) Close() error {
	var err error
	if g.exec != 0 {
		err = g.dev.do("cuGraphExecDestroy", g.dev.drv.graphExecDestroy, g.exec)
		g.exec = 0
	}
	if g.graph != 0 {
		err = errors.Join(err, g.dev.do("cuGraphDestroy", g.dev.drv.graphDestroy, g.graph))
		g.graph = 0
	}
	return err
}
