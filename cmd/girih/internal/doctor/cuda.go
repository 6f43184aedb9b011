package doctor

import "github.com/girih-lang/girih/runtime/cuda"

// devices looks for the CUDA driver and lists the GPUs, one Tool each.
func devices() []Tool {
	const costs = "kernels do not run on a GPU here (--on cuda); PTX can still be built and checked"
	version, path, err := cuda.Version()
	if err != nil {
		return []Tool{{
			Name: "cuda-driver", Detail: err.Error(), Costs: costs,
			Install: "NVIDIA's driver for this system, R570 or later",
		}}
	}
	found := []Tool{{Name: "cuda-driver", Found: true, Version: version, Path: path}}
	n, err := cuda.Count()
	if err != nil || n == 0 {
		t := Tool{Name: "gpu", Detail: "the driver finds no GPU", Costs: costs, Install: "see CUDA_VISIBLE_DEVICES, nvidia-smi"}
		if err != nil {
			t.Detail = err.Error()
		}
		return append(found, t)
	}
	for i := range n {
		d, err := cuda.Open(i)
		if err != nil {
			found = append(found, Tool{Name: "gpu", Detail: err.Error(), Costs: costs, Install: "see nvidia-smi"})
			continue
		}
		found = append(found, Tool{Name: "gpu", Found: true, Version: d.Target(), Path: d.String()})
		_ = d.Close()
	}
	return found
}
