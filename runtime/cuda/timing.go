package cuda

import (
	"errors"
	"slices"
	"time"
)

// TimeOptions say how Time measures. The zero value is a fair default.
type TimeOptions struct {
	Samples int  // measurements, of which the median is taken; 0 is 20
	Warmup  int  // measurements thrown away before; 0 is 3
	Calls   int  // calls of run per sample, in one graph; 0 is 1. Make it a multiple of the sets that run rotates through
	Flush   bool // clear the L2 cache before each call by writing past it; needs Calls ≤ 1
}

// Timing is the device time of one call of run.
type Timing struct {
	Median, Min, Max time.Duration
	Samples          []time.Duration // sorted
}

// ColdSets is the number of copies of a kernel's data, of the given size in bytes, to rotate through so that no call
// finds its data in the L2 cache: together they are four times as large as it.
func (d *Device) ColdSets(bytes int) int {
	if bytes <= 0 {
		return 1
	}
	return max(2, (4*d.L2+bytes-1)/bytes)
}

// Time measures what run queues on the stream, in device time between two events. Call i of run, i in 0…Calls−1, should
// use set i mod ColdSets of its data: the calls are recorded in a graph once and replayed, so that host time and launch
// gaps do not count. With Flush each sample is one call, not through a graph, on data that a write of twice the L2 cache
// has pushed out: simpler, but the time holds about 2 µs of event overhead.
func (d *Device) Time(o TimeOptions, run func(s *Stream, i int) error) (t Timing, err error) {
	samples, warmup, calls := o.Samples, o.Warmup, o.Calls
	if samples <= 0 {
		samples = 20
	}
	if warmup <= 0 {
		warmup = 3
	}
	if calls <= 0 {
		calls = 1
	}
	if o.Flush && calls > 1 {
		return t, errors.New("timing: with Flush a sample is one call")
	}
	s, err := d.NewStream()
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	// One plain call first: it loads code lazily, and its error is clearer than one out of a capture.
	if err := run(s, 0); err != nil {
		return t, err
	}
	if err := s.Sync(); err != nil {
		return t, err
	}
	once := func() error { return run(s, 0) }
	before := func() error { return nil }
	if o.Flush {
		scratch, err := d.Alloc(2 * d.L2)
		if err != nil {
			return t, err
		}
		defer d.Free(scratch)
		before = func() error { return d.MemsetAsync(scratch, 0, 2*d.L2, s) }
	} else {
		g, err := s.Capture(func() error {
			for i := range calls {
				if err := run(s, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return t, err
		}
		defer g.Close()
		once = func() error { return g.Launch(s) }
	}
	start, err := d.NewEvent()
	if err != nil {
		return t, err
	}
	defer start.Close()
	stop, err := d.NewEvent()
	if err != nil {
		return t, err
	}
	defer stop.Close()
	for i := range warmup + samples {
		for _, step := range []func() error{
			before,
			func() error { return start.Record(s) },
			once,
			func() error { return stop.Record(s) },
			stop.Sync,
		} {
			if err := step(); err != nil {
				return t, err
			}
		}
		took, err := stop.Since(start)
		if err != nil {
			return t, err
		}
		if i >= warmup {
			t.Samples = append(t.Samples, took/time.Duration(calls))
		}
	}
	slices.Sort(t.Samples)
	n := len(t.Samples)
	t.Min, t.Max = t.Samples[0], t.Samples[n-1]
	t.Median = (t.Samples[(n-1)/2] + t.Samples[n/2]) / 2
	return t, nil
}
