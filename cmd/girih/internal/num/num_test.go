package num

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func run(t *testing.T, a Args) string {
	var b bytes.Buffer
	require.NoError(t, Run(&b, a))
	return b.String()
}

func TestTableJSON(t *testing.T) {
	out := run(t, Args{Type: "f6e3m2", Table: true, Format: "json"})
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	require.Len(t, rows, 64)
	require.Equal(t, map[string]any{"bits": 47.0, "value": "-1.75"}, rows[47])
	require.Equal(t, "-0", rows[32]["value"])
	require.Equal(t, "28", rows[31]["value"])
	require.True(t, strings.HasPrefix(out, `[{"bits":0,"value":"0"},`))

	require.NoError(t, json.Unmarshal([]byte(run(t, Args{Type: "f8e5m2", Table: true, Format: "json"})), &rows))
	require.Equal(t, []any{"inf", "nan", "-inf"}, []any{rows[0x7c]["value"], rows[0x7d]["value"], rows[0xfc]["value"]})
	require.NoError(t, json.Unmarshal([]byte(run(t, Args{Type: "i3", Table: true, Format: "json"})), &rows))
	require.Equal(t, "-4", rows[4]["value"])
	require.Equal(t, 1<<16+1, strings.Count(run(t, Args{Type: "f16", Table: true}), "\n"))
}

// Every value string of every table is exact: it reads back to the very code (−0 and NaN apart).
func TestTableIsExact(t *testing.T) {
	for _, ty := range dtype.All() {
		if ty.Bits() > 8 {
			continue
		}
		rows, err := Table(ty)
		require.NoError(t, err)
		for _, r := range rows {
			if r.Value == "nan" || strings.Contains(r.Value, "inf") || // a cast saturates
				r.Value == "1" && ty.IsBool() {
				continue
			}
			d, err := Describe(ty, r.Value)
			require.NoError(t, err)
			require.Equal(t, r.Value, d.Value, "%v", ty)
			require.Equal(t, r.Bits, d.Bits, "%v %s", ty, r.Value)
			require.Equal(t, "0", d.Error)
		}
	}
}

func TestDescribe(t *testing.T) {
	require.Equal(t, `f6e3m2  0.3
  bits    0x05  0b000101
  fields  sign 0  exponent 001  fraction 01  (normal)
  value   0.3125
  error   0.0125  (0.2 ulp)
  ulp     0.0625
  below   0.25  (0x04)
  above   0.375  (0x06)
`, run(t, Args{Type: "f6e3m2", Value: "0.3"}))
	var d Description
	require.NoError(t, json.Unmarshal([]byte(run(t, Args{Type: "f6e3m2", Value: "0x2f", Format: "json"})), &d))
	require.Equal(t, Description{Type: "f6e3m2", Input: "0x2f", Bits: 47, Hex: "0x2f", Binary: "101111", Fields: &Field{"1", "011", "11"},
		Class: "normal", Value: "-1.75", ULP: "0.25", Below: &Row{48, "-2"}, Above: &Row{46, "-1.5"}}, d)
}

