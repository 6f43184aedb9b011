package tensor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
)

// The .npy format: 6 bytes "\x93NUMPY", version major and minor, the length of the header (2 bytes little-endian in
// version 1, 4 in 2 and 3), the header (a Python dict literal with descr, fortran_order and shape, padded by spaces to
// a multiple of 64 and ended by a newline), the raw data. NumPy Enhancement Proposal 1 and numpy/lib/format.py.
const (
	npyMagic     = "\x93NUMPY"
	npyMaxHeader = 1 << 20 // NumPy itself refuses more than 10 000 bytes by default
	npyMaxDims   = 64      // NumPy 2 allows 64
)

// npyTypes are the plain dtypes of NumPy that are types here, by the descr without its byte order.
var npyTypes = map[string]dtype.Type{
	"b1": dtype.Bool,
	"i1": dtype.I8, "i2": dtype.I16, "i4": dtype.I32, "i8": dtype.I64,
	"u1": dtype.U8, "u2": dtype.U16, "u4": dtype.U32, "u8": dtype.U64,
	"f2": dtype.F16, "f4": dtype.F32, "f8": dtype.F64,
}

// ReadNpy reads one array: versions 1 to 3, dtypes f2 f4 f8 i1…i8 u1…u8 b1 in either byte order, C or Fortran order
// (the latter is transposed into row-major). It reads nothing behind the array. Anything else is an error that says
// what was found.
func ReadNpy(r io.Reader) (*Tensor, error) {
	t, err := readNpy(r)
	if err != nil {
		return nil, fmt.Errorf("not a readable .npy file: %w", err)
	}
	return t, nil
}

func readNpy(r io.Reader) (*Tensor, error) {
	text, err := npyHeader(r)
	if err != nil {
		return nil, err
	}
	h, err := parseNpyHeader(text)
	if err != nil {
		return nil, err
	}
	size, err := Size(h.dt, h.shape)
	if err != nil {
		return nil, err
	}
	data, err := readData(r, size)
	if err != nil {
		return nil, err
	}
	width := h.dt.Bits() / 8
	if h.bigEndian {
		swapBytes(data, width)
	}
	if h.dt.IsBool() {
		for i, b := range data {
			if b != 0 {
				data[i] = 1
			}
		}
	}
	if h.fortran {
		data = fromFortran(data, h.shape, width)
	}
	return &Tensor{DType: h.dt, Shape: h.shape, Data: data}, nil
}

// npyHeader reads up to the end of the header and returns its text.
func npyHeader(r io.Reader) (string, error) {
	var pre [12]byte
	if _, err := io.ReadFull(r, pre[:8]); err != nil {
		return "", errors.New("it is shorter than the 8 bytes of magic and version")
	}
	if string(pre[:6]) != npyMagic {
		return "", fmt.Errorf("it starts with %q instead of %q", pre[:6], npyMagic)
	}
	var length int
	switch pre[6] {
	case 1:
		if _, err := io.ReadFull(r, pre[8:10]); err != nil {
			return "", errors.New("it ends inside the header length")
		}
		length = int(binary.LittleEndian.Uint16(pre[8:]))
	case 2, 3:
		if _, err := io.ReadFull(r, pre[8:12]); err != nil {
			return "", errors.New("it ends inside the header length")
		}
		length = int(binary.LittleEndian.Uint32(pre[8:]))
	default:
		return "", fmt.Errorf("its version is %d.%d: 1, 2 and 3 are known", pre[6], pre[7])
	}
	if length > npyMaxHeader {
		return "", fmt.Errorf("its header claims %d bytes: at most %d are accepted", length, npyMaxHeader)
	}
	text, err := readData(r, length)
	if err != nil {
		return "", fmt.Errorf("its header: %w", err)
	}
	return string(text), nil
}

