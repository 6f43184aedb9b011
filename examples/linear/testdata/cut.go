//go:build ignore

// Cut makes minilm.safetensors out of an unpacked copy of the model all-MiniLM-L6-v2:
//
//	go run examples/linear/testdata/cut.go -model DIR -o examples/linear/testdata/minilm.safetensors
//
// DIR holds the model's model.safetensors and vocab.txt. The program fetches nothing; README.md beside it says where
// the model comes from and what is cut.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// The rows of the word embeddings that become activations: whole words, numbers, marks and word endings (##).
const pieces = `
the of and to in is a for with not
tile pattern star persian weight matrix number graph circle mirror
language machine memory computer program engine kernel vector fast exact
river mountain winter garden bread salt blue seven night letter
run ran running build break carry measure compare divide sum
42 1999 . , ? ##s ##ing ##ed ##ly ##ness
[CLS] [SEP] [MASK] ##ment`

func main() {
	model := flag.String("model", "", "directory with model.safetensors and vocab.txt")
	out := flag.String("o", "minilm.safetensors", "file to write")
	flag.Parse()
	if err := cut(*model, *out); err != nil {
		fmt.Fprintln(os.Stderr, "cut:", err)
		os.Exit(1)
	}
}

func cut(model, out string) error {
	vocab, err := os.ReadFile(filepath.Join(model, "vocab.txt"))
	if err != nil {
		return err
	}
	lines := strings.Split(string(vocab), "\n")
	s, err := tensor.OpenSafetensors(filepath.Join(model, "model.safetensors"))
	if err != nil {
		return err
	}
	defer s.Close()

	dense, err := s.Tensor("encoder.layer.0.intermediate.dense.weight")
	if err != nil {
		return err
	}
	n, k := dense.Shape[0], dense.Shape[1]
	from := dense.Floats()
	weight := make([]float64, k*n)
	for i := range n {
		for j := range k {
			weight[j*n+i] = from[i*k+j]
		}
	}

	words, err := s.Tensor("embeddings.word_embeddings.weight")
	if err != nil {
		return err
	}
	table := words.Floats()
	var rows []float64
	names := strings.Fields(pieces)
	for _, name := range names {
		id := slices.Index(lines, name)
		if id < 0 {
			return fmt.Errorf("the vocabulary has no %q", name)
		}
		rows = append(rows, table[id*k:(id+1)*k]...)
	}
	if len(names) != 64 {
		return fmt.Errorf("%d word pieces, 64 are wanted", len(names))
	}
	return tensor.SaveSafetensors(out, map[string]*tensor.Tensor{
		"weight":      tensor.FromFloats(dtype.F16, []int{k, n}, weight),
		"activations": tensor.FromFloats(dtype.F16, []int{len(names), k}, rows),
	}, map[string]string{
		"source":  "sentence-transformers/all-MiniLM-L6-v2",
		"license": "Apache-2.0",
		"changes": "cut, rounded from f32 to f16, weight transposed to [K, N]",
		"pieces":  strings.Join(names, " "),
	})
}
