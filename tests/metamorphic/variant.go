// Package metamorphic changes what must not matter: the layout of any tile, the number of warps, the stages of a pipeline.
// Whatever is drawn, a kernel gives the VM's result.
package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/girih-lang/girih/ir"
	"github.com/girih-lang/girih/layout"
	"github.com/girih-lang/girih/tests/conform"
)

// Variant draws one: it changes the kernel in place and says what it did.
func Variant(k *ir.Kernel, r *rand.Rand) string {
	var did []string
	k.Warps = []int{1, 2, 4, 8}[r.IntN(4)]
	did = append(did, fmt.Sprintf("warps %d", k.Warps))
	k.Renumber()
	var can []*ir.Value
	k.Body.Walk(func(o *ir.Op) bool {
		if o.Code == ir.OpFor && o.Int("pipeline") > 0 {
			o.Set("pipeline", 1+r.IntN(5))
			did = append(did, fmt.Sprintf("pipeline %d", o.Int("pipeline")))
		}
		for _, v := range o.Results {
			v.Layout = nil // the author's are for another number of warps
			if v.Type.Kind == ir.Tile && !v.Type.IsScalar() && pinnable(o) {
				can = append(can, v)
			}
		}
		return true
	})
	for range min(1+r.IntN(3), len(can)) {
		v := can[r.IntN(len(can))]
		l := Layout(r, v.Type.Shape, 32*k.Warps)
		if r.IntN(3) == 0 {
			l = conform.Twist(r, l)
		}
		v.Layout = &l
		did = append(did, fmt.Sprintf("%s %s @ %s", v, v.Def.Code, l))
	}
	return strings.Join(did, "; ")
}

// pinnable reports operations on whose result an author may write a layout.
func pinnable(o *ir.Op) bool {
	switch o.Code {
	case ir.OpLoad, ir.OpGather, ir.OpDot, ir.OpCast, ir.OpSelect, ir.OpCmp, ir.OpFma, ir.OpConst, ir.OpReduce, ir.OpBroadcast, ir.OpTranspose, ir.OpReshape, ir.OpIota:
		return true
	}
	return o.Code.Info().Class != ir.ClassOther
}

// Layout draws a digit permutation of a tile for a number of threads, which is a power of two: the prime factors of the extents in any
// order, factors of 2 as threads or locals, copies where threads are left. Extents that are no powers of two are
// sometimes padded to the next one.
func Layout(r *rand.Rand, shape []int, threads int) layout.Layout {
	type factor struct{ dim, n int }
	var twos, odd []factor
	for d, n := range shape {
		if n&(n-1) != 0 && (r.IntN(2) == 0 || n > 64) {
			p := 1
			for p < n {
				p *= 2
			}
			n = p
		}
		for ; n%2 == 0; n /= 2 {
			twos = append(twos, factor{d, 2})
		}
		if n > 1 {
			odd = append(odd, factor{d, n})
		}
	}
	r.Shuffle(len(twos), func(i, j int) { twos[i], twos[j] = twos[j], twos[i] })
	bits := 0
	for 1<<bits < threads {
		bits++
	}
	use := min(bits, len(twos)) // of the factors of 2 as threads
	if r.IntN(4) == 0 && use > 0 && len(twos)-use < 6 {
		use -= r.IntN(min(use, 3))
	}
	type step struct {
		kind byte
		factor
	}
	var steps []step
	for i, f := range twos {
		kind := byte('l')
		if i < use {
			kind = 't'
		}
		steps = append(steps, step{kind, f})
	}
	for _, f := range odd {
		steps = append(steps, step{'l', f})
	}
	for range bits - use {
		steps = append(steps, step{'r', factor{0, 2}})
	}
	r.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	ones := make([]int, len(shape))
	for i := range ones {
		ones[i] = 1
	}
	l := layout.Local(ones...)
	for _, s := range steps {
		by := append([]int(nil), ones...)
		switch s.kind {
		case 't':
			by[s.dim] = s.n
			l = l.Spatial(by...)
		case 'l':
			by[s.dim] = s.n
			l = l.Local(by...)
		default:
			l = l.Replicate(2)
		}
	}
	return l
}
