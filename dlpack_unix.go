//go:build (darwin || freebsd || linux || netbsd) && (amd64 || arm64)

package girih

import (
	"sync"

	"github.com/ebitengine/purego"
)

// dlDeleter is the C function that gives exported tensors back. Callbacks are never freed: there is one, and it looks
// the tensor up.
func dlDeleter() (uintptr, error) { return theDeleter(), nil }

var theDeleter = sync.OnceValue(func() uintptr {
	return purego.NewCallback(func(m *dlManagedTensor) uintptr {
		if m != nil {
			dlRelease(m.manager)
		}
		return 0
	})
})

// dlCall calls a deleter.
func dlCall(fn, managed uintptr) { purego.SyscallN(fn, managed) }
