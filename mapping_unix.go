//go:build unix

package girih

import (
	"errors"
	"os"
	"syscall"
)

// mapFile maps a whole file for reading, and for writing that does not reach it.
func mapFile(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping stays
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 || info.Size() != int64(int(info.Size())) {
		return nil, errors.New("nothing to map")
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	return newMapping(data), nil
}

func unmap(data []byte) { _ = syscall.Munmap(data) }
