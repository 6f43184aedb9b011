package tensor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// The safetensors format: the header's length (u64, little-endian), the header (a JSON object from tensor names to
// {dtype, shape, data_offsets: [begin, end]}, and "__metadata__" to a map of strings), the data that the offsets count
// from. The tensors cover the data without gaps or overlaps. Source: the format page of huggingface/safetensors.
const safeMaxHeader = 100_000_000 // the reference implementation's limit

// safeTypes are the dtypes of the format that are types here.
var safeTypes = map[string]dtype.Type{
	"BOOL": dtype.Bool,
	"I8":   dtype.I8, "I16": dtype.I16, "I32": dtype.I32, "I64": dtype.I64,
	"U8": dtype.U8, "U16": dtype.U16, "U32": dtype.U32, "U64": dtype.U64,
	"F16": dtype.F16, "BF16": dtype.BF16, "F32": dtype.F32, "F64": dtype.F64,
	"F8_E4M3": dtype.F8E4M3FN, "F8_E5M2": dtype.F8E5M2, "F8_E8M0": dtype.F8E8M0,
}

// Safetensors is an open file: its table of contents is read and checked, its tensors are read when asked for.
type Safetensors struct {
	Entries  []SafeEntry       // in the order of their data
	Metadata map[string]string // "__metadata__", may be nil
	r        io.ReaderAt
	data     int64 // where the data begins
	close    func() error
}

// SafeEntry is one row of the table of contents. DType is the format's own name: a dtype that is unknown here is an
// error only when its tensor is asked for.
type SafeEntry struct {
	Name       string
	DType      string
	Shape      []int
	Begin, End int64 // bytes from the start of the data
}

