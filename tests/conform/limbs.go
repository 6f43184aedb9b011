package conform

import "fmt"

// limbs adds dots of one row of f16 with integers of every width and with floats of few values, which run in digits on the integer matrix units: several
// warps beside and behind each other, clusters, groups that are parts of K and larger ones, more than one row (each a block of its
// own), extents that end inside a tile.
func limbs(add func(file, kernel string, d defs, ds dims, fs map[string]float64)) {
	var pairs [][2]string
	for n := 1; n <= 8; n++ {
		pairs = append(pairs, [2]string{fmt.Sprint("u", n), fmt.Sprint("i", n)})
	}
	pairs = append(pairs, [2]string{"f3e1m1", "f3e2m0"}, [2]string{"f4e1m2", "f4e2m1"})
	for j, pair := range pairs {
		n := j + 1
		for i, w := range pair {
			add("linear", "Linear", defs{"W": w, "BM": "1", "BN": "64", "splits": "4", "warps": "4"}, dims{"M": 1, "K": 1152, "N": 136}, nil)
			add("linear", "Linear", defs{"W": w, "BM": "1", "BN": "128", "splits": "2", "warps": "8", "blocks": fmt.Sprint(1 + (n+i)%3)}, dims{"M": 3, "K": 1536, "N": 264}, nil)
			wide := "128"
			if w[:2] == "f3" { // a C compiler takes half a minute for its code without AVX
				wide = "64"
			}
			add("linear", "Linear", defs{"W": w, "BM": "1", "BN": wide, "splits": "1", "warps": "4", "G": "256"}, dims{"M": 2, "K": 512, "N": 128}, nil)
			add("linear", "Linear", defs{"W": w, "A": "bf16", "BM": "1", "BN": "64", "splits": "2", "warps": "4", "G": []string{"32", "64", "128"}[n%3]}, dims{"M": 2, "K": 640, "N": 136}, nil)
			add("linear", "Linear", defs{"W": w, "BM": "1", "BN": "32", "splits": []string{"1", "4"}[i], "warps": []string{"2", "4"}[i], "G": []string{"64", "32"}[n%2]}, dims{"M": 1, "K": 768, "N": 72}, nil)
		}
	}
}
