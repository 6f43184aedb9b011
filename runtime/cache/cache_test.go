package cache

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary is its own second process: GIRIH_CACHE_CHILD says what it does there.
func TestMain(m *testing.M) {
	switch os.Getenv("GIRIH_CACHE_CHILD") {
	case "":
		os.Exit(m.Run())
	case "race":
		c := Open(Options{Dir: os.Getenv("DIR")})
		for i := range 50 {
			e, err := c.Put(NewKey("race", fmt.Sprint(i)), big(i), nil)
			if err != nil || !e.Kept() {
				fmt.Println("put", i, err)
				os.Exit(1)
			}
			if e, ok := c.Get(e.Key); !ok || string(e.Files["ptx"]) != string(big(i)["ptx"]) {
				fmt.Println("get", i, ok)
				os.Exit(1)
			}
		}
	case "killed":
		n := 0
		stop := os.Getenv("STAGE")
		testHook = func(stage string) error {
			if stage == stop {
				if n++; n == 2 || stage == "publish" {
					fmt.Println("ready")
					select {}
				}
			}
			return nil
		}
		Open(Options{Dir: os.Getenv("DIR")}).Put(NewKey("k"), big(1), nil)
	case "id":
		fmt.Print(BuildID())
	}
}

func child(t *testing.T, what, dir string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "GIRIH_CACHE_CHILD="+what, "DIR="+dir), env...)
	return cmd
}

func big(i int) map[string][]byte {
	return map[string][]byte{"ptx": []byte(strings.Repeat(fmt.Sprint(i, " "), 2000)), "so": make([]byte, 5000)}
}

func open(t *testing.T) *Cache {
	return Open(Options{Dir: t.TempDir(), Warn: func(msg string) { t.Error("unexpected warning: ", msg) }})
}

func leftovers(t *testing.T, c *Cache) []os.DirEntry {
	left, err := os.ReadDir(filepath.Join(c.dir, "tmp"))
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return left
}

func TestPutAndGet(t *testing.T) {
	c := open(t)
	k := NewKey("source", "sm_90a")
	_, ok := c.Get(k)
	assert.False(t, ok)
	e, err := c.Put(k, big(1), map[string]string{"kernel": "Linear"})
	require.NoError(t, err)
	assert.True(t, e.Kept())

	c = Open(Options{Dir: filepath.Dir(c.dir)}) // another process
	e, ok = c.Get(k)
	require.True(t, ok)
	assert.Equal(t, big(1), e.Files)
	assert.Equal(t, "Linear", e.Info["kernel"])
	path, release, err := e.Path("so")
	require.NoError(t, err)
	defer release()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Len(t, b, 5000)
	assert.True(t, strings.HasPrefix(path, c.dir))
	_, _, err = e.Path("cubin")
	assert.ErrorContains(t, err, `no file "cubin"`)
	assert.Empty(t, leftovers(t, c))

	again, err := c.Put(k, big(2), nil)
	require.NoError(t, err)
	assert.Equal(t, big(1), again.Files, "the entry that is there wins")
	assert.Empty(t, leftovers(t, c))
}

func TestKeys(t *testing.T) {
	assert.NotEqual(t, NewKey("ab", "c"), NewKey("a", "bc"))
	assert.NotEqual(t, NewKey("a"), NewKey("a", ""))
	assert.Equal(t, NewKey("a", "b"), NewKey("a", "b"))
	assert.Len(t, NewKey().Short(), 12)
	id := BuildID()
	assert.Regexp(t, `^(go|exe|module) \S`, id)
	out, err := child(t, "id", "").Output()
	require.NoError(t, err)
	assert.Equal(t, id, string(out), "the same in every process of a build")
	sum, err := hashFile(os.Args[0])
	require.NoError(t, err)
	assert.Len(t, sum, 64)
}

