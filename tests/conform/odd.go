package conform

import _ "embed"

// odd are kernels whose tiles fit nothing: extents of 3, 5 and 7, fewer elements than threads, tiles that are transposed and
// reshaped although their layouts are padded.
//
//go:embed odd.girih
var odd string

func oddCases() []Case {
	var cs []Case
	add := func(kernel string, d defs, ds dims) { cs = append(cs, Case{"odd", kernel, d, ds, nil}) }
	for _, t := range []string{"f16", "f32"} {
		d := defs{"T": t}
		for _, s := range [][2]int64{{7, 96}, {23, 200}, {14, 288}} {
			ds := dims{"M": s[0], "N": s[1]}
			for _, k := range []string{"Columns96", "SevenRows", "SevenColumns", "Turn", "Rotate", "RotateBack", "Exchange", "Xor", "XorCopies"} {
				add(k, d, ds)
			}
		}
		add("FortyEight", d, dims{"N": 48})
		add("FortyEight", d, dims{"N": 1000})
		add("Fold", d, dims{"M": 10, "N": 42})
		add("Regroup", d, dims{"M": 12, "N": 14})
		add("Cross", d, dims{"M": 5, "N": 12})
		add("RowScale", d, dims{"B": 3, "M": 10, "N": 25})
	}
	add("DotOdd", nil, dims{"M": 50, "N": 90, "K": 36})
	add("DotOdd", defs{"T": "f16"}, dims{"M": 24, "N": 40, "K": 12})
	add("DotOdd", defs{"T": "i8", "A": "i32"}, dims{"M": 24, "N": 41, "K": 25})
	return cs
}
