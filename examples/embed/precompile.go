package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/girih-lang/girih"
)

// precompile fills the cache with what a model of some width and heads needs on a GPU generation, so that a machine with such a
// GPU needs no LLVM.
func precompile(ctx context.Context, target string, t Types, width, heads int) error {
	t, err := t.fill("cuda")
	if err != nil {
		return err
	}
	k, err := compile("cuda", t, width/heads)
	if err != nil {
		return err
	}
	all := []*girih.Kernel{k.embed, k.attention, k.addNorm, k.pool, k.similarity, k.rounded, k.gram}
	for _, l := range []linear{k.linear, k.value, k.up} {
		all = append(all, l.run, l.weights)
	}
	for _, k := range all {
		if err := k.Precompile(ctx, target, girih.Dim("D", width)); err != nil {
			return err
		}
	}
	return nil
}

// precompileModel does it for the model in a directory.
func precompileModel(ctx context.Context, target, dir string, t Types) error {
	c, err := readConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "model.safetensors")
	file, err := girih.OpenSafetensors(path)
	if err != nil {
		return err
	}
	defer file.Close()
	d, err := girih.Open("vm")
	if err != nil {
		return err
	}
	defer d.Close()
	gain, err := file.Tensor(d, "embeddings.LayerNorm.weight")
	if err != nil {
		return err
	}
	if gain.Len()%c.Heads != 0 {
		return fmt.Errorf("%s: %d values in %d heads", path, gain.Len(), c.Heads)
	}
	return precompile(ctx, target, t, gain.Len(), c.Heads)
}
