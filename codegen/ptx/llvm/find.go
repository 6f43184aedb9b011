package llvm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// EnvDriver is the environment variable that picks the driver: "inprocess", "process" or "off"; unset or empty for the best
// that exists.
const EnvDriver = "GIRIH_LLVM"

// EnvDir is the environment variable that names the prefix of an LLVM installation (with bin and lib in it), searched
// before the usual places.
const EnvDir = "GIRIH_LLVM_DIR"

// ErrMissing is the cause of Find's error where LLVM is not installed or is switched off.
var ErrMissing = errors.New("LLVM is not available")

// Find gives the driver to use: in process where libLLVM is found, with processes to fall back on where LLVM stops being
// trusted, else processes. Its error wraps ErrMissing and says how to install LLVM.
func Find() (Driver, error) {
	switch v := os.Getenv(EnvDriver); v {
	case "":
	case "inprocess":
		d, err := InProcess()
		if err != nil {
			return nil, missing(err)
		}
		return d, nil
	case "process":
		d, err := Process()
		if err != nil {
			return nil, missing(err)
		}
		return d, nil
	case "off":
		return nil, fmt.Errorf("%w: %s=off", ErrMissing, EnvDriver)
	default:
		return nil, fmt.Errorf("%w: %s=%q is not one of inprocess, process, off", ErrMissing, EnvDriver, v)
	}
	d, err1 := InProcess()
	if err1 == nil {
		return fallback{d}, nil
	}
	d, err2 := Process()
	if err2 == nil {
		return d, nil
	}
	return nil, missing(errors.Join(err1, err2))
}

func missing(why error) error {
	return fmt.Errorf("%w: %w; install it with `apt-get install llvm-%d`", ErrMissing, why, Major)
}

// fallback is the in-process driver until it declines, then processes.
type fallback struct{ Driver }

func (f fallback) Compile(ctx context.Context, module []byte, o Options) (Result, error) {
	r, err := f.Driver.Compile(ctx, module, o)
	var e *Error
	if errors.As(err, &e) && e.Stage == StageCrash {
		if p, perr := Process(); perr == nil {
			return p.Compile(ctx, module, o)
		}
	}
	return r, err
}

// prefixes are the places where installations of LLVM live.
func prefixes() []string {
	var p []string
	if dir := os.Getenv(EnvDir); dir != "" {
		p = append(p, dir)
	}
	v := fmt.Sprint(Major)
	p = append(p, "/usr/lib/llvm-"+v, "/usr/lib64/llvm"+v, "/usr/lib/llvm"+v, "/usr/local")
	if runtime.GOOS == "darwin" {
		p = append(p, "/opt/homebrew/opt/llvm@"+v, "/usr/local/opt/llvm@"+v)
	}
	return p
}

// libraryPaths are the names under which to open libLLVM, best first. Names without a directory are looked up by the system's
// own rules (LD_LIBRARY_PATH, the linker's cache).
func libraryPaths() []string {
	names := []string{fmt.Sprintf("libLLVM.so.%d.1", Major), fmt.Sprintf("libLLVM-%d.so.1", Major), fmt.Sprintf("libLLVM-%d.so", Major)}
	if runtime.GOOS == "darwin" {
		names = []string{"libLLVM.dylib"}
	}
	var paths []string
	dirs := prefixes()
	if os.Getenv(EnvDir) == "" {
		paths = append(paths, names...)
	} else { // a named installation comes first, the rest is a fallback
		for _, n := range names {
			paths = append(paths, filepath.Join(dirs[0], "lib", n))
		}
		paths, dirs = append(paths, names...), dirs[1:]
	}
	for _, dir := range dirs {
		for _, n := range names {
			p := filepath.Join(dir, "lib", n)
			if _, err := os.Stat(p); err == nil {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// toolPaths are the pairs of opt and llc to try, best first.
func toolPaths() [][2]string {
	v := fmt.Sprintf("-%d", Major)
	in := func(dir, suffix string) [2]string {
		return [2]string{filepath.Join(dir, "opt"+suffix), filepath.Join(dir, "llc"+suffix)}
	}
	var pairs [][2]string
	dirs := prefixes()
	if os.Getenv(EnvDir) != "" {
		pairs = append(pairs, in(filepath.Join(dirs[0], "bin"), ""))
		dirs = dirs[1:]
	}
	pairs = append(pairs, in("", v), in("", ""))
	for _, dir := range dirs {
		pairs = append(pairs, in(filepath.Join(dir, "bin"), ""))
	}
	return pairs
}
