package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/girih-lang/girih"
)

// Config is what the weights alone do not tell; config.json of a model has it.
type Config struct {
	Heads      int     `json:"num_attention_heads"`
	Eps        float32 `json:"layer_norm_eps"`
	Activation string  `json:"hidden_act"`
}

// readConfig reads and checks config.json.
func readConfig(path string) (c Config, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if c.Heads < 1 || c.Activation != "gelu" {
		return c, fmt.Errorf("%s: %d attention heads and the activation %q, expected at least one and gelu", path, c.Heads, c.Activation)
	}
	return c, nil
}

// Model is a BERT encoder on a device. It may be used by several goroutines; they wait for each other.
type Model struct {
	dev      *girih.Device
	types    Types
	k        *kernels
	width    int // of the embedding
	inner    int // of the layers between
	places   int // the longest sequence
	words    int // of the vocabulary
	eps      float32
	scale    float32 // of the scores of attention
	word     *girih.Tensor
	place    *girih.Tensor
	segment  *girih.Tensor
	norm     norm
	layers   []layer
	mu       sync.Mutex
	stream   *girih.Stream
	plans    map[extent]*plan
	lastUsed int
}

type layer struct {
	qk, v, out, up, down weight
	norm1, norm2         norm
}

// weight is a linear layer and the kernel for it; scale is nil where the type of w needs none.
type weight struct {
	k           *girih.Kernel
	w           any // a *girih.Tensor or a *girih.Packed
	scale, bias *girih.Tensor
}

type norm struct{ gain, shift *girih.Tensor }

// Load reads DIR/model.safetensors and DIR/config.json.
func Load(ctx context.Context, d *girih.Device, dir string, t Types) (*Model, error) {
	c, err := readConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		return nil, err
	}
	return Read(ctx, d, filepath.Join(dir, "model.safetensors"), c, t)
}

// Read reads the weights of a BERT encoder from a safetensors file, and brings them to a device in the types wanted.
func Read(ctx context.Context, d *girih.Device, path string, c Config, t Types) (m *Model, err error) {
	if t, err = t.fill(d.Name()); err != nil {
		return nil, err
	}
	file, err := girih.OpenSafetensors(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m = &Model{dev: d, types: t, eps: c.Eps, plans: map[extent]*plan{}}
	r := &reader{ctx: ctx, m: m, file: file, has: map[string]bool{}}
	for _, name := range file.Names() {
		r.has[name] = true
	}
	word := r.tensor("embeddings.word_embeddings.weight", 2)
	place := r.tensor("embeddings.position_embeddings.weight", 2)
	segment := r.tensor("embeddings.token_type_embeddings.weight", 2)
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", path, r.err)
	}
	m.words, m.width, m.places = word.Shape()[0], word.Shape()[1], place.Shape()[0]
	if m.width%64 != 0 || m.width%c.Heads != 0 || m.width/c.Heads%16 != 0 {
		return nil, fmt.Errorf("%s: %d values in %d heads: the kernels want a multiple of 64 in heads of a multiple of 16", path, m.width, c.Heads)
	}
	m.scale = float32(1 / math.Sqrt(float64(m.width/c.Heads)))
	if m.k, err = compile(d.Name(), t, m.width/c.Heads); err != nil {
		return nil, err
	}
	m.word, m.place, m.segment = r.table(word), r.table(place), r.table(segment)
	m.norm = r.norm("embeddings.LayerNorm")
	if inner := r.tensor("encoder.layer.0.intermediate.dense.bias", 1); r.err == nil {
		m.inner = inner.Len()
	}
	r.calibrate(t.Calibration)
	for i := 0; r.err == nil && r.has[fmt.Sprintf("encoder.layer.%d.output.dense.weight", i)]; i++ {
		m.layers = append(m.layers, r.layer(fmt.Sprintf("encoder.layer.%d.", i)))
	}
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", path, r.err)
	}
	r.cal.p.close()
	m.stream, err = d.NewStream()
	return m, err
}

// Close gives back what the model has made for running. Its tensors go with the device.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for e, p := range m.plans {
		p.close()
		delete(m.plans, e)
	}
	return m.stream.Close()
}

