package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A disk without room: what was there stays as it was, nothing half-written is left, and the message says so. A cache without room
// costs time and nothing else. It needs a small file system, which only root may mount.
func TestFullDisk(t *testing.T) {
	disk, work := t.TempDir(), t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=128k"); err != nil {
		t.Skip("mounting a small file system: ", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(disk, 0)) })
	repo, err := filepath.Abs("../..")
	require.NoError(t, err)
	write := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	source := "kernel Add(a, b f32[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n]   = a[n] + b[n]\n}\n"
	write(filepath.Join(work, "add.girih"), source)
	old := map[string]string{"c.npy": "old npy", "x.ir": "old ir", "q.safetensors": "old q", "add_gen.go": "old go", "bad.girih": source}
	for name, text := range old {
		write(filepath.Join(disk, name), text)
	}
	fill, err := os.Create(filepath.Join(disk, "fill"))
	require.NoError(t, err)
	for err == nil {
		_, err = fill.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, fill.Close())
	old["fill"] = ""
	girih := func(cache string, args ...string) (string, int) {
		c := exec.Command(filepath.Join(bin, "girih"), args...)
		c.Dir = work
		c.Env = append(os.Environ(), "GIRIH_CACHE="+cache)
		out, _ := c.CombinedOutput()
		return string(out), c.ProcessState.ExitCode()
	}
	kept := filepath.Join(work, "cache")
	linear := filepath.Join(repo, "examples/linear/testdata/minilm.safetensors")
	for _, args := range [][]string{
		{"run", "add.girih", "--shape", "N=5000", "--on", "vm", "--out", "c=" + filepath.Join(disk, "c.npy")},
		{"build", "add.girih", "--target", "cpu", "-o", filepath.Join(disk, "x.ir")},
		{"build", "add.girih", "--target", "cpu", "--emit", "bundle", "-o", filepath.Join(disk, "bundle")},
		{"quantize", linear + "#weight", "--type", "i4", "--group", "128", "--out", filepath.Join(disk, "q.safetensors")},
		{"gen", "add.girih", "--target", "cpu", "-o", filepath.Join(disk, "add_gen.go")},
		{"gen", "add.girih", "--target", "cpu", "--c", filepath.Join(disk, "c")},
		{"fmt", "-w", filepath.Join(disk, "bad.girih")},
	} {
		out, code := girih(kept, args...)
		assert.Equal(t, 4, code, "%v: %s", args, out)
		assert.Contains(t, out, "no space left on device", args)
		assert.NotContains(t, out, "goroutine", args)
		entries, err := os.ReadDir(disk)
		require.NoError(t, err)
		for _, e := range entries {
			text, known := old[e.Name()]
			if !assert.True(t, known, "%v leaves %s", args, e.Name()) {
				require.NoError(t, os.RemoveAll(filepath.Join(disk, e.Name())))
			}
			if data, err := os.ReadFile(filepath.Join(disk, e.Name())); known && text != "" {
				require.NoError(t, err)
				assert.Equal(t, text, string(data), args)
			}
		}
		require.GreaterOrEqual(t, len(entries), len(old), args)
	}
	for range 2 {
		out, code := girih(filepath.Join(disk, "cache"), "build", "add.girih", "--target", "cpu", "-o", filepath.Join(work, "x.c"))
		assert.Zero(t, code, out)
		out, code = girih(filepath.Join(disk, "cache"), "test", "--on", "cpu", filepath.Join(work, "add.girih"))
		assert.Zero(t, code, out)
		out, code = girih(filepath.Join(disk, "cache"), "run", "add.girih", "--shape", "N=5000", "--on", "vm,cpu")
		if strings.Contains(out, "not on cpu") {
			t.Skip("no C compiler")
		}
		assert.Zero(t, code, out)
		assert.Equal(t, 1, strings.Count(out, "the cache is off"), out)
		assert.Contains(t, out, "no space left on device")
		assert.Regexp(t, `cpu +c .* ok`, out)
	}
}
