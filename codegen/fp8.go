package codegen

import (
	"github.com/girih-lang/girih/codegen/thread"
	"github.com/girih-lang/girih/ir/dtype"
)

// toFP8 is the code of an F32 rounded to a float of 8 bits by the hardware, or nil where it has no such conversion. The instruction
// saturates as a cast does. Its NaN is 0x7f, which is the canonical one of f8e4m3fn only.
func (lo *lowerer) toFP8(x node, t dtype.Type) node {
	kind := map[dtype.Type]string{dtype.F8E4M3FN: "e4m3", dtype.F8E5M2: "e5m2"}[t]
	if kind == "" || !lo.t.FP8() || x.Type.Elem != thread.F32 {
		return nil
	}
	b := lo.b
	c := b.Emit(&thread.Node{Op: thread.ToFP8, Type: thread.Scalar(thread.I32), Args: []node{x}, Kind: kind})
	if t == dtype.F8E5M2 {
		c = b.Select(b.Cmp("eq", x, x, false), c, b.I32(0x7e))
	}
	return c
}

// nearest is the value of a small float type nearest to x. Its code is remembered: a store wants that.
func (lo *lowerer) nearest(x node, t dtype.Type) node {
	c := lo.encode(x, t)
	y := lo.decode(c, t)
	lo.rounded[y] = c
	return y
}
