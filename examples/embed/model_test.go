package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih"
)

// A sentence's embedding does not depend on what it is batched with or padded to, nor on who else is asking.
func TestBatch(t *testing.T) {
	want := references(t, "tiny.json")
	m := tiny(t, device(t, "cpu"), "f32", "f32")
	all, err := m.Encode(ctx, sequences(want))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i, r := range want {
		wg.Go(func() {
			for range 3 {
				got, err := m.Encode(ctx, [][]int32{r.IDs})
				if assert.NoError(t, err) {
					assert.InDeltaSlice(t, all[i], got[0], 1e-6)
				}
			}
		})
	}
	wg.Wait()
	many := make([][]int32, maxBatch+3)
	for i := range many {
		many[i] = want[0].IDs
	}
	got, err := m.Encode(ctx, many)
	require.NoError(t, err)
	for _, g := range got {
		assert.InDeltaSlice(t, all[0], g, 1e-6)
	}
	none, err := m.Encode(ctx, nil)
	assert.NoError(t, err)
	assert.Empty(t, none)
}

// More shapes than plans are kept.
func TestPlans(t *testing.T) {
	m := tiny(t, device(t, "vm"), "f32", "f32")
	one := references(t, "tiny.json")[6].IDs
	for n := 1; n <= maxPlans+2; n++ {
		batch := make([][]int32, n)
		for i := range batch {
			batch[i] = one
		}
		_, err := m.Encode(ctx, batch)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(m.plans), maxPlans)
	}
	assert.NotContains(t, m.plans, extent{1, step})
	assert.Contains(t, m.plans, extent{maxPlans + 2, step})
}

func TestSimilarity(t *testing.T) {
	want := references(t, "tiny.json")
	m := tiny(t, device(t, "vm"), "f32", "f32")
	got, err := m.Encode(ctx, sequences(want))
	require.NoError(t, err)
	c, err := m.Similarity(ctx, got)
	require.NoError(t, err)
	for i := range want {
		assert.InDelta(t, 1, c[i][i], 1e-6)
		for j := range want {
			assert.InDelta(t, cosine(got[i], want[j].Embedding), c[i][j], 1e-5)
		}
	}
	c, err = m.Similarity(ctx, nil)
	assert.NoError(t, err)
	assert.Empty(t, c)
}

func TestMistakes(t *testing.T) {
	d := device(t, "vm")
	m := tiny(t, d, "f32", "f32")
	for want, s := range map[string][][]int32{
		"sequence 1 has 0 tokens, expected 1 to 192":      {{1}, {}},
		"sequence 0 has 193 tokens":                       {make([]int32, 193)},
		"sequence 0 has the token 512, expected 0 to 511": {{512}},
		"sequence 0 has the token -1":                     {{-1}},
	} {
		_, err := m.Encode(ctx, s)
		assert.ErrorContains(t, err, want)
	}
	for want, ts := range map[string]Types{
		"activations of type i8":        {Activations: girih.I8},
		"weights of type f64":           {Weights: girih.F64},
		"weights of type u1":            {Weights: girih.U1},
		"a scale for every 33 weights":  {Group: 33},
		"a scale for every -1 weights":  {Group: -1},
		"a scale for every 256 weights": {Group: 256},
	} {
		_, err := Read(ctx, d, "testdata/tiny.safetensors", tinyConfig, ts)
		assert.ErrorContains(t, err, want)
	}
	_, err := Read(ctx, d, "../linear/testdata/minilm.safetensors", tinyConfig, Types{})
	assert.ErrorContains(t, err, "minilm.safetensors: there is no tensor embeddings.word_embeddings.weight")
	_, err = Read(ctx, d, "testdata/tiny.safetensors", Config{Heads: 3}, Types{})
	assert.ErrorContains(t, err, "64 values in 3 heads")
	_, err = Read(ctx, d, "testdata/vocab.txt", tinyConfig, Types{})
	assert.Error(t, err)
	for text, want := range map[string]string{
		"{":                          "config.json: ",
		`{"num_attention_heads": 0}`: "0 attention heads",
		`{"num_attention_heads": 2, "hidden_act": "relu"}`: `the activation "relu"`,
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := readConfig(path)
		assert.ErrorContains(t, err, want)
	}
}

