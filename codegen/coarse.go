package codegen

import "github.com/girih-lang/girih/ir"

// coarse reports an F32 of which nothing is kept but floats of at most 16 bits, by way of operations that keep relative errors
// what they are: products, quotients, sums of values that are not negative. Two units in the last place of F32 are 2^-14 units of
// bf16 and 2^-11 of f16 beyond their rounding, so quotients and exponentials there may take the short forms of the hardware.
func (lo *lowerer) coarse(v *ir.Value) bool {
	return lo.coarseFrom(v, map[*ir.Value]bool{})
}

func (lo *lowerer) coarseFrom(v *ir.Value, seen map[*ir.Value]bool) bool {
	if seen[v] {
		return true // around a loop
	}
	seen[v] = true
	for _, u := range lo.users[v] {
		switch u.Code {
		case ir.OpCast:
			if t := u.Result().Type.Elem; !t.IsFloat() || t.Bits() > 16 {
				return false
			}
			continue
		case ir.OpMul, ir.OpDiv, ir.OpNeg, ir.OpAbs, ir.OpBroadcast, ir.OpReshape, ir.OpTranspose, ir.OpConvert:
		case ir.OpAdd, ir.OpFma:
			for _, a := range u.Args {
				if !lo.positive(a) {
					return false
				}
			}
		case ir.OpSelect:
			if u.Args[0] == v {
				return false
			}
		case ir.OpReduce:
			if u.Str("op") != "sum" || !lo.positive(v) {
				return false
			}
		case ir.OpYield:
			loop := lo.owner[lo.home[u]]
			if loop == nil || loop.Code != ir.OpFor {
				return false
			}
			for i, a := range u.Args {
				if a == v && (!lo.coarseFrom(loop.Results[i], seen) || !lo.coarseFrom(loop.Regions[0].Args[1+i], seen)) {
					return false
				}
			}
			continue
		default:
			return false
		}
		if !lo.coarseFrom(u.Result(), seen) {
			return false
		}
	}
	return len(lo.users[v]) > 0
}

// positive reports values that are never below zero, whatever their operands are.
func (lo *lowerer) positive(v *ir.Value) bool { return lo.positiveFrom(v, map[*ir.Value]bool{}) }

func (lo *lowerer) positiveFrom(v *ir.Value, seen map[*ir.Value]bool) bool {
	if seen[v] {
		return true // by induction over a loop
	}
	seen[v] = true
	all := func(vs ...*ir.Value) bool {
		for _, a := range vs {
			if !lo.positiveFrom(a, seen) {
				return false
			}
		}
		return true
	}
	carried := func(loop *ir.Op, i int) bool { return all(loop.Args[3+i], loop.Regions[0].Yield().Args[i]) }
	o := v.Def
	if o == nil {
		if at, ok := lo.loopArg[v]; ok {
			return carried(at.loop, at.i)
		}
		return false
	}
	switch o.Code {
	case ir.OpExp, ir.OpExp2, ir.OpAbs, ir.OpSqrt:
		return true
	case ir.OpConst:
		x, ok := o.Attr("value").(float64)
		return ok && x >= 0
	case ir.OpMul:
		return o.Args[0] == o.Args[1] || all(o.Args...)
	case ir.OpAdd, ir.OpDiv, ir.OpFma:
		return all(o.Args...)
	case ir.OpSelect:
		return all(o.Args[1:]...)
	case ir.OpReduce, ir.OpBroadcast, ir.OpReshape, ir.OpTranspose, ir.OpConvert:
		return all(o.Args[0])
	case ir.OpFor:
		for i, r := range o.Results {
			if r == v {
				return carried(o, i)
			}
		}
	}
	return false
}

// loopArg is value i that a loop carries, as its body sees it.
type loopArg struct {
	loop *ir.Op
	i    int
}
