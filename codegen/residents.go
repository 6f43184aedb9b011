package codegen

import "github.com/girih-lang/girih/ir"

// residents is the number of blocks that a multiprocessor should hold for its share of the memory's bandwidth, which takes some 40 KB
// of loads in flight on average; 0 where nothing is said: the matrix units need the registers, or a thread holds too much.
//
// A block without loops loads, computes and stores, one after the other: what keeps the memory busy meanwhile are other blocks.
// So many must fit, at the price of a few registers that compilers would like to use: 1280 threads of up to 48 registers, or
// 1024 of 64 where a loop carries tiles or a thread also loads more than 64 bytes that all blocks load, or 768 of 80 where it loads
// more than 64 of its own. These
// bounds are as low as they can be without spills (tests/conform holds every kernel to that).
//
// Where constants take registers of their own (held), those few would cost one block of five, though ptxas does with 96 registers as
// well: 17.1 instead of 14.9 µs for one row of f4e2m1, 10240×8192. Elsewhere more blocks gain nothing (docs/performance-log.md).
func (lo *lowerer) residents() int {
	bytes, common, carried, plain := 0, 0, 0, true
	lo.k.Body.Walk(func(o *ir.Op) bool {
		switch o.Code {
		case ir.OpDot, ir.OpConvert:
			plain = false
		case ir.OpFor:
			carried += 2
			for _, r := range o.Results {
				if !r.Type.IsScalar() {
					carried += r.Layout.Locals() * max(1, register(r.Type.Elem).Size()/4)
				}
			}
		case ir.OpLoad:
			here := false // not the same for all blocks, which would find it in the cache
			for _, x := range o.Args[1:] {
				here = here || x.Def == nil || x.Def.Code != ir.OpConst
			}
			r := o.Result()
			switch {
			case r.Type.IsScalar():
			case here:
				bytes += r.Layout.Locals() * r.Type.Elem.Bits() / 8
			default:
				common += r.Layout.Locals() * r.Type.Elem.Bits() / 8
			}
		}
		return plain
	})
	threads := 1024
	switch {
	case lo.looked > 0 && lo.looked <= 128 && carried <= 24:
		threads = 640
	case !plain || bytes > 128 || carried > 24 || bytes == 0 && carried == 0:
		return 0
	case bytes > 64:
		threads = 768
	case common <= 64 && carried == 0:
		threads = 1280
	}
	return max(1, threads/lo.f.Threads)
}
