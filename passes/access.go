package passes

import "github.com/girih-lang/girih/ir"

// Access describes how a tile touches a tensor in global memory.
type Access struct {
	Tensor  ir.Type
	Offsets []*ir.Value
	Dims    []int // tensor dimension of each tile axis
	Shape   []int // of the tile

	Index *ir.Value // of a gather: the positions along dimension Along, for each element; nil otherwise
	Along int
}

// AccessOf reads the access of a load, gather, store or copy_async.
func AccessOf(o *ir.Op) Access {
	switch o.Code {
	case ir.OpLoad:
		return Access{Tensor: o.Args[0].Type, Offsets: o.Args[1:], Dims: o.Ints("dims"), Shape: o.Result().Type.Shape}
	case ir.OpGather:
		return Access{o.Args[0].Type, o.Args[2:], o.Ints("dims"), o.Result().Type.Shape, o.Args[1], o.Int("along")}
	case ir.OpStore:
		return Access{Tensor: o.Args[1].Type, Offsets: o.Args[2:], Dims: o.Ints("dims"), Shape: o.Args[0].Type.Shape}
	default: // copy_async
		return Access{Tensor: o.Args[2].Type, Offsets: o.Args[3:], Dims: o.Ints("dims"), Shape: o.Args[0].Type.Shape[1:]}
	}
}

// Gathered reports a dimension whose positions come from an index.
func (a Access) Gathered(d int) bool { return a.Index != nil && a.Along == d }

// scattered reports that neighbours along a tile axis may lie anywhere in the tensor, by the index.
func (a Access) scattered(axis int) bool {
	return a.Index != nil && (a.Dims[axis] == a.Along || !uniform(a.Index, axis))
}

// uniform reports that a tile is known to be the same along an axis.
func uniform(v *ir.Value, axis int) bool {
	for v.Def != nil && v.Def.Code == ir.OpConvert {
		v = v.Def.Args[0]
	}
	if v.Def == nil || v.Def.Code != ir.OpBroadcast {
		return false
	}
	t := v.Def.Args[0].Type
	return t.IsScalar() || t.Shape[axis] == 1
}

// Fast is the tile axis along which neighbours lie closest in memory, or -1 for a scalar access.
func (a Access) Fast() int {
	best := -1
	for i, d := range a.Dims {
		if best < 0 || d > a.Dims[best] {
			best = i
		}
	}
	return best
}

// Vector is the number of consecutive elements along Fast that one access of at most limit bytes may cover: they are
// adjacent in memory, aligned to their total size, and clipped together. It is a power of two, 1 when nothing is known.
func (f *Facts) Vector(a Access, limit int) int {
	fast, last := a.Fast(), a.Tensor.Rank()-1
	bits := a.Tensor.Elem.Bits()
	if fast < 0 || a.Dims[fast] != last || a.scattered(fast) || bits%8 != 0 || bits&(bits-1) != 0 {
		return 1
	}
	v := int64(limit * 8 / bits)
	fit := func(d int64) {
		for v > 1 && d%v != 0 {
			v /= 2
		}
	}
	fit(int64(a.Shape[fast]))
	fit(f.Div(a.Offsets[last]))
	fit(f.ExprDiv(a.Tensor.Dims[last])) // rows start aligned, and a vector is inside or outside as a whole
	return int(max(v, 1))
}

// Run is the number of consecutive elements along Fast, a power of two up to 256, that are adjacent in memory, clipped
// together, and begin at a multiple of that number: for elements that share bytes.
func (f *Facts) Run(a Access) int {
	fast, last := a.Fast(), a.Tensor.Rank()-1
	if fast < 0 || a.Dims[fast] != last || a.scattered(fast) {
		return 1
	}
	v := int64(256)
	for _, d := range []int64{int64(a.Shape[fast]), f.Div(a.Offsets[last]), f.ExprDiv(a.Tensor.Dims[last])} {
		for v > 1 && d%v != 0 {
			v /= 2
		}
	}
	return int(v)
}

// runOf is the number of neighbours that one thread should hold of elements that share bytes: enough to fill words, or at
// least bytes where the tile is small, if the tensor's extents allow.
func (s *solver) runOf(a Access, t ir.Type) int {
	bits := a.Tensor.Elem.Bits()
	low := bits & -bits
	share := 1
	for _, n := range t.Shape {
		share *= n
	}
	share = max(1, share/s.threads)
	n := 32 / min(low, 32)
	for n > share && n*low > 8 {
		n /= 2
	}
	return min(n, s.facts.Run(a))
}

// Clip says for each tensor dimension whether the access needs no check there, or one check for the whole tile, or one for
// each element.
type Clip uint8

const (
	ClipNone Clip = iota
	ClipTile
	ClipElem
)

// Clips lists the checks of an access, one for each tensor dimension.
func (f *Facts) Clips(a Access) []Clip {
	c := make([]Clip, len(a.Offsets))
	for d := range c {
		if a.Gathered(d) { // what an index holds is known to nobody
			c[d] = ClipElem
			continue
		}
		width := 1
		for i, e := range a.Dims {
			if e == d {
				width = a.Shape[i]
			}
		}
		inside, whole := f.Inside(a.Offsets[d], width, a.Tensor.Dims[d])
		switch {
		case inside:
			c[d] = ClipNone
		case whole:
			c[d] = ClipTile
		default:
			c[d] = ClipElem
		}
	}
	return c
}