// The command, on the small model under the names of the real one. Its ids are not the small model's, so a vocabulary is made
// up too.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/tiny.safetensors")
	require.NoError(t, err)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("model.safetensors", string(data))
	write("config.json", `{"num_attention_heads": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}`)
	write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nstar\n##s\n.\n")
	command := func(in string, args ...string) (string, string, error) {
		var out, errs bytes.Buffer
		err := run(ctx, append([]string{"-model", dir, "-on", "vm"}, args...), strings.NewReader(in), &out, &errs)
		return out.String(), errs.String(), err
	}
	out, _, err := command("", "-W", "u4", "A star.", "Stars")
	require.NoError(t, err)
	assert.Contains(t, out, " 1  A star.\n    5 tokens [")
	assert.Contains(t, out, "\n 1   1.000 ")
	assert.Contains(t, out, "vm, weights u4, activations f32: ")
	again, _, err := command(" A star.\n\nStars\n", "-W", "u4")
	require.NoError(t, err)
	table := func(s string) string { s, _, _ = strings.Cut(s, "\nvm, "); return s }
	assert.Equal(t, table(out), table(again))

	for want, args := range map[string][]string{
		"no sentences":                    {},
		"-W: ":                            {"-W", "q4", "x"},
		"-A: ":                            {"-A", "q4", "x"},
		"weights of type f64":             {"-W", "f64", "x"},
		`no device is called "gpu"`:       {"-on", "gpu", "x"},
		"fetch it with sh examples/embed": {"-model", t.TempDir(), "x"},
	} {
		_, _, err := command("", args...)
		assert.ErrorContains(t, err, want)
	}
	_, help, err := command("", "-h")
	assert.Error(t, err)
	assert.Contains(t, help, "usage: embed")
}

// r is upper triangular and rᵀ·r·(h + damping) the identity.
func TestFactor(t *testing.T) {
	const k, rows = 13, 20
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, rows*k)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	h, mean := make([]float32, k*k), 0.0
	for i := range k {
		for j := range k {
			for m := range rows {
				h[i*k+j] += float32(x[m*k+i] * x[m*k+j])
			}
		}
		mean += float64(h[i*k+i]) / k
	}
	r, err := factor(h, k)
	require.NoError(t, err)
	for i := range k {
		for j := range k {
			if i > j {
				assert.Zero(t, r[i*k+j])
			}
			s := 0.0
			for m := range k {
				a := float64(h[m*k+j])
				if m == j {
					a += damping * mean
				}
				for q := range k {
					s += float64(r[q*k+i]) * float64(r[q*k+m]) * a
				}
			}
			want := 0.0
			if i == j {
				want = 1
			}
			assert.InDelta(t, want, s, 1e-4)
		}
	}
	_, err = factor(make([]float32, 4), 2)
	assert.ErrorIs(t, err, errNoInputs)
	_, err = factor([]float32{1, 0, 0, float32(math.NaN())}, 2)
	assert.ErrorIs(t, err, errNoInputs)
}

// Where inputs have nothing to do with each other, calibration rounds to the nearest: as the kernel Quantize does but for the
// scales tried.
func TestNearest(t *testing.T) {
	d := device(t, "vm")
	for _, dt := range []girih.DType{girih.I4, girih.U4, girih.U3, girih.F4E2M1, girih.F6E3M2, girih.F8E5M2} {
		c, err := newCodebook(d, dt)
		require.NoError(t, err)
		assert.IsIncreasing(t, c.middles)
		for i, v := range c.values {
			assert.Equal(t, v, c.values[c.nearest(v)])
			if i > 0 && v > c.values[i-1] {
				assert.Equal(t, c.values[i-1], c.values[c.nearest(v-(v-c.values[i-1])*0.6)])
			}
		}
		const n, k, group = 3, 8, 4
		w, r := make([]float32, n*k), make([]float32, k*k)
		for i := range w {
			w[i] = float32(i%7) - 3
		}
		for i := range k {
			r[i*k+i] = 1
		}
		codes, scales := gptq(w, n, k, group, r, c, rounding(girih.F16))
		for i, x := range w {
			s := float32(scales[i%k/group*n+i/k])
			m := slices.Index(c.codes, codes[i%k*n+i/k])
			require.GreaterOrEqual(t, m, 0)
			assert.Equal(t, c.values[c.nearest(x/s)], c.values[m], "%s: %v", dt, x)
		}
	}
}

// Calibrating gains something already on the small model and its own sentences, and goes through every kernel of it.
func TestCalibrated(t *testing.T) {
	want := references(t, "tiny.json")
	ts := types(t, "i4", "f32")
	ts.Calibration = sequences(want)
	m, err := Read(ctx, device(t, "vm"), "testdata/tiny.safetensors", tinyConfig, ts)
	require.NoError(t, err)
	defer m.Close()
	got, err := m.Encode(ctx, sequences(want))
	require.NoError(t, err)
	cos := slices.Min(cosines(t, got, want))
	t.Logf("least cosine %.5f", cos)
	assert.GreaterOrEqual(t, cos, 0.98)
	ts.Calibration = [][]int32{{512}}
	_, err = Read(ctx, device(t, "vm"), "testdata/tiny.safetensors", tinyConfig, ts)
	assert.ErrorContains(t, err, "has the token 512")
}
