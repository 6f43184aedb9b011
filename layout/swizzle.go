package layout

import (
	"fmt"
	"slices"
)

// Swizzle is CuTe's Swizzle<Bits, Base, Shift>: offset o becomes o ^ ((o & mask) >> Shift) with mask the Bits bits from
// Base+Shift on. It is linear over F_2, and an involution when Shift >= Bits.
type Swizzle struct{ Bits, Base, Shift int }

// The swizzles that TMA writes and wgmma reads, on byte offsets from a base aligned to 128 << Bits bytes. PTX ISA,
// section "Swizzling Modes" of the chapter on tensors. The pattern repeats every 256, 512 and 1024 bytes.
var (
	NoSwizzle   = Swizzle{0, 4, 3}
	Swizzle32B  = Swizzle{1, 4, 3}
	Swizzle64B  = Swizzle{2, 4, 3}
	Swizzle128B = Swizzle{3, 4, 3}
)

// SwizzleOf is the named swizzle of 0, 32, 64 or 128 bytes.
func SwizzleOf(bytes int) (Swizzle, error) {
	switch bytes {
	case 0, 16:
		return NoSwizzle, nil
	case 32:
		return Swizzle32B, nil
	case 64:
		return Swizzle64B, nil
	case 128:
		return Swizzle128B, nil
	}
	return Swizzle{}, fmt.Errorf("swizzle: there is none of %d bytes; there are 0, 32, 64 and 128", bytes)
}

// Apply swizzles an offset.
func (s Swizzle) Apply(o int) int {
	mask := (1<<s.Bits - 1) << (s.Base + s.Shift)
	return o ^ o&mask>>s.Shift
}

func (s Swizzle) String() string { return fmt.Sprintf("Swizzle<%d,%d,%d>", s.Bits, s.Base, s.Shift) }

// Elements turns a swizzle of bytes into the same swizzle of elements of the given width. The width must be a power of
// two, and an element must not be larger than the swizzle's 2^Base bytes.
func (s Swizzle) Elements(bits int) (Swizzle, error) {
	k := 0
	for 1<<k < bits {
		k++
	}
	if bits < 1 || 1<<k != bits || s.Base+3-k < 0 {
		return Swizzle{}, fmt.Errorf("swizzle: %s on bytes does not move whole elements of %d bits", s, bits)
	}
	return Swizzle{s.Bits, s.Base + 3 - k, s.Shift}, nil
}

// Layout is the swizzle as a map from offset to offset over n points. n must be a multiple of the swizzle's period
// 2^(Base+Shift+Bits).
func (s Swizzle) Layout(n int) (Layout, error) {
	if s.Bits < 0 || s.Base < 0 || s.Shift < s.Bits || s.Bits+s.Base+s.Shift > 31 {
		return Layout{}, fmt.Errorf("swizzle: %s is not one; bits, base and shift are not negative, shift is at least bits, and they sum to at most 31", s)
	}
	period := 1 << (s.Bits + s.Base + s.Shift)
	if s.Bits == 0 {
		period = 1
	}
	if n < 1 || n > MaxSize || n%period != 0 {
		return Layout{}, fmt.Errorf("swizzle: %s needs a multiple of %d elements, the layout has %d", s, period, n)
	}
	in := []axis{{OffsetAxis, factor(n)}}
	l := newLin(in, []axis{{rad: factor(n)}})
	for i := range l.ni {
		l.m[i*l.no+i] = 1
	}
	for b := range s.Bits {
		l.m[(s.Base+s.Shift+b)*l.no+s.Base+b] = 1
	}
	return wrap(l), nil
}

// Swizzle stores the element that a memory layout has at offset o at s.Apply(o) instead; s counts elements. The size of the
// layout must be a multiple of the swizzle's period.
func (a Layout) Swizzle(s Swizzle) (Layout, error) {
	if !a.IsMemory() {
		return Layout{}, fmt.Errorf("swizzle: the hardware axes are %v, a memory layout has the axis offset", a.Axes())
	}
	sw, err := s.Layout(a.AxisSize(OffsetAxis))
	if err != nil {
		return Layout{}, err
	}
	return Compose(sw, a) // s is an involution: the element at physical offset p is the one that belongs at s(p)
}

