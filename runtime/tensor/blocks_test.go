package tensor

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/girih-lang/girih/ir/dtype"
)

// Each element is off by at most half a step of its block, and what is exact stays exact.
func TestBlocks(t *testing.T) {
	for _, f := range BlockFormats {
		t.Run(f.Name, func(t *testing.T) {
			w, err := Normal(dtype.F32, 1, 1, 4*f.Group, 5)
			require.NoError(t, err)
			q, s, factor, err := QuantizeBlocks(w, f)
			require.NoError(t, err)
			back, err := DequantizeBlocks(q, s, factor, f)
			require.NoError(t, err)
			x, y := w.Floats(), back.Floats()
			largest := f.Unit * largestCode(f.Elem)
			for i := range x {
				scale := s.Floats()[i/5/f.Group*5+i%5] * factor
				// Saturation takes up to a binade's top off; below it the step is that of the largest element at most.
				step := scale * largest / 3
				require.LessOrEqual(t, math.Abs(x[i]-y[i]), step, "element %d: %g became %g", i, x[i], y[i])
			}
			again, s2, factor2, err := QuantizeBlocks(back, f)
			require.NoError(t, err)
			if !f.Factor { // values of the format are fixed points
				require.Equal(t, 1.0, factor2)
				b2, err := DequantizeBlocks(again, s2, factor2, f)
				require.NoError(t, err)
				require.Equal(t, y, b2.Floats())
			}
		})
	}
	_, err := ParseBlockFormat("mxfp5")
	require.ErrorContains(t, err, "mxfp4")
	_, _, _, err = QuantizeBlocks(New(dtype.F32, 33, 2), BlockFormats[0])
	require.ErrorContains(t, err, "blocks of 32 rows")
	bad := FromFloats(dtype.F32, []int{32, 1}, append(make([]float64, 31), math.NaN()))
	_, _, _, err = QuantizeBlocks(bad, BlockFormats[0])
	require.ErrorContains(t, err, "[31, 0] is NaN")
}

// The OCP rule by hand: the largest magnitude 5.1 has exponent 2, as the largest f4e2m1 has, so the scale is one.
func TestBlockScale(t *testing.T) {
	v := make([]float64, 32)
	v[3], v[4], v[5] = 5.1, -0.3, 100*0
	f, err := ParseBlockFormat("mxfp4")
	require.NoError(t, err)
	q, s, _, err := QuantizeBlocks(FromFloats(dtype.F64, []int{32, 1}, v), f)
	require.NoError(t, err)
	require.Equal(t, []float64{1}, s.Floats())
	require.Equal(t, []float64{6, -0.5}, []float64{q.Floats()[3], q.Floats()[4]})
	i, err := ParseBlockFormat("mxint8")
	require.NoError(t, err)
	q, s, _, err = QuantizeBlocks(FromFloats(dtype.F64, []int{32, 1}, v), i)
	require.NoError(t, err)
	require.Equal(t, []float64{4}, s.Floats())
	require.Equal(t, int64(math.RoundToEven(5.1/4*64)), q.Ints()[3])
}

func TestZeroPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(1, 8).Draw(t, "bits")
		group := rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "group")
		values := rapid.SliceOfN(rapid.Float64Range(-10, 30), 16, 16).Draw(t, "values")
		w := FromFloats(dtype.F64, []int{8, 2}, values)
		q, s, z, err := QuantizeZero(w, dtype.U(bits), group, dtype.F32)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DequantizeZero(q, s, z, group)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range w.Floats() {
			step := s.Floats()[i/2/group*2+i%2]
			if d := math.Abs(x - back.Floats()[i]); d > step*1.001+1e-40 { // half for the rounding, half for that of the zero point
				t.Fatalf("element %d: %g became %g, step %g", i, x, back.Floats()[i], step)
			}
		}
	})
	_, _, _, err := QuantizeZero(New(dtype.F32, 4, 4), dtype.I8, 4, dtype.F16)
	require.ErrorContains(t, err, "unsigned type")
}

// Any width and length goes through both files.
func TestPackedFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := dtype.All()
		dt := all[rapid.IntRange(0, len(all)-1).Draw(t, "type")]
		n := rapid.IntRange(0, 67).Draw(t, "n")
		x, err := Random(dt, rapid.Uint64().Draw(t, "seed"), n, 3)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, map[string]*Tensor{"x": x, "y": New(dtype.F16, 3)}, map[string]string{"by": "hand"}); err != nil {
			t.Fatal(err)
		}
		f, err := ReadSafetensors(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		y, err := f.Tensor("x")
		if err != nil {
			t.Fatal(err)
		}
		if y.DType != dt || !bytes.Equal(x.Data, y.Data) || ShapeString(x.Shape) != ShapeString(y.Shape) || f.Metadata["by"] != "hand" {
			t.Fatalf("%s became %s", x, y)
		}
		b.Reset()
		if err := WriteNpy(&b, x.Packed()); err != nil {
			t.Fatal(err)
		}
		raw, err := ReadNpy(&b)
		if err != nil {
			t.Fatal(err)
		}
		z, err := raw.AsArgument(dt, true, x.Shape)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x.Data, z.Data) {
			t.Fatalf("%s through .npy", x)
		}
	})
}
