package main

import (
	"context"

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

// builder makes buffers and launchers until the first error, which it keeps.
type builder struct {
	ctx context.Context
	m   *Model
	p   *plan
	err error
}

// forward is the encoder: the launches in order, each kernel reading what those before it have stored.
func (b *builder) forward(e extent) {
	m := b.m
	rows, d := e.b*e.s, m.width
	b.p.ids, b.p.length = b.tensor(girih.I32, e.b, e.s), b.tensor(girih.I32, e.b)
	b.p.out = b.tensor(girih.F32, e.b, d)
	a := m.types.Activations
	x, h, t := b.tensor(a, rows, d), b.tensor(a, rows, d), b.tensor(a, rows, d)
	qkv, inner := b.tensor(a, rows, 3*d), b.tensor(a, rows, m.inner)
	x3, t3 := b.view(x, e.b, e.s, d), b.view(t, e.b, e.s, d)
	heads := b.view(qkv, e.b, e.s, 3, d)

	b.launch(m.k.embed, b.p.ids, m.word, m.place, m.segment, m.norm.gain, m.norm.shift, m.eps, x3)
	for _, l := range m.layers {
		b.linear(m.k.linear, x, l.qkv, qkv)
		b.launch(m.k.attention, heads, b.p.length, m.scale, t3)
		b.linear(m.k.linear, t, l.out, h)
		b.launch(m.k.addNorm, h, x, l.norm1.gain, l.norm1.shift, m.eps, t)
		b.linear(m.k.gelu, t, l.up, inner)
		b.linear(m.k.linear, inner, l.down, h)
		b.launch(m.k.addNorm, h, t, l.norm2.gain, l.norm2.shift, m.eps, x)
	}
	b.launch(m.k.pool, x3, b.p.length, b.p.out)
}

func (b *builder) linear(k *girih.Kernel, x *girih.Tensor, w weight, y *girih.Tensor) {
	if w.scale == nil {
		b.launch(k, x, w.w, w.bias, y)
		return
	}
	b.launch(k, x, w.w, w.scale, w.bias, y)
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
