package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// quantizeCmd is `girih quantize`.
type quantizeCmd struct {
	In     string `arg:"" help:"A float matrix [K, N]: in.npy, or in.safetensors#NAME."`
	Type   string `required:"" help:"A type of at most 16 bits such as u4 or f6e3m2, or a block-scaled format: mxfp8e4m3, mxfp8e5m2, mxfp6e3m2, mxfp6e2m3, mxfp4, mxint8, nvfp4."`
	Group  int    `default:"128" help:"Rows of K that share a scale; block-scaled formats have their own."`
	Zero   bool   `help:"Asymmetric: a zero point per group as well (unsigned types)."`
	Scale  string `default:"f16" help:"The type of the scales."`
	Out    string `required:"" help:"out.safetensors with the tensors w, s (and z, t), or NAME.npy for NAME.w.npy (packed bytes), NAME.s.npy and so on."`
	Format string `default:"text" enum:"text,json" help:"The report: ${enum}."`
}

// quantReport is what is printed; errors are relative to the weights and, the largest, absolute.
type quantReport struct {
	Input  string  `json:"input"`
	Type   string  `json:"type"`
	Shape  []int   `json:"shape"`
	Group  int     `json:"group"`
	Scale  string  `json:"scale"`
	Zero   bool    `json:"zero"`
	Bits   float64 `json:"bitsPerWeight"` // scales and zero points included
	RelFro float64 `json:"relativeFrobenius"`
	MaxAbs float64 `json:"maxAbsolute"`
	Output string  `json:"output"`
}

func (c *quantizeCmd) Run(a *app) error {
	path, entry, _ := strings.Cut(c.In, "#")
	w, err := loadTensor(path, entry)
	if err != nil {
		return runtimef("%w", err)
	}
	scale, err := dtype.Parse(c.Scale)
	if err != nil {
		return usagef("--scale: %w", err)
	}
	r := &quantReport{Input: c.In, Type: c.Type, Shape: w.Shape, Group: c.Group, Scale: c.Scale, Zero: c.Zero, Output: c.Out}
	out, back, err := c.quantize(w, scale, r)
	if err != nil {
		return err
	}
	d, err := tensor.Compare(back, w)
	if err != nil {
		return runtimef("%w", err)
	}
	r.RelFro, r.MaxAbs = d.RelFro, d.MaxAbs
	bytes := 0
	for _, t := range out {
		bytes += len(t.Data)
	}
	if w.Len() > 0 {
		r.Bits = 8 * float64(bytes) / float64(w.Len())
	}
	files, err := c.save(out)
	if err != nil {
		return runtimef("%s cannot be written: %w", c.Out, err)
	}
	if c.Format == "json" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return runtimef("%w", err)
		}
		return a.write(append(text, '\n'))
	}
	zero, hint := "", ""
	if r.Zero {
		zero = " and a zero point"
	}
	if to := out["w"].DType; to.IsInt() && !to.IsSigned() && !r.Zero && slices.Min(append(w.Floats(), 0)) < 0 {
		hint = fmt.Sprintf("%s has no negative values, which the weights have: they became 0; --zero or i%d keeps them\n", to, to.Bits())
	}
	return a.write(fmt.Appendf(nil, "%s %s to %s, a scale %s%s per %d rows and column: %.3g bits a weight\nerror: %.3g relative (Frobenius), %.3g at most\n%swritten: %s\n",
		c.In, tensor.ShapeString(w.Shape), r.Type, r.Scale, zero, r.Group, r.Bits, r.RelFro, r.MaxAbs, hint, strings.Join(files, ", ")))
}

// quantize gives the tensors by the names of the library's parameters, and the values they stand for.
func (c *quantizeCmd) quantize(w *tensor.Tensor, scale dtype.Type, r *quantReport) (out map[string]*tensor.Tensor, back *tensor.Tensor, err error) {
	var q, s, z *tensor.Tensor
	if f, ferr := tensor.ParseBlockFormat(c.Type); ferr == nil {
		if c.Zero {
			return nil, nil, usagef("--zero: %s is symmetric", c.Type)
		}
		r.Group, r.Scale = f.Group, f.Scale.String()
		q, s, factor, err := tensor.QuantizeBlocks(w, f)
		if err != nil {
			return nil, nil, runtimef("%w", err)
		}
		out = map[string]*tensor.Tensor{"w": q, "s": s}
		if f.Factor {
			out["t"] = tensor.FromFloats(dtype.F32, []int{1}, []float64{factor})
		}
		back, err = tensor.DequantizeBlocks(q, s, factor, f)
		return out, back, err
	}
	to, err := dtype.Parse(c.Type)
	switch {
	case err != nil:
		return nil, nil, usagef("--type: %w; or a block-scaled format: %s", err, strings.Join(blockNames(), ", "))
	case to.Bits() > 16:
		return nil, nil, usagef("--type: %s has %d bits: weights are quantised to at most 16", to, to.Bits())
	case c.Zero:
		if q, s, z, err = tensor.QuantizeZero(w, to, c.Group, scale); err == nil {
			out = map[string]*tensor.Tensor{"w": q, "s": s, "z": z}
			back, err = tensor.DequantizeZero(q, s, z, c.Group)
		}
	default:
		if q, s, err = tensor.Quantize(w, to, c.Group, scale); err == nil {
			out = map[string]*tensor.Tensor{"w": q, "s": s}
			back, err = tensor.Dequantize(q, s, c.Group)
		}
	}
	if err != nil {
		return nil, nil, runtimef("%w", err)
	}
	return out, back, nil
}

func blockNames() (names []string) {
	for _, f := range tensor.BlockFormats {
		names = append(names, f.Name)
	}
	return names
}

// save writes the tensors and names the files: codes that NumPy has no type for as packed bytes.
func (c *quantizeCmd) save(out map[string]*tensor.Tensor) (files []string, err error) {
	base, npy := strings.CutSuffix(c.Out, ".npy")
	switch {
	case npy:
		for _, name := range slices.Sorted(maps.Keys(out)) {
			t, file := out[name], base+"."+name+".npy"
			packed := t.DType != tensor.NumPyType(t.DType)
			if err := tensor.SaveNpy(file, t, packed); err != nil {
				return nil, err
			}
			if packed {
				file += fmt.Sprintf(" (packed bytes of %s)", t)
			}
			files = append(files, file)
		}
		return files, nil
	case strings.EqualFold(filepath.Ext(c.Out), ".safetensors"):
		return []string{c.Out}, tensor.SaveSafetensors(c.Out, out, nil)
	}
	return nil, fmt.Errorf("expected a name that ends in .safetensors or .npy")
}
