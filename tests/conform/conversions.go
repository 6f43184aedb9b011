package conform

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/ir/dtype"
	"github.com/girih-lang/girih/layout"
)

// Conversion is a kernel that loads a tile in one layout, converts it, and stores it from another.
type Conversion struct {
	Name   string
	Kernel *ir.Kernel
	From   layout.Layout
	To     layout.Layout
}

// factor is one factor of a layout's product: n along dim for threads or locals, or n copies.
type factor struct {
	kind byte // 't' thread, 'l' local, 'r' copies
	dim  int
	n    int
}

func product(fs []factor, rank int) layout.Layout {
	ones := make([]int, rank)
	for i := range ones {
		ones[i] = 1
	}
	l := layout.Local(ones...)
	for _, f := range fs {
		s := append([]int(nil), ones...)
		if f.kind != 'r' {
			s[f.dim] = f.n
		}
		switch f.kind {
		case 't':
			l = l.Spatial(s...)
		case 'l':
			l = l.Local(s...)
		default:
			l = l.Replicate(f.n)
		}
	}
	return l
}

// Twist adds digits of a layout's coordinates to other digits of the same radix, at random: the result is a layout of the
// same shape that is no digit permutation any more (a swizzle of registers, say). Where the layout's digits do not fit
// it comes back as it is.
func Twist(r *rand.Rand, l layout.Layout) layout.Layout {
	shape := l.Shape()
	type digit struct{ dim, stride, radix int }
	var digits []digit
	for d, n := range shape {
		for stride, p := 1, 2; n > 1; p++ {
			for ; n%p == 0; n /= p {
				digits = append(digits, digit{d, stride, p})
				stride *= p
			}
		}
	}
	order := r.Perm(len(digits)) // a digit takes from those before it in this order only, so that nothing is lost
	text := strings.Builder{}
	fmt.Fprintf(&text, "basis(%s){", strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]"))
	for d := range shape {
		if d > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "dim%d: [", d)
		first := true
		for i, x := range digits {
			if x.dim != d {
				continue
			}
			at := make([]int, len(shape))
			at[d] = x.stride
			for j, y := range digits {
				if y.radix == x.radix && order[j] < order[i] && r.IntN(3) == 0 {
					at[y.dim] += y.stride * (1 + r.IntN(y.radix-1))
				}
			}
			if !first {
				text.WriteString(", ")
			}
			first = false
			fmt.Fprintf(&text, "%d:(%s)", x.radix, strings.Trim(strings.ReplaceAll(fmt.Sprint(at), " ", ", "), "[]"))
		}
		text.WriteByte(']')
	}
	text.WriteByte('}')
	m := layout.Must(layout.Parse(text.String()))
	t, err := layout.Compose(l, m)
	if err != nil {
		return l
	}
	return t
}

// Conversions lists n of them: element types of 8, 16 and 32 bits, one to four warps, all classes, with and without copies
// and factors of 3 and 5. Nearly half have a layout that is no digit permutation on one side or on both. The list is the
// same every time.
func Conversions(n int) []Conversion {
	r := rand.New(rand.NewPCG(4, 4))
	types := []dtype.Type{dtype.I8, dtype.F16, dtype.BF16, dtype.I16, dtype.F32, dtype.I32, dtype.U8, dtype.F8E4M3FN}
	cs := large()
	for i := range n - len(cs) {
		cs = append(cs, conversion(r, i, types[i%len(types)]))
	}
	return cs
}

// large are tiles of kernels as they are: accumulators to operands and to rows, and tiles that take several rounds.
func large() []Conversion {
	var cs []Conversion
	for _, c := range []struct {
		elem     dtype.Type
		warps    int
		from, to string
	}{
		{dtype.F16, 4, "spatial(2, 2).local(2, 4).local(2, 1).spatial(8, 4).local(1, 2)", "local(4, 1).spatial(16, 8).local(1, 8)"},
		{dtype.F32, 4, "spatial(2, 2).local(4, 8).local(2, 1).spatial(8, 4).local(1, 2)", "local(32, 1).spatial(4, 32).local(1, 4)"},
		{dtype.F16, 4, "local(8, 1).spatial(16, 8).local(1, 8)", "spatial(4, 1).replicate(1).local(2, 4).column_local(2, 2).spatial(8, 4).local(1, 2)"},
		{dtype.BF16, 8, "column_spatial(4, 2).local(1, 2).local(2, 2).spatial(8, 4).local(1, 2)", "local(8, 1).column_spatial(4, 64).local(2, 1)"},
		{dtype.F16, 4, "spatial(4, 1).local(1, 4).spatial(8, 4).local(1, 2)", "local(4, 1).column_spatial(4, 32).local(2, 1)"},
		{dtype.F16, 1, "local(2, 1).spatial(8, 4).local(1, 2)", "local(2, 1).spatial(8, 4).local(1, 2)"},
		{dtype.F32, 1, "local(2, 2).spatial(8, 4).local(1, 2)", "spatial(16, 2).local(1, 8)"},
		{dtype.F16, 4, "local(64, 1).spatial(1, 128).local(1, 4)", "local(64, 1).spatial(1, 4).local(1, 4).spatial(1, 32)"},
		{dtype.F32, 2, "local(64, 4).spatial(8, 8)", "local(64, 4).column_spatial(8, 8)"},
		{dtype.F8E4M3FN, 1, "local(2, 4).spatial(8, 4).local(1, 2)", "column_local(2, 2).spatial(8, 4).local(1, 4)"},
	} {
		from, to := layout.Must(layout.Parse(c.from)), layout.Must(layout.Parse(c.to))
		i := len(cs)
		cs = append(cs, Conversion{fmt.Sprintf("large %d %s %s to %s", i, c.elem, from, to), convertKernel(fmt.Sprintf("large%d", i), c.elem, c.warps, from, to), from, to})
	}
	return cs
}

