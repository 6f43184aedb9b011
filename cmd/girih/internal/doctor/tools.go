package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/girih-lang/girih/codegen/ptx/llvm"
	"github.com/girih-lang/girih/codegen/ptx/ptxas"
)

// versionLine runs a tool for the first line of its --version.
func versionLine(path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s fails: %w", path, strings.Join(args, " "), err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line), nil
}

// cc looks for a C compiler where the CPU executor does: $CC, else cc, gcc or clang.
func cc() Tool {
	t := Tool{
		Name:    "cc",
		Costs:   "kernels do not run on the CPU through C (--on cpu); the VM runs them, slower",
		Install: "apt-get install gcc libc6-dev",
	}
	names := []string{"cc", "gcc", "clang"}
	if v := getenv("CC", ""); v != "" {
		names = strings.Fields(v)[:1]
	}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		v, err := versionLine(path, "--version")
		if err != nil {
			t.Detail = err.Error()
			continue
		}
		return Tool{Name: "cc", Found: true, Version: v, Path: path}
	}
	if t.Detail == "" {
		t.Detail = strings.Join(names, ", ") + " not found in PATH"
	}
	return t
}

func llvmInProcess() Tool {
	t := Tool{
		Name:    "llvm-inprocess",
		Costs:   "compiling for GPUs takes some 15 ms a kernel more, through opt and llc",
		Install: fmt.Sprintf("apt-get install llvm-%d", llvm.Major),
	}
	return driver(t, llvm.InProcess)
}

func llvmProcess() Tool {
	t := Tool{
		Name:    "llvm-process",
		Costs:   "no separate processes to compile in (GIRIH_LLVM=process), where LLVM in process is not wanted or not there",
		Install: fmt.Sprintf("apt-get install llvm-%d", llvm.Major),
	}
	return driver(t, llvm.Process)
}

func driver(t Tool, open func() (llvm.Driver, error)) Tool {
	d, err := open()
	if err != nil {
		t.Detail = strings.ReplaceAll(err.Error(), "\n", "; ")
		return t
	}
	t = Tool{Name: t.Name, Found: true, Version: d.Version(), Path: d.Path()}
	if v := getenv(llvm.EnvDriver, ""); v != "" {
		t.Detail = llvm.EnvDriver + "=" + v + " decides which of the two is used"
	}
	return t
}

func assembler() Tool {
	a, err := ptxas.Find()
	if err != nil {
		return Tool{
			Name:    "ptxas",
			Detail:  err.Error(),
			Costs:   "generated PTX is not checked ahead; registers and spills are not shown by `girih explain`",
			Install: "pip install 'nvidia-cuda-nvcc>=13.1'",
		}
	}
	return Tool{Name: "ptxas", Found: true, Version: a.Version(), Path: a.Path(), Warning: a.Suspect()}
}

func disassembler() Tool {
	path, err := ptxas.FindDisassembler()
	if err != nil {
		return Tool{
			Name:    "nvdisasm",
			Detail:  err.Error(),
			Costs:   "no SASS (--emit sass)",
			Install: "pip install nvidia-cuda-nvdisasm",
		}
	}
	return Tool{Name: "nvdisasm", Found: true, Path: path}
}
