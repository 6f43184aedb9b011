package layout

import "fmt"

// Class is what it takes to turn a tile held as one register layout into the same tile held as another, cheapest first.
type Class uint8

const (
	None       Class = iota // the layouts are the same map
	Register                // each thread renames its registers, the same way in all threads
	Shuffle                 // every value comes from the same warp: shuffles, or selects among a thread's own registers
	Shared                  // every value comes from the same block: through shared memory
	CrossBlock              // some value comes from another block
)

func (c Class) String() string {
	switch c {
	case None:
		return "none"
	case Register:
		return "register"
	case Shuffle:
		return "shuffle"
	case Shared:
		return "shared"
	case CrossBlock:
		return "cross-block"
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// Classify says what the conversion from src to dst takes within one block of warps of 32 threads. It is decided by linear
// algebra on the digits where the two layouts have a common refinement, and on the tables where they have none; both are
// exact. Layouts of different numbers of threads meet in shared memory. Errors: no register layouts, different shapes, or
// an element that dst needs and src does not hold.
func Classify(src, dst Layout) (Class, error) {
	return ClassifyIn(src, dst, 32, max(src.Threads(), dst.Threads()))
}

// ClassifyIn is Classify for warps and blocks of other sizes: thread t is in warp t/warp and block t/block.
func ClassifyIn(src, dst Layout, warp, block int) (Class, error) {
	if err := convertible(src, dst); err != nil {
		return 0, err
	}
	if warp < 1 || block < 1 {
		return 0, fmt.Errorf("convert: warps of %d and blocks of %d threads", warp, block)
	}
	if src.Equal(dst) {
		return None, nil
	}
	if src.Threads() != dst.Threads() {
		if max(src.Threads(), dst.Threads()) > block {
			return CrossBlock, nil
		}
		return Shared, nil
	}
	if _, ok := RegisterMap(src, dst); ok {
		return Register, nil
	}
	if within(src, dst, warp) {
		return Shuffle, nil
	}
	if src.Threads() <= block || within(src, dst, block) {
		return Shared, nil
	}
	return CrossBlock, nil
}

func convertible(src, dst Layout) error {
	if !src.IsRegister() || !dst.IsRegister() {
		return fmt.Errorf("convert: the hardware axes are %v and %v; it takes register layouts", src.Axes(), dst.Axes())
	}
	if fmt.Sprint(src.Shape()) != fmt.Sprint(dst.Shape()) {
		return fmt.Errorf("convert: the shapes are %s and %s", shapeText(src.Shape()), shapeText(dst.Shape()))
	}
	if src.Surjective() {
		return nil
	}
	held := make(map[int]bool)
	for _, i := range flatTable(src) {
		held[i] = true
	}
	nl := dst.Locals()
	for k, i := range flatTable(dst) {
		if !held[i] {
			return fmt.Errorf("convert: thread %d local %d needs element %v, which no thread holds", k/nl, k%nl, dst.At(k/nl, k%nl))
		}
	}
	return nil
}

// flatTable lists the row-major element numbers by thread and local.
func flatTable(a Layout) []int {
	nt, nl := a.Threads(), a.Locals()
	shape := a.Shape()
	out := make([]int, 0, nt*nl)
	idx := make([]int, 0, len(shape))
	for t := range nt {
		for l := range nl {
			idx = a.AppendAt(idx, t, l)
			n := 0
			for d, s := range shape {
				n = n*s + idx[d]
			}
			out = append(out, n)
		}
	}
	return out
}

// alignedThreads is aligned with the digits of thread made equal too; ok is false where there is no common refinement.
func alignedThreads(src, dst Layout) (x, y *lin, ok bool) {
	x, y, err := aligned("convert", src, dst)
	if err != nil || align(x, inSide, 0, y, inSide, 0, "thread") != nil {
		return nil, nil, false
	}
	for k := range x.out { // aligning the threads may have moved linked dims
		if fmt.Sprint(x.out[k].rad) != fmt.Sprint(y.out[k].rad) {
			return nil, nil, false
		}
	}
	return x, y, true
}

// RegisterMap is the renaming behind class Register (and None): for every local of dst the local of src that holds the same
// element in the same thread, one map for all threads. ok is false when there is no such map.
func RegisterMap(src, dst Layout) (m []int, ok bool) {
	if convertible(src, dst) != nil || src.Threads() != dst.Threads() {
		return nil, false
	}
	x, y, ok := alignedThreads(src, dst)
	if !ok {
		return registerMapByTable(src, dst)
	}
	nt := len(x.in[0].rad)
	for j := range nt {
		for o, c := range x.col(j) {
			if y.m[j*y.no+o] != c {
				return nil, false
			}
		}
	}
	e := newEchelon(radices(x.out), x.ni)
	for i := nt; i < x.ni; i++ {
		e.add(x.col(i), i)
	}
	st := strides(x.in)
	ri := radices(x.in)
	// Where each digit of dst's local goes, as digits of src's local.
	to := make([][]int32, 0, y.ni-nt)
	for i := nt; i < y.ni; i++ {
		c, ok := e.solve(y.col(i))
		if !ok {
			return nil, false
		}
		to = append(to, c[nt:])
	}
	n := dst.Locals()
	m = make([]int, n)
	digit := make([]int, x.ni-nt)
	for l := range m {
		clear(digit)
		v := l
		for k, r := range y.in[1].rad {
			if d := v % r; d != 0 {
				for j, c := range to[k] {
					digit[j] += d * int(c)
				}
			}
			v /= r
		}
		for j, d := range digit {
			m[l] += d % ri[nt+j] * st[nt+j]
		}
	}
	return m, true
}

func registerMapByTable(src, dst Layout) ([]int, bool) {
	s, d := flatTable(src), flatTable(dst)
	ns, nd, nt := src.Locals(), dst.Locals(), src.Threads()
	m := make([]int, nd)
	for l := range m {
		found := false
		for k := 0; k < ns && !found; k++ {
			found = true
			for t := 0; t < nt && found; t++ {
				found = s[t*ns+k] == d[t*nd+l]
			}
			if found {
				m[l] = k
			}
		}
		if !found {
			return nil, false
		}
	}
	return m, true
}

// within reports whether every value that a thread needs is held in its own group of n consecutive threads.
func within(src, dst Layout, n int) bool {
	if n >= src.Threads() {
		return true
	}
	x, y, ok := alignedThreads(src, dst)
	if !ok {
		return withinByTable(src, dst, n)
	}
	cut, size := 0, 1
	for size < n && cut < len(x.in[0].rad) {
		size *= x.in[0].rad[cut]
		cut++
	}
	if size != n {
		return withinByTable(src, dst, n)
	}
	nt := len(x.in[0].rad)
	e := newEchelon(radices(x.out), 0)
	for i := range x.ni {
		if i < cut || i >= nt {
			e.add(x.col(i), -1)
		}
	}
	ri := radices(y.in)
	for i := range y.ni {
		v := append([]int32(nil), y.col(i)...)
		if i >= cut && i < nt {
			axpy(v, x.col(i), 1, ri[i])
		}
		if !e.contains(v) {
			return false
		}
	}
	return true
}

func withinByTable(src, dst Layout, n int) bool {
	s, d := flatTable(src), flatTable(dst)
	ns, nd := src.Locals(), dst.Locals()
	type where struct{ group, element int }
	held := make(map[where]bool, len(s))
	for k, e := range s {
		held[where{k / ns / n, e}] = true
	}
	for k, e := range d {
		if !held[where{k / nd / n, e}] {
			return false
		}
	}
	return true
}
