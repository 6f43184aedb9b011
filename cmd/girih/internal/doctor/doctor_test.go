package doctor

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunText(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Run(&out, "text"))
	t.Log("\n" + out.String())
	assert.Contains(t, out.String(), "Kernels run here on: vm")
	for _, name := range []string{"cc", "llvm-inprocess", "llvm-process", "ptxas", "nvdisasm", "cuda-driver"} {
		assert.Contains(t, out.String(), " "+name)
	}
}

func TestRunJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Run(&out, "json"))
	var r Report
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&r))
	assert.True(t, r.Executors[0].Ready, "the VM always runs")
	for _, tool := range r.Tools {
		if !tool.Found {
			assert.NotEmpty(t, tool.Costs, tool.Name)
			assert.NotEmpty(t, tool.Install, tool.Name)
			assert.NotEmpty(t, tool.Detail, tool.Name)
		}
	}
	assert.ErrorContains(t, Run(&out, "yaml"), `unknown format "yaml"; expected text or json`)
}

func TestNothingInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CC", "")
	t.Setenv("GIRIH_PTXAS", "off")
	tool := cc()
	assert.False(t, tool.Found)
	assert.Contains(t, tool.Detail, "not found in PATH")
	assert.Contains(t, assembler().Detail, "GIRIH_PTXAS=off")
	t.Setenv("CC", "no-such-compiler -O2")
	assert.Contains(t, cc().Detail, "no-such-compiler not found")
}

func TestExecutors(t *testing.T) {
	all := []Tool{{Name: "cc", Found: true}, {Name: "llvm-process", Found: true}, {Name: "cuda-driver", Found: true},
		{Name: "gpu", Found: true}, {Name: "gpu"}}
	for _, e := range executors(all) {
		assert.True(t, e.Ready, e.Name)
	}
	assert.Equal(t, "no LLVM", executors(all[2:])[2].Reason)
	assert.Equal(t, "no GPU", executors(all[:3])[2].Reason)
	assert.Equal(t, []Executor{{"vm", true, ""}, {"cpu", false, "no C compiler"}, {"cuda", false, "no CUDA driver"}}, executors(nil))
}

func TestWriteGolden(t *testing.T) {
	r := Report{Go: "go1.26", System: "linux/amd64", Cores: 2, Tools: []Tool{
		{Name: "cc", Found: true, Version: "gcc 12", Path: "/usr/bin/cc"},
		{Name: "ptxas", Found: true, Version: "13.0.88", Path: "/x", Warning: "old"},
		{Name: "cuda-driver", Detail: "libcuda.so.1 is not there", Costs: "no GPU", Install: "a driver"},
	}}
	r.Executors = executors(r.Tools)
	var out bytes.Buffer
	require.NoError(t, r.Write(&out, "text"))
	assert.Equal(t, `Kernels run here on: vm, cpu; not on cuda (no CUDA driver)
go1.26, linux/amd64, 2 cores

  ok       cc           gcc 12   /usr/bin/cc
  ok       ptxas        13.0.88  /x
  missing  cuda-driver

ptxas
  warning: old

cuda-driver
  libcuda.so.1 is not there
  costs:   no GPU
  install: a driver
`, out.String())
}