func conversion(r *rand.Rand, i int, elem dtype.Type) Conversion {
	warpBits, rank := r.IntN(3), 1+r.IntN(3)
	if i%4 == 3 {
		warpBits = 1 + r.IntN(2)
	}
	shuffleBits := func(fs []factor) []factor {
		fs = append([]factor(nil), fs...)
		r.Shuffle(len(fs), func(i, j int) { fs[i], fs[j] = fs[j], fs[i] })
		return fs
	}
	// The factors of the first layout: warps, lanes, locals.
	var warps, rest []factor
	kind := func(k byte) factor {
		if k == 't' && r.IntN(12) == 0 {
			return factor{'r', 0, 2}
		}
		return factor{k, r.IntN(rank), 2}
	}
	for range warpBits {
		warps = append(warps, kind('t'))
	}
	for range 5 {
		rest = append(rest, kind('t'))
	}
	var locals []factor
	for range 1 + r.IntN(5) {
		locals = append(locals, kind('l'))
	}
	odd := r.IntN(6)
	if odd < 2 {
		locals = append(locals, factor{'l', r.IntN(rank), 3 + 2*odd})
	}
	rest = shuffleBits(rest)
	at := r.IntN(len(rest) + 1)
	join := func(locals []factor) []factor {
		fs := append([]factor(nil), warps...)
		fs = append(append(append(fs, rest[:at]...), locals...), rest[at:]...)
		return fs
	}
	a := join(locals)
	all := append(append([]factor(nil), rest...), locals...)

	// The second one: the same extents, dealt out anew as the class wants.
	var b []factor
	switch class := i % 4; class {
	case 0: // rename: the locals stand together and change places
		b = join(shuffleBits(locals))
	case 1, 2: // within the warp: lanes and locals mix
		b = append(append([]factor(nil), warps...), remix(r, all, shuffleBits)...)
	default: // anything
		b = remix(r, append(append([]factor(nil), warps...), all...), shuffleBits)
	}
	from, to := product(a, rank), product(b, rank)
	twist := func(seed int, l layout.Layout) layout.Layout {
		return Twist(rand.New(rand.NewPCG(uint64(i), uint64(seed))), l)
	}
	switch {
	case i%3 == 0: // the same twist on both sides keeps the class
		from, to = twist(0, from), twist(0, to)
	case i%12 == 5:
		from = twist(1, from)
	case i%12 == 10:
		to = twist(1, to)
	case i%12 == 11:
		from, to = twist(1, from), twist(2, to)
	}
	return Conversion{fmt.Sprintf("%d %s %s to %s", i, elem, from, to), convertKernel(fmt.Sprintf("convert%d", i), elem, 1<<warpBits, from, to), from, to}
}

// remix deals the same extents out anew: which are lanes and which locals changes where both are 2.
func remix(r *rand.Rand, fs []factor, order func([]factor) []factor) []factor {
	out := append([]factor(nil), fs...)
	for i := range out {
		j := r.IntN(len(out))
		if out[i].n == 2 && out[j].n == 2 && out[i].kind != 'r' && out[j].kind != 'r' {
			out[i].dim, out[j].dim = out[j].dim, out[i].dim
		}
	}
	return order(out)
}

func convertKernel(name string, elem dtype.Type, warps int, from, to layout.Layout) *ir.Kernel {
	shape := from.Shape()
	var dims []ir.Expr
	for _, s := range shape {
		dims = append(dims, ir.Int(int64(s)))
	}
	t := ir.TensorOf(elem, dims...)
	x, y := &ir.Value{Type: t}, &ir.Value{Type: t}
	k := &ir.Kernel{Name: name, Grid: []ir.Expr{ir.Int(1)}, Warps: warps, Body: &ir.Block{},
		Params: []*ir.Param{{Name: "x", Value: x}, {Name: "y", Value: y, Out: true}}}
	b := &ir.Builder{Block: k.Body}
	var zeros []*ir.Value
	var axes []int
	for i := range shape {
		zeros = append(zeros, b.Index(0))
		axes = append(axes, i)
	}
	v := b.Load(x, zeros, axes, shape...)
	v.Layout = &from
	w := b.Op(ir.OpConvert, []*ir.Value{v}, v.Type).Result()
	w.Layout = &to
	b.Store(w, y, zeros, axes)
	k.Renumber()
	return k
}
