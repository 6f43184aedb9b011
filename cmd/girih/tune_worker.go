package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The two ends of a pipe: tune asks on the worker's standard input, one JSON object a line, and the worker answers on its
// standard output. A worker that answers no more is killed, and another one takes its place.

// question is a candidate to check and to time.
type question struct {
	Values  map[string]int64 `json:"values"`
	NoSplit bool             `json:"no_split,omitempty"`
	Samples int              `json:"samples"`
}

// answer is what became of it. The first answer of a worker has Ready alone.
type answer struct {
	Ready  bool    `json:"ready,omitempty"`
	Status string  `json:"status,omitempty"` // ok, wrong, failed
	Time   float64 `json:"time_us,omitempty"`
	Error  float64 `json:"error,omitempty"`
	Why    string  `json:"why,omitempty"`
	Fatal  bool    `json:"fatal,omitempty"` // the device is of no use to this process any more
}

// workerArgs are the arguments of the worker: those of the command line that say which kernel with which data.
func (c *tuneCmd) workerArgs(check checking) []string {
	args := []string{"tune-worker", "--on", c.On, "--reference", check.dir, "--seed", strconv.FormatUint(c.Seed, 10), "--check-shape", commas(check.dims)}
	for _, d := range c.Define {
		args = append(args, "-D", d)
	}
	if len(c.Shape) > 0 {
		args = append(args, "--shape", strings.Join(c.Shape, ","))
	}
	for _, in := range c.In {
		args = append(args, "--in", in)
	}
	if c.NoIn {
		args = append(args, "--no-input")
	}
	if c.NoS {
		args = append(args, "--no-specialise")
	}
	args = append(args, "--", c.File)
	if c.Kernel != "" {
		args = append(args, c.Kernel)
	}
	return args
}

func commas(dims map[string]int64) string { return strings.ReplaceAll(extents(dims), " ", ",") }

// worker is a process that runs candidates, started when there is something for it.
type worker struct {
	a     *app
	args  []string
	limit time.Duration

	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan answer
	errs    *tail
	fails   int // starts in a row that failed
}

// startLimit is how long a worker may take to make its inputs.
const startLimit = 5 * time.Minute

func (w *worker) start() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	w.cmd = exec.Command(exe, w.args...)
	w.errs = &tail{}
	w.cmd.Stderr = w.errs
	w.cmd.WaitDelay = time.Second // for pipes that a child of a killed worker may hold
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.cmd.Start(); err != nil {
		return err
	}
	answers := make(chan answer)
	w.answers = answers
	go func() {
		defer close(answers)
		d := json.NewDecoder(out)
		for {
			var x answer
			if d.Decode(&x) != nil {
				return
			}
			answers <- x
		}
	}()
	x, err := w.receive(startLimit)
	switch {
	case err != nil:
		return fmt.Errorf("the worker did not start: %w", err)
	case !x.Ready:
		w.kill()
		return fmt.Errorf("the worker did not start: %s", x.Why)
	}
	return nil
}

var errHung = errors.New("it did not answer in time")

// receive waits for an answer. A worker that gives none is gone afterwards.
func (w *worker) receive(limit time.Duration) (answer, error) {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case x, ok := <-w.answers:
		if ok {
			return x, nil
		}
		err := w.cmd.Wait()
		w.cmd = nil
		text := w.errs.last()
		if err != nil && text != "" {
			return answer{}, fmt.Errorf("%w: %s", err, text)
		}
		if err == nil {
			err = errors.New("the process ended")
		}
		return answer{}, err
	case <-t.C:
		w.kill()
		return answer{}, errHung
	case <-w.a.ctx.Done():
		w.kill()
		return answer{}, w.a.ctx.Err()
	}
}

func (w *worker) kill() {
	if w.cmd == nil {
		return
	}
	_ = w.cmd.Process.Kill()
	for range w.answers { // until the pipe closes
	}
	_ = w.cmd.Wait()
	w.cmd = nil
}

func (w *worker) stop() {
	if w.cmd == nil {
		return
	}
	w.in.Close()
	done := time.AfterFunc(5*time.Second, func() { _ = w.cmd.Process.Kill() })
	for range w.answers {
	}
	_ = w.cmd.Wait()
	done.Stop()
	w.cmd = nil
}

// measure has a candidate checked and timed, and fills in what became of it.
func (w *worker) measure(t *tried, samples int) {
	if w.fails > 2 {
		t.Status, t.Why = "failed", "no worker starts any more"
		return
	}
	if w.cmd == nil {
		if err := w.start(); err != nil {
			w.fails++
			t.Status, t.Why = "failed", firstLine(err.Error())
			return
		}
		w.fails = 0
	}
	_ = json.NewEncoder(w.in).Encode(question{t.Values, t.choice.NoSplit, samples}) // that the worker is gone shows when it should answer
	x, err := w.receive(w.limit)
	switch {
	case errors.Is(err, errHung):
		t.Status, t.Why = "hung", fmt.Sprintf("no result within %s", w.limit)
	case err != nil:
		t.Status, t.Why = "crashed", firstLine(err.Error())
	default:
		t.Status, t.Time, t.Error, t.Why = x.Status, x.Time, x.Error, x.Why
		if x.Fatal {
			w.stop()
		}
	}
}

// tail keeps the end of what is written to it.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if n := len(t.data); n > 4096 {
		t.data = slices.Clone(t.data[n-4096:])
	}
	return len(p), nil
}

// last is the first line of the message that matters: that of a panic or a fatal error, else the last line.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.data)), "\n")
	for _, l := range lines {
		if strings.HasPrefix(l, "panic:") || strings.HasPrefix(l, "fatal error:") || strings.HasPrefix(l, "SIG") {
			return l
		}
	}
	return lines[len(lines)-1]
}
