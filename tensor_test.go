package girih_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// Codes of every width come back from every device as they were.
func TestTensorCodes(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		rapid.Check(t, func(r *rapid.T) {
			dt := girih.U(rapid.IntRange(1, 64).Draw(r, "bits"))
			shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 3).Draw(r, "shape")
			n := 1
			for _, s := range shape {
				n *= s
			}
			codes := rapid.SliceOfN(rapid.Uint64(), n, n).Draw(r, "codes")
			x, err := d.FromCodes(dt, codes, append([]int{}, shape...)...)
			if err != nil {
				r.Fatal(err)
			}
			got, err := x.Codes()
			if err != nil {
				r.Fatal(err)
			}
			for i, c := range codes {
				if want := c & (1<<uint(dt.Bits()) - 1); dt.Bits() < 64 && got[i] != want || dt.Bits() == 64 && got[i] != c {
					r.Fatalf("element %d: %#x became %#x", i, c, got[i])
				}
			}
			if err := x.Free(); err != nil {
				r.Fatal(err)
			}
		})
	})
}

func TestTensor(t *testing.T) {
	devices(t, func(t *testing.T, d *girih.Device) {
		x, err := girih.FromSlice(d, []int16{-1, 2, 3, 4}, 2, 2)
		require.NoError(t, err)
		assert.Equal(t, "i16[2, 2] on "+d.Name(), x.String())
		assert.Equal(t, 8, x.Size())
		assert.Equal(t, 4, x.Len())
		ints, err := x.Ints()
		require.NoError(t, err)
		assert.Equal(t, []int64{-1, 2, 3, 4}, ints)
		_, err = girih.Slice[float32](x)
		assert.ErrorIs(t, err, girih.ErrDType)
		_, err = girih.FromSlice(d, []int16{1}, 2)
		assert.ErrorIs(t, err, girih.ErrShape)
		_, err = d.New(girih.DType{}, 2)
		assert.ErrorIs(t, err, girih.ErrDType)
		_, err = d.New(girih.F32, -1)
		assert.ErrorIs(t, err, girih.ErrShape)
		_, err = d.New(girih.F32, 1<<40, 1<<40)
		assert.ErrorIs(t, err, girih.ErrShape)
		_, err = x.Reshape(3)
		assert.ErrorIs(t, err, girih.ErrShape)
		view, err := x.Reshape(4)
		require.NoError(t, err)
		require.NoError(t, x.Free())
		_, err = x.Ints()
		assert.ErrorIs(t, err, girih.ErrFreed)
		ints, err = view.Ints() // the memory is still there
		require.NoError(t, err)
		assert.Equal(t, []int64{-1, 2, 3, 4}, ints)
		vm := open(t, "vm")
		moved, err := view.To(vm)
		require.NoError(t, err)
		assert.Same(t, vm, moved.Device())
		assert.ErrorIs(t, view.SetBytes(nil), girih.ErrShape)

		f, err := d.FromFloats(girih.F8E4M3FN, []float64{0.3, 1000, -2})
		require.NoError(t, err)
		v, err := f.Floats()
		require.NoError(t, err)
		assert.Equal(t, []float64{0.3125, 448, -2}, v)
		zero, err := d.New(girih.F16, 3)
		require.NoError(t, err)
		b, err := zero.Bytes()
		require.NoError(t, err)
		assert.Equal(t, make([]byte, 6), b)
	})
	_, err := girih.ParseDType("f17")
	assert.ErrorIs(t, err, girih.ErrDType)
	var dt girih.DType
	require.NoError(t, dt.UnmarshalText([]byte("u3")))
	assert.Equal(t, girih.U3, dt)
}

