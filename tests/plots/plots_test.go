package main

import (
	"os"
	"strings"
	"testing"
)

const table = `
| kernel | shape | µs | MB | TB/s | regs |
|---|---|---|---|---|---|
| Linear W=u4 BM=8 | M=1 N=1024 K=4096 | 5.0 | 2.1 | 1 | 1 |
| Linear W=u4 BM=16 | M=1 N=1024 K=4096 | 4.5 | 2.1 | 1 | 1 |
| Linear W=u4 | M=1 N=2048 K=4096 | 7.0 | 4.2 | 1 | 1 |
| Linear W=u4 | M=1 N=4096 K=4096 | 12 | 8.4 | 1 | 1 |
| Linear W=f6e3m2 | M=1 N=4096 K=4096 | out of memory |
| Softmax T=bf16 | M=1 N=4096 | 12 | 8.4 | 1 | 1 |

| N×K | M | Marlin |
|---|---|---|
| 57344×8192 | 1 | 90.0 |
`

func TestTableToLines(t *testing.T) {
	points, err := read(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 4 || points[0].us != 4.5 || points[0].typ != "u4" || points[0].dims["N"] != 1024 {
		t.Fatalf("got %+v, expected four points, the first the faster of two tilings", points)
	}
	for _, c := range charts(points) {
		want := 0
		if c.x == "N" {
			want = 1
		}
		if len(c.series) != want {
			t.Errorf("%d lines against %s, expected %d", len(c.series), c.x, want)
		}
	}
	for typ, n := range map[string]int{"u4": 4, "f6e3m2": 6, "bf16": 16, "f8e4m3fn": 8, "i1": 1} {
		if got := bits(typ); got != n {
			t.Errorf("%s has %d bits, expected %d", typ, got, n)
		}
	}
}

func TestPictures(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/t.md"
	if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, "svg", floor{2.5, 4.5}, []string{file}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(dir + "/linear_n.svg"); err != nil || !strings.Contains(string(b), "</svg>") {
		t.Fatalf("no picture against N: %v", err)
	}
}
