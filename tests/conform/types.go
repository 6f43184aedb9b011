package conform

import (
	"maps"

	"github.com/girih-lang/girih/ir/dtype"
)

// widths lists a Linear for every type of 1 to 8 bits, with f16 and with bf16 activations.
func widths(add func(file, kernel string, d defs, ds dims, fs map[string]float64)) {
	for i, t := range dtype.All() {
		if t.Bits() > 8 || t.IsBool() || t.IsFloat() && !t.HasSign() {
			continue
		}
		for j, a := range []string{"f16", "bf16"} {
			if a == "f16" && t.MaxFloat() > dtype.F16.MaxFloat() {
				continue // f16 does not hold the weights
			}
			m := []int64{1, 3, 16, 17}[(i+j)%4]
			add("linear", "Linear", defs{"W": t.String(), "G": "64", "A": a}, dims{"M": m, "K": 192, "N": 72}, nil)
		}
	}
}

// blocks lists the Linears whose scales are those of a standard, and those with zero points, each in one of three tilings: weights as the
// narrow operand, few rows and parts of K in warps, and one row, whose products are sums of digits where the type and its groups allow.
func blocks(add func(file, kernel string, d defs, ds dims, fs map[string]float64)) {
	tilings := []defs{
		{"BM": "16", "BN": "64", "BK": "64", "splits": "1", "warps": "4"},
		{"BM": "8", "BN": "64", "BK": "128", "splits": "4", "warps": "8", "blocks": "2"},
		{"BM": "1", "BN": "64", "BK": "128", "splits": "4", "warps": "4", "persist": "1"},
	}
	n := 0
	every := func(file, kernel string, d defs, ds dims, fs map[string]float64) {
		with := maps.Clone(tilings[n%3])
		maps.Copy(with, d)
		add(file, kernel, with, ds, fs)
		n++
	}
	for i, w := range []string{"f8e4m3fn", "f8e5m2", "f6e3m2", "f6e2m3", "f4e2m1"} {
		for _, a := range []string{"bf16", "f16"} {
			times := 1
			if w == "f4e2m1" {
				times = len(tilings)
			}
			for range times {
				every("linear_mx", "LinearMX", defs{"W": w, "A": a}, dims{"M": []int64{1, 16, 33, 5, 17}[i], "K": 640, "N": 72}, nil)
			}
		}
	}
	for _, m := range []int64{1, 18} {
		every("linear_mx", "LinearMXInt8", defs{"A": "bf16"}, dims{"M": m, "K": 160, "N": 100}, nil)
		every("linear_mx", "LinearNV", defs{"A": "f16"}, dims{"M": m, "K": 176, "N": 100}, map[string]float64{"t": 0.01})
		every("linear_mx", "LinearNV", defs{"A": "bf16"}, dims{"M": m, "K": 192, "N": 64}, map[string]float64{"t": 3})
		for _, w := range []string{"u1", "u2", "u3", "u4", "u5", "u8"} {
			every("linear_zero", "LinearZero", defs{"W": w, "G": "32"}, dims{"M": m, "K": 160, "N": 72}, nil)
			every("linear_zero", "LinearZero", defs{"W": w, "Z": w, "A": "bf16", "G": "64"}, dims{"M": m, "K": 192, "N": 64}, nil)
		}
	}
}
