package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/girih-lang/girih"
)

const (
	step     = 16 // sequences are padded to multiples of it, which the kernels rely on
	maxBatch = 64 // sequences that run at once
	maxPlans = 16 // that are kept
)

// extent is the shape of a batch: sequences, and tokens of each.
type extent struct{ b, s int }

// plan is everything for running batches of one shape: buffers and recorded launches.
type plan struct {
	ids, length, out *girih.Tensor
	owned            []*girih.Tensor
	launchers        []*girih.Launcher
	graph            *girih.Graph
	used             int
}

// Encode gives the embeddings, of length 1, of sequences of tokens. Sequences of like length run together.
func (m *Model) Encode(ctx context.Context, sequences [][]int32) ([][]float32, error) {
	if err := m.check(sequences); err != nil {
		return nil, err
	}
	order := make([]int, len(sequences))
	for i := range order {
		order[i] = i
	}
	length := func(i int) int { return padded(sequences[i]) }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(length(i), length(j)) })
	out := make([][]float32, len(sequences))
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(order) > 0 {
		n := 1
		for n < min(len(order), maxBatch) && length(order[n]) == length(order[0]) {
			n++
		}
		if err := m.run(ctx, extent{n, length(order[0])}, order[:n], sequences, out); err != nil {
			return nil, err
		}
		order = order[n:]
	}
	return out, nil
}

// run embeds the sequences of one batch.
func (m *Model) run(ctx context.Context, e extent, order []int, sequences [][]int32, out [][]float32) error {
	p, err := m.plan(ctx, e)
	if err != nil {
		return err
	}
	batch := make([][]int32, e.b)
	for row, i := range order {
		batch[row] = sequences[i]
	}
	if err := p.fill(e, batch); err != nil {
		return err
	}
	if err := p.graph.Launch(ctx, m.stream); err != nil {
		return err
	}
	if err := m.stream.Sync(); err != nil {
		return err
	}
	all, err := girih.Slice[float32](p.out)
	if err != nil {
		return err
	}
	for row, i := range order {
		out[i] = all[row*m.width : (row+1)*m.width : (row+1)*m.width]
	}
	return nil
}

// Similarity is the cosine of each pair of embeddings.
func (m *Model) Similarity(ctx context.Context, embeddings [][]float32) ([][]float32, error) {
	n := len(embeddings)
	if n == 0 {
		return nil, nil
	}
	x, err := girih.FromSlice(m.dev, slices.Concat(embeddings...), n, m.width)
	if err != nil {
		return nil, err
	}
	defer x.Free()
	c, err := m.k.similarity.Call(ctx, x)
	if err != nil {
		return nil, err
	}
	defer c[0].Free()
	all, err := girih.Slice[float32](c[0])
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(all, n)), nil
}

// fill stores a batch of sequences for the next run.
func (p *plan) fill(e extent, batch [][]int32) error {
	ids, length := make([]int32, e.b*e.s), make([]int32, e.b)
	for row, s := range batch {
		length[row] = int32(len(s))
		copy(ids[row*e.s:], s)
	}
	return errors.Join(p.ids.SetBytes(littleEndian(ids)), p.length.SetBytes(littleEndian(length)))
}

func littleEndian(v []int32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return b
}

// check refuses sequences that the model cannot take.
func (m *Model) check(sequences [][]int32) error {
	for i, s := range sequences {
		if len(s) == 0 || len(s) > m.places {
			return fmt.Errorf("sequence %d has %d tokens, expected 1 to %d", i, len(s), m.places)
		}
		for _, id := range s {
			if id < 0 || int(id) >= m.words {
				return fmt.Errorf("sequence %d has the token %d, expected 0 to %d", i, id, m.words-1)
			}
		}
	}
	return nil
}

// padded is the length to which a sequence is padded.
func padded(s []int32) int { return (len(s) + step - 1) / step * step }
