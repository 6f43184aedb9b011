//go:build !((darwin || freebsd || linux || netbsd) && amd64)

package cuda

const launchAllocates = true

// invoke is the call of the launch path. Without a stub of our own for this platform it goes through purego, which
// allocates 208 bytes a call.
func invoke(fn uintptr, args *[11]uintptr) uintptr { return syscallN(fn, args[:]) }
