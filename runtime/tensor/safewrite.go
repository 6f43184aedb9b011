package tensor

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sort"

	"github.com/girih-lang/girih/ir/dtype"
)

// safePacked begins the metadata keys of packed tensors.
const safePacked = "girih:"

// WriteSafetensors writes tensors, widest type first and by name within one, as the reference implementation does, so
// that every tensor is aligned to its elements. metadata may be nil. A tensor of a type that the format does not have is
// written as the bytes of the memory rule, a vector of U8, with the type and the shape in the metadata: "girih:NAME" is
// "u4[128, 64]". Readers here put it together again; others see bytes.
func WriteSafetensors(w io.Writer, tensors map[string]*Tensor, metadata map[string]string) error {
	types := map[dtype.Type]string{}
	for name, dt := range safeTypes {
		types[dt] = name
	}
	names := make([]string, 0, len(tensors))
	for name, t := range maps.Clone(tensors) {
		if name == "__metadata__" {
			return errors.New(`a tensor cannot be called "__metadata__"`)
		}
		if err := t.Check(); err != nil {
			return fmt.Errorf("the tensor %q: %w", name, err)
		}
		if types[t.DType] == "" {
			if metadata = maps.Clone(metadata); metadata == nil {
				metadata = map[string]string{}
			}
			metadata[safePacked+name] = t.String()
			tensors = maps.Clone(tensors)
			tensors[name] = t.Packed()
		}
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := tensors[names[i]].DType.Bits(), tensors[names[j]].DType.Bits()
		return a > b || a == b && names[i] < names[j]
	})
	header := []byte{'{'}
	field := func(key string, value any) error {
		k, _ := json.Marshal(key)
		v, err := json.Marshal(value)
		if len(header) > 1 {
			header = append(header, ',')
		}
		header = append(append(append(header, k...), ':'), v...)
		return err
	}
	if metadata != nil {
		if err := field("__metadata__", metadata); err != nil {
			return err
		}
	}
	at := 0
	for _, name := range names {
		t := tensors[name]
		err := field(name, struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{types[t.DType], append([]int{}, t.Shape...), [2]int{at, at + len(t.Data)}})
		if err != nil {
			return err
		}
		at += len(t.Data)
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := w.Write(tensors[name].Data); err != nil {
			return err
		}
	}
	return nil
}

// SaveSafetensors is WriteSafetensors to a file; nothing is left under the name when it fails.
func SaveSafetensors(path string, tensors map[string]*Tensor, metadata map[string]string) error {
	return writeFile(path, func(w io.Writer) error { return WriteSafetensors(w, tensors, metadata) })
}
