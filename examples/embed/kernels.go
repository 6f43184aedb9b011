package main

import (
	"embed"
	"fmt"
	"slices"

	"github.com/girih-lang/girih"
)

//go:embed *.girih
var sources embed.FS

// Types say what a model computes with. The zero value is filled in for the device.
type Types struct {
	Weights     girih.DType // of the linear layers: a float type of 16 or 32 bits, or anything from 2 to 8 bits
	Activations girih.DType // f16, bf16 or f32: of everything between two kernels, and of the embedding table
	Group       int         // inputs that share a scale, where Weights has at most 8 bits
}

// fill checks the types and chooses those that are left out.
func (t Types) fill(d *girih.Device) (Types, error) {
	none := girih.DType{}
	if t.Activations == none {
		t.Activations = girih.F16
		if d.Name() == "vm" || d.Name() == "cpu" {
			t.Activations = girih.F32
		}
	}
	if t.Weights == none {
		t.Weights = girih.F16
	}
	if t.Group == 0 {
		t.Group = 32
	}
	wide := []girih.DType{girih.F16, girih.BF16, girih.F32}
	if !slices.Contains(wide, t.Activations) {
		return t, fmt.Errorf("activations of type %s: f16, bf16 or f32 is expected", t.Activations)
	}
	if w := t.Weights; !slices.Contains(wide, w) && (w.Bits() < 2 || w.Bits() > 8) {
		return t, fmt.Errorf("weights of type %s: f16, bf16, f32 or a type of 2 to 8 bits is expected", w)
	}
	if t.Group < 1 || t.Group > 128 || t.Group&(t.Group-1) != 0 {
		return t, fmt.Errorf("a scale for every %d weights: a power of two up to 128 is expected", t.Group)
	}
	return t, nil
}

// scaled says whether the weights have scales.
func (t Types) scaled() bool { return t.Weights.Bits() <= 8 }

// kernels are the programs of embed.girih, linear.girih and quantize.girih with the types of a model.
type kernels struct {
	embed, attention, addNorm, pool, similarity *girih.Kernel
	linear, gelu                                *girih.Kernel // a linear layer without and with the activation behind it
	weights                                     *girih.Kernel // makes the weights of these
	rounded                                     *girih.Kernel
}

func compile(t Types, head int) (*kernels, error) {
	p, err := girih.LoadFS(sources, ".")
	if err != nil {
		return nil, err
	}
	k := &kernels{}
	w, a, g := girih.Set("W", t.Weights), girih.Set("A", t.Activations), girih.Set("G", t.Group)
	type program struct {
		to      **girih.Kernel
		name    string
		options []girih.Option
	}
	list := []program{
		{&k.embed, "Embed", []girih.Option{a, girih.Set("T", t.Activations)}},
		{&k.attention, "Attention", []girih.Option{a, girih.Set("H", head)}},
		{&k.addNorm, "AddNorm", []girih.Option{a}},
		{&k.pool, "Pool", []girih.Option{a}},
		{&k.similarity, "Similarity", nil},
		{&k.rounded, "Rounded", []girih.Option{girih.Set("T", t.Activations)}},
	}
	if t.scaled() {
		list = append(list, program{&k.linear, "Linear", []girih.Option{w, a, g}}, program{&k.gelu, "Linear", []girih.Option{w, a, g, girih.Set("Act", 1)}},
			program{&k.weights, "Quantize", []girih.Option{w, g, girih.Set("S", t.Activations)}})
	} else {
		list = append(list, program{&k.linear, "Dense", []girih.Option{w, a}}, program{&k.gelu, "Dense", []girih.Option{w, a, girih.Set("Act", 1)}},
			program{&k.weights, "Transposed", []girih.Option{w}})
	}
	for _, l := range list {
		// The sources say what divides the extents, so that one compilation serves sentences of any length.
		if *l.to, err = p.Kernel(l.name, append(l.options, girih.Generic())...); err != nil {
			return nil, err
		}
	}
	return k, nil
}
