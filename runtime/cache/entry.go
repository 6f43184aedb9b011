package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Entry is the files of one key, checked and in memory.
type Entry struct {
	Key   Key
	Made  time.Time
	Info  map[string]string // whatever the writer wanted `girih cache` to show: kernel, target, …
	Files map[string][]byte // must not be changed

	dir string // empty when it is not on disk
}

// Path is a file of the entry as a path, for what must be opened by name (a shared object). release gives it back: an
// entry that is not on disk, because the cache is off or it was evicted meanwhile, gets a temporary file.
func (e *Entry) Path(name string) (path string, release func(), err error) {
	data, ok := e.Files[name]
	if !ok {
		return "", nil, fmt.Errorf("the cache entry %s has no file %q", e.Key.Short(), name)
	}
	if e.dir != "" {
		path := filepath.Join(e.dir, name)
		if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
			return path, func() {}, nil
		}
	}
	dir, err := os.MkdirTemp("", "girih-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	return path, func() { os.RemoveAll(dir) }, nil
}

// Kept says whether the entry is on disk.
func (e *Entry) Kept() bool { return e.dir != "" }

func (e *Entry) bytes() int64 {
	var n int64
	for _, data := range e.Files {
		n += int64(len(data))
	}
	return n
}

// checkName accepts plain file names only: an entry can neither reach outside its directory nor hide its own meta.json.
func checkName(name string) error {
	if name == "" || name == metaName || name[0] == '.' || len(name) > 200 || strings.ContainsAny(name, "/\\:\x00") {
		return fmt.Errorf("%q cannot be the name of a file in the cache", name)
	}
	return nil
}

// ErrAmbiguous and ErrUnknown are how Find fails.
var (
	ErrUnknown   = errors.New("no such cache entry")
	ErrAmbiguous = errors.New("more than one cache entry")
)
