//go:build (darwin || freebsd || linux || netbsd) && amd64

package cuda

import "unsafe"

// ccallFrame is one C call of up to eleven integers: the frame that ccall_amd64.s reads.
type ccallFrame struct {
	fn   uintptr
	args [11]uintptr
	ret  uintptr
}

// launchAllocates says whether invoke costs an allocation, for the test of Launch.
const launchAllocates = false

var ccallABI0 uintptr // the address of ccall

// runtime.cgocall switches to the system stack and calls fn(arg) there. It keeps this name and signature for purego and
// others that do as it does. purego's own SyscallN goes the same way but puts 208 bytes on the heap for each call, for a
// compiler that cannot see that cgocall keeps nothing; noescape says so.
//
//go:noescape
//go:linkname runtime_cgocall runtime.cgocall
func runtime_cgocall(fn uintptr, arg unsafe.Pointer) int32

// invoke is the call of the launch path: the frame lives on the goroutine's stack, which does not move during a call
// that makes no callbacks into Go. The launch entry points make none.
func invoke(fn uintptr, args *[11]uintptr) uintptr {
	f := ccallFrame{fn: fn, args: *args}
	runtime_cgocall(ccallABI0, unsafe.Pointer(&f))
	return f.ret
}