func TestDamageIsAMiss(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"a flipped bit": func(dir string) error {
			b, _ := os.ReadFile(filepath.Join(dir, "so"))
			b[100] ^= 1
			return os.WriteFile(filepath.Join(dir, "so"), b, 0o644)
		},
		"cut short":    func(dir string) error { return os.Truncate(filepath.Join(dir, "so"), 10) },
		"a file gone":  func(dir string) error { return os.Remove(filepath.Join(dir, "ptx")) },
		"no meta":      func(dir string) error { return os.Remove(filepath.Join(dir, metaName)) },
		"half a meta":  func(dir string) error { return os.Truncate(filepath.Join(dir, metaName), 30) },
		"another meta": func(dir string) error { return os.WriteFile(filepath.Join(dir, metaName), []byte(`{}`), 0o644) },
		"a path in the meta": func(dir string) error {
			b, _ := os.ReadFile(filepath.Join(dir, metaName))
			return os.WriteFile(filepath.Join(dir, metaName), []byte(strings.Replace(string(b), `"so"`, `"../x"`, 1)), 0o644)
		},
	} {
		for _, putFirst := range []bool{false, true} { // either Get or Put meets the damage
			c := open(t)
			k := NewKey("k")
			_, err := c.Put(k, big(1), nil)
			require.NoError(t, err)
			require.NoError(t, damage(c.entryDir(k)), name)
			if !putFirst {
				_, ok := c.Get(k)
				assert.False(t, ok, name)
				assert.NoDirExists(t, c.entryDir(k), name)
			}
			e, err := c.Put(k, big(1), nil)
			require.NoError(t, err)
			assert.True(t, e.Kept(), name)
			_, ok := c.Get(k)
			assert.True(t, ok, name)
			assert.Empty(t, leftovers(t, c), name)
		}
	}
}

func TestProcessesRace(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			out, err := child(t, "race", dir).CombinedOutput()
			assert.NoError(t, err, "%s", out)
		})
	}
	wg.Wait()
	c := Open(Options{Dir: dir})
	items, err := c.List()
	require.NoError(t, err)
	assert.Zero(t, len(items)%50)
	assert.NotEmpty(t, items)
	assert.Empty(t, leftovers(t, c))
}

func TestKilledWriter(t *testing.T) {
	for _, stage := range []string{"file", "publish"} {
		c := open(t)
		cmd := child(t, "killed", filepath.Dir(c.dir), "STAGE="+stage)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = out.Read(make([]byte, 5))
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Kill())
		cmd.Wait()

		k := NewKey("k")
		_, ok := c.Get(k)
		assert.False(t, ok, "half an entry is never seen")
		e, err := c.Put(k, big(1), nil)
		require.NoError(t, err)
		assert.True(t, e.Kept())
		left := leftovers(t, c)
		require.Len(t, left, 1, "the dead writer's directory, until it is old")
		old := time.Now().Add(-2 * staleAfter)
		require.NoError(t, os.Chtimes(filepath.Join(c.dir, "tmp", left[0].Name()), old, old))
		c.evict()
		assert.Empty(t, leftovers(t, c))
	}
}

func TestEvictsTheLeastRecentlyUsed(t *testing.T) {
	c := open(t)
	c.size = 100_000
	put := func(i int) Key {
		k := NewKey(fmt.Sprint(i))
		_, err := c.Put(k, map[string][]byte{"x": make([]byte, 20_000)}, nil)
		require.NoError(t, err)
		used := time.Now().Add(time.Duration(i-100) * time.Minute)
		require.NoError(t, os.Chtimes(filepath.Join(c.entryDir(k), metaName), used, used))
		return k
	}
	var keys []Key
	for i := range 4 {
		keys = append(keys, put(i))
	}
	_, ok := c.Get(keys[0]) // touched: now the most recent
	require.True(t, ok)
	put(4)
	items, err := c.List()
	require.NoError(t, err)
	assert.Equal(t, keys[0], items[0].Key)
	_, ok = c.Get(keys[0])
	assert.True(t, ok)
	_, ok = c.Get(keys[1])
	assert.False(t, ok, "the one unused for longest is gone")
	_, ok = c.Get(keys[3])
	assert.True(t, ok)

	huge := NewKey("huge")
	e, err := c.Put(huge, map[string][]byte{"x": make([]byte, 300_000)}, nil)
	require.NoError(t, err)
	path, release, err := e.Path("x")
	require.NoError(t, err)
	defer release()
	assert.FileExists(t, path)
	items, _ = c.List()
	assert.Len(t, items, 1)
}

