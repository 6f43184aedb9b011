package tensor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
)

// npyFile puts a file together around any header text.
func npyFile(version byte, header string, data []byte) []byte {
	b := []byte(npyMagic + string([]byte{version, 0}))
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	}
	return append(append(b, header...), data...)
}

func TestNpyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anyTensor(t, NumPyType(anyType(t)))
		var b bytes.Buffer
		require.NoError(t, WriteNpy(&b, x))
		assert.Zero(t, (b.Len()-len(x.Data))%64, "the data is aligned to 64")
		y, err := ReadNpy(&b)
		require.NoError(t, err)
		assert.Equal(t, x.String(), y.String())
		assert.Equal(t, x.Data, y.Data)
	})
}

// What numpy 2.2's np.save writes for np.arange(6, dtype='<i2').reshape(2, 3), byte for byte.
func TestNpyIsWhatNumPyWrites(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, WriteNpy(&b, FromInts(dtype.I16, []int{2, 3}, []int64{0, 1, 2, 3, 4, 5})))
	want := "\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }"
	want += strings.Repeat(" ", 127-len(want)) + "\n\x00\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00"
	assert.Equal(t, want, b.String())
}

func TestNpyVariants(t *testing.T) {
	want := FromInts(dtype.I16, []int{2, 3}, []int64{0, 1, 2, 3, 4, 5})
	le := want.Data
	for name, file := range map[string][]byte{
		"version 2":  npyFile(2, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }\n", le),
		"version 3":  npyFile(3, "{'shape': (2, 3), 'fortran_order': False, 'descr': '<i2'}", le),
		"python 2":   npyFile(1, `{"descr": "<i2", "fortran_order": False, "shape": (2L, 3L)}`, le),
		"big endian": npyFile(1, "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 3), }", []byte{0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5}),
		"fortran":    npyFile(1, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }", []byte{0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5, 0}),
	} {
		got, err := ReadNpy(bytes.NewReader(file))
		require.NoError(t, err, name)
		assert.Equal(t, want.String(), got.String(), name)
		assert.Equal(t, want.Data, got.Data, name)
		// The same through a reader that does not know its length.
		got, err = ReadNpy(io.MultiReader(bytes.NewReader(file)))
		require.NoError(t, err, name)
		assert.Equal(t, want.Data, got.Data, name)
	}
}

func TestNpyHostile(t *testing.T) {
	h := func(descr, order, shape string) []byte {
		return npyFile(1, "{'descr': "+descr+", 'fortran_order': "+order+", 'shape': "+shape+", }", make([]byte, 16))
	}
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "shorter"},
		{[]byte("\x93NUMPY"), "shorter"},
		{[]byte("not an array at all"), "starts with"},
		{[]byte(npyMagic + "\x09\x00aaaaaa"), "version is 9.0"},
		{[]byte(npyMagic + "\x01\x00\xff"), "ends inside"},
		{[]byte(npyMagic + "\x01\x00\xff\xff{"), "truncated"},
		{[]byte(npyMagic + "\x02\x00\xff\xff\xff\xff{"), "claims 4294967295 bytes"},
		{h("'<f4'", "False", "(5,)"), "promises 20 bytes of data, but 16 follow"},
		{h("'<f4'", "False", "(1099511627776, 1024)"), "promises"},
		{h("'<f4'", "False", "(4294967296, 4294967296)"), "overflows"},
		{h("'<f4'", "False", "(0, 4294967296, 4294967296)"), "overflows"},
		{h("'<f4'", "False", "(99999999999999999999,)"), "overflows"},
		{h("'<f4'", "False", "(-4,)"), "negative dimension -4"},
		{h("'<f4'", "False", "("+strings.Repeat("1,", 65)+")"), "more than 64"},
		{h("'<f4'", "False", "(4"), "expected a dimension"},
		{h("'<f4'", "False", "(4 4)"), "expected ',' or ')'"},
		{h("'<f4'", "False", "4"), "expected '(' of a shape"},
		{h("'<f4'", "maybe", "(4,)"), "expected True or False"},
		{h("'<c8'", "False", "(2,)"), `dtype is "<c8"`},
		{h("'|O'", "False", "(2,)"), `dtype is "|O"`},
		{h("'|f4'", "False", "(4,)"), "no byte order"},
		{h("[('a', '<f4')]", "False", "(2,)"), "records"},
		{h("'<f4'", "False", "(4,), 'shape': (4,)"), "twice"},
		{h("'<f4'", "False", "(4,), 'x': 1"), `unknown key "x"`},
		{npyFile(1, "{'descr': '<f4', 'fortran_order': False}", nil), `lacks the key "shape"`},
		{npyFile(1, "", nil), "expected '{'"},
		{npyFile(1, "{'descr", nil), "a string that ends"},
	} {
		for _, r := range []io.Reader{bytes.NewReader(c.file), io.MultiReader(bytes.NewReader(c.file))} {
			_, err := ReadNpy(r)
			assert.ErrorContains(t, err, c.want, "%q", c.file)
		}
	}
}

