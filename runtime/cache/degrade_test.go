package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Trouble with the disk turns the cache off with one warning; every call still works.
func TestDegrades(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	readOnly := filepath.Join(t.TempDir(), "ro")
	require.NoError(t, os.Mkdir(readOnly, 0o555))
	full := func(stage string) error {
		return &os.PathError{Op: "write", Path: "so", Err: syscall.ENOSPC}
	}
	for name, x := range map[string]struct {
		dir  string
		hook func(string) error
		want string
	}{
		"under a file": {filepath.Join(file, "cache"), nil, "not a directory"},
		"read-only":    {readOnly, nil, "permission denied"},
		"full disk":    {t.TempDir(), full, "no space left"},
		"full at publish": {t.TempDir(), func(s string) error {
			if s == "publish" {
				return full(s)
			}
			return nil
		}, "no space left"},
		"a name in its way": {"/dev/null", nil, "not a directory"},
	} {
		if name == "read-only" && os.Geteuid() == 0 {
			continue // root may write anywhere
		}
		if x.hook != nil {
			testHook = x.hook
		}
		var warnings []string
		c := Open(Options{Dir: x.dir, Warn: func(msg string) { warnings = append(warnings, msg) }})
		for i := range 3 {
			k := NewKey(fmt.Sprint(i))
			e, err := c.Put(k, big(i), nil)
			require.NoError(t, err, name)
			assert.Equal(t, big(i), e.Files)
			assert.False(t, e.Kept())
			path, release, err := e.Path("so")
			require.NoError(t, err)
			assert.FileExists(t, path)
			release()
			_, ok := c.Get(k)
			assert.False(t, ok)
		}
		testHook = func(string) error { return nil }
		require.Len(t, warnings, 1, name)
		assert.Contains(t, warnings[0], "the cache is off: ")
		assert.Contains(t, warnings[0], x.want, name)
		if x.hook != nil {
			assert.Empty(t, leftovers(t, &Cache{dir: filepath.Join(x.dir, format)}), "the failed writer cleans up")
		}
		items, err := c.List()
		assert.NoError(t, err)
		assert.Empty(t, items)
	}
}

func TestOff(t *testing.T) {
	t.Setenv("GIRIH_CACHE", "off")
	var none *Cache
	for _, c := range []*Cache{Open(Options{}), none} {
		builds := 0
		for range 2 {
			e, hit, err := c.Do(NewKey("k"), func() (map[string][]byte, map[string]string, error) {
				builds++
				return big(1), nil, nil
			})
			require.NoError(t, err)
			assert.False(t, hit)
			assert.Equal(t, big(1), e.Files)
		}
		assert.Equal(t, 2, builds)
		assert.Empty(t, c.Dir())
	}
	t.Setenv("GIRIH_CACHE", filepath.Join(t.TempDir(), "here"))
	assert.Contains(t, Open(Options{}).Dir(), filepath.Join("here", format))
}
