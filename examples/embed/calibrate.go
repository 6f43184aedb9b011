package main

import (
	_ "embed"
	"math"
	"slices"
	"strings"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/examples/embed/wordpiece"
)

// calibrationText is made up for the purpose, a sentence a line: of many subjects and lengths, and none of the reference.
//
//go:embed calibration.txt
var calibrationText string

// calibration is the sequences that quantisation is calibrated with: each sentence, with its end replaced by another one, and
// single pieces of them.
func calibration(v *wordpiece.Vocabulary) [][]int32 {
	const longest = 48
	var s [][]int32
	for line := range strings.Lines(calibrationText) {
		s = append(s, v.Encode(strings.TrimSpace(line), longest))
	}
	n := len(s)
	for i := range n {
		a, b := s[i], s[(i+21)%n]
		pair := slices.Concat(a[:len(a)-1], b[1:])
		end := min(len(pair), longest) - 1
		one := a[1+i%(len(a)-2)]
		s = append(s, append(pair[:end:end], b[len(b)-1]), []int32{a[0], one, a[len(a)-1]})
	}
	return s
}

// calibrate prepares the encoder for running a batch of sequences layer by layer, as the layers are read.
func (r *reader) calibrate(sequences [][]int32) {
	r.cal = &builder{ctx: r.ctx, m: r.m, p: &plan{}, now: true}
	if r.err != nil || len(sequences) == 0 || !scaled(r.m.types.Weights) && !scaled(r.m.types.Sensitive) {
		return
	}
	if r.err = r.m.check(sequences); r.err != nil {
		return
	}
	e := extent{b: len(sequences)}
	for _, s := range sequences {
		e.s = max(e.s, padded(s))
	}
	b := r.cal
	b.buffers(e)
	if r.err = b.err; r.err == nil {
		r.err = b.p.fill(e, sequences)
	}
	r.run(func() { b.begin() })
}

// run does a step of the encoder when calibrating.
func (r *reader) run(step func()) {
	if r.err == nil && r.cal.p.ids != nil {
		step()
		r.err = r.cal.err
	}
}

// calibrated is the codes and scales of the weights w[N, K] of a layer for the inputs x[rows, K].
func (r *reader) calibrated(k linear, w, x *girih.Tensor) ([]*girih.Tensor, error) {
	d, t := r.m.dev, r.m.types
	n, in := w.Shape()[0], w.Shape()[1]
	e := r.cal.p.ids.Shape()
	view, err := x.Reshape(e[0], e[1], in)
	if err != nil {
		return nil, err
	}
	defer view.Free()
	h := r.call(r.m.k.gram, view, r.cal.p.length)
	if r.err != nil {
		return nil, r.err
	}
	defer h[0].Free()
	gram, err := girih.Slice[float32](h[0])
	if err != nil {
		return nil, err
	}
	f, err := factor(gram, in)
	if err != nil {
		return nil, err
	}
	weights, err := girih.Slice[float32](w)
	if err != nil {
		return nil, err
	}
	book, err := newCodebook(d, k.dt)
	if err != nil {
		return nil, err
	}
	codes, scales := gptq(weights, n, in, t.Group, f, book, rounding(t.Activations))
	q, err := d.FromCodes(k.dt, codes, in, n)
	if err != nil {
		return nil, err
	}
	s, err := d.FromFloats(t.Activations, scales, in/t.Group, n)
	return []*girih.Tensor{q, s}, err
}

// rounding is rounding to a type of scales, in its normal range.
func rounding(t girih.DType) func(float32) float32 {
	drop := map[girih.DType]uint{girih.F16: 13, girih.BF16: 16}[t] // bits of the significand that f32 has beyond
	return func(x float32) float32 {
		if drop == 0 {
			return x
		}
		b := math.Float32bits(x)
		b += 1<<(drop-1) - 1 + b>>drop&1
		return math.Float32frombits(b >> drop << drop)
	}
}
