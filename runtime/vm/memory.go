package vm

import (
	"slices"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/runtime/tensor"
)

func init() {
	register(map[ir.Code]build{ir.OpLoad: buildLoad, ir.OpStore: buildStore})
}

// view is a tensor argument with its strides in elements.
type view struct {
	name    string
	dtype   dtype.Type
	data    []byte
	shape   []int
	strides []int
}

func newView(name string, t *tensor.Tensor) view {
	return view{name, t.DType, t.Data, t.Shape, rowStrides(t.Shape)}
}

// poison sets every bit of a result: NaN where the type has one, -1 or the largest integer. The spare bits of the last
// byte stay zero.
func poison(t *tensor.Tensor) {
	fill(t.Data, 0xff)
	if spare := len(t.Data)*8 - t.Len()*t.DType.Bits(); spare > 0 {
		t.Data[len(t.Data)-1] >>= spare
	}
}

// access walks the part of a tile that lies inside a tensor.
type access struct {
	op      *ir.Op
	param   int
	offsets []int // slots
	dims    []int // tensor dimension of each tile axis
	shape   []int // of the tile
	strides []int // of the tile
	inner   int   // the axis that is walked in runs: the one along the last dimension of the tensor, if any
}

// row is a run of elements: n of them from element at of the tensor, step apart, to and from the elements tile,
// tile+tileStep, … of the tile.
type row struct{ at, step, tile, tileStep, n int }

func (p *prep) access(o *ir.Op, tensor *ir.Value, tile []int, offsets []*ir.Value, dims []int) (*access, error) {
	param, ok := p.params[tensor]
	if !ok {
		return nil, p.fail(o, "the tensor is not a parameter of the kernel")
	}
	a := &access{op: o, param: param, offsets: p.args(offsets...), dims: dims, shape: tile, strides: rowStrides(tile), inner: len(tile) - 1}
	if i := slices.Index(dims, tensor.Type.Rank()-1); i >= 0 {
		a.inner = i
	}
	return a, nil
}

// rows calls visit for each run inside the tensor; whole tells whether that is the whole tile. before is called first.
func (a *access) rows(f *frame, before func(whole bool), visit func(row) error) error {
	v := &f.run.tensors[a.param]
	var lo, hi [maxRank]int // the part of each tile axis inside
	whole, empty := true, false
	at := 0
	for d, s := range a.offsets {
		off := int(f.I[s][0])
		axis := slices.Index(a.dims, d)
		if axis < 0 {
			empty = empty || off < 0 || off >= v.shape[d]
			at += off * v.strides[d]
			continue
		}
		lo[axis], hi[axis] = max(0, -off), min(a.shape[axis], v.shape[d]-off)
		whole = whole && hi[axis]-lo[axis] == a.shape[axis]
		empty = empty || lo[axis] >= hi[axis]
		at += (off + lo[axis]) * v.strides[d]
	}
	before(whole && !empty)
	if empty {
		return nil
	}
	r := row{at: at, n: 1}
	for i, n := range lo[:len(a.shape)] {
		r.tile += n * a.strides[i]
	}
	if a.inner >= 0 {
		r.n = hi[a.inner] - lo[a.inner]
		r.step, r.tileStep = v.strides[a.dims[a.inner]], a.strides[a.inner]
	}
	pos := lo
	for {
		if err := visit(r); err != nil {
			return err
		}
		i := len(a.shape) - 1
		for ; i >= 0; i-- {
			if i == a.inner {
				continue
			}
			tensorStep := v.strides[a.dims[i]]
			pos[i]++
			r.at += tensorStep
			r.tile += a.strides[i]
			if pos[i] < hi[i] {
				break
			}
			r.at -= (hi[i] - lo[i]) * tensorStep
			r.tile -= (hi[i] - lo[i]) * a.strides[i]
			pos[i] = lo[i]
		}
		if i < 0 {
			return nil
		}
	}
}

