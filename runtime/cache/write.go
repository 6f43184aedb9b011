package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// testHook lets a test stop a writer at a stage, or fail there: "file" before each file, "publish" before the rename.
var testHook = func(stage string) error { return nil }

// tempDir makes a directory of this writer's own beside the entries, on the same file system.
func (c *Cache) tempDir() (string, error) {
	dir := filepath.Join(c.dir, "tmp", fmt.Sprintf("%d-%s", os.Getpid(), rand.Text()))
	return dir, os.MkdirAll(dir, 0o755)
}

// writeTemp writes all of an entry into a temporary directory, flushed to the disk, meta.json last.
func (c *Cache) writeTemp(e *Entry) (dir string, err error) {
	dir, err = c.tempDir()
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	m := meta{Format: format, Key: e.Key.String(), Made: e.Made, Info: e.Info, Files: map[string]fileMeta{}}
	for name, data := range e.Files {
		sum := sha256.Sum256(data)
		m.Files[name] = fileMeta{int64(len(data)), hex.EncodeToString(sum[:])}
		if err := writeSynced(filepath.Join(dir, name), data); err != nil {
			return dir, err
		}
	}
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return dir, err
	}
	if err := writeSynced(filepath.Join(dir, metaName), b); err != nil {
		return dir, err
	}
	return dir, syncDir(dir)
}

func writeSynced(path string, data []byte) error {
	if err := testHook("file"); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir flushes a directory's names. Not every system can; the hashes catch what is lost then.
func syncDir(dir string) error {
	if f, err := os.Open(dir); err == nil {
		f.Sync()
		f.Close()
	}
	return nil
}

// publish renames a finished directory into place. It fails when the place is taken, since no entry is ever empty.
func (c *Cache) publish(tmp, dir string) error {
	if err := testHook("publish"); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// discard takes an entry out of sight in one step and then deletes it, so that nobody sees half of one. It reports
// whether there was one.
func (c *Cache) discard(dir string) bool {
	tmp, err := c.tempDir()
	if err != nil {
		return os.RemoveAll(dir) == nil
	}
	moved := os.Rename(dir, filepath.Join(tmp, "gone")) == nil
	os.RemoveAll(tmp)
	return moved
}
