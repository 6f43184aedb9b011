//go:build !(linux || darwin || freebsd)

package llvm

import (
	"errors"
	"runtime"
)

// MaxFatal is of no use where there is no in-process driver.
const MaxFatal = 0

// InProcess is not available on this system: opt and llc are.
func InProcess() (Driver, error) {
	return nil, errors.New("LLVM is not driven in process on " + runtime.GOOS)
}
