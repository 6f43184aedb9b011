//go:build !unix

package girih

import "errors"

func mapFile(string) (*mapping, error) { return nil, errors.New("files are not mapped on this system") }

func unmap([]byte) {}
