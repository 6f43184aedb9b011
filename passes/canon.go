package passes

import (
	"github.com/girih-lang/girih/ir"
)

// canonPass folds integer arithmetic on constants, drops neutral operations, and resolves conditionals whose condition is
// constant. Float arithmetic is not touched: the VM's rounding is the meaning.
func canonPass(k *ir.Kernel, _ *Context) error {
	r := replacer{}
	var block func(b *ir.Block)
	block = func(b *ir.Block) {
		old := b.Ops
		b.Ops = nil
		bld := &ir.Builder{Block: b}
		for _, o := range old {
			bld.Span = o.Span
			for i, a := range o.Args {
				o.Args[i] = r.of(a)
			}
			if o.Code == ir.OpIf {
				if c, ok := constant(o.Args[0]); ok {
					taken := o.Regions[0]
					if c == 0 {
						taken = o.Regions[1]
					}
					y := taken.Yield()
					taken.Ops = taken.Ops[:len(taken.Ops)-1]
					block(taken)
					b.Ops = append(b.Ops, taken.Ops...)
					for i, v := range o.Results {
						r[v] = r.of(y.Args[i])
					}
					continue
				}
			}
			for _, g := range o.Regions {
				block(g)
			}
			if v := simplify(bld, o); v != nil {
				r[o.Result()] = v
				continue
			}
			b.Ops = append(b.Ops, o)
		}
	}
	block(k.Body)
	r.apply(k)
	return nil
}

// simplify is a value equal to the result of o, or nil.
func simplify(b *ir.Builder, o *ir.Op) *ir.Value {
	switch o.Code {
	case ir.OpBroadcast, ir.OpReshape, ir.OpCast:
		if o.Args[0].Type.Equal(o.Result().Type) && o.Result().Layout == nil && len(o.Attrs) == 0 { // a cast that saturates changes infinities
			return o.Args[0]
		}
		return nil
	case ir.OpDim:
		if e, err := ir.ParseExpr(o.Str("expr")); err == nil && e.Op == ir.EConst {
			return b.Index(int(e.N))
		}
		return nil
	}
	if o.Code.Info().Class != ir.ClassBinary || !o.Result().Type.Elem.IsInt() || !o.Result().Type.IsScalar() {
		return nil
	}
	t := o.Result().Type
	x, cx := constant(o.Args[0])
	y, cy := constant(o.Args[1])
	if cx && cy {
		if n, ok := foldInt(o.Code, x, y); ok && t.Elem.Wrap(n) == n {
			return b.Int(t, n)
		}
	}
	switch {
	case cy && (y == 0 && (o.Code == ir.OpAdd || o.Code == ir.OpSub) || y == 1 && (o.Code == ir.OpMul || o.Code == ir.OpDiv)):
		return o.Args[0]
	case cx && (x == 0 && o.Code == ir.OpAdd || x == 1 && o.Code == ir.OpMul):
		return o.Args[1]
	case (cx && x == 0 || cy && y == 0) && o.Code == ir.OpMul:
		return b.Int(t, 0)
	}
	return nil
}

func foldInt(c ir.Code, x, y int64) (int64, bool) {
	switch c {
	case ir.OpAdd:
		return x + y, true
	case ir.OpSub:
		return x - y, true
	case ir.OpMul:
		return x * y, true
	case ir.OpDiv:
		if y != 0 {
			return x / y, true
		}
	case ir.OpRem:
		if y != 0 {
			return x % y, true
		}
	case ir.OpMin:
		return min(x, y), true
	case ir.OpMax:
		return max(x, y), true
	}
	return 0, false
}
