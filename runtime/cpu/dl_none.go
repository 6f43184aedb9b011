//go:build !((darwin || freebsd || linux || netbsd) && (amd64 || arm64))

package cpu

import (
	"errors"
	"runtime"
)

var errNone = errors.New("compiled kernels cannot be loaded on " + runtime.GOOS + "/" + runtime.GOARCH + "; use the vm")

func dlopen(string) (uintptr, error) { return 0, errNone }

func dlsym(uintptr, string) (uintptr, error) { return 0, errNone }

func dlclose(uintptr) error { return errNone }

func syscallN(uintptr, uintptr, uintptr, uintptr) uintptr { panic(errNone) }
