package runtime

import (
	"encoding/binary"
	"fmt"
	goruntime "runtime"
	"sync"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

// PackedBytes is the size of a tensor of shape [rows, columns] in a packed storage order.
func PackedBytes(p *ir.Pack, rows, cols int) int {
	return ceilDiv(rows, p.Tile[0]) * ceilDiv(cols, p.Tile[1]) * p.Threads * p.Words * 4
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// Pack brings a row-major tensor of rank 2 into the storage order that a target derived for a packed parameter. Elements
// beyond the edges of the tensor are zero codes.
func Pack(t *tensor.Tensor, p *ir.Pack) ([]byte, error) {
	rows, cols, err := packShape(t, p)
	if err != nil {
		return nil, err
	}
	out := big(PackedBytes(p, rows, cols))
	eachField(p, rows, cols, func(tile, thread int, elem func(field int) (int, bool)) {
		words := make([]uint32, p.Words)
		for i, f := range p.Plan.Fields {
			at, ok := elem(i)
			if !ok {
				continue
			}
			code := t.Code(at)
			for _, q := range f.Pieces {
				words[q.Word] |= uint32(code&(1<<uint(q.Len)-1)) << uint(q.Bit)
				code >>= uint(q.Len)
			}
		}
		for w, x := range words {
			binary.LittleEndian.PutUint32(out[p.Offset(tile, thread, w):], x)
		}
	})
	return out, nil
}

// Unpack is the inverse of Pack.
func Unpack(data []byte, p *ir.Pack, elem dtype.Type, rows, cols int) (*tensor.Tensor, error) {
	if want := PackedBytes(p, rows, cols); len(data) != want {
		return nil, fmt.Errorf("packed data of %d bytes, expected %d for %s[%d, %d]", len(data), want, elem, rows, cols)
	}
	t := tensor.New(elem, rows, cols)
	var mu sync.Mutex // neighbours share bytes
	eachField(p, rows, cols, func(tile, thread int, at func(field int) (int, bool)) {
		mu.Lock()
		defer mu.Unlock()
		for i, f := range p.Plan.Fields {
			e, ok := at(i)
			if !ok {
				continue
			}
			var code uint64
			n := 0
			for _, q := range f.Pieces {
				w := binary.LittleEndian.Uint32(data[p.Offset(tile, thread, q.Word):])
				code |= uint64(w>>uint(q.Bit)&(1<<uint(q.Len)-1)) << uint(n)
				n += q.Len
			}
			t.SetCode(e, code)
		}
	})
	return t, nil
}

func packShape(t *tensor.Tensor, p *ir.Pack) (rows, cols int, err error) {
	if len(t.Shape) != 2 || t.DType.Bits() != p.Plan.Bits {
		return 0, 0, fmt.Errorf("a tensor %s%v cannot be packed in an order for %d-bit elements of a matrix", t.DType, t.Shape, p.Plan.Bits)
	}
	return t.Shape[0], t.Shape[1], nil
}

// eachField calls f for every tile and thread, on all cores; the function it passes gives the row-major number of the
// element of a field, or false for one beyond the edge.
func eachField(p *ir.Pack, rows, cols int, f func(tile, thread int, elem func(field int) (int, bool))) {
	across := ceilDiv(cols, p.Tile[1])
	tiles := ceilDiv(rows, p.Tile[0]) * across
	var wg sync.WaitGroup
	workers := goruntime.GOMAXPROCS(0)
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for tile := w; tile < tiles; tile += workers {
				r0, c0 := tile/across*p.Tile[0], tile%across*p.Tile[1]
				for thread := range p.Threads {
					order := p.Order[thread]
					f(tile, thread, func(field int) (int, bool) {
						if field >= len(order) || order[field] < 0 {
							return 0, false
						}
						r, c := r0+int(order[field])/p.Tile[1], c0+int(order[field])%p.Tile[1]
						return r*cols + c, r < rows && c < cols
					})
				}
			}
		}()
	}
	wg.Wait()
}
