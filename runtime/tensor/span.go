package tensor

import (
	"fmt"
	"slices"

	"github.com/girih-lang/girih/ir/dtype"
)

// Span is where a tensor's bytes lie in the file, from its first byte, for who maps the file instead of reading it.
func (s *Safetensors) Span(name string) (dt dtype.Type, shape []int, offset, size int64, err error) {
	i := slices.IndexFunc(s.Entries, func(e SafeEntry) bool { return e.Name == name })
	if i < 0 {
		return dt, nil, 0, 0, fmt.Errorf("the safetensors file has no tensor %q", name)
	}
	e := s.Entries[i]
	dt, ok := safeTypes[e.DType]
	if !ok {
		return dt, nil, 0, 0, fmt.Errorf("the tensor %q has the dtype %q, which is not known", name, e.DType)
	}
	return dt, slices.Clone(e.Shape), s.data + e.Begin, e.End - e.Begin, nil
}
