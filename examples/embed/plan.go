package main

import (
	"context"
	"errors"

	"github.com/girih-lang/girih"
)

// plan finds or makes the plan for a shape of batch. The one that was not used for longest makes room.
func (m *Model) plan(ctx context.Context, e extent) (*plan, error) {
	m.lastUsed++
	if p := m.plans[e]; p != nil {
		p.used = m.lastUsed
		return p, nil
	}
	if len(m.plans) >= maxPlans {
		var oldest extent
		for e, p := range m.plans {
			if old := m.plans[oldest]; old == nil || p.used < old.used {
				oldest = e
			}
		}
		m.plans[oldest].close()
		delete(m.plans, oldest)
	}
	b := &builder{ctx: ctx, m: m, p: &plan{used: m.lastUsed}}
	b.forward(e)
	if b.err == nil {
		b.p.graph, b.err = m.stream.Capture(func() error {
			for _, l := range b.p.launchers {
				if err := l.Launch(ctx, m.stream); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if b.err != nil {
		b.p.close()
		return nil, b.err
	}
	m.plans[e] = b.p
	return b.p, nil
}

func (p *plan) close() {
	if p.graph != nil {
		_ = p.graph.Close()
	}
	for _, l := range p.launchers {
		_ = l.Close()
	}
	for _, t := range p.owned {
		_ = t.Free()
	}
}

// builder makes buffers and launchers until the first error, which it keeps. The launches make an encoder: each kernel reads
// what those before it have stored.
type builder struct {
	ctx context.Context
	m   *Model
	p   *plan
	now bool // launch at once, and keep no launcher
	err error

	x, t, inner     *girih.Tensor // inputs of linear layers, [b·s, …]
	h, qk           *girih.Tensor
	x3, t3, h3, qk4 *girih.Tensor // the same with an axis for sequences, qk4 also with one for q and k
}

// forward is the whole encoder.
func (b *builder) forward(e extent) {
	b.buffers(e)
	b.begin()
	for _, l := range b.m.layers {
		b.attend(l)
		b.settle(l)
		b.widen(l)
		b.finish(l)
	}
	b.launch(b.m.k.pool, b.x3, b.p.length, b.p.out)
}

// buffers makes room for a batch.
func (b *builder) buffers(e extent) {
	m := b.m
	rows, d, a := e.b*e.s, m.width, m.types.Activations
	b.p.ids, b.p.length, b.p.out = b.tensor(girih.I32, e.b, e.s), b.tensor(girih.I32, e.b), b.tensor(girih.F32, e.b, d)
	b.x, b.h, b.t = b.tensor(a, rows, d), b.tensor(a, rows, d), b.tensor(a, rows, d)
	b.qk, b.inner = b.tensor(a, rows, 2*d), b.tensor(a, rows, m.inner)
	b.x3, b.h3, b.t3 = b.view(b.x, e.b, e.s, d), b.view(b.h, e.b, e.s, d), b.view(b.t, e.b, e.s, d)
	b.qk4 = b.view(b.qk, e.b, e.s, 2, d)
}

// begin embeds the tokens, to x.
func (b *builder) begin() {
	m := b.m
	b.launch(m.k.embed, b.p.ids, m.word, m.place, m.segment, m.norm.gain, m.norm.shift, m.eps, b.x3)
}

// attend goes from x to t, the heads side by side.
func (b *builder) attend(l layer) {
	b.linear(b.x, l.qk, b.qk)
	b.linear(b.x, l.v, b.h)
	b.launch(b.m.k.attention, b.qk4, b.h3, b.p.length, b.m.scale, b.t3)
}

// settle goes from t and x to t, the first half of the layer.
func (b *builder) settle(l layer) {
	b.linear(b.t, l.out, b.h)
	b.launch(b.m.k.addNorm, b.h, b.x, l.norm1.gain, l.norm1.shift, b.m.eps, b.t)
}

// widen goes from t to inner.
func (b *builder) widen(l layer) { b.linear(b.t, l.up, b.inner) }

// finish goes from inner and t to x, the layer's output.
func (b *builder) finish(l layer) {
	b.linear(b.inner, l.down, b.h)
	b.launch(b.m.k.addNorm, b.h, b.t, l.norm2.gain, l.norm2.shift, b.m.eps, b.x)
}

func (b *builder) linear(x *girih.Tensor, w weight, y *girih.Tensor) {
	if w.scale == nil {
		b.launch(w.k, x, w.w, w.bias, y)
		return
	}
	b.launch(w.k, x, w.w, w.scale, w.bias, y)
}

func (b *builder) launch(k *girih.Kernel, args ...any) {
	if b.err != nil {
		return
	}
	l, err := k.Prepare(b.ctx, args...)
	if err != nil {
		b.err = err
		return
	}
	if b.now {
		b.err = errors.Join(l.Launch(b.ctx, nil), b.m.dev.Sync(), l.Close())
		return
	}
	b.p.launchers = append(b.p.launchers, l)
}

func (b *builder) tensor(dt girih.DType, shape ...int) *girih.Tensor {
	if b.err != nil {
		return nil
	}
	t, err := b.m.dev.New(dt, shape...)
	return b.own(t, err)
}

func (b *builder) view(t *girih.Tensor, shape ...int) *girih.Tensor {
	if b.err != nil {
		return nil
	}
	v, err := t.Reshape(shape...)
	return b.own(v, err)
}

func (b *builder) own(t *girih.Tensor, err error) *girih.Tensor {
	if err != nil {
		b.err = err
		return nil
	}
	b.p.owned = append(b.p.owned, t)
	return t
}
