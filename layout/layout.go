package layout

import (
	"slices"
)

// Layout is an immutable linear map over prime-radix digits from hardware axes to tensor dimensions. The zero Layout is
// the unit of the product: rank 0, one thread, one local.
//
// Layouts are always held in canonical form, so equal layouts that cover their shape are also equal under
// reflect.DeepEqual and print alike.
type Layout struct {
	l *lin
}

// Digit is one coalesced digit of a hardware axis in the permutation view of a layout (see Layout.Digits).
type Digit struct {
	Radix  int // number of values
	Dim    int // tensor dimension that the digit moves along; -1 when it replicates
	Stride int // elements of that dimension per step
}

// wrap finishes l; the unit is always the zero Layout.
func wrap(l *lin) Layout {
	if l.finish(); l.same(unit) {
		return Layout{}
	}
	return Layout{l}
}

// unit is the lin behind the zero Layout.
var unit = (&lin{in: []axis{{name: ThreadAxis}, {name: LocalAxis}}}).finish()

func (a Layout) lin() *lin {
	if a.l == nil {
		return unit
	}
	return a.l
}

// grid makes the layout that walks shape with one register-layout axis; column order makes dim 0 the most minor.
func grid(axisName string, shape []int, column bool) Layout {
	if err := checkShape(axisName, shape); err != nil {
		panic("layout: " + err.Error())
	}
	out := make([]axis, len(shape))
	for d, s := range shape {
		out[d].rad = factorInto(nil, s)
	}
	n := digits(out)
	rad := make([]int, 0, n)
	from := make([]int, 0, n) // output digit of each input digit
	for j := range out {
		d := j
		if !column {
			d = len(out) - 1 - j
		}
		b := base(out, d)
		for k, r := range out[d].rad {
			rad = append(rad, r)
			from = append(from, b+k)
		}
	}
	in := []axis{{name: ThreadAxis}, {name: LocalAxis}}
	if axisName == ThreadAxis {
		in[0].rad = rad
	} else {
		in[1].rad = rad
	}
	l := newLin(in, out)
	for i, o := range from {
		l.m[i*l.no+o] = 1
	}
	return wrap(l)
}

// Local is the layout of shape in which one thread holds all elements, in row-major order. Extents must be positive and
// the product at most MaxSize; Go callers that break this get a panic, surface text an error from Parse.
func Local(shape ...int) Layout { return grid(LocalAxis, shape, false) }

// Spatial gives each element of shape to its own thread, threads in row-major order. See Local for the limits.
func Spatial(shape ...int) Layout { return grid(ThreadAxis, shape, false) }

// ColumnLocal is Local in column-major order: dim 0 varies fastest.
func ColumnLocal(shape ...int) Layout { return grid(LocalAxis, shape, true) }

// ColumnSpatial is Spatial in column-major order.
func ColumnSpatial(shape ...int) Layout { return grid(ThreadAxis, shape, true) }

// Replicate is the rank-0 layout in which n threads hold the same element.
func Replicate(n int) Layout {
	if err := checkShape("replicate", []int{n}); err != nil {
		panic("layout: " + err.Error())
	}
	return wrap(newLin([]axis{{name: ThreadAxis, rad: factor(n)}, {name: LocalAxis}}, nil))
}

// Local returns a.Mul(Local(shape...)): every element of a becomes a tile that its thread holds.
func (a Layout) Local(shape ...int) Layout { return a.must(Local(shape...)) }

// Spatial returns a.Mul(Spatial(shape...)).
func (a Layout) Spatial(shape ...int) Layout { return a.must(Spatial(shape...)) }

// ColumnLocal returns a.Mul(ColumnLocal(shape...)).
func (a Layout) ColumnLocal(shape ...int) Layout { return a.must(ColumnLocal(shape...)) }

// ColumnSpatial returns a.Mul(ColumnSpatial(shape...)).
func (a Layout) ColumnSpatial(shape ...int) Layout { return a.must(ColumnSpatial(shape...)) }

// Replicate returns a.Mul(Replicate(n)): the n copies are neighbouring threads.
func (a Layout) Replicate(n int) Layout { return a.must(Replicate(n)) }

func (a Layout) must(b Layout) Layout {
	c, err := a.Mul(b)
	if err != nil {
		panic("layout: " + err.Error())
	}
	return c
}

// Must returns the layout or panics: for tables of known layouts and tests, never for a user's text.
func Must(a Layout, err error) Layout {
	if err != nil {
		panic("layout: " + err.Error())
	}
	return a
}

// Shape returns the extents of the tensor dimensions.
func (a Layout) Shape() []int {
	l := a.lin()
	s := make([]int, len(l.out))
	for d := range l.out {
		s[d] = l.out[d].size()
	}
	return s
}

// Rank is the number of tensor dimensions.
func (a Layout) Rank() int { return len(a.lin().out) }

// Size is the number of elements of the tensor.
func (a Layout) Size() int {
	n := 1
	for _, o := range a.lin().out {
		n *= o.size()
	}
	return n
}

// Axes lists the names of the hardware axes.
func (a Layout) Axes() []string {
	l := a.lin()
	s := make([]string, len(l.in))
	for i := range l.in {
		s[i] = l.in[i].name
	}
	return s
}