func TestSaveAndLoadByTheRule(t *testing.T) {
	dir := t.TempDir()
	for _, dt := range []dtype.Type{dtype.U(3), dtype.I(13), dtype.BF16, dtype.F6E3M2, dtype.F16, dtype.Bool} {
		x, err := Random(dt, 5, 3, 7)
		require.NoError(t, err)
		for _, packed := range []bool{false, true} {
			path := filepath.Join(dir, dt.String()+".npy")
			require.NoError(t, SaveNpy(path, x, packed))
			file, err := LoadNpy(path)
			require.NoError(t, err)
			y, err := file.AsArgument(dt, packed, []int{3, 7})
			require.NoError(t, err, dt)
			assert.Equal(t, x.Data, y.Data)
		}
	}
	_, err := FromInts(dtype.U8, []int{2}, []int64{1, 0xff}).AsArgument(dtype.U(3), true, []int{4})
	assert.ErrorContains(t, err, "bits behind")
	_, err = New(dtype.U8, 3).AsArgument(dtype.U(3), true, []int{4})
	assert.ErrorContains(t, err, "takes 2 packed bytes, but 3 are given")
	_, err = New(dtype.F32, 3).AsArgument(dtype.U(3), true, []int{8})
	assert.ErrorContains(t, err, "expected as uint8")

	path := filepath.Join(dir, "two.npy")
	require.NoError(t, SaveNpy(path, New(dtype.F32, 2), false))
	b, _ := os.ReadFile(path)
	require.NoError(t, os.WriteFile(path, append(b, b...), 0o666))
	_, err = LoadNpy(path)
	assert.ErrorContains(t, err, "follow the array f32[2]")

	err = SaveNpy(filepath.Join(dir, "no", "such", "dir.npy"), New(dtype.F32, 2), false)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, WriteNpy(io.Discard, New(dtype.U(4), 2)), "no type for u4: write the tensor unpacked as u8")
	left, _ := filepath.Glob(filepath.Join(dir, "*.tmp"))
	assert.Empty(t, left)
}

