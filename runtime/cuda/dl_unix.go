//go:build (darwin || freebsd || linux || netbsd) && (amd64 || arm64)

package cuda

import "github.com/ebitengine/purego"

// libraries are the names to try, in order. The last is where the Windows Subsystem for Linux keeps its driver.
var libraries = []string{"libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"}

func dlopen(path string) (uintptr, error) {
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func dlsym(lib uintptr, name string) (uintptr, error) { return purego.Dlsym(lib, name) }

func syscallN(fn uintptr, args []uintptr) uintptr {
	r, _, _ := purego.SyscallN(fn, args...)
	return r
}
