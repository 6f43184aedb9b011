package cpu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"time"

	"github.com/girih-lang/girih/runtime/cache"
)

// ErrNoCompiler is what errors.Is finds when there is no C compiler; the VM runs everything without one.
var ErrNoCompiler = errors.New("no C compiler found")

// Compiler is a C compiler that takes the options of GCC: GCC, Clang, or a program before them such as ccache.
type Compiler struct {
	Path string   // of the executable
	Args []string // that always come first, from GIRIH_CC

	mu       sync.Mutex
	identity string // empty until it is known
}

// flags are the options of every compilation. Floats are IEEE 754 to the letter except for the flags and errno, which nobody
// reads; that is enough for vector code.
var flags = []string{"-O3", "-std=c11", "-fPIC", "-shared", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"}

// Flags are the options for this machine, or for any of its architecture.
func Flags(portable bool) []string {
	f := append([]string{}, flags...)
	if !portable {
		f = append(f, "-march=native")
		if goruntime.GOARCH == "amd64" { // compilers stay at half of AVX-512's width unless told
			f = append(f, "-mprefer-vector-width=512")
		}
	}
	return f
}

// Find returns the C compiler: $GIRIH_CC, which may have arguments, else the first of cc, gcc and clang in the path. The error
// says what was looked for and how to get one; errors.Is reports ErrNoCompiler.
func Find() (*Compiler, error) {
	if env := strings.Fields(os.Getenv("GIRIH_CC")); len(env) > 0 {
		path, err := exec.LookPath(env[0])
		if err != nil {
			return nil, fmt.Errorf("%w: GIRIH_CC is %q: %w", ErrNoCompiler, os.Getenv("GIRIH_CC"), err)
		}
		return &Compiler{Path: path, Args: env[1:]}, nil
	}
	for _, name := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			return &Compiler{Path: path}, nil
		}
	}
	return nil, fmt.Errorf("%w: looked for cc, gcc and clang; %s, or name one in GIRIH_CC", ErrNoCompiler, howTo())
}

func howTo() string {
	switch goruntime.GOOS {
	case "darwin":
		return "run xcode-select --install"
	case "windows":
		return "kernels are not compiled on Windows yet, use the vm"
	}
	return "install one (apt install gcc, dnf install gcc, apk add gcc musl-dev)"
}

// Identity is a text that changes when the compiler could generate other code for this machine: its version and all that
// it predefines, which includes the features of the processor. It starts the compiler when cached does not have it.
func (c *Compiler) Identity(ctx context.Context, cached *cache.Cache) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.identity != "" {
		return c.identity, nil
	}
	ask := func() (map[string][]byte, map[string]string, error) {
		out, err := c.run(ctx, nil, append(Flags(false), "-dM", "-E", "-x", "c", "-")...)
		return map[string][]byte{"macros": out}, map[string]string{"kind": "c compiler", "path": c.Path}, err
	}
	stat := c.fingerprint()
	if stat == "" { // nothing to tell an update by: ask each time
		files, _, err := ask()
		if err != nil {
			return "", err
		}
		c.identity = "macros\n" + string(files["macros"])
		return c.identity, nil
	}
	e, _, err := cached.Do(cache.NewKey("cc identity", stat), ask)
	if err != nil {
		return "", err
	}
	c.identity = stat + "\n" + string(e.Files["macros"])
	return c.identity, nil
}

// fingerprint tells compilers and machines apart without starting a process; empty where that is not known how.
func (c *Compiler) fingerprint() string {
	cpu := processor()
	path, err := filepath.EvalSymlinks(c.Path)
	if err != nil || cpu == "" {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil || len(c.Args) > 0 { // arguments may name another compiler
		return ""
	}
	return fmt.Sprintf("%s %d %s %s %s", path, info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano), goruntime.GOARCH, cpu)
}

// processor reads model and features of the first processor. Only the head of the file is read: on large machines the
// kernel takes long to make all of it.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 8192)
	n, _ := f.Read(b)
	var out []string
	for line := range bytes.Lines(b[:n]) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		switch string(bytes.TrimSpace(name)) {
		case "vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "CPU part", "isa":
			out = append(out, string(bytes.TrimSpace(rest)))
		}
		if len(bytes.TrimSpace(line)) == 0 && len(out) > 0 {
			break
		}
	}
	return strings.Join(out, ";")
}

// CompileError is a compiler that refused the text that girih gave it.
type CompileError struct {
	Symbol  string
	Command string
	Stderr  string
	Err     error
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("internal error: the C compiler refused the code of %s (%v):\n%s\nThe command was %s. Please report this at https://github.com/girih-lang/girih/issues with the kernel and the output of: girih build --target cpu --emit c",
		e.Symbol, e.Err, strings.TrimSpace(e.Stderr), e.Command)
}

func (e *CompileError) Unwrap() error { return e.Err }

// Compile makes a shared object of a C text and returns its bytes.
func (c *Compiler) Compile(ctx context.Context, symbol string, text []byte, flags []string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "girih-cc-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "kernel.so")
	args := append(append([]string{}, flags...), "-x", "c", "-", "-o", out, "-lm")
	if _, err := c.run(ctx, text, args...); err != nil {
		var ce *CompileError
		if errors.As(err, &ce) {
			ce.Symbol = symbol
		}
		return nil, err
	}
	return os.ReadFile(out)
}

func (c *Compiler) run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	args = append(append([]string{}, c.Args...), args...)
	cmd := exec.CommandContext(ctx, c.Path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil, fmt.Errorf("cannot start the C compiler %s: %w", c.Path, err)
	}
	return nil, &CompileError{Command: strings.Join(append([]string{c.Path}, args...), " "), Stderr: stderr.String(), Err: err}
}