func TestPathOutlivesEviction(t *testing.T) {
	c := open(t)
	e, err := c.Put(NewKey("k"), big(1), nil)
	require.NoError(t, err)
	require.NoError(t, c.Remove(e.Key))
	path, release, err := e.Path("so")
	require.NoError(t, err)
	assert.FileExists(t, path)
	release()
	assert.NoFileExists(t, path)
}

func TestListFindRemoveClear(t *testing.T) {
	c := open(t)
	items, err := c.List()
	require.NoError(t, err)
	assert.Empty(t, items)
	n, err := c.Clear()
	require.NoError(t, err)
	assert.Zero(t, n)
	for i := range 3 {
		_, err := c.Put(NewKey(fmt.Sprint(i)), big(i), map[string]string{"i": fmt.Sprint(i)})
		require.NoError(t, err)
	}
	items, err = c.List()
	require.NoError(t, err)
	require.Len(t, items, 3)
	assert.Equal(t, []string{"ptx", "so"}, items[0].Files)
	assert.Greater(t, items[0].Bytes, int64(5000))
	k, err := c.Find(items[1].Key.Short())
	require.NoError(t, err)
	assert.Equal(t, items[1].Key, k)
	_, err = c.Find("zz")
	assert.ErrorIs(t, err, ErrUnknown)
	_, err = c.Find("")
	assert.ErrorIs(t, err, ErrAmbiguous)
	require.NoError(t, c.Remove(k))
	assert.ErrorIs(t, c.Remove(k), ErrUnknown)
	mine := filepath.Join(filepath.Dir(c.dir), "vacation.txt")
	require.NoError(t, os.WriteFile(mine, nil, 0o644))
	n, err = c.Clear()
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.NoDirExists(t, c.dir)
	assert.FileExists(t, mine, "what is not ours stays")
	_, err = c.Put(k, big(1), nil)
	require.NoError(t, err)
	_, ok := c.Get(k)
	assert.True(t, ok, "usable after Clear")
}

func TestDoBuildsOnce(t *testing.T) {
	c := open(t)
	var builds atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			e, _, err := c.Do(NewKey("k"), func() (map[string][]byte, map[string]string, error) {
				builds.Add(1)
				time.Sleep(10 * time.Millisecond)
				return big(1), nil, nil
			})
			assert.NoError(t, err)
			assert.Equal(t, big(1), e.Files)
		})
	}
	wg.Wait()
	assert.Equal(t, int32(1), builds.Load())
	_, hit, err := c.Do(NewKey("k"), nil)
	require.NoError(t, err)
	assert.True(t, hit)
	boom := errors.New("boom")
	_, _, err = c.Do(NewKey("other"), func() (map[string][]byte, map[string]string, error) { return nil, nil, boom })
	assert.ErrorIs(t, err, boom)
}

func TestBadNames(t *testing.T) {
	c := open(t)
	for _, name := range []string{"", "../x", "a/b", `a\b`, metaName, ".hidden", "x\x00", "c:x"} {
		_, err := c.Put(NewKey("k"), map[string][]byte{name: nil}, nil)
		assert.ErrorContains(t, err, "cannot be the name", name)
	}
}

func BenchmarkGet(b *testing.B) {
	c := Open(Options{Dir: b.TempDir()})
	k := NewKey("k")
	c.Put(k, map[string][]byte{"ptx": make([]byte, 40_000), "cubin": make([]byte, 60_000)}, nil)
	for b.Loop() {
		if _, ok := c.Get(k); !ok {
			b.Fatal("miss")
		}
	}
}
