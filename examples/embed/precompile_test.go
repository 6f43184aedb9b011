package main

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/internal/need"
)

// Everything compiles for a GPU. Where GIRIH_CACHE names a directory, the same test binary then runs on a machine that has the GPU
// and no LLVM: dist.sh does that.
func TestPrecompile(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	target := cmp.Or(os.Getenv("EMBED_TARGET"), "sm_90a")
	for _, c := range tinyCases {
		require.NoError(t, precompile(ctx, target, types(t, c.w, c.a), 64, tinyConfig.Heads), "%s %s", c.w, c.a)
	}
	for _, c := range miniCases {
		require.NoError(t, precompile(ctx, target, c.types(t), 384, 12), c.String())
	}
}

// The command runs on a GPU from the cache alone, without LLVM, compilers or anything else in PATH. The GPU is a stand-in whose
// kernels do nothing: that they are all there is what is tested.
func TestWithoutLLVM(t *testing.T) {
	_, err := llvm.Find()
	need.Tool(t, "llvm", err)
	cc, err := exec.LookPath("cc")
	need.Tool(t, "cc", err)
	dir := t.TempDir()
	so := filepath.Join(dir, "libcuda.so.1")
	text, err := exec.Command(cc, "-O1", "-shared", "-fPIC", "-pthread", "-o", so, "../../runtime/cuda/testdata/fakecuda.c").CombinedOutput()
	require.NoError(t, err, string(text))
	data, err := os.ReadFile("testdata/tiny.safetensors")
	require.NoError(t, err)
	for name, text := range map[string]string{"model.safetensors": string(data), "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nstar\n.\n",
		"config.json": `{"num_attention_heads": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	self, err := os.Executable()
	require.NoError(t, err)
	command := func(env []string, args ...string) (string, error) {
		c := exec.Command(self, append([]string{"-model", dir, "-W", "i4"}, args...)...)
		c.Env = append([]string{"EMBED_COMMAND=1", "GIRIH_CACHE=" + filepath.Join(dir, "cache")}, env...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	gpu := []string{"GIRIH_LLVM=off", "GIRIH_LIBCUDA=" + so, "FAKECUDA_ANY=1"}
	out, err := command(gpu, "-on", "cuda", "A star.")
	require.Error(t, err)
	assert.Contains(t, out, "LLVM")
	out, err = command(nil, "-compile", "sm_90a")
	require.NoError(t, err, out)
	out, err = command(gpu, "-on", "cuda", "A star.")
	require.NoError(t, err, out)
	assert.Contains(t, out, "Fake GPU")
	assert.Contains(t, out, "weights i4, activations f16")
	out, err = command(nil, "-compile", "sm_1")
	require.Error(t, err)
	assert.Contains(t, out, `no GPU generation is called "sm_1"`)
}
