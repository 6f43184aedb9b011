package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

// replaceFile puts a file in place whole, or leaves what was there.
func replaceFile(path string, data []byte) error {
	return replaceAll(map[string][]byte{path: data}, false)
}

// replaceFiles does it for several, and makes the directories that are missing.
func replaceFiles(files map[string][]byte) error { return replaceAll(files, true) }

// replaceAll puts files in place whole, all of them or, as far as the file system can tell beforehand, none: each text goes to a
// file beside its place, and these are renamed when the last one is written. Directories that were made are removed again when it
// fails. What is no regular file, such as /dev/null, a pipe or a link, is written to where it stands.
func replaceAll(files map[string][]byte, dirs bool) (err error) {
	var undo []string // what was made, in order
	defer func() {
		if err != nil {
			for _, path := range slices.Backward(undo) {
				os.Remove(path) // a directory that has got other files stays
			}
		}
	}()
	temps := map[string]string{}
	paths := slices.Sorted(maps.Keys(files))
	for _, path := range paths {
		mode := os.FileMode(0o666)
		if info, err := os.Lstat(path); err == nil {
			if !info.Mode().IsRegular() {
				continue
			}
			mode = info.Mode().Perm()
		} else if dirs {
			if err := makeDirs(filepath.Dir(path), &undo); err != nil {
				return wrote(path, err)
			}
		}
		tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
		f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return wrote(path, err)
		}
		undo = append(undo, tmp)
		_, err = f.Write(files[path])
		if err = errors.Join(err, f.Close()); err != nil {
			return wrote(path, err)
		}
		temps[path] = tmp
	}
	for _, path := range paths {
		if tmp, ok := temps[path]; ok {
			err = os.Rename(tmp, path)
		} else {
			err = os.WriteFile(path, files[path], 0o666)
		}
		if err != nil {
			return wrote(path, err)
		}
	}
	return nil
}

// makeDirs is os.MkdirAll that tells what it made.
func makeDirs(dir string, made *[]string) error {
	if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
		return nil
	}
	if err := makeDirs(filepath.Dir(dir), made); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o777)
	if err == nil {
		*made = append(*made, dir)
	}
	return err
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