// reader loads tensors until the first error, which it keeps.
type reader struct {
	ctx  context.Context
	m    *Model
	file *girih.Safetensors
	has  map[string]bool
	cal  *builder // of the calibration; without buffers where there is none
	err  error
}

// tensor is a tensor of the file, of f32.
func (r *reader) tensor(name string, rank int) *girih.Tensor {
	if r.err != nil {
		return nil
	}
	if !r.has[name] {
		r.err = fmt.Errorf("there is no tensor %s", name)
		return nil
	}
	t, err := r.file.Tensor(r.m.dev, name, girih.F32)
	if err == nil && len(t.Shape()) != rank {
		err = fmt.Errorf("the tensor %s has the shape %v, expected %d dimensions", name, t.Shape(), rank)
	}
	r.err = err
	return t
}

// call runs a kernel, unless something has failed before.
func (r *reader) call(k *girih.Kernel, args ...any) []*girih.Tensor {
	if r.err != nil {
		return make([]*girih.Tensor, len(k.Results()))
	}
	out, err := k.Call(r.ctx, args...)
	if err != nil {
		r.err = err
		return make([]*girih.Tensor, len(k.Results()))
	}
	return out
}

// table is an embedding table in the type of activations.
func (r *reader) table(t *girih.Tensor) *girih.Tensor {
	if r.err != nil || r.m.types.Activations == girih.F32 {
		return t
	}
	defer t.Free()
	return r.call(r.m.k.rounded, t)[0]
}

func (r *reader) norm(name string) norm {
	return norm{r.tensor(name+".weight", 1), r.tensor(name+".bias", 1)}
}

// layer reads a layer. Calibration runs what is there already, so that each part sees what those before it make of the
// sentences.
func (r *reader) layer(p string) (l layer) {
	b, k := r.cal, r.m.k
	l.qk = r.linear(k.linear, b.x, p+"attention.self.query", p+"attention.self.key")
	l.v = r.linear(k.value, b.x, p+"attention.self.value")
	r.run(func() { b.attend(l) })
	l.out = r.linear(k.linear, b.t, p+"attention.output.dense")
	l.norm1 = r.norm(p + "attention.output.LayerNorm")
	r.run(func() { b.settle(l) })
	l.up = r.linear(k.up, b.t, p+"intermediate.dense")
	r.run(func() { b.widen(l) })
	l.down = r.linear(k.linear, b.inner, p+"output.dense")
	l.norm2 = r.norm(p + "output.LayerNorm")
	r.run(func() { b.finish(l) })
	return l
}

// linear is a linear layer, or several that have one input side by side, with its weights as k wants them. x is the input
// when calibrating, else nil.
func (r *reader) linear(k linear, x *girih.Tensor, names ...string) weight {
	w, bias := r.joined(".weight", 2, names), r.joined(".bias", 1, names)
	if r.err != nil {
		return weight{}
	}
	defer w.Free()
	var made []*girih.Tensor
	if x != nil && scaled(k.dt) {
		made, r.err = r.calibrated(k, w, x)
	} else {
		made = r.call(k.weights, w)
	}
	if r.err != nil || len(made) == 1 {
		return weight{k: k.run, w: made[0], bias: bias}
	}
	defer made[0].Free()
	packed, err := k.run.Pack(r.ctx, "w", made[0])
	r.err = err
	return weight{k.run, packed, made[1], bias}
}

// joined is the rows of several tensors one below the other.
func (r *reader) joined(suffix string, rank int, names []string) *girih.Tensor {
	if len(names) == 1 {
		return r.tensor(names[0]+suffix, rank)
	}
	var all []byte
	var shape []int
	for _, name := range names {
		t := r.tensor(name+suffix, rank)
		if r.err != nil {
			return nil
		}
		b, err := t.Bytes()
		if err != nil {
			r.err = err
			return nil
		}
		all = append(all, b...)
		s := t.Shape()
		if shape == nil {
			shape = append([]int{0}, s[1:]...)
		}
		shape[0] += s[0]
		_ = t.Free()
	}
	t, err := r.m.dev.FromBytes(girih.F32, all, shape...)
	r.err = err
	return t
}
