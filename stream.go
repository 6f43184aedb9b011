package girih

import (
	"errors"
	"sync"
	"time"

	"github.com/girih-lang/girih/runtime/cuda"
)

// Stream is a queue of launches that run in order. Streams of one GPU run beside each other and beside the default stream
// (nil): order between them is made by events or by Sync. On vm and cpu a launch is done when it returns, so that a stream
// there only keeps order for graphs. The nil Stream is no receiver.
type Stream struct {
	dev *Device
	gpu *cuda.Stream

	mu        sync.Mutex
	closed    bool
	recording *Graph
}

// NewStream makes a stream. Close it.
func (d *Device) NewStream() (*Stream, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	s := &Stream{dev: d}
	if d.gpu != nil {
		var err error
		if s.gpu, err = d.gpu.NewStream(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Stream) raw() *cuda.Stream {
	if s == nil {
		return nil
	}
	return s.gpu
}

// use enters the device for work on the stream; leave it.
func (s *Stream) use() error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errorf(ErrClosed, "the stream is closed")
	}
	return s.dev.enter()
}

// record notes a launch while the stream is captured. done says that it must not run now: the GPU's driver records by itself.
func (s *Stream) record(l *Launcher) (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return true, errorf(ErrClosed, "the stream is closed")
	}
	if s.recording == nil {
		return false, nil
	}
	s.recording.launches = append(s.recording.launches, l)
	return s.gpu == nil, nil
}

// Sync waits for the work of the stream and returns the error of a kernel that failed.
func (s *Stream) Sync() error {
	if err := s.use(); err != nil {
		return err
	}
	defer s.dev.leave()
	if s.gpu == nil {
		return nil
	}
	return s.gpu.Sync()
}

// Wait makes later work of the stream wait until an event of the same device has passed.
func (s *Stream) Wait(e *Event) error {
	if err := s.use(); err != nil {
		return err
	}
	defer s.dev.leave()
	if err := e.check(s.dev); err != nil || s.gpu == nil {
		return err
	}
	return s.gpu.Wait(e.gpu)
}

// Close gives the stream back; what is queued still runs. A second Close does nothing.
func (s *Stream) Close() error {
	if err := s.dev.enter(); err != nil {
		return nil // gone with the device
	}
	defer s.dev.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.gpu == nil {
		return nil
	}
	return s.gpu.Close()
}

// Event is a point in a stream and the time at which the device got there.
type Event struct {
	dev *Device
	gpu *cuda.Event

	mu     sync.Mutex
	at     time.Time // on vm and cpu
	closed bool
}

// Record puts an event behind what is queued on a stream, nil for the default one. Close it.
func (d *Device) Record(s *Stream) (*Event, error) {
	if s != nil {
		if s.dev != d {
			return nil, errorf(ErrDevice, "an event of %s on a stream of %s", d.name, s.dev.name)
		}
		if err := s.use(); err != nil {
			return nil, err
		}
	} else if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	e := &Event{dev: d, at: time.Now()}
	if d.gpu == nil {
		return e, nil
	}
	var err error
	if e.gpu, err = d.gpu.NewEvent(); err != nil {
		return nil, err
	}
	if err := e.gpu.Record(s.raw()); err != nil {
		return nil, errors.Join(err, e.gpu.Close())
	}
	return e, nil
}

func (e *Event) check(d *Device) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return errorf(ErrClosed, "the event is closed")
	case d != e.dev:
		return errorf(ErrDevice, "an event of %s, expected one of %s", e.dev.name, d.name)
	}
	return nil
}

// Sync waits until the device has passed the event.
func (e *Event) Sync() error {
	if err := e.dev.enter(); err != nil {
		return err
	}
	defer e.dev.leave()
	if err := e.check(e.dev); err != nil || e.gpu == nil {
		return err
	}
	return e.gpu.Sync()
}

// Since is the time from an earlier event to this one; both must have passed. On a GPU it is the device's time, with a
// resolution of about half a microsecond.
func (e *Event) Since(start *Event) (time.Duration, error) {
	if err := e.dev.enter(); err != nil {
		return 0, err
	}
	defer e.dev.leave()
	if err := errors.Join(e.check(e.dev), start.check(e.dev)); err != nil {
		return 0, err
	}
	if e.gpu == nil {
		return e.at.Sub(start.at), nil
	}
	return e.gpu.Since(start.gpu)
}

// Close gives the event back. A second Close does nothing.
func (e *Event) Close() error {
	if err := e.dev.enter(); err != nil {
		return nil // gone with the device
	}
	defer e.dev.leave()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.gpu == nil {
		e.closed = true
		return nil
	}
	e.closed = true
	return e.gpu.Close()
}
