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
	Sensitive   girih.DType // in place of Weights in the two layers where rounding does most harm: the values of attention and the first of the two layers behind it; Weights when left out
	Calibration [][]int32   // sequences to calibrate weights of at most 8 bits with; without any, each is rounded to the nearest
	Group       int         // weights that share a scale, where they have at most 8 bits
}

// fill checks the types and chooses those that are left out. on is the name of the device.
func (t Types) fill(on string) (Types, error) {
	none := girih.DType{}
	if t.Activations == none {
		t.Activations = girih.F16
		if on == "vm" || on == "cpu" {
			t.Activations = girih.F32
		}
	}
	if t.Weights == none {
		t.Weights = girih.F16
	}
	if t.Sensitive == none {
		t.Sensitive = t.Weights
	}
	if t.Group == 0 {
		t.Group = 32
	}
	wide := []girih.DType{girih.F16, girih.BF16, girih.F32}
	if !slices.Contains(wide, t.Activations) {
		return t, fmt.Errorf("activations of type %s: f16, bf16 or f32 is expected", t.Activations)
	}
	for _, w := range []girih.DType{t.Weights, t.Sensitive} {
		if !slices.Contains(wide, w) && (w.Bits() < 2 || w.Bits() > 8) {
			return t, fmt.Errorf("weights of type %s: f16, bf16, f32 or a type of 2 to 8 bits is expected", w)
		}
	}
	if t.Group < 1 || t.Group > 128 || t.Group&(t.Group-1) != 0 {
		return t, fmt.Errorf("a scale for every %d weights: a power of two up to 128 is expected", t.Group)
	}
	return t, nil
}

// weights names the types of the weights.
func (t Types) weights() string {
	if t.Sensitive == t.Weights {
		return t.Weights.String()
	}
	return t.Weights.String() + " and " + t.Sensitive.String()
}

// scaled says whether weights of a type have scales.
func scaled(w girih.DType) bool { return w.Bits() <= 8 }

// kernels are the programs of embed.girih, linear.girih and quantize.girih with the types of a model.
type kernels struct {
	embed, attention, addNorm, pool, similarity, rounded, gram *girih.Kernel

	linear, value, up linear
}

// linear is the kernel of a linear layer, the one that makes its weights, and their type.
type linear struct {
	run, weights *girih.Kernel
	dt           girih.DType
}

func compile(on string, t Types, head int) (*kernels, error) {
	p, err := girih.LoadFS(sources, ".")
	if err != nil {
		return nil, err
	}
	// The sources say what divides the extents, so that one compilation serves sentences of any length.
	kernel := func(name string, options ...girih.Option) *girih.Kernel {
		if err != nil {
			return nil
		}
		var k *girih.Kernel
		k, err = p.Kernel(name, append(options, girih.Generic())...)
		return k
	}
	a := girih.Set("A", t.Activations)
	layer := func(dt girih.DType, act int) linear {
		tiles := []girih.Option{a, girih.Set("Act", act)}
		if on == "cpu" { // wide tiles convert weights less often; a GPU needs the blocks
			tiles = append(tiles, girih.Set("BM", 32), girih.Set("BN", 128))
		}
		w, g := girih.Set("W", dt), girih.Set("G", t.Group)
		if scaled(dt) {
			if on != "cpu" && t.Activations == girih.F32 { // tiles of f32 in four parts do not fit shared memory
				tiles = append(tiles, girih.Set("splits", 1))
			}
			return linear{kernel("Linear", append(tiles, w, g)...), kernel("Quantize", w, g, girih.Set("S", t.Activations)), dt}
		}
		return linear{kernel("Dense", append(tiles, w)...), kernel("Transposed", w), dt}
	}
	k := &kernels{
		embed:      kernel("Embed", a, girih.Set("T", t.Activations)),
		attention:  kernel("Attention", a, girih.Set("H", head)),
		addNorm:    kernel("AddNorm", a),
		pool:       kernel("Pool", a),
		similarity: kernel("Similarity"),
		rounded:    kernel("Rounded", girih.Set("T", t.Activations)),
		gram:       kernel("Gram", a),
		linear:     layer(t.Weights, 0),
		value:      layer(t.Sensitive, 0),
		up:         layer(t.Sensitive, 1),
	}
	return k, err
}
