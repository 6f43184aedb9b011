package ptxas

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// EnvPath is the environment variable that names the ptxas to use; "off" for none.
const EnvPath = "GIRIH_PTXAS"

// ErrMissing is the cause of Find's error where there is no ptxas.
var ErrMissing = errors.New("ptxas is not available")

// install is what the errors advise.
const install = "install it with `pip install nvidia-cuda-nvcc` (13.1 or later) or a CUDA toolkit, or name one in " + EnvPath

// Find gives the ptxas to use: the one that GIRIH_PTXAS names, else the first of: .tools of a checkout of Girih (see the
// Makefile), PATH, /usr/local/cuda, Python's packages. Its error wraps ErrMissing and says how to get one.
func Find() (*Assembler, error) {
	path, err := find("ptxas", EnvPath)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s --version fails: %w; %s", ErrMissing, path, err, install)
	}
	// Cuda compilation tools, release 13.5, V13.5.37
	_, v, ok := strings.Cut(string(out), ", V")
	if !ok {
		return nil, fmt.Errorf("%w: %s --version names no version; %s", ErrMissing, path, install)
	}
	return &Assembler{path, strings.Fields(v + " ?")[0]}, nil
}

func find(name, env string) (string, error) {
	if env != "" {
		switch v := os.Getenv(env); v {
		case "":
		case "off":
			return "", fmt.Errorf("%w: %s=off", ErrMissing, env)
		default:
			if p, err := exec.LookPath(v); err == nil {
				return p, nil
			}
			return "", fmt.Errorf("%w: %s=%q is not an executable file", ErrMissing, env, v)
		}
	}
	if root := checkout(); root != "" {
		if p, ok := firstUnder(filepath.Join(root, ".tools"), name); ok {
			return p, nil
		}
	}
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	if p, ok := executable("/usr/local/cuda/bin/" + name); ok {
		return p, nil
	}
	for _, dir := range sitePackages() {
		if p, ok := firstUnder(dir, name); ok {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: %s is neither in PATH nor among Python's packages; %s", ErrMissing, name, install)
}

// checkout is the root of the checkout of Girih that the working directory lies in, or empty. The module's name is looked at:
// nobody's .tools is run only because it stands above the working directory.
func checkout() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for ; ; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil &&
			strings.HasPrefix(string(text), "module github.com/girih-lang/girih\n") {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// firstUnder finds a tool in a folder into which NVIDIA's Python packages are unpacked.
func firstUnder(dir, name string) (string, bool) {
	for _, sub := range []string{"nvidia/cu13/bin", "nvidia/cuda_nvcc/bin"} {
		if p, ok := executable(filepath.Join(dir, sub, name)); ok {
			return p, true
		}
	}
	return "", false
}

func executable(p string) (string, bool) {
	st, err := os.Stat(p)
	return p, err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
}

// sitePackages are the folders of Python's packages, those found without starting Python first.
func sitePackages() []string {
	var dirs []string
	glob := func(pattern string) {
		m, _ := filepath.Glob(pattern)
		dirs = append(dirs, m...)
	}
	if v := os.Getenv("VIRTUAL_ENV"); v != "" {
		glob(v + "/lib/python3*/site-packages")
	}
	if home, err := os.UserHomeDir(); err == nil {
		glob(home + "/.local/lib/python3*/site-packages")
		glob(home + "/.pyenv/versions/*/lib/python3*/site-packages")
	}
	glob("/usr/local/lib/python3*/*-packages")
	glob("/usr/lib/python3*/*-packages")
	return dirs
}

// FindDisassembler gives the path of nvdisasm, found as ptxas is; GIRIH_NVDISASM names another.
func FindDisassembler() (string, error) {
	path, err := find("nvdisasm", "GIRIH_NVDISASM")
	if err != nil {
		return "", errors.New("nvdisasm is not available; install it with `pip install nvidia-cuda-nvdisasm` or name one in GIRIH_NVDISASM")
	}
	return path, nil
}

// Disassemble gives the SASS of a cubin, by nvdisasm.
func Disassemble(ctx context.Context, cubin []byte) ([]byte, error) {
	path, err := FindDisassembler()
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "girih-*.cubin")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(cubin)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, "--print-code", f.Name())
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("nvdisasm: %s", strings.TrimSpace(string(exit.Stderr)+string(out)))
	}
	return out, err
}
