//go:build !((darwin || freebsd || linux || netbsd || windows) && (amd64 || arm64))

package cuda

import "errors"

// No library can be loaded on this platform: Open says so.
var libraries []string

func dlopen(string) (uintptr, error)         { return 0, errors.ErrUnsupported }
func dlsym(uintptr, string) (uintptr, error) { return 0, errors.ErrUnsupported }
func syscallN(uintptr, []uintptr) uintptr    { return 801 } // CUDA_ERROR_NOT_SUPPORTED