func TestInputs(t *testing.T) {
	for _, c := range []struct{ typ, in, value, note string }{
		{"f6e3m2", "1e9", "28", "saturates to 28"},
		{"f6e3m2", "nan", "28", "has no NaN"},
		{"f6e3m2", "-inf", "-28", "saturates"},
		{"f6e3m2", "-0", "-0", ""},
		{"f6e3m2", "-0.01", "-0", "underflows"},
		{"f16", "65520", "inf", "overflows to inf"},
		{"f16", "1.00048828125000000000000000000000001", "1.0009765625", ""},
		{"f8e4m3fn", "1e9", "448", "saturates"},
		{"f8e4m3fn", "nan", "nan", ""},
		{"f8e8m0", "-1", "nan", "negative"},
		{"f8e8m0", "1.5", "2", ""},
		{"f32", "0x1.8p3", "12", ""},
		{"f32", "0x3f800000", "1", ""},
		{"f32", "0B1", "0.00000000000000000000000000000000000000000000140129846432481707092372958328991613128026194187651577175706828388979108268586060148663818836212158203125", ""},
		{"f64", "1_000.5", "1000.5", ""},
		{"f64", "007.50", "7.5", ""},
		{"f64", ".5", "0.5", ""},
		{"u4", "17", "15", "out of range"},
		{"u4", "2.75", "2", "drops the fraction"},
		{"u4", "-0.5", "0", "drops the fraction"},
		{"i4", "-9", "-8", "out of range"},
		{"i64", "9223372036854775807", "9223372036854775807", ""},
		{"u64", "18446744073709551615", "18446744073709551615", ""},
		{"u64", "nan", "0", "NaN becomes 0"},
		{"bool", "3", "1", "true"},
		{"i13", "0x1fff", "-1", ""},
	} {
		ty, err := dtype.Parse(c.typ)
		require.NoError(t, err)
		d, err := Describe(ty, c.in)
		require.NoError(t, err, "%v", c)
		if len(c.value) < 30 || c.in == "0B1" {
			require.Equal(t, c.value, d.Value, "%v", c)
		}
		if c.note == "" {
			require.Empty(t, d.Note, "%v", c)
		}
		require.Contains(t, d.Note, c.note, "%v", c)
		run(t, Args{Type: c.typ, Value: c.in})
		run(t, Args{Type: c.typ, Value: c.in, Format: "json"})
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		a    Args
		want string
	}{
		{Args{Type: "f9e3m2", Value: "1"}, "3 to 8 bits"},
		{Args{Type: "f32", Table: true}, "2^32 bit patterns"},
		{Args{Type: "u17", Table: true}, "2^17"},
		{Args{Type: "f16"}, "Give a value"},
		{Args{Type: "f16", Value: "1", Table: true}, "exclude"},
		{Args{Type: "f16", Value: "1", Format: "yaml"}, "text or json"},
		{Args{Type: "f6e3m2", Value: "0x40"}, "largest pattern is 0x3f"},
		{Args{Type: "f32", Value: "0x1ffffffffffffffffffff"}, "does not fit the 32 bits"},
		{Args{Type: "f32", Value: "0xzz"}, "no bit pattern"},
		{Args{Type: "f32", Value: "0x"}, "no bit pattern"},
		{Args{Type: "f32", Value: "0b12"}, "no bit pattern"},
		{Args{Type: "f32", Value: "abc"}, "no number"},
		{Args{Type: "f32", Value: "1/3"}, "no number"},
		{Args{Type: "f32", Value: "-0x10"}, "no number"},
		{Args{Type: "f32", Value: "--1"}, "no number"},
		{Args{Type: "f32", Value: "1e"}, "no number"},
		{Args{Type: "f32", Value: "1.2.3"}, "no number"},
		{Args{Type: "f32", Value: "."}, "no number"},
		{Args{Type: "f32", Value: "1e999999999999"}, "beyond ±5000"},
		{Args{Type: "f32", Value: "0x1p99999"}, "beyond ±5000"},
		{Args{Type: "f32", Value: strings.Repeat("9", 3000)}, "at most 2000"},
	} {
		var b bytes.Buffer
		err := Run(&b, c.a)
		require.ErrorContains(t, err, c.want, "%+v", c.a)
		require.IsType(t, &UsageError{}, err)
		require.Zero(t, b.Len())
	}
}

// The error printed is the error made, and both neighbours are no nearer.
func TestErrorsAreExact(t *testing.T) {
	types := dtype.All()
	rapid.Check(t, func(t *rapid.T) {
		ty := rapid.SampledFrom(types).Draw(t, "type")
		in := dtype.ExactText(rapid.Float64Range(-1e6, 1e6).Draw(t, "x"))
		d, err := Describe(ty, in)
		if err != nil {
			return // too long to read
		}
		if d.Class == "nan" || d.Class == "infinite" {
			return
		}
		x, _ := new(big.Rat).SetString(in)
		v, _ := new(big.Rat).SetString(d.Value)
		e, ok := new(big.Rat).SetString(d.Error)
		require.True(t, ok)
		require.Zero(t, v.Sub(v, x).Cmp(e))
		if !ty.IsFloat() {
			return
		}
		for _, n := range []*Row{d.Below, d.Above} {
			if n == nil || math.IsInf(ty.Float(n.Bits), 0) {
				continue
			}
			w, _ := new(big.Rat).SetString(n.Value)
			w.Sub(w, x)
			require.LessOrEqual(t, e.Abs(e).Cmp(w.Abs(w)), 0)
		}
	})
}

func FuzzDescribe(f *testing.F) {
	for _, s := range []string{"0.3", "0x2f", "-1e-5", "0x1.8p3", "inf", "1/3", "0b1", "1e5000", "+", "0x1p-5000", "00e1", "-_1"} {
		f.Add("f6e3m2", s)
	}
	f.Add("i64", "0xffffffffffffffff")
	f.Fuzz(func(t *testing.T, typ, s string) {
		ty, err := dtype.Parse(typ)
		if err != nil {
			return
		}
		d, err := Describe(ty, s)
		if err != nil {
			require.IsType(t, &UsageError{}, err)
			return
		}
		require.Equal(t, ty.Text(d.Bits), d.Value)
		var b bytes.Buffer
		require.NoError(t, d.write(&b))
	})
}