// safeFile puts a file together around any header.
func safeFile(header string, data []byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func openSafe(b []byte) (*Safetensors, error) {
	return ReadSafetensors(bytes.NewReader(b), int64(len(b)))
}

func TestSafetensorsRoundTrip(t *testing.T) {
	types := []dtype.Type{}
	for _, dt := range safeTypes {
		types = append(types, dt)
	}
	rapid.Check(t, func(t *rapid.T) {
		all := map[string]*Tensor{}
		for i := range rapid.IntRange(0, 5).Draw(t, "n") {
			all["t"+string(rune('a'+i))] = anyTensor(t, types[rapid.IntRange(0, len(types)-1).Draw(t, "type")])
		}
		var b bytes.Buffer
		require.NoError(t, WriteSafetensors(&b, all, map[string]string{"format": "pt"}))
		s, err := openSafe(b.Bytes())
		require.NoError(t, err)
		assert.Equal(t, "pt", s.Metadata["format"])
		assert.Len(t, s.Names(), len(all))
		for name, want := range all {
			got, err := s.Tensor(name)
			require.NoError(t, err)
			assert.Equal(t, want.String(), got.String())
			assert.Equal(t, want.Data, got.Data)
		}
	})
}

func TestSafetensorsHostile(t *testing.T) {
	one := func(dt, shape, offsets string, n int) []byte {
		return safeFile(`{"a":{"dtype":"`+dt+`","shape":`+shape+`,"data_offsets":`+offsets+`}}`, make([]byte, n))
	}
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "shorter"},
		{[]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "claims 18446744073709551615 bytes, but 2 follow"},
		{[]byte("\x00\x00\x00\x00\x01\x00\x00\x00{}"), "claims"},
		{safeFile("", nil), "not a JSON object"},
		{safeFile("[]", nil), "not a JSON object"},
		{safeFile("{", nil), "not JSON"},
		{safeFile(`{"a"`, nil), "a"},
		{safeFile(`{"a":1}`, nil), `the tensor "a"`},
		{safeFile(`{} {}`, nil), "behind the JSON"},
		{safeFile(`{"a":{}}`, nil), "has no dtype"},
		{safeFile(`{"__metadata__":{"a":1}}`, nil), "not a map of strings"},
		{safeFile(strings.Repeat(`{"a":`, 20000), nil), `the tensor "a"`},
		{one("F32", "[2]", "[0]", 8), "1 data_offsets"},
		{one("F32", "[2]", "[0, 9]", 8), "outside the 8 bytes"},
		{one("F32", "[2]", "[-8, 0]", 8), "outside"},
		{one("F32", "[2]", "[8, 0]", 8), "outside"},
		{one("F32", "[2]", "[0, 99999999999999999999]", 8), "data_offsets"},
		{one("F32", "[-2]", "[0, 8]", 8), "negative"},
		{one("F32", "[1.5]", "[0, 8]", 8), "shape"},
		{one("F32", "[4294967296,4294967296]", "[0, 8]", 8), "overflows"},
		{one("F32", "[1152921504606846976]", "[0, 8]", 8), "overflows"},
		{one("F32", "[3]", "[0, 8]", 8), "takes 12 bytes, but its offsets span 8"},
		{one("F32", "[2]", "[0, 8]", 9), "last 1 bytes"},
		{one("F32", "[2]", "[4, 12]", 12), "belong to no tensor"},
		{safeFile(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`,
			make([]byte, 6)), `"b" begins at byte 2, inside "a"`},
		{safeFile(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`,
			nil), "twice"},
	} {
		_, err := openSafe(c.file)
		if assert.Error(t, err, "%.100q", c.file) {
			assert.ErrorContains(t, err, c.want, "%.100q", c.file)
			assert.Less(t, len(err.Error()), 400)
		}
	}
	s, err := openSafe(one("F4_FUTURE", "[4]", "[0, 2]", 2))
	require.NoError(t, err, "an unknown dtype hurts only who asks for it")
	_, err = s.Tensor("a")
	assert.ErrorContains(t, err, `dtype "F4_FUTURE"`)
	_, err = s.Tensor("b")
	assert.ErrorContains(t, err, `no tensor "b"; it has ["a"]`)
	s, err = openSafe(safeFile(`{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}`, []byte{2}))
	require.NoError(t, err)
	_, err = s.Tensor("a")
	assert.ErrorContains(t, err, "element 0 is 2")
	for meta, want := range map[string]string{"u4[3]": "takes 2 packed bytes, but 1 are given", "u4": "a type and a shape", "u99[2]": "u99", "u4[x]": "no extent", "u4[-1]": "no extent"} {
		s, err = openSafe(safeFile(`{"__metadata__":{"girih:a":"`+meta+`"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, []byte{2}))
		require.NoError(t, err)
		_, err = s.Tensor("a")
		assert.ErrorContains(t, err, want)
	}
}

func FuzzNpy(f *testing.F) {
	f.Add(npyFile(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", make([]byte, 8)))
	f.Add(npyFile(2, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", make([]byte, 12)))
	f.Add(npyFile(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (), }", []byte{7}))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := ReadNpy(bytes.NewReader(file))
		if err != nil {
			return
		}
		require.NoError(t, x.Check())
		var b bytes.Buffer
		require.NoError(t, WriteNpy(&b, x))
		y, err := ReadNpy(&b)
		require.NoError(t, err)
		assert.Equal(t, x, y)
	})
}

func FuzzSafetensors(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, WriteSafetensors(&b, map[string]*Tensor{"a": New(dtype.F16, 2, 3), "b": New(dtype.F8E5M2, 1)}, nil))
	f.Add(b.Bytes())
	f.Add(safeFile(`{"__metadata__":{"k":"v"},"a":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}`, []byte{1}))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := openSafe(file)
		if err != nil {
			return
		}
		all := map[string]*Tensor{}
		for _, name := range s.Names() {
			if x, err := s.Tensor(name); err == nil {
				require.NoError(t, x.Check())
				all[name] = x
			}
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, all, s.Metadata); err != nil {
			t.Fatal(err)
		}
		again, err := openSafe(b.Bytes())
		require.NoError(t, err)
		for name, x := range all {
			if _, err := json.Marshal(name); err != nil {
				continue
			}
			y, err := again.Tensor(name)
			require.NoError(t, err)
			assert.Equal(t, x, y)
		}
	})
}
