package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever becomes of the cache (entries damaged in any way, writers that are killed half-way, many that write the same one), the
// command gives the same results and needs no help.
func TestCacheTrouble(t *testing.T) {
	work := t.TempDir()
	cache := filepath.Join(work, "cache")
	require.NoError(t, os.WriteFile(filepath.Join(work, "add.girih"), []byte("kernel Add(a, b f32[N]) (c f32[N]) {\n\tgrid n in N by 64\n\tc[n] = a[n] + b[n]\n}\n"), 0o600))
	commands := [][]string{{"build", "add.girih", "--target", "cpu"}, {"build", "add.girih", "--target", "sm_90a", "--emit", "tile"}}
	if _, err := exec.LookPath("cc"); err == nil {
		commands = append(commands, []string{"run", "add.girih", "--shape", "N=100", "--on", "cpu", "--out", "c=/dev/stdout"})
	}
	probe := exec.Command(filepath.Join(bin, "girih"), "build", "add.girih", "--target", "sm_90a")
	probe.Dir, probe.Env = work, append(os.Environ(), "GIRIH_CACHE=off")
	if probe.Run() == nil {
		commands = append(commands, []string{"build", "add.girih", "--target", "sm_90a"})
	}
	start := func(args []string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, "girih"), args...)
		c.Dir, c.Env = work, append(os.Environ(), "GIRIH_CACHE="+cache)
		return c
	}
	output := func(args []string) string {
		out, err := start(args).Output()
		assert.NoError(t, err, "%v: %s", args, out)
		if at := bytes.IndexByte(out, 0x93); at >= 0 {
			return string(out[at : at+500]) // a .npy file, without the times that run prints behind it
		}
		return string(out)
	}
	want := map[string]string{}
	for _, args := range commands {
		want[fmt.Sprint(args)] = output(args)
		require.NotEmpty(t, want[fmt.Sprint(args)])
	}
	check := func(what string) {
		for _, args := range commands {
			assert.Equal(t, want[fmt.Sprint(args)], output(args), "%s: %v", what, args)
		}
	}
	for what, damage := range map[string]func(path string) error{
		"cut short": func(path string) error { return os.Truncate(path, 20) },
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"gone":      os.Remove,
		"a bit": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil && len(b) > 0 {
				b[len(b)/2] ^= 4
				err = os.WriteFile(path, b, 0o600)
			}
			return err
		},
	} {
		check("filled")
		n := 0
		require.NoError(t, filepath.WalkDir(cache, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				n++
				err = damage(path)
			}
			return err
		}))
		assert.Positive(t, n)
		check(what)
	}
	for i := range 12 { // killed at any moment of their lives
		require.NoError(t, os.RemoveAll(cache))
		c := start(commands[i%len(commands)])
		require.NoError(t, c.Start())
		time.Sleep(time.Duration(i) * 8 * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		if i%4 == 3 {
			check("killed")
		}
	}
	require.NoError(t, os.RemoveAll(cache))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { check("several at a time") })
	}
	wg.Wait()
}
