//go:build !((darwin || freebsd || linux || netbsd) && (amd64 || arm64))

package girih

func dlDeleter() (uintptr, error) { return 0, errNoDLPack }

// dlCall is not reached: without a deleter of ours there are no structures of this process, and others' need purego.
func dlCall(fn, managed uintptr) {}
