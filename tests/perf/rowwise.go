package main

import (
	_ "embed"
	"fmt"

	"github.com/girih-lang/girih/examples"
	"github.com/girih-lang/girih/stdlib"
)

//go:embed copy.girih
var copyText string

// source is the text of a file of kernels: of the library, of the examples, or of this command.
func source(file string) string {
	switch file {
	case "linear":
		return examples.Linear
	case "copy":
		return copyText
	}
	text, _ := stdlib.Source(file)
	return text
}

// rowShapes are the shapes of row-wise kernels, in elements.
var rowShapes = [][2]int64{{8192, 8192}, {32768, 4096}, {4096, 65536}}

// rowwise lists the row-wise kernels in bf16, after the copy of each shape that they are measured against.
func rowwise() []row {
	var rs []row
	for _, s := range rowShapes {
		d := map[string]int64{"M": s[0], "N": s[1]}
		add := func(file, kernel string, dims map[string]int64, defines map[string]string) {
			if defines == nil {
				defines = map[string]string{"T": "bf16"}
			}
			rs = append(rs, row{file, kernel, defines, dims, 0, ""})
		}
		add("copy", "Copy", d, nil)
		for _, k := range [][2]string{{"softmax", "Softmax"}, {"softmax", "SoftmaxAny"}, {"norm", "RMSNorm"}, {"norm", "RMSNormAny"}, {"norm", "LayerNorm"}, {"norm", "LayerNormAny"}, {"norm", "AddRMSNorm"}} {
			add(k[0], k[1], d, nil)
		}
		if s[1] > 16384 { // how much of a row must be in flight so that the second pass finds it in the cache
			for _, k := range [][2]string{{"softmax", "SoftmaxAny"}, {"norm", "RMSNormAny"}, {"norm", "LayerNormAny"}} {
				for _, bn := range []string{"2048", "4096"} {
					add(k[0], k[1], d, map[string]string{"T": "bf16", "BN": bn})
				}
			}
		}
		for _, q := range []string{"f8e4m3fn", "i8"} {
			add("quant", "QuantRows", d, map[string]string{"Q": q, "T": "bf16"})
			add("norm", "AddNormQuant", d, map[string]string{"Q": q, "T": "bf16"})
		}
		for _, k := range []string{"Gelu", "GeluTanh", "Silu", "SwiGLU"} {
			add("activation", k, map[string]int64{"N": s[0] * s[1]}, nil)
		}
		for _, k := range [][2]string{{"reduce", "SumRows"}, {"reduce", "SumCols"}, {"transpose", "Transpose"}} {
			add(k[0], k[1], d, nil)
		}
	}
	return rs
}

// result is what was measured of a row.
type result struct {
	us, mb, rate float64 // rate in TB/s
	registers    int
}

// rowTable prints a row under the copy of its shape.
type rowTable struct{ copied float64 }

func (t *rowTable) header() {
	fmt.Println("| kernel | shape | µs | MB | TB/s | of the copy | regs |")
	fmt.Println("|---|---|---|---|---|---|---|")
}

func (t *rowTable) line(r row, m result) {
	if r.kernel == "Copy" {
		t.copied = m.rate
	}
	fmt.Printf("| %s | %s | %.1f | %.1f | %.2f | %.0f %% | %d |\n", r.name(), r.shape(), m.us, m.mb, m.rate, 100*m.rate/t.copied, m.registers)
}