func TestFromPointer(t *testing.T) {
	d := open(t, "vm")
	data := make([]float32, 9)
	var pin runtime.Pinner // also keeps it off the stack, which moves
	pin.Pin(&data[0])
	defer pin.Unpin()
	p := uintptr(unsafe.Pointer(&data[0]))
	released := 0
	x, err := d.FromPointer(p, girih.F32, []int{8}, func() { released++ })
	require.NoError(t, err)
	k := compile(t, vadd, "")
	one := vector(t, d, 8, func(int) float32 { return 1 })
	l, err := k.Prepare(ctx, one, one, x)
	require.NoError(t, err)
	require.NoError(t, l.Launch(ctx, nil))
	assert.Equal(t, float32(2), data[7])
	got, err := x.Pointer()
	require.NoError(t, err)
	assert.Equal(t, p, got)
	require.NoError(t, x.Free())
	require.NoError(t, x.Free())
	assert.Equal(t, 1, released)
	_, err = d.FromPointer(p+1, girih.F32, []int{8}, nil)
	assert.ErrorIs(t, err, girih.ErrLayout)
	_, err = d.FromPointer(0, girih.F32, []int{8}, nil)
	assert.ErrorIs(t, err, girih.ErrDevice)
	if fakeGPU == nil {
		g := open(t, "cuda:0")
		_, err = g.FromPointer(p&^15, girih.F32, []int{8}, nil)
		assert.ErrorIs(t, err, girih.ErrDevice) // host memory
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	npy, safe := filepath.Join(dir, "x.npy"), filepath.Join(dir, "x.safetensors")
	var b bytes.Buffer
	h := tensor.FromFloats(dtype.F32, []int{2, 16}, make([]float64, 32))
	h.SetCode(3, 0x40000000)
	require.NoError(t, tensor.WriteSafetensors(&b, map[string]*tensor.Tensor{"w": h}, nil))
	require.NoError(t, os.WriteFile(safe, b.Bytes(), 0o666))
	devices(t, func(t *testing.T, d *girih.Device) {
		x, err := d.FromInts(girih.I4, []int64{-8, 7, 1}, 3)
		require.NoError(t, err)
		require.NoError(t, x.SaveNpy(npy))
		y, err := d.LoadNpy(npy)
		require.NoError(t, err)
		assert.Equal(t, girih.I8, y.DType())
		y, err = d.LoadNpy(npy, girih.I4)
		require.NoError(t, err)
		v, err := y.Ints()
		require.NoError(t, err)
		assert.Equal(t, []int64{-8, 7, 1}, v)
		_, err = d.LoadNpy(npy, girih.U4)
		assert.ErrorIs(t, err, girih.ErrDType)
		_, err = d.LoadNpy(filepath.Join(dir, "none.npy"))
		assert.ErrorIs(t, err, os.ErrNotExist)

		f, err := girih.OpenSafetensors(safe)
		require.NoError(t, err)
		assert.Equal(t, []string{"w"}, f.Names())
		w, err := f.Tensor(d, "w")
		require.NoError(t, err)
		_, err = f.Tensor(d, "v")
		assert.Error(t, err)
		half, err := f.Tensor(d, "w", girih.F16)
		require.NoError(t, err)
		assert.Equal(t, girih.F16, half.DType())
		require.NoError(t, f.Close())
		require.NoError(t, f.Close())
		// The mapped memory stays, and what is written to it does not reach the file.
		data, err := w.Bytes()
		require.NoError(t, err)
		assert.Equal(t, h.Data, data)
		require.NoError(t, w.SetBytes(make([]byte, len(data))))
		now, err := os.ReadFile(safe)
		require.NoError(t, err)
		assert.Equal(t, b.Bytes(), now)
		require.NoError(t, w.Free())
		_, err = f.Tensor(d, "w")
		assert.Error(t, err)
	})
	_, err := girih.OpenSafetensors(npy)
	assert.Error(t, err)
}

func TestQuantize(t *testing.T) {
	d := open(t, "vm")
	w, err := d.Random(girih.F32, 1, 64, 8)
	require.NoError(t, err)
	q, s, err := girih.Quantize(w, girih.I4, 32, girih.F16)
	require.NoError(t, err)
	assert.Equal(t, []int{64, 8}, q.Shape())
	assert.Equal(t, []int{2, 8}, s.Shape())
	_, _, err = girih.Quantize(w, girih.I4, 48, girih.F16)
	assert.ErrorIs(t, err, girih.ErrArgument)
}
