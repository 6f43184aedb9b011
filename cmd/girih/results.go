package main

import (
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// outputs finds the results among the arguments.
func outputs(k *ir.Kernel, args []runtime.Arg) map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for i, p := range k.Params {
		if p.Out {
			out[p.Name] = args[i].Tensor
		}
	}
	return out
}

// writeOutputs writes results to the files that --out names: the unpacked values in the nearest NumPy type, or with
// NAME:packed the raw bytes.
func writeOutputs(list map[string]string, results map[string]*tensor.Tensor) error {
	for name, path := range list {
		name, packed := strings.CutSuffix(name, ":packed")
		if err := tensor.SaveNpy(path, results[name], packed); err != nil {
			return runtimef("--out %s: %w", name, inFile(path, err))
		}
	}
	return nil
}

// checkOutputs refuses names that the kernel does not have before anything runs.
func checkOutputs(k *ir.Kernel, list []string) (map[string]string, error) {
	out, err := pairs("--out", list)
	if err != nil {
		return nil, err
	}
	var have []string
	for _, p := range k.Params {
		if p.Out {
			have = append(have, p.Name)
		}
	}
	for name := range out {
		if base := strings.TrimSuffix(name, ":packed"); !slices.Contains(have, base) {
			return nil, usagef("--out %s: kernel %s has no such result; it has %s", base, k.Name, orNone(have))
		}
	}
	return out, nil
}
