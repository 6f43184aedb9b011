package bundle

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Packed is what a safetensors file says of a tensor whose bytes are a matrix in a storage order, so that nobody takes them for another
// one: JSON in the metadata, under packedKey with the tensor's name.
type Packed struct {
	Type   string `json:"type"`
	Shape  []int  `json:"shape"`
	Target string `json:"target"`          // that the order was made for
	Order  *Pack  `json:"order,omitempty"` // left out for row-major
}

const packedKey = "girih.packed."

// SavePacked writes a matrix in a storage order (nil: row-major) as the bytes of one tensor. It returns how many they are, and what the file
// says of them.
func SavePacked(path, name string, w *tensor.Tensor, order *ir.Pack, target string) (size int, about *Packed, err error) {
	if ext := filepath.Ext(path); !strings.EqualFold(ext, ".safetensors") {
		return 0, nil, fmt.Errorf("%s: expected a .safetensors file, which has room for the order of the bytes", path)
	}
	about = &Packed{Type: w.DType.String(), Shape: w.Shape, Target: target}
	data := w.Data
	if order != nil {
		if data, err = runtime.Pack(w, order); err != nil {
			return 0, nil, err
		}
		p := PackOf(order)
		about.Order = &p
	}
	text, err := json.Marshal(about)
	if err != nil {
		return 0, nil, err
	}
	bytes, err := tensor.FromPacked(dtype.U8, []int{len(data)}, data)
	if err != nil {
		return 0, nil, err
	}
	return len(data), about, tensor.SaveSafetensors(path, map[string]*tensor.Tensor{name: bytes}, map[string]string{packedKey + name: string(text)})
}

// Matrix is a tensor of a file: row-major, also where its bytes lie in an order that SavePacked wrote.
func Matrix(f *tensor.Safetensors, name string) (*tensor.Tensor, error) {
	t, err := f.Tensor(name)
	text, packed := f.Metadata[packedKey+name]
	if err != nil || !packed {
		return t, err
	}
	var about Packed
	if err := json.Unmarshal([]byte(text), &about); err != nil {
		return nil, fmt.Errorf("the metadata of %q is damaged: %w", name, err)
	}
	if t, err = about.matrix(t.Data); err != nil {
		return nil, fmt.Errorf("the packed tensor %q %w", name, err)
	}
	return t, nil
}

// matrix unpacks bytes. An error goes on behind the name of the tensor.
func (p *Packed) matrix(data []byte) (*tensor.Tensor, error) {
	elem, err := dtype.Parse(p.Type)
	if err != nil {
		return nil, fmt.Errorf("has a type that is none: %w", err)
	}
	const most = 1 << 40
	elements := 1
	for _, n := range p.Shape {
		if n < 1 || n > most/elements {
			return nil, fmt.Errorf("has a shape that is none: %v", p.Shape)
		}
		elements *= n
	}
	if p.Order == nil {
		return tensor.FromPacked(elem, p.Shape, data)
	}
	if len(p.Shape) != 2 {
		return nil, fmt.Errorf("has a shape of rank %d, expected 2", len(p.Shape))
	}
	order, err := p.Order.Derive(elem)
	if err != nil {
		return nil, fmt.Errorf("has a storage order, of %s, that %w; pack the matrix again", p.Target, err)
	}
	return runtime.Unpack(data, order, elem, p.Shape[0], p.Shape[1])
}
