package cache

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Item is one entry in a list, by its names and sizes; its contents are not read.
type Item struct {
	Key   Key
	Made  time.Time
	Used  time.Time // within a minute
	Bytes int64
	Files []string
	Info  map[string]string
}

// List is all entries, the most recently used first. An absent directory is an empty list; an entry that cannot be read
// is left out, Get will deal with it.
func (c *Cache) List() ([]Item, error) {
	if !c.on() {
		return nil, nil
	}
	groups, err := os.ReadDir(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, g := range groups {
		if len(g.Name()) != 2 {
			continue
		}
		entries, _ := os.ReadDir(filepath.Join(c.dir, g.Name()))
		for _, e := range entries {
			if item, ok := readItem(filepath.Join(c.dir, g.Name(), e.Name())); ok {
				items = append(items, item)
			}
		}
	}
	slices.SortFunc(items, func(a, b Item) int {
		if n := b.Used.Compare(a.Used); n != 0 {
			return n
		}
		return strings.Compare(a.Key.String(), b.Key.String())
	})
	return items, nil
}

func readItem(dir string) (Item, bool) {
	var item Item
	key, err := hex.DecodeString(filepath.Base(dir))
	if err != nil || len(key) != len(item.Key) {
		return item, false
	}
	item.Key = Key(key)
	path := filepath.Join(dir, metaName)
	info, err := os.Stat(path)
	if err != nil {
		return item, false
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return item, false
	}
	item.Used, item.Bytes = info.ModTime(), info.Size()
	var m meta
	if json.Unmarshal(b, &m) == nil { // a damaged one is listed too, so that it can be evicted
		item.Made, item.Info = m.Made, m.Info
		for name, f := range m.Files {
			item.Files = append(item.Files, name)
			item.Bytes += f.Size
		}
		slices.Sort(item.Files)
	}
	return item, true
}

// Find is the key that starts with the given hexadecimal digits, as a list shows them. It fails with ErrUnknown or
// ErrAmbiguous.
func (c *Cache) Find(prefix string) (Key, error) {
	items, err := c.List()
	if err != nil {
		return Key{}, err
	}
	var found []Key
	for _, i := range items {
		if strings.HasPrefix(i.Key.String(), strings.ToLower(prefix)) {
			found = append(found, i.Key)
		}
	}
	switch len(found) {
	case 0:
		return Key{}, fmt.Errorf("%w starts with %q", ErrUnknown, prefix)
	case 1:
		return found[0], nil
	}
	return Key{}, fmt.Errorf("%w starts with %q: %d do", ErrAmbiguous, prefix, len(found))
}

// Remove deletes one entry. It fails with ErrUnknown when there is none.
func (c *Cache) Remove(k Key) error {
	if !c.on() || !c.discard(c.entryDir(k)) {
		return fmt.Errorf("%w: %s", ErrUnknown, k.Short())
	}
	c.forgetUsed()
	return nil
}

// Clear deletes all entries, of every format, and says how many of this one there were.
func (c *Cache) Clear() (int, error) {
	if !c.on() {
		return 0, nil
	}
	items, err := c.List()
	if err != nil {
		return 0, err
	}
	for _, i := range items {
		c.discard(c.entryDir(i.Key))
	}
	c.forgetUsed()
	// Other versions' directories are v1, v2 …; nothing else in the user's directory is ours to delete.
	base := filepath.Dir(c.dir)
	versions, err := os.ReadDir(base)
	if errors.Is(err, fs.ErrNotExist) {
		return len(items), nil
	}
	for _, v := range versions {
		if name := v.Name(); v.IsDir() && len(name) >= 2 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(base, name)))
		}
	}
	return len(items), err
}

func (c *Cache) forgetUsed() {
	c.mu.Lock()
	c.used = -1
	c.mu.Unlock()
}

// grown counts a new entry and evicts when the cap is passed. Only the first Put of a process, and one that passes the
// cap, look at the whole directory; other processes' entries are counted then.
func (c *Cache) grown(bytes int64) {
	c.mu.Lock()
	look := c.used < 0 || c.used+bytes > c.size
	if !look {
		c.used += bytes
	}
	c.mu.Unlock()
	if !look {
		return
	}
	used := c.evict()
	c.mu.Lock()
	c.used = used
	c.mu.Unlock()
}

const staleAfter = time.Hour // a writer that has been at it for so long is dead

// evict removes the entries that were unused for longest until nine tenths of the cap are left, and what killed writers
// left behind. The newest entry stays, whatever its size. It returns the bytes in use.
func (c *Cache) evict() int64 {
	if left, err := os.ReadDir(filepath.Join(c.dir, "tmp")); err == nil {
		for _, d := range left {
			if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
				os.RemoveAll(filepath.Join(c.dir, "tmp", d.Name()))
			}
		}
	}
	items, err := c.List()
	if err != nil {
		return 0
	}
	var used int64
	for _, i := range items {
		used += i.Bytes
	}
	if used <= c.size {
		return used
	}
	for n := len(items) - 1; n > 0 && used > c.size/10*9; n-- {
		c.discard(c.entryDir(items[n].Key))
		used -= items[n].Bytes
	}
	return used
}
