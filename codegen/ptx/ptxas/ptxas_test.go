package ptxas

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/internal/need"
)

const kernel = `.version 8.0
.target sm_90a
.address_size 64
.visible .entry first(.param .u64 p) {
  .reg .b64 %rd<3>;
  .reg .b32 %r<3>;
  .shared .align 16 .b8 sm[1024];
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, sm;
  ld.shared.u32 %r2, [%r1];
  st.global.u32 [%rd1], %r2;
  ret;
}
.visible .entry second(.param .u64 p) { ret; }
`

func assembler(t *testing.T) *Assembler {
	a, err := Find()
	need.Tool(t, "ptxas", err)
	return a
}

func TestAssemble(t *testing.T) {
	a := assembler(t)
	t.Logf("%s %s", a.Path(), a.Version())
	cubin, r, err := a.Assemble(t.Context(), []byte(kernel), "sm_90a")
	require.NoError(t, err)
	assert.Equal(t, "\x7fELF", string(cubin[:4]))
	require.Len(t, r.Kernels, 2)
	names := []string{r.Kernels[0].Name, r.Kernels[1].Name}
	assert.ElementsMatch(t, []string{"first", "second"}, names)
	assert.Equal(t, 1024, r.Shared)
	assert.Positive(t, r.Registers)
	assert.False(t, r.Spills())
	assert.Empty(t, r.Warnings)
}

func TestAssembleRejects(t *testing.T) {
	a := assembler(t)
	for _, c := range []struct {
		from, to, cpu string
		line          int
		want          string
	}{
		{"ld.shared.u32", "ld.shared.u77", "sm_90a", 10, "Unknown modifier '.u77'"},
		{"sm_90a", "sm_90a", "sm_80", 0, ".target"},
		{"sm_90a", "sm_90a", "gtx", 0, "is no name of a GPU"},
		{"ret;", "mov.u32 %r9, 1; ret;", "sm_90a", 12, "'mov'"},
	} {
		cubin, _, err := a.Assemble(t.Context(), []byte(strings.ReplaceAll(kernel, c.from, c.to)), c.cpu)
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Nil(t, cubin)
		assert.Equal(t, c.line, e.Problems[0].Line, e)
		assert.Contains(t, e.Problems[0].Text, c.want)
		assert.Contains(t, e.Error(), c.cpu)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := a.Assemble(ctx, []byte(kernel), "sm_90a")
	assert.ErrorIs(t, err, context.Canceled)
}

func TestDisassemble(t *testing.T) {
	a := assembler(t)
	if _, err := find("nvdisasm", "GIRIH_NVDISASM"); err != nil {
		t.Skip(err)
	}
	cubin, _, err := a.Assemble(t.Context(), []byte(kernel), "sm_90a")
	require.NoError(t, err)
	sass, err := Disassemble(t.Context(), cubin)
	require.NoError(t, err)
	assert.Contains(t, string(sass), "LDS")
	_, err = Disassemble(t.Context(), []byte("no cubin"))
	assert.ErrorContains(t, err, "nvdisasm")
}

func TestParse(t *testing.T) {
	r, problems := parse(`ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'a' for 'sm_90a'
ptxas info    : Function properties for a
    96 bytes stack frame, 88 bytes spill stores, 72 bytes spill loads
ptxas info    : Used 255 registers, used 3 barriers, 1024 bytes smem, 400 bytes cmem[0]
ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to non wgmma instructions defining accumulator registers in function 'a'
ptxas warning : (C7508) Potential Performance Loss: 'setmaxnreg' ignored to maintain minimum register requirements.
ptxas kernel.ptx, line 4; warning : Instruction 'x' is deprecated
ptxas info    : Compiling entry function 'b' for 'sm_90a'
ptxas info    : Used 8 registers, 32 bytes smem
`)
	assert.Empty(t, problems)
	assert.Equal(t, []Usage{{"a", 255, 96, 88, 72, 1024, 3}, {"b", 8, 0, 0, 0, 32, 0}}, r.Kernels)
	assert.Equal(t, Usage{"", 255, 96, 88, 72, 1024, 3}, r.Usage)
	require.Len(t, r.Warnings, 3)
	assert.Equal(t, "C7510", r.Warnings[0].Code)
	assert.True(t, r.Warnings[0].Serious() && r.Warnings[1].Serious())
	assert.Equal(t, Warning{"", "Instruction 'x' is deprecated"}, r.Warnings[2])
	assert.False(t, r.Warnings[2].Serious())

	_, problems = parse("ptxas kernel.ptx, line 9; error   : A\nptxas kernel.ptx, line 10; error   : B\nptxas fatal   : Ptx assembly aborted due to errors\n")
	assert.Equal(t, []Problem{{9, "A"}, {10, "B"}}, problems)
	assert.Equal(t, "ptxas rejects the PTX for sm_80 at its line 9: A (and 1 more)", (&Error{"sm_80", problems}).Error())
	_, problems = parse("ptxas fatal   : nothing goes\n")
	assert.Equal(t, []Problem{{0, "nothing goes"}}, problems)
}

func FuzzParse(f *testing.F) {
	f.Add("ptxas info : Used 99999999999999999999 registers\nptxas info : Compiling entry function '' for ''\n")
	f.Add("ptxas x, line 0; error : \n")
	f.Fuzz(func(t *testing.T, s string) { parse(s) })
}

func TestSuspect(t *testing.T) {
	for v, bad := range map[string]bool{"11.8.89": true, "12.4.131": false, "12.8.93": true, "12.9.86": true, "13.0.88": true, "13.1.0": false, "13.5.37": false} {
		assert.Equal(t, bad, (&Assembler{version: v}).Suspect() != "", v)
	}
}

func TestFind(t *testing.T) {
	t.Setenv(EnvPath, "off")
	_, err := Find()
	assert.ErrorIs(t, err, ErrMissing)
	t.Setenv(EnvPath, "/no/such/ptxas")
	_, err = Find()
	assert.ErrorContains(t, err, "is not an executable file")
	fake := filepath.Join(t.TempDir(), "ptxas")
	require.NoError(t, os.WriteFile(fake, []byte("#!/bin/sh\necho hello\n"), 0o755))
	t.Setenv(EnvPath, fake)
	_, err = Find()
	assert.ErrorContains(t, err, "names no version")
	assert.ErrorContains(t, err, "pip install nvidia-cuda-nvcc")
}
