package llvm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// process drives the opt and llc of one installation.
type process struct {
	opt, llc, version string
}

var found struct {
	sync.Once
	d   *process
	err error
}

// Process finds opt and llc of version 22, once for the life of the process.
func Process() (Driver, error) {
	found.Do(func() { found.d, found.err = findTools() })
	if found.err != nil {
		return nil, found.err
	}
	return found.d, nil
}

func findTools() (*process, error) {
	var why error
	for _, pair := range toolPaths() {
		opt, err1 := exec.LookPath(pair[0])
		llc, err2 := exec.LookPath(pair[1])
		if err1 != nil || err2 != nil {
			continue
		}
		v, err := toolVersion(llc)
		if err != nil {
			why = errors.Join(why, fmt.Errorf("%s cannot be used: %w", llc, err))
			continue
		}
		return &process{opt, llc, v}, nil
	}
	if why != nil {
		return nil, why
	}
	return nil, fmt.Errorf("opt-%d and llc-%[1]d were not found in PATH", Major)
}

// toolVersion reads "LLVM version 22.1.8" out of what --version prints.
func toolVersion(tool string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool, "--version").Output()
	if err != nil {
		return "", err
	}
	_, after, ok := strings.Cut(string(out), "LLVM version ")
	if !ok || len(strings.Fields(after)) == 0 {
		return "", errors.New("its --version names no version of LLVM")
	}
	v := strings.Fields(after)[0]
	if !strings.HasPrefix(v, fmt.Sprintf("%d.", Major)) {
		return "", fmt.Errorf("it is LLVM %s, expected %d", v, Major)
	}
	if !strings.Contains(string(out), "nvptx64") {
		return "", errors.New("it was built without the NVPTX target")
	}
	return v, nil
}

func (d *process) Name() string    { return "process" }
func (d *process) Version() string { return d.version }
func (d *process) Path() string    { return filepath.Dir(d.opt) }

func (d *process) Compile(ctx context.Context, module []byte, o Options) (res Result, err error) {
	if err := ctx.Err(); err != nil {
		return res, err
	}
	if err := check(d.Name(), module, &o); err != nil {
		return res, err
	}
	start := time.Now()
	defer func() { res.Timings.Total = time.Since(start) }()
	target := []string{"-mtriple=" + triple, "-mcpu=" + o.CPU}
	if o.Features != "" {
		target = append(target, "-mattr="+o.Features)
	}
	optArgs := append([]string{"-passes=" + o.Passes, "-o", "-"}, target...)
	if o.Emit == LL {
		optArgs = append(optArgs, "-S")
	}
	opt := newTool(ctx, d.opt, optArgs)
	opt.Stdin = bytes.NewReader(module)
	if o.Emit == LL {
		var out bytes.Buffer
		opt.Stdout = &out
		if err := opt.Run(); err != nil {
			return res, d.explain(ctx, StagePasses, opt, err)
		}
		res.Timings.Passes = time.Since(start)
		res.Text = out.Bytes()
		return res, nil
	}

	// Both start at once, joined by a pipe: llc's start, some 15 ms, hides behind opt's.
	r, w, err := os.Pipe()
	if err != nil {
		return res, err
	}
	defer r.Close()
	var ptx bytes.Buffer
	llc := newTool(ctx, d.llc, append([]string{"-O3", "-asm-verbose=false", "-filetype=asm", "-o", "-"}, target...))
	llc.Stdin, llc.Stdout, opt.Stdout = r, &ptx, w
	if err := opt.Start(); err != nil {
		w.Close()
		return res, d.explain(ctx, StagePasses, opt, err)
	}
	llcStart := llc.Start()
	w.Close() // only opt holds the writing end now, so llc sees the end when opt does
	if llcStart != nil {
		r.Close() // opt, still writing, ends on the broken pipe
		_ = opt.Wait()
		return res, d.explain(ctx, StageCodegen, llc, llcStart)
	}
	optErr := opt.Wait()
	res.Timings.Passes = time.Since(start)
	llcErr := llc.Wait()
	res.Timings.Codegen = time.Since(start) - res.Timings.Passes
	if optErr != nil && !brokenPipe(opt) {
		return res, d.explain(ctx, StagePasses, opt, optErr)
	}
	if llcErr != nil {
		return res, d.explain(ctx, StageCodegen, llc, llcErr)
	}
	if optErr != nil {
		return res, d.explain(ctx, StagePasses, opt, optErr)
	}
	res.Text = ptx.Bytes()
	return res, nil
}

// tool is a command with its standard error.
type tool struct {
	*exec.Cmd
	stderr bytes.Buffer
}

func newTool(ctx context.Context, path string, args []string) *tool {
	t := &tool{Cmd: exec.CommandContext(ctx, path, args...)}
	t.Cmd.Stderr = &t.stderr
	// A crash prints a stack; looking up its symbols takes seconds and helps nobody here.
	t.Env = append(os.Environ(), "LLVM_DISABLE_SYMBOLIZATION=1")
	t.WaitDelay = time.Second
	return t
}

// brokenPipe reports whether opt failed only because llc had stopped reading.
func brokenPipe(t *tool) bool {
	return strings.Contains(t.stderr.String(), "Broken pipe") || strings.Contains(t.ProcessState.String(), "broken pipe")
}

// explain turns a tool's end into an Error. opt does the parsing and verifying, so its words decide between the stages.
func (d *process) explain(ctx context.Context, stage Stage, t *tool, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := t.stderr.String()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return &Error{d.Name(), StageCrash, 0, fmt.Sprintf("%s did not run: %v", t.Path, err)}
	}
	name := t.Path + ": "
	if _, after, ok := strings.Cut(text, "LLVM ERROR: "); ok { // report_fatal_error, then a stack
		before, _, _ := strings.Cut(after, "PLEASE submit a bug report")
		before, _, _ = strings.Cut(before, "\nStack dump:")
		return &Error{d.Name(), stage, 0, strings.TrimSpace(before)}
	}
	if strings.Contains(text, "PLEASE submit a bug report") || !exit.Exited() {
		return &Error{d.Name(), StageCrash, 0, fmt.Sprintf("%s ended with %s", t.Path, exit.ProcessState)}
	}
	line, msg := located(text)
	switch {
	case strings.Contains(text, "input module is broken"), strings.Contains(text, "does not verify"):
		stage = StageVerify
		msg, _, _ = strings.Cut(msg, name)
	case line > 0 && stage == StagePasses:
		stage = StageParse
	}
	msg = strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(msg, "error: ", ""), name))
	return &Error{d.Name(), stage, line, msg}
}
