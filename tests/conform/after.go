package conform

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/girih-lang/girih/examples"
)

// afters are kernels that start while the one before may still run.
//
//go:embed after.girih
var afters string

// linearAfter is examples/linear with the word.
var linearAfter = strings.Replace(examples.Linear, "BN warps(warps)", "BN warps(warps) after(x)", 1)

// chained are the extents of the kernels that run one after the other in TestCUDAAfter.
var chained = dims{"M": 33, "N": 512}

func afterCases() []Case {
	var cs []Case
	for i, w := range []string{"u4", "u1", "f6e3m2", "u8", "i5", "f4e2m1"} {
		add := func(d defs, ds dims) {
			d["W"], d["A"] = w, []string{"f16", "bf16"}[i%2]
			cs = append(cs, Case{"linear_after", "Linear", d, ds, nil})
		}
		add(defs{"BM": "1", "BN": "32", "BK": "64", "splits": "4", "warps": "4", "blocks": fmt.Sprint(1 + i%4)}, dims{"M": 2, "K": 1152, "N": 200})
		add(defs{"BM": "8", "BN": "64", "BK": "128", "splits": "2", "stages": fmt.Sprint(3 + i%3)}, dims{"M": 7, "K": 640, "N": 192})
		add(defs{"BM": "64", "BN": "64", "BK": "64", "splits": "2", "warps": "8", "blocks": "2"}, dims{"M": 77, "K": 640, "N": 136})
	}
	add := func(kernel string, d defs, ds dims) { cs = append(cs, Case{"after", kernel, d, ds, nil}) }
	for i, t := range []string{"f16", "bf16", "f32"} {
		odd := int64(i % 2)
		for _, n := range []int64{64, 1000, 5000, 65536} {
			if n < 65536 || t != "f32" { // 64 elements in a thread leave no registers
				add("Norm", defs{"T": t}, dims{"M": 3, "N": n})
			}
		}
		add("Residual", defs{"T": t, "Q": []string{"u4", "u3", "i8"}[i]}, dims{"M": 33, "N": 200 + odd})
		add("Pick", defs{"T": t}, dims{"V": 128, "D": 100 + odd, "M": 40})
		add("Twice", defs{"T": t}, dims{"M": 33, "K": 160, "N": 70})
		if t != "f32" {
			add("Square", defs{"T": t}, dims{"M": 5, "N": 256})
			add("Square", defs{"T": t}, chained)
			add("Lasting", defs{"T": t}, chained)
			add("Norm", defs{"T": t}, chained)
		}
	}
	return cs
}
