package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const genSource = `package k

// Norm normalises rows.
kernel Norm[T type = f16](x T[M, N static], eps f32) (y T[M, N]) {
	grid m in M
	v := f32(x[m, :])
	y[m, :] = T(v * rsqrt(mean(v * v) + eps))
}

// scale multiplies by a number; its parameters have names that mean something in Go.
kernel scale[BN int](chan f32[N], err f32) (ctx f32[N]) {
	grid n in N by BN
	ctx[n] = chan[n] * err
}
`

func runGen(t *testing.T, c genCmd) (string, error) {
	t.Helper()
	t.Setenv("GIRIH_CACHE", "off")
	var out bytes.Buffer
	a := &app{ctx: context.Background(), out: &out, errs: &out}
	err := c.Run(a)
	return out.String(), err
}

func tree(t *testing.T, dir string) map[string]string {
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(data)
		return err
	}))
	return files
}

// The same bytes in another directory, and again over what is there.
func TestGenIsReproducible(t *testing.T) {
	var first map[string]string
	for _, sub := range []string{"a", "b/much/deeper"} {
		dir := filepath.Join(t.TempDir(), sub)
		require.NoError(t, os.MkdirAll(dir, 0o777))
		file := filepath.Join(dir, "k.girih")
		require.NoError(t, os.WriteFile(file, []byte(genSource), 0o666))
		c := genCmd{File: file, Target: []string{"cpu"}, Define: []string{"scale.BN=64"}, Shape: []string{"Norm.N=64"}}
		for range 2 {
			out, err := runGen(t, c)
			require.NoError(t, err, out)
			files := tree(t, dir)
			if first == nil {
				first = files
			}
			assert.Equal(t, first, files)
		}
		c.Check = true
		out, err := runGen(t, c)
		require.NoError(t, err, out)

		// Stale in each way.
		gone := filepath.Join(dir, "k_gen", "scale.cpu.c")
		require.NoError(t, os.Rename(gone, filepath.Join(dir, "k_gen", "other.cpu.c")))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "k_gen.go"), []byte("package k\n"), 0o666))
		out, err = runGen(t, c)
		var f *failure
		require.ErrorAs(t, err, &f)
		assert.Equal(t, exitCheck, f.code)
		assert.Contains(t, out, "scale.cpu.c: missing")
		assert.Contains(t, out, "other.cpu.c: no longer generated")
		assert.Contains(t, out, "-package k\n")
		c.Check = false
		_, err = runGen(t, c)
		require.NoError(t, err)
		assert.Equal(t, first, tree(t, dir))
	}
	assert.Contains(t, first["k_gen.go"], "func Scale(ctx context.Context, argChan *girih.Tensor, argErr float32) (argCtx *girih.Tensor, err error)")
	assert.Contains(t, first["k_gen.go"], "NormT = \"f16\"")
}

func TestGenElsewhere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "k.girih")
	require.NoError(t, os.WriteFile(file, []byte(genSource), 0o666))
	out, err := runGen(t, genCmd{File: file, Output: filepath.Join(dir, "pkg", "z_gen.go"), Package: "pkg"})
	require.NoError(t, err, out)
	assert.Contains(t, out, "note: kernel Norm: the dimension N is static")
	assert.Contains(t, out, "note: kernel scale: the parameter BN has no value")
	files := tree(t, filepath.Join(dir, "pkg"))
	assert.Equal(t, genSource, files[filepath.Join("z_gen", "k.girih")])
	assert.Contains(t, files["z_gen.go"], "package pkg\n")
	out, err = runGen(t, genCmd{File: dir, C: filepath.Join(dir, "c"), Target: []string{"cpu"}, Define: []string{"BN=32"}, Shape: []string{"N=64"}})
	require.NoError(t, err, out)
	files = tree(t, filepath.Join(dir, "c"))
	assert.Contains(t, files, "manifest.json")
	assert.Contains(t, files, "Norm.cpu.c")

	for want, c := range map[string]genCmd{
		"no target is called":   {File: file, Target: []string{"sm_1"}},
		"no kernel here has":    {File: file, Define: []string{"Q=1"}},
		"such a dimension":      {File: file, Shape: []string{"Q=1"}},
		"has no kernel none":    {File: file, Kernels: []string{"none"}},
		"a Go file is expected": {File: file, Output: filepath.Join(dir, "x.txt")},
		"no such file":          {File: filepath.Join(dir, "none.girih")},
		"is it the right":       {File: file, C: dir},
		"--target cpu":          {File: file, So: true},
	} {
		_, err := runGen(t, c)
		var f *failure
		require.ErrorAs(t, err, &f, want)
		assert.Equal(t, exitUsage, f.code)
		assert.ErrorContains(t, err, want)
	}
	require.NoError(t, os.WriteFile(file, []byte("package k\n\nkernel a(x f32[N]) (y f32[N]) {\n\tgrid n in N by 4\n\ty[n] = x[n]\n}\n\nkernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 4\n\ty[n] = x[n]\n}\n"), 0o666))
	_, err = runGen(t, genCmd{File: file, Output: filepath.Join(dir, "q_gen.go")})
	assert.ErrorContains(t, err, "would both be called A in Go")
}
