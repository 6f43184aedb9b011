package main

import (
	"errors"
	"fmt"
	"os"
)

// write writes to standard output.
func (a *app) write(data []byte) error {
	if _, err := a.out.Write(data); err != nil {
		return runtimef("standard output: %w", err)
	}
	return nil
}

// output writes a file whole, or to standard output where the path is -.
func (a *app) output(path string, data []byte) error {
	if path == "-" {
		return a.write(data)
	}
	return replaceFile(path, data)
}

// replaceFile puts a file in place whole, or leaves what was there: the text goes to a file beside it, which is then renamed.
// What is no regular file, such as /dev/null, a pipe or a link, is written to where it stands.
func replaceFile(path string, data []byte) (err error) {
	mode := os.FileMode(0o666)
	if info, err := os.Lstat(path); err == nil {
		if !info.Mode().IsRegular() {
			return wrote(path, os.WriteFile(path, data, mode))
		}
		mode = info.Mode().Perm()
	}
	tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return wrote(path, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(tmp))
	}
	return wrote(path, err)
}

// wrote words an error of writing a file.
func wrote(path string, err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if err != nil {
		return runtimef("%s cannot be written: %w", path, err)
	}
	return nil
}