// AxisSize is the number of points of a hardware axis, 1 for an axis that the layout lacks.
func (a Layout) AxisSize(name string) int {
	for _, x := range a.lin().in {
		if x.name == name {
			return x.size()
		}
	}
	return 1
}

// Threads is the number of threads, replicas included.
func (a Layout) Threads() int { return a.AxisSize(ThreadAxis) }

// Locals is the number of elements that each thread holds.
func (a Layout) Locals() int { return a.AxisSize(LocalAxis) }

// IsRegister reports whether the hardware axes are exactly thread and local.
func (a Layout) IsRegister() bool {
	in := a.lin().in
	return len(in) == 2 && in[0].name == ThreadAxis && in[1].name == LocalAxis
}

// IsMemory reports whether the only hardware axis is offset.
func (a Layout) IsMemory() bool {
	in := a.lin().in
	return len(in) == 1 && in[0].name == OffsetAxis
}

// At returns the logical index held by a thread of a register layout in one of its locals. Out of range arguments wrap.
func (a Layout) At(thread, local int) []int {
	x := [2]int{thread, local}
	return a.lin().apply(x[:], make([]int, 0, a.Rank()))
}

// AppendAt is At into dst[:0], without allocating when dst is large enough.
func (a Layout) AppendAt(dst []int, thread, local int) []int {
	x := [2]int{thread, local}
	return a.lin().apply(x[:], dst)
}

// Apply evaluates a layout with any hardware axes: one coordinate per axis, in the order of Axes; missing ones are 0.
func (a Layout) Apply(coords ...int) []int {
	return a.lin().apply(coords, make([]int, 0, a.Rank()))
}

// Table lists the whole map of a register layout: [thread][local][dim].
func (a Layout) Table() [][][]int {
	nt, nl, r := a.Threads(), a.Locals(), a.Rank()
	back := make([]int, 0, nt*nl*r)
	rows := make([][]int, nt*nl)
	t := make([][][]int, nt)
	for i := range t {
		t[i] = rows[i*nl : (i+1)*nl : (i+1)*nl]
		for j := range t[i] {
			n := len(back)
			back = back[:n+r]
			t[i][j] = a.AppendAt(back[n:n:n+r], i, j)
		}
	}
	return t
}

// Equal reports whether both layouts are the same map: same hardware axes, same shape, same index at every point. It
// compares canonical forms. Only for maps that leave elements out, are no digit permutations and mix primes on an axis is
// the form not unique (0 -> 0, 1 -> 3 into 12 elements is a step over 3×2×2 or the sum of two digits of 3×2×2); for these,
// points are compared until one differs.
func (a Layout) Equal(b Layout) bool {
	x, y := a.lin(), b.lin()
	if x == y || x.same(y) {
		return true
	}
	if x.perm && y.perm || pure(x) && pure(y) || x.ni != y.ni || x.no != y.no || !slices.Equal(a.Shape(), b.Shape()) {
		return false
	}
	if !slices.EqualFunc(x.in, y.in, func(p, q axis) bool { return p.name == q.name && p.size() == q.size() }) || a.Surjective() || b.Surjective() {
		return false
	}
	return x.agrees(y)
}

// pure reports whether no axis mixes primes, so that the digits of all axes are given by their sizes.
func pure(l *lin) bool {
	for _, axes := range [2][]axis{l.in, l.out} {
		for _, a := range axes {
			for j := range a.rad {
				if a.rad[j] != a.rad[0] {
					return false
				}
			}
		}
	}
	return true
}

// agrees compares two maps with equal axes point by point.
func (l *lin) agrees(r *lin) bool {
	x := make([]int, len(l.in))
	p, q := make([]int, 0, len(l.out)), make([]int, 0, len(l.out))
	for {
		if p, q = l.apply(x, p), r.apply(x, q); !slices.Equal(p, q) {
			return false
		}
		k := 0
		for ; k < len(x); k++ {
			if x[k]++; x[k] < l.in[k].size() {
				break
			}
			x[k] = 0
		}
		if k == len(x) {
			return true
		}
	}
}

// Digits is the permutation view of a register layout, for code generators: the digits of thread and of local, minor
// first and coalesced (a run of digits that advances like a single one is one Digit). The logical index along dim d is
//
//	sum over digits with Dim == d of (digit value)·Stride
//
// ok is false when some digit feeds several outputs or shares one, as under an XOR swizzle; use At then.
func (a Layout) Digits() (thread, local []Digit, ok bool) {
	l := a.lin()
	if !l.perm {
		return nil, nil, false
	}
	for k := range l.in {
		switch l.in[k].name {
		case ThreadAxis:
			thread = slices.Clone(l.steps[k])
		case LocalAxis:
			local = slices.Clone(l.steps[k])
		}
	}
	return thread, local, true
}

// AxisDigits is Digits for one hardware axis of any layout.
func (a Layout) AxisDigits(name string) (ds []Digit, ok bool) {
	l := a.lin()
	if !l.perm {
		return nil, false
	}
	for k := range l.in {
		if l.in[k].name == name {
			return slices.Clone(l.steps[k]), true
		}
	}
	return nil, true
}

// IsPermutation reports whether every digit moves along one dimension or replicates, and none overlap: the class that
// spatial and local generate.
func (a Layout) IsPermutation() bool { return a.lin().perm }
