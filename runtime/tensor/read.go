package tensor

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// readData reads exactly n bytes of tensor data. Memory is taken as bytes arrive, so that a header that claims more
// than the file holds costs no more than the file; a known length is checked before anything is read.
func readData(r io.Reader, n int) ([]byte, error) {
	if have, ok := remaining(r); ok {
		if have < int64(n) {
			return nil, fmt.Errorf("the file is truncated: its header promises %d bytes of data, but %d follow", n, have)
		}
		data := make([]byte, n)
		_, err := io.ReadFull(r, data)
		return data, err
	}
	var b bytes.Buffer
	got, err := io.CopyN(&b, r, int64(n))
	if err == io.EOF {
		return nil, fmt.Errorf("the file is truncated: its header promises %d bytes of data, but %d follow", n, got)
	}
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// remaining is how many bytes a reader still has, where it can tell.
func remaining(r io.Reader) (int64, bool) {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len()), true
	case *os.File:
		info, err := r.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		at, err := r.Seek(0, io.SeekCurrent)
		return info.Size() - at, err == nil
	}
	return 0, false
}

// writeFile writes through a temporary file beside the target and renames it, so that a failure leaves nothing behind
// and never half a file under the wanted name. What is no regular file (/dev/stdout, a pipe) is written to directly.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if info, serr := os.Stat(path); serr == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if err := write(f); err != nil {
			f.Close()
			return fmt.Errorf("%s: %w", path, err)
		}
		return f.Close()
	}
	tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
