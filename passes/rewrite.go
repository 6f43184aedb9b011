package passes

import "github.com/girih-lang/girih/ir"

// uses counts the users of every value, and remembers the operations.
func uses(k *ir.Kernel) map[*ir.Value][]*ir.Op {
	m := map[*ir.Value][]*ir.Op{}
	k.Body.Walk(func(o *ir.Op) bool {
		for _, a := range o.Args {
			m[a] = append(m[a], o)
		}
		return true
	})
	return m
}

// rewrite visits every operation of a block and its regions, in order. f may append operations before o through the
// builder, and says whether o itself stays.
func rewrite(b *ir.Block, f func(bld *ir.Builder, o *ir.Op) (keep bool)) {
	old := b.Ops
	b.Ops = nil
	bld := &ir.Builder{Block: b}
	for _, o := range old {
		bld.Span = o.Span
		for _, r := range o.Regions {
			rewrite(r, f)
		}
		if f(bld, o) {
			b.Ops = append(b.Ops, o)
		}
	}
}

// replacer maps values to their replacements; chains are followed.
type replacer map[*ir.Value]*ir.Value

func (r replacer) of(v *ir.Value) *ir.Value {
	for {
		w, ok := r[v]
		if !ok {
			return v
		}
		v = w
	}
}

func (r replacer) apply(k *ir.Kernel) {
	if len(r) == 0 {
		return
	}
	k.Body.Walk(func(o *ir.Op) bool {
		for i, a := range o.Args {
			o.Args[i] = r.of(a)
		}
		return true
	})
}
