package bundle

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/passes"
	"github.com/girih-lang/girih/runtime/tensor"
)

// A packed file is the same matrix again, and one whose metadata says something else an error, never a panic or another matrix.
func TestPackedFiles(t *testing.T) {
	w := tensor.New(dtype.U(3), 70, 40)
	for i := range w.Len() {
		w.SetCode(i, uint64(i*5%8))
	}
	l, err := layout.Parse("spatial(8, 4).local(4, 8)")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	_, about, err := SavePacked(path, "w", w, passes.PackOf(&l, w.DType, "f16", 32, 32), "sm_90a")
	require.NoError(t, err)
	f, err := tensor.OpenSafetensors(path)
	require.NoError(t, err)
	defer f.Close()
	back, err := Matrix(f, "w")
	require.NoError(t, err)
	require.Equal(t, w.Data, back.Data)
	require.Equal(t, w.Shape, back.Shape)

	raw, err := f.Tensor("w")
	require.NoError(t, err)
	for want, change := range map[string]func(p *Packed){
		"has a type that is none":  func(p *Packed) { p.Type = "u99" },
		"has a shape that is none": func(p *Packed) { p.Shape = []int{1 << 39, 1 << 39} },
		"that is none: [-1 40]":    func(p *Packed) { p.Shape = []int{-1, 40} },
		"a shape of rank 1":        func(p *Packed) { p.Shape = []int{2800} },
		"derives differently":      func(p *Packed) { p.Type = "u4" },
		"packed data of":           func(p *Packed) { p.Shape = []int{700, 40} },
		"sm_90a, that is none":     func(p *Packed) { o := *p.Order; o.Layout = "spatial"; p.Order = &o },
	} {
		p := *about
		change(&p)
		_, err := p.matrix(raw.Data)
		require.ErrorContains(t, err, want)
	}
}
