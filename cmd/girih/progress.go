package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress shows on a terminal what is being done, once it takes longer than a second. Where standard error is no terminal it
// shows nothing.
type progress struct {
	w     io.Writer // nil shows nothing
	mu    sync.Mutex
	text  string
	since time.Time
	shown bool
	done  chan struct{}
	wait  sync.WaitGroup
}

// progress starts a line of progress; stop takes it away.
func (a *app) progress() *progress {
	p := &progress{since: time.Now(), done: make(chan struct{})}
	if f, ok := a.errs.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return p
	}
	p.w = a.errs
	p.wait.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-tick.C:
				p.draw()
			}
		}
	})
	return p
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := time.Since(p.since); d >= time.Second && p.text != "" {
		fmt.Fprintf(p.w, "\r\x1b[K%s … %.0f s", clean(p.text), d.Seconds())
		p.shown = true
	}
}

// say tells what is being done now.
func (p *progress) say(text string) {
	p.mu.Lock()
	p.text = text
	p.mu.Unlock()
}

// stop takes the line away. It may be called twice.
func (p *progress) stop() {
	select {
	case <-p.done:
		return
	default:
		close(p.done)
	}
	p.wait.Wait()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
