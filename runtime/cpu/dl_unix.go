//go:build (darwin || freebsd || linux || netbsd) && (amd64 || arm64)

package cpu

import "github.com/ebitengine/purego"

func dlopen(path string) (uintptr, error) {
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func dlsym(lib uintptr, name string) (uintptr, error) { return purego.Dlsym(lib, name) }

func dlclose(lib uintptr) error { return purego.Dlclose(lib) }

// syscallN calls a C function of three addresses.
//
//go:uintptrescapes
func syscallN(fn, a, b, c uintptr) uintptr {
	r, _, _ := purego.SyscallN(fn, a, b, c)
	return r
}