// OptimalShared builds the shared memory layout through which src is stored and dst is loaded without bank conflicts, for
// register layouts of the same shape and elements of the given width (8 to 128 bits, a power of two).
//
// Over F_2, with 32 banks of 4 bytes: V is the span of the registers that src and dst share, at most 16 bytes, and becomes
// the vector; U is V filled up to one bank word with registers of src or dst (or, failing these, anything). A wavefront of a vector access is the first
// five lane digits for up to 4 bytes, four for 8 and three for 16; let A and B be their images under src and dst. Offsets
// that agree on U and on the bank digits but differ in the segment W conflict. So W must meet neither U+A nor U+B beyond 0.
// Both have dimension at most that of a row of banks, so with I their intersection, a_i and b_i bases of the quotients, and
// E a complement of the sum, W = E + span{a_i + b_i} works: if e + Σ c_i (a_i + b_i) lay in U+A, then e = 0 and
// Σ c_i b_i lay in I, so c = 0. Digits of other primes come on top of the offset; they never lie within a warp's lanes, so
// they cannot conflict. The generic swizzle of Triton assumes unit vectors; this does not.
func OptimalShared(src, dst Layout, bits int) (Layout, error) {
	mem, _, err := optimalShared(src, dst, bits, 128/max(1, bits))
	return mem, err
}

// optimalShared also returns the number of elements of the common vector, which is at most limit.
func optimalShared(src, dst Layout, bits, limit int) (mem Layout, vector int, err error) {
	if bits < 8 || bits > 128 || bits&(bits-1) != 0 {
		return Layout{}, 0, fmt.Errorf("shared layout: elements of %d bits; it takes 8, 16, 32, 64 or 128", bits)
	}
	x, y, err := aligned("shared layout", src, dst)
	if err != nil {
		return Layout{}, 0, err
	}
	xl, xr, err := lanesAndLocals(x)
	if err != nil {
		return Layout{}, 0, err
	}
	yl, yr, err := lanesAndLocals(y)
	if err != nil {
		return Layout{}, 0, err
	}
	rad := radices(x.out)
	binaryDigits := 0
	for _, r := range rad {
		if r == 2 {
			binaryDigits++
		}
	}
	log := func(n int) int { // floor
		k := 0
		for n > 1 {
			n >>= 1
			k++
		}
		return k
	}
	v := first(intersection(rad, xr, yr), log(min(limit, 128/bits)))
	width := bits << len(v)
	word := log(32 / min(bits, 32))
	u := v
	for _, more := range [][][]int32{xr, yr, xl, yl, binaryUnits(rad, units(rad))} {
		u = append(u[:len(u):len(u)], first(extension(rad, u, more), word-len(u))...)
	}
	lanes := 5
	for w := width; w > 32; w >>= 1 {
		lanes--
	}
	ua := independent(rad, append(u[:len(u):len(u)], first(xl, lanes)...))
	ub := independent(rad, append(u[:len(u):len(u)], first(yl, lanes)...))
	row := log(1024 / bits)
	segments := max(0, binaryDigits-row)

	i := intersection(rad, ua, ub)
	qa, qb := extension(rad, i, ua), extension(rad, i, ub)
	w := binaryUnits(rad, extension(rad, append(ua[:len(ua):len(ua)], ub...), units(rad)))
	for k := range min(len(qa), len(qb)) {
		s := append([]int32(nil), qa[k]...)
		axpy(s, qb[k], 1, 2) // minus is plus
		w = append(w, s)
	}
	w = first(w, segments)
	low := append(u[:len(u):len(u)], w...)
	rest := units(rad)
	if !src.IsPermutation() || !dst.IsPermutation() { // threads that move no vector's digit can use whole vectors
		rest = append(append(slices.Clone(x.columns(0)), y.columns(0)...), rest...)
	}
	bank := binaryUnits(rad, extension(rad, low, rest))
	cols := append(append(append([][]int32(nil), u...), bank...), w...)
	digits := make([]int, len(cols), len(rad))
	for k := range digits {
		digits[k] = 2
	}
	for _, e := range units(rad) { // the other primes, above
		if p := primeOf(rad, e); p != 2 {
			cols = append(cols, e)
			digits = append(digits, p)
		}
	}
	l := newLin([]axis{{OffsetAxis, digits}}, cloneAxes(x.out))
	for k, c := range cols {
		copy(l.col(k), c)
	}
	return wrap(l), 1 << len(v), nil
}
