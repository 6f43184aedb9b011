package cuda

import (
	"math"
	"time"
	"unsafe"
)

// Stream is a queue of work that runs in order. The nil *Stream is the device's default stream; streams made here do
// not wait for it, nor it for them.
type Stream struct {
	dev    *Device
	handle uintptr
}

// NewStream makes a stream. Close it.
func (d *Device) NewStream() (*Stream, error) {
	const nonBlocking = 1
	s := &Stream{dev: d}
	if err := d.do("cuStreamCreate", d.drv.streamCreate, uintptr(unsafe.Pointer(&s.handle)), nonBlocking); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stream) raw() uintptr {
	if s == nil {
		return 0
	}
	return s.handle
}

// Sync waits for the work of the stream and returns the error of a kernel that failed. For the default stream use
// Device.Sync.
func (s *Stream) Sync() error {
	return s.dev.do("cuStreamSynchronize", s.dev.drv.streamSynchronize, s.handle)
}

// Wait makes later work of the stream wait for an event.
func (s *Stream) Wait(e *Event) error {
	return s.dev.do("cuStreamWaitEvent", s.dev.drv.streamWaitEvent, s.handle, e.handle, 0)
}

// Close gives the stream back; work that is queued still runs.
func (s *Stream) Close() error {
	if s == nil || s.handle == 0 {
		return nil
	}
	h := s.handle
	s.handle = 0
	return s.dev.do("cuStreamDestroy", s.dev.drv.streamDestroy, h)
}

// Event is a point in a stream, with the time at which the device got there.
type Event struct {
	dev    *Device
	handle uintptr
}

// NewEvent makes an event. Close it.
func (d *Device) NewEvent() (*Event, error) {
	e := &Event{dev: d}
	if err := d.do("cuEventCreate", d.drv.eventCreate, uintptr(unsafe.Pointer(&e.handle)), 0); err != nil {
		return nil, err
	}
	return e, nil
}

// Record puts the event behind what is queued on the stream.
func (e *Event) Record(s *Stream) error {
	return e.dev.do("cuEventRecord", e.dev.drv.eventRecord, e.handle, s.raw())
}

// Sync waits until the device has passed the event.
func (e *Event) Sync() error {
	return e.dev.do("cuEventSynchronize", e.dev.drv.eventSynchronize, e.handle)
}

// Since is the device's time from an earlier event to this one; both must have passed. The resolution is about half a
// microsecond.
func (e *Event) Since(start *Event) (time.Duration, error) {
	var ms float32
	err := e.dev.do("cuEventElapsedTime", e.dev.drv.eventElapsed, uintptr(unsafe.Pointer(&ms)), start.handle, e.handle)
	return time.Duration(math.Round(float64(ms) * 1e6)), err
}

// Close gives the event back.
func (e *Event) Close() error {
	if e.handle == 0 {
		return nil
	}
	h := e.handle
	e.handle = 0
	return e.dev.do("cuEventDestroy", e.dev.drv.eventDestroy, h)
}
