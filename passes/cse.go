package passes

import (
	"fmt"
	"strings"

	"github.com/girih-lang/girih/ir"
)

// csePass replaces a pure operation by an earlier one of the same block, or of an enclosing one, with the same operands,
// attributes and result type. Loads count as pure: a kernel cannot read what it writes.
func csePass(k *ir.Kernel, _ *Context) error {
	r := replacer{}
	ids := map[*ir.Value]int{}
	id := func(v *ir.Value) int {
		n, ok := ids[v]
		if !ok {
			n = len(ids)
			ids[v] = n
		}
		return n
	}
	var block func(b *ir.Block, seen []map[string]*ir.Op)
	block = func(b *ir.Block, seen []map[string]*ir.Op) {
		here := map[string]*ir.Op{}
		seen = append(seen, here)
		var kept []*ir.Op
		for _, o := range b.Ops {
			for i, a := range o.Args {
				o.Args[i] = r.of(a)
			}
			for _, g := range o.Regions {
				block(g, seen)
			}
			if !mergeable(o) {
				kept = append(kept, o)
				continue
			}
			key := opKey(o, id)
			if p := find(seen, key); p != nil {
				r[o.Result()] = p.Result()
				continue
			}
			here[key] = o
			kept = append(kept, o)
		}
		b.Ops = kept
	}
	block(k.Body, nil)
	r.apply(k)
	return nil
}

func mergeable(o *ir.Op) bool {
	e := o.Code.Info().Effect
	return len(o.Results) == 1 && len(o.Regions) == 0 && (e == ir.Pure || o.Code == ir.OpLoad || o.Code == ir.OpGather) && o.Code != ir.OpAllocShared && o.Result().Layout == nil
}

func opKey(o *ir.Op, id func(*ir.Value) int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", o.Code, o.Result().Type)
	for _, a := range o.Args {
		fmt.Fprintf(&b, " %d", id(a))
	}
	for _, a := range o.Attrs {
		fmt.Fprintf(&b, " %s=%T%v", a.Name, a.Value, a.Value)
	}
	return b.String()
}

func find(seen []map[string]*ir.Op, key string) *ir.Op {
	for _, m := range seen {
		if o := m[key]; o != nil {
			return o
		}
	}
	return nil
}
