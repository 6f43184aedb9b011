package girih_test

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/examples"
	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/internal/gen"
	"github.com/girih-lang/girih/runtime/cpu"
)

// generate makes a bundle in memory.
func generate(t testing.TB, source string, o gen.Options) fstest.MapFS {
	t.Helper()
	o.Names, o.Texts, o.Base = []string{"k.girih"}, map[string]string{"k.girih": source}, "k_gen"
	m, err := gen.Make(ctx, o)
	require.NoError(t, err)
	files, err := m.Go()
	require.NoError(t, err)
	fsys := fstest.MapFS{"k.girih": {Data: []byte(source)}}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

// With code for the target in the bundle nothing is compiled: no LLVM and no C compiler are there.
func TestBundleNeedsNoCompiler(t *testing.T) {
	if _, err := cpu.Find(); err != nil {
		t.Skip(err)
	}
	fsys := generate(t, vadd, gen.Options{Targets: []string{"sm_80", "cpu"}, Object: cpu.Object, System: runtime.GOOS + "/" + runtime.GOARCH})
	t.Setenv("GIRIH_LLVM", "off")
	t.Setenv("GIRIH_CC", "no-such-compiler")
	b := girih.NewBundle(fsys, "k_gen")
	k, err := b.Kernel("vadd")
	require.NoError(t, err)
	again, err := b.Kernel("vadd")
	require.NoError(t, err)
	assert.Same(t, k, again)
	targets, err := b.Targets("vadd")
	require.NoError(t, err)
	assert.Equal(t, []string{"sm_80", "cpu"}, targets)
	for _, name := range []string{"vm", "cpu", "cuda:0"} {
		t.Run(name, func(t *testing.T) {
			if name == "cuda:0" && fakeGPU != nil {
				t.Skip(fakeGPU)
			}
			var log syncBuffer
			d, err := girih.Open(name, girih.Prebuilt(), girih.CacheDir(t.TempDir()), girih.Logger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			require.NoError(t, err)
			defer d.Close()
			one := vector(t, d, 1000, func(int) float32 { return 1 })
			out, err := k.Call(ctx, one, one)
			require.NoError(t, err)
			v, err := girih.Slice[float32](out[0])
			require.NoError(t, err)
			assert.Equal(t, float32(2), v[999])
			if name != "vm" {
				assert.Contains(t, log.String(), "from=embedded")
				// Other parameters are compiled, which cannot be done here.
				other, err := b.Kernel("vadd", girih.Set("BN", 128))
				require.NoError(t, err)
				assert.NotSame(t, k, other)
				_, err = other.Call(ctx, one, one)
				if name == "cuda:0" { // a C compiler that was found once is remembered
					assert.ErrorIs(t, err, girih.ErrNoLLVM)
				}
			}
		})
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// Code that relies on divisors is not used for extents without them.
func TestBundleFacts(t *testing.T) {
	if _, err := cpu.Find(); err != nil {
		t.Skip(err)
	}
	fsys := generate(t, vadd, gen.Options{Targets: []string{"cpu"}, Shape: map[string]int64{"N": 64}})
	k, err := girih.NewBundle(fsys, "k_gen").Kernel("vadd")
	require.NoError(t, err)
	var log syncBuffer
	d, err := girih.Open("cpu", girih.Logger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, err)
	defer d.Close()
	for n, want := range map[int]string{128: "from=embedded", 100: "from=c"} { // compiled, or from the cache
		x := vector(t, d, n, func(int) float32 { return 1 })
		_, err := k.Call(ctx, x, x)
		require.NoError(t, err)
		assert.Contains(t, log.String(), want)
	}
}

// Packed parameters keep their order through a bundle.
func TestBundlePack(t *testing.T) {
	if fakeGPU != nil {
		t.Skip(fakeGPU)
	}
	source := strings.ReplaceAll(examples.Linear, "Linear", "vadd")
	fsys := generate(t, source, gen.Options{Targets: []string{"sm_90a"}})
	k, err := girih.NewBundle(fsys, "k_gen").Kernel("vadd")
	require.NoError(t, err)
	jit := compile(t, source, "")
	d := open(t, "cuda:0")
	w, err := d.New(girih.U4, 256, 128)
	require.NoError(t, err)
	p, err := k.Pack(ctx, "w", w)
	require.NoError(t, err)
	q, err := jit.Pack(ctx, "w", w)
	require.NoError(t, err)
	assert.Equal(t, q.Order(), p.Order())
	assert.NotEqual(t, "row-major", p.Order())
}

func TestBundleDamage(t *testing.T) {
	whole := generate(t, vadd, gen.Options{Targets: []string{"sm_80"}})
	edit := func(name string, f func(string) string) fstest.MapFS {
		fsys := maps.Clone(whole)
		fsys[name] = &fstest.MapFile{Data: []byte(f(string(whole[name].Data)))}
		return fsys
	}
	for what, fsys := range map[string]fstest.MapFS{
		"no manifest":    {"k.girih": whole["k.girih"]},
		"stale source":   edit("k.girih", func(s string) string { return s + "\n// more\n" }),
		"other version":  edit("k_gen/manifest.json", func(s string) string { return strings.Replace(s, `"abi": 2`, `"abi": 99`, 1) }),
		"no JSON":        edit("k_gen/manifest.json", func(s string) string { return s[:len(s)/2] }),
		"cut tile IR":    edit("k_gen/vadd.ir", func(s string) string { return s[:len(s)/2] }),
		"empty manifest": edit("k_gen/manifest.json", func(string) string { return "" }),
	} {
		_, err := girih.NewBundle(fsys, "k_gen").Kernel("vadd")
		assert.ErrorIs(t, err, girih.ErrBundle, what)
	}
	_, err := girih.NewBundle(whole, "k_gen").Kernel("none")
	assert.ErrorIs(t, err, girih.ErrArgument)
	if fakeGPU != nil {
		return
	}
	k, err := girih.NewBundle(edit("k_gen/vadd.sm_80.ptx", func(s string) string { return s + " " }), "k_gen").Kernel("vadd")
	require.NoError(t, err)
	d := open(t, "cuda:0")
	x := vector(t, d, 8, func(int) float32 { return 1 })
	_, err = k.Call(ctx, x, x)
	assert.ErrorIs(t, err, girih.ErrBundle)
}

// The header compiles as C and as C++, and launches the CPU's code by the documented convention.
func TestHeader(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip(err)
	}
	m, err := gen.Make(ctx, gen.Options{Names: []string{"k.girih"}, Texts: map[string]string{"k.girih": vadd}, Base: "k_gen", Targets: []string{"cpu", "sm_80"}})
	require.NoError(t, err)
	dir := t.TempDir()
	for name, data := range m.C("k") {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o666))
	}
	man, err := bundle.Decode(m.C("k")[bundle.Name])
	require.NoError(t, err)
	assert.Equal(t, string(m.Manifest.Encode()), string(man.Encode()))
	main := `#include "k.h"
#include <stdio.h>
#include <stdlib.h>
int main(void) {
	static float a[1000], b[1000], c[1000];
	for (int i = 0; i < 1000; i++) a[i] = i, b[i] = 2 * i;
	vadd_args v = {(uint64_t)(uintptr_t)a, (uint64_t)(uintptr_t)b, (uint64_t)(uintptr_t)c, 1000};
	void *args[vadd_ARGS];
	vadd_vector(&v, args);
	int64_t g[3];
	vadd_grid(v.dim_N, g);
	if (!vadd_cpu_fits(v.dim_N)) return 1;
	int64_t grid[6] = {g[0], g[1], g[2], 0, g[0] * g[1] * g[2], 0};
	void *scratch = aligned_alloc(64, (girih_vadd_scratch + 127) / 64 * 64);
	if (girih_vadd(args, grid, scratch)) return 2;
	for (int i = 0; i < 1000; i++) if (c[i] != 3 * i) return 3;
	puts("ok");
	return 0;
}
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.c"), []byte(main), 0o666))
	exe := filepath.Join(dir, "main")
	out, err := exec.Command(cc, "-std=c11", "-Wall", "-Werror", "-O1", "-ffp-contract=off", "-o", exe, filepath.Join(dir, "main.c"), filepath.Join(dir, "vadd.cpu.c"), "-lm").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command(exe).CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "ok\n", string(out))
	if cxx, err := exec.LookPath("c++"); err == nil {
		out, err = exec.Command(cxx, "-x", "c++", "-std=c++17", "-Wall", "-Werror", "-fsyntax-only", filepath.Join(dir, "k.h")).CombinedOutput()
		if err != nil && !strings.Contains(string(out), "pragma once") {
			t.Errorf("%s", out)
		}
	}
}
