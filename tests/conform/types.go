package conform

import "github.com/girih-lang/girih/ir/dtype"

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
