// Package conform holds every kernel of the repository against the VM, on every executor that exists.
package conform

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Case is one kernel, specialised, with the extents of its dimensions.
type Case struct {
	File, Kernel string // a file of stdlib, or "linear" for examples/linear
	Defines      map[string]string
	Dims         map[string]int64
	Floats       map[string]float64 // scalar parameters
}

// String is the case's name.
func (c Case) String() string {
	var b strings.Builder
	b.WriteString(c.Kernel)
	for _, k := range slices.Sorted(maps.Keys(c.Defines)) {
		fmt.Fprintf(&b, " %s=%s", k, c.Defines[k])
	}
	for _, k := range slices.Sorted(maps.Keys(c.Dims)) {
		fmt.Fprintf(&b, " %s=%d", k, c.Dims[k])
	}
	return b.String()
}

type dims = map[string]int64
type defs = map[string]string

// Cases lists all of them: aligned shapes, shapes that end inside a tile, prime extents, and 1.
func Cases() []Case {
	var cs []Case
	add := func(file, kernel string, d defs, ds dims, fs map[string]float64) {
		cs = append(cs, Case{file, kernel, d, ds, fs})
	}
	for _, w := range []string{"u1", "u2", "u3", "u4", "i4", "u5", "i6", "u7", "u8", "i8", "f6e3m2", "f4e2m1", "f8e4m3fn", "f8e5m2"} {
		for _, g := range []string{"32", "64", "128"} {
			for i, a := range []string{"f16", "bf16"} {
				m := []int64{1, 5, 16, 33}[(len(cs)+i)%4]
				add("linear", "Linear", defs{"W": w, "G": g, "A": a}, dims{"M": m, "K": 384, "N": 192}, nil)
			}
		}
	}
	for i, w := range []string{"u1", "u4", "u8", "f6e3m2"} {
		bm := []int64{1, 2, 4, 1}[i]
		add("linear", "Linear", defs{"W": w, "BM": fmt.Sprint(bm), "BN": "32", "splits": "8"}, dims{"M": bm, "K": 1152, "N": 136}, nil)
		add("linear", "Linear", defs{"W": w, "BM": fmt.Sprint(bm), "G": "32"}, dims{"M": bm + 1, "K": 512, "N": 96}, nil)
	}
	for _, m := range []int64{1, 5, 16, 33} {
		add("linear", "Linear", defs{"W": "u4"}, dims{"M": m, "K": 256, "N": 100}, nil)
		add("linear", "Linear", defs{"W": "f6e3m2", "BM": "32", "BN": "64", "stages": "4", "splits": "2"}, dims{"M": m, "K": 512, "N": 257}, nil)
		add("linear", "Linear", defs{"W": "u3", "G": "32", "BK": "128"}, dims{"M": m, "K": 416, "N": 64}, nil)
	}
	for i, w := range []string{"u4", "u1", "f6e3m2", "u8", "u3", "f4e2m1", "i5", "f8e4m3fn"} { // several warps share the activations; from 32 rows on wgmma
		a := []string{"f16", "bf16"}[i%2]
		add("linear", "Linear", defs{"W": w, "A": a, "BM": "16", "BN": "128", "BK": "64", "splits": "2", "warps": "4"}, dims{"M": 19, "K": 384, "N": 200}, nil)
		add("linear", "Linear", defs{"W": w, "A": a, "BM": "64", "BN": "256", "BK": "64", "splits": "1", "warps": "8"}, dims{"M": 77, "K": 640, "N": 520}, nil)
		add("linear", "Linear", defs{"W": w, "A": a, "BM": "32", "BN": "128", "BK": "128", "splits": "2", "warps": "8"}, dims{"M": 33, "K": 512, "N": 136}, nil)
		blocks := fmt.Sprint(2 + i%3) // of a cluster
		add("linear", "Linear", defs{"W": w, "A": a, "BM": "64", "BN": "64", "BK": "64", "splits": "2", "warps": "8", "blocks": blocks}, dims{"M": 77, "K": 640, "N": 130}, nil)
		add("linear", "Linear", defs{"W": w, "A": a, "BM": "1", "BN": "32", "BK": "64", "splits": "4", "warps": "4", "blocks": blocks}, dims{"M": 3, "K": 1152, "N": 200}, nil)
	}
	for i, w := range []string{"u4", "f4e2m1", "u2", "u3", "f6e2m3", "f4e3m0"} { // tiles of seven fragments, and parts of them
		a, persist := []string{"f16", "bf16"}[i%2], fmt.Sprint(i/2%2)
		add("linear", "Linear", defs{"W": w, "A": a, "BM": "1", "BN": "112", "BK": "128", "splits": "4", "warps": "4", "persist": persist}, dims{"M": 1, "K": 1152, "N": 344}, nil)
		add("linear", "Linear", defs{"W": w, "A": a, "BM": []string{"8", "16"}[i%2], "BN": "224", "BK": "64", "splits": "2", "warps": "4"}, dims{"M": 19, "K": 384, "N": 330}, nil)
	}
	for i, bm := range []string{"1", "8", "16"} { // three parts of K: extents that are no powers of two
		add("linear", "Linear", defs{"W": []string{"u4", "u3", "f4e2m1"}[i], "BM": bm, "BN": "32", "BK": "128", "splits": "3", "warps": "6"}, dims{"M": 3, "K": 1280, "N": 72}, nil)
	}
	widths(add)
	limbs(add)
	blocks(add)
	for _, t := range []string{"f32", "f16", "bf16", "i32", "u8", "i5", "f8e4m3fn"} {
		for _, n := range []int64{1, 1000, 4096, 5003} {
			add("add", "Add", defs{"T": t}, dims{"N": n}, nil)
		}
	}
	for _, t := range []string{"f16", "bf16", "f32"} {
		for _, s := range [][2]int64{{3, 128}, {1, 7}, {5, 1000}, {2, 5000}, {4, 4096}} {
			d := dims{"M": s[0], "N": s[1]}
			eps := map[string]float64{"eps": 1e-5}
			add("softmax", "Softmax", defs{"T": t}, d, nil)
			add("softmax", "SoftmaxAny", defs{"T": t}, d, nil)
			add("norm", "RMSNorm", defs{"T": t}, d, eps)
			add("norm", "RMSNormAny", defs{"T": t}, d, eps)
			add("norm", "LayerNorm", defs{"T": t}, d, eps)
			add("norm", "LayerNormAny", defs{"T": t}, d, eps)
			add("norm", "AddRMSNorm", defs{"T": t}, d, eps)
			add("reduce", "SumRows", defs{"T": t}, d, nil)
			add("reduce", "SumCols", defs{"T": t}, d, nil)
			add("reduce", "MaxRows", defs{"T": t}, d, nil)
			add("transpose", "Transpose", defs{"T": t}, d, nil)
		}
		for _, n := range []int64{1, 1003, 4096} {
			add("activation", "Gelu", defs{"T": t}, dims{"N": n}, nil)
			add("activation", "GeluTanh", defs{"T": t}, dims{"N": n}, nil)
			add("activation", "Silu", defs{"T": t}, dims{"N": n}, nil)
			add("activation", "SwiGLU", defs{"T": t}, dims{"N": n}, nil)
		}
		for _, s := range [][3]int64{{64, 64, 64}, {1, 1, 1}, {65, 130, 96}, {128, 192, 256}, {33, 70, 101}} {
			d := dims{"M": s[0], "N": s[1], "K": s[2]}
			add("matmul", "Matmul", defs{"T": t}, d, nil)
			add("matmul", "MatmulNT", defs{"T": t}, d, nil)
		}
		if t == "f32" {
			continue // the ordinary units want both operands in shared memory once more
		}
		add("matmul", "Matmul", defs{"T": t, "BM": "128", "BN": "128", "BK": "32", "stages": "4"}, dims{"M": 200, "N": 136, "K": 160}, nil)
	}
	for _, n := range []int64{10000, 20000} { // blocks of 16 and of 32 warps
		add("softmax", "Softmax", defs{"T": "bf16"}, dims{"M": 2, "N": n}, nil)
		add("norm", "LayerNorm", defs{"T": "f16"}, dims{"M": 2, "N": n}, map[string]float64{"eps": 1e-5})
		add("quant", "QuantRows", defs{"Q": "f8e4m3fn", "T": "bf16"}, dims{"M": 2, "N": n}, nil)
		add("softmax", "SoftmaxAny", defs{"T": "f16", "BN": "4096"}, dims{"M": 2, "N": n + 1}, nil)
		add("norm", "LayerNormAny", defs{"T": "bf16", "BN": "4096"}, dims{"M": 2, "N": n + 8}, map[string]float64{"eps": 1e-5})
	}
	// 64 elements in each of 1024 threads: nothing but 16-bit floats may be kept of them, and of what is common to all rows nothing
	for _, k := range []string{"RMSNorm", "AddRMSNorm", "AddNormQuant"} {
		add("norm", k, defs{"T": "bf16"}, dims{"M": 2, "N": 65536}, map[string]float64{"eps": 1e-5})
	}
	for _, s := range [][2]int64{{3, 256}, {2, 1000}} {
		add("norm", "AddNormQuant", defs{"Q": "f8e4m3fn"}, dims{"M": s[0], "N": s[1]}, map[string]float64{"eps": 1e-5})
		add("norm", "AddNormQuant", defs{"Q": "f6e3m2"}, dims{"M": s[0], "N": s[1]}, map[string]float64{"eps": 1e-5})
		add("norm", "AddNormQuant", defs{"Q": "i8", "T": "bf16"}, dims{"M": s[0], "N": s[1]}, map[string]float64{"eps": 1e-5})
		for i, t := range []string{"bf16", "f16", "f32"} {
			for _, q := range []string{"f8e4m3fn", "f8e5m2", "i8", "i4", "f6e3m2"}[i:] {
				add("quant", "QuantRows", defs{"Q": q, "T": t}, dims{"M": s[0], "N": s[1]}, nil)
			}
			add("quant", "DequantRows", defs{"Q": "f8e4m3fn", "T": t}, dims{"M": s[0], "N": s[1]}, nil)
		}
	}
	return slices.Concat(cs, oddCases(), gatherCases(), embedCases(), afterCases())
}
