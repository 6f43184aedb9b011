package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/examples/embed/wordpiece"
	"github.com/girih-lang/girih/internal/need"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	if os.Getenv("EMBED_COMMAND") != "" { // as the command, for tests of it
		main()
		return
	}
	dir, err := os.MkdirTemp("", "girih-embed")
	if err != nil {
		panic(err)
	}
	if os.Getenv("GIRIH_CACHE") == "" { // else a cache that was filled on purpose, for a GPU
		os.Setenv("GIRIH_CACHE", dir)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func device(t testing.TB, name string) *girih.Device {
	d, err := girih.Open(name)
	need.Tool(t, map[string]string{"cpu": "cc", "cuda": "cuda"}[name], err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// reference is a sentence and its embedding, computed by testdata/reference.py.
type reference struct {
	Text      string
	IDs       []int32
	Embedding []float64
}

func references(t testing.TB, name string) (rs []reference) {
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &rs))
	require.NotEmpty(t, rs)
	return rs
}

func sequences(rs []reference) (ids [][]int32) {
	for _, r := range rs {
		ids = append(ids, r.IDs)
	}
	return ids
}

func cosine(a []float32, b []float64) float64 {
	dot, aa, bb := 0.0, 0.0, 0.0
	for i, x := range a {
		dot, aa, bb = dot+float64(x)*b[i], aa+float64(x)*float64(x), bb+b[i]*b[i]
	}
	return dot / math.Sqrt(aa*bb)
}

// cosines are those between embeddings and their references.
func cosines(t testing.TB, got [][]float32, want []reference) (c []float64) {
	require.Len(t, got, len(want))
	for i := range got {
		require.Len(t, got[i], len(want[i].Embedding))
		c = append(c, cosine(got[i], want[i].Embedding))
	}
	return c
}

func types(t testing.TB, w, a string) Types {
	o := options{w: w, a: a, group: 32}
	ts, err := o.types()
	require.NoError(t, err)
	return ts
}

var tinyConfig = Config{Heads: 2, Eps: 1e-12, Activation: "gelu"}

func tiny(t testing.TB, d *girih.Device, w, a string) *Model {
	m, err := Read(ctx, d, "testdata/tiny.safetensors", tinyConfig, types(t, w, a))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// A random model of the same structure, on each device and in several types. Its weights have no structure that survives
// rounding better than noise, so that what low bits do to it is about what they do to one layer.
func TestTiny(t *testing.T) {
	want := references(t, "tiny.json")
	for _, c := range tinyCases {
		for _, on := range c.on {
			t.Run(c.w+"/"+c.a+"/"+on, func(t *testing.T) {
				m := tiny(t, device(t, on), c.w, c.a)
				got, err := m.Encode(ctx, sequences(want))
				require.NoError(t, err)
				cos := slices.Min(cosines(t, got, want))
				t.Logf("least cosine %.7f", cos)
				assert.GreaterOrEqual(t, cos, c.least)
			})
		}
	}
}

var tinyCases = []struct {
	w, a  string
	least float64
	on    []string
}{
	{"f32", "f32", 0.999999, []string{"vm", "cpu", "cuda"}},
	{"f16", "f32", 0.9999, []string{"vm"}},
	{"f16", "f16", 0.9999, []string{"vm", "cpu", "cuda"}},
	{"i8", "f32", 0.999, []string{"vm"}},
	{"u4", "f32", 0.97, []string{"vm", "cpu", "cuda"}},
	{"i4", "f16", 0.97, []string{"vm", "cuda"}},
	{"f4e2m1", "f32", 0.97, []string{"vm"}},
	{"f6e3m2", "f32", 0.99, []string{"vm", "cpu", "cuda"}},
	{"i5", "bf16", 0.99, []string{"vm"}},
}

// The real model, where fetch.sh has put it: the figures of the README. least is for sentences; two of the references are a
// single letter and one sentence eight times over, which low bits do more harm, and for which odd is.
func TestMiniLM(t *testing.T) {
	dir, err := modelDir(os.Getenv("GIRIH_MINILM"))
	if err != nil {
		t.Skip(err)
	}
	want := references(t, "minilm.json")
	v := vocabulary(t)
	for i := range want {
		want[i].IDs = v.Encode(want[i].Text, maxTokens)
	}
	for _, c := range miniCases {
		for _, on := range []string{"cpu", "cuda"} {
			t.Run(on+"/"+c.String(), func(t *testing.T) { miniLM(t, c, on, dir, want, v) })
		}
	}
}

type miniCase struct {
	w, s, a    string
	group      int
	calibrated bool
	least, odd float64
}

var miniCases = []miniCase{
	{"f32", "", "f32", 32, false, 0.999999, 0.999999},
	{"f16", "", "f32", 32, false, 0.99999, 0.99999},
	{"f16", "", "f16", 32, false, 0.9999, 0.9999},
	{"f6e3m2", "", "f32", 32, false, 0.995, 0.99},
	{"i4", "", "f32", 32, false, 0.97, 0.94},
	{"i4", "i6", "f32", 16, false, 0.99, 0.98},
	{"i4", "", "f32", 16, true, 0.99, 0.975},
}

func (c miniCase) String() string {
	name := fmt.Sprint(c.w, c.s, "/", c.a, "/", c.group)
	if c.calibrated {
		name += "/calibrated"
	}
	return name
}

func (c miniCase) types(t testing.TB) Types {
	o := options{w: c.w, s: c.s, a: c.a, group: c.group}
	ts, err := o.types()
	require.NoError(t, err)
	return ts
}

func miniLM(t *testing.T, c miniCase, on, dir string, want []reference, v *wordpiece.Vocabulary) {
	ts := c.types(t)
	if c.calibrated {
		if testing.Short() {
			t.Skip("takes a while")
		}
		ts.Calibration = calibration(v)
	}
	m, err := Load(ctx, device(t, on), dir, ts)
	require.NoError(t, err)
	defer m.Close()
	got, err := m.Encode(ctx, sequences(want))
	require.NoError(t, err)
	cos := cosines(t, got, want)
	t.Logf("cosines %.5f", cos)
	for i, x := range cos {
		bar := c.least
		if n := len(want[i].IDs); n < 5 || n > 100 {
			bar = c.odd
		}
		assert.GreaterOrEqual(t, x, bar, want[i].Text)
	}
}

func vocabulary(t testing.TB) *wordpiece.Vocabulary {
	f, err := os.Open("testdata/vocab.txt")
	require.NoError(t, err)
	defer f.Close()
	v, err := wordpiece.Read(f)
	require.NoError(t, err)
	return v
}
