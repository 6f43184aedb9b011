package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/girih-lang/girih/internal/bundle"
	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// packedKey is the entry of a safetensors file's metadata that says how the bytes of its one tensor lie.
const packedKey = "girih.packed"

// packedFile is that entry: what the bytes are, so that nobody takes them for a matrix in another order.
type packedFile struct {
	Type   string       `json:"type"`
	Shape  []int        `json:"shape"`
	Target string       `json:"target"`          // that the order was made for
	Order  *bundle.Pack `json:"order,omitempty"` // as in a manifest; left out for row-major
}

// savePacked writes a matrix in a storage order (nil: row-major) as the bytes of one tensor, with its order beside it.
func savePacked(path, name string, w *tensor.Tensor, order *ir.Pack, target string) (size int, hash string, err error) {
	if ext := filepath.Ext(path); !strings.EqualFold(ext, ".safetensors") {
		return 0, "", fmt.Errorf("%s: expected a .safetensors file, which has room for the order of the bytes", path)
	}
	about := packedFile{Type: w.DType.String(), Shape: w.Shape, Target: target}
	data := w.Data
	if order != nil {
		if data, err = runtime.Pack(w, order); err != nil {
			return 0, "", err
		}
		p := bundle.PackOf(order)
		about.Order, hash = &p, p.Hash
	}
	text, err := json.Marshal(about)
	if err != nil {
		return 0, "", err
	}
	bytes, err := tensor.FromPacked(dtype.U8, []int{len(data)}, data)
	if err != nil {
		return 0, "", err
	}
	return len(data), hash, inFile(path, tensor.SaveSafetensors(path, map[string]*tensor.Tensor{name: bytes}, map[string]string{packedKey: string(text)}))
}

// asMatrix is the row-major matrix whose bytes a file that savePacked wrote holds, and what the file says of them.
func asMatrix(text string, bytes *tensor.Tensor) (*tensor.Tensor, *packedFile, error) {
	about := &packedFile{}
	if err := json.Unmarshal([]byte(text), about); err != nil {
		return nil, nil, fmt.Errorf("its metadata %s is damaged: %w", packedKey, err)
	}
	elem, err := dtype.Parse(about.Type)
	if err != nil {
		return nil, nil, fmt.Errorf("its metadata %s: %w", packedKey, err)
	}
	for _, n := range about.Shape {
		if n < 0 || n > 1<<40 {
			return nil, nil, fmt.Errorf("its metadata %s has an extent of %d", packedKey, n)
		}
	}
	if about.Order == nil {
		m, err := tensor.FromPacked(elem, about.Shape, bytes.Data)
		return m, about, err
	}
	if len(about.Shape) != 2 {
		return nil, nil, fmt.Errorf("its metadata %s has a shape of rank %d, expected 2", packedKey, len(about.Shape))
	}
	order, err := about.Order.Derive(elem)
	if err != nil {
		return nil, nil, fmt.Errorf("it has a storage order, of %s, that %w; pack the matrix again", about.Target, err)
	}
	m, err := runtime.Unpack(bytes.Data, order, elem, about.Shape[0], about.Shape[1])
	return m, about, err
}
