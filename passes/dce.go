package passes

import "github.com/girih-lang/girih/ir"

// dcePass removes operations without effect whose results nobody uses, until none is left, and carried values of loops
// that only feed themselves.
func dcePass(k *ir.Kernel, _ *Context) error {
	for sweep(k) {
	}
	return nil
}

func sweep(k *ir.Kernel) bool {
	live := map[*ir.Value]bool{}
	changed := true
	need := func(v *ir.Value) {
		if !live[v] {
			live[v] = true
			changed = true
		}
	}
	// A value is live when an operation with an effect, or a live operation, uses it.
	for changed {
		changed = false
		var block func(b *ir.Block)
		block = func(b *ir.Block) {
			for _, o := range b.Ops {
				switch {
				case o.Code == ir.OpYield:
				case o.Code == ir.OpFor:
					for _, a := range o.Args[:3] {
						need(a)
					}
					y := o.Regions[0].Yield()
					for i, r := range o.Results {
						arg := o.Regions[0].Args[i+1]
						if live[r] || live[arg] {
							need(r)
							need(arg)
							need(o.Args[3+i])
							need(y.Args[i])
						}
					}
				case o.Code == ir.OpIf:
					need(o.Args[0])
					for i, r := range o.Results {
						if live[r] {
							need(o.Regions[0].Yield().Args[i])
							need(o.Regions[1].Yield().Args[i])
						}
					}
				default:
					used := hasEffect(o)
					for _, r := range o.Results {
						used = used || live[r]
					}
					if used {
						for _, a := range o.Args {
							need(a)
						}
					}
				}
				for _, g := range o.Regions {
					block(g)
				}
			}
		}
		block(k.Body)
	}
	return prune(k.Body, live)
}

func hasEffect(o *ir.Op) bool {
	e := o.Code.Info().Effect
	return e == ir.Writes || e == ir.Syncs
}

// prune removes dead operations and dead carried values; it reports whether anything went.
func prune(b *ir.Block, live map[*ir.Value]bool) bool {
	removed := false
	var kept []*ir.Op
	for _, o := range b.Ops {
		for _, g := range o.Regions {
			removed = prune(g, live) || removed
		}
		if o.Code == ir.OpFor || o.Code == ir.OpIf {
			removed = pruneResults(o, live) || removed
			if len(o.Results) == 0 && idle(o) {
				removed = true
				continue
			}
		} else if !hasEffect(o) && o.Code != ir.OpYield {
			dead := true
			for _, r := range o.Results {
				dead = dead && !live[r]
			}
			if dead {
				removed = true
				continue
			}
		}
		kept = append(kept, o)
	}
	b.Ops = kept
	return removed
}

// idle reports that a region operation without results does nothing.
func idle(o *ir.Op) bool {
	for _, g := range o.Regions {
		if len(g.Ops) > 1 {
			return false
		}
	}
	return true
}

func pruneResults(o *ir.Op, live map[*ir.Value]bool) bool {
	removed := false
	for i := len(o.Results) - 1; i >= 0; i-- {
		if live[o.Results[i]] {
			continue
		}
		if o.Code == ir.OpFor {
			g := o.Regions[0]
			if live[g.Args[i+1]] {
				continue
			}
			g.Args = append(g.Args[:i+1], g.Args[i+2:]...)
			o.Args = append(o.Args[:3+i], o.Args[4+i:]...)
		}
		for _, g := range o.Regions {
			y := g.Yield()
			y.Args = append(y.Args[:i], y.Args[i+1:]...)
		}
		o.Results = append(o.Results[:i], o.Results[i+1:]...)
		removed = true
	}
	return removed
}
