package main

import "fmt"

// growth lists Linear at shapes that differ in one extent from a middle, and every type at two shapes: what tests/plots draws.
func growth() []row {
	rs := rows()[:1]
	seen := map[string]bool{}
	add := func(w string, m, n, k int64) {
		r := row{"linear", "Linear", map[string]string{"W": w}, map[string]int64{"M": m, "N": n, "K": k}, 0, ""}
		if id := r.name() + r.shape(); !seen[id] {
			seen[id] = true
			rs = append(rs, r)
		}
	}
	for _, w := range []string{"u2", "u4", "u8"} {
		for _, n := range []int64{1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072} {
			add(w, 1, n, 8192)
		}
		for _, k := range []int64{1024, 2048, 4096, 8192, 16384, 32768, 65536} {
			add(w, 1, 8192, k)
		}
		for _, m := range []int64{1, 2, 4, 8, 16, 32, 64, 128, 256} {
			add(w, m, 8192, 8192)
		}
	}
	for _, m := range []int64{1, 2, 4, 8, 16, 32, 64, 128, 256} {
		add("u4", m, 57344, 8192)
	}
	for b := 1; b <= 8; b++ {
		for _, s := range []int64{8192, 57344} {
			add(fmt.Sprintf("u%d", b), 1, s, 8192)
			add(fmt.Sprintf("i%d", b), 1, s, 8192)
		}
	}
	for _, w := range []string{"f3e1m1", "f4e2m1", "f5e2m2", "f6e3m2", "f7e3m3", "f8e4m3fn"} {
		add(w, 1, 8192, 8192)
		add(w, 1, 57344, 8192)
	}
	return rs
}