// scratch is a slice of n elements that a frame keeps.
func scratch[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	return (*s)[:n]
}

// read moves a run from memory to a tile.
func read[T any](decode func([]T, []byte, int), dst []T, data []byte, r row, temp *[]T) {
	switch {
	case r.step == 1 && r.tileStep == 1:
		decode(dst[r.tile:r.tile+r.n], data, r.at)
	case r.step == 1:
		row := scratch(temp, r.n)
		decode(row, data, r.at)
		for i, x := range row {
			dst[r.tile+i*r.tileStep] = x
		}
	default:
		for i := range r.n {
			k := r.tile + i*r.tileStep
			decode(dst[k:k+1], data, r.at+i*r.step)
		}
	}
}

// write moves a run from a tile to memory.
func write[T any](encode func([]byte, int, []T), src []T, data []byte, r row, temp *[]T) {
	switch {
	case r.step == 1 && r.tileStep == 1:
		encode(data, r.at, src[r.tile:r.tile+r.n])
	case r.step == 1:
		row := scratch(temp, r.n)
		for i := range row {
			row[i] = src[r.tile+i*r.tileStep]
		}
		encode(data, r.at, row)
	default:
		for i := range r.n {
			k := r.tile + i*r.tileStep
			encode(data, r.at+i*r.step, src[k:k+1])
		}
	}
}

// encoder writes values of a type. Type.Encode would saturate the infinities of a small type, as a cast does; a store
// changes nothing.
func encoder(t dtype.Type) func([]byte, int, []float64) {
	if !t.Saturates() || !t.HasInf() {
		return t.Encode
	}
	return func(data []byte, start int, src []float64) {
		for i, x := range src {
			dtype.Put(data, t.Bits(), start+i, t.FromFloat(x, dtype.Mode{}))
		}
	}
}

// load reads a tile into F or I, whichever is not nil. What lies outside is zero bits, which is 0 in every type but
// f8e8m0.
func (a *access) load(f *frame, F []float64, I []int64, elem dtype.Type) error {
	v := &f.run.tensors[a.param]
	zero := func(whole bool) {
		if !whole {
			fill(F, elem.Float(0))
			fill(I, 0)
		}
	}
	return a.rows(f, zero, func(r row) error {
		if f.run.race != nil {
			if err := f.readRow(a, r); err != nil {
				return err
			}
		}
		if F != nil {
			read(v.dtype.Decode, F, v.data, r, &f.rowF)
		} else {
			read(v.dtype.DecodeInt, I, v.data, r, &f.rowI)
		}
		return nil
	})
}

func buildLoad(p *prep, o *ir.Op) (step, error) {
	t := o.Result().Type
	a, err := p.access(o, o.Args[0], t.Shape, o.Args[1:], o.Ints("dims"))
	if err != nil {
		return nil, err
	}
	d := p.slot(o.Result())
	return func(f *frame) error { return a.load(f, f.F[d], f.I[d], t.Elem) }, nil
}

func buildStore(p *prep, o *ir.Op) (step, error) {
	t := o.Args[0].Type
	a, err := p.access(o, o.Args[1], t.Shape, o.Args[2:], o.Ints("dims"))
	if err != nil {
		return nil, err
	}
	if q := p.k.Params[a.param]; !q.Out {
		return nil, p.fail(o, "stores to %s, which is an input", q.Name)
	}
	p.subByte = p.subByte || t.Elem.Bits()%8 != 0
	s := p.slot(o.Args[0])
	return func(f *frame) error {
		v := &f.run.tensors[a.param]
		return a.rows(f, func(bool) {}, func(r row) error {
			if f.run.race != nil {
				if err := f.writeRow(a, r); err != nil {
					return err
				}
			}
			if f.F[s] != nil {
				write(encoder(v.dtype), f.F[s], v.data, r, &f.rowF)
			} else {
				write(v.dtype.EncodeInt, f.I[s], v.data, r, &f.rowI)
			}
			return nil
		})
	}, nil
}
