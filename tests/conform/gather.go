package conform

import _ "embed"

// gathers are kernels that read at the positions of a tile.
//
//go:embed gather.girih
var gathers string

func gatherCases() []Case {
	var cs []Case
	add := func(kernel string, d defs, ds dims) { cs = append(cs, Case{"gather", kernel, d, ds, nil}) }
	for _, t := range []string{"f16", "bf16", "f32", "i8", "f8e4m3fn", "u4", "i5", "f6e3m2", "i64"} {
		add("Rows", defs{"T": t}, dims{"V": 128, "D": 64, "M": 33})
	}
	for i, t := range []string{"f16", "f32", "u3", "f8e5m2"} {
		d, odd := defs{"T": t}, int64(i%2)
		add("Rows", d, dims{"V": 131, "D": 100 + odd, "M": 16})
		add("Wide", d, dims{"V": 128, "D": 96 + odd, "M": 9})
		add("Columns", d, dims{"V": 130 + odd, "M": 11, "N": 50})
		add("Middle", d, dims{"B": 2, "V": 128, "D": 40 - odd, "M": 13})
		add("Bag", d, dims{"V": 128, "D": 72 + odd, "M": 5, "N": 7})
		add("Positions", d, dims{"D": 33, "N": 21})
	}
	for _, q := range []string{"u2", "u4", "u8", "u5"} {
		add("Table", defs{"Q": q}, dims{"M": 17, "N": 96})
	}
	for _, t := range []string{"f16", "bf16", "f32"} {
		add("Experts", defs{"T": t}, dims{"V": 128, "K": 96, "M": 40, "N": 48})
	}
	return cs
}