// LoadNpy reads a .npy file. Bytes behind the array are an error: they are most likely a second array that nobody reads.
func LoadNpy(path string) (*Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := ReadNpy(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if more, ok := remaining(f); ok && more > 0 {
		return nil, fmt.Errorf("%s: %d bytes follow the array %s", path, more, t)
	}
	return t, nil
}

// WriteNpy writes a tensor whose type NumPy has, as version 1. Other types: see Unpacked and Packed.
func WriteNpy(w io.Writer, t *Tensor) error {
	if err := t.Check(); err != nil {
		return err
	}
	descr := ""
	for name, dt := range npyTypes {
		if dt == t.DType {
			descr = name
		}
	}
	switch {
	case descr == "":
		return fmt.Errorf("NumPy has no type for %s: write the tensor unpacked as %s, or packed", t.DType, NumPyType(t.DType))
	case t.DType.Bits() == 8:
		descr = "|" + descr
	default:
		descr = "<" + descr
	}
	dims := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		dims[i] = strconv.Itoa(d)
	}
	shape := strings.Join(dims, ", ")
	if len(dims) == 1 {
		shape += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	total := (10 + len(header) + 1 + 63) / 64 * 64
	header += strings.Repeat(" ", total-10-len(header)-1) + "\n"
	if len(header) > 0xffff {
		return fmt.Errorf("%d dimensions are too many for a .npy file", len(t.Shape))
	}
	b := bufio.NewWriter(w)
	b.WriteString(npyMagic + "\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	b.WriteString(header)
	b.Write(t.Data)
	return b.Flush()
}

// SaveNpy writes a .npy file by the --out rule: the values in the nearest NumPy type (Unpacked), or with packed the raw
// bytes of the memory rule as a uint8 vector. Nothing is left under the name when it fails.
func SaveNpy(path string, t *Tensor, packed bool) error {
	if packed {
		t = t.Packed()
	} else {
		t = t.Unpacked()
	}
	return writeFile(path, func(w io.Writer) error { return WriteNpy(w, t) })
}

// Unpacked is the tensor in the nearest NumPy type (NumPyType); every value is kept.
func (t *Tensor) Unpacked() *Tensor { return t.Convert(NumPyType(t.DType)) }

// Packed is the raw bytes as a vector of u8.
func (t *Tensor) Packed() *Tensor {
	return &Tensor{DType: dtype.U8, Shape: []int{len(t.Data)}, Data: t.Data}
}

// AsArgument reads a file's tensor as an argument of the type dt, the --in rule. Unpacked, the shape is the file's and
// the values must exist in dt (see As). Packed, the file is raw bytes (u8 or i8, any shape) of the given shape.
func (t *Tensor) AsArgument(dt dtype.Type, packed bool, shape []int) (*Tensor, error) {
	if !packed {
		return t.As(dt)
	}
	if t.DType != dtype.U8 && t.DType != dtype.I8 {
		return nil, fmt.Errorf("packed bytes are expected as uint8, found %s", t)
	}
	p, err := FromPacked(dt, shape, t.Data)
	if err != nil {
		return nil, err
	}
	if dt.IsBool() {
		for i, b := range p.Data {
			if b > 1 {
				return nil, fmt.Errorf("element %d of a packed bool is %d: 0 or 1 is expected", i, b)
			}
		}
	}
	if used := p.Len() * dt.Bits() % 8; used != 0 && p.Data[len(p.Data)-1]>>used != 0 {
		return nil, fmt.Errorf("the last byte has bits behind the %d bits that %s uses of it: wrong type or shape?", used, p)
	}
	return p, nil
}

func swapBytes(data []byte, width int) {
	for ; len(data) >= width && width > 1; data = data[width:] {
		for i, j := 0, width-1; i < j; i, j = i+1, j-1 {
			data[i], data[j] = data[j], data[i]
		}
	}
}

// fromFortran reorders column-major elements of whole bytes into row-major.
func fromFortran(data []byte, shape []int, width int) []byte {
	out := make([]byte, len(data))
	at := make([]int, len(shape)) // the index of the source element, first dimension fastest
	stride := make([]int, len(shape))
	for d, s := len(shape)-1, 1; d >= 0; d-- {
		stride[d] = s
		s *= shape[d]
	}
	to := 0
	for src := 0; src < len(data); src += width {
		copy(out[to*width:(to+1)*width], data[src:src+width])
		for d := range at {
			at[d]++
			to += stride[d]
			if at[d] < shape[d] {
				break
			}
			to -= at[d] * stride[d]
			at[d] = 0
		}
	}
	return out
}
