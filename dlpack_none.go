//go:build !((darwin || freebsd || linux || netbsd) && (amd64 || arm64))

package girih

import (
	"errors"
	"runtime"
)

func dlDeleter() (uintptr, error) {
	return 0, errors.New("DLPack is not supported on " + runtime.GOOS + "/" + runtime.GOARCH)
}

// dlCall leaks what it cannot give back: C functions are not called here.
func dlCall(fn, managed uintptr) {}
