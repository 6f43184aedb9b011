// Package cache keeps compiled kernels on disk.
//
// The model. An entry is a directory of named files (source, ptx, cubin, so …) under a key: the hash of everything that
// went into it, the compiler's own build included, so that an entry is never stale and is never changed. It is written
// into a directory of its own, flushed, and renamed into place, which either happens or does not; of two writers the
// loser throws its copy away. Every file's hash is in meta.json and is checked on each read: what is cut short or
// corrupt is removed and is a miss. Reads touch the entry, and when the whole is over its size the entries that were
// untouched for longest go.
//
// A cache is a convenience: a directory that cannot be written or a full disk turns it off for the process, with one
// warning, and everything works without it.
//
// The boundary. It knows names and bytes; it knows nothing of kernels, targets or compilers.
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// format is the version of the layout on disk; another one is another directory, so that versions live side by side.
const format = "v1"

// DefaultSize is the size cap in bytes when Options have none.
const DefaultSize = 1 << 30

// Options say where and how large. The zero value is the user's cache.
type Options struct {
	Dir  string           // empty: $GIRIH_CACHE, else girih in os.UserCacheDir. "off" there or here: no cache
	Size int64            // cap in bytes, 0 is DefaultSize
	Warn func(msg string) // takes the one warning; nil logs it with slog
}

// Cache is an open cache. All methods may be called from several goroutines, and several processes may share the
// directory. The nil *Cache is a cache that is off.
type Cache struct {
	dir  string // with the format; empty when the cache is off
	size int64
	warn func(string)

	once   sync.Once
	flight singleflight.Group

	mu   sync.Mutex
	off  bool
	used int64 // bytes in the directory as far as this process knows, -1 before the first look
}

// Open opens the cache. It touches no file and cannot fail: trouble shows at the first Put, as one warning.
func Open(o Options) *Cache {
	c := &Cache{size: o.Size, warn: o.Warn, used: -1}
	if c.size <= 0 {
		c.size = DefaultSize
	}
	if c.warn == nil {
		c.warn = func(msg string) { slog.Warn(msg) }
	}
	dir := o.Dir
	if dir == "" {
		dir = os.Getenv("GIRIH_CACHE")
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			c.disable(fmt.Errorf("no place for it: %w", err))
			return c
		}
		dir = filepath.Join(user, "girih")
	}
	if dir == "off" {
		c.off = true
		return c
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs // the process may change its directory later
	}
	c.dir = filepath.Join(dir, format)
	return c
}

// Dir is the directory of the entries, empty when the cache is off.
func (c *Cache) Dir() string {
	if !c.on() {
		return ""
	}
	return c.dir
}

func (c *Cache) on() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.off
}

// disable turns the cache off for this process and says so once.
func (c *Cache) disable(err error) {
	c.mu.Lock()
	c.off = true
	c.mu.Unlock()
	c.once.Do(func() {
		c.warn(fmt.Sprintf("the cache is off: %v (GIRIH_CACHE names another directory, or \"off\")", err))
	})
}

// meta is meta.json, the last file of an entry.
type meta struct {
	Format string              `json:"format"`
	Key    string              `json:"key"`
	Made   time.Time           `json:"made"`
	Info   map[string]string   `json:"info,omitempty"`
	Files  map[string]fileMeta `json:"files"`
}

type fileMeta struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const metaName = "meta.json"

// Get finds an entry. A miss is not an error; an entry that is damaged is removed and missed.
func (c *Cache) Get(k Key) (*Entry, bool) {
	if !c.on() {
		return nil, false
	}
	dir := c.entryDir(k)
	e, err := readEntry(dir, k)
	switch {
	case err == nil:
		c.touch(dir)
		return e, true
	case errors.Is(err, errDamaged):
		c.discard(dir)
	}
	return nil, false
}

func (c *Cache) entryDir(k Key) string {
	s := k.String()
	return filepath.Join(c.dir, s[:2], s)
}

// touch marks an entry as used, by the time of its meta.json; a minute's precision is enough and spares the disk.
func (c *Cache) touch(dir string) {
	path := filepath.Join(dir, metaName)
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Minute {
		now := time.Now()
		os.Chtimes(path, now, now)
	}
}

// errDamaged is an entry that is there and is not what its meta.json says.
var errDamaged = errors.New("damaged cache entry")

func readEntry(dir string, k Key) (*Entry, error) {
	b, err := os.ReadFile(filepath.Join(dir, metaName))
	if err != nil {
		if _, serr := os.Stat(dir); serr == nil && errors.Is(err, fs.ErrNotExist) {
			return nil, errDamaged
		}
		return nil, err
	}
	var m meta
	if json.Unmarshal(b, &m) != nil || m.Format != format || m.Key != k.String() {
		return nil, errDamaged
	}
	e := &Entry{Key: k, Made: m.Made, Info: m.Info, Files: make(map[string][]byte, len(m.Files)), dir: dir}
	for name, want := range m.Files {
		if checkName(name) != nil {
			return nil, errDamaged
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, errDamaged
			}
			return nil, err
		}
		sum := sha256.Sum256(data)
		if int64(len(data)) != want.Size || hex.EncodeToString(sum[:]) != want.SHA256 {
			return nil, errDamaged
		}
		e.Files[name] = data
	}
	return e, nil
}

// Put stores files under a key and returns them as an entry. An error is a mistake of the caller (a bad name); trouble
// with the disk is not: the entry is then good for this process and not kept. An entry that is already there wins.
func (c *Cache) Put(k Key, files map[string][]byte, info map[string]string) (*Entry, error) {
	e := &Entry{Key: k, Made: time.Now().UTC().Truncate(time.Second), Info: info, Files: files}
	for name := range files {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	if !c.on() {
		return e, nil
	}
	tmp, err := c.writeTemp(e)
	if err != nil {
		c.disable(err)
		return e, nil
	}
	dir := c.entryDir(k)
	if err := c.publish(tmp, dir); err != nil {
		os.RemoveAll(tmp)
		// Somebody was faster: theirs is as good, unless it is damaged.
		there, rerr := readEntry(dir, k)
		if rerr == nil {
			return there, nil
		}
		if !errors.Is(rerr, errDamaged) {
			c.disable(err)
			return e, nil
		}
		c.discard(dir)
		if tmp, err = c.writeTemp(e); err == nil {
			if err = c.publish(tmp, dir); err != nil {
				os.RemoveAll(tmp)
			}
		}
		if err != nil {
			if there, rerr := readEntry(dir, k); rerr == nil {
				return there, nil
			}
			return e, nil
		}
	}
	e.dir = dir
	c.grown(e.bytes())
	return e, nil
}

// Do returns the entry of a key, made by build when there is none: hit says which. Of several goroutines that ask for
// one key at a time, one builds and all get the result. Errors are build's own (and Put's); they are not kept.
func (c *Cache) Do(k Key, build func() (files map[string][]byte, info map[string]string, err error)) (e *Entry, hit bool, err error) {
	if e, ok := c.Get(k); ok {
		return e, true, nil
	}
	do := func() (any, error) {
		if e, ok := c.Get(k); ok { // made between our look and our turn
			return e, nil
		}
		files, info, err := build()
		if err != nil {
			return nil, err
		}
		return c.Put(k, files, info)
	}
	var v any
	if c == nil {
		v, err = do()
	} else {
		v, err, _ = c.flight.Do(string(k[:]), do)
	}
	if err != nil {
		return nil, false, err
	}
	return v.(*Entry), false, nil
}
