package conform

import (
	"encoding/binary"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// embedCases are the kernels of examples/embed: attention carries three tiles of different shapes through a loop whose length
// is data, and multiplies twice.
func embedCases() []Case {
	var cs []Case
	add := func(kernel string, d defs, ds dims, fs map[string]float64) {
		cs = append(cs, Case{"embed", kernel, d, ds, fs})
	}
	scale := map[string]float64{"scale": 0.2}
	for _, d := range []defs{{"BQ": "16", "BK": "32"}, {"BQ": "64", "BK": "16"}, {"BQ": "32", "BK": "64", "H": "64"}, {"A": "bf16", "BQ": "32", "BK": "32"}} {
		add("Attention", d, dims{"B": 2, "S": 80, "D": 64}, scale)
	}
	eps := map[string]float64{"eps": 1e-5}
	add("AddNorm", nil, dims{"M": 3, "D": 192}, eps)
	add("Pool", nil, dims{"B": 3, "S": 16, "D": 192}, nil)
	add("Similarity", nil, dims{"B": 19, "D": 100}, nil)
	add("Dense", defs{"BM": "32", "BN": "64", "BK": "64", "Act": "1"}, dims{"M": 48, "K": 128, "N": 64}, nil)
	add("Linear", defs{"BM": "16", "BN": "64", "BK": "64", "W": "u3"}, dims{"M": 16, "K": 128, "N": 64}, nil)
	add("Gram", defs{"BK": "64"}, dims{"B": 2, "S": 48, "K": 64}, nil)
	add("Transposed", nil, dims{"N": 64, "K": 128}, nil)
	return cs
}

// lengths are n numbers from 1 to most.
func lengths(n int, most int64) (*tensor.Tensor, error) {
	t, err := tensor.Make(dtype.I32, n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		binary.LittleEndian.PutUint32(t.Data[4*i:], uint32(1+(int64(i)*37+most/2)%most))
	}
	return t, nil
}
