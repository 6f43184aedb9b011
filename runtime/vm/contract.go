package vm

import (
	"github.com/girih-lang/girih/ir"
)

func init() {
	register(map[ir.Code]build{ir.OpDot: buildDot, ir.OpReduce: buildReduce})
}

// buildDot adds the products of a row of a and the rows of b; float sums are float64 and rounded once at the end.
func buildDot(p *prep, o *ir.Op) (step, error) {
	if o.Flag("limbs") {
		return buildLimbs(p, o)
	}
	a, b := o.Args[0].Type, o.Args[1].Type
	t := o.Result().Type.Elem
	round := p.rounder(t)
	k, n := a.Shape[1], b.Shape[1]
	parts := 1
	if acc := o.Result().Type; acc.Rank() == 3 {
		parts = acc.Shape[0]
	}
	d, s := p.slot(o.Result()), p.args(o.Args...)
	return func(f *frame) error {
		if t.IsFloat() {
			copy(f.F[d], f.F[s[2]])
			dot(f.F[d], f.F[s[0]], f.F[s[1]], k, n, parts)
			if round != nil {
				round(f.F[d])
			}
			return nil
		}
		copy(f.I[d], f.I[s[2]])
		dot(f.I[d], f.I[s[0]], f.I[s[1]], k, n, parts)
		wrap(t, f.I[d])
		return nil
	}, nil
}

// buildLimbs adds the products of a row of floats and the rows of weights, less zero, to the first of the rows whose sum counts: the sum of
// each group times its factor.
func buildLimbs(p *prep, o *ir.Op) (step, error) {
	b, acc := o.Args[1].Type, o.Result().Type
	k, n, parts := b.Shape[0], b.Shape[1], acc.Shape[0]
	groups := parts
	if len(o.Args) > 3 {
		groups = o.Args[3].Type.Shape[0]
	}
	zero, factor := o.Flag("zero"), o.Flag("factor")
	round := p.rounder(acc.Elem)
	d, s := p.slot(o.Result()), p.args(o.Args...)
	return func(f *frame) error {
		sum, w := make([]float64, groups*n), make([]float64, k*n)
		if b.Elem.IsFloat() {
			copy(w, f.F[s[1]])
		} else {
			for i, x := range f.I[s[1]] {
				w[i] = float64(x)
			}
		}
		if zero {
			for i := range w {
				w[i] -= f.F[s[3]][i/n/(k/groups)*acc.Shape[1]*n+i%n]
			}
		}
		dot(sum, f.F[s[0]], w, k, n, groups)
		copy(f.F[d], f.F[s[2]])
		for q := range groups {
			row := f.F[d][q/(groups/parts)*acc.Shape[1]*n:][:n]
			for j := range row {
				x := sum[q*n+j]
				if factor {
					x = float64(x * f.F[s[len(s)-1]][q*acc.Shape[1]*n+j])
				}
				row[j] += x
			}
		}
		if round != nil {
			round(f.F[d])
		}
		return nil
	}, nil
}

// dot adds a·b to d. Float products of types narrower than f64 are exact, so that a fused multiply-add of the target
// would give the same; T(x) keeps f64 from being fused.
func dot[T float64 | int64](d, a, b []T, k, n, parts int) {
	size, deep := len(d)/parts, k/parts
	for p := range parts {
		d, x0 := d[p*size:(p+1)*size], p*deep
		for r := 0; len(d) > 0; d, r = d[n:], r+k {
			row := d[:n]
			for i, x := range a[r+x0 : r+x0+deep] {
				y := b[(x0+i)*n : (x0+i+1)*n]
				for j := range row {
					row[j] += T(x * y[j])
				}
			}
		}
	}
}

// buildReduce combines along the axis in order, from the first element on.
func buildReduce(p *prep, o *ir.Op) (step, error) {
	x, t := o.Args[0].Type, o.Result().Type.Elem
	axis := o.Int("axis")
	n, inner := x.Shape[axis], ir.TileOf(t, x.Shape[axis+1:]...).Size()
	d, s := p.slot(o.Result()), p.slot(o.Args[0])
	code := map[string]ir.Code{"sum": ir.OpAdd, "max": ir.OpMax, "min": ir.OpMin, "and": ir.OpAnd, "or": ir.OpOr}[o.Str("op")]
	if t.IsFloat() {
		fn, round := binaryFloat[code], p.rounderOf(code, t)
		return func(f *frame) error {
			reduce(f.F[d], f.F[s], n, inner, fn)
			if round != nil {
				round(f.F[d])
			}
			return nil
		}, nil
	}
	one := binarySigned[code]
	if u := binaryUnsigned[code]; u != nil && !t.IsSigned() {
		one = u
	}
	fn := func(d, x, y []int64) {
		for i := range d {
			d[i] = one(x[i], y[i])
		}
	}
	return func(f *frame) error {
		reduce(f.I[d], f.I[s], n, inner, fn)
		wrap(t, f.I[d])
		return nil
	}, nil
}

// reduce combines the n middle slices of inner elements of s into d.
func reduce[T any](d, s []T, n, inner int, fn func(d, x, y []T)) {
	for ; len(d) > 0; d, s = d[inner:], s[n*inner:] {
		out := d[:inner]
		copy(out, s)
		for i := 1; i < n; i++ {
			fn(out, out, s[i*inner:(i+1)*inner])
		}
	}
}