// OpenSafetensors opens a file and checks its whole header. Close it after the last Tensor.
func OpenSafetensors(path string) (*Safetensors, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s, err := ReadSafetensors(f, info.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.close = f.Close
	return s, nil
}

// ReadSafetensors reads and checks the header of a file of the given size: every offset lies inside, no two tensors
// overlap, no byte is left over, and each length is what dtype and shape need.
func ReadSafetensors(r io.ReaderAt, size int64) (*Safetensors, error) {
	s, err := readSafetensors(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a readable safetensors file: %w", err)
	}
	return s, nil
}

func readSafetensors(r io.ReaderAt, size int64) (*Safetensors, error) {
	var pre [8]byte
	if size < 8 {
		return nil, errors.New("it is shorter than the 8 bytes of the header length")
	}
	if _, err := r.ReadAt(pre[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(pre[:])
	if n > safeMaxHeader || n > uint64(size-8) {
		return nil, fmt.Errorf("its header claims %d bytes, but %d follow (and %d are the limit)", n, size-8, safeMaxHeader)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil && err != io.EOF {
		return nil, err
	}
	s := &Safetensors{r: r, data: 8 + int64(n)}
	if err := s.parse(header); err != nil {
		return nil, err
	}
	return s, s.check(size - s.data)
}

func (s *Safetensors) parse(header []byte) error {
	if len(header) == 0 || header[0] != '{' {
		return errors.New("its header is not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.Token() // the '{'
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("its header is not JSON: %w", err)
		}
		name, _ := key.(string)
		if seen[name] {
			return fmt.Errorf("its header has the tensor %q twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := d.Decode(&s.Metadata); err != nil {
				return fmt.Errorf("its __metadata__ is not a map of strings: %w", err)
			}
			continue
		}
		var fields map[string]json.RawMessage
		if err := d.Decode(&fields); err != nil {
			return fmt.Errorf("the tensor %q: %w", name, err)
		}
		e := SafeEntry{Name: name, Shape: []int{}}
		var offsets []int64
		for _, f := range []struct {
			key string
			to  any
		}{{"dtype", &e.DType}, {"shape", &e.Shape}, {"data_offsets", &offsets}} {
			raw, ok := fields[f.key]
			if !ok {
				return fmt.Errorf("the tensor %q has no %s", name, f.key)
			}
			if err := json.Unmarshal(raw, f.to); err != nil {
				return fmt.Errorf("the %s of the tensor %q: %w", f.key, name, err)
			}
		}
		if len(offsets) != 2 {
			return fmt.Errorf("the tensor %q has %d data_offsets: 2 are expected", name, len(offsets))
		}
		e.Begin, e.End = offsets[0], offsets[1]
		s.Entries = append(s.Entries, e)
	}
	if _, err := d.Token(); err != nil { // the '}'
		return fmt.Errorf("its header is not JSON: %w", err)
	}
	if rest, _ := io.ReadAll(d.Buffered()); len(bytes.TrimSpace(rest)) > 0 {
		return errors.New("its header has text behind the JSON object")
	}
	return nil
}

// check orders the entries by their data and checks that they tile it.
func (s *Safetensors) check(size int64) error {
	sort.SliceStable(s.Entries, func(i, j int) bool {
		a, b := s.Entries[i], s.Entries[j]
		return a.Begin < b.Begin || a.Begin == b.Begin && a.End < b.End
	})
	at, before := int64(0), ""
	for _, e := range s.Entries {
		if e.Begin < 0 || e.End < e.Begin || e.End > size {
			return fmt.Errorf("the tensor %q lies at bytes %d to %d, outside the %d bytes of data", e.Name, e.Begin, e.End, size)
		}
		if e.Begin < at {
			return fmt.Errorf("the tensor %q begins at byte %d, inside %q, which ends at %d", e.Name, e.Begin, before, at)
		}
		if e.Begin > at {
			return fmt.Errorf("the bytes %d to %d, before the tensor %q, belong to no tensor", at, e.Begin, e.Name)
		}
		if _, err := count(e.Shape); err != nil {
			return fmt.Errorf("the tensor %q: %w", e.Name, err)
		}
		if dt, ok := safeTypes[e.DType]; ok {
			need, err := Size(dt, e.Shape)
			if err != nil {
				return fmt.Errorf("the tensor %q: %w", e.Name, err)
			}
			if int64(need) != e.End-e.Begin {
				return fmt.Errorf("the tensor %q is %s%s, which takes %d bytes, but its offsets span %d",
					e.Name, e.DType, ShapeString(e.Shape), need, e.End-e.Begin)
			}
		}
		at, before = e.End, e.Name
	}
	if at != size {
		return fmt.Errorf("the last %d bytes of its data belong to no tensor", size-at)
	}
	return nil
}

// Names are the tensors in the order of their data.
func (s *Safetensors) Names() []string {
	names := make([]string, len(s.Entries))
	for i, e := range s.Entries {
		names[i] = e.Name
	}
	return names
}

// Tensor reads one tensor.
func (s *Safetensors) Tensor(name string) (*Tensor, error) {
	i := slices.IndexFunc(s.Entries, func(e SafeEntry) bool { return e.Name == name })
	if i < 0 {
		names := s.Names()
		if len(names) > 10 {
			names = append(names[:10:10], "…")
		}
		return nil, fmt.Errorf("the safetensors file has no tensor %q; it has %q", name, names)
	}
	e := s.Entries[i]
	dt, ok := safeTypes[e.DType]
	if !ok {
		return nil, fmt.Errorf("the tensor %q has the dtype %q, which is not known", name, e.DType)
	}
	data := make([]byte, e.End-e.Begin)
	if _, err := s.r.ReadAt(data, s.data+e.Begin); err != nil && err != io.EOF {
		return nil, fmt.Errorf("the tensor %q: %w", name, err)
	}
	if dt.IsBool() {
		for i, b := range data {
			if b > 1 {
				return nil, fmt.Errorf("the tensor %q is BOOL, but element %d is %d", name, i, b)
			}
		}
	}
	if text, ok := s.Metadata[safePacked+name]; ok {
		return unpackSafe(name, text, dt, data)
	}
	return &Tensor{DType: dt, Shape: slices.Clone(e.Shape), Data: data}, nil
}

// unpackSafe makes the tensor of packed bytes that the metadata describe, such as "u4[128, 64]".
func unpackSafe(name, text string, dt dtype.Type, data []byte) (*Tensor, error) {
	bad := func(why any) error {
		return fmt.Errorf("the tensor %q: its metadata %q do not fit its bytes: %v", name, text, why)
	}
	kind, dims, ok := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	t, err := dtype.Parse(kind)
	switch {
	case err != nil:
		return nil, bad(err)
	case !ok || dt != dtype.U8:
		return nil, bad("expected a type and a shape, and U8")
	}
	shape := []int{}
	for d := range strings.SplitSeq(dims, ",") {
		if dims == "" {
			break // a scalar
		}
		n, err := strconv.Atoi(strings.TrimSpace(d))
		if err != nil || n < 0 {
			return nil, bad(fmt.Sprintf("%q is no extent", d))
		}
		shape = append(shape, n)
	}
	x, err := FromPacked(t, shape, data)
	if err != nil {
		return nil, bad(err)
	}
	return x, nil
}

// Close closes the file of OpenSafetensors.
func (s *Safetensors) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}
